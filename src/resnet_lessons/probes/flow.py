"""How the gradient runs back through a net (chapter 5)."""

import copy
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn


class Gradient(NamedTuple):
    """The gradient that one convolution receives."""

    name: str  # as in net.named_modules()
    norm: float  # Euclidean norm of the gradient of its weights


def gradients(net: nn.Module, batch: Tensor, labels: Tensor) -> list[Gradient]:
    """The gradient norm of each convolution at the first step of training.

    `batch` is (B, C, H, W), `labels` (B,) class numbers; the loss is the mean
    cross-entropy, the net in training mode. Frozen layers have no row. A copy of the
    net does the work: weights, gradients and BatchNorm's averages stay as they were.
    """
    net = copy.deepcopy(net).train()  # a copy has no gradients
    F.cross_entropy(net(batch), labels).backward()
    return [
        Gradient(name, norm(module.weight.grad))
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d) and module.weight.grad is not None
    ]


def norm(gradient: Tensor) -> float:
    # The squares of 1e-30 are 0 in single precision: deep nets need the double.
    return gradient.cpu().double().norm().item()

"""How signals run through a net: activations forward, gradients back (chapter 5)."""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hooks import parts, watching


class Gradient(NamedTuple):
    """The gradient that one convolution receives."""

    name: str  # as in net.named_modules()
    norm: float  # Euclidean norm of the gradient of its weights


class Activation(NamedTuple):
    """What comes out of one module, over all images, channels and places."""

    name: str  # as in net.named_modules()
    mean: float
    std: float


def gradients(net: nn.Module, batch: Tensor, labels: Tensor) -> list[Gradient]:
    """The gradient norm of each convolution at the first step of training.

    `batch` is (B, C, H, W), `labels` (B,) class numbers; the loss is the mean
    cross-entropy, the net in training mode. Frozen layers have no row. A copy of the
    net does the work: weights, gradients and BatchNorm's averages stay as they were.
    """
    net = copy.deepcopy(net).train()
    net.zero_grad()
    F.cross_entropy(net(batch), labels).backward()
    return [
        Gradient(name, norm(module.weight.grad))
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d) and module.weight.grad is not None
    ]


def norm(gradient: Tensor) -> float:
    # The squares of 1e-30 are 0 in single precision: deep nets need the double.
    return gradient.cpu().double().norm().item()


@torch.no_grad()
def activations(
    net: nn.Module,
    batch: Tensor,  # (B, C, H, W)
    depth: int | None = None,  # how far to open nested modules; None: to the last layer
) -> list[Activation]:
    """Mean and standard deviation of what each module puts out, in order of running.

    The net runs in the mode that it is in; a copy does the work, so that BatchNorm's
    averages stay as they were.
    """
    net = copy.deepcopy(net)
    names = {module: name for name, module in parts(net, depth)}
    rows = []

    def note(module, inputs, output):
        if isinstance(output, Tensor):
            std = output.std(correction=0).item()
            rows.append(Activation(names[module], output.mean().item(), std))

    with watching(list(names), note):
        net(batch)
    return rows

"""The gradient by layer for every way to start a net (chapter 5)."""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from ..nets import cifar_net, torch_init
from .flow import gradients

INITS = ("default", "He")  # PyTorch's own; He et al. 2015
NORMS = {"none": None, "BatchNorm": nn.BatchNorm2d}
KINDS = {"off": "plain", "on": "residual"}  # the skip


def _fresh(
    depth: int,  # layers with weights: 6n + 2
    init: str,  # one of INITS
    norm: str,  # a key of NORMS
    skip: str,  # a key of KINDS
    **options,  # of nets.cifar_net: width, in_channels, ...
) -> nn.Module:
    """A CIFAR net that starts this way, (B, C, H, W) -> logits."""
    net = cifar_net(depth, KINDS[skip], norm=NORMS[norm], **options)
    return torch_init(net) if init == "default" else net


def gradient_norms(
    depths: Sequence[int],  # layers with weights: 6n + 2
    width: int,  # channels of the first stage
    pictures: Tensor,  # (B, C, H, W)
    labels: Tensor,  # (B,)
    note: str,  # what was measured, in words
) -> dict:
    """The data of `widgets.GradientNorms`: each net before any step, layer by layer.

    Norms of the loss gradient by the weights of each convolution, the first layer
    first. Each net is drawn anew from seed 0; the generator is left as it was.
    """

    def norms(depth: int, *way: str) -> list[float]:
        torch.default_generator.manual_seed(0)
        net = _fresh(depth, *way, width=width, in_channels=pictures.shape[1])
        return [row.norm for row in gradients(net, pictures, labels)]

    with torch.random.fork_rng(devices=[]):
        nets = [
            {"init": init, "norm": norm, "skip": skip}
            | {"norms": [norms(depth, init, norm, skip) for depth in depths]}
            for init, norm, skip in product(INITS, NORMS, KINDS)
        ]
    return {"depths": list(depths), "nets": nets, "note": note}

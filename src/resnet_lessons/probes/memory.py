"""What training keeps in memory of the pictures on their way through (chapter 9)."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from .counts import blank


def kept_for_backward(net: nn.Module, input_shape: Sequence[int]) -> int:
    """Bytes that autograd keeps for the backward pass, for one picture in the batch.

    That is what a batch of three keeps more than one of two, so that weights and
    statistics, which a batch shares, do not count. It is found by running a copy of
    `net` in training mode on the meta device: no time, no memory, and `net` stays as
    it was. Raises `UsageError` if the input shape is not (C, H, W).
    """
    # What deepcopy finds there it does not copy: no weights lie in memory twice.
    empty = {
        id(p): nn.Parameter(p.to("meta"), p.requires_grad) for p in net.parameters()
    }
    net = copy.deepcopy(net, empty).to("meta").train()
    two, three = (_kept(net, input_shape, batch) for batch in (2, 3))
    return three - two


def _kept(net: nn.Module, input_shape: Sequence[int], batch: int) -> int:
    x = blank(net, input_shape).expand(batch, -1, -1, -1).contiguous()
    kept: dict[int, torch.UntypedStorage] = {}  # a tensor may be kept by several

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[id(storage)] = storage
        return tensor

    with (
        torch.enable_grad(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        net(x)
    return sum(storage.nbytes() for storage in kept.values())

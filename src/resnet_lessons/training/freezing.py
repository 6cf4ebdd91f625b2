"""Freezing a part of a net, and training the rest at rates of its own (chapter 12)."""

import itertools
from collections.abc import Iterator

import torch
from torch import nn

from .. import nets
from ..errors import UsageError
from .learner import ADAMW
from .loop import one_cycle

FALL = 2.6  # of the learning rate from part to part (Howard and Ruder 2018, 3.2)


def parts(net: nets.ResNet) -> list[nn.Module]:
    """The stem, each stage and the head, from the picture to the logits."""
    return [net.stem, *net.stages, net.head]


def freeze(net: nets.ResNet, free: int, still: bool = True) -> None:
    """Let the head and the `free` parts before it learn, and nothing else.

    Frozen parts get `requires_grad=False` and, unless `still` is False, BatchNorm in
    eval mode: without it every batch would move their statistics. `net.train()` undoes
    the second half, so freeze after it. UsageError for parts that are not there.
    """
    pieces = parts(net)
    if not 0 <= free < len(pieces):
        raise UsageError(
            f"This net has {len(pieces) - 1} parts before its head; {free} of them "
            "cannot be left free."
        )
    net.train()
    net.requires_grad_(True)
    for part in pieces[: len(pieces) - 1 - free]:
        part.requires_grad_(False)
        part.train(not still)


def rate_groups(net: nets.ResNet, free: int, lr: float, fall: float = FALL) -> list:
    """Parameter groups for an optimizer: `lr` for the head, less for earlier parts.

    Each of the `free` parts before the head has `fall` times less than the next one.
    """
    chosen = parts(net)[::-1][: free + 1]  # the head first
    return [
        {"params": list(part.parameters()), "lr": lr / fall**i}
        for i, part in enumerate(chosen)
    ]


def phase(
    net: nets.ResNet,
    batches: Iterator,  # endless: pictures (B, C, H, W) and labels (B,)
    steps: int,
    groups: list,  # for the optimizer: what learns, and at which peak rate
) -> list[float]:
    """Train `net` in place for `steps` of one cycle; returns the loss of each.

    The optimizer is a new one, because it must hold exactly what may learn now.
    """
    optimizer = torch.optim.AdamW(groups, **ADAMW)
    peaks = [group["lr"] for group in groups]
    losses = []
    for step, (pictures, labels) in enumerate(itertools.islice(batches, steps)):
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            rate, momentum = one_cycle(step / steps, peak)
            group.update(lr=rate, betas=(momentum, ADAMW["betas"][1]))
        loss = nn.functional.cross_entropy(net(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()

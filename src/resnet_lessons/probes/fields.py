"""What one place of the output sees of the picture, found by running layers (ch. 2)."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import conv1d, max_pool1d

from ..errors import UsageError


class Window(NamedTuple):
    """What decides how far a layer sees: a convolution's or a pool's window."""

    kernel: int  # side in places
    stride: int = 1
    pool: bool = False  # a pool has no weights


WINDOWS = nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d
# What looks at one place at a time, and rows of layers.
POINTWISE = nn.Sequential | nn.Identity | nn.BatchNorm2d | nn.LocalResponseNorm
POINTWISE |= nn.Dropout | nn.Tanh | nn.Sigmoid
POINTWISE |= nn.ReLU | nn.LeakyReLU | nn.GELU | nn.SiLU | nn.Mish


def windows(layers: nn.Module) -> list[Window]:
    """The windows of all convolutions and pools among `layers`, in order.

    For square windows and layers that run one after the other, as in `VGG.features`.
    Raises `UsageError` where a window is not square or has gaps, and for layers that do
    not run one after the other (blocks) or see the whole grid (a global average).
    """
    found = []
    for _, layer in layers.named_modules(remove_duplicate=False):
        if not isinstance(layer, WINDOWS | POINTWISE):
            raise UsageError(f"{type(layer).__name__} stands in no row of windows.")
        if isinstance(layer, WINDOWS):
            kernel, stride = _one(layer.kernel_size), _one(layer.stride)
            if _one(getattr(layer, "dilation", 1)) > 1:
                raise UsageError("A window with gaps (dilation) is not measured.")
            found.append(Window(kernel, stride, not isinstance(layer, nn.Conv2d)))
    return found


def _one(sides: int | tuple[int, ...]) -> int:
    sides = {sides} if isinstance(sides, int) else set(sides)
    if len(sides) > 1:
        raise UsageError(f"A window of {sides} is not square: give one side.")
    return sides.pop()


def receptive_field(stack: Sequence[Window]) -> int:
    """How many places in a row one output place depends on (chapter 2).

    Measured: the layers run on one row of places, of which one after another is nan;
    whatever depends on it is nan too. There is no padding, so no border. A field is
    square, since rows and columns are treated alike.
    """
    length = _needed(stack)
    x = torch.zeros(length, 1, length)  # (B, C, W): one row for each place
    x[range(length), 0, range(length)] = torch.nan
    for kernel, stride, pool in stack:
        if pool:
            x = max_pool1d(x, kernel, stride)
        else:
            x = conv1d(x, torch.ones(1, 1, kernel), stride=stride)
    return int(x[:, 0, 0].isnan().sum())


def _needed(stack: Sequence[Window]) -> int:
    """The shortest row from which these layers can compute anything."""
    length = 1
    for window in reversed(stack):
        length = (length - 1) * window.stride + window.kernel
    return length


def ways(stack: Sequence[Window]) -> list[list[int]]:
    """In how many ways each place reaches one output place (chapter 2).

    The gradient of a linear stack whose weights are all 1; a pool counts as a sum. A
    list for a row of the picture, then one for what each layer puts out, each with one
    number for each place that is seen. With random weights of mean 0 and no ReLU the
    root of this number is how much a place counts (Luo et al. 2016, section 2).
    """
    length = _needed(stack)
    rows = [torch.zeros(1, 1, length, dtype=torch.float64, requires_grad=True)]
    for kernel, stride, _ in stack:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        rows.append(conv1d(rows[-1], ones, stride=stride))
    gradients = torch.autograd.grad(rows[-1].sum(), rows)
    return [[int(n) for n in g.flatten() if n] for g in gradients]


def fields_by_depth(stacks: dict[str, Sequence[Window]]) -> dict:
    """The data of `widgets.ReceptiveField`: each stack, cut off behind each layer."""
    return {"stacks": [_stack(name, list(s)) for name, s in stacks.items()]}


def _stack(name: str, stack: list[Window]) -> dict:
    return {
        "name": name,
        "layers": [
            {"kernel": w.kernel, "stride": w.stride, "pool": w.pool} for w in stack
        ],
        "depths": [_depth(stack[: depth + 1]) for depth in range(len(stack))],
    }


def _depth(stack: list[Window]) -> dict:
    """What one place behind the last layer sees of the picture and of each layer."""
    numbers = ways(stack)
    most = max(numbers[0])
    return {
        "seen": [len(row) for row in numbers],
        "steps": [prod(w.stride for w in stack[:d]) for d in range(len(stack) + 1)],
        "ways": [n / most for n in numbers[0][: (len(numbers[0]) + 1) // 2]],
        "weights": sum(w.kernel**2 for w in stack if not w.pool),
        "convolutions": sum(not w.pool for w in stack),
    }

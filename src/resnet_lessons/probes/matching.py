"""Whether a shortcut fits its block, found by running both (chapter 6)."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..nets import BasicBlock, make_shortcut
from ..nets.shortcuts import Nothing, PadChannels
from .counts import macs, parameters
from .hooks import parts

OPTIONS = ["identity", "A", "B", "C", "pool", "none"]


def positions_read(module: nn.Module, in_channels: int, size: int) -> Tensor:
    """(size, size) of bool: the positions of x that the output depends on.

    Found by gradient: where no channel of x has one, the module never looks. The module
    is put in evaluation mode, so that BatchNorm does not tie all positions together.
    """
    x = torch.randn(1, in_channels, size, size, requires_grad=True)
    y = module.eval()(x)
    if not isinstance(y, Tensor):
        return torch.zeros(size, size, dtype=torch.bool)
    (gradient,) = torch.autograd.grad((y * torch.randn_like(y)).sum(), x)
    return gradient[0].ne(0).any(0)


def shape_matches(
    channels: Sequence[int],  # choices for in_channels and for out_channels
    strides: Sequence[int],
    sizes: Sequence[int],  # sides of the grid of x
) -> dict:
    """The data of `widgets.ShapeMatcher`: every shortcut beside every basic block.

    Weights are drawn from seed 0; the generator is left as it was. UsageError for sides
    of 1, which PyTorch stretches to any other: there everything would fit.
    """
    if min(channels) < 2 or min(sizes) <= max(strides):
        raise UsageError(
            "A side of 1 fits everything: take 2 channels or more, and grids of more "
            f"than {max(strides)} places."
        )
    found = {"texts": Places(), "patterns": Places()}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(0)
        residuals = _nested(_residual, channels, channels, strides, sizes)
        cases = [
            _nested(
                lambda i, o, s, n, option=option: _case(option, i, o, s, n, found),
                *(channels, channels, strides, sizes),
            )
            for option in OPTIONS
        ]
    return {
        "options": OPTIONS,
        "channels": list(channels),
        "strides": list(strides),
        "sizes": list(sizes),
        "residuals": residuals,
        "cases": cases,
        **{name: list(places) for name, places in found.items()},
    }


class Places(dict):
    """Each different text once, with its place in the list."""

    def of(self, text: str) -> int:
        return self.setdefault(text, len(self))


def _nested(make, first: Iterable, *rest: Iterable) -> list:
    """make(a, b, ...) for each a of the first choices, b of the second, and so on."""
    if not rest:
        return [make(value) for value in first]
    return [_nested(lambda *a, v=v: make(v, *a), *rest) for v in first]


def _residual(in_channels: int, out_channels: int, stride: int, size: int) -> dict:
    residual = BasicBlock(in_channels, out_channels, stride).residual
    x = torch.zeros(1, in_channels, size, size)
    return {
        "shape": list(residual(x).shape[1:]),
        "parameters": parameters(residual),
        "macs": macs(residual, (in_channels, size, size)),
    }


def _case(
    option: str, in_channels: int, out_channels: int, stride: int, size: int, found
) -> dict:
    """What one shortcut does to x, and what the sum with F(x) says."""
    residual = BasicBlock(in_channels, out_channels, stride).residual
    x = torch.randn(1, in_channels, size, size)
    try:
        shortcut = _shortcut(option, in_channels, out_channels, stride)
    except UsageError as error:
        return {"text": found["texts"].of("cannot be built"), "error": str(error)}
    y, error = shortcut(x), ""
    try:
        residual(x) + y
    except RuntimeError as mismatch:
        error = str(mismatch)
    with torch.enable_grad():
        read = positions_read(shortcut, in_channels, size)
    given = isinstance(y, Tensor)
    return {
        "text": found["texts"].of(in_words(shortcut)),
        "error": error,
        "shape": list(y.shape[1:]) if given else [],
        "zeros": (y == 0).all(3).all(2).sum().item() if given else 0,
        "parameters": parameters(shortcut),
        "macs": macs(shortcut, (in_channels, size, size)),
        "reads": found["patterns"].of("".join(str(int(v)) for v in read.flatten())),
    }


def _shortcut(option: str, *shape: int) -> nn.Module:
    return nn.Identity() if option == "identity" else make_shortcut(option, *shape)


def in_words(shortcut: nn.Module) -> str:
    """The layers of a shortcut in words."""
    return ", ".join(_layer(layer) for _, layer in parts(shortcut, None))


def _layer(layer: nn.Module) -> str:
    match layer:
        case nn.Conv2d(kernel_size=(k, _), stride=(1, _)):
            return f"{k} × {k} convolution"
        case nn.Conv2d(kernel_size=(k, _), stride=(s, _)):
            return f"{k} × {k} convolution with stride {s}"
        case nn.AvgPool2d(kernel_size=k):
            return f"mean of {k} × {k}"
        case PadChannels(extra=extra, stride=stride):
            picked = {1: "x", 2: "every second row and column"}.get(
                stride, f"every row and column number {stride}"
            )
            return f"{picked}, {extra} channels of zeros" if extra else picked
        case nn.BatchNorm2d():
            return "BatchNorm"
        case nn.Identity():
            return "x itself"
        case Nothing():
            return "nothing"
    return type(layer).__name__

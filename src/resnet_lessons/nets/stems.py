"""The stem: the layers before the first residual block (chapter 8).

| name     | layers                                  | H, W | from             |
|----------|-----------------------------------------|------|------------------|
| imagenet | 7x7 stride 2, max-pool                  | / 4  | He et al. 2015   |
| deep     | three 3x3, the first stride 2, max-pool | / 4  | "Bag of Tricks"  |
| cifar    | one 3x3                                 | same | He et al. 2015   |
| conv     | one 3x3 without norm and ReLU           | same | He et al. 2016   |
| none     | nothing                                 | same | chapter 7        |
"""

from torch import nn

from ..errors import UsageError
from .layers import Norm, conv, conv2d


def max_pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, padding=1)  # (B, C, H, W) -> (B, C, H/2, W/2)


def imagenet(in_channels: int, width: int, norm: Norm) -> list[nn.Module]:
    return [conv(in_channels, width, 7, 2, norm), max_pool()]


def deep(in_channels: int, width: int, norm: Norm) -> list[nn.Module]:
    half = width // 2  # 32, 32, 64: fastai's numbers
    return [
        conv(in_channels, half, 3, 2, norm),  # (B, 32, H/2, W/2)
        conv(half, half, 3, 1, norm),  # (B, 32, H/2, W/2)
        conv(half, width, 3, 1, norm),  # (B, 64, H/2, W/2)
        max_pool(),  # (B, 64, H/4, W/4)
    ]


def cifar(in_channels: int, width: int, norm: Norm) -> list[nn.Module]:
    return [conv(in_channels, width, 3, 1, norm)]


def bare_conv(in_channels: int, width: int, norm: Norm) -> list[nn.Module]:
    return [conv2d(in_channels, width, 3, bias=norm is None)]


STEMS = {"imagenet": imagenet, "deep": deep, "cifar": cifar, "conv": bare_conv}


def make_stem(
    name: str,  # a key of STEMS, or "none"
    in_channels: int,  # of the image
    width: int,  # of the first stage
    norm: Norm = nn.BatchNorm2d,
) -> tuple[nn.Module, int]:
    """The stem and the number of channels it puts out; `UsageError` on a wrong name."""
    if name == "none":
        return nn.Identity(), in_channels
    if name not in STEMS:
        names = ", ".join(STEMS)
        raise UsageError(f"There is no stem {name!r}; choose one of {names}, none.")
    return nn.Sequential(*STEMS[name](in_channels, width, norm)), width

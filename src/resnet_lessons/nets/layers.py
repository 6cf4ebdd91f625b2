"""The small pieces: a convolution with its normalisation, and how weights begin.

In every file of `nets`, shapes are written at the end of a line in the letters
(B, C, H, W): images in the batch, channels, height, width.
"""

from collections.abc import Callable

import torch
from torch import nn

Norm = Callable[[int], nn.Module] | None  # makes the layer for a number of channels


def conv2d(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    bias: bool = True,
    groups: int = 1,
) -> nn.Conv2d:
    """A bare convolution with He's weights, padded by `kernel_size // 2`.

    At stride s a grid of H x W becomes ceil(H / s) x ceil(W / s), for odd kernels.
    """
    options = {"padding": kernel_size // 2, "bias": bias, "groups": groups}
    return he_init(nn.Conv2d(in_channels, out_channels, kernel_size, stride, **options))


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    norm: Norm = nn.BatchNorm2d,  # None: no normalisation
    activation: Callable[[], nn.Module] | None = nn.ReLU,  # None: no activation
    groups: int = 1,  # narrow convolutions side by side (chapter 2, appendix E)
) -> nn.Sequential:
    """Convolution, normalisation, ReLU: fastai's `ConvLayer` (chapter 3).

    The convolution has a bias only if nothing normalises its output: batch
    normalisation subtracts the mean, and with it any bias (Ioffe and Szegedy 2015,
    section 3.2).
    """
    bias = norm is None
    layers = [conv2d(in_channels, out_channels, kernel_size, stride, bias, groups)]
    layers += [norm(out_channels)] if norm else []
    layers += [activation()] if activation else []
    return nn.Sequential(*layers)  # (B, C, H, W) -> (B, out_channels, H/s, W/s)


def preact_conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    norm: Norm = nn.BatchNorm2d,  # None: no normalisation
) -> nn.Sequential:
    """Normalisation, ReLU, convolution: the order of ResNet v2 (chapter 10)."""
    layers = [norm(in_channels)] if norm else []
    layers += [nn.ReLU()]
    layers += [
        conv2d(in_channels, out_channels, kernel_size, stride, bias=norm is None)
    ]
    return nn.Sequential(*layers)  # (B, C, H, W) -> (B, out_channels, H/s, W/s)


def head(channels: int, num_classes: int) -> list[nn.Module]:
    """The end of every net that takes images of any size (chapter 3)."""
    return [
        nn.AdaptiveAvgPool2d(1),  # (B, C, 1, 1): one mean per channel
        nn.Flatten(),  # (B, C)
        nn.Linear(channels, num_classes),  # (B, num_classes)
    ]


def he_init(net: nn.Module) -> nn.Module:
    """Draw the weights of all convolutions again as He et al. (2015) do; biases 0.

    Normal, with variance 2 / (out_channels * kernel area): the `fan_out` form, as in
    torchvision's ResNet and the authors' own code. Returns the net.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


def torch_init(net: nn.Module) -> nn.Module:
    """Start every layer again as PyTorch does by default (chapter 5); returns the net.

    It also undoes BatchZero: every gamma is 1 again.
    """
    for module in net.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return net


@torch.no_grad()
def zero_last(residual: nn.Module) -> None:
    """Make F(x) = 0 at the start: zero the last layer of F that has weights.

    Where F ends in batch normalisation this is its gamma: BatchZero (Goyal et al.
    2017, section 5.1). In a pre-activation block the last layer is a convolution. Its
    last gamma would be the wrong one to take: the ReLU behind it would see exactly 0
    everywhere, pass no gradient, and the block would never wake up.
    """
    weighted = (m for m in residual.modules() if getattr(m, "weight", None) is not None)
    *_, last = weighted
    nn.init.zeros_(last.weight)

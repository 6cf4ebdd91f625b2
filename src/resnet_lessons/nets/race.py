"""The net of the race: a ResNet, and what others have added to it (appendix D)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import BasicBlock
from .resnet import ResNet


class Blur(nn.Module):
    """Every second pixel, blurred first: (B, C, H, W) -> (B, C, H/2, W/2), rounded up.

    Means of 2x2, twice: a pixel becomes the mean of 3x3 with weights 1, 2, 1 each way
    (Zhang 2019), so that none of its neighbours is dropped unseen. Zhang puts it behind
    the ReLU, we behind the convolution.
    """

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W), at least 2x2
        x = F.avg_pool2d(x, 2, stride=1)
        # At the edge of the picture half of the pixels are missing: without them.
        return F.avg_pool2d(x, 2, stride=2, padding=1, count_include_pad=False)


class Gate(nn.Module):
    """Squeeze and excitation: each channel times a share of its own (Hu et al. 2018).

    The shares, between 0 and 1, come from the means of all channels. SiLU where Hu has
    ReLU. Linear layers and no 1x1 convolutions: Muon wants a norm behind those.
    """

    def __init__(self, channels: int):
        super().__init__()
        narrow = max(1, channels // 8)
        self.squeeze = nn.Linear(channels, narrow)
        self.excite = nn.Linear(narrow, channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        shares = self.excite(F.silu(self.squeeze(x.mean((2, 3))))).sigmoid()  # (B, C)
        return x * shares[:, :, None, None]


class RaceBlock(BasicBlock):
    """A basic block whose ReLU is a layer; `blur` and `gate` as told."""

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shortcut: str = "B",
        blur: bool = True,
        gate: bool = True,
        **options,  # of BasicBlock
    ):
        super().__init__(in_channels, width, stride, shortcut, **options)
        self.activation = nn.ReLU()
        if blur and stride == 2:
            strided = self.residual[0]  # convolution, norm, ReLU
            strided[0].stride = (1, 1)
            strided.insert(1, Blur())
        if gate:
            self.residual.append(Gate(width))

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return self.activation(self.residual(x) + self.shortcut(x))


def race_net(
    widths: Sequence[int] = (128, 256, 512),  # of the stages, two blocks each
    mish: bool = True,
    blur: bool = True,
    gate: bool = True,
    num_classes: int = 10,
    in_channels: int = 3,
) -> nn.Module:
    """The net of appendix D: (B, in_channels, H, W) -> (B, num_classes).

    Stem and shortcuts of chapters 7 and 8, every γ = 1. mish: Mish (Misra 2019) for
    each ReLU. blur: before every stride of 2 but the first, which sees the picture; H
    and W are then 9 or more, with three stages. gate: in every block.
    """
    options = {"num_classes": num_classes, "in_channels": in_channels}
    options |= {"blur": blur, "gate": gate}
    net = ResNet(RaceBlock, [2] * len(widths), widths, "deep", "pool", **options)
    if blur:
        net.stem[-1] = nn.Sequential(nn.MaxPool2d(3, 1, 1), Blur())
    if mish:
        for module in list(net.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.ReLU):
                    setattr(module, name, nn.Mish())
    return net

"""DenseNet: x is kept beside F(x), not added to it (Huang et al. 2017; appendix E)."""

import torch
from torch import Tensor, nn

from ..errors import UsageError
from .layers import conv2d, head, preact_conv


class DenseLayer(nn.Module):
    """[x, F(x)]: (B, in_channels, H, W) -> (B, in_channels + growth, H, W)."""

    def __init__(self, in_channels: int, growth: int):
        super().__init__()
        self.residual = preact_conv(in_channels, growth, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.residual(x)], dim=1)


class DenseNet(nn.Module):
    """Three stages of n layers for small pictures: the paper's net without its "BC".

    (B, in_channels, H, W) -> (B, num_classes), H and W from 4 pixels up. Between two
    stages a 1x1 convolution keeps the number of channels, and 2x2 means halve the grid
    (section 3, "Pooling layers"). A layer adds `width // 2` channels, the paper's k (12
    in its smallest net). Raises `UsageError` if the depth is not 3n + 4.
    """

    def __init__(
        self,
        depth: int,  # layers with weights: 3n + 4
        width: int = 16,  # channels of the first convolution
        num_classes: int = 10,
        in_channels: int = 3,
    ):
        super().__init__()
        layers, rest = divmod(depth - 4, 3)
        if rest or layers < 1:
            raise UsageError(
                f"A DenseNet has 3n + 4 layers: 7, 10, ..., 22, 40, 58, ...; {depth} "
                "is not among them."
            )
        channels, growth = width, max(1, width // 2)
        self.stem = conv2d(in_channels, channels, 3, bias=False)
        self.stages = nn.Sequential()
        for number in range(3):
            stage = nn.Sequential()
            if number:
                stage.extend([preact_conv(channels, channels, 1), nn.AvgPool2d(2)])
            for _ in range(layers):
                stage.append(DenseLayer(channels, growth))
                channels += growth
            self.stages.append(stage)
        closing = [nn.BatchNorm2d(channels), nn.ReLU()]
        self.head = nn.Sequential(*closing, *head(channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        x = self.stem(x)  # (B, width, H, W)
        x = self.stages(x)  # (B, C, H/4, W/4)
        return self.head(x)  # (B, num_classes)

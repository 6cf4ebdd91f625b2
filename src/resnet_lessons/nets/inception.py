"""GoogLeNet: four paths side by side (Szegedy et al. 2015; chapter 2)."""

import torch
from torch import Tensor, nn

from .layers import conv, head


class Inception(nn.Module):
    """Four paths over one input, joined along the channels (figure 2b).

    (B, in_channels, H, W) -> (B, one + three[1] + large[1] + pooled, H, W). The third
    path is 5x5 in the paper; torchvision's is 3x3, by a mistake that its trained
    weights made permanent (pytorch/vision#906). Ours follows it by default.
    """

    def __init__(
        self,
        in_channels: int,
        one: int,  # channels of the 1x1 path
        three: tuple[int, int],  # 1x1 reduction, then the 3x3 convolution
        large: tuple[int, int],  # 1x1 reduction, then the large convolution
        pooled: int,  # 1x1 convolution behind the max-pool
        kernel: int = 3,  # of the large convolution; 5 in the paper
    ):
        super().__init__()
        self.paths = nn.ModuleList(
            [
                unit(in_channels, one, 1),
                nn.Sequential(unit(in_channels, three[0], 1), unit(*three, 3)),
                nn.Sequential(unit(in_channels, large[0], 1), unit(*large, kernel)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(in_channels, pooled, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return torch.cat([path(x) for path in self.paths], dim=1)  # (B, sum, H, W)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=0.001)  # torchvision's, from TensorFlow


def unit(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Conv, BatchNorm, ReLU. The paper of 2014 came before BatchNorm and has none."""
    return conv(in_channels, out_channels, kernel_size, stride, norm=batch_norm)


# Table 1 of the paper: in_channels, 1x1, (reduce, 3x3), (reduce, 5x5), pool projection
STAGE_3 = [
    (192, 64, (96, 128), (16, 32), 32),  # 3a
    (256, 128, (128, 192), (32, 96), 64),  # 3b
]
STAGE_4 = [
    (480, 192, (96, 208), (16, 48), 64),  # 4a
    (512, 160, (112, 224), (24, 64), 64),  # 4b
    (512, 128, (128, 256), (24, 64), 64),  # 4c
    (512, 112, (144, 288), (32, 64), 64),  # 4d
    (528, 256, (160, 320), (32, 128), 128),  # 4e
]
STAGE_5 = [
    (832, 256, (160, 320), (32, 128), 128),  # 5a
    (832, 384, (192, 384), (48, 128), 128),  # 5b
]
STAGES = (STAGE_3, STAGE_4, STAGE_5)


def max_pool(kernel_size: int = 3) -> nn.MaxPool2d:
    return nn.MaxPool2d(kernel_size, stride=2, ceil_mode=True)  # H/2, rounded up


class GoogLeNet(nn.Module):
    """22 layers deep, no large linear layer (Szegedy et al. 2015, table 1; chapter 2).

    (B, in_channels, H, W) -> (B, num_classes) logits; 224 x 224 in the paper, 15 x 15
    at least. With `aux` and in training mode it returns three logits: (the net's, of
    the head behind 4a, of the head behind 4d).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        aux: bool = False,  # the two extra heads of section 5, for training only
        kernel: int = 3,  # of the large convolutions; 5 in the paper
    ):
        super().__init__()
        modules = [[Inception(*row, kernel) for row in rows] for rows in STAGES]
        (m3a, m3b), (m4a, m4b, m4c, m4d, m4e), (m5a, m5b) = modules
        self.stem = nn.Sequential(
            *(unit(in_channels, 64, 7, 2), max_pool()),  # (B, 64, 56, 56)
            *(unit(64, 64, 1), unit(64, 192, 3), max_pool()),  # (B, 192, 28, 28)
        )
        self.to_4a = nn.Sequential(m3a, m3b, max_pool(), m4a)  # (B, 512, 14, 14)
        self.to_4d = nn.Sequential(m4b, m4c, m4d)  # (B, 528, 14, 14)
        # A pool of 2 x 2 is torchvision's; 3 x 3 in the paper.
        self.to_5b = nn.Sequential(m4e, max_pool(2), m5a, m5b)  # (B, 1024, 7, 7)
        channels = (512, 528) if aux else ()
        self.aux = nn.ModuleList([aux_head(c, num_classes) for c in channels])
        pool, flatten, linear = head(1024, num_classes)
        dropout = nn.Dropout(0.2)  # torchvision's; 0.4 in the paper
        self.head = nn.Sequential(pool, flatten, dropout, linear)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        x4a = self.to_4a(self.stem(x))  # (B, 512, 14, 14)
        x4d = self.to_4d(x4a)  # (B, 528, 14, 14)
        logits = self.head(self.to_5b(x4d))  # (B, num_classes)
        if not (self.training and self.aux):
            return logits
        return logits, self.aux[0](x4a), self.aux[1](x4d)


def aux_head(in_channels: int, num_classes: int) -> nn.Sequential:
    """An extra classifier half way up (section 5): (B, C, H, W) -> logits."""
    return nn.Sequential(
        *(nn.AdaptiveAvgPool2d(4), unit(in_channels, 128, 1)),  # (B, 128, 4, 4)
        *(nn.Flatten(), nn.Linear(128 * 4 * 4, 1024), nn.ReLU()),  # (B, 1024)
        *(nn.Dropout(0.7), nn.Linear(1024, num_classes)),  # (B, num_classes)
    )

"""The nets before residuals: LeNet, AlexNet, VGG (chapters 1 and 2)."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from .layers import conv, head


class MLP(nn.Module):
    """Two linear layers on raw pixels: what LeNet is held against (chapter 1).

    (B, in_channels, size, size) -> (B, num_classes). With 77 hidden units it has as
    many parameters as LeNet, to 1 %.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        size: int = 28,
        hidden: int = 77,
    ):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # (B, in_channels * size * size)
            nn.Linear(in_channels * size * size, hidden),
            nn.Tanh(),
            nn.Linear(hidden, num_classes),  # (B, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, size, size)
        return self.layers(x)  # (B, num_classes)


class LeNet5(nn.Module):
    """LeCun et al. (1998), "Gradient-Based Learning", section II.B (chapter 1).

    (B, in_channels, 32, 32) -> (B, num_classes) logits; with `padding=2` 28 x 28 comes
    in as it does in MNIST. The shape is that of 1998; the subsampling layers have no
    weights here, C3 sees all of S2, and a linear layer stands for the RBF units.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, padding: int = 0):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5, padding=padding),  # C1: (B, 6, 28, 28)
            nn.Tanh(),
            nn.AvgPool2d(2),  # S2: (B, 6, 14, 14)
            nn.Conv2d(6, 16, 5),  # C3: (B, 16, 10, 10)
            nn.Tanh(),
            nn.AvgPool2d(2),  # S4: (B, 16, 5, 5)
            nn.Conv2d(16, 120, 5),  # C5: (B, 120, 1, 1)
            nn.Tanh(),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),  # (B, 120)
            nn.Linear(120, 84),  # F6: (B, 84)
            nn.Tanh(),
            nn.Linear(84, num_classes),  # (B, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, 32, 32)
        x = self.features(x)  # (B, 120, 1, 1)
        return self.classifier(x)  # (B, num_classes)


# Section 3.3 of the AlexNet paper: k = 2, n = 5, alpha = 1e-4, beta = 3/4. PyTorch
# divides alpha by n, the paper does not: hence 5e-4.
LocalResponseNorm = partial(nn.LocalResponseNorm, 5, alpha=5e-4, beta=0.75, k=2.0)

# Channels of the five convolutions: the paper's, and torchvision's (Krizhevsky 2014,
# "One weird trick"), which has one group and no response normalisation.
ALEXNET_PAPER = (96, 256, 384, 384, 256)
ALEXNET_TORCHVISION = (64, 192, 384, 256, 256)


class AlexNet(nn.Module):
    """Krizhevsky, Sutskever and Hinton (2012), section 3 (chapter 2).

    (B, in_channels, H, W) -> (B, num_classes) logits; 224 x 224 in the paper, 63 x 63
    at least. A last grid that is not 6 x 6 is averaged to it, as in torchvision.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        widths: Sequence[int] = ALEXNET_PAPER,  # channels of the five convolutions
        groups: int = 2,  # of convolutions 2, 4 and 5: one for each GPU of the paper
        norm: Callable[[], nn.Module] | None = LocalResponseNorm,  # None: nothing
    ):
        super().__init__()
        c1, c2, c3, c4, c5 = widths
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, c1, 11, stride=4, padding=2),  # (B, c1, 55, 55)
            *relu_and_pool(norm),  # (B, c1, 27, 27)
            nn.Conv2d(c1, c2, 5, padding=2, groups=groups),  # (B, c2, 27, 27)
            *relu_and_pool(norm),  # (B, c2, 13, 13)
            *(nn.Conv2d(c2, c3, 3, padding=1), nn.ReLU()),  # (B, c3, 13, 13)
            *(nn.Conv2d(c3, c4, 3, padding=1, groups=groups), nn.ReLU()),
            nn.Conv2d(c4, c5, 3, padding=1, groups=groups),  # (B, c5, 13, 13)
            *relu_and_pool(),  # (B, c5, 6, 6)
        )
        self.pool = nn.AdaptiveAvgPool2d(6)  # (B, c5, 6, 6)
        self.classifier = nn.Sequential(
            nn.Flatten(),  # (B, 9216)
            *(nn.Dropout(), nn.Linear(c5 * 6 * 6, 4096), nn.ReLU()),  # (B, 4096)
            *(nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()),  # (B, 4096)
            nn.Linear(4096, num_classes),  # (B, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, 224, 224)
        x = self.features(x)  # (B, 256, 6, 6)
        return self.classifier(self.pool(x))  # (B, num_classes)


def relu_and_pool(norm: Callable[[], nn.Module] | None = None) -> list[nn.Module]:
    return [nn.ReLU(), *([norm()] if norm else []), nn.MaxPool2d(3, stride=2)]


# Each tuple is a stack of 3x3 convolutions; a 2x2 max-pool follows each stack.
VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
VGG_TINY = ((16, 16), (32, 32), (64, 64), (128, 128))
VGG_TINY_5X5 = ((16,), (32,), (64,), (128,))  # with kernels of 5x5: sees as far


class VGG(nn.Module):
    """Stacks of 3x3 convolutions (Simonyan and Zisserman 2015, table 1; chapter 2).

    (B, in_channels, H, W) -> (B, num_classes) logits; 224 x 224 in the paper. As in
    torchvision a last grid that is not 7 x 7 is averaged to it. With `hidden=()` the
    grid is averaged to one place and goes straight to the classes: no large layer.
    """

    def __init__(
        self,
        stacks: Sequence[Sequence[int]],  # channels of the convolutions of each stack
        num_classes: int = 10,
        in_channels: int = 3,
        hidden: Sequence[int] = (4096, 4096),  # widths of the hidden linear layers
        kernel: int = 3,  # side of every kernel
    ):
        super().__init__()
        self.features = nn.Sequential()
        for stack in stacks:
            for width in stack:
                self.features.append(conv(in_channels, width, kernel, norm=None))
                in_channels = width
            self.features.append(nn.MaxPool2d(2))  # (B, C, H, W) -> (B, C, H/2, W/2)
        if hidden:
            layers = [nn.AdaptiveAvgPool2d(7), nn.Flatten()]  # (B, C * 7 * 7)
            for before, after in pairwise((in_channels * 7 * 7, *hidden)):
                layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout()]
            layers += [nn.Linear(hidden[-1], num_classes)]  # (B, num_classes)
        else:
            layers = head(in_channels, num_classes)
        self.classifier = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, 224, 224)
        x = self.features(x)  # (B, 512, 7, 7)
        return self.classifier(x)  # (B, num_classes)

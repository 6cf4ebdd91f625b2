"""Every net of the book by name: a variant is a line of data."""

import difflib
import re
from collections.abc import Callable
from functools import partial

from torch import nn

from ..errors import UsageError
from .blocks import BasicBlock, BottleneckBlock, FastaiBlock
from .cifar import CIFAR_KINDS, cifar_net
from .classic import (
    ALEXNET_TORCHVISION,
    MLP,
    VGG,
    VGG16,
    VGG_TINY,
    VGG_TINY_5X5,
    AlexNet,
    LeNet5,
)
from .dense import DenseNet
from .fcn import WIDTHS as FCN_WIDTHS
from .fcn import FullyConvolutional
from .inception import GoogLeNet
from .race import race_net
from .relatives import ResNeXtBlock
from .resnet import ResNet

# Blocks in each stage (He et al. 2015, table 1); 34 and 50 share them.
D18, D34, D50 = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 6, 3)
D101, D152 = (3, 4, 23, 3), (3, 8, 36, 3)
WIDTHS = (64, 128, 256, 512)

# The ResNet of the paper as in torchvision, and fastai's xresnet ("Bag of Tricks", He
# et al. 2018): what each family shares.
Paper = partial(ResNet, widths=WIDTHS, stem="imagenet", shortcut="B")
Plain = partial(ResNet, widths=WIDTHS, stem="imagenet", shortcut="none")
Fastai = partial(ResNet, widths=WIDTHS, stem="deep", shortcut="pool", batch_zero=True)
# A stack of ResBlocks with stride 2 and nothing before it (chapter 7).
Stack = partial(
    ResNet,
    FastaiBlock,
    widths=FCN_WIDTHS,
    strides=(2,) * 5,
    stem="none",
    shortcut="pool",
)


def xresnet_50_mish(num_classes: int, in_channels: int) -> nn.Module:
    """fastai's own ResNet-50 with Mish (Misra 2019) for ReLU (appendix D).

    The layers of `resnet-50-fastai`; all weights start with variance 2 / fan_in.
    """
    from fastai.vision.models.xresnet import xresnet50  # seconds: not for all

    return xresnet50(n_out=num_classes, c_in=in_channels, act_cls=nn.Mish)


# Each takes num_classes and in_channels and returns a net.
NETS: dict[str, Callable[..., nn.Module]] = {
    # chapters 1 and 2
    "mlp": MLP,
    "lenet-5": LeNet5,
    "lenet-5-mnist": partial(LeNet5, padding=2),
    "alexnet": partial(AlexNet, widths=ALEXNET_TORCHVISION, groups=1, norm=None),
    "alexnet-paper": AlexNet,
    "alexnet-ungrouped": partial(AlexNet, groups=1),
    "vgg-16": partial(VGG, VGG16),
    "vgg-tiny": partial(VGG, VGG_TINY, hidden=()),
    "vgg-tiny-5x5": partial(VGG, VGG_TINY_5X5, hidden=(), kernel=5),
    "googlenet": GoogLeNet,
    "googlenet-paper": partial(GoogLeNet, kernel=5),
    # chapters 3 and 7
    "fcn-baseline": FullyConvolutional,
    "resblock-net": partial(Stack, depths=(1,) * 5),
    "resblock-net-deep": partial(Stack, depths=(2,) * 5),
    "resblock-net-deep-gamma-one": partial(Stack, depths=(2,) * 5, batch_zero=False),
    # chapters 8 and 9
    "resnet-18-fastai": partial(Fastai, BasicBlock, D18),
    "resnet-34-fastai": partial(Fastai, BasicBlock, D34),
    "resnet-50-fastai": partial(Fastai, BottleneckBlock, D50),
    "resnet-18": partial(Paper, BasicBlock, D18),
    "resnet-34": partial(Paper, BasicBlock, D34),
    "resnet-50": partial(Paper, BottleneckBlock, D50),
    "resnet-50-paper": partial(Paper, BottleneckBlock, D50, strided_conv=0),
    "resnet-101": partial(Paper, BottleneckBlock, D101),
    "resnet-152": partial(Paper, BottleneckBlock, D152),
    "plain-34": partial(Plain, BasicBlock, D34),
    # appendix D
    "resnet-14-fastai": partial(Fastai, BasicBlock, (2, 2, 2), widths=WIDTHS[:3]),
    "xresnet-50-mish": xresnet_50_mish,
    "race-net": race_net,
    # appendix E
    "resnext-50": partial(Paper, ResNeXtBlock, D50),
    "dense-22-cifar": partial(DenseNet, 22),
    "dense-58-cifar": partial(DenseNet, 58),
}

# Chapters 4 and 10, appendix E: resnet-20-cifar, plain-56-cifar, highway-56-cifar, ...
CIFAR = {
    "resnet" if kind == "residual" else kind: partial(cifar_net, kind=kind)
    for kind in CIFAR_KINDS
}
CIFAR_DEPTHS = (8, 14, 20, 32, 44, 56, 110)
NETS |= {
    f"{name}-{depth}-cifar": partial(make, depth)
    for name, make in CIFAR.items()
    for depth in CIFAR_DEPTHS
}
CIFAR["dense"] = DenseNet  # by name alone: NETS lists other depths of it


def factory(name: str) -> Callable[..., nn.Module]:
    """What makes the net of that name; `UsageError` with near matches if none does.

    The depths of the CIFAR nets are not only those that NETS lists: any 6n + 2 does,
    and any 3n + 4 for a dense one.
    """
    if name in NETS:
        return NETS[name]
    if match := re.fullmatch(rf"({'|'.join(CIFAR)})-(\d+)-cifar", name):
        return partial(CIFAR[match[1]], int(match[2]))
    near = ", ".join(difflib.get_close_matches(name, NETS))
    hint = f"did you mean {near}?" if near else "resnet_lessons.nets.NETS lists them."
    raise UsageError(f"There is no net {name!r}; {hint}")


def build(
    name: str, num_classes: int = 10, in_channels: int = 3, **options
) -> nn.Module:
    """The net of that name, with fresh weights: (B, in_channels, H, W) -> logits.

    options: of what makes the net, such as `width` of the CIFAR nets. Raises
    `UsageError` if there is no such net or a number is below 1.
    """
    if min(num_classes, in_channels) < 1:
        raise UsageError(
            "A net needs at least 1 class and 1 channel; "
            f"got num_classes={num_classes}, in_channels={in_channels}."
        )
    return factory(name)(num_classes=num_classes, in_channels=in_channels, **options)

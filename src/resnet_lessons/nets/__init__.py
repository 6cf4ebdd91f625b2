"""The nets: blocks, stems and shortcuts to put together, and every net by name.

`build("resnet-18", num_classes=10)` makes a net; `NETS` lists the names.
"""

from .blocks import BasicBlock, BottleneckBlock, FastaiBlock, PreActBlock
from .classic import VGG, AlexNet, LeNet5
from .fcn import FixedSizeNet, FullyConvolutional
from .inception import GoogLeNet, Inception
from .layers import conv, conv2d, he_init, head, preact_conv, torch_init, zero_last
from .orders import ORDERS, OrderedBlock
from .resnet import ResNet, cifar_net
from .shortcuts import SHORTCUTS, make_shortcut
from .stems import STEMS, make_stem
from .table import NETS, build

__all__ = [
    "NETS",
    "ORDERS",
    "SHORTCUTS",
    "STEMS",
    "VGG",
    "AlexNet",
    "BasicBlock",
    "BottleneckBlock",
    "FastaiBlock",
    "FixedSizeNet",
    "FullyConvolutional",
    "GoogLeNet",
    "Inception",
    "LeNet5",
    "OrderedBlock",
    "PreActBlock",
    "ResNet",
    "build",
    "cifar_net",
    "conv",
    "conv2d",
    "he_init",
    "head",
    "make_shortcut",
    "make_stem",
    "preact_conv",
    "torch_init",
    "zero_last",
]

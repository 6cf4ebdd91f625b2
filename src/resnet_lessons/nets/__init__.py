"""The nets: blocks, stems and shortcuts to put together, and every net by name.

`build("resnet-18", num_classes=10)` makes a net; `NETS` lists the names.
"""

from .blocks import BasicBlock, BottleneckBlock, FastaiBlock, PreActBlock
from .cifar import cifar_net
from .classic import VGG, AlexNet, LeNet5
from .dense import DenseLayer, DenseNet
from .fcn import FixedSizeNet, FullyConvolutional
from .inception import GoogLeNet, Inception
from .layers import conv, conv2d, he_init, head, preact_conv, torch_init, zero_last
from .orders import ORDERS, OrderedBlock
from .relatives import HighwayBlock, ResNeXtBlock, ScaledBlock, StochasticBlock
from .resnet import ResNet
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
    "DenseLayer",
    "DenseNet",
    "FastaiBlock",
    "FixedSizeNet",
    "FullyConvolutional",
    "GoogLeNet",
    "HighwayBlock",
    "Inception",
    "LeNet5",
    "OrderedBlock",
    "PreActBlock",
    "ResNeXtBlock",
    "ResNet",
    "ScaledBlock",
    "StochasticBlock",
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

"""Our nets are those of torchvision and fastai, number for number."""

import pytest
import torch
import torchvision.models as tv
from fastai.layers import ResBlock
from fastai.vision.models.xresnet import xresnet18, xresnet34, xresnet50
from torch import nn

from resnet_lessons import nets


def copy_weights(theirs, ours):
    """Put their state into ours, by position; the shapes must be the same in order."""
    source, target = theirs.state_dict(), ours.state_dict()
    assert [v.shape for v in source.values()] == [v.shape for v in target.values()]
    ours.load_state_dict(dict(zip(target, source.values(), strict=True)))


def randomise(net):
    """Give each layer its own scale and offset: a misplaced one must show."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.1)


def outputs(net, x, train):
    torch.manual_seed(1)  # the same dropout for both nets
    return net.train(train)(x)


@torch.no_grad()
def assert_equal_nets(theirs, ours, size, batch=2):
    torch.manual_seed(0)
    randomise(theirs)
    copy_weights(theirs, ours)
    x = torch.randn(batch, 3, size, size)
    for train in (False, True):
        expected = outputs(theirs, x, train)
        assert expected.std() > 1e-3  # an output of zeros would prove nothing
        torch.testing.assert_close(outputs(ours, x, train), expected)
    # The pass in training mode has moved the running averages as well.
    for a, b in zip(theirs.buffers(), ours.buffers(), strict=True):
        torch.testing.assert_close(b, a)


@pytest.mark.parametrize(
    "name, theirs, size",
    [
        ("alexnet", tv.alexnet, 96),
        ("resnet-18", tv.resnet18, 64),
        ("resnet-34", tv.resnet34, 64),
        ("resnet-50", tv.resnet50, 64),
        ("resnext-50", tv.resnext50_32x4d, 64),
        ("resnet-18-fastai", lambda num_classes: xresnet18(n_out=num_classes), 64),
        ("resnet-34-fastai", lambda num_classes: xresnet34(n_out=num_classes), 64),
        ("resnet-50-fastai", lambda num_classes: xresnet50(n_out=num_classes), 64),
    ],
)
def test_net_equals_the_library(name, theirs, size):
    assert_equal_nets(theirs(num_classes=7), nets.build(name, 7), size)


def test_vgg_16_equals_torchvision():
    theirs = tv.VGG(
        tv.vgg.make_layers(tv.vgg.cfgs["D"]), num_classes=7, init_weights=False
    )
    assert_equal_nets(theirs, nets.build("vgg-16", 7), size=48, batch=1)


def test_googlenet_equals_torchvision():
    theirs = tv.googlenet(
        weights=None, init_weights=False, num_classes=7, aux_logits=False
    )
    assert_equal_nets(theirs, nets.build("googlenet", 7), size=64)


def test_googlenet_with_extra_heads_equals_torchvision():
    theirs = tv.googlenet(
        weights=None, init_weights=False, num_classes=7, aux_logits=True
    )
    ours = nets.GoogLeNet(7, aux=True)
    copy_weights(theirs, ours)
    for module in [*theirs.modules(), *ours.modules()]:
        if isinstance(module, nn.Dropout):  # drawn in another order
            module.p = 0.0
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        main, behind_4d, behind_4a = theirs.train()(x)
        torch.testing.assert_close(ours.train()(x), (main, behind_4a, behind_4d))
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_extra_heads_drop_as_much_as_torchvisions():
    """Their draws come in another order, so no output can be compared."""
    with torch.device("meta"):
        theirs = tv.googlenet(weights=None, init_weights=False, aux_logits=True)
        ours = nets.GoogLeNet(aux=True)
    shares = [
        sorted(m.p for m in net.modules() if isinstance(m, nn.Dropout))
        for net in (theirs, ours)
    ]
    assert shares[0] == shares[1] == [0.2, 0.7, 0.7]


@pytest.mark.parametrize(
    "name, theirs",
    [
        ("resnet-18", tv.resnet18),
        ("resnet-18-fastai", xresnet18),
        ("resnet-50-fastai", xresnet50),
    ],
)
def test_gammas_start_as_in_the_library(name, theirs):
    """BatchZero: the last gamma of each block in fastai, none in torchvision."""

    def gammas(net):
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        return [norm.weight.unique().tolist() for norm in norms]

    assert gammas(nets.build(name)) == gammas(theirs())


@pytest.mark.parametrize("in_channels, width, stride", [(8, 8, 1), (8, 16, 2)])
@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 1)])
def test_fastai_block_equals_fastai(in_channels, width, stride, size):
    theirs = ResBlock(1, in_channels, width, stride=stride)
    ours = nets.FastaiBlock(in_channels, width, stride)
    randomise(theirs)
    copy_weights(theirs, ours)
    x = torch.randn(4, in_channels, *size)
    torch.testing.assert_close(ours(x), theirs(x))


def test_parameter_shapes_of_deep_nets_are_torchvisions():
    for name, theirs in {
        "resnet-101": tv.resnet101,
        "resnet-152": tv.resnet152,
    }.items():
        with torch.device("meta"):
            ours, expected = nets.build(name, 1000), theirs()
        shapes = [p.shape for p in ours.parameters()]
        assert shapes == [p.shape for p in expected.parameters()]


@pytest.mark.parametrize(
    "make, num_classes, parameters",
    [
        # computed layer by layer from the text of the papers
        (nets.NETS["alexnet-paper"], 1000, 60_965_224),
        (nets.NETS["alexnet-ungrouped"], 1000, 62_378_344),
        (lambda num_classes: nets.GoogLeNet(num_classes, aux=True), 1000, 13_004_888),
        (nets.NETS["lenet-5"], 10, 61_706),
        # the CIFAR nets: 0.27M, 0.46M, 0.66M, 0.85M, 1.7M in table 6 of the paper
        (nets.NETS["resnet-20-cifar"], 10, 269_722),
        (lambda num_classes: nets.cifar_net(20, shortcut="B"), 10, 272_474),
        (nets.NETS["plain-20-cifar"], 10, 269_722),
        (nets.NETS["resnet-32-cifar"], 10, 464_154),
        (nets.NETS["resnet-44-cifar"], 10, 658_586),
        (nets.NETS["resnet-56-cifar"], 10, 853_018),
        (nets.NETS["resnet-110-cifar"], 10, 1_727_962),
        # the ResNet-34 above without its three projections
        (nets.NETS["plain-34"], 1000, 21_797_672 - 173_824),
    ],
)
def test_parameters_are_those_of_the_papers(make, num_classes, parameters):
    assert count(make, num_classes=num_classes) == parameters


def count(make, **settings):
    with torch.device("meta"):  # shapes only, no memory
        return sum(p.numel() for p in make(**settings).parameters())

"""Shapes, parameters and MACs against torchvision, torch and torchinfo."""

from itertools import pairwise

import pytest
import torch
import torchvision.models as tv
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import summary

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError

IMAGE = (3, 224, 224)


@pytest.mark.parametrize(
    "name, weights",
    [
        ("alexnet", tv.AlexNet_Weights.IMAGENET1K_V1),
        ("vgg-16", tv.VGG16_Weights.IMAGENET1K_V1),
        ("googlenet", tv.GoogLeNet_Weights.IMAGENET1K_V1),
        ("resnet-18", tv.ResNet18_Weights.IMAGENET1K_V1),
        ("resnet-34", tv.ResNet34_Weights.IMAGENET1K_V1),
        ("resnet-50", tv.ResNet50_Weights.IMAGENET1K_V1),
        ("resnet-101", tv.ResNet101_Weights.IMAGENET1K_V1),
        ("resnet-152", tv.ResNet152_Weights.IMAGENET1K_V1),
    ],
)
def test_macs_are_those_torchvision_publishes(name, weights):
    with torch.device("meta"):  # shapes only: nothing is computed
        net = nets.build(name, 1000)
    assert probes.macs(net, IMAGE) / 1e9 == pytest.approx(
        weights.meta["_ops"], abs=6e-4
    )
    assert probes.parameters(net) == weights.meta["num_params"]


@pytest.mark.parametrize("name", ["alexnet-paper", "resnet-18-fastai", "fcn-baseline"])
def test_macs_are_half_of_the_flops_torch_counts(name):
    with torch.device("meta"):
        net, x = nets.build(name).eval(), torch.zeros(1, 3, 97, 130)
    with FlopCounterMode(display=False) as counter:
        net(x)
    assert 2 * probes.macs(net, (3, 97, 130)) == counter.get_total_flops()


def test_rows_are_those_torchinfo_shows():
    net = nets.build("resnet-18-fastai").eval()
    info = summary(net, (1, 3, 64, 64), verbose=0, depth=10)
    theirs = [
        (layer.class_name, tuple(layer.output_size[1:]), layer.num_params)
        for layer in info.summary_list
        if layer.is_leaf_layer
    ]
    rows = probes.shapes(net, (3, 64, 64), depth=None)
    assert [(row.kind, row.out_shape, row.parameters) for row in rows] == theirs


@pytest.mark.parametrize("depth", [0, 1, 2, 3, None])
@pytest.mark.parametrize("name", ["resnet-20-cifar", "googlenet", "plain-8-cifar"])
def test_rows_add_up_to_the_net(name, depth):
    net = nets.build(name)
    rows = probes.shapes(net, (3, 32, 32), depth)
    assert sum(row.parameters for row in rows) == probes.parameters(net)
    assert sum(row.macs for row in rows) == probes.macs(net, (3, 32, 32))


def test_rows_follow_one_another():
    rows = probes.shapes(nets.build("resblock-net"), (3, 33, 47))
    assert [row.out_shape for row in rows[:6]] == [
        *((3, 33, 47), (16, 17, 24), (32, 9, 12), (64, 5, 6), (128, 3, 3), (256, 2, 2)),
    ]
    for before, after in pairwise(rows):
        assert after.in_shape == before.out_shape
    assert rows[1].name == "stages.0" and rows[-1].kind == "Linear"


def test_bottleneck_costs_as_much_as_a_narrow_basic_block():
    """Per pixel 69,632 and 73,728 MACs; two 3x3 of 256 channels take 1,179,648."""
    costs = [
        probes.macs(block, (channels, 1, 1))
        for block, channels in [
            (nets.BottleneckBlock(256, 64), 256),
            (nets.BasicBlock(64, 64), 64),
            (nets.BasicBlock(256, 256), 256),
        ]
    ]
    assert costs == [69_632, 73_728, 1_179_648]


def test_grouped_convolution_costs_less():
    whole, halves = nn.Conv2d(8, 16, 3), nn.Conv2d(8, 16, 3, groups=2)
    assert probes.macs(whole, (8, 3, 3)) == 16 * 8 * 9
    assert probes.macs(halves, (8, 3, 3)) == 16 * 4 * 9


def test_layer_that_runs_twice_costs_twice():
    layer = nn.Conv2d(4, 4, 3, padding=1)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert probes.macs(net, (4, 2, 2)) == 2 * probes.macs(layer, (4, 2, 2))
    assert probes.parameters(net) == probes.parameters(layer)
    assert len(probes.shapes(net, (4, 2, 2))) == 2


def test_probe_leaves_the_net_as_it_was():
    net = nets.build("resnet-8-cifar").train()
    net.stages[0].eval()  # a part that is frozen
    modes = [module.training for module in net.modules()]
    state = {key: value.clone() for key, value in net.state_dict().items()}
    probes.shapes(net, (3, 32, 32))
    assert [module.training for module in net.modules()] == modes
    assert all(
        torch.equal(state[key], value) for key, value in net.state_dict().items()
    )
    assert not any(module._forward_hooks for module in net.modules())


def test_net_is_as_it_was_even_when_it_fails():
    net = nets.FixedSizeNet(size=64).train()
    with pytest.raises(RuntimeError):
        probes.shapes(net, (3, 96, 96))
    assert net.training and not any(module._forward_hooks for module in net.modules())


def test_probe_runs_in_the_number_type_of_the_net():
    net = nets.build("resnet-8-cifar").double()
    assert probes.macs(net, (3, 32, 32)) == probes.macs(net.float(), (3, 32, 32))


def test_a_convolution_to_be_drawn_says_whether_it_has_a_bias():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1, bias=False))
    first, second = probes.convolutions(net, (3, 9, 9), ["C1", "C2"])
    assert first["bias"] is True and second["bias"] is False
    assert (first["size"], second["size"]) == (9, 7)


@pytest.mark.parametrize("shape", [(32, 32), (1, 3, 32, 32), (3, 0, 32)])
def test_wrong_input_shape_is_wrong_use(shape):
    with pytest.raises(UsageError, match="shape is that of one image"):
        probes.shapes(nets.build("resnet-8-cifar"), shape)

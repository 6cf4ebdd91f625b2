"""Every net by name: sizes, shapes of the stages, and what a wrong name says."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from resnet_lessons import nets
from resnet_lessons.errors import UsageError

FIXED_SIZE = {"mlp": 28, "lenet-5": 32, "lenet-5-mnist": 28}
SMALLEST = {"alexnet": 63, "vgg-16": 32, "googlenet": 15}
SMALLEST |= {"vgg-tiny": 16, "vgg-tiny-5x5": 16, "race-net": 9}
SMALLEST |= {"dense-22-cifar": 4, "dense-58-cifar": 4}
SMALL_ENOUGH = [name for name in nets.NETS if "110" not in name]


def smallest(name):
    family = name.removesuffix("-paper").removesuffix("-ungrouped")
    return FIXED_SIZE.get(name) or SMALLEST.get(family, 1)


@pytest.mark.parametrize("in_channels", [1, 3])
@pytest.mark.parametrize("name", SMALL_ENOUGH)
def test_net_takes_its_smallest_picture(name, in_channels):
    size = smallest(name)
    with torch.device("meta"):
        net = nets.build(name, 7, in_channels).eval()
        assert net(torch.zeros(2, in_channels, size, size)).shape == (2, 7)


def test_the_names_of_variants_mean_what_they_say():
    def gammas(name):
        norms = [m for m in nets.build(name).modules() if isinstance(m, nn.BatchNorm2d)]
        return {float(n.weight.detach().min()) for n in norms}

    assert gammas("resblock-net-deep") == {0, 1}
    assert gammas("resblock-net-deep-gamma-one") == {1}
    acts = {type(module) for module in nets.build("xresnet-50-mish").modules()}
    assert nn.Mish in acts and nn.ReLU not in acts
    for name, kernel in {"vgg-tiny": 3, "vgg-tiny-5x5": 5}.items():
        convs = [m for m in nets.build(name).modules() if isinstance(m, nn.Conv2d)]
        assert {conv.kernel_size[0] for conv in convs} == {kernel}


@pytest.mark.parametrize("name", SMALLEST)
def test_a_pixel_less_is_too_small(name):
    size = SMALLEST[name] - 1
    with torch.device("meta"), pytest.raises(RuntimeError):
        nets.build(name).eval()(torch.zeros(2, 3, size, size))


@pytest.mark.parametrize("size", [(33, 47), (1, 1), (225, 300)])
@pytest.mark.parametrize(
    "name", ["fcn-baseline", "resblock-net", "resnet-18", "resnet-18-fastai"]
)
def test_net_takes_odd_sizes(name, size):
    net = nets.build(name).eval()
    with torch.no_grad():
        logits = net(torch.randn(1, 3, *size))
    assert logits.shape == (1, 10) and logits.isfinite().all()


STAGES = {  # name: size of the picture, (C, H, W) after the stem and after each stage
    "fcn-baseline": (128, [(16, 64), (32, 32), (64, 16), (128, 8), (256, 4)]),
    "resblock-net": (128, [(3, 128), (16, 64), (32, 32), (64, 16), (128, 8), (256, 4)]),
    "resblock-net-deep": (
        96,
        [(3, 96), (16, 48), (32, 24), (64, 12), (128, 6), (256, 3)],
    ),
    "resnet-18": (224, [(64, 56), (64, 56), (128, 28), (256, 14), (512, 7)]),
    "resnet-18-fastai": (128, [(64, 32), (64, 32), (128, 16), (256, 8), (512, 4)]),
    "resnet-50": (224, [(64, 56), (256, 56), (512, 28), (1024, 14), (2048, 7)]),
    "resnet-50-fastai": (224, [(64, 56), (256, 56), (512, 28), (1024, 14), (2048, 7)]),
    "resnet-14-fastai": (128, [(64, 32), (64, 32), (128, 16), (256, 8)]),
    "race-net": (128, [(128, 32), (128, 32), (256, 16), (512, 8)]),
    "plain-34": (224, [(64, 56), (64, 56), (128, 28), (256, 14), (512, 7)]),
    "resnet-56-cifar": (32, [(16, 32), (16, 32), (32, 16), (64, 8)]),
    "preact-20-cifar": (32, [(16, 32), (16, 32), (32, 16), (64, 8)]),
}


@pytest.mark.parametrize("name", STAGES)
def test_shape_after_each_stage(name):
    size, expected = STAGES[name]
    with torch.device("meta"):
        net, x = nets.build(name), torch.zeros(1, 3, size, size)
        steps = [*([net.stem] if hasattr(net, "stem") else []), *net.stages]
        found = []
        for step in steps:
            x = step(x)
            found.append((x.shape[1], x.shape[2]))
    assert found == expected and x.shape[2] == x.shape[3]


def test_resblock_net_is_one_or_two_blocks_per_width():
    for name, depth in {"resblock-net": 1, "resblock-net-deep": 2}.items():
        stages = nets.build(name).stages
        assert [len(stage) for stage in stages] == [depth] * 5
        blocks = [block for stage in stages for block in stage]
        assert all(type(block) is nets.FastaiBlock for block in blocks)
        strides = [block.residual[0][0].stride[0] for block in blocks]
        assert strides == ([2] if depth == 1 else [2, 1]) * 5
        # BatchZero: each block starts with gamma 0, and beta 0 rather than 0.001
        assert all(block.residual[1][1].weight.count_nonzero() == 0 for block in blocks)
        norms = [m for m in stages.modules() if isinstance(m, nn.BatchNorm2d)]
        assert all(norm.bias.count_nonzero() == 0 for norm in norms)


def test_fcn_baseline_is_five_halvings_and_an_average():
    net = nets.build("fcn-baseline").eval()
    x = torch.randn(2, 3, 64, 64)
    y = x
    for conv, norm, _ in net.stages:
        assert conv.stride == (2, 2) and conv.bias is None
        y = norm(conv(y)).relu()
    torch.testing.assert_close(net(x), net.head[-1](y.mean((2, 3))))


@pytest.mark.parametrize("size", [64, 72, 31])
def test_flattened_net_takes_one_size_only(size):
    net = nets.FixedSizeNet(size=size).eval()
    assert net(torch.randn(2, 3, size, size)).shape == (2, 10)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        net(torch.randn(2, 3, size + 64, size + 64))


@pytest.mark.parametrize("depth", [8, 26, 62])
@pytest.mark.parametrize("kind", ["residual", "plain", "preact"])
def test_cifar_net_has_as_many_layers_as_its_name_says(kind, depth):
    """Counted as in the paper: convolutions and the linear layer, no projections."""
    with torch.device("meta"):
        net = nets.cifar_net(depth, kind)
    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


def test_any_depth_of_6n_plus_2_has_a_name():
    net = nets.build("plain-26-cifar", in_channels=1)
    assert [len(stage) for stage in net.stages] == [4, 4, 4]
    assert net(torch.randn(2, 1, 8, 8)).shape == (2, 10)  # the 8 x 8 digits


def test_plain_net_is_the_residual_net_without_shortcuts():
    """Same weights, same order: only the sum differs."""
    plain, residual = nets.build("plain-20-cifar"), nets.build("resnet-20-cifar")
    plain.load_state_dict(residual.state_dict())
    x = torch.randn(4, 3, 32, 32)
    assert not torch.allclose(plain(x), residual(x))
    for block in [b for stage in residual.stages for b in stage]:
        block.shortcut = nets.make_shortcut("none", 1, 1)
    torch.testing.assert_close(plain(x), residual(x))


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda: nets.build("resnet-19"), "resnet-18"),
        (lambda: nets.build("resnet18"), "resnet-18"),
        (lambda: nets.build("squeezenet!"), "NETS"),
        (lambda: nets.build("resnet-21-cifar"), "6n + 2"),
        (lambda: nets.build("resnet-20-cifar100"), "resnet-20-cifar"),
        (lambda: nets.cifar_net(2), "6n + 2"),
        (lambda: nets.cifar_net(20, "residul"), "residual"),
        (lambda: nets.cifar_net(20, shortcut="D"), "choose one of A, B"),
        (lambda: nets.build("resnet-18", num_classes=0), "at least 1 class"),
        (lambda: nets.build("resnet-18", in_channels=0), "1 channel"),
        (lambda: resnet([1, 1], [8]), "widths"),
        (lambda: resnet([], []), "depths"),
        (lambda: resnet([0], [8]), "at least 1"),
    ],
)
def test_wrong_use_says_what_to_do(wrong, says):
    with pytest.raises(UsageError) as caught:
        wrong()
    assert says in str(caught.value) and "\n" not in str(caught.value)


def resnet(depths, widths):
    return nets.ResNet(nets.BasicBlock, depths, widths, "cifar", "B")


def test_same_seed_makes_the_same_net():
    def make():
        torch.manual_seed(3)
        return nets.build("resnet-20-cifar").state_dict()

    first, second = make(), make()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_nets_import_without_fastai():
    code = (
        "import sys, resnet_lessons.nets, resnet_lessons.probes;"
        "sys.exit(any(m in sys.modules for m in ('fastai', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

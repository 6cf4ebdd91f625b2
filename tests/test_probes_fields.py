"""Fields and grids against PyTorch: what is seen, and where the weights are."""

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import vgg16

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError
from resnet_lessons.probes import Window

SMALL = ((1, 1), (1, 1), (1,))


def meta(name, **options):
    with torch.device("meta"):
        return nets.build(name, **options)


def columns_seen(layers, size):
    """In two dimensions, on real layers: columns of the picture that spoil a place."""
    pictures = torch.zeros(size, 1, size, size)
    for column in range(size):
        pictures[column, :, :, column] = torch.nan
    with torch.no_grad():
        y = layers(pictures)
    middle = y.shape[-1] // 2
    return y[:, 0, middle, middle].isnan().sum().item()


# Fields ------------------------------------------------------------------------------


def test_field_is_that_of_real_layers_in_two_dimensions():
    layers = nets.VGG(SMALL, in_channels=1, hidden=()).features
    stack = probes.windows(layers)
    assert stack == [
        *([Window(3)] * 2 + [Window(2, 2, True)]) * 2,
        *(Window(3), Window(2, 2, True)),
    ]
    assert probes.receptive_field(stack) == columns_seen(layers, 64) == 28
    strided = nn.Sequential(nn.Conv2d(1, 1, 5, 3), nn.AvgPool2d(2), nn.Conv2d(1, 1, 3))
    stack = probes.windows(strided)
    assert probes.receptive_field(stack) == columns_seen(strided, 48) == 20


@pytest.mark.parametrize(
    ("name", "field"), [("vgg-16", 212), ("alexnet-paper", 195), ("alexnet", 195)]
)
def test_fields_of_known_nets(name, field):
    assert probes.receptive_field(probes.windows(meta(name).features)) == field


def test_a_pixel_that_is_stepped_over_is_not_seen():
    assert probes.receptive_field([Window(1, 2), Window(3)]) == 3


def test_windows_that_are_not_square_are_refused():
    with pytest.raises(UsageError, match="not square"):
        probes.windows(nn.Conv2d(1, 1, (3, 5)))
    with pytest.raises(UsageError, match="gaps"):
        probes.windows(nn.Conv2d(1, 1, 3, dilation=2))


@pytest.mark.parametrize("part", ["stages", "head"])
def test_layers_that_stand_in_no_row_are_refused(part):
    with pytest.raises(UsageError, match="stands in no row"):
        probes.windows(getattr(meta("resnet-18-fastai"), part))


def test_ways_are_the_convolution_of_ones():
    assert probes.ways([Window(3)] * 3)[0] == [1, 3, 6, 7, 6, 3, 1]
    want = np.convolve(np.convolve(np.ones(5), np.ones(3)), np.ones(4))
    assert probes.ways([Window(5), Window(3), Window(4)])[0] == want.tolist()
    strided = probes.ways([Window(3, 2), Window(3)])[0]
    assert strided == [1, 1, 2, 1, 2, 1, 1]


def test_the_root_of_the_ways_is_what_random_weights_make_of_a_place():
    """As `ways` says after Luo et al.: the variance over draws is their number."""
    draw = np.random.default_rng(0)
    kernels = draw.normal(size=(20_000, 3, 3))
    ends = [np.convolve(np.convolve(a, b), c) for a, b, c in kernels]
    ways = probes.ways([Window(3)] * 3)[0]
    assert np.var(ends, axis=0) == pytest.approx(ways, rel=0.1)


def test_every_depth_sees_what_its_layers_see_from_there():
    """Counted by gradient in the data, by nan here."""
    stack = probes.windows(meta("alexnet").features)
    (found,) = probes.fields_by_depth({"AlexNet": stack})["stacks"]
    for number, depth in enumerate(found["depths"], 1):
        rest = [stack[layer:number] for layer in range(number)]
        assert depth["seen"] == [*map(probes.receptive_field, rest), 1]
        strides = [window.stride for window in stack[:number]]
        assert depth["steps"] == np.cumprod([1, *strides]).tolist()
        half = (depth["seen"][0] + 1) // 2
        assert len(depth["ways"]) == half and max(depth["ways"]) == 1
    assert found["depths"][-1]["weights"] == 121 + 25 + 3 * 9
    assert found["depths"][-1]["convolutions"] == 5


# Grids -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alexnet-paper", "vgg-16", "googlenet", "resnet-50"])
def test_parts_add_up_to_the_net(name):
    net = meta(name)
    parts = probes.by_grid(net, (3, 96, 128))
    assert sum(part.parameters for part in parts) == probes.parameters(net)
    assert sum(part.macs for part in parts) == probes.macs(net, (3, 96, 128))
    kinds = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert sum(part.layers for part in parts) == len(kinds)


def test_grids_of_vgg_are_torchvisions_stacks():
    with torch.device("meta"):
        other = vgg16(init_weights=False)
    parts = probes.by_grid(meta("vgg-16", num_classes=1000), (3, 224, 224))
    ends = [i for i, m in enumerate(other.features) if isinstance(m, nn.MaxPool2d)]
    starts = [0, *ends]
    stacks = [other.features[a:b] for a, b in zip(starts, ends, strict=False)]
    linear = [m for m in other.classifier if isinstance(m, nn.Linear)]
    want = [sum(p.numel() for p in m.parameters()) for m in [*stacks, *linear]]
    assert [part.parameters for part in parts] == want
    grids = [f"{side} × {side}" for side in (224, 112, 56, 28, 14)]
    names = [*grids, "linear 1", "linear 2", "linear 3"]
    assert [part.name for part in parts] == names


def test_each_weight_works_once_at_each_place():
    for part in probes.by_grid(meta("vgg-16"), (3, 64, 64)):
        biases = part.parameters - part.macs / part.places
        assert biases == int(biases) and 0 < biases < 5000


def test_averaged_vgg_is_the_librarys_without_hidden_layers():
    net = nets.VGG(SMALL, num_classes=4, hidden=(8,))
    other = nets.VGG(SMALL, num_classes=4, hidden=())
    averaged = probes.averaged(net, 4)
    weights = zip(other.state_dict(), averaged.state_dict().values(), strict=True)
    other.load_state_dict(dict(weights))
    x = torch.randn(2, 3, 24, 40)
    torch.testing.assert_close(averaged(x), other(x))
    resnet = meta("resnet-18")
    assert probes.averaged(resnet, 10) is resnet


def test_every_case_is_the_count_of_the_whole_net():
    """With each number of classes the net is built anew here."""
    classes = [10, 200]
    names = {"AlexNet": "alexnet", "VGG-16": "vgg-16", "GoogLeNet": "googlenet"}
    data = probes.where_parameters(names, classes, size=96)
    for name, (published, average) in zip(names.values(), data["cases"], strict=True):
        for i, number in enumerate(classes):
            net = meta(name, num_classes=number)
            both = [(published, net), (average, probes.averaged(net, number))]
            for case, one in both:
                assert sum(case["parameters"][i]) == probes.parameters(one)
                assert sum(case["macs"][i]) == probes.macs(one, (3, 96, 96))


def test_a_layer_that_stands_twice_sees_twice():
    pool, conv = nn.MaxPool2d(2), nn.Conv2d(1, 1, 3)
    layers = nn.Sequential(nn.Conv2d(1, 1, 3), pool, conv, pool, conv)
    assert probes.receptive_field(probes.windows(layers)) == columns_seen(layers, 30)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Flatten(),
        nn.Linear(4, 4),
        nn.AdaptiveMaxPool2d(1),
        nn.ConvTranspose2d(4, 4, 3),
        nn.Upsample(scale_factor=2),
        nets.build("race-net").stem[-1][1],  # it blurs
    ],
)
def test_a_layer_whose_window_is_not_known_is_refused(layer):
    with pytest.raises(UsageError, match=f"{type(layer).__name__} stands in no row"):
        probes.windows(nn.Sequential(nn.Conv2d(1, 4, 3), layer))


def test_an_average_for_a_head_computes_in_the_precision_of_the_net():
    net = probes.averaged(nets.build("vgg-tiny").double(), 10).eval()
    assert net(torch.rand(1, 3, 64, 64).double()).dtype == torch.double

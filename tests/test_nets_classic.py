"""LeNet, AlexNet, VGG and the Inception module against what their papers say."""

from collections import Counter

import pytest
import torch
from torch import nn

from resnet_lessons import nets
from resnet_lessons.nets.classic import LocalResponseNorm


def sizes(layers, x, kinds):
    """(C, H) behind each layer of these kinds."""
    found = []
    for layer in layers:
        x = layer(x)
        if isinstance(layer, kinds):
            found.append((x.shape[1], x.shape[2]))
    return found


def test_lenet_maps_have_the_sizes_of_figure_2():
    layers = nets.build("lenet-5", in_channels=1).features
    maps = sizes(layers, torch.zeros(1, 1, 32, 32), (nn.Conv2d, nn.AvgPool2d))
    assert maps == [(6, 28), (6, 14), (16, 10), (16, 5), (120, 1)]


def test_lenet_takes_mnist_with_padding():
    layers = nets.build("lenet-5-mnist", in_channels=1).features
    maps = sizes(layers, torch.zeros(1, 1, 28, 28), (nn.Conv2d, nn.AvgPool2d))
    assert maps == [(6, 28), (6, 14), (16, 10), (16, 5), (120, 1)]


def test_lenet_layers_have_the_parameters_of_the_paper():
    """C1 156, C5 48,120, F6 10,164 (section II.B); C3 here sees all of S2."""
    net = nets.build("lenet-5", in_channels=1)
    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    assert counts == [156, 2416, 48_120, 10_164, 850]


@pytest.mark.parametrize("name", ["alexnet-paper", "alexnet-ungrouped"])
def test_alexnet_maps_have_the_sizes_of_figure_2(name):
    with torch.device("meta"):
        layers = nets.build(name).features
        maps = sizes(layers, torch.zeros(1, 3, 224, 224), (nn.Conv2d, nn.MaxPool2d))
    assert maps == [
        *((96, 55), (96, 27), (256, 27), (256, 13)),
        *((384, 13), (384, 13), (256, 13), (256, 6)),
    ]


def test_alexnet_neurons_are_counted_as_in_section_3_5():
    with torch.device("meta"):
        layers = nets.build("alexnet-paper").features
        x, counts = torch.zeros(1, 3, 224, 224), []
        for layer in layers:
            x = layer(x)
            counts += [x[0].numel()] if isinstance(layer, nn.Conv2d) else []
    # The paper prints 253,440 for the first layer where 96 x 55 x 55 is 290,400.
    assert counts == [290_400, 186_624, 64_896, 64_896, 43_264]


def test_alexnet_halves_see_only_their_own_gpu():
    """Convolution 2 has two groups: the second half of its input does not matter."""
    conv = nets.build("alexnet-paper").features[4]
    x = torch.randn(1, 96, 5, 5)
    changed = x.clone()
    changed[:, 48:] += 1
    with torch.no_grad():
        before, after = conv(x), conv(changed)
    assert torch.equal(before[:, :128], after[:, :128])
    assert not torch.allclose(before[:, 128:], after[:, 128:])


def test_response_norm_is_the_formula_of_the_paper():
    a = torch.randn(1, 9, 1, 1, dtype=torch.float64) * 30
    flat, expected = a.flatten(), []
    for i in range(9):
        near = flat[max(0, i - 2) : i + 3]
        expected.append(flat[i] / (2 + 1e-4 * (near**2).sum()) ** 0.75)
    torch.testing.assert_close(LocalResponseNorm()(a).flatten(), torch.stack(expected))


def test_vgg_maps_halve_after_each_stack():
    with torch.device("meta"):
        layers = nets.build("vgg-16").features
        maps = sizes(layers, torch.zeros(1, 3, 224, 224), nn.MaxPool2d)
    assert maps == [(64, 112), (128, 56), (256, 28), (512, 14), (512, 7)]


def test_vgg_16_has_most_of_its_weights_in_two_linear_layers():
    with torch.device("meta"):
        net = nets.build("vgg-16", 1000)
    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
    first_two = sum(p.numel() for m in linear[:2] for p in m.parameters())
    assert first_two == 119_545_856


def test_vgg_tiny_learns_the_digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32)[:256, None] / 16
    x, labels = nn.functional.interpolate(x, 16), torch.tensor(digits.target[:256])
    torch.manual_seed(0)
    net = nets.build("vgg-tiny", in_channels=1)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(40):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), labels).backward()
        optimiser.step()
    assert (net(x).argmax(1) == labels).float().mean() > 0.8


def test_inception_joins_its_four_paths():
    block = nets.Inception(8, 4, (2, 6), (2, 3), 5).eval()
    x = torch.randn(2, 8, 7, 9)
    y = block(x)
    assert y.shape == (2, 4 + 6 + 3 + 5, 7, 9)
    for part, path in zip(y.split([4, 6, 3, 5], 1), block.paths, strict=True):
        torch.testing.assert_close(part, path(x))


def test_inception_of_the_paper_has_a_5x5_path():
    def kernels(name):
        with torch.device("meta"):
            net = nets.build(name)
        convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
        return Counter(conv.kernel_size[0] for conv in convs)

    ours, paper = kernels("googlenet"), kernels("googlenet-paper")
    assert ours.keys() == {1, 3, 7}
    assert paper == ours - Counter({3: 9}) + Counter({5: 9})  # one in each module

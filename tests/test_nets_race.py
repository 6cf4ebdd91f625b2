"""The net of the race: what each addition does, and that it can be left out."""

import pytest
import torch
from torch import nn

from resnet_lessons import nets
from resnet_lessons.nets.race import Blur, Gate

OFF = {"mish": False, "blur": False, "gate": False}
NARROW = {"widths": [16, 32, 64]}


def test_blur_weighs_its_neighbours_and_keeps_every_second_place():
    x = torch.zeros(1, 2, 6, 6)
    x[0, 1, 2, 3] = 16.0  # an even row, an odd column: between two places that stay
    y = Blur()(x)
    assert y.shape == (1, 2, 3, 3) and not y[0, 0].any()
    expected = torch.zeros(3, 3)
    expected[1, 1] = expected[1, 2] = 2.0  # 16 * (2/4) * (1/4)
    assert torch.equal(y[0, 1], expected)
    assert torch.allclose(Blur()(torch.ones(1, 3, 7, 5)), torch.ones(1, 3, 4, 3))


@pytest.mark.parametrize("shape", [(8, 8), (7, 5), (2, 9)])
def test_two_means_are_one_convolution_with_mirrored_edges(shape):
    x = torch.randn(2, 3, *shape)
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(line, line).expand(3, 1, 3, 3)
    padded = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
    expected = nn.functional.conv2d(padded, kernel, stride=2, groups=3)
    torch.testing.assert_close(Blur()(x), expected)


def test_a_gate_multiplies_each_channel_by_a_share_of_its_own():
    torch.manual_seed(0)
    x = torch.rand(2, 16, 5, 5) + 1
    shares = Gate(16)(x) / x
    assert (shares > 0).all() and (shares < 1).all()
    assert torch.allclose(shares, shares[:, :, :1, :1].expand_as(shares), atol=1e-6)
    assert shares.std() > 0  # channels differ


def test_without_its_additions_it_is_the_fastai_net_number_for_number():
    ours = nets.build("race-net", **NARROW, **OFF).eval()
    theirs = nets.build("resnet-14-fastai", **NARROW, batch_zero=False).eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 48, 48)
    assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize(
    "name, kind, count", [("mish", nn.Mish, 15), ("blur", Blur, 3), ("gate", Gate, 6)]
)
def test_each_addition_is_made_in_every_place(name, kind, count):
    def found(net):
        return sum(isinstance(m, kind) for m in net.modules())

    bare = nets.build("race-net", **NARROW, **OFF)
    one = nets.build("race-net", **NARROW, **OFF | {name: True})
    assert found(bare) == 0 and found(one) == count
    reads = [m for m in one.modules() if isinstance(m, nn.Conv2d) and m.stride[0] == 2]
    assert len(reads) == (1 if name == "blur" else 3)  # the stem's first is left
    pools = [m.stride for m in one.modules() if isinstance(m, nn.MaxPool2d)]
    assert pools == [1 if name == "blur" else 2]  # no maximum is left out
    relu = sum(isinstance(m, nn.ReLU) for m in one.modules())
    assert relu == (0 if name == "mish" else 15)


def test_the_parameters_of_gates_are_no_convolutions():
    with_gates = nets.build("race-net", **NARROW, **OFF | {"gate": True})
    added = [p for name, p in with_gates.named_parameters() if "squeeze" in name]
    assert added and all(p.ndim < 4 for p in added)

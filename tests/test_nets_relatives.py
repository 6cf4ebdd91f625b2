"""Other ways to join x and F(x): each against its equation."""

import pytest
import torch
from torch import nn

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError
from resnet_lessons.nets.race import Gate, RaceBlock
from resnet_lessons.nets.relatives import HighwayBlock, ScaledBlock, StochasticBlock


def same_weights(block, *size, **options):
    """A basic block with the weights that `block` shares with it."""
    basic = nets.BasicBlock(*size, **options)
    basic.load_state_dict(block.state_dict(), strict=False)
    return basic


@pytest.mark.parametrize("size", [(8, 8, 1), (8, 16, 2)])
def test_a_gate_shares_a_value_between_x_and_f(size):
    torch.manual_seed(0)
    block = HighwayBlock(*size, shortcut="A").eval()
    x = torch.rand(2, 8, 7, 5)
    f, carried = block.residual(x), block.shortcut(x)
    start = torch.sigmoid(torch.tensor(-2.0))
    expected = (start * f + (1 - start) * carried).relu()
    torch.testing.assert_close(block(x), expected)  # the same gate everywhere
    nn.init.normal_(block.gate.weight)
    t = nn.functional.conv2d(x, block.gate.weight, block.gate.bias, size[2]).sigmoid()
    assert t.std() > 0.1
    torch.testing.assert_close(block(x), (t * f + (1 - t) * carried).relu())
    for bias, one in [(-1e3, carried.relu()), (1e3, f.relu())]:
        nn.init.zeros_(block.gate.weight)
        nn.init.constant_(block.gate.bias, bias)
        torch.testing.assert_close(block(x), one)


@pytest.mark.parametrize("bias", [None, -4.0])
def test_all_gates_of_a_net_start_with_one_bias(bias):
    options = {} if bias is None else {"gate_bias": bias}
    net = nets.build("highway-20-cifar", width=4, **options)
    gates = [block.gate for stage in net.stages for block in stage]
    assert len(gates) == 9
    assert all((gate.bias == (bias or -2.0)).all() for gate in gates)
    assert not any(gate.weight.any() for gate in gates)


@pytest.mark.parametrize("size", [(8, 8, 1), (8, 16, 2)])
def test_alpha_starts_at_zero_and_at_one_makes_a_basic_block(size):
    torch.manual_seed(0)
    block = ScaledBlock(*size, shortcut="A", norm=None)
    x = torch.rand(2, 8, 6, 6)
    assert torch.equal(block(x), block.shortcut(x))
    nn.init.ones_(block.alpha)
    basic = same_weights(block, *size, shortcut="A", norm=None)
    torch.testing.assert_close(block(x), basic(x))
    block.zero_grad()
    block(x).sum().backward()
    assert block.alpha.grad != 0


def test_a_scaled_net_has_one_number_a_block_and_no_norm():
    net = nets.build("scaled-20-cifar")
    assert sum(p.ndim == 0 for p in net.parameters()) == 9
    assert not [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    bare = nets.cifar_net(20, norm=None)
    assert probes.parameters(net) == probes.parameters(bare) + 9


@pytest.mark.parametrize("option", [{"norm": nn.BatchNorm2d}, {"stem": "deep"}])
def test_what_a_kind_fixes_cannot_be_given(option):
    (name,) = option
    with pytest.raises(UsageError, match=f"has a {name} of its own: leave {name} out"):
        nets.build("scaled-8-cifar", **option)


def test_a_plain_net_takes_no_shortcut():
    with pytest.raises(UsageError, match="A plain net has a shortcut of its own"):
        nets.cifar_net(8, "plain", shortcut="B")


def test_two_zeros_in_a_row_are_refused():
    with pytest.raises(UsageError, match="alpha starts at 0 already"):
        nets.build("scaled-8-cifar", batch_zero=True)


def test_a_dropped_block_passes_x_on_and_each_picture_has_a_die_of_its_own():
    torch.manual_seed(0)
    block = StochasticBlock(4, 4)
    block.survival = 0.7
    x = torch.rand(1000, 4, 3, 3)
    whole = same_weights(block, 4, 4).train()(x)
    y = block.train()(x)
    passed = (y == x).flatten(1).all(1)  # x is not negative: its ReLU is itself
    kept = torch.isclose(y, whole).flatten(1).all(1)
    assert (passed ^ kept).all()
    assert abs(kept.float().mean() - 0.7) < 0.05


def test_in_evaluation_a_block_is_the_mean_of_its_draws():
    torch.manual_seed(0)
    block = StochasticBlock(4, 4).eval()
    block.survival = 0.7
    x = torch.rand(2, 4, 3, 3)
    expected = (0.7 * block.residual(x) + x).relu()
    torch.testing.assert_close(block(x), expected)


def test_survival_falls_in_equal_steps_to_one_half():
    net = nets.build("stochastic-20-cifar", width=4)
    survival = [block.survival for stage in net.stages for block in stage]
    steps = [a - b for a, b in zip([1, *survival], survival, strict=False)]
    assert survival[-1] == 0.5 and len(survival) == 9
    assert steps == pytest.approx([1 / 18] * 9)


def test_a_dense_layer_keeps_x_as_it_is():
    torch.manual_seed(0)
    layer = nets.DenseLayer(6, 4)
    x = torch.randn(2, 6, 5, 5)
    y = layer(x)
    assert torch.equal(y[:, :6], x) and torch.equal(y[:, 6:], layer.residual(x))


def test_the_smallest_net_of_the_paper_has_its_million_parameters():
    """Huang et al. 2017, table 2: L = 40, k = 12, 1.0 M; its stem has 16 channels.

    Ours has 24 there, so 8 channels more to read everywhere.
    """
    with torch.device("meta"):
        net = nets.build("dense-40-cifar", width=24)
        grid, sides = torch.zeros(1, 3, 32, 32), []
        grid = net.stem(grid)
        for stage in net.stages:
            grid = stage(grid)
            sides.append(grid.shape[-1])
    assert 1.0e6 < probes.parameters(net) < 1.07e6 and sides == [32, 16, 8]
    assert len(net.stages[0]) == 12 and net.head[-1].in_features == 24 + 36 * 12


@pytest.mark.parametrize("depth", [22, 58])
def test_a_depth_counts_the_layers_with_weights(depth):
    net = nets.build(f"dense-{depth}-cifar", width=8)
    weighted = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weighted) == depth


@pytest.mark.parametrize("depth", [4, 20, 56])
def test_a_dense_net_of_another_depth_does_not_exist(depth):
    with pytest.raises(UsageError, match=f"3n . 4 .*{depth} is not"):
        nets.DenseNet(depth)


@pytest.mark.parametrize("block", [HighwayBlock, ScaledBlock, RaceBlock])
def test_the_fourth_argument_is_the_shortcut(block):
    made = block(8, 8, 1, "none")
    assert not list(made.shortcut.parameters()) and made.shortcut(torch.ones(1)) == 0
    with pytest.raises(UsageError, match="zzz"):
        block(8, 8, 1, "zzz")


def test_few_channels_have_gates_that_see_them():
    torch.manual_seed(0)
    gate = Gate(4)
    one, five = (gate(torch.full((1, 4, 2, 2), value)) / value for value in (1.0, 5.0))
    assert not torch.allclose(one, five)

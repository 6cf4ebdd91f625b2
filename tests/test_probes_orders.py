"""Blocks in any order, and what BlockOrder is told of them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError
from resnet_lessons.probes import orders

LEAKY = "conv BN LeakyReLU conv BN LeakyReLU +"


def same_weights(target, source):
    state = source.state_dict().values()
    target.load_state_dict(dict(zip(target.state_dict(), state, strict=True)))
    return target


# A block as a line of words ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "block"),
    [("original", nets.BasicBlock), ("full pre-activation", nets.PreActBlock)],
)
def test_two_of_the_orders_are_the_blocks_of_the_nets(name, block):
    ours = nets.OrderedBlock(6, nets.ORDERS[name])
    for layer in ours.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight)
            nn.init.normal_(layer.bias)
    library = same_weights(block(6, 6), ours)
    x = torch.randn(4, 6, 5, 7)
    torch.testing.assert_close(ours(x), library(x))


def test_each_order_is_its_line_written_out():
    x = torch.randn(4, 6, 5, 7)
    for order in [*nets.ORDERS.values(), LEAKY]:
        block = nets.OrderedBlock(6, order)
        left, right = order.split("+")
        kinds = {"conv": "Conv2d", "BN": "BatchNorm2d"}
        for words, part in ((left, block.residual), (right, block.after)):
            found = [type(layer).__name__ for layer in part]
            assert found == [kinds.get(word, word) for word in words.split()]
        y = x
        for layer in block.residual:
            y = layer(y)
        y = y + x
        for layer in block.after:
            y = layer(y)
        torch.testing.assert_close(block(x), y)


def test_the_three_between_are_those_of_figure_4():
    """(b), (c) and (d), written out by hand; (a) and (e) are blocks of the nets."""
    x = torch.randn(4, 6, 5, 7)
    by_hand = {
        "BN after addition": lambda c, d, n, m: F.relu(m(x + d(F.relu(n(c(x)))))),
        "ReLU before addition": lambda c, d, n, m: x + F.relu(m(d(F.relu(n(c(x)))))),
        "ReLU-only pre-activation": lambda c, d, n, m: (
            x + m(d(F.relu(n(c(F.relu(x))))))
        ),
    }
    for name, formula in by_hand.items():
        block = nets.OrderedBlock(6, nets.ORDERS[name])
        convs = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
        norms = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)]
        torch.testing.assert_close(block(x), formula(*convs, *norms))


def test_the_five_of_figure_4_have_the_same_layers():
    orders = nets.ORDERS.values()
    assert len(set(orders)) == 5
    assert len({tuple(sorted(order.split())) for order in orders}) == 1


@pytest.mark.parametrize(
    ("order", "words"),
    [("conv BN", "one \\+ is needed"), ("+ conv +", "one \\+"), ("conv Bn +", "'Bn'")],
)
def test_what_is_no_order_is_named(order, words):
    with pytest.raises(UsageError, match=words):
        nets.OrderedBlock(4, order)


# Its probe ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch():
    torch.manual_seed(1)
    return torch.rand(8, 1, 6, 6), torch.arange(8)


def by_hand(order, depth, pictures, labels):
    """x_0 … x_depth with gradients, and F of each block: plain autograd."""
    torch.manual_seed(0)
    stem, blocks, head = probes.ordered_stack(order, depth, 4)
    xs, residuals = [stem(pictures)], []
    for block in blocks:
        residuals.append(block.residual(xs[-1]))
        xs.append(block.after(residuals[-1] + xs[-1]))
    for x in xs:
        x.retain_grad()
    F.cross_entropy(head(xs[-1]), labels).backward()
    return xs, residuals


def test_the_data_is_that_of_a_forward_and_a_backward_pass(batch):
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    found = probes.block_orders(nets.ORDERS, [2, 3], 4, *batch, "A note.")
    assert torch.equal(torch.rand(3), want)  # the generator was left as it was
    assert [one["order"] for one in found["orders"]] == list(nets.ORDERS.values())
    assert (found["depths"], found["note"]) == ([2, 3], "A note.")
    for one, row in zip(found["orders"], found["cases"], strict=True):
        xs, residuals = by_hand(one["order"], 3, *batch)
        case = row[1]
        assert case["mean"] == pytest.approx([x.mean().item() for x in xs], abs=1e-5)
        assert case["std"] == pytest.approx([x.std().item() for x in xs], rel=1e-4)
        norms = [x.grad.norm().item() for x in xs]
        assert case["gradient"] == pytest.approx(norms, rel=1e-3)
        same = [
            (new == old + f).float().mean().item()
            for old, new, f in zip(xs[:-1], xs[1:], residuals, strict=True)
        ]
        assert case["passed"] == pytest.approx(same, abs=1e-6)
        assert len(row[0]["mean"]) == 3


def test_untouched_is_what_every_later_relu_lets_through(batch):
    """Value by value, not as a product of shares."""
    found = probes.block_orders(nets.ORDERS, [5], 4, *batch, "")
    case = found["cases"][0][0]
    xs, residuals = by_hand(nets.ORDERS["original"], 5, *batch)
    sums = [x + f for x, f in zip(xs[:-1], residuals, strict=True)]
    for start in range(6):
        alive = [
            all(y.flatten()[i] >= 0 for y in sums[start:]) for i in range(xs[0].numel())
        ]
        share = sum(alive) / len(alive)
        assert case["untouched"][start] == pytest.approx(share, abs=1e-6)
    assert 0 < case["untouched"][0] < case["untouched"][4] < 1
    assert abs(case["untouched"][0] - math.prod(case["passed"])) > 0.01


def test_only_what_follows_the_sum_touches_the_path(batch):
    found = probes.block_orders(nets.ORDERS | {"leaky": LEAKY}, [3], 4, *batch, "")
    shares = [row[0]["untouched"][0] for row in found["cases"]]
    assert 0 < shares[0] < 1 and shares[1:] == [0, 1, 1, 1, 1]


def test_the_head_begins_with_what_moved_in_front():
    def kinds(name):
        *_, head = probes.ordered_stack(nets.ORDERS[name], 1, 4)
        return [type(layer).__name__ for layer in head][:-3]

    assert kinds("full pre-activation") == ["BatchNorm2d", "ReLU"]
    assert kinds("ReLU-only pre-activation") == ["ReLU"]
    assert kinds("original") == kinds("ReLU before addition") == []
    library = nets.build("preact-8-cifar").head
    assert len(probes.ordered_stack(nets.ORDERS["full pre-activation"], 1, 4)[2]) == (
        len(library)
    )


def test_an_order_that_does_not_exist_is_named(batch):
    with pytest.raises(UsageError, match="'Relu'"):
        probes.block_orders({"mine": "Relu conv +"}, [2], 4, *batch, "")


# The story of the chapter ------------------------------------------------------------


def test_the_story_of_the_chapter_holds_in_the_data(batch):
    torch.manual_seed(2)
    pictures, labels = torch.rand(32, 1, 8, 8), torch.arange(32) % 10
    found = probes.block_orders(nets.ORDERS, [27], 8, pictures, labels, "")
    cases = [row[0] for row in found["cases"]]
    v1, bn_after, relu_before, _, v2 = cases
    grown = [case["gradient"][0] / case["gradient"][-1] for case in cases]
    assert grown[1] > 2 * max(grown[0], *grown[2:])  # BN after addition explodes
    assert v1["untouched"][0] < 0.4 and v2["untouched"][0] == 1
    rise = (relu_before["mean"][-1] - relu_before["mean"][0]) / 27
    assert rise == pytest.approx(1 / math.sqrt(2 * math.pi), abs=0.05)
    assert abs(v2["mean"][-1]) < 2 < relu_before["mean"][-1]
    assert v2["std"][-1] > 3 and bn_after["std"][-1] < 1.1


def test_a_stack_without_convolutions_closes_with_its_head_alone():
    _, _, end = orders.ordered_stack("ReLU +", 2, 4)
    assert [type(layer).__name__ for layer in end][:2] == [
        "AdaptiveAvgPool2d",
        "Flatten",
    ]


def test_a_gradient_too_long_for_single_precision_has_a_length(batch):
    pictures, labels = batch
    found = probes.block_orders({"bare": "conv +"}, [100], 16, pictures, labels, "")
    longest = found["cases"][0][0]["gradient"][0]
    assert 1e18 < longest < math.inf  # its square is beyond 3e38

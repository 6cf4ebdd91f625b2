"""The checks of chapter 3 name the mistake that was made."""

import itertools
import math

import pytest
import torch
from torch import nn

from resnet_lessons import checks
from wrong_answers import explained, passes

SOLVE = next(e.answer for e in checks.exercises() if e.id == "03.4")

POOLS = [
    (lambda x: x.mean((2, 3)).squeeze(), "that of a single image too"),
    (lambda x: x.mean((0, 2, 3)), "neighbours"),
    (lambda x: x.mean((1, 2, 3)), "One value per image"),
    (lambda x: x.sum((2, 3)), "That is the sum"),
    (lambda x: x.amax((2, 3)), "maximum"),
    (lambda x: x.mean((2, 3), keepdim=True), "keepdim"),
    (lambda x: x.mean(), "One number for the whole batch"),
    (lambda x: x.mean(1), "averaged over the channels"),
    (lambda x: x.mean(2), "Only the height is gone"),
    (lambda x: x.mean(3), "Only the width is gone"),
    (lambda x: x.flatten(1), "Flattened, not averaged"),
    (lambda x: x.sum((2, 3)) / 20, "never from one example"),
    (lambda x: x.detach().mean((2, 3)), "cut the gradient"),
    (lambda x: x.mean((2, 3)).tolist(), "Return a tensor"),
    (lambda x: torch.from_numpy(x.numpy().mean((2, 3))), "Stay in torch"),
    (lambda x: x.detach().mean((2, 3)).requires_grad_(), "cut the gradient"),
    (lambda x: x.div_(x[0, 0].numel()).sum((2, 3)), "write nothing into `x`"),
]

test_pooling_mistake_is_named = explained("03.1", POOLS)


def test_the_prompt_asks_for_the_gradient_that_the_check_wants():
    (exercise,) = [e for e in checks.exercises() if e.id == "03.1"]
    assert "the gradient must find" in exercise.prompt


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: nn.AdaptiveAvgPool2d(1)(x).flatten(1),
        lambda x: nn.AdaptiveAvgPool2d(1)(x).squeeze((2, 3)),
        lambda x: x.mean(3).mean(2),
        lambda x: x.flatten(2).sum(2) / (x.shape[2] * x.shape[3]),
        lambda x: torch.einsum("bchw->bc", x) / x[0, 0].numel(),
    ],
)
def test_every_way_to_average_passes(answer):
    passes("03.1", answer)


HEADS = [
    (lambda c, g, n, p: (c if p else c * g * g) * n, "biases are missing"),
    (lambda c, g, n, p: (c if p else c * g * g) * n + 1, "one bias for the layer"),
    (lambda c, g, n, p: (c if p else c * g * g) * (n + 1), "one bias for each input"),
    (lambda c, g, n, p: ((c if p else c * g) + 1) * n, "g·g places"),
    (lambda c, g, n, p: ((c * g * g if p else c) + 1) * n, "the other of the two"),
    (lambda c, g, n, p: (c * g * g if p else c) * n, "two heads, and the biases"),
    (lambda c, g, n, p: (c * g * g + 1) * n, "`pooled` says which"),
    (lambda c, g, n, p: (c + 1) * n + p * g * g, "Nothing else learns"),
    (lambda c, g, n, p: c if p else c * g * g, "what the head takes in"),
    (lambda c, g, n, p: "2570", "Count the inputs"),
]

test_head_mistake_is_named = explained("03.2", HEADS)


def net(tail, bias=False, relu=True, stride=2, classes=10):
    """A builder that makes the reference's stages, and then what `tail` returns."""

    def fully_convolutional(widths, num_classes):
        layers = []
        for i, o in zip([3, *widths], widths, strict=False):
            layers += [nn.Conv2d(i, o, 3, stride, padding=1, bias=bias)]
            layers += [nn.BatchNorm2d(o)] + ([nn.ReLU()] if relu else [])
        return nn.Sequential(*layers, *tail(widths[-1], num_classes))

    return fully_convolutional


def linear(c, n):
    return [nn.Flatten(), nn.Linear(c, n)]


def pooled(c, n):
    return [nn.AdaptiveAvgPool2d(1), *linear(c, n)]


class Own(nn.Module):
    """The right layers; the head is the first attribute."""

    def __init__(self, widths, num_classes, cut=False):
        super().__init__()
        *stages, _, _, linear = net(pooled)(widths, num_classes)
        self.head, self.stages, self.cut = linear, nn.Sequential(*stages), cut

    def forward(self, x):
        x = self.stages(x).mean((2, 3))
        return self.head(x.detach() if self.cut else x)


def inserts(widths, num_classes):
    answer = net(pooled)(widths, num_classes)
    widths.insert(0, 3)
    return answer


class Squeeze(nn.Module):
    def forward(self, x):
        return x.squeeze()


NETS = [
    (
        net(lambda c, n: [nn.AdaptiveAvgPool2d(1), Squeeze(), nn.Linear(c, n)]),
        "One row for each image",
    ),
    (net(linear), "Average the last grid"),
    (net(lambda c, n: [nn.AdaptiveAvgPool2d(1), nn.Linear(c, n)]), "flatten"),
    (net(lambda c, n: [nn.AvgPool2d(8), *linear(c, n)]), "whatever the size"),
    (net(lambda c, n: [nn.AdaptiveMaxPool2d(1), *linear(c, n)]), "maximum"),
    (net(lambda c, n: [*pooled(c, n), nn.Softmax(1)]), "A softmax came in"),
    (net(lambda c, n: [*pooled(c, n), nn.ReLU()]), "behind the linear layer"),
    (net(pooled, bias=True), "The convolutions have biases"),
    (net(pooled, relu=False), "Look at each stage"),
    (net(lambda c, n: pooled(c, 10)), "Use `widths` and `num_classes`"),
    (lambda widths, num_classes: pooled(16, 10), "Return an `nn.Module`"),
    (lambda widths, num_classes: nn.Sequential([nn.ReLU()]), "modules, one by one"),
    (net(lambda c, n: pooled(c * 16, n)), "convolutions of the starter are right"),
    (net(lambda c, n: [nn.Dropout(), *pooled(c, n)]), "Leave out a Dropout"),
    (lambda widths, num_classes: Own(widths, num_classes, cut=True), "`.detach()`"),
    (inserts, "change the caller's list"),
]

test_net_mistake_is_named = explained("03.3", NETS)


def test_the_order_in_which_the_layers_are_written_down_is_free():
    passes("03.3", lambda widths, num_classes: Own(widths, num_classes))


def test_a_one_by_one_convolution_is_a_head_too():
    def tail(c, n):
        return [nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, n, 1), nn.Flatten()]

    passes("03.3", net(tail))


def logarithm(x, r):
    return (r * x).exp().mean((2, 3)).log()


def stable(x, r):
    return torch.logsumexp(r * x, (2, 3))


BETWEEN = [
    (lambda x, r: logarithm(x, r) / r, "too small for a float"),
    (lambda x, r: (r * x).exp().mean((2, 3)).clamp(1e-30, 1e30).log() / r, "float"),
    (lambda x, r: torch.where(logarithm(x, r).isfinite(), logarithm(x, r) / r,
                              SOLVE(x, r)), "even if it is replaced"),
    (lambda x, r: SOLVE(x.detach() if (r * x).abs().max() > 80 else x, r), "Stay in"),
    (lambda x, r: x.amax((2, 3)) - math.log(20) / r if (r * x).abs().max() > 80
     else SOLVE(x, r), "too small for a float"),
    (lambda x, r: SOLVE(x, r) - x.amax((2, 3)), "never added back"),
    (lambda x, r: SOLVE(x, r) + (r - 1) * x.amax((2, 3)), "divide it by r, too"),
    (lambda x, r: SOLVE(x, r) - x.amax((2, 3)) + x.amax((2, 3), True),
     "do not add up place by place"),
    (lambda x, r: torch.tensor(SOLVE(x.detach(), r).numpy()).requires_grad_(),
     "Stay in torch"),
    (lambda x, r: stable(x, r) / r, "logarithm of the sum"),
    (lambda x, r: stable(x, r) / r - math.log(x[0, 0].numel()), "inside the bracket"),
    (lambda x, r: stable(x, r) - math.log(x[0, 0].numel()), "The 1/r in front"),
    (lambda x, r: SOLVE(x, 1), "the value for r = 1"),
    (lambda x, r: SOLVE(x, 1) / r, "The r in the exponent is missing"),
    (lambda x, r: SOLVE(x, r)[:, :, None, None], "keepdim"),
    (lambda x, r: x.mean((2, 3)), "That is the mean"),
    (lambda x, r: x.amax((2, 3)), "That is the maximum"),
    (lambda x, r: (r * x).softmax(3).mean((2, 3)), "gives shares"),
    (lambda x, r: (torch.logsumexp(r * x, (2, 3)) - math.log(20)) / r, "`x.shape`"),
    (lambda x, r: SOLVE(x.detach(), r), "Stay in torch"),
    (lambda x, r: SOLVE(x.flatten(1)[:, None, None], r)[:, 0], "One value per image"),
    (lambda x, r: SOLVE(x, r).squeeze(), "that of a single image too"),
    (lambda x, r: SOLVE(x, r).tolist(), "Return a tensor"),
    (lambda x, r: x.mean((2, 3)) if r < 0.4 else SOLVE(x, r), "That is the mean"),
    (lambda x, r: x.amax((2, 3)) if r > 3 else SOLVE(x, r), "not near enough"),
    (lambda x, r: SOLVE(x.mul_(r), 1) / r, "Something writes into x"),
    (lambda x, r: SOLVE(x - x.amax((2, 3), True), r) + x.amax((2, 3)).detach(),
     "with its gradient"),
]  # fmt: skip

test_a_wrong_pool_between_mean_and_maximum_is_explained = explained("03.4", BETWEEN)


def by_hand(x, r, cut=False):
    most = x.amax((2, 3), keepdim=True)
    most = most.detach() if cut else most
    return (r * (x - most)).exp().mean((2, 3)).log() / r + most[:, :, 0, 0]


@pytest.mark.parametrize("cut", [False, True])
def test_the_maximum_may_be_taken_out_by_hand(cut):
    passes("03.4", lambda x, r: by_hand(x, r, cut))


def test_the_pool_lies_between_mean_and_maximum_and_reaches_both():
    x = torch.randn(2, 3, 6, 6)
    mean, most = x.mean((2, 3)), x.amax((2, 3))
    assert torch.allclose(SOLVE(x, 1e-3), mean, atol=2e-2)
    assert torch.allclose(SOLVE(x, 1e4), most, atol=2e-3)
    values = [mean, *(SOLVE(x, r) for r in (0.1, 1, 10)), most]
    assert all((a < b).all() for a, b in itertools.pairwise(values))

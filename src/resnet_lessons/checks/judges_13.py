"""Chapter 13, what it learned: how the answers are judged."""

import torch
from torch import nn

from .advice import MISFIT
from .expect import made
from .mistakes_13 import NORMALISED, STILL
from .mistakes_13_grad import GRAD_CAMS


def _as_it_was(given, kept, expect):
    expect.true(
        "what was passed in stays as it was",
        all(map(torch.equal, given, kept)),
        got="a changed argument",
        expected="a new tensor",
        hint="An operation in place, such as `mul_`, `zero_` or `*=`, changes the "
        "argument. Make a new tensor: `a * b`, `torch.zeros_like(a)`.",
    )


# 13.2 ------------------------------------------------------------------------------


ROWS = (
    "`flatten(1)` makes one row of each filter, whatever its shape; "
    "`reshape(weight.shape)` undoes it."
)


def check_filter_normalised(answer, expect):
    for name, shape in [
        ("a convolution, 5×4×3×3", (5, 4, 3, 3)),
        ("a linear layer, 4×6", (4, 6)),
    ]:
        weight = torch.randn(shape) * torch.rand(shape[0], *[1] * (len(shape) - 1)) * 3
        direction = torch.randn(shape)
        kept = direction.clone(), weight.clone()
        expect.trying(name, errors=[(f"2-tuple|{MISFIT}", ROWS)])
        expect.close(
            "the direction",
            answer(direction, weight),
            _normalised(*kept),
            hint="Divide each filter of `direction` by its own length, and multiply "
            "by the length of the same filter of `weight`.",
            mistakes=made(NORMALISED, *kept),
        )
        _as_it_was((direction, weight), kept, expect)
    weight, direction = torch.rand(6) + 0.5, torch.randn(6)
    kept = direction.clone(), weight.clone()
    expect.trying(
        "a bias, 6 numbers",
        hint="A tensor with one axis has no filters to measure: look at "
        "`weight.dim()` first.",
    )
    expect.close(
        "the direction",
        answer(direction, weight),
        torch.zeros(6),
        hint="Where `weight` has one axis the net does not move: "
        "`torch.zeros_like(weight)`.",
        mistakes=made(STILL, *kept),
    )
    _as_it_was((direction, weight), kept, expect)


def _normalised(direction, weight):
    ratio = [w.norm() / d.norm() for d, w in zip(direction, weight, strict=True)]
    return torch.stack([d * r for d, r in zip(direction, ratio, strict=True)])


# 13.3 ------------------------------------------------------------------------------


ERRORS = [
    (
        "NoneType",
        "A tensor inside a graph keeps no `.grad`. Which function of `torch.autograd` "
        "returns a gradient?",
    ),
    ("'tuple'", "`torch.autograd.grad` returns a tuple with one tensor: unpack it."),
    (
        "to not have been used",
        "The graph knows `features` itself, no detached copy.",
    ),
    (
        "only for scalar outputs",
        "A gradient is that of one number, and `scores` holds several.",
    ),
    (
        "through the graph a second time",
        "The graph is gone after the first gradient. One is enough for all pictures.",
    ),
    (
        "leaf Variable|an inplace operation",
        "Something writes into `features`. `a * b` makes a new tensor, `*=` does not.",
    ),
    (
        MISFIT,
        "The weights are (B, K), `features` is (B, K, h, w): the first need two more "
        "axes.",
    ),
]


def check_grad_cam(answer, expect):
    before, after = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, padding=1)

    def scored(features):
        return after(features).tanh().mean((2, 3))[:, 0] * 100

    for name, start, layer in [
        ("features of their own, 3 pictures", torch.randn(3, 4, 5, 6), None),
        ("features out of a convolution, 1 picture", torch.randn(1, 3, 6, 4), before),
    ]:
        features = layer(start) if layer else start.requires_grad_()
        scores = scored(features)
        (gradients,) = torch.autograd.grad(
            scores.sum(), features, retain_graph=True
        )  # the learner's call comes next
        expect.trying(name, errors=ERRORS)
        fixed = features.detach().clone()
        weights = gradients.mean((2, 3), keepdim=True)
        expect.close(
            "the maps",
            answer(features, scores),
            (weights * fixed).sum(1).relu(),
            hint="Weights: the mean of the gradients over the places. Map: the sum "
            "over channels of weight times feature, and of that the ReLU.",
            mistakes=made(GRAD_CAMS, fixed, gradients),
        )
        _as_it_was([features], [fixed], expect)

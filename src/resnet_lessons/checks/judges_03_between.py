"""Chapter 3, average pooling: how a pool between mean and maximum is judged."""

import math

import torch

from .expect import made
from .kept import unchanged

PLACES = (2, 3)


def _pool(x, r):
    """The formula with the largest value taken out of the sum, in double precision."""
    t = r * x.double()
    most = t.amax(PLACES, keepdim=True)
    return ((t - most).exp().mean(PLACES).log() + most[:, :, 0, 0]) / r


MISTAKES = [
    (
        lambda x, r: _pool(x, r).squeeze(),
        "`squeeze()` takes away every axis of length 1, that of a single image too: "
        "`flatten(1)`, or `squeeze((2, 3))`.",
    ),
    (
        lambda x, r: _pool(x, r) + math.log(x[0, 0].numel()) / r,
        "That is the logarithm of the sum. That of the mean is smaller by ln(H·W), "
        "before you divide by r.",
    ),
    (
        lambda x, r: (
            _pool(x, r) + math.log(x[0, 0].numel()) / r - math.log(x[0, 0].numel())
        ),
        "ln(H·W) belongs inside the bracket: it is divided by r, too.",
    ),
    (
        lambda x, r: _pool(x, r) * r,
        "The 1/r in front is missing.",
    ),
    (
        lambda x, r: _pool(x, r) - x.amax(PLACES),
        "The largest value was taken out of the sum and never added back.",
    ),
    (
        lambda x, r: _pool(x, r) + (r - 1) * x.amax(PLACES),
        "What was taken out of the sum is the largest r·x. When you add it back, "
        "divide it by r, too.",
    ),
    (
        lambda x, r: _pool(x, r) - x.amax(PLACES) + x.amax(PLACES, keepdim=True),
        "(B, C) and (B, C, 1, 1) do not add up place by place. Take the two axes of "
        "length 1 away from the maximum before you add it back.",
    ),
    (
        lambda x, r: _pool(x, 1),
        "The r in the exponent, or the one in front, is missing: what you have is the "
        "value for r = 1.",
    ),
    (
        lambda x, r: _pool(x, 1) / r,
        "The r in the exponent is missing.",
    ),
    (
        lambda x, r: _pool(x, r)[:, :, None, None],
        "The values are right, but two axes of length 1 are left. Drop `keepdim`, or "
        "flatten them away.",
    ),
    (
        lambda x, r: (r * x).softmax(3).mean(PLACES),
        "A softmax gives shares. Take the logarithm of a mean of powers.",
    ),
    (
        lambda x, r: x.double().mean(PLACES),
        "That is the mean: the end for small r.",
    ),
    (
        lambda x, r: x.double().amax(PLACES),
        "That is the maximum: the end for large r.",
    ),
    (
        lambda x, r: _pool(x.flatten(1)[:, None, None], r)[:, 0],
        "One value per image: the channels got mixed. Sum over height and width only.",
    ),
]


STEPS = (
    "Powers first, then their mean over the grid, then the logarithm, then 1/r. Take H "
    "and W from `x.shape`."
)
SIZES = (
    "Here exp(r·x) is too large or too small for a float. Take the largest r·x of each "
    "channel out of the sum first. (The maximum alone is not near enough.)"
)
WRITES = "Something writes into x, such as `x *= r`. Make a new tensor: `r * x`."


def check_log_sum_exp_pool(answer, expect):
    sizes = [(2, 3, 4, 5), (1, 7, 33, 47), (4, 6, 1, 1), (3, 2, 5, 4)]
    for shape, r in zip(sizes, (0.5, 3, 2, 0.1), strict=True):
        _value(answer, torch.randn(shape), r, "", expect, STEPS, MISTAKES)
    for size in (1000, -1000):  # of whose powers a float makes inf, and 0
        x = torch.rand(2, 3, 4, 5) * size + size / 2
        words = f", from {x.min():.0f} to {x.max():.0f}"
        _value(answer, x, 4, words, expect, SIZES)
        _value(answer, torch.full_like(x, size), 4, f", all {size}", expect, SIZES)
    _gradient(answer, torch.randn(2, 3, 4, 5), "", expect)
    _gradient(answer, x, words, expect)


def _value(answer, x, r, words, expect, hint, mistakes=()):
    expect.trying(f"r = {r}, x of shape {'×'.join(map(str, x.shape))}{words}")
    given = x.clone()
    expect.close(
        "one value per image and channel",
        answer(given, r),
        _pool(x, r),
        hint=hint,
        mistakes=made(mistakes, x, r),
        atol=1e-4,
    )
    unchanged(given, x, expect, WRITES)


def _gradient(answer, x, words, expect):
    expect.trying(
        f"the gradient of the sum of the values, r = 2, x of shape 2×3×4×5{words}"
    )
    x = x.clone().requires_grad_()
    y, reached = answer(x, 2), None
    if y.requires_grad:
        (reached,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
    expect.true(
        "it reaches x",
        reached is not None,
        got="none",
        expected="a gradient for each place",
        hint="Stay in torch: `.item()`, `.detach()`, numpy and `no_grad` cut the "
        "gradient, and the layers below would not learn.",
    )
    expect.close(
        "the gradient at x",
        reached,
        (2 * x.detach()).flatten(2).softmax(2).reshape(x.shape),
        hint="The gradient at a place is its exp(r·x), divided by the sum over its "
        "channel. If you take the largest value out of the sum, add it back with its "
        "gradient, or detach it in both places. `nan` comes from an `inf` on the way, "
        "even if it is replaced.",
    )

"""Chapter 11, a whole pipeline: how a comparison of two nets is judged."""

import math

import torch

from .advice import MISFIT
from .expect import made

ERRORS = [
    (
        "Got: Bool|Subtraction, the `-` operator|numpy boolean subtract",
        "`True` and `False` cannot be subtracted or averaged: `.double()` makes "
        "numbers of them.",
    ),
    (
        "Got: Long|only support floating",
        "PyTorch takes mean and variance of floats only: `.double()`.",
    ),
    (MISFIT, "All three have the shape (N,), and so has `first == labels`."),
]


def check_compare(answer, expect):
    for what, both, only_first, only_second, neither in [
        ("the first net is right more often", 60, 20, 8, 32),
        ("the second is right more often", 30, 5, 21, 44),
        ("two good nets, 1,000 pictures", 940, 18, 12, 30),
        ("equally good, other mistakes", 10, 15, 15, 10),
        ("the same answers", 7, 0, 0, 3),
    ]:
        case = pictures(both, only_first, only_second, neither)
        expect.trying(what, errors=ERRORS)
        got = answer(*(tensor.clone() for tensor in case))
        pair = expect.pair(got, "difference, error")
        counts = both, only_first, only_second, neither
        for name, got, place in zip(PARTS, pair, range(2), strict=True):
            expect.written(name, got, pair, "a number")
            want = by_counts(*counts)[place]
            expect.number(
                name,
                0.0 if want == 0 and _nearly_zero(got) else got,
                want,
                hint=NAN if _is_nan(got) else HINTS[place],
                mistakes=made(MISTAKES[place], *counts),
            )


PARTS = ["the difference of the accuracies", "its standard error"]
HINTS = [
    "The share of pictures that the first net gets right, minus that of the second.",
    "The difference is a mean over the N pictures of one number each. Its standard "
    "error is that of such a mean.",
]
NAN = (
    "Rounding took what is under the root below 0. Go picture by picture, or take "
    "`max(…, 0)` of it."
)


def pictures(both, only_first, only_second, neither):
    """Predictions of two nets and labels, in no order, with these counts."""
    count = both + only_first + only_second + neither
    labels = torch.randint(10, (count,))
    hits = [
        [True] * both + [True] * only_first + [False] * (only_second + neither),
        [True] * both + [False] * only_first + [True] * only_second + [False] * neither,
    ]
    order = torch.randperm(count)
    wrong = ((labels + torch.randint(1, 10, (count,))) % 10 for _ in hits)
    predicted = [
        torch.where(torch.tensor(hit)[order], labels, other)
        for hit, other in zip(hits, wrong, strict=True)
    ]
    return *predicted, labels


def by_counts(both, only_first, only_second, neither):
    """The difference and its standard error, from the four counts."""
    n = both + only_first + only_second + neither
    difference = (only_first - only_second) / n
    return difference, math.sqrt(((only_first + only_second) / n - difference**2) / n)


def _is_nan(value) -> bool:
    """Whether it is what a root of less than 0 gives; Python's own is complex."""
    try:
        return isinstance(value, complex) or bool(value != value)
    except Exception:  # an array of several numbers
        return False


def _nearly_zero(value) -> bool:
    """Whether rounding may have left it of a real 0."""
    try:
        return not isinstance(value, complex) and bool(abs(value) < 1e-4)
    except Exception:  # no number, or more than one
        return False


def _difference(both, only_first, only_second, neither):
    return by_counts(both, only_first, only_second, neither)[0]


def _own_error(right, count):
    """The standard error of one net's accuracy."""
    return math.sqrt(right / count * (1 - right / count) / count)


DIFFERENCES = [
    (
        lambda b, f, s, n: abs(_difference(b, f, s, n)),
        "The sign is lost. Where the second net is better, the number is negative.",
    ),
    (
        lambda b, f, s, n: -_difference(b, f, s, n),
        "The sign: it is the first net's accuracy minus that of the second.",
    ),
    (
        lambda b, f, s, n: f - s,
        "That is a number of pictures. Divide by N.",
    ),
    (
        lambda b, f, s, n: 100 * _difference(b, f, s, n),
        "Those are points. Return a share, from -1 to 1.",
    ),
    (
        lambda b, f, s, n: (f + s) / (b + f + s + n),
        "That is the share of pictures that only one net gets right, whichever it is.",
    ),
    (
        lambda b, f, s, n: (b + f) / (b + f + s + n),
        "That is the accuracy of the first net alone.",
    ),
]
ERRORS_MADE = [
    (
        lambda b, f, s, n: math.hypot(
            _own_error(b + f, b + f + s + n), _own_error(b + s, b + f + s + n)
        ),
        "That is the error for two nets tested on different pictures. Here a picture "
        "that both get right moves both accuracies, and their difference not at all.",
    ),
    (
        lambda b, f, s, n: math.sqrt((f + s) / (b + f + s + n) ** 2),
        "Nearly: that supposes that the nets are equally good. A variance is the mean "
        "of the squares minus the square of the mean.",
    ),
    (
        lambda b, f, s, n: math.sqrt((f + s) / 2 / (b + f + s + n) ** 2),
        "That is the spread of one of two nets around both. Of the difference of two "
        "the variance is larger: go picture by picture.",
    ),
    (
        lambda b, f, s, n: (
            by_counts(b, f, s, n)[1] * math.sqrt(1 + 1 / (b + f + s + n - 1))
        ),
        "The variance was divided by N - 1. Here N is asked for: `correction=0`.",
    ),
    (
        lambda b, f, s, n: by_counts(b, f, s, n)[1] * math.sqrt(b + f + s + n),
        "That is the spread of single pictures. That of the mean of N is smaller, by "
        "the root of N.",
    ),
    (
        lambda b, f, s, n: by_counts(b, f, s, n)[1] / math.sqrt(b + f + s + n),
        "Divide by the root of N.",
    ),
    (
        lambda b, f, s, n: by_counts(b, f, s, n)[1] ** 2,
        "That is the variance. Take its root.",
    ),
    (
        lambda b, f, s, n: _own_error(b + f, b + f + s + n),
        "That is the error of the first net's accuracy. Return that of the difference.",
    ),
    (
        lambda b, f, s, n: 2 * by_counts(b, f, s, n)[1],
        "Those are two standard errors. One is asked for.",
    ),
]
MISTAKES = [DIFFERENCES, ERRORS_MADE]

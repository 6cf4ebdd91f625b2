"""Appendix C: mistakes in putting shares together, each with its hint."""

from collections.abc import Callable

import torch

# Rows, the means of R shares, and the sizes of these, as what they are not: the mean
# of all. (R, ...), (R,) -> (...)
COMBINED = {
    "plain": lambda rows, sizes: rows.mean(0),
    "sum": lambda rows, sizes: rows.sum(0),
    "undivided": lambda rows, sizes: _weigh(rows, sizes),
    "by shares": lambda rows, sizes: _weigh(rows, sizes) / len(rows),
    "twice": lambda rows, sizes: _weigh(rows, sizes / sizes.sum()) / len(rows),
    "unweighted": lambda rows, sizes: rows.sum(0) / sizes.sum(),
    "of means": lambda rows, sizes: _weigh(rows, 1 / sizes),
    "upside down": lambda rows, sizes: _weigh(rows, 1 / sizes) / (1 / sizes).sum(),
    "largest": lambda rows, sizes: _weigh(rows, sizes / sizes.max()),
    "first": lambda rows, sizes: rows[0],
    "last": lambda rows, sizes: rows[-1],
    "two": lambda rows, sizes: _weigh(rows[:2], sizes[:2]) / sizes[:2].sum(),
    "two of all": lambda rows, sizes: _weigh(rows[:2], sizes[:2]) / sizes.sum(),
    "nothing": lambda rows, sizes: torch.zeros_like(rows[0]),
}


def _weigh(rows, weights):
    return torch.tensordot(weights, rows, 1)


def named(hints: dict[str, str]) -> list[tuple[Callable, str]]:
    """Give the mistakes of these names their hints."""
    return [(COMBINED[name], hint) for name, hint in hints.items()]


# Averaged gradients.
TWO = "Only the first two processes are in it. There may be more: go through all."
AVERAGES = named(
    {
        "plain": "That is the plain mean of the processes: a picture in a small share "
        "counts more than one in a large share. Weight each process by its count.",
        "sum": "That is the sum of the processes. A mean over all pictures is wanted.",
        "undivided": "That is the sum over all pictures. Divide it by their number, "
        "`sum(counts)`.",
        "by shares": "Multiplied by the counts these are sums over pictures: divide by "
        "the number of pictures, not of processes.",
        "twice": "The weights add up to 1 already: add the processes up, and do not "
        "divide by their number, too.",
        "unweighted": "Divided by all pictures, but each process gives a mean, not a "
        "sum: multiply it by its count first.",
        "of means": "Each process was divided by its count, but its gradient is that "
        "of a mean already. Multiply by the count: that is the sum over its pictures.",
        "upside down": "The weights are the wrong way round: a larger share has to "
        "weigh more.",
        "largest": "The weights do not add up to 1: divide by the sum of the counts, "
        "not by the largest.",
        "first": "That is the gradient of process 0 alone. Is a `return` inside of a "
        "loop?",
        "last": "That is the gradient of the last process alone. Add up all of them.",
        "two": TWO,
        "two of all": TWO,
        "nothing": "All is 0. Did `//` or `int` cut the weights off? "
        "`count / sum(counts)` is less than 1.",
    }
)

# Means of channels.
MEANS = named(
    {
        "plain": "That is the plain mean of the shares. Weight each by its count: a "
        "larger share has more to say.",
        "sum": "That is the sum of the shares' means.",
        "undivided": "That is the sum of all values. Divide it by their number, "
        "`counts.sum()`.",
        "by shares": "Multiplied by the counts these are sums of values: divide by the "
        "number of values, not of shares.",
        "twice": "The weights add up to 1 already: add the shares up, and do not "
        "divide by their number, too.",
        "unweighted": "Multiply each mean by its count before you divide by the number "
        "of all values.",
        "upside down": "The weights are the wrong way round: a larger share has to "
        "weigh more.",
        "first": "That is the mean of the first share alone.",
        "last": "That is the mean of the last share alone.",
        "two": "Only the first two shares are in it. There may be more.",
        "nothing": "All is 0. Did `//` cut the weights off? Each of them is below 1.",
    }
)


# Variances of channels: of means, variances, counts, (R, C), (R, C), (R,).
def _whole(rows, counts):
    """The mean of all values, from the means of the shares."""
    return _weigh(rows, counts / counts.sum())


def _right(means, variances, counts):
    squares = (means - _whole(means, counts)).square()
    return _whole(variances + squares, counts)


# The two parts of the variance, and what the means are compared with: each in the right
# way, without a hint, and in wrong ones.
INSIDE = {
    "": _whole,
    "The variances are averaged as if all shares were of one size: weight them by "
    "their counts.": lambda v, counts: v.mean(0),
    "The variances are added up: take their weighted mean.": lambda v, counts: v.sum(0),
    "The variances of the shares are missing: add their weighted mean.": (
        lambda v, counts: torch.zeros_like(v[0])
    ),
}
OUTSIDE = {
    "": lambda d, counts: _whole(d.square(), counts),
    "How far apart the means are is missing: add the weighted mean of (μ_r − μ)². "
    "Unless each is squared, these distances add up to 0.": (
        lambda d, counts: torch.zeros_like(d[0])
    ),
    "The squared distances (μ_r − μ)² are averaged as if all shares were of one size: "
    "weight them by their counts.": lambda d, counts: d.square().mean(0),
    "The squared distances (μ_r − μ)² are added up and divided by one less than the "
    "number of shares: take their weighted mean.": (
        lambda d, counts: d.square().sum(0) / (len(d) - 1)
    ),
    "The squared distances (μ_r − μ)² are added up: take their weighted mean.": (
        lambda d, counts: d.square().sum(0)
    ),
    "The distances of the means are not squared: (μ_r − μ)².": (
        lambda d, counts: _whole(d.abs(), counts)
    ),
}
AROUND = {
    "": _whole,
    "The distances of the means are taken from the plain mean of the shares: take them "
    "from the mean of all values.": lambda means, counts: means.mean(0),
}


def _in_parts(inside, outside, around):
    def wrong(means, variances, counts):
        distances = means - around(means, counts)
        return inside(variances, counts) + outside(distances, counts)

    return wrong


VARIANCES = [
    (
        _in_parts(INSIDE[inside], OUTSIDE[outside], AROUND[around]),
        " ".join(filter(None, (inside, outside, around))),
    )
    for around in AROUND
    for inside in INSIDE
    for outside in OUTSIDE
    if inside or outside or around
] + [
    (
        lambda m, v, n: _right(m, v, n).sqrt(),
        "That is the root of the variance, the standard deviation.",
    ),
    (
        lambda m, v, n: _right(m, v, n) * n.sum(),
        "Those are sums of squared distances. Divide by the number of all values.",
    ),
    (
        lambda m, v, n: _right(m, v, n) * n.sum() / len(n),
        "Sums of squared distances are divided by the number of shares. Divide by the "
        "number of all values.",
    ),
    (
        lambda m, v, n: -_right(m, v, n),
        "The sign: a variance is never below 0.",
    ),
    (
        lambda m, v, n: _right(m, v, n) * n.sum() / (n.sum() - 1),
        "You divided by one less than the number of values. Here a variance is divided "
        "by the number itself.",
    ),
    (
        lambda m, v, n: _right(m, v * (n[:, None] - 1) / n[:, None], n),
        "The given variances were multiplied by one less than their count. They were "
        "divided by the count itself.",
    ),
    (
        lambda m, v, n: (
            _right(m, v * (n[:, None] - 1) / n[:, None], n) * n.sum() / (n.sum() - 1)
        ),
        "That is for variances divided by one less than the number of values. Here "
        "all of them are divided by the number itself.",
    ),
    (
        lambda m, v, n: _weigh(v, n - 1) / (n.sum() - len(n)),
        "That is the pooled variance inside of the shares. How far apart the means are "
        "is missing, and one is subtracted from every count.",
    ),
    (
        lambda m, v, n: _whole(v + m.square(), n),
        "That is the mean of the squares. It is measured from 0, not from the mean.",
    ),
    (
        lambda m, v, n: _right(m, torch.zeros_like(v), n) + _whole(v.sqrt(), n) ** 2,
        "Standard deviations are averaged. Average the variances, their squares.",
    ),
    (
        lambda m, v, n: _whole(v.sqrt(), n) ** 2,
        "Standard deviations are averaged, and how far apart the means are is missing.",
    ),
    (
        lambda m, v, n: _weigh(v, (n / n.sum()).square()),
        "The weights are squared, as for the variance of a sum of independent numbers. "
        "Here sets of values are put together, and nothing is added to anything.",
    ),
]

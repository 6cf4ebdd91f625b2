"""The checks of appendix C name the mistake that was made."""

import numpy as np
import pytest
import torch

from resnet_lessons import checks
from wrong_answers import ANSWERS, explained, hint_of, passes

# C.1 -------------------------------------------------------------------------------


def in_place(gradients, counts):
    for own, count in zip(gradients, counts, strict=True):
        for tensor in own:
            tensor *= count / sum(counts)
    return [sum(owns) for owns in zip(*gradients, strict=True)]


def into_the_first(gradients, counts):
    gradients[0][:] = ANSWERS["C.1"](gradients, counts)
    return gradients[0]


def of_two(gradients, counts):
    return ANSWERS["C.1"](gradients[:2], counts[:2])


def in_a_row(gradients, counts):
    return torch.cat([one.flatten() for one in ANSWERS["C.1"](gradients, counts)])


def of_each_process(gradients, counts):
    return [sum(map(torch.sum, own)) for own in gradients]


def one_by_one(gradients, counts):
    yield from ANSWERS["C.1"](gradients, counts)


def added_lists(gradients, counts):
    return [*gradients[0], *gradients[1]]


def scaled_lists(gradients, counts):
    return [
        own * (count / sum(counts))
        for own, count in zip(gradients, counts, strict=True)
    ]


def in_a_stack(gradients, counts):
    return [torch.stack(owns) for owns in zip(*gradients, strict=True)]


def added_up(gradients, counts):
    return [one.sum() for one in ANSWERS["C.1"](gradients, counts)]


SHARE = "count / total * own"
AVERAGES = [
    ([(SHARE, "own / len(counts)")], "plain mean of the processes"),
    ([(SHARE, "own")], "the sum of the processes"),
    ([(SHARE, "count * own")], "Divide it by their number"),
    ([(SHARE, "count * own / len(counts)")], "not of processes"),
    ([(SHARE, f"{SHARE} / len(counts)")], "add up to 1 already"),
    ([(SHARE, "own / total")], "multiply it by its count first"),
    ([(SHARE, "own / count")], "is that of a mean already"),
    ([(SHARE, "own / count / sum(1 / c for c in counts)")], "wrong way round"),
    ([("sum(counts)", "max(counts)")], "not by the largest"),
    ([("count / total", "count // total")], "All is 0"),
    ([(SHARE, f"count / count * {SHARE}")], "A count may be 0"),
    ([(SHARE, f"torch.tensor(count) / count * {SHARE}")], "A count may be 0"),
    ([(SHARE, "count**2 * own / sum(c**2 for c in counts)")], "weighs as much as"),
    ([("zip(*gradients, strict=True)", "gradients")], "differ in shape"),
    ([("    return", "    counts.reverse()\n    return")], "into what is given"),
    (lambda gradients, counts: gradients[0], "process 0 alone"),
    (lambda gradients, counts: gradients[-1], "the last process alone"),
    (lambda gradients, counts: torch.stack(gradients), "differ in shape"),
    (lambda gradients, counts: [0.5] * 4, "one tensor of PyTorch for each"),
    (in_place, "into what is given"),
    (into_the_first, "into what is given"),
    (of_two, "first two processes"),
    (in_a_row, "in its shape, in a list"),
    (of_each_process, "As many as there are processes"),
    (one_by_one, "`list(…)`"),
    (added_lists, "joins lists"),
    (scaled_lists, "differ in shape"),
    (in_a_stack, "lie side by side"),
    (added_up, "over nothing else"),
]

test_a_wrong_average_is_explained = explained("C.1", AVERAGES)


def by_numpy(gradients, counts):
    return [
        torch.from_numpy(np.average(np.stack(owns), axis=0, weights=counts))
        for owns in zip(*gradients, strict=True)
    ]


def by_einsum(gradients, counts):
    weights = torch.tensor(counts) / sum(counts)
    stacks = map(torch.stack, zip(*gradients, strict=True))
    return tuple(torch.einsum("r,r...->...", weights, stack) for stack in stacks)


def in_its_own_tensors(gradients, counts):
    total = [torch.zeros_like(one) for one in gradients[0]]
    for own, count in zip(gradients, counts, strict=True):
        for one, more in zip(total, own, strict=True):
            one.add_(more, alpha=count)
    return [one.div_(sum(counts)) for one in total]


def as_it_comes(gradients, counts):
    """The mean so far, moved by each process that has pictures."""
    seen, mean = 0, [0 * one for one in gradients[0]]
    for own, count in zip(gradients, counts, strict=True):
        seen += count
        step = count / max(seen, 1)
        mean = [m.lerp(one, step) for m, one in zip(mean, own, strict=True)]
    return mean


@pytest.mark.parametrize(
    "answer", [by_numpy, by_einsum, in_its_own_tensors, as_it_comes]
)
def test_another_way_to_average_passes(answer):
    passes("C.1", answer)


def test_an_average_with_a_gap_is_not_attempted():
    assert not checks.check("C.1", lambda gradients, counts: ...).attempted


# C.2 -------------------------------------------------------------------------------

WEIGHTS = "(counts / counts.sum())[:, None]"
MEAN = "(weights * means).sum(0)"
INSIDE = "(weights * (variances + between)).sum(0)"
BETWEEN = "(means - mean).square()"
N = "counts.sum()"
MERGED = [
    ([(MEAN, "means.mean(0)")], "plain mean of the shares"),
    ([(MEAN, "means.sum(0)")], "sum of the shares' means"),
    ([(MEAN, "counts @ means")], "Divide it by their number"),
    ([(MEAN, "counts @ means / len(counts)")], "not of shares"),
    ([(MEAN, f"{MEAN} / len(counts)")], "add up to 1 already"),
    ([(MEAN, f"means.sum(0) / {N}")], "Multiply each mean by its count"),
    ([(MEAN, "(means / counts[:, None]).sum(0) / (1 / counts).sum()")], "way round"),
    ([(MEAN, "means[0]")], "the first share alone"),
    ([(MEAN, "means[-1]")], "the last share alone"),
    ([(MEAN, "counts[:2] @ means[:2] / counts[:2].sum()")], "Only the first two"),
    ([("counts / counts", "counts // counts")], "Did `//` cut"),
    ([(MEAN, "(weights * means).sum(0, True)")], "One number for each channel"),
    ([("[:, None]", "")], "multiplies row by row"),
    ([("return mean, ", "return ")], "`return mean, variance`"),
    ([(f"mean, {INSIDE}", f"{INSIDE}, mean")], "The two are swapped"),
    ([(f"mean, {INSIDE}", f"mean, {INSIDE}.tolist()")], "Return a tensor"),
    ([(f"mean, {INSIDE}", "mean, ...")], "still waits"),
    ([(INSIDE, "(weights * variances).sum(0)")], "How far apart the means are is"),
    ([(".square()", "")], "Unless each is squared"),
    ([(".square()", ".abs()")], "are not squared"),
    ([(INSIDE, "variances.mean(0)")], "The variances are averaged as if"),
    ([(INSIDE, "variances.mean(0) + (weights * between).sum(0)")], "by their counts."),
    ([(INSIDE, "variances.sum(0)")], "The variances are added up"),
    ([(INSIDE, "(weights * between).sum(0)")], "of the shares are missing"),
    ([(INSIDE, "(weights * variances).sum(0) + between.mean(0)")], "(μ_r − μ)² are av"),
    ([(INSIDE, "(weights * variances).sum(0) + between.sum(0)")], "(μ_r − μ)² are add"),
    ([(INSIDE, "(weights * variances).sum(0) + means.var(0, correction=0)")],
     "from the plain mean of the shares"),
    ([(INSIDE, "(weights * variances).sum(0) + means.var(0)")], "one less than the"),
    ([("means - mean", "means - means.mean(0)")], "from the plain mean of the shares"),
    ([(INSIDE, f"{INSIDE}.sqrt()")], "the root of the variance"),
    ([(INSIDE, f"-{INSIDE}")], "never below 0"),
    ([(INSIDE, "counts @ (variances + between)")], "Those are sums of squared"),
    ([(INSIDE, "counts @ (variances + between) / len(counts)")], "number of shares. D"),
    ([(INSIDE, f"counts @ (variances + between) / ({N} - 1)")], "by the number itself"),
    ([(INSIDE, f"((counts - 1) @ variances + counts @ between) / {N}")],
     "were multiplied by one less"),
    ([(INSIDE, f"((counts - 1) @ variances + counts @ between) / ({N} - 1)")],
     "for variances divided by one less"),
    ([(INSIDE, f"(counts - 1) @ variances / ({N} - len(counts))")], "pooled variance"),
    ([(INSIDE, "(weights * (variances + means**2)).sum(0)")], "measured from 0"),
    ([(INSIDE, "(weights * variances.sqrt()).sum(0) ** 2")], "Standard deviations"),
    ([(INSIDE, "(weights**2 * variances).sum(0)")], "The weights are squared"),
    ([(INSIDE, "(weights * (variances + means**2)).sum(0) - mean**2")], "is rounding"),
    ([(INSIDE, "((weights * (variances + means**2)).sum(0) - mean**2).clamp(0)")],
     "is rounding"),
    ([("variances + between", "variances * (counts / (counts - 1) * (counts - 1) / "
       "counts)[:, None] + between")], "one value only"),
    ([(BETWEEN, "means.sub_(mean).square_()")], "into what is given"),
    ([("    weights", "    counts /= counts.sum()\n    weights")], "what is given"),
]  # fmt: skip

test_a_wrong_merge_is_explained = explained("C.2", MERGED)


def test_rounding_is_named_even_where_nothing_is_left():
    def merge(means, variances, counts):
        mean, variance = ANSWERS["C.2"](means, variances, counts)
        return mean, variance * (mean.abs() < 100)

    assert "is rounding" in hint_of("C.2", merge)


def one_share_after_the_other(means, variances, counts):
    mean, variance, seen = means[0], variances[0], counts[0]
    for m, v, n in zip(means[1:], variances[1:], counts[1:], strict=True):
        step, apart = n / (seen + n), m - mean
        variance = (1 - step) * variance + step * v + step * (1 - step) * apart**2
        mean, seen = mean + step * apart, seen + n
    return mean, variance


def in_double_precision(means, variances, counts):
    """Here the mean of the squares minus the square of the mean is good enough."""
    means, variances, counts = means.double(), variances.double(), counts.double()
    weights = counts / counts.sum()
    mean = weights @ means
    return [mean, weights @ (variances + means**2) - mean**2]


def from_the_first_mean(means, variances, counts):
    far, weights = means - means[0], counts / counts.sum()
    mean = weights @ far
    return means[0] + mean, weights @ (variances + far**2) - mean**2


def of_pairs(means, variances, counts):
    weights = counts / counts.sum()
    apart = (means[:, None] - means).square()
    between = torch.einsum("r,s,rsc->c", weights, weights, apart) / 2
    return weights @ means, weights @ variances + between


def with_numpy(means, variances, counts):
    m, v, n = means.numpy(), variances.numpy(), counts.numpy()
    mean = np.average(m, axis=0, weights=n)
    spread = np.average(v + (m - mean) ** 2, axis=0, weights=n)
    return torch.tensor(mean), torch.tensor(spread)


OTHER_MERGES = [one_share_after_the_other, in_double_precision, from_the_first_mean]


@pytest.mark.parametrize("answer", [*OTHER_MERGES, of_pairs, with_numpy])
def test_another_way_to_merge_passes(answer):
    passes("C.2", answer)


def test_a_merge_with_two_gaps_is_not_attempted():
    assert not checks.check("C.2", lambda *shares: (..., ...)).attempted

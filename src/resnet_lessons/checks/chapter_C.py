"""Appendix C, more than one GPU: the exercises and their reference answers."""

from .exercise import Exercise
from .judges_C import check_averaged, check_merge


def averaged(gradients, counts):
    total = sum(counts)
    return [
        sum(count / total * own for count, own in zip(counts, owns, strict=True))
        for owns in zip(*gradients, strict=True)  # of one parameter, all processes
    ]


def merge(means, variances, counts):
    weights = (counts / counts.sum())[:, None]  # (R, 1)
    mean = (weights * means).sum(0)
    between = (means - mean).square()
    return mean, (weights * (variances + between)).sum(0)


EXERCISES = [
    Exercise(
        id="C.1",
        title="Shares of unequal size",
        prompt="""\
The last batch of an epoch seldom divides evenly. `gradients[r]` is a list of tensors,
one for each parameter: the gradient of the mean loss of the `counts[r]` pictures that
process `r` has. Write `averaged(gradients, counts)`, which returns one list of the same
kind: the gradient of the mean loss of *all* pictures. There may be any number of
processes. One may have no pictures: its count is 0 and its gradients are zeros. The
tensors that are given stay as they are.
""",
        starter='''\
def averaged(gradients, counts):
    """A list of tensors from each process, its pictures -> one list of tensors"""
    raise NotImplementedError
''',
        hints=(
            "Multiplied by its count, the mean gradient of a share is the sum over its "
            "pictures. Sums may be added, and the total divided once.",
            "So process `r` has the weight `counts[r] / sum(counts)`.",
            "`zip(*gradients)` goes parameter by parameter, and gives the tensors of "
            "all processes for it.",
        ),
        answer=averaged,
        check=check_averaged,
    ),
    Exercise(
        id="C.2",
        title="Mean and variance in one message",
        prompt="""\
Our `SyncNorm` needs two messages, PyTorch's `nn.SyncBatchNorm` only one: each share
sends what it knows of itself, and the parts are merged. Write
`merge(means, variances, counts)`. In row $r$ of `means` and of `variances`, both
$(R, C)$, are the mean and the variance of each of $C$ channels in share $r$; `counts`,
$(R,)$, says how many values of a channel each share has, at least one. All three are
tensors of floats. Return two tensors of shape $(C,)$: the mean and the variance of all
values together.

A variance is the mean of the squared distances from the mean, as on this page: divided
by the number of values, not by one less. This holds for what is given and for what is
returned. Where the means are large and the spread is small, the result must hold, too.
The tensors that are given stay as they are.
""",
        starter='''\
def merge(means, variances, counts):
    """(R, C), (R, C), (R,) -> (C,), (C,)"""
    mean = ...
    variance = ...
    return mean, variance
''',
        hints=(
            "Both results are means over all values, so each share weighs as much as "
            "it has values. `counts[:, None]` has the shape $(R, 1)$ and multiplies "
            "row by row.",
            "Go from a value $x_i$ to $\\mu$ by way of $\\mu_r$: $x_i - \\mu = (x_i - "
            "\\mu_r) + (\\mu_r - \\mu)$. Square it and take the mean over the share. "
            "The mean of $x_i - \\mu_r$ is 0, so the mixed term drops out.",
            "Of a share, $\\sigma_r^2 + (\\mu_r - \\mu)^2$ is left. The variance of "
            "all is the weighted mean of that.",
        ),
        answer=merge,
        check=check_merge,
    ),
]

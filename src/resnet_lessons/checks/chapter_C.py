"""Appendix C, more than one GPU: the exercises and their reference answers."""

from torch import nn

from .exercise import Exercise
from .judges_C import check_averaged, check_merge
from .judges_C_parts import check_accumulate


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


def accumulate(net, x, y, parts):
    net.zero_grad()
    mean = 0.0
    for pictures, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
        loss = nn.functional.cross_entropy(net(pictures), labels, reduction="sum")
        loss = loss / len(x)  # what this part adds to the mean of all
        loss.backward()
        mean += loss.item()
    return mean


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
    Exercise(
        id="C.3",
        title="One part after the other",
        prompt="""\
With only one GPU a batch that does not fit is split in time: its parts go through the
net one after the other, and their gradients add up. Write
`accumulate(net, x, y, parts)` for pictures `x`, $(B, C, H, W)$, and labels `y`, $(B,)$.

- The batch goes through `net` in at most `parts` parts, none of more than
  $\\lceil B / \\text{parts} \\rceil$ pictures, each picture once. $B$ need not be
  divisible; $1 \\le \\text{parts} \\le B$.
- Only one part may take up memory: before a part goes through the net, the graph of the
  one before must be gone.
- At the end the `.grad` of each parameter is the gradient of the mean cross-entropy of
  the *whole* batch. What stood in `.grad` before the call does not count.
- Return that mean cross-entropy, a number.

The net gives logits, $(B, \\text{classes})$. It has no BatchNorm, and each of its
parameters learns. No step is taken: only `.grad` changes, and `x` and `y` stay as they
are.
""",
        starter='''\
from torch import nn


def accumulate(net, x, y, parts):
    """Fills `.grad`, and returns the mean loss of the batch."""
    raise NotImplementedError
''',
        hints=(
            "`backward()` adds to what stands in `.grad`, and then lets its graph go. "
            "So call it once for each part, and clear `.grad` once, before the first.",
            "The parts may differ in size. Of which loss of a part is the sum over the "
            "parts the mean loss of the batch?",
            '`nn.functional.cross_entropy(…, reduction="sum") / len(x)`. '
            "`x.chunk(parts)` and `y.chunk(parts)` cut both alike.",
        ),
        answer=accumulate,
        check=check_accumulate,
    ),
]

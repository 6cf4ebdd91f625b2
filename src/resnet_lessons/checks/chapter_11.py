"""Chapter 11, a whole pipeline: the exercises and their reference answers."""

import math

import torch

from .exercise import Exercise
from .judges_11 import check_accuracy, check_hold_back
from .judges_11_compare import check_compare
from .judges_11_stop import check_explained_by


def hold_back(labels, share, seed):
    generator = torch.Generator().manual_seed(seed)
    train, valid = [], []
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        count = round(share * len(members))
        valid.append(members[:count])
        train.append(members[count:])
    return torch.cat(train), torch.cat(valid)


def accuracy(net, batches):
    net.eval()
    right, seen = 0, 0
    with torch.no_grad():
        for pictures, labels in batches:
            right += (net(pictures).argmax(1) == labels).sum().item()
            seen += len(labels)
    return right / seen


def explained_by(values, patience, stopped):
    def end(limit, previous=False):
        best, count = -math.inf, 0
        for epoch, value in enumerate(values, 1):
            count = 0 if value > best else count + 1
            best = value if previous else max(best, value)
            if count == limit:
                return epoch

    ends = {
        "best": end(patience),
        "above": end(patience + 1),
        "previous": end(patience, previous=True),
    }
    return [rule for rule, epoch in ends.items() if epoch == stopped]


def compare(first, second, labels):
    gain = (first == labels).double() - (second == labels).double()  # 1, 0 or -1
    error = (gain.var(correction=0) / len(labels)).sqrt()
    return gain.mean().item(), error.item()


EXERCISES = [
    Exercise(
        id="11.1",
        title="Hold some back",
        prompt="""\
Write `hold_back(labels, share, seed)`. From `labels`, a tensor of shape $(N,)$, it
draws which pictures are held back for validation, and returns two tensors of
*positions*: those for training, and those for validation. Each position, `0` to
`len(labels) - 1`, is in exactly one of the two. Of each class `share` is held back,
rounded to the nearest whole number of pictures. The seed decides which: the same seed
always gives the same two sets, another seed others.
""",
        starter='''\
import torch


def hold_back(labels, share, seed):
    """(N,) labels -> positions for training, positions for validation"""
    raise NotImplementedError
''',
        hints=(
            "Go class by class: find the positions of one class, shuffle them, cut "
            "them in two.",
            "`(labels == label).nonzero().flatten()` are the positions of a class, and "
            "`labels.unique()` gives the classes.",
            "`torch.randperm(len(members), generator=generator)` shuffles by a "
            "generator of your own: `torch.Generator().manual_seed(seed)`. Make it "
            "once, before the loop.",
        ),
        answer=hold_back,
        check=check_hold_back,
    ),
    Exercise(
        id="11.2",
        title="Accuracy over batches",
        prompt="""\
Write `accuracy(net, batches)`: the share of all pictures that `net` gets right, a
number from 0 to 1. `batches` is anything that one can loop over once; it gives pairs
of pictures $(B, C, H, W)$ and labels $(B,)$, and the last pair may be smaller than
the others. The net gives logits $(B, \\text{classes})$. Run it as in a test: its batch
normalisation uses running averages, and no graph is recorded for gradients.
""",
        starter="""\
import torch


def accuracy(net, batches):
    return ...
""",
        hints=(
            "Two sums over all batches, those right and those seen; one division at "
            "the end.",
            "`net(pictures).argmax(1) == labels` is `True` where the net is right.",
            "`net.eval()` before the loop, `with torch.no_grad():` around it.",
        ),
        answer=accuracy,
        check=check_accuracy,
    ),
    Exercise(
        id="11.3",
        title="Why did it stop?",
        prompt="""\
A run stopped after epoch `stopped`, and nobody knows which of the three rules in the
page's table was in its code. Write `explained_by(values, patience, stopped)`. `values`
are validation accuracies, one for each epoch, counted from 1; they go on after the
stop, as if there had been none. It returns the names of the rules that would have
stopped the run after just this epoch: a list in any order, perhaps empty. The names:

- `"best"`: `patience` values in a row were no better than the best so far,
- `"above"`: the same with `>` for `>=`, so that the counter has to pass `patience`,
- `"previous"`: `patience` values in a row were no better than the one before.

As good is not better. The first value counts as better. A rule that stops nowhere in
`values` explains nothing, not even a stop at their end.
""",
        starter="""\
def explained_by(values, patience, stopped):
    return ...
""",
        hints=(
            "Turn the question round: after which epoch does each rule stop? Then "
            "compare three numbers with `stopped`.",
            "Each rule is a counter: a better value sets it to 0, any other adds 1. "
            "The rules differ in how far it counts, or in what a value is compared "
            "with.",
            "After each value the one to compare with is `max(best, value)` for two of "
            "the rules, and `value` itself for the third.",
        ),
        answer=explained_by,
        check=check_explained_by,
    ),
    Exercise(
        id="11.4",
        title="Two nets, the same pictures",
        prompt="""\
`first` and `second` are the classes that two nets predicted for the *same* test
pictures, `labels` the true ones; all three are tensors of shape $(N,)$. Write
`compare(first, second, labels)`, which returns two numbers: by how much the accuracy of
the first net exceeds that of the second, as a share from -1 to 1, and the standard
error of this difference. What is hard for one net is often hard for the other, too, so
the two accuracies do not vary independently: go picture by picture. Where one may
divide by $N$ or by $N - 1$, take $N$.
""",
        starter="""\
def compare(first, second, labels):
    difference = ...
    error = ...
    return difference, error
""",
        hints=(
            "Give each picture a number whose mean is the difference of the two "
            "accuracies. Three values are enough.",
            "1 where only the first net is right, -1 where only the second is, 0 where "
            "both or neither are: `(first == labels)` minus `(second == labels)`, as "
            "numbers.",
            "The standard error of a mean of $N$ numbers is $\\sqrt{v / N}$ with their "
            "variance $v$. With these numbers in `gain`, `gain.var(correction=0)` "
            "divides by $N$.",
        ),
        answer=compare,
        check=check_compare,
    ),
]

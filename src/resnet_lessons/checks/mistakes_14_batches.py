"""Chapter 14: evaluations that depend on the batch size, and some that do not."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .broken_14 import load
from .describe import shape_in_words


def _counts(net, pictures, labels, batch_size) -> list[tuple[int, int]]:
    """For each batch: how many are found, and how many there are."""
    net.eval()
    found = []
    with torch.no_grad():
        for start in range(0, len(labels), batch_size):
            wanted = labels[start : start + batch_size]
            classes = net(pictures[start : start + batch_size]).argmax(1)
            if classes.shape != wanted.shape:
                raise ValueError(_shapes(classes, wanted))
            found.append(((classes == wanted).sum().item(), len(wanted)))
    return found


def _shapes(classes, wanted) -> str:
    got, want = map(shape_in_words, (classes.shape, wanted.shape))
    return f"net(batch).argmax(1) has {got}, the labels of the batch have {want}"


def by_counts(rule) -> Callable:
    """An evaluation: a rule for (counts of the batches, size of a batch)."""

    def accuracy(net, pictures, labels, batch_size=64):
        return rule(_counts(net, pictures, labels, batch_size), batch_size)

    return accuracy


def _share(counts) -> float:
    return sum(right for right, _ in counts) / max(1, sum(seen for _, seen in counts))


def _mean(counts, size):
    return sum(right / seen for right, seen in counts) / len(counts)


def _of_full_batches(counts, size):
    return sum(right for right, _ in counts) / (len(counts) * size)


def _whole_batches(counts, size):
    return _share([(right, seen) for right, seen in counts if seen == size])


def at_once(net, pictures, labels, batch_size=64):
    """The share that is found, whatever the size."""
    return _share(_counts(net, pictures, labels, len(labels)))


@dataclass(frozen=True)
class Evaluation:
    """What a test gets; `changes`: the batch size changes what it returns."""

    what: str
    accuracy: Callable
    changes: bool
    uneven: bool = False  # it can be wrong only if the last batch is smaller


REPAIRED, LAST = (load("evaluation", *bugs).accuracy for bugs in [(), ("last-batch",)])
EVALUATIONS = [
    Evaluation("a sound evaluation", by_counts(lambda counts, size: _share(counts)),
               False),
    Evaluation("the page's evaluation, repaired", REPAIRED, False),
    Evaluation("one that counts the last batch alone", LAST, True),
    Evaluation("one that counts the first batch alone",
               by_counts(lambda counts, size: _share(counts[:1])), True),
    Evaluation("the mean of the batches, a smaller one counts as much",
               by_counts(_mean), True, uneven=True),
    Evaluation("one that takes every batch for a full one",
               by_counts(_of_full_batches), True, uneven=True),
    Evaluation("one that leaves out a smaller last batch",
               by_counts(_whole_batches), True, uneven=True),
    Evaluation("a sound one, in percent",
               by_counts(lambda counts, size: 100 * _share(counts)), False),
    Evaluation("a sound one that rounds otherwise for each size, by up to 0.0000001",
               by_counts(lambda counts, size: _share(counts) + 1e-7 / len(counts)),
               False),
    Evaluation("a sound one that takes all pictures at once", at_once, False),
]  # fmt: skip

"""Chapter 11: mistakes in splitting, measuring and stopping, each with its hint."""

import math
from statistics import mean

SIZES = [
    (
        lambda count, held: (held, count - held),
        "The two are swapped: first those for training, then those for validation.",
    ),
    (
        lambda count, held: (count, held),
        "All pictures are in the training set, those held back too. Take them out.",
    ),
    (
        lambda count, held: (count - held, count),
        "All pictures are in the validation set. Only those held back belong there.",
    ),
]
CLASSES = [
    (
        lambda sizes, share: (round(share * sum(sizes)), *[0] * (len(sizes) - 1)),
        "All of them are of one class.",
    ),
]


# Each takes the sizes of the batches and how many are right in each.
ACCURACIES = [
    (
        lambda sizes, right: right[-1] / sizes[-1],
        "That is the accuracy of the last batch alone. Add up over all of them.",
    ),
    (
        lambda sizes, right: right[0] / sizes[0],
        "That is the accuracy of the first batch alone.",
    ),
    (
        lambda sizes, right: mean(r / s for r, s in zip(right, sizes, strict=True)),
        "That is the mean of the batches: a picture in the small last batch counts "
        "more than the others. Add up pictures, and divide once.",
    ),
    (
        lambda sizes, right: sum(right) / (len(sizes) * sizes[0]),
        "The last batch is smaller. Count the pictures that were really seen.",
    ),
    (
        lambda sizes, right: sum(right) / (len(sizes) * sizes[-1]),
        "The batches differ in size. Count the pictures of each.",
    ),
    (
        lambda sizes, right: sum(right) / len(sizes),
        "You divided by the number of batches, not of pictures.",
    ),
    (
        lambda sizes, right: float(sum(right)),
        "That is how many are right. Divide by how many there are.",
    ),
    (
        lambda sizes, right: 100 * sum(right) / sum(sizes),
        "That is in percent. A number from 0 to 1 is asked for.",
    ),
    (
        lambda sizes, right: 0.0,
        "Nothing is left of the share. Does `//` cut the fraction off? Or are scores "
        "compared with labels? `argmax(1)` gives classes.",
    ),
    (
        lambda sizes, right: 1 - sum(right) / sum(sizes),
        "That is the error: the share that is wrong.",
    ),
    (
        lambda sizes, right: sum(r / s for r, s in zip(right, sizes, strict=True)),
        "You added up the accuracies of the batches. Add up pictures.",
    ),
]


def _rule(
    values,
    patience,
    *,
    extra=0,
    ties=False,
    previous=False,
    reset=True,
    base=1,
    first=0,
    lowest=-math.inf,
    margin=0,
):
    """Early stopping by a counter, with one part of the rule at a time got wrong."""
    best, best_epoch, before, bad = lowest, 0, lowest, first
    for epoch, value in enumerate(values, base):
        against = before if previous else best
        better = value >= against if ties else value > against + margin
        before = value
        if better:
            bad = 0 if reset else bad
        else:
            bad += 1
        if value > best + margin or (ties and value == best):
            best, best_epoch = value, epoch
        if bad >= patience + extra:
            return epoch, best_epoch
    return len(values) - 1 + base, best_epoch


def _otherwise(change):
    """The right rule, with `change` of (the values, where it stops, the best epoch)."""
    return lambda values, patience: change(values, *_rule(values, patience))


def _last_of_equal(values, stop, best):
    return stop, max(n for n in range(1, stop + 1) if values[n - 1] == values[best - 1])


def _seen_all(values):
    return values.index(max(values)) + 1


# A hint may rely on the cases before: all that came earlier held.
STOPS = [
    (
        lambda values, patience: _rule(values, patience, lowest=0),
        "The first value is the best so far, even if it is 0: start with a best that "
        "lies below every accuracy, such as `-math.inf`.",
    ),
    (
        lambda values, patience: _rule(values, patience, extra=1),
        "One epoch too late. With `>` the counter has to pass the patience: stop as "
        "soon as it equals it.",
    ),
    (
        lambda values, patience: _rule(values, patience, extra=-1),
        "One epoch too early: do not count the best epoch itself among those without a "
        "better value. Or did you count from 0?",
    ),
    (
        lambda values, patience: _rule(values, patience, base=0),
        "You count epochs from 0. Here the first one is 1.",
    ),
    (
        _otherwise(lambda values, stop, best: (stop, best - 1)),
        "The epoch of the best net is counted from 0. Here the first one is 1.",
    ),
    (
        _otherwise(lambda values, stop, best: (best, stop)),
        "The two numbers are swapped: first where it stops, then the best epoch.",
    ),
    (
        _otherwise(lambda values, stop, best: stop),
        "Return two numbers: where it stops, and the epoch of the best net.",
    ),
    (
        _otherwise(lambda values, stop, best: best),
        "Return two numbers: where it stops, and the epoch of the best net.",
    ),
    (
        _otherwise(_last_of_equal),
        "A later epoch that is as good as the best is not better: keep the first one.",
    ),
    (
        _otherwise(lambda values, stop, best: (stop, stop)),
        "The net that is kept is the best one, not the last one: remember its epoch.",
    ),
    (
        _otherwise(lambda values, stop, best: (stop, values[best - 1])),
        "The second number is the epoch of the best net, not its accuracy.",
    ),
    (
        lambda values, patience: _rule(values, patience, margin=1e-3),
        "Every value above the best counts, however little it is above.",
    ),
    (
        lambda values, patience: _rule([-value for value in values], patience),
        "You wait for a smaller value, as with a loss. Of accuracies the largest is "
        "the best.",
    ),
    (
        lambda values, patience: _rule(values, patience, previous=True),
        "You compare with the epoch before. A value may be better than that one and "
        "still below the best: compare with the best so far.",
    ),
    (
        lambda values, patience: _rule(values, patience, ties=True),
        "As good as the best is not better: `>`, not `>=`.",
    ),
    (
        lambda values, patience: _rule(values, patience, reset=False),
        "The epochs have to be in a row: a new best value starts the count again.",
    ),
    (
        lambda values, patience: (len(values), _rule(values, math.inf)[1]),
        "It never stops early. Count the epochs since the best one.",
    ),
    (
        _otherwise(lambda values, stop, best: (stop, _seen_all(values))),
        "That epoch comes after the stop: it is never trained. Keep the best of the "
        "epochs until then.",
    ),
    (
        lambda values, patience: (
            min(_seen_all(values) + patience, len(values)),
            _seen_all(values),
        ),
        "You took the best of all values. At an epoch only those up to it are known, "
        "and the training may stop before the best.",
    ),
]

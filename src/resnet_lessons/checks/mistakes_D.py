"""Appendix D: mistakes in targets and in learning rates, each with its hint."""

import math

import torch
from torch import Tensor

# Targets ---------------------------------------------------------------------------


def table(labels: Tensor, classes: int, right: float, other: float) -> Tensor:
    """(B,) -> (B, classes), with one value for the right class, another elsewhere."""
    targets = torch.full((len(labels), classes), float(other))
    targets[torch.arange(len(labels)), labels] = float(right)
    return targets


def _two(values):
    """A table of the two `values(classes, share)`: of the right class, of others."""
    return lambda labels, n, share: table(labels, n, *values(n, share))


def _moved(by):
    return lambda labels, n, share: table(
        (labels + by) % n, n, 1 - share + share / n, share / n
    )


def _columns(value):
    """`value` in each column that is the right class of any label."""

    def wrong(labels, n, share):
        targets = torch.full((len(labels), n), share / n)
        targets[:, labels] = value(n, share)
        return targets

    return wrong


def _of_batch(labels, n, share):
    """`share` goes to the classes up to the largest label alike."""
    seen = labels.max().item() + 1
    return table(labels, n, 1 - share + share / seen, share / seen)


def _transposed(labels, n, share):
    return table(labels, n, 1 - share + share / n, share / n).T


TOO_MUCH = (
    "A row adds up to more than one. What all classes get is taken from the right one: "
    "`1 - share` is left of its 1, before it gets its part of `share`."
)
UNDIVIDED = "Every class gets all of `share`. Divide it by the number of classes."
SWAPPED = "Swapped: `share` goes to all classes, the rest to the right one."
EVERY_ROW = (
    "`targets[:, labels]` names these columns of every row. One place of each row is "
    "`targets[torch.arange(len(labels)), labels]`."
)
OFF_BY_ONE_CLASS = (
    "The right class is off by one place: labels count from 0, as columns do."
)
TARGETS = [
    (
        _of_batch,
        "`share` is divided by the number of classes in this batch. Not all occur in "
        "it: divide by `classes`.",
    ),
    (
        _two(lambda n, s: (1, 0)),
        "That is one-hot. `share` of it goes to all classes alike.",
    ),
    (
        _two(lambda n, s: (1 - s, s / (n - 1))),
        "Here `share` goes to the wrong classes only. All get the same part of it, "
        "`share / classes`, and the right class its `1 - share` on top.",
    ),
    (
        _two(lambda n, s: (1 - s, s / n)),
        "A row adds up to less than one: the right class gets its part of `share`, "
        "too.",
    ),
    (
        _two(lambda n, s: (1 - s, 0)),
        "`share` is taken from the right class, and no class gets it.",
    ),
    (
        _two(lambda n, s: (s / n, s / n)),
        "The rest is missing: the right class gets `1 - share` on top.",
    ),
    (_two(lambda n, s: (1, s / n)), TOO_MUCH),
    (_two(lambda n, s: (1, s / (n - 1))), TOO_MUCH),
    (_two(lambda n, s: (1 + s / n, s / n)), TOO_MUCH),
    (
        _two(lambda n, s: (1 - s + s / n, s / (n - 1))),
        "The right class is right. The others get as much of `share` as it does: "
        "divide by all classes, not by one less.",
    ),
    (
        _two(lambda n, s: (1 - s + s / (n - 1), s / (n - 1))),
        "`share` is divided among all classes, not among one less.",
    ),
    (_two(lambda n, s: (1 - s, s)), UNDIVIDED),
    (_two(lambda n, s: (1, s)), UNDIVIDED),
    (_two(lambda n, s: (s + (1 - s) / n, (1 - s) / n)), SWAPPED),
    (_two(lambda n, s: (s, (1 - s) / (n - 1))), SWAPPED),
    (_two(lambda n, s: (s, (1 - s) / n)), SWAPPED),
    (
        lambda labels, n, s: table(labels, n, 1 - s + s / len(labels), s / len(labels)),
        "`share` is divided by the number of labels. Divide it by that of classes.",
    ),
    (_columns(lambda n, s: 1 - s + s / n), EVERY_ROW),
    (_columns(lambda n, s: 1 - s), EVERY_ROW),
    (_moved(-1), OFF_BY_ONE_CLASS),
    (_moved(1), OFF_BY_ONE_CLASS),
    (
        _transposed,
        "Rows and columns are swapped: one row for each label.",
    ),
]


# Learning rates --------------------------------------------------------------------


def _half_wave(done):
    return (1 + math.cos(math.pi * done)) / 2


def _falling(shape, start=0.5, at_start=False):
    """Flat until a share `start` of the steps, then `shape` of how much is done.

    at_start: the place where it starts belongs to the fall.
    """

    def rule(step, steps, highest):
        done = (step / steps - start) / (1 - start)
        flat = done < 0 or (done == 0 and not at_start)
        return highest if flat else highest * shape(done)

    return rule


def _jumping(shape, hint: str) -> list:
    """Falls that do not begin at `highest`: the middle itself belongs to either."""
    return [(_falling(shape, at_start=own), hint) for own in (False, True)]


def _with_middle(middle_of, rest_of=lambda steps, middle: steps - middle):
    """The right rule, with another middle, or another number of steps after it."""

    def rule(step, steps, highest):
        middle = middle_of(steps)
        rest = rest_of(steps, middle)
        flat = step <= middle or not rest
        return highest if flat else highest * _half_wave((step - middle) / rest)

    return rule


RIGHT = _falling(_half_wave)
ROUNDED = (
    "The middle of an odd number of steps lies between two steps: `steps / 2`, not "
    "rounded."
)
TOO_LOW = (
    "The cosine goes on to -1, and so the rate falls below 0. Add 1 and divide by 2: "
    "(1 + cos) / 2 goes from 1 to 0."
)
NO_MIDDLE = (
    "The fall begins at the middle, so `done` must be 0 there, and 1 at the end. "
    "Subtract the middle from `step`, and divide by the steps that are left."
)
OFF_BY_ONE = (
    "It is off by one step. When `step` is 0 nothing is done, and when it is `steps` "
    "all is."
)
RATES = [
    (
        _falling(_half_wave, start=0),
        "It falls from the first step on. Up to the middle it stays at `highest`.",
    ),
    (
        _falling(lambda done: 1 - done, start=0),
        "It falls along a line, and from the first step on.",
    ),
    (
        _falling(lambda done: 1 - done),
        "It falls along a line. The cosine is flat at both of its ends.",
    ),
    (_falling(lambda done: math.cos(math.pi * done)), TOO_LOW),
    (_falling(lambda done: math.cos(math.pi * done), start=0), TOO_LOW),
    (
        _falling(lambda done: math.cos(math.pi / 2 * done)),
        "That is a quarter of a wave, which arrives at 0 where it is steepest. Half a "
        "wave goes from 1 to -1: add 1 and divide by 2.",
    ),
    (
        _falling(lambda done: _half_wave(2 * done)),
        "That is a whole wave: at the end the rate is `highest` again. Half a wave "
        "ends at π.",
    ),
    (
        _falling(lambda done: max(0, math.cos(math.pi * done))),
        "The lower half of the wave is cut off. Lift the wave: (1 + cos) / 2 goes from "
        "1 to 0.",
    ),
    *_jumping(
        lambda done: 2 * _half_wave(done),
        "1 + cos goes from 2 to 0. Divide by 2.",
    ),
    *_jumping(
        lambda done: _half_wave(1 - done),
        "In the second half it climbs. The cosine is at its crest at 0, so `done` must "
        "be 0 at the middle and 1 at the end.",
    ),
    *_jumping(lambda done: _half_wave((1 + done) / 2), NO_MIDDLE),
    (
        _falling(lambda done: _half_wave(done / 2)),
        "At the end only half of the fall is done. It takes half of the steps: divide "
        "by `steps / 2`.",
    ),
    (
        _falling(lambda done: _half_wave(math.degrees(1) * done)),
        "`math.cos` takes radians: half a wave is `math.pi`, not 180.",
    ),
    (
        _falling(lambda done: (1 + math.cos(done)) / 2),
        "π is missing: half a wave is `math.pi * done`.",
    ),
    (_falling(lambda done: 1), "It never falls."),
    *_jumping(
        lambda done: 0,
        "It drops to 0 at once. It should fall along half a wave of a cosine.",
    ),
    (
        lambda step, steps, highest: RIGHT(step, steps, 1),
        "That is a share. Multiply by `highest`.",
    ),
    (
        lambda step, steps, highest: (
            highest if 2 * step <= steps else RIGHT(step, steps, 1)
        ),
        "In the second half that is a share. Multiply it by `highest`, too.",
    ),
    (_with_middle(lambda steps: steps // 2), ROUNDED),
    (_with_middle(lambda steps: steps // 2, lambda steps, middle: steps / 2), ROUNDED),
    (_with_middle(lambda steps: steps // 2, lambda steps, middle: middle), ROUNDED),
    (_with_middle(lambda steps: (steps + 1) // 2), ROUNDED),
    (lambda step, steps, highest: RIGHT(step + 1, steps, highest), OFF_BY_ONE),
    (lambda step, steps, highest: RIGHT(step - 1, steps, highest), OFF_BY_ONE),
    (
        _with_middle(lambda steps: steps / 2, lambda steps, middle: middle - 1),
        OFF_BY_ONE,
    ),
]

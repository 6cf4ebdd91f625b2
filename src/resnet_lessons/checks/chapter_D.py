"""Appendix D, the race: the exercises and their reference answers."""

import math

import torch
from torch import nn

from .exercise import Exercise
from .judges_D import check_rate, check_smoothed
from .judges_D_muon import check_muon_step


def smoothed(labels, classes, share):
    right = nn.functional.one_hot(labels, classes)
    return (1 - share) * right + share / classes


@torch.no_grad()
def muon_step(weight, gradient, momentum, lr, mu):
    momentum.mul_(mu).add_(gradient)
    u, _, vh = torch.linalg.svd(momentum.flatten(1), full_matrices=False)
    weight.sub_(lr * (u @ vh).view_as(weight))


def rate(step, steps, highest):
    middle = steps / 2
    if step <= middle:
        return highest
    done = (step - middle) / middle  # of the fall
    return highest * (1 + math.cos(math.pi * done)) / 2


EXERCISES = [
    Exercise(
        id="D.1",
        title="A share for every class",
        prompt="""\
Write `smoothed(labels, classes, share)`. From labels of shape $(B,)$, whole numbers
from 0 to `classes - 1`, it makes smoothed targets, float32 of shape
$(B, \\text{classes})$. Of each target, `share` goes to all classes alike, the right one
included; the rest goes to the right class. A row adds up to one. `share` is a number
from 0 to 1. Some classes may not occur in the batch. The labels stay as they were.
""",
        starter='''\
import torch
from torch import nn


def smoothed(labels, classes, share):
    """(B,) -> (B, classes)"""
    raise NotImplementedError
''',
        hints=(
            "Two values are enough for the whole table: one for the right class, one "
            "for every other.",
            "Each class gets `share / classes`. The right one gets `1 - share` on top "
            "of that.",
            "`nn.functional.one_hot(labels, classes)` has a 1 at the right class and 0 "
            "elsewhere. Without `classes` it stops at the largest label it sees.",
        ),
        answer=smoothed,
        check=check_smoothed,
    ),
    Exercise(
        id="D.2",
        title="One step of Muon",
        prompt="""\
Write `muon_step(weight, gradient, momentum, lr, mu)`: one step by the two equations of
this page, where `lr` is $\\eta$ and `mu` is $\\mu$. The three tensors have the shape
$(C_\\text{out}, C_\\text{in}, k, k)$; as a matrix, each has one row for each output
channel. There may be more rows than columns.

- `momentum` becomes $\\mu M + G$, and `weight` becomes $W - \\eta\\, U V^\\top$. Both
  change *in place*: the caller finds the new numbers in the tensors that were given.
  Nothing is returned.
- The page's own Muon looks ahead and scales $W$. Do neither.
- All singular values become one, up to rounding: take `torch.linalg.svd` rather than a
  few rounds of Newton-Schulz. None of them is 0.
- `weight` may be an `nn.Parameter`, so work under `torch.no_grad()`. It goes on
  learning afterwards. `gradient` stays as it was.
""",
        starter='''\
import torch


def muon_step(weight, gradient, momentum, lr, mu):
    """Changes `weight` and `momentum`; nothing is returned."""
    raise NotImplementedError
''',
        hints=(
            "`a = a + b` gives the name `a` to a new tensor. `a.add_(b)`, `a += b` and "
            "`a.copy_(b)` write into the old one.",
            "`momentum.flatten(1)` is the matrix: its row `i` holds the filters of "
            "output channel `i`.",
            "`u, s, vh = torch.linalg.svd(matrix, full_matrices=False)` gives "
            "$V^\\top$, not $V$. `(u @ vh).view_as(weight)` has the weight's shape.",
        ),
        answer=muon_step,
        check=check_muon_step,
    ),
    Exercise(
        id="D.3",
        title="Flat, then a cosine",
        prompt="""\
Write `rate(step, steps, highest)`: the learning rate of the *flat rate* above, a
number, when `step` of `steps` steps are done. Both are whole numbers; `steps` is at
least 1, and `step` goes from 0 to `steps`. Up to the middle, `steps / 2`, the rate is
`highest`. Then it falls along half a wave of a cosine, from its crest to its trough:
flat at the middle, steepest when three quarters of the steps are done, and flat again
at the end, where it is 0. If `steps` is odd, the middle lies between two steps.
""",
        starter="""\
import math


def rate(step, steps, highest):
    return ...
""",
        hints=(
            "In the second half, how much of the fall is done? Find a number that is 0 "
            "at the middle and 1 at the end.",
            "`math.cos(math.pi * done)` goes from 1 to -1 while `done` goes from 0 to "
            "1. You want to go from 1 to 0.",
            "Add 1, and divide by 2. Then multiply by `highest`.",
        ),
        answer=rate,
        check=check_rate,
    ),
]

"""Appendix D, the race: how targets and learning rates are judged."""

import math

import torch

from .advice import MISFIT
from .describe import Words
from .expect import made
from .mistakes_D import RATES, TARGETS, table

# D.1 -------------------------------------------------------------------------------


LABELS = [
    ("labels 2, 0, 3, 1, 0, 2, 2", [2, 0, 3, 1, 0, 2, 2], 6, 0.1),
    ("one label, 1", [1], 3, 0.3),
    ("labels 3, 1, 1, 0", [3, 1, 1, 0], 4, 0.2),  # as many as classes
    ("labels 4, 7", [4, 7], 10, 0.0),
    ("labels 1, 0, 1", [1, 0, 1], 2, 1.0),
]
TABLE = (
    "One row for each label, one column for each class, also for a class that does "
    "not occur: `one_hot(labels, classes)`."
)
WHOLE = (
    "Whole numbers cannot hold a share. Begin with a table of floats: `one_hot(…)` "
    "gives whole numbers, and `.float()` makes floats of them."
)


ERRORS = [
    ("can't be cast", WHOLE),
    (
        "same number of dimensions",
        "`scatter_` takes the labels as one column: `labels[:, None]`, along axis 1.",
    ),
    (MISFIT, TABLE),
]


def check_smoothed(answer, expect):
    for what, numbers, classes, share in LABELS:
        expect.trying(f"{what}; {classes} classes, share {share}", errors=ERRORS)
        labels = torch.tensor(numbers)
        given = labels.clone()
        got = answer(given, classes, share)
        expect.equal(
            "the labels stay as they were",
            given.tolist(),
            numbers,
            hint="Something writes into `labels`. Make a new tensor.",
        )
        expect.shape("one row for each label", got, (len(numbers), classes), hint=TABLE)
        expect.equal(
            "the kind of number",
            Words(got.dtype),
            Words(torch.float32),
            hint="`.float()` makes float32." if got.is_floating_point() else WHOLE,
        )
        other = share / classes
        expect.close(
            "the targets",
            got,
            table(labels, classes, 1 - share + other, other),
            hint="Each class gets `share / classes`, and the right one `1 - share` on "
            "top of that.",
            mistakes=made(TARGETS, labels, classes, share),
        )


# D.3 -------------------------------------------------------------------------------


ROUNDED_DOWN = [
    (
        "^ZeroDivisionError",
        "`steps` may be 1, and half of that, rounded down, is 0. The middle is "
        "`steps / 2`.",
    ),
]
FLAT = "Up to the middle, `steps / 2`, the rate is `highest`."
FALL = (
    "From the middle on: `highest` times (1 + cos(π · done)) / 2, where `done` goes "
    "from 0 at the middle to 1 at the end."
)


def check_rate(answer, expect):
    for steps, highest in [(8, 0.1), (7, 0.004), (1, 0.02), (50, 3.0)]:
        got = []
        for step in range(steps + 1):
            errors = ROUNDED_DOWN if steps == 1 else ()
            expect.trying(f"rate({step}, {steps}, {highest})", errors=errors)
            got.append(answer(step, steps, highest))
        want = _curve(_rate, steps, highest)
        wrong = [n for n in range(steps + 1) if not _fits(got[n], want[n], highest)]
        expect.trying(f"steps {steps}, highest {highest}")
        for step in wrong[:1]:
            expect.number(
                f"the rate at step {step}",
                got[step],
                want[step],
                hint=_named(got, steps, highest)
                or (FALL if 2 * step > steps else FLAT),
            )
        expect.true(
            "the rate at every step",
            not wrong,
            got="another rate",
            expected="flat, then half a wave",
            hint=FALL,
        )


def _rate(step, steps, highest):
    """Its second half as a square: (1 + cos x) / 2 is cos² (x / 2)."""
    past_middle = max(0.0, step / steps - 0.5)
    return highest * math.cos(math.pi * past_middle) ** 2


def _curve(rule, steps: int, highest: float) -> list:
    return [rule(step, steps, highest) for step in range(steps + 1)]


def _named(got: list, steps: int, highest: float) -> str:
    """The hint for the mistake that gives all of these rates, or ""."""
    for rule, hint in RATES:
        pairs = zip(got, _curve(rule, steps, highest), strict=True)
        if all(_fits(one, other, highest) for one, other in pairs):
            return hint
    return ""


def _fits(got, want: float, highest: float) -> bool:
    """Whether a rate is right up to rounding; a real 0 may come out as 1e-17."""
    try:
        return bool(abs(got - want) <= 1e-4 * highest)
    except Exception:  # no number, or more than one
        return False

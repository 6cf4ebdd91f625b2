"""Appendix E, relatives: how a block that skips its F is judged."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .expect import made
from .kept import unchanged
from .layers import CUT, Notes, gradient_at, randomise
from .mistakes_E import EVALUATED, TRAINED

KEEPS = "F keeps the shape of x, and so do the sum and the ReLU."


class Watched(nn.Module):
    """An F that notes how it is called."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.notes = Notes()
        randomise(self)

    def forward(self, x):
        self.notes.modes.append(self.training)
        return self.layers(x)

    def calls(self) -> int:
        """How often it was called since this was asked last."""
        number = len(self.notes.modes)
        self.notes.modes.clear()
        return number


def watched_conv():
    return Watched(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))


def check_skipping_block(answer, expect):
    _parts(answer, expect)
    _evaluated(answer, expect)
    _trained(answer, expect)
    _leaves_x(answer, expect)
    _share(answer, expect)
    _repeats(answer, expect)
    for survival in (1, 0):
        _certain(answer, survival, expect)


# What it is made of ------------------------------------------------------------------


def _parts(answer, expect):
    expect.trying("SkippingBlock(residual, 0.6)")
    residual = watched_conv()
    block = expect.module("a module is made", answer(residual, 0.6))
    ours, theirs = ({id(p) for p in m.parameters()} for m in (residual, block))
    expect.true(
        "the parameters of `residual` are among those of the block",
        ours <= theirs,
        got=f"{len(ours & theirs)} of {len(ours)}",
        expected=f"all {len(ours)}",
        hint="`self.residual = residual` in `__init__` makes it a part: the module "
        "itself, no copy, and not in a list.",
    )
    expect.true(
        "it has no others",
        theirs <= ours,
        got=f"{len(theirs - ours)} more",
        expected="none",
        hint="`survival` is a number that stays, and nothing else is to be learned.",
    )


# Evaluation --------------------------------------------------------------------------


def _evaluated(answer, expect):
    expect.trying("survival 0.6, in evaluation mode")
    residual, x = watched_conv(), torch.randn(4, 3, 4, 3)
    library = copy.deepcopy(residual).eval()
    block = answer(residual, 0.6).eval()
    given = x.clone()
    first, *others = block(given), *(block(x.clone()) for _ in range(20))
    expect.shape("the output", first, x.shape, KEEPS)
    expect.true(
        "it is the same each time",
        all(_near(other, first) for other in others),
        got="other values in another call",
        expected="the same in twenty calls",
        hint="In evaluation nothing is random. `self.training` is `True` in training "
        "mode and `False` in evaluation: ask it in `forward`.",
    )
    f = library(x)
    expect.close(
        "the output",
        first,
        F.relu(0.6 * f + x),
        hint="ReLU(survival · F(x) + x): every F takes part, times `survival`.",
        mistakes=made(EVALUATED, f, x, 0.6),
    )
    unchanged(given, x, expect)


# Training ----------------------------------------------------------------------------

MAY_BE_0 = [("^ZeroDivision", "`survival` may be 0: nothing is divided by it.")]
EACH = (
    "One part of the batch keeps F and another does not. Draw one number for the whole "
    "batch: `torch.rand(())`."
)


def _trained(answer, expect):
    expect.trying("survival 0.6, in training mode")
    residual, x = watched_conv(), torch.randn(4, 3, 4, 3)
    f = copy.deepcopy(residual)(x).detach()
    sums = [F.relu(x), F.relu(f + x)]  # where b is 0, and where it is 1
    block = answer(residual, 0.6).train()
    residual.calls()
    for _ in range(40):
        y, calls = block(x.clone()), residual.calls()
        fits = [b for b, want in enumerate(sums) if _near(y, want)]
        if not fits:
            _neither(y, sums, f, x, expect)
        if calls not in fits:
            _called(calls, fits[0], expect)
    expect.close("the output of a call", y, sums[calls])  # as of all before


def _near(y, want) -> bool:
    if not isinstance(y, torch.Tensor) or y.shape != want.shape:
        return False
    y, want = y.double(), want.double()
    return torch.allclose(y, want, rtol=1e-4, atol=1e-5, equal_nan=True)


def _neither(y, sums, f, x, expect):
    """Say what is wrong with an output that is none of the two sums."""
    expect.shape("the output of a call", y, x.shape, KEEPS)
    gaps = [(y - want).abs() for want in sums]
    mixed = (torch.minimum(*gaps) < 1e-5).all()
    expect.close(
        "the output of a call",
        y,
        min(sums, key=lambda want: (y - want).abs().mean()),
        hint=EACH if mixed else "Either ReLU(F(x) + x) or ReLU(x), and nothing else.",
        mistakes=made(TRAINED, f, x, 0.6),
    )


def _called(calls, b, expect):
    """Say what is wrong with the calls of F, where the output is right."""
    expect.equal(
        "calls of F where b is 1" if b else "calls of F where b is 0",
        calls,
        b,
        hint="Where b is 1, call `self.residual(x)` once, and keep its result in a "
        "name if it is needed twice."
        if b
        else "F was called for nothing: a result that is multiplied by 0 or thrown "
        "away takes all its time. Draw first, and call F only if b is 1.",
    )


def _leaves_x(answer, expect):
    for survival in (1, 0):
        expect.trying(
            f"survival {survival}, in training mode, F(x) = x", errors=MAY_BE_0
        )
        x = torch.randn(2, 3, 4, 3)
        given = x.clone()
        answer(nn.Identity(), survival).train()(given)
        unchanged(given, x, expect)


# The draws ---------------------------------------------------------------------------

NEVER_DRAWN = (
    "Every call does the same. In training mode draw anew in each call, `torch.rand(())"
    " < self.survival`, and set no seed."
)
DRAWN_ONCE = (
    "A block draws only once, and then always does the same. Draw in `forward`, anew "
    "in each call, not in `__init__`."
)
NORMAL = (
    "Is the random number from `torch.randn`? That is a normal distribution. "
    "`torch.rand` is uniform from 0 to 1."
)
SHARES = [
    (
        0.8,
        "F is left out with the probability `survival`. It is to be kept with it.",
    ),
    (
        0.5,
        "About half of the calls keep F, as with a fair coin. Compare the random "
        "number with `survival`.",
    ),
    (0.579, NORMAL),
    (0.421, NORMAL),
]


def _draws(answer, survival, calls, blocks=1) -> list[bool]:
    """Of each call in training mode, whether it kept F; calls of each block."""
    x, kept = torch.randn(2, 2), []
    for _ in range(blocks):
        residual = Watched(nn.Linear(2, 2))
        block = answer(residual, survival).train()
        for _ in range(calls):
            residual.calls()
            block(x.clone())
            kept.append(residual.calls() > 0)
    return kept


def _share(answer, expect):
    expect.trying("survival 0.2, in training mode")
    kept = _draws(answer, 0.2, 100)
    if len(set(kept)) == 2:
        kept = _draws(answer, 0.2, 1200)
        hint = "F is kept where a uniform random number is below `survival`."
    else:
        once = len(set(_draws(answer, 0.2, 1, blocks=40))) == 2
        hint = DRAWN_ONCE if once else NEVER_DRAWN
    share = sum(kept) / len(kept)
    known = [text for wrong, text in SHARES if abs(share - wrong) < 0.035]
    expect.true(
        f"the share of {len(kept)} calls that keep F",
        abs(share - 0.2) < 0.055,
        got=f"{share:.2g}",
        expected="about 0.2",
        hint=(known or [hint])[0],
    )


def _repeats(answer, expect):
    expect.trying("survival 0.5, thirty calls in training mode")
    runs = []
    for seed in (1, 1, 2):
        # torch.manual_seed would seed the accelerators too, for good
        torch.default_generator.manual_seed(seed)
        runs.append(_draws(answer, 0.5, 30))
    expect.true(
        "the same draws after the same seed, others after another",
        runs[0] == runs[1] != runs[2],
        got="other draws after the same seed"
        if runs[0] != runs[1]
        else "the same draws after another seed",
        expected="what `torch.manual_seed` decides",
        hint="Draw with `torch.rand(())`. Python's `random`, numpy and a generator of "
        "your own do not follow `torch.manual_seed`.",
    )


# The ends, and what comes back -------------------------------------------------------

ENDS = "ReLU(survival · F(x) + x) holds for 1 and for 0, too."
ALWAYS = (
    "`torch.rand(())` is at least 0 and below 1, so `torch.rand(()) < survival` always "
    "holds for 1, and never for 0."
)


def _certain(answer, survival, expect):
    """Survival 1 or 0, and an x that is no picture."""
    residual, x = Watched(nn.Linear(3, 3)), torch.randn(5, 3)
    library = copy.deepcopy(residual)
    for mode, training in [("training", True), ("evaluation", False)]:
        expect.trying(f"survival {survival}, x of 5×3, in {mode} mode", errors=MAY_BE_0)
        block = answer(residual, survival).train(training)
        for _ in range(30 if training else 1):
            y = block(x.clone())
            want = F.relu(survival * library(x) + x)
            if not _near(y, want):
                break
        expect.close("the output", y, want, ALWAYS if training else ENDS)
        expect.close(
            "the gradient that reaches x",
            gradient_at(block, x),
            gradient_at(lambda x: F.relu(survival * library(x) + x), x),
            hint=f"It must come back through all that is added. {CUT}",
            atol=1e-3,
        )

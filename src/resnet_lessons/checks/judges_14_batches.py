"""Chapter 14, a test of one's own: judged by the evaluations that it passes and fails.

Why a broken evaluation has escaped is read off what the test gave to it.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .advice import MISFIT
from .describe import describe, one_line, text_of
from .expect import NotAttempted
from .mistakes_14_batches import EVALUATIONS, at_once

ROUNDING = 1e-6  # as the prompt says
ROUNDS = 4  # more, for tests that leave it to chance


@dataclass(frozen=True)
class Asked:
    """One call of an evaluation."""

    net: nn.Module
    pictures: torch.Tensor
    labels: torch.Tensor
    size: int
    value: float

    def like(self, other) -> bool:
        """Whether both calls are about the same pictures."""
        pairs = (self.pictures, other.pictures), (self.labels, other.labels)
        return all(torch.equal(one, two) for one, two in pairs)


CALLS = "a call for each of several batch sizes"
CALL = (
    "Call `accuracy(net, pictures, labels, size)` for several sizes, and compare the "
    "numbers."
)
OTHER = (
    "A test that fails raises AssertionError, as `assert` does. Here another error "
    "came instead."
)
CHANCE = (
    "Net or pictures are others each time, and chance decides what the test notices. "
    "Make them by hand, or draw them from a generator with a seed of its own."
)
ERRORS = [
    (
        "no module",
        "An evaluation calls `net.eval()`: a module such as `nn.Flatten()` has it, a "
        "function has not.",
    ),
    (
        "no tensor",
        "It is called as `accuracy(net, pictures, labels, size)`, where pictures and "
        "labels are tensors.",
    ),
    (r"range\(\) arg", "A batch holds one picture at least: try sizes from 1 on."),
    (
        "are no labels",
        "Something is empty. An evaluation divides by the number of labels.",
    ),
    (
        f"argmax|{MISFIT}",
        "An evaluation takes `net(batch).argmax(1)`, so `net(batch)` is (B, classes) "
        "for pictures (B, C, H, W); labels are (N,).",
    ),
]


def check_same_for_every_batch_size(answer, expect):
    for evaluation in EVALUATIONS:
        expect.trying(evaluation.what, errors=ERRORS)
        asked, error, got = _tested(answer, evaluation)
        if got is ...:
            raise NotAttempted("`...`")
        if not asked:
            expect.true("it is called", False, got="no call", expected=CALLS, hint=CALL)
        if evaluation.changes:
            again = [] if error else _tested(answer, evaluation)[0]
            _fails(expect, asked, error, got, evaluation, again)
        else:
            expect.true(
                "the test returns",
                error is None,
                got=f"{_outcome(error, got)}; {_numbers(asked)}",
                expected="no error",
                hint=_alarm(asked),
            )
    expect.trying("all that depend on the size, once more")
    broken = [evaluation for evaluation in EVALUATIONS if evaluation.changes]
    rounds = [_tested(answer, one) for _ in range(ROUNDS) for one in broken]
    escaped = [asked for asked, error, _ in rounds if error is None]
    expect.true(
        "the test fails each time",
        not escaped,
        got=f"no error; {_numbers(escaped[0])}" if escaped else "AssertionError",
        expected="AssertionError",
        hint=CHANCE,
    )


def _tested(answer, evaluation):
    """What the test asked of an evaluation, the error that it raised, its result."""
    asked = []
    try:
        return asked, None, answer(_watched(evaluation.accuracy, asked))
    except Exception as error:
        if not (isinstance(error, AssertionError) or evaluation.changes):
            raise
        return asked, error, None


def _fails(expect, asked, error, got, evaluation, again):
    expect.true(
        "the test fails",
        isinstance(error, AssertionError),
        got=f"{_outcome(error, got)}; {_numbers(asked)}",
        expected="AssertionError",
        hint=OTHER if error else _escaped(asked, got, evaluation, again),
    )


def _watched(accuracy, asked):
    def watched(net, pictures, labels, batch_size=64):
        if not hasattr(net, "eval"):
            raise TypeError("the net is no module")
        for name, given in [("pictures", pictures), ("labels", labels)]:
            if not isinstance(given, torch.Tensor):
                raise TypeError(f"{name} came as {type(given).__name__}, no tensor")
        if not len(labels):
            raise ValueError("there are no labels")
        value = accuracy(net, pictures, labels, batch_size)
        asked.append(Asked(net, pictures, labels, batch_size, value))
        return value

    return watched


def _numbers(asked) -> str:
    """What came out, for each size."""
    shown = [f"{call.value:.7g} for {call.size}" for call in asked[:4]]
    return ", ".join(shown) + ", …" * (len(asked) > 4)


def _outcome(error, got) -> str:
    if error is None:
        return "no error" if got is None else f"it returned {describe(got)}"
    return f"{type(error).__name__}: {one_line(text_of(error))}".rstrip(": ")


def _gap(asked) -> float:
    """By how much the numbers differ for the same pictures."""
    return max(abs(a.value - b.value) for a in asked for b in asked if a.like(b))


def _alarm(asked) -> str:
    """Why a sound evaluation is refused."""
    if not all(call.like(asked[0]) for call in asked):
        return (
            "The pictures or labels were not the same in each call. Make them once, "
            "before the first."
        )
    gap = _gap(asked)
    if gap > ROUNDING:
        return (
            "For the same pictures the net says something else each time: is it made "
            "anew, or left to chance? Make it once, before the first call."
        )
    if gap:
        return (
            "The numbers differ by rounding alone. Allow for 0.000001 in place of `==` "
            "or `!=`."
        )
    return (
        "The size changes nothing here, and yet the test fails. Compare the numbers "
        "with each other, and with none that you know or expect."
    )


def _escaped(asked, got, evaluation, again) -> str:
    """Why a broken evaluation is not noticed; again: what a second run asked."""
    if _gap(asked) > ROUNDING:
        if got is not None:
            return "A test returns no verdict. It raises AssertionError: `assert …`."
        return (
            "The numbers differ, and the test does not fail. Is each of them compared, "
            "and with a difference of 0.000001 in mind, not of more?"
        )
    if len({call.size for call in asked}) == 1:
        return "There is one batch size only. Compare the numbers of several."
    if all(call.size >= len(call.labels) for call in asked):
        return "Each of these sizes takes all pictures in one batch. Try smaller ones."
    if evaluation.uneven and not any(len(c.labels) % c.size for c in asked):
        return (
            "Each of these sizes divides the number of pictures. Take one that leaves "
            "a smaller last batch."
        )
    if not (again and again[0].like(asked[0])):
        return CHANCE
    shares = {at_once(c.net, c.pictures, c.labels) for c in asked}
    if shares == {1.0}:
        return (
            "The net finds the class of every picture, in each batch: so an average "
            "of any kind is 1. Let it be wrong now and then."
        )
    if shares == {0.0}:
        return (
            "The net finds the class of no picture: so an average of any kind is 0. "
            "Let it be right now and then."
        )
    if all(call.size < len(call.labels) for call in asked):
        return (
            "For these pictures it gives one number at all of these sizes. Add the "
            "size that takes all pictures in one batch: each way to count is right "
            "there."
        )
    return (
        "For these pictures it gives one number, whatever the size. Let the batches "
        "differ more: put the wrong pictures next to each other."
    )

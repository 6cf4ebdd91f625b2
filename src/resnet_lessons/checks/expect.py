"""The words in which a check is written: one expectation, one sentence.

A check is a plain function `(answer, expect) -> None`:

    def check_pool(answer, expect):
        x = torch.randn(2, 3, 4, 5)
        expect.trying("a 2×3×4×5 batch")
        expect.close("the means", answer(x), x.mean((2, 3)), hint="Average over H, W.")

It ends at the first expectation that fails: one thing to repair at a time.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from .describe import Words, describe, parts_in_words, shape_in_words
from .report import Message

NO_TENSOR = "Return a tensor of PyTorch."
NOTHING = "Nothing was returned: is a `return` missing, or does no branch apply?"


class Unmet(Exception):
    """An expectation failed; the check stops here."""


class NotAttempted(Exception):
    """The starter's placeholder is still there."""


def made(mistakes: list[tuple[Callable, str]], *args) -> list[tuple]:
    """Return (what the mistake gives for these arguments, its hint) for each mistake.

    A mistake is a line of data: a function that makes it, and the hint that names it.
    """
    return [(mistake(*args), hint) for mistake, hint in mistakes]


class Expect:
    """Collects what a check tried and found, in `messages`."""

    def __init__(self):
        self.messages: list[Message] = []
        self.context = ""
        self.hint = ""
        self.errors: list[tuple[str, str]] = []

    def trying(self, what: str, hint: str = "", errors=()) -> None:
        """Say what comes next; the hint is for whatever fails there without its own.

        `errors` is a list of (pattern, hint) for exceptions: "TypeError: and its text"
        is searched for the pattern. Without it, each exception gets `hint`.
        """
        self.context, self.hint = what, hint
        self.errors = list(errors) or ([("", hint)] if hint else [])

    def true(self, what: str, held: bool, *, got: str, expected: str, hint: str = ""):
        """Expect a fact; `got` and `expected` say it in words."""
        tried = f"{self.context}: {what}" if self.context else what
        hint = hint or self.hint
        self.messages.append(Message(tried, bool(held), got, expected, hint))
        if not held:
            raise Unmet

    def written(self, what: str, part, parts, expected: str):
        """Expect that the starter's `...` is gone here, once another part is filled."""
        if part is ... and any(other is not ... for other in parts):
            hint = "This line of the starter still waits for your code."
            self.true(what, False, got="`...`", expected=expected, hint=hint)

    def equal(self, what: str, got, want, hint: str = "", mistakes=()):
        """Expect `got == want`.

        `mistakes` is a list of (value, hint): what a known mistake gives, and what to
        tell the one who made it.
        """
        self._judge(what, got, want, hint, mistakes, _same)

    def number(self, what: str, got, want: float, hint: str = "", mistakes=()):
        """Expect a real number, up to rounding; an array that holds one will do."""
        self._judge(what, got, want, hint, mistakes, _alike, _figures)

    def close(self, what: str, got, want, hint: str = "", mistakes=(), atol=1e-5):
        """Expect a tensor of the shape and, up to rounding, the values of `want`."""
        self._judge(what, got, want, hint, mistakes, partial(_near, atol=atol))

    def shape(self, what: str, got, want: tuple, hint: str = "", mistakes=()):
        """Expect a tensor of this shape."""
        if isinstance(got, torch.Tensor):
            got = Words(shape_in_words(got.shape))
        else:
            hint, mistakes = NO_TENSOR, ()
        self._judge(what, got, Words(shape_in_words(want)), hint, mistakes, _same)

    def pair(self, got, names: str):
        """Expect two parts in a tuple or a list, and return it; names: "this, that"."""
        self.true(
            "a pair is returned",
            isinstance(got, tuple | list) and len(got) == 2,
            got=parts_in_words(got),
            expected=f"({names})",
            hint=f"`return {names}`",
        )
        return got

    def module(self, what: str, got):
        """Expect a PyTorch module, and return it."""
        want, hint = Words("a module of PyTorch"), "Return an `nn.Module`."
        self._judge(what, got, want, hint, (), lambda a, b: isinstance(a, nn.Module))
        return got

    def _judge(self, what, got, want, hint, mistakes, same, words=describe):
        if got is ...:
            raise NotAttempted("`...`")
        held = same(got, want)
        hints = [] if held else [text for value, text in mistakes if same(got, value)]
        if got is None:
            hints = [NOTHING]
        elif isinstance(want, torch.Tensor) and not isinstance(got, torch.Tensor):
            hints = [NO_TENSOR]
        self.true(
            what,
            held,
            got=words(got) + ("" if held else _gap(got, want)),
            expected=words(want),
            hint=hints[0] if hints else hint,
        )


def _same(got, want) -> bool:
    try:
        return bool(got == want)
    except Exception:  # a comparison that the answer's type cannot make
        return False


def _alike(got, want) -> bool:
    try:
        got = got.item() if hasattr(got, "item") else got  # of an array with one number
        return math.isclose(got, want, rel_tol=1e-4)
    except Exception:  # no number, or more than one
        return False


def _figures(value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else describe(value)


def _near(got, want, atol: float) -> bool:
    if not isinstance(got, torch.Tensor) or got.shape != want.shape:
        return False
    return torch.allclose(got.double(), want.double(), rtol=1e-4, atol=atol)


def _gap(got, want) -> str:
    both = isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor)
    if not both or got.shape != want.shape or not got.numel():
        return ""
    return f" (off by up to {(got.double() - want.double()).abs().max():.2g})"

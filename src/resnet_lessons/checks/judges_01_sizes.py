"""Chapter 1: how the sizes of a picture are judged."""

import torch
from torch import nn

from .expect import made
from .mistakes_01 import SIZES


def check_sizes_for(answer, expect):
    mistakes = SIZES
    for what, case in [
        ("C1 of LeNet-5", (28, 5, 1, 0)),
        ("C5 of LeNet-5", (1, 5, 1, 0)),
        ("a padded picture", (28, 5, 1, 2)),
        ("a stride", (5, 3, 2, 0)),
        ("a larger stride, and padding", (4, 5, 3, 1)),
        ("the first layer of a ResNet", (112, 7, 2, 3)),
        ("a stride larger than the kernel", (4, 1, 3, 0)),
        ("an even kernel", (5, 4, 2, 1)),
        ("much padding", (1, 3, 4, 2)),
        ("more padding than a picture can make up for", (1, 1, 1, 1)),
    ]:
        expect.trying("sizes_for({}, {}, {}, {})".format(*case))
        want = _sizes_that_give(*case)
        got = _listed(answer(*case))
        expect.equal(
            f"{what}: the sizes",
            got,
            want,
            hint="How many places does each of these sizes have, and one pixel more or "
            "less? `(size + 2 * padding - kernel) // stride + 1` says it."
            if isinstance(got, list)
            else "Return a list, of a single size too, from the smallest on.",
            mistakes=made(mistakes, *case),
        )
        mistakes = [pair for pair in mistakes if pair[0](*case) == want]  # still may be


def _listed(got):
    """Other numbers in a row, as a list; whatever else as it is."""
    got = got.tolist() if hasattr(got, "tolist") else got
    return [*got] if isinstance(got, tuple | range) else got


def _sizes_that_give(places, kernel, stride, padding) -> list[int]:
    """By asking a real layer."""
    layer = nn.Conv1d(1, 1, kernel, stride, padding)
    sizes = range(max(1, kernel - 2 * padding), places * stride + kernel)
    return [n for n in sizes if layer(torch.zeros(1, 1, n)).shape[-1] == places]

"""Chapter 13, what it learned: how a test for a bowl is judged."""

from itertools import combinations

from .kept import list_stays

UNEVEN = "The places are not evenly spaced. What is the slope of each step?"
FEW = "With fewer than three points there is nothing to compare: `True`."
# What each walk teaches. All slopes are exact in binary: no rounding decides.
WALKS = [
    (
        "a bowl",
        (0, 1, 2, 4),
        (4, 1, 0.5, 2),
        "This one can be convex: it falls steeply, then gently, then it climbs.",
    ),
    (
        "a fall after a climb",
        (0, 1, 2, 3),
        (1, 2, 1.5, 3),
        "The second point lies above the line that joins its neighbours.",
    ),
    (
        "a climb that gets less steep",
        (0, 1, 2, 3),
        (0, 3, 4, 4.5),
        "It only climbs, and is no bowl: the second point lies above the line that "
        "joins its neighbours.",
    ),
    (
        "a fall that gets steeper",
        (0, 1, 2, 3),
        (4, 3.5, 2.5, 0),
        "A fall of 0.5, then of 1, is a slope of -0.5, then of -1: smaller.",
    ),
    (
        "a straight line",
        (-1, 0, 1, 2),
        (-2, 0, 2, 4),
        "A straight line is convex: two equal slopes are allowed.",
    ),
    ("a bowl, though a rise is smaller", (0, 4, 5, 7), (0, 4, 6, 11), UNEVEN),
    ("no bowl, though each rise is larger", (0, 1, 5, 9), (0, 2, 5, 9), UNEVEN),
    (
        "a kink down in the last step",
        (0, 1, 2, 4, 5),
        (2, 1, 1, 3, 3.5),
        "Compare all pairs of neighbouring slopes, the last two, too. Is a `return` "
        "inside the loop?",
    ),
    (
        "a hill between two valleys of one height",
        (0, 1, 2, 3, 4),
        (2, 0, 1, 0, 2),
        "The point in the middle lies above the line that joins its neighbours. The "
        "first, last and lowest points do not show that.",
    ),
    (
        "a kink, and a way down to the last point",
        (0, 1, 2, 3),
        (6, 4, 0, 0),
        "Take each step by itself: slopes of -2, -4 and 0.",
    ),
    (
        "a climb that is nearly level",
        (0, 4096, 8192, 12288),
        (0, 2, 3, 4),
        "The numbers are exact: a slope of 1/4096 is smaller than one of 2/4096.",
    ),
    (
        "a climb that is nearly straight",
        (0, 1, 2, 3),
        (0, 16, 31, 46),
        "The numbers are exact: a slope of 15 is smaller than one of 16.",
    ),
    ("two points", (0, 3), (5, 1), FEW),
    ("one point", (2,), (5,), FEW),
]


def check_could_be_convex(answer, expect):
    for what, positions, losses, hint in WALKS:
        expect.trying(
            f"{what}: positions {list(positions)}, losses {list(losses)}",
            FEW if hint == FEW else "",
        )
        given = list(positions), list(losses)
        got = answer(*given)
        expect.equal(
            "can be convex",
            bool(got) if _is_truth(got) else got,
            below_each_chord(positions, losses),
            hint=hint if _is_truth(got) else "Return `True` or `False`.",
        )
        list_stays(given, (list(positions), list(losses)), expect)


def _is_truth(got) -> bool:
    """Whether it is one truth value, of Python, numpy or torch."""
    kind = str(getattr(got, "dtype", type(got).__name__))
    return kind.endswith("bool") and getattr(got, "ndim", 0) == 0


def below_each_chord(positions, losses) -> bool:
    """The definition: no point lies above a straight line between two others."""
    points = zip(positions, losses, strict=True)
    return all(
        (loss - a) * (q - p) <= (middle - p) * (b - a)
        for (p, a), (middle, loss), (q, b) in combinations(points, 3)
    )

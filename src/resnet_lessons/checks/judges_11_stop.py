"""Chapter 11, a whole pipeline: how an explanation of a stop is judged."""

from .describe import Words, describe
from .kept import list_stays

RULES = ("best", "above", "previous")
BY_HAND = "Go through the values by hand, with a counter for each rule."
FROM_1 = f"Epochs are counted from 1. {BY_HAND}"
ONCE = "A rule ends a run once: had it stopped before, it could not stop here."
PAGE = (0.5, 0.6, 0.58, 0.59, 0.57, 0.56, 0.55, 0.54)
# values, patience, where it stopped, and what the case teaches
CASES = [
    (PAGE, 3, 5, FROM_1),
    (PAGE, 3, 6, "Here the counter has to be above the patience."),
    (PAGE, 3, 7, "Here each value is compared with the one directly before it."),
    (PAGE, 3, 8, BY_HAND),
    ((0.3, 0.5, 0.5, 0.5, 0.4, 0.7), 2, 4, "As good is not better."),
    (
        (0.1, 0.05, 0.2, 0.1, 0.3, 0.2, 0.4),
        2,
        4,
        "The values have to be in a row: a better one sets the counter back to 0.",
    ),
    ((0.2, 0.4, 0.3), 2, 3, "The last value ends no run: a rule has to stop it."),
    ((0.5, 0.4, 0.3, 0.6, 0.5, 0.4), 2, 6, ONCE),
    ((0.5, 0.4, 0.3, 0.2, 0.2), 2, 5, ONCE),
    ((0.0, 0.0, 0.0), 2, 3, "Nothing stands before the first value: 0 is better."),
    ((0.7, 0.6, 0.7004, 0.7, 0.7001, 0.8), 2, 5, "However little: better is better."),
    ((0.7, 0.6, 0.65, 0.6, 0.65, 0.6, 0.55, 0.5), 2, 7, BY_HAND),
    ((0.5, 0.6, 0.6, 0.4), 1, 4, BY_HAND),
]


def check_explained_by(answer, expect):
    for values, patience, stopped, lesson in CASES:
        expect.trying(f"explained_by({list(values)}, {patience}, {stopped})")
        given = list(values)
        got = answer(given, patience, stopped)
        ends = ends_by_rule(values, patience)
        want = {rule for rule, end in ends.items() if end == stopped}
        found = _names(got)
        expect.equal(
            "the rules that explain it",
            _as_it_came(got) if found is None else _in_words(found),
            _in_words(want),
            hint=_no_names(got) if found is None else _why(found ^ want, ends, lesson),
        )
    list_stays(given, list(values), expect)


def ends_by_rule(values, patience) -> dict[str, int | None]:
    """The epoch after which each rule stops, by looking back from each epoch."""
    epochs = range(len(values))
    best = [values.index(max(values[: n + 1])) for n in epochs]
    rise = [max((m for m in range(1, n + 1) if values[m] > values[m - 1]), default=0)
            for n in epochs]  # fmt: skip

    def first(better, gap):
        return next((n + 1 for n in epochs if n - better[n] == gap), None)

    ends = first(best, patience), first(best, patience + 1), first(rise, patience)
    return dict(zip(RULES, ends, strict=True))


def _names(got) -> set[str] | None:
    """The names in whatever holds several; None if these are no names of rules."""
    if not isinstance(got, list | tuple | set | frozenset):
        return None
    known = all(isinstance(name, str) and name in RULES for name in got)
    return set(got) if known else None


def _in_words(names) -> Words:
    return Words([rule for rule in RULES if rule in names])


def _as_it_came(got):
    """For the message only: nothing that could be equal to names."""
    return got if got is None or got is ... else Words(describe(got))


def _no_names(got) -> str:
    if isinstance(got, str):
        return "Several rules may explain it, or none: return a list of names."
    return 'Return a list of names: of "best", "above" and "previous". It may be empty.'


def _why(wrong, ends, lesson) -> str:
    """What the rules do that were named wrongly, or are missing; and the lesson."""
    words = [f"`{r}` {_does(ends[r])}." for r in RULES if r in wrong]
    return " ".join([*words, lesson])


def _does(end) -> str:
    return f"stops after epoch {end}" if end else "does not stop here at all"

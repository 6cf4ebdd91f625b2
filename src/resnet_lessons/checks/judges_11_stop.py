"""Chapter 11, a whole pipeline: how the end of a training is judged."""

from .expect import made
from .kept import list_stays
from .mistakes_11 import STOPS


def check_stops_after(answer, expect):
    for values, patience in [
        ((0.5, 0.4, 0.3, 0.2, 0.2, 0.2), 3),
        ((0.5, 0.4, 0.3, 0.6, 0.2, 0.1, 0.1), 2),
        ((0.5, 0.4, 0.45, 0.3, 0.35, 0.6), 3),
        ((0.3, 0.5, 0.5, 0.5, 0.4, 0.7), 2),
        ((0.1, 0.05, 0.2, 0.1, 0.3, 0.2, 0.4), 2),
        ((0.2, 0.4, 0.3), 2),
        ((0.5, 0.5, 0.9), 1),
        ((0.7, 0.6, 0.7004, 0.7, 0.7001, 0.8), 2),
        ((0.0, 0.0, 0.0), 2),
    ]:
        expect.trying(f"stops_after({list(values)}, {patience})")
        given = list(values)
        got = answer(given, patience)
        expect.equal(
            "the epoch it stops after, and the epoch of the best net",
            _as_tuple(got),
            reference(values, patience),
            hint="Go through the values by hand: which is the best so far, and how "
            "many epochs ago was it?",
            mistakes=made(STOPS, values, patience),
        )
    list_stays(given, list(values), expect)


def _as_tuple(got):
    """The numbers of a list, an array or a tensor."""
    got = got.tolist() if hasattr(got, "tolist") else got
    return tuple(got) if isinstance(got, list) else got


def reference(values, patience) -> tuple[int, int]:
    """Where it stops, and the best epoch, by looking back from each epoch."""
    best = [values.index(max(values[: n + 1])) for n in range(len(values))]
    late = [n for n, b in enumerate(best) if n - b >= patience]
    end = late[0] if late else len(values) - 1
    return end + 1, best[end] + 1

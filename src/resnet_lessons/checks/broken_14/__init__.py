"""Chapter 14: programs with the defects of well-known articles, and without them.

The code is ours; the defects are those of a summary of the paper, of a note on
ResNet-20 in plain PyTorch, of a guide to transfer learning, and of an article on
ResNets in fastai. Each defect is a line of data (`BUGS`) that edits a program which is
right.
"""

from functools import cache
from types import ModuleType

from ...errors import UsageError
from ..limits import kept_random_state
from .bug import Bug, Sign, part_of, run, text_of
from .bugs_model import MODEL
from .bugs_nets import NETS
from .bugs_runs import RUNS
from .digits import Digits
from .signs_nets import share_right, train

__all__ = [
    "BUGS",
    "PROGRAMS",
    "Bug",
    "Digits",
    "bugs_of",
    "load",
    "share_right",
    "source",
    "symptoms",
    "train",
]

BUGS: dict[str, Bug] = {bug.id: bug for bug in [*NETS, *MODEL, *RUNS]}
PROGRAMS = tuple(dict.fromkeys(bug.program for bug in BUGS.values()))


def bugs_of(program: str) -> list[str]:
    """The ids of all bugs of a program; `UsageError` if there is none of that name."""
    if program not in PROGRAMS:
        names = ", ".join(PROGRAMS)
        raise UsageError(f"There is no program {program!r}; choose one of {names}.")
    return [bug.id for bug in BUGS.values() if bug.program == program]


def chosen(program: str, ids) -> tuple[Bug, ...]:
    """The bugs of these ids, in the order in which they fit together."""
    all_ids = bugs_of(program)
    if unknown := set(ids) - set(all_ids):
        raise UsageError(
            f"{program} has no bug {', '.join(sorted(unknown))}; it has "
            f"{', '.join(all_ids)}."
        )
    return tuple(BUGS[id] for id in all_ids if id in ids)


def load(program: str, *ids: str) -> ModuleType:
    """The program with these bugs, as a module; with none, the repaired one.

    Raises `UsageError` if the program or a bug of it does not exist.
    """
    return run(program, chosen(program, ids))


def source(program: str, part: str, *ids: str) -> str:
    """The code of one function or class of a program with these bugs."""
    return part_of(text_of(program, chosen(program, ids)), part)


def symptoms(program: str, digits: Digits, *ids: str) -> list[list[str]]:
    """[what, with these bugs, repaired] for each sign that the bugs have.

    Values are words; where a program fails, the kind of its error.
    """
    bugs = chosen(program, ids)
    broken, repaired = run(program, bugs), _repaired(program)
    signs = {sign.what: sign for bug in bugs for sign in bug.signs}
    return [
        [what, _value(sign, broken, digits), _value(sign, repaired, digits)]
        for what, sign in signs.items()
    ]


_repaired = cache(run)  # the same module at each call: what was measured on it holds


@cache
def _value(sign: Sign, program: ModuleType, digits: Digits) -> str:
    with kept_random_state():
        try:
            return sign.measure(program, digits)
        except Exception as error:
            return type(error).__name__

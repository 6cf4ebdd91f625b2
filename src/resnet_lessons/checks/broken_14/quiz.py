"""The defects as questions: the data of the widget DiffQuiz (chapter 14)."""

import difflib
import itertools
import random

from . import BUGS, Digits, source, symptoms

ORIGINS = {
    "block": "After a summary of the ResNet paper",
    "cifar": "After a note on ResNet-20 in plain PyTorch",
    "evaluation": "After a note on ResNet-20 in plain PyTorch",
    "model": "After an article on ResNets in fastai",
    "pictures": "After an article on ResNets in fastai",
    "transfer": "After a guide to transfer learning",
}


def quiz(
    digits: Digits,
    caught: dict[str, list[str]],  # bug: the names of the tests that see it
    note: str,
) -> dict:
    """DiffQuiz's data, one question for each bug in `caught`, in that order."""
    questions = [question(id, digits, names) for id, names in caught.items()]
    return {"note": note, "questions": questions}


def question(id: str, digits: Digits, caught: list[str]) -> dict:
    """One defect alone in its code; values measured on it and on the repaired code."""
    bug = BUGS[id]
    rows, wrong = compared(source(bug.program, bug.part, id),
                           source(bug.program, bug.part))  # fmt: skip
    effects = list(bug.effects)
    random.Random(id).shuffle(effects)  # the same at each call
    return {
        "origin": ORIGINS[bug.program],
        "title": bug.title,
        "rows": rows,
        "wrong": wrong,
        "effects": effects,
        "right": effects.index(bug.effects[0]),
        "why": bug.why,
        "signs": symptoms(bug.program, digits, id),
        "caught": list(caught),
    }


def compared(broken: str, repaired: str) -> tuple[list[list[str]], list[int]]:
    """([mark, line] of both codes, the lines of the broken code that count as found).

    Marks: " " in both, "-" in the broken code only, "+" in the repaired one only.
    Lines are counted from 0. Where lines are only missing, their neighbours count.
    """
    diff = [row for row in difflib.ndiff(broken.splitlines(), repaired.splitlines())]
    rows = [[row[0], row[2:]] for row in diff if row[0] != "?"]
    lines, found, line = broken.splitlines(), set(), 0
    for same, hunk in itertools.groupby(rows, lambda row: row[0] == " "):
        count = sum(mark != "+" for mark, _ in hunk)
        if not same:  # a gap has no line of its own
            found |= set(range(line, line + count)) or {line - 1, line}
        line += count
    kept = [n for n in found if 0 <= n < line and lines[n].strip()]  # not empty ones
    return rows, sorted(kept)

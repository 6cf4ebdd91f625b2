"""Chapter 14: which line is wrong, and what does it do?"""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys

KEYS = (
    "origin",
    "title",
    "rows",
    "wrong",
    "effects",
    "right",
    "why",
    "signs",
    "caught",
)


class DiffQuiz(LessonWidget):
    """Read a piece of code, pick the line that is wrong and what it does, then check.

    `data` has `note`, one line of text, and `questions`, one for each defect, with

    - `origin`: where the code comes from, and `title`, the name of the defect
    - `rows`: [mark, line of code]; mark " " for lines of both codes, "-" for lines of
      the broken one, "+" for lines of the repaired one
    - `wrong`: which lines of the broken code count as found, from 0
    - `effects`: two or more texts, and `right`, which of them is true, from 0
    - `why`: the explanation
    - `signs`: [what was measured, with the defect, repaired], all in words
    - `caught`: the names of the tests that see the defect, perhaps none

    Raises UsageError when something is missing or a number points at nothing.
    Source: chapter 14.
    """

    reserve = traitlets.List([929, 1330]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("note", "questions"), "DiffQuiz")
        need(isinstance(data["note"], str), "note must be one line of text.")
        need(data["questions"], "questions: give at least one.")
        for number, question in enumerate(data["questions"], 1):
            self._check_question(question, f"question {number}")

    @staticmethod
    def _check_question(question, name):
        need_keys(question, KEYS, name)
        for key in ("origin", "title", "why"):
            need(question[key], f"{name}: {key} is empty.")
        marks = [mark for mark, _ in question["rows"]]
        need(set(marks) <= set(" -+"), f"{name}: marks are ' ', '-' and '+'.")
        need(set(marks) & set("-+"), f"{name}: both codes are the same.")
        lines = len(marks) - marks.count("+")
        wrong = question["wrong"]
        need(wrong, f"{name}: no line counts as found.")
        need(
            all(0 <= line < lines for line in wrong),
            f"{name}: wrong names line {max(wrong)} of {lines}, counted from 0.",
        )
        effects = question["effects"]
        need(len(set(effects)) > 1, f"{name}: give two effects or more.")
        need(0 <= question["right"] < len(effects), f"{name}: right names no effect.")
        need(question["signs"], f"{name}: signs are empty.")
        for sign in question["signs"]:
            need(
                len(sign) == 3 and all(isinstance(word, str) for word in sign),
                f"{name}: a sign is three texts: what, broken, repaired.",
            )

    def summary(self):
        return f"{len(self.data['questions'])} defects"

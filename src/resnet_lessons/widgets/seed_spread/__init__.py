"""Chapter 11: how sure is an accuracy, by pictures and by seeds?"""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys

FEWEST = 50  # pictures: the smallest draw


class SeedSpread(LessonWidget):
    """Choose how many test pictures one looks at; see accuracy and confusions move.

    `data` comes from `figures.seed_spread_data`. With K `classes` (ten at most), N test
    pictures and S `seeds`:

    - `labels`: N digits in one string, the class of each picture
    - `answers`: S strings of N digits, what the net of each seed takes it for
    - `note`: one line of text, what was trained and tested

    Raises UsageError when a string has the wrong length or a digit is no class.
    Source: chapter 11.
    """

    reserve = traitlets.List([880, 1350]).tag(sync=True)

    def check(self, data):
        keys = ("classes", "seeds", "labels", "answers", "note")
        need_keys(data, keys, "SeedSpread")
        need(isinstance(data["note"], str), "note must be one line of text.")
        need(2 <= len(data["classes"]) <= 10, "classes: from two to ten names.")
        count = len(data["labels"])
        need(count > FEWEST, f"labels: more than {FEWEST} pictures are needed.")
        need(len(data["seeds"]) > 0, "seeds: give at least one.")
        need(len(data["answers"]) == len(data["seeds"]), "answers: one per seed.")
        digits = set("0123456789"[: len(data["classes"])])
        for name, text in [("labels", data["labels"]), *self._named(data)]:
            need(isinstance(text, str), f"{name} must be a string of digits.")
            need(len(text) == count, f"{name} has {len(text)} digits, not {count}.")
            need(set(text) <= digits, f"{name}: a digit that is no class.")

    @staticmethod
    def _named(data):
        names = [f"answers of seed {seed}" for seed in data["seeds"]]
        return zip(names, data["answers"], strict=True)

    def summary(self):
        seeds, pictures = len(self.data["seeds"]), len(self.data["labels"])
        several = "s" if seeds > 1 else ""
        return f"{seeds} seed{several}, {pictures:,} pictures"

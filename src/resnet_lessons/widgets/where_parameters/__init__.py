"""Chapter 2: in which layers are the parameters, and in which is the work?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

KEYS = ("parts", "places", "layers", "parameters", "macs")


class WhereParameters(LessonWidget):
    """Choose a net, its head and the number of classes; see where its weights are.

    `data` comes from `probes.where_parameters`. With N `nets`, two `heads`, K numbers
    of `classes` (rising) and pictures of `size` pixels on a side, `cases[n][h]` has,
    for its P parts, grids from large to small and then linear layers:

    - `parts`: P names, of which those of linear layers begin with "linear"
    - `places`: P counts of the places of the grid, 1 for a linear layer, `layers`: P
      counts of convolutions, 1 for a linear layer
    - `parameters`, `macs`: K lists of P counts, multiply-accumulates for one image

    Raises UsageError when a list has the wrong length. Source: chapter 2.
    """

    reserve = traitlets.List([1185, 1732]).tag(sync=True)

    def check(self, data):
        keys = ("nets", "heads", "classes", "size", "cases")
        need_keys(data, keys, "WhereParameters")
        need_rising(data["classes"], "classes")
        need(len(data["heads"]) == 2, "heads: as published, and a global average.")
        need(len(data["cases"]) == len(data["nets"]), "cases: one row per net.")
        for name, row in zip(data["nets"], data["cases"], strict=True):
            need(len(row) == len(data["heads"]), f"{name}: one case per head.")
            for head, case in zip(data["heads"], row, strict=True):
                self._check_case(case, len(data["classes"]), f"{name}, {head}")

    @staticmethod
    def _check_case(case, classes, name):
        need_keys(case, KEYS, name)
        parts = len(case["parts"])
        for key in ("places", "layers"):
            need_numbers(case[key], parts, f"{name}: {key}")
        need(case["places"][-1] == 1, f"{name}: the last part is a linear layer.")
        for key in ("parameters", "macs"):
            need(len(case[key]) == classes, f"{name}: {key}: one list per class count.")
            for row in case[key]:
                need_numbers(row, parts, f"{name}: {key}")
                need(sum(row) > 0, f"{name}: a net without any {key}.")

    def summary(self):
        classes = self.data["classes"]
        return f"{', '.join(self.data['nets'])}, {classes[0]}…{classes[-1]} classes"

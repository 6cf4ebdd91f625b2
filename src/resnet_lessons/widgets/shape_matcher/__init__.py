"""Chapter 6: how do the shapes of x and F(x) match?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

KEYS = ("options", "channels", "strides", "sizes", "residuals", "cases")
COSTS = ("parameters", "macs")
NAMES = ("identity", "A", "B", "C", "pool", "none")


class ShapeMatcher(LessonWidget):
    """Choose the shape of a block and a shortcut; see whether their sum exists.

    `data` comes from `probes.shape_matches`. With C `channels`, S `strides` and N
    `sizes`:

    - `options`: names of shortcuts, out of identity, A, B, C, pool, none
    - `residuals[i][o][s][n]`: `shape`, `parameters` and `macs` of F(x) from channels i
      to channels o with stride s on a grid n
    - `cases[option][i][o][s][n]`: `text`, a place in `texts`; `error`, the message of
      PyTorch or of the library, "" where the sum exists; and, unless the shortcut
      cannot be built, its `shape` ([] for none), `parameters`, `macs`, `zeros`
      (channels that are always 0) and `reads`, a place in `patterns`
    - `texts`: layers of a shortcut in words
    - `patterns`: "1" and "0" for each position of x, row by row: is it read?

    Raises UsageError when a list has the wrong length or a sum fits and differs in
    shape. Source: chapter 6.
    """

    reserve = traitlets.List([810, 1425]).tag(sync=True)

    def check(self, data):
        need_keys(data, (*KEYS, "texts", "patterns"), "ShapeMatcher")
        for name in ("channels", "strides", "sizes"):
            need_rising(data[name], name)
        unknown = [name for name in data["options"] if name not in NAMES]
        need(not unknown, f"options: unknown {unknown}; known are {', '.join(NAMES)}.")
        residuals = list(self._leaves(data, data["residuals"], "residuals"))
        for residual in residuals:
            need_numbers(residual["shape"], 3, "the shape of F(x)")
        need(len(data["cases"]) == len(data["options"]), "cases: one per option.")
        for name, tree in zip(data["options"], data["cases"], strict=True):
            leaves = self._leaves(data, tree, f"cases of {name}")
            for residual, case in zip(residuals, leaves, strict=True):
                self._check_case(data, residual, case, name)

    @staticmethod
    def _leaves(data, tree, name):
        level = [tree]
        for choices in ("channels", "channels", "strides", "sizes"):
            for branch in level:
                fits = len(branch) == len(data[choices])
                need(fits, f"{name}: one entry for each of the {choices}.")
            level = [leaf for branch in level for leaf in branch]
        return level

    @staticmethod
    def _check_case(data, residual, case, name):
        places = [("text", "texts")]
        if "shape" in case:
            places.append(("reads", "patterns"))
            need_numbers([case[cost] for cost in COSTS], 2, f"costs of {name}")
            same = case["shape"] in ([], residual["shape"])
            need(same != bool(case["error"]), f"{name}: error and shapes disagree.")
        else:
            need(bool(case["error"]), f"{name}: no shape, but no error either.")
        for key, places_in in places:
            inside = 0 <= case[key] < len(data[places_in])
            need(inside, f"{name}: {key} is no place in {places_in}.")

    def summary(self):
        channels, sizes = self.data["channels"], self.data["sizes"]
        options = "/".join(self.data["options"])
        widths = "/".join(map(str, channels))
        return f"{widths} channels, {sizes[0]}…{sizes[-1]} px, {options}"

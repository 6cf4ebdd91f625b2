"""Chapter 8: where do the compute and the parameters sit?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

KEYS = ("parts", "parameters", "macs", "shapes")


class ComputeByStage(LessonWidget):
    """Choose a net, a stem and an image size; see the share of every stage.

    `data` comes from `probes.compute_by_stage`. With N `nets`, S `stems` and Z `sizes`
    (pixels on a side, rising), `cases[n][s]` has, for its P parts:

    - `parts`: P names, from "stem" over the stages to "head"
    - `parameters`: P counts
    - `macs`: Z lists of P counts, multiply-accumulates for one image
    - `shapes`: Z lists of P shapes that come out, [C, H, W], or [classes] of the head

    Raises UsageError when a list has the wrong length. Source: chapter 8.
    """

    reserve = traitlets.List([1130, 1595]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("nets", "stems", "sizes", "cases"), "ComputeByStage")
        need_rising(data["sizes"], "sizes")
        need(len(data["cases"]) == len(data["nets"]), "cases: one row per net.")
        for name, row in zip(data["nets"], data["cases"], strict=True):
            need(len(row) == len(data["stems"]), f"{name}: one case per stem.")
            for stem, case in zip(data["stems"], row, strict=True):
                self._check_case(case, len(data["sizes"]), f"{name}, {stem}")

    @staticmethod
    def _check_case(case, sizes, name):
        need_keys(case, KEYS, name)
        parts = len(case["parts"])
        ends = case["parts"][:1] + case["parts"][-1:]
        need(ends == ["stem", "head"], f"{name}: parts go from stem to head.")
        need_numbers(case["parameters"], parts, f"{name}: parameters")
        for key in ("macs", "shapes"):
            need(len(case[key]) == sizes, f"{name}: {key} need one list per size.")
        for macs, shapes in zip(case["macs"], case["shapes"], strict=True):
            need_numbers(macs, parts, f"{name}: macs")
            need(sum(macs) > 0, f"{name}: a net without any work.")
            need(len(shapes) == parts, f"{name}: one shape per part.")

    def summary(self):
        sizes = self.data["sizes"]
        nets, stems = len(self.data["nets"]), len(self.data["stems"])
        return f"{nets} nets, {stems} stems, {sizes[0]}…{sizes[-1]} px"

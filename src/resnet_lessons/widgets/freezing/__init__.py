"""Chapter 12: how much of a net is frozen, what that saves and what it brings."""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys, need_numbers

KEYS = ("parts", "parameters", "macs", "learning", "backward")
RECORDED = ("counts", "accuracy", "scratch", "seconds", "classes", "note")


class Freezing(LessonWidget):
    """Choose which parts of a net learn, and from how many pictures.

    `data` holds, for P parts from the stem to the head, what `probes.freezing_costs`
    counts, and what a Record says (`figures.freezing_data` joins the two):

    - `parts`, `parameters`, `macs`: P values each; MACs forward, for one picture
    - `learning`, `backward`: parameters that learn and MACs backward, with 0 to P - 1
      parts that learn besides the head
    - `counts`: pictures a class, N numbers in rising order
    - `accuracy[n][p]`, `scratch[n]`: one value a seed, 0 to 1
    - `seconds[p]`: of training
    - `classes`: the two names; `note`: where the numbers come from

    Raises UsageError when a list has the wrong length. Source: chapter 12.
    """

    reserve = traitlets.List([875, 1480]).tag(sync=True)

    def check(self, data):
        need_keys(data, (*KEYS, *RECORDED), "Freezing")
        size = len(data["parts"])
        need(size > 1, "parts: a body and a head.")
        for key in (*KEYS[1:], "seconds"):
            need_numbers(data[key], size, key)
        counts = data["counts"]
        need(len(counts) > 0, "counts: at least one number of pictures.")
        for key in ("accuracy", "scratch"):
            need(len(data[key]) == len(counts), f"{key}: one list per count.")
        for count, ways, scratch in zip(
            counts, data["accuracy"], data["scratch"], strict=True
        ):
            need(len(ways) == size, f"{count}: one list per number of free parts.")
            for seeds in (*ways, scratch):
                need(len(seeds) > 0, f"{count}: at least one seed.")
                need_numbers(seeds, len(scratch), f"{count}: seeds")
                need(max(seeds) <= 1, f"{count}: accuracies go from 0 to 1.")

    def summary(self):
        parts, counts = self.data["parts"], self.data["counts"]
        return f"{len(parts)} parts, {', '.join(map(str, counts))} pictures a class"

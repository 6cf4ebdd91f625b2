"""Chapter 2: what does one place behind a stack of layers see of the picture?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
)

LAYER = ("kernel", "stride", "pool")
DEPTH = ("seen", "steps", "ways", "weights", "convolutions")


class ReceptiveField(LessonWidget):
    """Choose a stack of layers and cut it off at a depth; see its receptive field.

    `data` comes from `probes.fields_by_depth`. Each of `stacks` has a `name`, its N
    `layers` (`kernel` and `stride` in places, `pool`: bool) and N `depths`. Depth d,
    counted from 1, holds for one place behind layer d:

    - `seen`: d + 1 counts of places in a row that it depends on, from the picture's
      pixels to itself, which is 1
    - `steps`: d + 1 distances between neighbours in pixels of the picture
    - `ways`: from the edge of the field to its middle, in how many ways a pixel
      reaches the place, as a share of the largest number
    - `weights`: for each pair of channels; `convolutions`: how many layers have some

    Raises UsageError when a list has the wrong length. Source: chapter 2.
    """

    reserve = traitlets.List([967, 1527]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("stacks",), "ReceptiveField")
        need(len(data["stacks"]) > 0, "stacks: give one at least.")
        for stack in data["stacks"]:
            need_keys(stack, ("name", "layers", "depths"), "a stack")
            name = stack["name"]
            need(len(stack["layers"]) > 0, f"{name}: a stack has a layer at least.")
            for layer in stack["layers"]:
                need_keys(layer, LAYER, f"{name}: a layer")
            one_each = len(stack["depths"]) == len(stack["layers"])
            need(one_each, f"{name}: one depth per layer.")
            for number, depth in enumerate(stack["depths"], 1):
                self._check_depth(depth, number, f"{name}, depth {number}")

    @staticmethod
    def _check_depth(depth, number, name):
        need_keys(depth, DEPTH, name)
        need_numbers(depth["seen"], number + 1, f"{name}: seen")
        need(depth["seen"][-1] == 1, f"{name}: seen ends with the place itself, 1.")
        need_numbers(depth["steps"], number + 1, f"{name}: steps")
        half = (depth["seen"][0] + 1) // 2
        need_numbers(depth["ways"], half, f"{name}: ways")
        need(max(depth["ways"]) == 1, f"{name}: the largest of the ways is 1.")
        counts = [depth["weights"], depth["convolutions"]]
        need_numbers(counts, 2, f"{name}: weights and convolutions")

    def summary(self):
        stacks = [f"{s['name']} ({len(s['layers'])})" for s in self.data["stacks"]]
        return ", ".join(stacks)

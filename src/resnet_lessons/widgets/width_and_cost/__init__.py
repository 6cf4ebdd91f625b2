"""Chapter 9: how wide a block may be for its cost, basic or bottleneck."""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

BLOCK = ("channels", "kernels", "macs")


class WidthAndCost(LessonWidget):
    """Choose the channels and how narrow the middle is; see what the blocks cost.

    `data` comes from `probes.block_costs`. With N `channels` and S `squeezes` (both
    rising), `basic` has N blocks; `bottleneck` and `narrow`, the basic block as wide as
    the bottleneck's middle, have N lists of S blocks. A block of L convolutions has

    - `channels`: L + 1 counts, the first and the last the same
    - `kernels`: L sides of kernels
    - `macs`: L counts, multiply-accumulates at one place of the grid

    Raises UsageError when a list has the wrong length. Source: chapter 9.
    """

    reserve = traitlets.List([982, 1851]).tag(sync=True)

    def check(self, data):
        keys = ("channels", "squeezes", "basic", "bottleneck", "narrow")
        need_keys(data, keys, "WidthAndCost")
        need_rising(data["channels"], "channels")
        need_rising(data["squeezes"], "squeezes")
        for key in keys[2:]:
            need(
                len(data[key]) == len(data["channels"]),
                f"{key}: one entry per number of channels.",
            )
        for channels, block in zip(data["channels"], data["basic"], strict=True):
            self._check_block(block, channels, f"basic, {channels} channels")
        rows = zip(data["channels"], data["bottleneck"], data["narrow"], strict=True)
        for channels, *both in rows:
            for key, row in zip(keys[3:], both, strict=True):
                name = f"{key}, {channels} channels"
                need(
                    len(row) == len(data["squeezes"]), f"{name}: one block per squeeze."
                )
                for squeeze, block in zip(data["squeezes"], row, strict=True):
                    ends = channels if key == "bottleneck" else channels // squeeze
                    self._check_block(block, ends, f"{name}, squeeze {squeeze}")

    @staticmethod
    def _check_block(block, channels, name):
        need_keys(block, BLOCK, name)
        layers = len(block["kernels"])
        need(layers > 0, f"{name}: a block without convolutions.")
        need_numbers(block["kernels"], layers, f"{name}: kernels")
        need_numbers(block["macs"], layers, f"{name}: macs")
        need(min(block["macs"]) > 0, f"{name}: a convolution without any work.")
        need_numbers(block["channels"], layers + 1, f"{name}: channels")
        ends = [block["channels"][0], block["channels"][-1]]
        need(ends == [channels] * 2, f"{name}: {channels} channels go in and out.")

    def summary(self):
        channels = self.data["channels"]
        squeezes = "/".join(map(str, self.data["squeezes"]))
        return f"{channels[0]}…{channels[-1]} channels, squeezed {squeezes} times"

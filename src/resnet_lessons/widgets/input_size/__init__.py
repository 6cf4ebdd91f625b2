"""Chapter 3: how can one net take any image size?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

KEYS = ("made_for", "sizes", "channels", "grids", "nets")
NET_KEYS = ("head", "expects", "features", "head_parameters", "macs")


class InputSize(LessonWidget):
    """Slide the image size through two nets that differ only in their head.

    `data` has, for S sizes and N stride-2 stages:

    - `made_for`: the image size in px that the flatten net was made for, one of `sizes`
    - `sizes`: S image sides in px, rising
    - `channels`: N + 1 channel counts, the picture's 3 first
    - `grids`: S rows of N + 1 grid sides, the picture's own side first
    - `nets`: two dicts, one with `head` "flatten", one with `head` "pool", each with
      `expects`, the in_features of its linear layer; and S values each
      of `features` (numbers that reach the linear layer), `head_parameters` (of a head
      built for that size) and `macs` (multiply-accumulates for one picture)

    Raises UsageError when a list has the wrong length or a grid and its features
    disagree. Source: chapter 3.
    """

    reserve = traitlets.List([930, 1500]).tag(sync=True)

    def check(self, data):
        need_keys(data, KEYS, "InputSize")
        sizes, channels = data["sizes"], data["channels"]
        need_rising(sizes, "sizes")
        need(data["made_for"] in sizes, f"made_for must be one of {list(sizes)} px.")
        need(isinstance(channels, (list, tuple)), "channels must be a list of numbers.")
        need_numbers(channels, max(len(channels), 2), "channels")
        need(len(data["grids"]) == len(sizes), "grids needs one row per size.")
        for size, row in zip(sizes, data["grids"], strict=True):
            need_numbers(row, len(channels), f"grids at {size} px")
            need(row[0] == size, f"grids at {size} px must start with {size}.")
        heads = [net.get("head") for net in data["nets"]]
        need(heads == ["flatten", "pool"], "nets must be a flatten and a pool head.")
        for net in data["nets"]:
            self._check_net(data, net)

    @staticmethod
    def _check_net(data, net):
        need_keys(net, NET_KEYS, f"InputSize, net {net['head']}")
        for key in ("features", "head_parameters", "macs"):
            need_numbers(net[key], len(data["sizes"]), f"{net['head']}: {key}")
        channels = data["channels"][-1]
        for row, features in zip(data["grids"], net["features"], strict=True):
            cells = row[-1] ** 2 if net["head"] == "flatten" else 1
            need(
                features == cells * channels,
                f"{net['head']}: {features} features at {row[0]} px, but "
                f"{cells} cells of {channels} channels are {cells * channels}.",
            )
        at = data["sizes"].index(data["made_for"])
        need(net["expects"] == net["features"][at], f"{net['head']}: expects is wrong.")

    def summary(self):
        sizes, nets = self.data["sizes"], self.data["nets"]
        return f"{sizes[0]}…{sizes[-1]} px, {len(nets)} nets"

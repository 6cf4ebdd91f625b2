"""Chapter 5: do gradients vanish?"""

from itertools import product

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

CHOICES = {
    "init": ("default", "He"),
    "norm": ("none", "BatchNorm"),
    "skip": ("off", "on"),
}
WAYS = list(product(*CHOICES.values()))


class GradientNorms(LessonWidget):
    """Slide the depth, choose how the net starts; see the gradient of each layer.

    `data` has, for D depths:

    - `depths`: D layer counts, rising
    - `nets`: eight dicts, one for each way to start: `init` ("default" or "He"),
      `norm` ("none" or "BatchNorm"), `skip` ("off" or "on"), in the order of
      `itertools.product`; and `norms`, for each depth the norm of the loss gradient by
      the weights of each convolution, the first layer first; 0 where it underflows
    - `note`: one line on what was measured

    Raises UsageError when a list has the wrong length, or the last layer gets exactly
    0. Source: chapter 5.
    """

    reserve = traitlets.List([720, 1310]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("depths", "nets", "note"), "GradientNorms")
        need_rising(data["depths"], "depths")
        need(isinstance(data["note"], str), "note must be one line of text.")
        for net in data["nets"]:
            need_keys(net, (*CHOICES, "norms"), "GradientNorms, net")
        ways = [tuple(net[key] for key in CHOICES) for net in data["nets"]]
        need(ways == WAYS, "nets must be the eight ways to start, in their order.")
        for net, way in zip(data["nets"], ways, strict=True):
            self._check_norms(net["norms"], data["depths"], ", ".join(way))

    @staticmethod
    def _check_norms(norms, depths, name):
        need(len(norms) == len(depths), f"{name} needs one list of norms per depth.")
        for depth, values in zip(depths, norms, strict=True):
            need_numbers(values, depth - 1, f"{name}, {depth} layers")
            need(values[-1] > 0, f"{name}, {depth} layers: the last norm is 0.")

    def summary(self):
        layers = "/".join(str(depth) for depth in self.data["depths"])
        return f"{layers} layers, {len(self.data['nets'])} ways to start"

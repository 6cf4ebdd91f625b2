"""Chapter 1: what does a convolution layer cost?"""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys

# The values that the sliders offer, from the first to the last.
RANGES = {
    "size": (1, 32),
    "kernel": (1, 9),
    "stride": (1, 4),
    "padding": (0, 4),
    "in_channels": (1, 512),
    "out_channels": (1, 512),
}


class Convolution(LessonWidget):
    """Set up a convolution; see what one place reads, and what the layer costs.

    `data` has `layers`, one or more that can be chosen by name; the first is shown at
    the start. `probes.convolutions` gives them for a net. Each has

    - `name`: what the button says
    - `size`: side of the picture in px, 1 to 32
    - `kernel`, `stride`, `padding`: in px, up to 9, 4 and 4
    - `in_channels`, `out_channels`: up to 512
    - `bias`: whether there is one

    All numbers shown are computed in the browser, in whole numbers. Raises UsageError
    for a setting that no slider reaches. Source: chapter 1.
    """

    reserve = traitlets.List([1130, 1165]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("layers",), "Convolution")
        layers = data["layers"]
        need(isinstance(layers, (list, tuple)) and layers, "layers: give at least one.")
        for layer in layers:
            need_keys(layer, ("name", *RANGES, "bias"), "Convolution, a layer")
            for key, (low, high) in RANGES.items():
                value = layer[key]
                whole = isinstance(value, int) and not isinstance(value, bool)
                good = whole and low <= value <= high
                need(good, f"{layer['name']}: {key} must be {low} to {high}.")
            need(
                isinstance(layer["bias"], bool), f"{layer['name']}: bias is yes or no."
            )

    def summary(self):
        return ", ".join(layer["name"] for layer in self.data["layers"])

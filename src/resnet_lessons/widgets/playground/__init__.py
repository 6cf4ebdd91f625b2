"""The residual playground: a small net that trains in the reader's browser."""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys

LETTERS = 32  # of a digit: two of its 64 pixels in each
LEAST = {"train": 32, "held": 24}  # a batch; the digits that are shown


class ResidualPlayground(LessonWidget):
    """Train plain and residual nets of 2 to 64 layers, and watch loss and gradients.

    `data` comes from `figures.playground_data`: `train` and `held`, two sets of digits,
    each with

    - `labels`: N digits in a string
    - `pixels`: 32 letters for each; a letter holds two pixels of eight greys (the
      alphabet of base 64: 8 × the left one + the right one, 7 is ink)

    Points of the other data sets, start values and batches are drawn in the browser
    from a seed; `probes.playground` draws the same. Raises UsageError when a string has
    the wrong length or letters. Source: chapter "The residual playground".
    """

    reserve = traitlets.List([1278, 2315]).tag(sync=True)

    def check(self, data):
        need_keys(data, tuple(LEAST), "ResidualPlayground")
        for name, least in LEAST.items():
            need_keys(data[name], ("pixels", "labels"), name)
            pixels, labels = data[name]["pixels"], data[name]["labels"]
            both = isinstance(pixels, str) and isinstance(labels, str)
            need(both, f"{name}: pixels and labels are strings.")
            good = labels.isdecimal() and labels.isascii()
            need(good and len(labels) >= least, f"{name}: give {least} digits or more.")
            right = len(pixels) == LETTERS * len(labels)
            need(right, f"{name}: pixels need {LETTERS} letters for each digit.")
            known = pixels.replace("+", "").replace("/", "")
            need(known.isalnum() and known.isascii(), f"{name}: pixels are base 64.")

    def summary(self):
        counts = [len(self.data[name]["labels"]) for name in LEAST]
        return f"2…64 layers, {counts[0]} + {counts[1]} digits"

"""Chapter 4: why does the deeper net train worse?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
    plain,
)

KINDS = ("plain", "residual")
KEYS = ("losses", "parameters", "macs", "gradient")


class DepthAndSkip(LessonWidget):
    """Slide the depth, switch the shortcuts; see how training went.

    `data` has, for D depths:

    - `depths`: D layer counts, rising
    - `nets`: under "plain" and "residual", D dicts with `losses`, the training loss of
      each epoch, one list for each seed; `parameters`; `macs` (multiply-accumulates
      for one picture); `gradient`, the norm of the loss gradient by the weights of the
      first convolution before any step
    - `note`: one line on what was trained and measured

    All nets have the same number of epochs. Raises UsageError when a list has the
    wrong length. Source: chapter 4; He et al. 2015, figure 6.

    `ask` is called in the kernel with a depth that the reader types, and returns under
    "plain" and "residual" a dict with `parameters`, `macs` and `gradient`. A UsageError
    of its is shown to the reader. On a page without a kernel there is no field to type.
    """

    reserve = traitlets.List([840, 1315]).tag(sync=True)
    asks = traitlets.Bool(False).tag(sync=True)

    def __init__(self, data, ask=None):
        super().__init__(data)
        self.asks, self._ask = ask is not None, ask
        self.on_msg(self._answer)

    def _answer(self, _widget, content, _buffers):
        """Send what the kernel finds for `content["ask"]` layers, or the problem."""
        depth = content.get("ask")
        try:
            need(isinstance(depth, int), "Type a whole number of layers.")
            found = self._ask(depth)
            need_keys(found, KINDS, "The answer of the kernel")
            for kind in KINDS:
                need_keys(found[kind], KEYS[1:], f"The answer of the kernel, {kind}")
            self.send({"depth": depth, "nets": plain(found)})
        except Exception as problem:  # else the reader would wait for ever
            said = str(problem) or type(problem).__name__
            self.send({"depth": depth, "problem": said})

    def check(self, data):
        need_keys(data, ("depths", "nets", "note"), "DepthAndSkip")
        need_rising(data["depths"], "depths")
        need(isinstance(data["note"], str), "note must be one line of text.")
        need_keys(data["nets"], KINDS, "DepthAndSkip, nets")
        for kind in KINDS:
            nets = data["nets"][kind]
            need(len(nets) == len(data["depths"]), f"{kind} needs one net per depth.")
            for depth, net in zip(data["depths"], nets, strict=True):
                self._check_net(net, f"{kind}, {depth} layers", _epochs(data))

    @staticmethod
    def _check_net(net, name, epochs):
        need_keys(net, KEYS, f"DepthAndSkip, {name}")
        need_numbers([net[key] for key in KEYS[1:]], len(KEYS) - 1, name)
        need(net["losses"], f"{name}: losses need one list per seed.")
        need(epochs > 0, f"{name}: losses need one epoch or more.")
        for seed, curve in enumerate(net["losses"]):
            need_numbers(curve, epochs, f"{name}, seed {seed}")

    def summary(self):
        depths, seeds = self.data["depths"], self.data["nets"]["plain"][0]["losses"]
        layers = "/".join(str(depth) for depth in depths)
        count = f"{len(seeds)} seed{'s' * (len(seeds) > 1)}"
        return f"{layers} layers, plain and residual, {count}"


def _epochs(data):
    losses = data["nets"]["plain"][0].get("losses") or [[]]
    return len(losses[0])

"""Chapter 7: how should a block start its life?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

CURVES = {"std": 1, "gradient": 0, "inner_gradient": 0}  # values beyond one per block


class GammaAtStart(LessonWidget):
    """Slide the γ of each block's last BatchNorm at the start; see what flows.

    `data` has, for D depths and G values of γ:

    - `gammas`: G values from 0 to 1, rising
    - `depths`: D block counts, rising
    - `std[d][g]`: depth + 1 standard deviations of the activations, the first block's
      input first, then after each block
    - `gradient[d][g]`: depth norms of the loss gradient by each block's output
    - `inner_gradient[d][g]`: depth norms of the loss gradient by the weights of each
      block's first convolution; exactly 0 at γ = 0
    - `note`: one line on how it was measured (net, batch, seed)

    Raises UsageError when a list has the wrong length. Source: chapter 7.
    """

    reserve = traitlets.List([655, 1150]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("gammas", "depths", *CURVES, "note"), "GammaAtStart")
        gammas, depths = data["gammas"], data["depths"]
        need_rising(gammas, "gammas")
        need_rising(depths, "depths")
        need(gammas[-1] <= 1, "gammas must lie between 0 and 1.")
        need(isinstance(data["note"], str), "note must be one line of text.")
        for name, extra in CURVES.items():
            need(len(data[name]) == len(depths), f"{name} needs one entry per depth.")
            for depth, curves in zip(depths, data[name], strict=True):
                need(len(curves) == len(gammas), f"{name} needs one curve per γ.")
                for gamma, curve in zip(gammas, curves, strict=True):
                    where = f"{name}, {depth} blocks, γ {gamma}"
                    need_numbers(curve, depth + extra, where)

    def summary(self):
        gammas, depths = self.data["gammas"], self.data["depths"]
        blocks = "/".join(str(depth) for depth in depths)
        return f"γ {gammas[0]:g}…{gammas[-1]:g}, {blocks} blocks"

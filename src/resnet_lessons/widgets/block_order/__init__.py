"""Chapter 10: does the order inside a block matter?"""

import traitlets

from resnet_lessons.widgets.base import (
    LessonWidget,
    need,
    need_keys,
    need_numbers,
    need_rising,
)

CURVES = {"mean": 1, "std": 1, "gradient": 1, "passed": 0, "untouched": 1}
WORDS = {"conv", "BN", "ReLU", "LeakyReLU"}


class BlockOrder(LessonWidget):
    """Choose the order of a block's layers and the depth; see what the signal does.

    `data` comes from `probes.block_orders`:

    - `orders`: dicts with `name` and `order`, a line of the words conv, BN, ReLU and
      LeakyReLU, with one + where x is added
    - `depths`: block counts, rising
    - `cases[order][depth]`: lists, from x_0 to what leaves the last block: `mean` and
      `std` of the values; `gradient`, the norm of the loss gradient there, above 0 at
      the end; `untouched`, the share of positions that nothing after a sum changes on
      the rest of the way; and `passed`, one share for each block alone
    - `note`: one line on what was measured

    Raises UsageError when a list has the wrong length or an order cannot be drawn.
    Source: chapter 10; He et al. 2016, figure 4.
    """

    reserve = traitlets.List([1188, 2044]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("orders", "depths", "cases", "note"), "BlockOrder")
        need_rising(data["depths"], "depths")
        need(isinstance(data["note"], str), "note must be one line of text.")
        need(len(data["cases"]) == len(data["orders"]), "cases: one row per order.")
        for one, row in zip(data["orders"], data["cases"], strict=True):
            need_keys(one, ("name", "order"), "BlockOrder, order")
            words = one["order"].split()
            good = set(words) <= {*WORDS, "+"} and words.count("+") == 1
            known = ", ".join(sorted(WORDS))
            need(good, f"{one['name']}: an order has one + and else {known}.")
            need(len(row) == len(data["depths"]), f"{one['name']}: one case per depth.")
            for depth, case in zip(data["depths"], row, strict=True):
                self._check_case(case, depth, f"{one['name']}, {depth} blocks")

    @staticmethod
    def _check_case(case, depth, name):
        need_keys(case, CURVES, f"BlockOrder, {name}")
        for key, extra in CURVES.items():
            values = case[key]
            if key == "mean":  # the only one that may be negative
                values = [abs(v) if isinstance(v, float) else v for v in values]
            need_numbers(values, depth + extra, f"{name}: {key}")
        need(case["gradient"][-1] > 0, f"{name}: no gradient at the end.")

    def summary(self):
        blocks = "/".join(str(depth) for depth in self.data["depths"])
        return f"{len(self.data['orders'])} orders, {blocks} blocks"

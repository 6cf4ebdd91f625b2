"""The checks of chapter 8 name the mistake that was made."""

import pytest
import torch
from torch import nn

from resnet_lessons import checks, nets, probes
from wrong_answers import ANSWERS, explained, hint_of, passes

PLACES = "(-(-size // stride)) ** 2"
FIRST = "9 * in_channels * width + 9 * width * width"
IF = "stride != 1 or in_channels != width"
REST = "(blocks - 1) * 2 * 9 * width * width"
COSTS = [
    ([(PLACES, "1")], "multiply by the number of places"),
    ([(PLACES, "-(-size // stride)")], "side squared"),
    ([(PLACES, "size**2")], "that it puts out"),
    ([(REST, "0")], "Is a `return` inside the loop?"),
    ([(REST, REST.replace("- 1", "- 2"))], "One block is missing"),
    ([(PLACES, "(size // stride) ** 2")], "rounds up"),
    ([(IF, "False")], "projection is missing"),
    ([(IF, "in_channels != width")], "with the stride too"),
    ([(IF, "stride != 1")], "with the channels too"),
    ([(IF, "True")], "costs nothing"),
    ([("+= in_channels", "+= 9 * in_channels")], "is a 1×1 convolution: one weight"),
    ([(REST, "(blocks - 1) * first")], "Only the first block"),
    ([(FIRST, "18 * width * width")], "very first convolution"),
    ([(FIRST, "(in_channels + width) * width"), (REST, REST.replace("9 * ", ""))],
     "nine weights"),
    ([(FIRST, "9 * in_channels * width"), (REST, REST.replace("2 * ", ""))],
     "has two 3×3"),
    ([("return places", "return 2 * places")], "one of each"),
    ([("return places * (", "return (size**2 - places) * 9 * in_channels * width"
       " + places * (")], "puts out the small grid already"),
    ([("others)", "others + 1)")], "places × weights"),
    ([(PLACES, "round(size / stride) ** 2")], "9 places become 5"),
    ([(PLACES, "(size / stride) ** 2")], "9 places become 5"),
    ([(PLACES, "size**2 // stride")], "divide the side by it, then square"),
    ([(PLACES, "(size if stride == 1 else (size + 1) // 2) ** 2")], "need not be 2"),
    ([(IF, "stride == 2 or in_channels != width")], "with the stride too"),
    ([("first += in_channels * width",
       "return places * (first + others) + size**2 * in_channels * width"),
      ("    first = 9", f"    {'others = ' + REST}\n    first = 9")],
     "projection has the stride too"),
    ([("first += in_channels", "first += blocks * in_channels")],
     "Only the first block"),
    ([(REST, f"{REST} + (blocks - 1) * width**2 * (stride > 1)")],
     "Only the first block has a projection"),
    ([("width * width\n    if", "width * width + 2 * blocks * width\n    if")],
     "No bias and no BatchNorm"),
    ([("(blocks - 1)", "blocks")], "One block too many"),
    ([(PLACES, "int(size / stride + 0.5) ** 2")], "7 become 3 at stride 3"),
    ([(PLACES, "((size + 1) // stride) ** 2")], "1 and 3 too"),
    ([(PLACES, "((size - 3) // stride + 1) ** 2")], "are padded"),
    ([(IF, IF.replace("!= width", "< width"))], "with the channels too"),
    ([(IF, IF.replace("!= width", "> width"))], "with the channels too"),
    ([("+= in_channels", "+= width")], "The projection takes x itself"),
    ([(FIRST, FIRST.replace("width * width", "in_channels * width"))],
     "the first one puts out"),
    ([(REST, REST.replace("2 * ", ""))], "Each of the other blocks has two"),
    ([(FIRST, f"blocks * ({FIRST})"), (REST, "0")], "meets `in_channels`. The others"),
    ([(FIRST, "blocks * 2 * 9 * in_channels * width"), (REST, "0")],
     "Only the very first convolution"),
]  # fmt: skip

test_wrong_cost_of_a_stage_is_explained = explained("08.1", COSTS)


def test_a_stride_in_every_block_is_recognised():
    def answer(in_channels, width, blocks, stride, size):
        macs = 0
        for _ in range(blocks):
            macs += ANSWERS["08.1"](in_channels, width, 1, stride, size)
            in_channels, size = width, -(-size // stride)
        return macs

    assert "Only the first block has the stride" in hint_of("08.1", answer)


def test_the_cost_of_a_stage_is_that_of_resnet_34():
    """An independent sum: the four stages of the real net."""
    solve = ANSWERS["08.1"]
    found = {row.name: row.macs for row in probes.stages(small_resnet(), (3, 64, 64))}
    assert found["stage 1"] == solve(8, 8, 3, 1, 16)
    assert found["stage 3"] == solve(16, 32, 6, 2, 8)


def small_resnet():
    return nets.build("resnet-34", widths=(8, 16, 32, 64))


POOL = "nn.MaxPool2d(3, stride=2, padding=1)"
BIAS = "padding=1, bias=False"
ORDER = "[nn.BatchNorm2d(after), nn.ReLU()]"
STEMS = [
    ([("        (half, half, 1),\n", "")], "Three convolutions of 3×3"),
    ([("half = width // 2", "half = width")], "All three put out `width`"),
    ([("(half, half, 1)", "(half, width, 1)"),
      ("(half, width, 1),\n    ]", "(width, width, 1),\n    ]")], "widens already"),
    ([("(in_channels, half, 2)", "(in_channels, half, 1)")], "No convolution has"),
    ([("(in_channels, half, 2)", "(in_channels, half, 1)"),
      ("(half, width, 1)", "(half, width, 2)")], "The last one has the stride"),
    ([("half, 1)", "half, 2)"), ("width, 1)", "width, 2)")], "All three have"),
    ([("half, 1)", "half, 2)")], "Two have the stride"),
    ([(BIAS, "padding=1")], "BatchNorm subtracts the mean"),
    ([(ORDER, "[nn.ReLU(), nn.BatchNorm2d(after)]")], "Convolution, BatchNorm, ReLU"),
    ([(ORDER, "[nn.ReLU()]")], "Convolution, BatchNorm, ReLU"),
    ([(", " + POOL, "")], "too large"),
    ([(POOL, "nn.MaxPool2d(3, stride=2)")], "too small"),
    ([(BIAS, "padding=2, bias=False")], "no window has more than `padding=1`"),
    ([(POOL, "nn.MaxPool2d(2)")], "17 places then become 9"),
    ([(POOL, "nn.MaxPool2d(2, ceil_mode=True)")], "The window of the pool is 2×2"),
    ([(POOL, "nn.AvgPool2d(3, stride=2, padding=1)")], "The pool averages"),
    ([(POOL, "nn.MaxPool2d(1, stride=2)")], "Every second place"),
    ([(ORDER, "[nn.BatchNorm2d(after)]")], "There is no ReLU"),
    ([(ORDER, "[nn.BatchNorm2d(after)] + [nn.ReLU()] * (stride == 1)")], "the first B"),
    ([(ORDER, "[nn.BatchNorm2d(after)] + [nn.ReLU()] * (after == half)")], "the third"),
    ([("(*layers, ", "(*layers, nn.BatchNorm2d(width), ")], "and nothing else"),
    ([(POOL, "nn.MaxPool2d(3, padding=1)")], "its stride is 3"),
    ([("(in_channels, half, 2)", "(3, half, 2)")], "the first one takes `in_channels`"),
    ([("width // 2", "width / 2")], "whole numbers"),
    ([("padding=1))", "padding=1)).requires_grad_(False)")], "`requires_grad` as it"),
    ([(ORDER, "[nn.BatchNorm2d(after), nn.ReLU(), nn.Dropout2d()]")],
     "works only in training"),
]  # fmt: skip

test_mistake_in_a_stem_is_named = explained("08.2", STEMS)


def test_a_pool_before_the_last_relu_passes_too():
    """The maximum of values cut at zero is the maximum, cut at zero."""

    def deep_stem(in_channels, width):
        *layers, relu, pool = ANSWERS["08.2"](in_channels, width)
        return nn.Sequential(*layers, pool, relu)

    passes("08.2", deep_stem)


def test_layers_in_attributes_and_another_order_pass():
    class Stem(nn.Module):
        def __init__(self, in_channels, width):
            super().__init__()
            half = width // 2
            self.conv1 = nn.Conv2d(in_channels, half, 3, 2, 1, bias=False)
            self.conv2 = nn.Conv2d(half, half, 3, 1, 1, bias=False)
            self.conv3 = nn.Conv2d(half, width, 3, 1, 1, bias=False)
            self.bn3, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(half)
            self.bn1 = nn.BatchNorm2d(half)

        def forward(self, x):
            x = torch.relu(self.bn1(self.conv1(x)))
            x = torch.relu(self.bn2(self.conv2(x)))
            x = torch.relu(self.bn3(self.conv3(x)))
            return nn.functional.max_pool2d(x, 3, 2, 1)

    passes("08.2", Stem)


class Listed(nn.Module):
    def __init__(self, in_channels, width):
        super().__init__()
        self.layers = list(ANSWERS["08.2"](in_channels, width))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Cut(nn.Module):
    def __init__(self, in_channels, width):
        super().__init__()
        self.stem = ANSWERS["08.2"](in_channels, width)

    @torch.no_grad()
    def forward(self, x):
        return self.stem(x)


@pytest.mark.parametrize(
    ("stem", "words"), [(Listed, "a plain list hides them"), (Cut, "`no_grad` cut it")]
)
def test_a_stem_that_cannot_learn_is_named(stem, words):
    assert words in hint_of("08.2", stem)


def test_the_stem_of_the_paper_is_recognised():
    answer = lambda c, w: nets.make_stem("imagenet", c, w)[0]  # noqa: E731
    assert "stem of the paper" in hint_of("08.2", answer)


def test_the_library_stem_passes():
    passes("08.2", lambda c, w: nets.make_stem("deep", c, w)[0])


LOOK = "parts += [block.residual for block in stage]"
KINDS = "(nn.Conv2d, nn.Linear)"
DEPTHS = [
    ([(LOOK, "parts += [stage]")], "projections slipped in"),
    ([(LOOK, "parts += [stage]"), (KINDS, "nn.Conv2d")], "and the linear layer does"),
    ([(KINDS, "nn.Conv2d")], "linear layer of the head"),
    ([("[net.stem, net.head]", "[net.head]")], "convolutions of the stem"),
    ([("[net.stem, net.head]", "[]")], "the residual functions alone"),
    (
        [
            (LOOK, "parts += [stage]"),
            (KINDS, "(nn.Conv2d, nn.Linear, nn.BatchNorm2d)"),
        ],
        "nor the projections",
    ),
    ([(KINDS, "(nn.Conv2d, nn.Linear, nn.BatchNorm2d)")], "the name does not count it"),
    ([("return sum", "return 1 + sum")], "linear layer of the head."),
]

test_wrong_depth_is_explained = explained("08.3", DEPTHS)


def of_the_stages(net):
    return sum(isinstance(layer, nn.Conv2d) for layer in net.stages.modules())


def until_the_first_stage(net):
    parts = [net.stem, net.head, *[block.residual for block in net.stages[0]]]
    layers = [layer for part in parts for layer in part.modules()]
    return sum(isinstance(layer, (nn.Conv2d, nn.Linear)) for layer in layers)


COUNTED = [
    (of_the_stages, "The stem, with projections in its place?"),
    (until_the_first_stage, "Or is a `return` inside the loop?"),
    (lambda net: sum(len(stage) for stage in net.stages), "number of blocks"),
    (lambda net: 2 * sum(len(s) for s in net.stages) + 2, "a bottleneck has three"),
    (lambda net: len(list(net.parameters())), "all tensors that learn"),
    (lambda net: 5, "the linear layer of the head"),
    (lambda net: net.blocks, "has no such part"),
    (lambda net: len(list(net.children())), "`modules()` finds those"),
    (lambda net: ANSWERS["08.3"](net) + 0 * len(net.stem), "an `nn.Identity` too"),
    (
        lambda net: 1 + sum(p.shape[2:] > (1, 1) for p in net.parameters()),
        "You left out each 1×1",
    ),
    (
        lambda net: sum(p.ndim > 1 for p in net.parameters()) - len(net.stages),
        "one projection a stage",
    ),
]

test_other_ways_of_counting_are_answered = explained("08.3", COUNTED)


def test_fastais_resnet_18_has_twenty():
    net = nets.build("resnet-18-fastai", widths=(4, 8, 8, 8))
    assert ANSWERS["08.3"](net) == 20
    report = checks.check("08.3", ANSWERS["08.3"])
    assert "fastai's ResNet-18, narrow: 20 layers with weights" in str(report)

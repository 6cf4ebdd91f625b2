"""The checks of chapter 9 name the mistake that was made."""

import math

import pytest
import torch
from torch import nn

from resnet_lessons import nets, probes
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

BEFORE, AFTER = "before = size**2", "after = (-(-size // stride)) ** 2"
FIRST = "values = before * width"
MIDDLE = "values += after * width  # the stride"
LAST = "    values += after * out_channels\n    if"
PROJECT = "values += after * out_channels  # the projection"
IF = "stride != 1 or in_channels != out_channels"
COUNTS = [
    (lambda *case: macs_of(*case), "the number of MACs"),
    (lambda i, w, s, n: macs_of(i, w, 1, 1), "These are the weights"),
    ([(BEFORE, "before = 1"), (AFTER, "after = 1")], "Each one is a grid"),
    (
        [(BEFORE, "before = size"), (AFTER, "after = -(-size // stride)")],
        "squared",
    ),
    ([(BEFORE, "before = (-(-size // stride)) ** 2")], "That is the paper's block"),
    ([(AFTER, "after = size**2")], "for all of them"),
    ([(MIDDLE, MIDDLE.replace("after", "before"))], "puts out the small grid already"),
    ([(AFTER, "after = (size // stride) ** 2")], "rounds up"),
    ([(AFTER, "after = round(size / stride) ** 2")], "9 places become 5"),
    ([(AFTER, "after = (size / stride) ** 2")], "9 places become 5"),
    ([(AFTER, "after = int(size / stride + 0.5) ** 2")], "7 become 3 at stride 3"),
    ([(AFTER, "after = ((size + 1) // stride) ** 2")], "1 and 3 too"),
    ([(AFTER, "after = ((size + 1) // 2) ** 2")], "need not be 2"),
    (
        [(AFTER, "after = (size if stride == 1 else (size + 1) // 2) ** 2")],
        "need not be 2",
    ),
    ([(AFTER, "after = size**2 // stride")], "divide the side by it, then square"),
    ([(AFTER, "after = ((size - 3) // stride + 1) ** 2")], "is padded"),
    ([(PROJECT, PROJECT.replace("after", "before"))], "both put out the small grid"),
    ([(LAST, LAST.replace("after", "before"))], "both put out the small grid"),
    ([(PROJECT, "values += after * width")], "puts out `4 * width` channels."),
    ([(PROJECT, "values += after * in_channels")], "however many arrive"),
    ([(LAST, LAST.replace("out_channels\n", "in_channels\n"))], "however many arrive"),
    ([(IF, "True")], "`in_channels` is `4 * width`"),
    ([(IF, "stride != 1 or in_channels != width")], "`in_channels` is `4 * width`"),
    ([(FIRST, FIRST + " + before * in_channels")], "neither x nor the sum"),
    ([("return values", "return values + after * out_channels")], "nor the sum"),
    ([(IF, "False")], "projection is missing"),
    ([(IF, "in_channels != out_channels")], "with the stride too"),
    ([(IF, "stride == 2 or in_channels != out_channels")], "with the stride too"),
    ([(IF, "stride != 1")], "the first stage of ResNet-50"),
    ([(IF, IF.replace("!= out", "< out"))], "with the channels too"),
    ([(IF, IF.replace("!= out", "> out"))], "with the channels too"),
    ([("4 * width", "width")], "All three convolutions put out"),
    (
        [("4 * width", "width"), (IF, "stride != 1 or in_channels != 4 * width")],
        "puts out `4 * width` channels, not `width`",
    ),
    ([(LAST, "    if")], "back to `4 * width`, is missing"),
    ([(FIRST, "values = 0")], "All three convolutions put out"),
    ([(MIDDLE, "#")], "All three convolutions put out"),
    ([(FIRST, "values = 0"), (MIDDLE, "#")], "All three convolutions put out"),
    ([(MIDDLE, "values += 9 * after * width  #")], "makes one number of them"),
    (lambda *case: read_by(*case), "what the convolutions read"),
    ([("return values", "return 2 * values")], "counts once"),
    ([("* width", "* 4 * width"), ("4 * 4 * width", "4 * width")], "`4 * width` wide"),
    ([("return values", "return 4 * values")], "These are bytes"),
    ([("return values", "return 3 * values")], "and the sum put out does not count"),
    ([("return values", "return before, values")], "places × output channels"),
]

test_wrong_count_of_what_is_put_out_is_explained = explained("09.1", COUNTS)


def macs_of(in_channels, width, stride, size):
    block = nets.BottleneckBlock(in_channels, width, stride)
    return probes.macs(block, (in_channels, size, size))


def read_by(in_channels, width, stride, size):
    block = nets.BottleneckBlock(in_channels, width, stride)
    return counted(block, (in_channels, size, size), "in_shape")


def counted(net, shape, key="out_shape"):
    """The numbers that all convolutions of a net put out, or read."""
    rows = probes.shapes(net, shape, depth=None)
    return sum(math.prod(getattr(r, key)) for r in rows if r.kind == "Conv2d")


def test_the_width_of_what_comes_out_is_recognised():
    def answer(in_channels, width, stride, size):
        return ANSWERS["09.1"](in_channels, width // 4, stride, size)

    assert "`width` is that of the middle" in hint_of("09.1", answer)


def by_hooks(in_channels, width, stride, size):
    """Run a block, and ask each convolution."""
    found = []
    block = nets.BottleneckBlock(in_channels, width, stride)
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, x, y: found.append(y[0].numel()))
    block.eval()(torch.zeros(1, in_channels, size, size))
    return torch.tensor(found).sum()


def by_grids(i, w, s, n):
    after = math.ceil(n / s)
    grids = [(w, n), (w, after), (4 * w, after)]
    if (s, i) != (1, 4 * w):
        grids.append((4 * w, after))
    return float(sum(channels * side * side for channels, side in grids))


def by_convolutions(i, w, s, n):
    """The formula of the side, convolution by convolution."""
    total = 0
    for channels, k, stride, padding in [(w, 1, 1, 0), (w, 3, s, 1), (4 * w, 1, 1, 0)]:
        n = (n + 2 * padding - k) // stride + 1
        total += channels * n**2
    return total + (4 * w * n**2 if s > 1 or i - 4 * w else 0)


@pytest.mark.parametrize("answer", [by_hooks, by_grids, by_convolutions])
def test_other_ways_to_count_what_is_put_out_pass(answer):
    passes("09.1", answer)


def test_a_bottleneck_puts_out_three_times_as_much_as_the_basic_block():
    basic = counted(nets.BasicBlock(64, 64), (64, 1, 1))
    assert ANSWERS["09.1"](256, 64, 1, 1) == 384 == 3 * basic


def test_the_numbers_add_up_to_those_of_resnet_50():
    """As chapter 8 counts them: the blocks of the real net, narrow."""
    solve, i, side, total = ANSWERS["09.1"], 4, 18, 0
    for width, blocks, stride in [(4, 3, 1), (8, 4, 2), (16, 6, 2), (32, 3, 2)]:
        total += solve(i, width, stride, side)
        i, side = 4 * width, -(-side // stride)
        total += (blocks - 1) * solve(i, width, 1, side)
    net = nets.build("resnet-50", widths=(4, 8, 16, 32))
    stem = counted(net.stem, (3, 72, 72))
    assert total == counted(net, (3, 72, 72)) - stem


CHANNELS = "[in_channels, width, width, 4 * width]"
STEP = "stride if number == strided_conv else 1"
ORDER = """            nn.BatchNorm2d(after),
            nn.ReLU(),
"""
END = "layers[:-1]"
KERNELS = "enumerate([1, 3, 1])"
WRONG = [
    ([(KERNELS, "enumerate([3, 3])")], "That is the basic block"),
    ([(KERNELS, "enumerate([3, 1, 3])")], "the other way round"),
    ([(KERNELS, "enumerate([1, 1, 3])")], "1×1, 3×3, 1×1, in this order"),
    ([(CHANNELS, "[in_channels, width, width, width]")], "puts out `4 * width`"),
    ([(CHANNELS, "[in_channels, width, 4 * width, 4 * width]")], "widens already"),
    ([(CHANNELS, "[in_channels] + 3 * [4 * width]")], "as wide as what comes out"),
    ([(CHANNELS, "[in_channels] + 3 * [width + 1]")], "`in_channels` to `width`"),
    ([(STEP, "1")], "No convolution has the stride"),
    ([(STEP, "stride")], "All three have the stride"),
    ([(STEP, "stride if number == 0 else 1")], "Count from 0"),
    ([(STEP, "stride if number == 1 else 1")], "whatever `strided_conv` is"),
    ([(STEP, "stride if number == 2 else 1")], "here number 1 should"),
    ([(STEP, "stride if number + 1 == strided_conv else 1")], "Number 0 has it"),
    ([("padding, bias=False", "padding")], "BatchNorm subtracts the mean"),
    ([(ORDER, "nn.ReLU(), nn.BatchNorm2d(after)")], "Convolution, then BatchNorm"),
    ([(ORDER, "nn.ReLU(),")], "Convolution, then BatchNorm"),
    ([("padding = kernel_size // 2", "padding = 0")], "with `padding=1`"),
    ([("padding = kernel_size // 2", "padding = 1")], "keeps the grid at stride 1"),
    ([(END, "layers")], "F ends in a ReLU"),
    ([(ORDER, "nn.BatchNorm2d(after), nn.ReLU() if number else nn.Identity(),")],
     "behind the first BatchNorm"),
    ([(ORDER, "nn.BatchNorm2d(after), nn.Identity() if number else nn.ReLU(),")],
     "behind the second BatchNorm"),
    ([(ORDER, "nn.BatchNorm2d(after), nn.Identity(),")], "There is no ReLU"),
    ([(END, "layers[:-1], nn.BatchNorm2d(4 * width)")], "and nothing else"),
    ([(ORDER, "nn.BatchNorm2d(after), nn.Dropout(), nn.ReLU(),")],
     "works only in training"),
    ([(END, "layers[:-1], nn.Tanh()")], "Convolution, BatchNorm, ReLU; again"),
]  # fmt: skip

test_mistake_in_a_residual_function_is_named = explained("09.2", WRONG)


def test_the_stride_on_the_last_convolution_is_no_excuse_for_ignoring_it():
    """Right for 0 and 1, and for every stride 1: the last case still sees it."""
    answer = edited("09.2", (STEP, "stride if number == min(strided_conv, 1) else 1"))
    assert "here number 2 should" in hint_of("09.2", answer)


def test_the_residual_function_of_the_library_passes():
    def residual(in_channels, width, stride, strided_conv):
        block = nets.BottleneckBlock(
            in_channels, width, stride, strided_conv=strided_conv
        )
        return block.residual

    passes("09.2", residual)


def test_layers_in_attributes_and_another_order_pass():
    class Residual(nn.Module):
        def __init__(self, in_channels, width, stride, strided_conv):
            super().__init__()
            strides = [1, 1, 1]
            strides[strided_conv] = stride
            self.conv1 = nn.Conv2d(in_channels, width, 1, strides[0], bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, strides[1], 1, bias=False)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, strides[2], bias=False)
            self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
            self.bn3 = nn.BatchNorm2d(4 * width)

        def forward(self, x):
            x = torch.relu(self.bn1(self.conv1(x)))
            x = torch.relu(self.bn2(self.conv2(x)))
            return self.bn3(self.conv3(x))

    passes("09.2", Residual)


def test_a_linear_bottleneck_of_other_width_is_refused():
    def residual(in_channels, width, stride, strided_conv):
        return ANSWERS["09.2"](in_channels, width // 4 or 1, stride, strided_conv)

    assert "`width` to `width`" in hint_of("09.2", residual)


class Wrapped(nn.Module):
    """The right layers, and something wrong around them."""

    def __init__(self, *case):
        super().__init__()
        self.f = ANSWERS["09.2"](*case)


class Added(Wrapped):
    def forward(self, x):
        y = self.f(x)
        return y + x if y.shape == x.shape else y


class Activated(Wrapped):
    def forward(self, x):
        y = self.f(x)
        return torch.relu(y + x) if y.shape == x.shape else y


class Summed(Wrapped):
    def forward(self, x):
        return self.f(x) + x


class Cut(Wrapped):
    def forward(self, x):
        return self.f(x.detach())


class Listed(nn.Module):
    def __init__(self, *case):
        super().__init__()
        self.layers = list(ANSWERS["09.2"](*case))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


AROUND = [
    (Added, "x is added"),
    (Activated, "x is added"),
    (Summed, "the sum do not belong"),
    (Cut, "`.detach()`"),
    (Listed, "a plain list hides them"),
]

test_something_wrong_around_the_layers_is_named = explained("09.2", AROUND)


def test_a_stride_of_two_whatever_was_given_is_refused():
    answer = edited("09.2", (STEP, "min(stride, 2) if number == strided_conv else 1"))
    assert "has the stride" in hint_of("09.2", answer)


def test_a_whole_block_is_no_residual_function():
    def residual(in_channels, width, stride, strided_conv):
        return nets.BottleneckBlock(
            in_channels, width, stride, strided_conv=strided_conv
        )

    assert "the shortcut does not belong" in hint_of("09.2", residual)


MIDDLE_WIDTH = "math.isqrt(18 * channels**2 // (2 * squeeze + 9))"
COUNT, WIDE = "(2 * squeeze + 9)", "return squeeze * middle"
WIDTHS = [
    ([(WIDE, "return middle")], "That is the middle"),
    ([(WIDE, "return squeeze * (middle + 1)")], "one step too far"),
    ([(WIDE, "return squeeze * channels")], "there is room left"),
    ([(WIDE, "return channels")], "It may be wider"),
    ([("18 *", "9 *")], "has two convolutions"),
    ([("18 *", "2 *")], "in the basic block too"),
    ([(COUNT, "(squeeze + 9)")], "one down and one up"),
    ([(COUNT, "9")], "You counted the 3×3 alone"),
    ([(COUNT, "(2 * squeeze + 1)")], "The middle one is 3×3"),
    ([(COUNT, "(2 + 9)")], "not `w**2`"),
    ([(COUNT, "(2 * 4 + 9)")], "not always 4 times narrower"),
    ([(COUNT, "(2 * squeeze**2 + 9)")], "not `(squeeze * w)**2`"),
    ([("math.isqrt", "int")], "left out a root"),
    ([(WIDE, "return squeeze * middle + 2")], "Count both blocks"),
    ([(WIDE, "return squeeze * max(1, middle)")], "middle of one channel does more"),
    ([(WIDE, "return squeeze * middle or None")], "Nothing was returned"),
]

test_wrong_width_is_explained = explained("09.3", WIDTHS)


ROOTS = [
    (lambda c, s: 4 * int(c * (18 / 17) ** 0.5), "`squeeze` in place of 4"),
    (
        lambda c, s: int(s * c * (18 / (2 * s + 9)) ** 0.5),
        "Round the middle down first",
    ),
    (lambda c, s: s * c * (18 / (2 * s + 9)) ** 0.5, "Channels are whole numbers"),
    (lambda c, s: max(fitting(c, s)), "return 0"),
    (lambda c, s: next(reversed([*fitting(c, s)])), "return 0"),
    (lambda c, s: [*fitting(c, s)][-1], "return 0"),
    (lambda c, s: by_the_root(c, s) or -1, "return 0"),
]


def fitting(channels, squeeze):
    """The widths, from 1 channel in the middle on, that do not cost too much."""
    budget = 18 * channels**2
    wide = ((2 * squeeze + 9) * w**2 <= budget for w in range(1, 2 * channels))
    return (squeeze * w for w, fits in enumerate(wide, 1) if fits)


test_the_root_needs_rounding_at_the_right_place = explained("09.3", ROOTS)


def test_a_middle_rounded_to_the_nearest_is_refused():
    def answer(channels, squeeze):
        return squeeze * round(channels * (18 / (2 * squeeze + 9)) ** 0.5)

    assert "one step too far" in hint_of("09.3", answer)


def by_the_root(channels, squeeze):
    return squeeze * int(channels * (18 / (2 * squeeze + 9)) ** 0.5)


def by_search(channels, squeeze):
    return max(fitting(channels, squeeze), default=0)


def step_by_step(channels, squeeze):
    width = 0
    while (2 * squeeze + 9) * (width + 1) ** 2 <= 2 * 9 * channels**2:
        width += 1
    return float(squeeze * width)


@pytest.mark.parametrize("answer", [by_the_root, by_search, step_by_step])
def test_other_ways_to_the_widest_one_pass(answer):
    passes("09.3", answer)


def test_the_widest_one_of_the_paper_has_260_channels():
    """64 in a basic block; the paper takes 256, four times 64."""
    assert ANSWERS["09.3"](64, 4) == 260
    cost = probes.block_costs([256, 260, 264], [4])
    budget = sum(cost["narrow"][0][0]["macs"])
    total = [sum(row[0]["macs"]) for row in cost["bottleneck"]]
    assert total[0] < total[1] <= budget < total[2]


def test_a_bottleneck_must_not_be_a_list():
    answer = edited(
        "09.2", ("return nn.Sequential(*layers[:-1])", "return layers[:-1]")
    )
    assert "nn.Module" in hint_of("09.2", answer)

"""The checks of chapter 9 name the mistake that was made."""

import torch
from torch import nn

from resnet_lessons import nets, probes
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

BEFORE, AFTER = "before = size**2", "after = (-(-size // stride)) ** 2"
FIRST = "macs = before * in_channels * width"
MIDDLE = "after * 9 * width * width"
LAST = "macs += after * width * out_channels"
IF = "stride != 1 or in_channels != out_channels"
COSTS = [
    ([(BEFORE, "before = 1"), (AFTER, "after = 1")], "multiply by the number of pl"),
    (
        [(BEFORE, "before = size"), (AFTER, "after = -(-size // stride)")],
        "squared",
    ),
    ([(BEFORE, "before = (-(-size // stride)) ** 2")], "That is the paper's block"),
    ([(AFTER, "after = size**2")], "for all of them"),
    ([(MIDDLE, "before * 9 * width * width")], "puts out the small grid already"),
    ([(AFTER, "after = (size // stride) ** 2")], "rounds up"),
    ([("macs += after * in_", "macs += before * in_")], "has the stride too: it puts"),
    ([(IF, "False")], "projection is missing"),
    ([(IF, "in_channels != out_channels")], "with the stride too"),
    ([(IF, "stride != 1")], "the first stage of ResNet-50"),
    ([(IF, "stride != 1 or in_channels != width")], "not with the width of the middle"),
    ([(IF, "True")], "costs nothing"),
    ([("after * in_", "after * 9 * in_")], "one weight for each pair"),
    ([("4 * width", "width")], "puts out `4 * width` channels, not `width`"),
    ([(MIDDLE, "after * width * width")], "The middle one is 3×3"),
    ([(MIDDLE, "after * 3 * width * width")], "not three"),
    ([(FIRST, FIRST + " * 9"), (LAST, LAST + " * 9")], "Only the middle one is 3×3"),
    ([(LAST, "pass")], "back to `4 * width`, is missing"),
    ([(FIRST, "macs = 0")], "down to `width`, is missing"),
    ([("return macs", "return 2 * macs")], "one of each"),
    ([("return macs", "return macs + 1")], "places × weights"),
    ([(AFTER, "after = round(size / stride) ** 2")], "9 places become 5"),
    ([(AFTER, "after = (size / stride) ** 2")], "9 places become 5"),
    ([(AFTER, "after = size**2 // stride")], "divide the side by it, then square"),
    (
        [(AFTER, "after = (size if stride == 1 else (size + 1) // 2) ** 2")],
        "need not be 2",
    ),
    ([(IF, "stride == 2 or in_channels != out_channels")], "with the stride too"),
    ([("after * in_channels", "after * width")], "takes x itself"),
    ([(AFTER, "after = int(size / stride + 0.5) ** 2")], "7 become 3 at stride 3"),
    ([(AFTER, "after = ((size + 1) // stride) ** 2")], "1 and 3 too"),
    ([(IF, IF.replace("!= out", "< out"))], "with the channels too"),
    ([(IF, IF.replace("!= out", "> out"))], "with the channels too"),
    (
        [("after * in_channels * out_channels", "after * in_channels * width")],
        "what is added to F(x)",
    ),
]

test_wrong_cost_of_a_bottleneck_is_explained = explained("09.1", COSTS)


def test_the_width_of_what_comes_out_is_recognised():
    def answer(in_channels, width, stride, size):
        return ANSWERS["09.1"](in_channels, width // 4, stride, size)

    assert "`width` is that of the middle" in hint_of("09.1", answer)


def test_the_costs_add_up_to_a_stage_of_resnet_50():
    """An independent sum: the blocks of the real net, narrow."""
    solve = ANSWERS["09.1"]
    net = nets.build("resnet-50", widths=(4, 8, 16, 32))
    found = {row.name: row.macs for row in probes.stages(net, (3, 72, 72))}
    assert found["stage 1"] == solve(4, 4, 1, 18) + 2 * solve(16, 4, 1, 18)
    assert found["stage 3"] == solve(32, 16, 2, 9) + 5 * solve(64, 16, 1, 5)


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


BUDGET, COUNT = "2 * 9 * channels**2", "2 * squeeze + 9"
WIDTHS = [
    ([("return squeeze * width", "return width")], "That is the middle"),
    ([("return squeeze * width", "return squeeze * (width + 1)")], "one step too far"),
    ([("return squeeze * width", "return squeeze * channels")], "there is room left"),
    ([("return squeeze * width", "return channels")], "It may be wider"),
    ([(BUDGET, "9 * channels**2")], "has two convolutions"),
    ([(BUDGET, "2 * channels**2")], "in the basic block too"),
    ([(COUNT, "squeeze + 9")], "one down and one up"),
    ([(COUNT, "9")], "You counted the 3×3 alone"),
    ([(COUNT, "2 * squeeze + 1")], "The middle one is 3×3"),
    ([(COUNT, "2 + 9")], "not `w**2`"),
    ([(COUNT, "2 * 4 + 9")], "not always 4 times narrower"),
    ([(COUNT, "2 * squeeze**2 + 9")], "not `(squeeze * w)**2`"),
    ([("(width + 1) ** 2", "(width + 1)")], "left out a root"),
    ([("return squeeze * width", "return squeeze * width + 2")], "Count both blocks"),
]

test_wrong_width_is_explained = explained("09.3", WIDTHS)


ROOTS = [
    (lambda c, s: 4 * int(c * (18 / 17) ** 0.5), "`squeeze` in place of 4"),
    (
        lambda c, s: int(s * c * (18 / (2 * s + 9)) ** 0.5),
        "Round the middle down first",
    ),
    (lambda c, s: s * c * (18 / (2 * s + 9)) ** 0.5, "Channels are whole numbers"),
]

test_the_root_needs_rounding_at_the_right_place = explained("09.3", ROOTS)


def test_a_middle_rounded_to_the_nearest_is_refused():
    def answer(channels, squeeze):
        return squeeze * round(channels * (18 / (2 * squeeze + 9)) ** 0.5)

    assert "one step too far" in hint_of("09.3", answer)


def test_the_root_rounded_down_passes():
    def answer(channels, squeeze):
        return squeeze * int(channels * (18 / (2 * squeeze + 9)) ** 0.5)

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

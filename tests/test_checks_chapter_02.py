"""The checks of chapter 2 name the mistake that was made."""

import copy

import pytest
import torch
from torch import nn

from resnet_lessons import checks, nets, probes
from resnet_lessons.checks import mistakes_02
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

ADD = "side += (kernel - 1) * step"
LOOP = f"{ADD}\n        step *= stride"
FIELDS = [
    ([("side, step = 1, 1", "side, step = 0, 1")], "Off by one"),
    ([(ADD, "side += kernel * step")], "A layer adds `kernel - 1`: one of"),
    ([(ADD, "side += kernel * step"), ("side, step = 1", "side, step = 0")],
     "adds up whole kernels"),
    ([(ADD, "side = max(side, kernel)")], "the largest kernel"),
    ([(ADD, "side = kernel")], "the last kernel"),
    ([(ADD, "side *= kernel")], "multiplies the kernels"),
    ([(ADD, "side += kernel"), ("side, step = 1", "side, step = 0")], "whole kernels"),
    ([("return side", "return side**2")], "The side was asked for"),
    ([("        step *= stride\n", "")], "The strides are missing"),
    ([(LOOP, f"step *= stride\n        {ADD}")], "own stride does not widen"),
    ([(LOOP, "side = (side - 1) * stride + kernel")], "from the last layer back"),
    ([("step *= stride", "step = stride")], "the layer just before was used"),
    ([(LOOP, "side += (kernel - 1) * stride")], "Only the layer's own stride"),
    ([("step *= stride", "step += stride - 1")], "They multiply: two halvings"),
    ([("step *= stride", "step += stride")], "behind a stride of 1"),
    ([("return side", "return step")], "how far apart two neighbours"),
    ([("kernel, stride in", "stride, kernel in")], "each pair is `(kernel, stride)`"),
    ([("    return side", "        return side")], "a `return` stand inside the loop"),
    ([("(kernel - 1) * step", "kernel - 1 * step")], "by hand, layer by layer"),
    ([("return side", "return side + 1")], "how many pixels apart"),
]  # fmt: skip

test_wrong_field_is_explained = explained("02.1", FIELDS)


@pytest.mark.parametrize(("mistake", "hint"), mistakes_02.FIELDS)
def test_each_mistake_in_a_field_has_a_number_of_its_own(mistake, hint):
    assert hint_of("02.1", mistake) == hint


def test_a_stack_without_layers_is_tried_last():
    start = "    side, step = 1, 1"
    answer = edited("02.1", (start, f"    layers[0]\n{start}"))
    *held, failed = checks.check("02.1", answer).messages
    assert len(held) == 7 and "receptive_field([])" in failed.tried
    assert "Behind no layer" in failed.hint


def test_a_list_that_is_emptied_or_turned_round_is_noticed():
    def empties(layers):
        side = 1
        while layers:
            kernel, stride = layers.pop()
            side = (side - 1) * stride + kernel
        return side

    def turns(layers):
        layers.reverse()
        return empties(list(reversed(layers)))

    for answer in empties, turns:
        assert "change the caller's list" in hint_of("02.1", answer)


def test_the_check_says_how_far_vgg_16_sees_and_tries_it():
    assert "sees 212 pixels" in str(checks.check("02.1", ANSWERS["02.1"]))
    answer = edited("02.1", ("return side", "return min(side, 200)"))
    *_, failed = checks.check("02.1", answer).messages
    assert (failed.got, failed.expected) == ("200", "212") and "VGG-16" in failed.tried


def test_the_answer_is_the_field_of_the_real_nets():
    """Known values: VGG-16's last place sees 212 pixels, AlexNet's 195."""
    for name, side in [("vgg-16", 212), ("alexnet-paper", 195)]:
        with torch.device("meta"):
            stack = probes.windows(nets.build(name).features)
        assert ANSWERS["02.1"]([window[:2] for window in stack]) == side


SMALL = "channels * (one + three[0] + five[0] + pooled)"
NAIVE = "channels * (one + 9 * three[1] + 25 * five[1])"
THREE, FIVE = "9 * three[0] * three[1]", "25 * five[0] * five[1]"
WEIGHTS = [
    ([(SMALL, "channels * (one + pooled)")], "that reduce have weights too"),
    ([(SMALL, "channels * (one + three[0] + five[0])")], "behind the pool is missing"),
    ([(SMALL, "channels * (three[0] + five[0] + pooled)")], "first path is missing"),
    ([(THREE, "9 * channels * three[1]"), (FIVE, "25 * channels * five[1]")],
     "but what the 1×1 in front of them puts out: `three[0]`"),
    ([(f"small + {THREE} + {FIVE}", NAIVE)], "That is the naive module"),
    ([(f"small + {THREE} + {FIVE}", NAIVE.replace("five[1])", "five[1] + pooled)"))],
     "and those have weights too"),
    ([("25 * five[0]", "9 * five[0]")], "The large kernel is 5×5"),
    ([("9 * three[0]", "3 * three[0]"), ("25 * five[0]", "5 * five[0]")],
     "A kernel is a square"),
    ([("9 * three[0]", "three[0]"), ("25 * five[0]", "five[0]")],
     "The kernels are missing"),
    ([("return small", "return sum([one, *three, *five, pooled]) + small")],
     "biases do not count"),
    ([("return small", "return 2 * sum([one, *three, *five, pooled]) + small")],
     "BatchNorm's γ"),
    ([("return small", "return 1 + small")], "Four 1×1 convolutions read"),
    ([("return small", "return 9 * channels + small")], "No pool and no bias"),
    ([("not reduced", "False")], "still the weights with the 1×1"),
    ([(NAIVE, NAIVE.replace("five[1])", "five[1] + pooled)"))], "stands behind the p"),
    ([(NAIVE, NAIVE.replace("[1]", "[0]"))], "the naive module lacks"),
    ([(NAIVE, f"channels * one + {THREE} + {FIVE}")], "Without the 1×1 in front"),
    ([(NAIVE, NAIVE.replace("one + ", ""))], "is in both forms"),
    ([(NAIVE, NAIVE.replace("25", "9"))], "25 weights for each pair"),
    ([(NAIVE, NAIVE + " + 1")], "the pool has no weights"),
    ([(NAIVE, NAIVE + " + one + three[1] + five[1]")], "biases do not count"),
]  # fmt: skip

test_wrong_count_of_a_module_is_explained = explained("02.2", WEIGHTS)


def test_the_check_says_what_row_4e_saves_and_tries_it():
    report = str(checks.check("02.2", ANSWERS["02.2"]))
    assert "867,328 of 3,345,408 weights, so 2,478,080 are saved" in report
    start = "    if not reduced:\n"
    answer = edited("02.2", (start, f"    channels = min(channels, 500)\n{start}"))
    *held, failed = checks.check("02.2", answer).messages
    assert len(held) == 4 and "row 4e" in failed.tried and "528" in failed.tried


def test_the_counts_add_up_to_the_convolutions_of_googlenet():
    """An independent sum: all modules of the real net, without its stem."""
    from resnet_lessons.nets.inception import STAGES

    with torch.device("meta"):
        net = nets.build("googlenet-paper")
    inside = [m for m in net.modules() if isinstance(m, nets.Inception)]
    convs = [m for i in inside for m in i.modules() if isinstance(m, nn.Conv2d)]
    total = sum(ANSWERS["02.2"](*row) for rows in STAGES for row in rows)
    assert total == sum(conv.weight.numel() for conv in convs)


POOL = "nn.AdaptiveAvgPool2d(1)"
END = "nn.Linear(convs[-1].out_channels, num_classes),"
FIRST = "        net.features,\n"
HEADS = [
    ([(POOL, "nn.AdaptiveMaxPool2d(1)")], "The pool takes the maximum"),
    ([(POOL, "nn.AdaptiveAvgPool2d(7)"),
      (".out_channels, num", ".out_channels * 49, num")], "49 places of each channel"),
    ([(POOL, f"nn.AdaptiveAvgPool2d(7), {POOL}")], "The grid is made 7×7 first"),
    ([(POOL, "nn.Identity()")], "Ask the last convolution"),
    ([(POOL, "nn.AvgPool2d(7)")], "one place is left of every grid"),
    ([("        nn.Flatten(),\n", "")], "is flattened away"),
    ([("convs[-1].out_channels", "512")], "here 8. Ask the last convolution"),
    ([("convs[-1]", "convs[0]")], "Ask the last convolution"),
    ([(END, END + " nn.Softmax(1),")], "Return logits"),
    ([(END, END + " nn.LogSoftmax(1),")], "log-softmax"),
    ([(END, END + " nn.ReLU(),")], "Logits may be negative"),
    ([("num_classes),", "num_classes, bias=False),")], "Leave it its bias"),
    ([("num_classes),", "16), nn.Linear(16, num_classes),")], "old classifier still"),
    ([("num_classes),", "num_classes + 1),")], "linear layer to the classes"),
    ([("return nn.Sequential(\n        net.features,", "return nn.Sequential(\n"
       "        type('Cut', (nn.Sequential,), {'forward': torch.no_grad()("
       "nn.Sequential.forward)})(*net.features),")], "must learn from it"),
    ([(FIRST, "        __import__('copy').deepcopy(net.features),\n")],
     "not with a copy"),
    ([(FIRST, "")], "Begin with `net.features`"),
    ([("    return", "    nn.init.normal_(convs[0].weight)\n    return")],
     "have learned must stay"),
    ([(FIRST, "        net.features.requires_grad_(False),\n")], "go on learning"),
    ([(END, f"nn.Dropout(0.5), {END}")], "Leave out a Dropout"),
    ([(END, f"nn.BatchNorm1d(convs[-1].out_channels, affine=False), {END}")],
     "works only in training"),
]  # fmt: skip

test_mistake_in_a_head_is_named = explained("02.3", HEADS)


def test_another_name_for_reduced_passes():
    def inception_weights(c, a, t, f, p, small=True):
        return ANSWERS["02.2"](c, a, t, f, p, small)

    passes("02.2", inception_weights)


def test_the_picture_that_does_not_fit_is_named():
    answer = edited("02.3", (POOL, "nn.AvgPool2d(14)"))
    failed = checks.check("02.3", answer).messages[-1]
    assert "a batch of 1, 32×20 pixels" in failed.tried and "Error" in failed.got


def test_a_sum_over_the_grid_is_named():
    class Summed(nn.Module):
        def __init__(self, net, num_classes):
            super().__init__()
            self.features = net.features
            channels = ANSWERS["02.3"](net, num_classes)[-1].in_features
            self.linear = nn.Linear(channels, num_classes)

        def forward(self, x):
            return self.linear(self.features(x).sum((2, 3)))

    assert "the sum over the grid" in hint_of("02.3", lambda *a: Summed(*a))


def test_squeezing_the_grid_away_takes_the_batch_of_one_with_it():
    class Squeeze(nn.Module):
        def forward(self, x):
            return x.squeeze()

    def average_head(net, num_classes):
        features, pool, _, linear = ANSWERS["02.3"](net, num_classes)
        return nn.Sequential(features, pool, Squeeze(), linear)

    assert "then `nn.Flatten()`" in hint_of("02.3", average_head)


def test_a_head_put_into_the_net_itself_passes():
    def average_head(net, num_classes):
        net.classifier = ANSWERS["02.3"](net, num_classes)[1:]
        return net

    passes("02.3", average_head)


def test_a_head_made_by_a_convolution_is_told_to_take_a_linear_layer():
    def average_head(net, num_classes):
        *body, linear = ANSWERS["02.3"](net, num_classes)
        features, pool, flatten = body
        last = nn.Conv2d(linear.in_features, num_classes, 1)
        return nn.Sequential(features, pool, last, flatten)

    assert "take `nn.Linear` here" in hint_of("02.3", average_head)


def test_a_head_of_weights_of_ones_own_is_told_to_take_a_linear_layer():
    class Head(nn.Module):
        def __init__(self, net, num_classes):
            super().__init__()
            self.body = ANSWERS["02.3"](net, num_classes)
            self.body[-1], linear = nn.Identity(), self.body[-1]
            self.weight, self.bias = linear.weight, linear.bias

        def forward(self, x):
            return self.body(x) @ self.weight.T + self.bias

    assert "weights of your own" in hint_of("02.3", lambda *given: Head(*given))


def test_a_head_put_behind_the_features_in_place_passes():
    def average_head(net, num_classes):
        return net.features.extend(ANSWERS["02.3"](net, num_classes)[1:])

    passes("02.3", average_head)


def test_the_answer_is_the_vgg_of_the_library():
    """With `hidden=()` the library's VGG ends in the same head."""
    torch.manual_seed(0)
    net = nets.VGG(((4,), (8,)), hidden=(16,))
    library = nets.VGG(((4,), (8,)), hidden=())
    answer = ANSWERS["02.3"](net, 10)
    library.features.load_state_dict(copy.deepcopy(net.features.state_dict()))
    library.classifier[-1].load_state_dict(answer[-1].state_dict())
    x = torch.randn(2, 3, 20, 28)
    torch.testing.assert_close(answer(x), library(x))

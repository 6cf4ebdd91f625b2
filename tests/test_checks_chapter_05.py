"""The checks of chapter 5 name the mistake that was made."""

import copy
from itertools import pairwise
from statistics import geometric_mean

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets
from resnet_lessons.checks.judges_05 import _fading
from resnet_lessons.checks.layers import calls_of
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

SQUARE, ROOT = "channels * kernel_size**2", "math.sqrt(2 / fan)"
CHANNELS = 'in_channels if mode == "fan_in" else out_channels'
STDS = [
    ([(ROOT, "2 / fan")], "That is the variance"),
    ([(ROOT, "math.sqrt(1 / fan)")], "The factor 2 is missing"),
    ([(ROOT, "math.sqrt(1 / (3 * fan))")], "PyTorch does by default"),
    ([(ROOT, "math.sqrt(6 / fan)")], "uniform"),
    ([(ROOT, "2 / math.sqrt(fan)")], "under the root"),
    ([(ROOT, "math.sqrt(fan / 2)")], "Upside down"),
    ([(CHANNELS, "out_channels")], "Forward"),
    ([(CHANNELS, "in_channels")], "Back"),
    ([('"fan_in"', '"fan_out"')], "Forward"),
    ([(SQUARE, "channels * kernel_size")], "The kernel is square"),
    ([(SQUARE, "channels")], "Each cell of the kernel"),
    ([(SQUARE, "(in_channels + out_channels) * kernel_size**2")], "Glorot"),
    ([(SQUARE, "in_channels * out_channels * kernel_size**2")], "all weights"),
    ([(ROOT, "0.01")], "First the variance, then its root"),
    ([(ROOT, "math.sqrt(2 // fan)")], "Divide with `/`"),
    ([(ROOT, f"int({ROOT})")], "by `//` or `int`"),
    ([(ROOT, "(2 / fan) ** 1 / 2")], "write `** 0.5`"),
    ([(ROOT, "math.sqrt(2 / channels * kernel_size**2)")], "around the whole fan"),
    ([(SQUARE, "channels * (kernel_size ^ 2)")], "no power in Python"),
    ([(SQUARE, "channels * kernel_size ^ 2")], "no power in Python"),
    ([(f"return {ROOT}", f"if mode == 'in': return {ROOT}")], "does no branch apply?"),
]

test_wrong_std_is_explained = explained("05.1", STDS)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_the_std_is_that_of_pytorchs_own_draw(mode):
    torch.manual_seed(0)
    conv = nn.Conv2d(64, 32, 5)
    nn.init.kaiming_normal_(conv.weight, mode=mode, nonlinearity="relu")
    want = ANSWERS["05.1"](64, 32, 5, mode)
    assert conv.weight.std().item() == pytest.approx(want, rel=0.02)


@pytest.mark.parametrize(
    "root", ["torch.tensor(2 / fan) ** 0.5", "f32(2 / fan) ** 0.5"]
)
def test_a_std_of_any_kind_of_number_passes(root):
    answer = edited("05.1", (ROOT, root))
    answer.__globals__["f32"] = np.float32
    passes("05.1", answer)


RATIO, POWER = "norms[0] / norms[-1]", "** (1 / (len(norms) - 1))"
STEPS = "[a / b for a, b in zip(norms, norms[1:])]"
FACTORS = [
    (
        [(RATIO, "norms[0] / norms.pop()"), ("len(norms) - 1", "len(norms)")],
        "change the list of the caller",
    ),
    ([(RATIO, "norms[-1] / norms[0]")], "the way forward"),
    ([("len(norms) - 1", "len(norms)")], "n - 1 steps"),
    ([(POWER, "")], "the whole way"),
    ([(POWER, "/ (len(norms) - 1)")], "Factors multiply"),
    ([(f"({RATIO}) {POWER}", f"mean({STEPS})")], "A mean of factors"),
    ([(f"({RATIO}) {POWER}", f"math.log({RATIO}) / (len(norms) - 1)")], "math.exp"),
    (
        [(f"({RATIO}) {POWER}", "(norms[0] - norms[-1]) / (len(norms) - 1)")],
        "a difference",
    ),
    ([(f"({RATIO}) {POWER}", "norms[0] / norms[1]")], "the last step alone"),
    ([(f"({RATIO}) {POWER}", "1.0")], "Start at the last norm"),
    ([(f"({RATIO}) {POWER}", f"{RATIO} {POWER}")], "Which brackets are missing?"),
    ([(POWER, "** 1 / (len(norms) - 1)")], "It needs brackets"),
    ([("return 0.0", "return math.log(norms[0])")], "logarithm of 0"),
    ([("return 0.0", "return 1.0")], "exactly 0 gives 0"),
    ([("norms[0] == 0", "norms[0] < 1e-12")], "Small norms count"),
    ([("norms[0] == 0", "norms[0] < 1e-30")], "Small norms count"),
    ([("norms[0] == 0", "norms[0] < 0")], "no 0 / 0: treat a first norm"),
    ([(f"({RATIO}) {POWER}", f"round(({RATIO}) {POWER}, 6)")], "Small norms count"),
    ([("/ norms[-1]", "/ (norms[-1] + 1e-8)")], "Small norms count"),
    ([(f"({RATIO}) {POWER}", f"round(({RATIO}) {POWER}, 4)")], "Small norms count"),
]

test_wrong_factor_is_explained = explained("05.2", FACTORS)


def test_the_geometric_mean_of_the_steps_passes_too():
    def factor_per_layer(norms):
        if norms[0] == 0:
            return 0
        steps = pairwise(norms)
        return geometric_mean(a / b for a, b in steps)

    passes("05.2", factor_per_layer)


SMALL = "layer.bias.grad.norm() < 1e-3 * layer.weight.grad.norm()"
NAMES = 'f"{name}.bias"'
DEAD = [
    ([("net.train()", "net.eval()")], "call `net.train()` first"),
    ([("    net.train()\n", "")], "call `net.train()` first"),
    ([("    net.zero_grad()\n", "")], "Were the old gradients cleared?"),
    ([(SMALL, "not layer.bias.grad.any()")], "not exactly 0"),
    ([(SMALL, "layer.bias.grad.norm() < 1e-4")], "whole layer's is"),
    ([(f"        and {SMALL}\n", "")], "Here a ReLU stands"),
    ([(SMALL, SMALL.replace("1e-3", "1e-2"))], "a few thousandths"),
    ([(SMALL, SMALL.replace("1e-3", "1e-5"))], "less than a thousandth"),
    (
        [(SMALL, SMALL.replace("bias.grad.norm()", "bias.grad.sum().abs()"))],
        "take their norm",
    ),
    (
        [("    net.train()\n", ""), (".backward()", ".backward()\n    net.train()")],
        "call `net.train()` first",
    ),
    ([(NAMES, "name")], "Name the parameter, not the layer"),
    ([(NAMES, 'f"{name}.weight"')], "biases of convolutions only"),
    ([("return [", "return {"), ("norm()\n    ]", "norm()\n    }")], "a list of names"),
    ([("norm()\n    ]", "norm()\n    ][::-1]")], "Each name once, in the order"),
    ([("norm()\n    ]", "norm()\n    ][:1]")], "this one is dead"),
    ([("norm()\n    ]", "norm()\n    ] * 2")], "Each name once, in the order"),
    ([("named_modules", "named_children")], "inside of another module"),
    ([("isinstance(layer, nn.Conv2d)", "hasattr(layer, 'bias')")], "biases of conv"),
    ([(NAMES, "layer.bias")], "Return a list of names"),
    ([(NAMES, '"bias"')], "`bias` is not among the names"),
    ([("layer.bias is not None", "True")], "has `layer.bias = None`"),
    ([(".backward()", "")], "before `backward()`"),
]

test_wrong_list_of_biases_is_explained = explained("05.3", DEAD)


def test_going_by_the_order_of_the_modules_is_told_apart():
    def dead_biases(net, pictures, labels):
        found = pairwise(net.named_modules())
        kinds = nn.Conv2d, nn.BatchNorm2d
        return [
            f"{name}.bias"
            for (name, one), (_, other) in found
            if (type(one), type(other)) == kinds and one.bias is not None
        ]

    assert "Go by the gradients" in hint_of("05.3", dead_biases)


def test_looking_for_a_batchnorm_directly_behind_is_told_apart():
    def dead_biases(net, pictures, labels):
        calls = calls_of(net.train(), pictures)
        norms = [id(c.x) for c in calls if isinstance(c.layer, nn.BatchNorm2d)]
        names = {layer: name for name, layer in net.named_modules()}
        return [
            f"{names[call.layer]}.bias"
            for call in calls
            if id(call.y) in norms and getattr(call.layer, "bias", None) is not None
        ]

    hint = hint_of("05.3", dead_biases)
    assert "Only an average" in hint and "old gradients" not in hint


def test_naming_all_that_has_no_gradient_to_speak_of_is_told_apart():
    def dead_biases(net, pictures, labels):
        net.train().zero_grad()
        F.cross_entropy(net(pictures), labels).backward()
        return [n for n, p in net.named_parameters() if p.grad.norm() < 1e-6]

    assert "biases of convolutions only" in hint_of("05.3", dead_biases)


def test_gradients_taken_without_grad_fields_pass_too():
    def dead_biases(net, pictures, labels):
        loss = F.cross_entropy(net.train()(pictures), labels)
        names, parameters = zip(*net.named_parameters(), strict=True)
        found = dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))
        convs = [n for n, m in net.named_modules() if isinstance(m, nn.Conv2d)]
        return [
            f"{n}.bias"
            for n in convs
            if f"{n}.bias" in found
            and found[f"{n}.bias"].norm() < 1e-3 * found[f"{n}.weight"].norm()
        ]

    passes("05.3", dead_biases)


def test_the_fading_net_is_a_trap_for_fixed_limits():
    torch.manual_seed(0)
    net, _ = _fading()
    F.cross_entropy(net(torch.rand(16, 2, 6, 6)), torch.arange(16) % 3).backward()
    assert 0 < net[0].bias.grad.norm() < 1e-6


def test_the_bias_of_a_real_net_is_found():
    """A convolution that nobody told that a BatchNorm follows."""
    net = nn.Sequential(
        nn.Sequential(nets.layers.conv2d(1, 8), nn.BatchNorm2d(8), nn.ReLU()),
        *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)],
    )
    answer = ANSWERS["05.3"]
    x, labels = torch.rand(8, 1, 8, 8), torch.arange(8)
    assert answer(net, x, labels) == ["0.0.bias"]


SCALE = "norm.weight / torch.sqrt(norm.running_var + norm.eps)"
WEIGHT = "folded.weight *= scale[:, None, None, None]"
SHIFT = "norm.bias + (bias - norm.running_mean) * scale"
FOLDS = [
    ([(" + norm.eps", "")], "ε is missing"),
    ([("norm.eps", "1e-5")], "not that of the norm"),
    ([(SCALE, "norm.weight / (norm.running_var**0.5 + norm.eps)")], "before the root"),
    ([(SHIFT, "(norm.bias + bias - norm.running_mean) * scale")], "behind the scale"),
    ([("bias - norm.running_mean", "bias + norm.running_mean")], "It is subtracted"),
    ([(SCALE, "norm.weight / (norm.running_var + norm.eps)")], "by the variance"),
    ([("norm.weight /", "1 /")], "γ, `norm.weight`, is missing"),
    ([(SHIFT, "(bias - norm.running_mean) * scale")], "β, `norm.bias`, is missing"),
    ([(SHIFT, "norm.bias + bias * scale")], "The running mean is missing"),
    ([(SHIFT, "norm.bias + bias - norm.running_mean")], "The scale is missing"),
    ([(SHIFT, "norm.bias + bias - norm.running_mean * scale")], "it is scaled"),
    ([(SHIFT, "norm.bias - norm.running_mean * scale")], "is lost"),
    ([(WEIGHT, "pass")], "The weights are still those"),
    ([(WEIGHT, "folded.weight *= scale[None, :, None, None]")], "print that of `conv`"),
    ([("nn.Parameter(norm", "(norm")], "makes a weight of a tensor"),
    ([("torch.no_grad()", "torch.enable_grad()")], "under `torch.no_grad()` only"),
    ([("copy.deepcopy(conv)", "conv")], "Work on a copy"),
    ([("copy.deepcopy(conv)", "copy.copy(conv)")], "Work on a copy"),
    ([("    bias =", "    norm.eval()\n    bias =")], "leave its mode"),
    ([("    bias =", "    norm.train(), conv.train()\n    bias =")], "a copy"),
    ([("    bias =", "    if conv.bias is None:\n        conv.bias = nn.Parameter("
       "torch.zeros(conv.out_channels))\n    bias =")], "Work on a copy"),
    ([("    bias =", "    old, conv.bias = conv.bias, None\n    bias ="),
      ("0 if conv.bias is None else conv.bias", "0 if old is None else old")],
     "Work on a copy"),
    ([("    bias =", "    conv.requires_grad_(False)\n    bias =")], "Work on a copy"),
    ([("    bias =", "    norm.requires_grad_(False)\n    bias =")], "Only read its"),
    ([("return folded", "folded.dilation = (1, 1)\n    return folded")], "dilation"),
    ([("0 if conv.bias is None else conv.bias", "conv.bias")], "`conv.bias` is `None`"),
    ([("return folded", "return nn.Sequential(conv, norm)")], "no layer more"),
    ([("return folded", "return lambda x: norm.eval()(conv(x))")], "no layer more"),
    ([("return folded", "folded.padding = (2, 2)\n    return folded")], "Keep stride"),
    ([(WEIGHT, "pass"), ("return folded", "folded.register_forward_pre_hook("
       "lambda _, x: None)\n    folded.register_forward_hook(lambda _, x, y: "
       "norm.eval()(conv(x[0])))\n    return folded")], "Put it into the weights"),
]  # fmt: skip

test_a_norm_that_is_folded_wrongly_is_explained = explained("05.4", FOLDS)


def test_the_averages_of_a_batch_are_named():
    def fold(conv, norm):
        folded = ANSWERS["05.4"](conv, norm)
        both = nn.Sequential(copy.deepcopy(conv), copy.deepcopy(norm).train())
        folded.forward = both.forward
        return folded

    assert "the running averages count" in hint_of("05.4", fold)


def test_pytorchs_own_way_to_fold_passes():
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    def fold(conv, norm):
        both = [copy.deepcopy(layer).eval() for layer in (conv, norm)]
        return fuse_conv_bn_eval(*both)

    passes("05.4", fold)

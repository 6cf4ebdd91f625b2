"""The checks of chapter 5 name the mistake that was made."""

import copy
from itertools import pairwise

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


BATCH, USED = "x.mean(axes), x.var(axes, correction=0)", "mu, sigma2 = mean, var"
MEAN, VAR = "mean.lerp_(mu, momentum)", "var.lerp_(x.var(axes), momentum)"
LAID, BOTH = "shape = [1, -1] + [1] * (x.ndim - 2)", "with torch.no_grad():"
AXES, HEAD = "[axis for axis in range(x.ndim) if axis != 1]", "    axes ="
ROOT_OF = "(sigma2.view(shape) + eps).sqrt()"


def first(line):
    """The edit that puts a line before all others."""
    return [(HEAD, f"    {line}\n{HEAD}")]


NORMS = [
    ([(BATCH, "x.mean(axes), x.var(axes)")], "The variance has n - 1"),
    ([("if training:", "if True:")], "In evaluation the running averages count"),
    ([(f"    {LAID}", f"    {USED}\n    {LAID}")], "These are the running averages"),
    ([(BATCH, "x.mean(axes), var.clone()")], "One of the two is the running average"),
    ([(BATCH, "mean.clone(), x.var(axes, correction=0)")], "One of the two is the run"),
    ([(f"    {LAID}", f"    mu = x.mean(axes)\n    {LAID}")], "One of the two is of"),
    ([(USED, "mu, sigma2 = mean * 0, var")], "The mean is not subtracted"),
    (first("if training: return (x - x.mean()) / (x.var() + eps) ** 0.5"),
     "over axes 0, 1, 2, 3. Take them over the batch"),
    (first("if training: return (x - x.mean(0)) / x.var(0).sqrt()"), "over axis 0. "),
    (first("if training: return (x - x.mean((0, 2), True)) / "
           "x.var((0, 2), correction=0, keepdim=True).sqrt()"), "over axes 0, 2. "),
    ([(AXES, "0")], "the channels are axis 1 of x"),
    ([(AXES, "[0, 2, 3]")], "Average over all of them but axis 1"),
    (first("x.numpy().mean((0, 2, 3))"), "Stay with tensors"),
    (first("B, C, H, W = x.shape"), "any number of axes"),
    ([("mu.view(shape)", "mu")], "the channels are axis 1 of x"),
    ([(LAID, "shape = [1, -1, 1, 1]")], "It has the shape of x"),
    ([(LAID, "shape = [1, -1, 1, 1, 1][: x.ndim] if x.ndim < 5 else [-1, 1, 1]")],
     "along axis 2 of x"),
    ([(" + eps)", ")")], "ε is missing under the root"),
    ([("+ eps)", "+ 1e-5)")], "not the argument `eps`"),
    ([(ROOT_OF, "(sigma2.view(shape).sqrt() + eps)")], "before the root is taken"),
    ([(ROOT_OF, "(sigma2.view(shape) + eps)")], "Divide by its root"),
    ([(ROOT_OF, "(sigma2.view(shape).sqrt() + eps).sqrt()")], "root was taken twice"),
    ([("/ (sigma2", "* (sigma2")], "You multiplied"),
    ([(f" / {ROOT_OF}", "")], "nothing divides"),
    ([("(x - mu.view(shape))", "x")], "The mean is not subtracted"),
    ([("(x - mu.view(shape))", "x - mu.view(shape)")], "Which brackets are missing?"),
    ([("return (x", "return 2 * (x")], "Subtract the mean of each channel"),
    ([("return (x", "return x; (x")], "x came back as it was"),
    ([("return (x", "(x")], "is a `return` missing"),
    ([("eps).sqrt()", "eps).sqrt(), mean, var")], "Return a tensor of PyTorch"),
    ([(MEAN, "pass")], "The `mean` of the caller stayed as it was"),
    ([(VAR, "pass")], "The `var` of the caller stayed as it was"),
    ([(MEAN, "mean = mean.lerp(mu, momentum)")], "`mean = …` only gives the name"),
    ([(VAR, "var = var.lerp(x.var(axes), momentum)")], "`var = …` only gives the name"),
    ([(MEAN, "mean.lerp_(mu, 1 - momentum)")], "the wrong way round"),
    ([(VAR, "var.lerp_(x.var(axes), 1 - momentum)")], "the wrong way round"),
    ([(MEAN, "mean.lerp_(mu, 0.1)")], "not always 0.1"),
    ([(MEAN, "mean.copy_(mu)")], "The old average is gone"),
    ([(MEAN, "mean.copy_(momentum * mu)")], "The old average is gone"),
    ([(MEAN, "mean.add_(momentum * mu)")], "nothing of the old taken away"),
    ([(MEAN, f"{MEAN}.lerp_(mu, momentum)")], "It moved twice"),
    ([(MEAN, "mean.lerp_(sigma2, momentum)")], "Keep 1 - momentum of the old `mean`"),
    ([(VAR, "var.lerp_(sigma2, momentum)")], "averages variances with n - 1"),
    ([(VAR, "var.lerp_(x.std(axes), momentum)")], "The standard deviation went in"),
    ([(VAR, "var.lerp_(sigma2.sqrt(), momentum)")], "The standard deviation went in"),
    ([(VAR, "var.lerp_(mu, momentum)")], "The mean of the batch went into"),
    ([(BOTH, "if True:")], "under `torch.no_grad()`"),
    ([("    if training:", "    if not training:\n        "
       f"{MEAN.replace('mu', 'x.mean(axes)')}\n        {VAR}\n    if training:")],
     "The averages moved before they were used"),
    ([("return (x", "y = (x"), ("eps).sqrt()", "eps).sqrt()\n"
       "    mean[0] += not training\n    return y")], "as `+=` does"),
    ([("sigma2.view(shape) + eps", "sigma2.add_(eps).view(shape)")], "as `+=` does"),
    ([(BATCH, "x.mean(axes).detach(), x.var(axes, correction=0)")], "the mean,"),
    ([(BATCH, "x.mean(axes), x.var(axes, correction=0).detach()")], "the variance,"),
    ([("mu.view(shape)", "mu.detach().view(shape)"), ("a2.view", "a2.detach().view")],
     "back through mean and variance"),
    (first("x = x.detach()"), "None comes back"),
    (first("training = training and len(x) > 1"), "These are the running averages"),
    (first("if not training and x.ndim < 3: return x - mean[:, None]"),
     "the channels are axis 1 of x"),
    (first("x = x if training else x.detach()"), "None comes back"),
    (first("torch.set_grad_enabled(False)"), "None comes back"),
    ([("(x - mu", "(x.sub_(mu"), ("view(shape))", "view(shape)))")], "write into x"),
    ([(", momentum=0.1, eps=1e-5", ", momentum, eps")], "the first line of the"),
    ([(", eps=1e-5", ""), ("+ eps", "+ 1e-5")], "the first line of the starter"),
]  # fmt: skip

test_wrong_norm_is_explained = explained("05.2", NORMS)


@pytest.mark.parametrize(
    "call",
    [
        "F.batch_norm(x, mean, var, None, None, training, momentum, eps)",
        "torch.batch_norm(x, None, None, mean, var, training, momentum, eps, False)",
        "torch.native_batch_norm(x, None, None, mean, var, training, momentum, eps)[0]",
        "F.layer_norm(x, x.shape[1:])",
        "F.group_norm(x, x.shape[1]) if x.ndim > 2 else None",
        "F.instance_norm(x.transpose(0, 1).flatten(1)[None], eps=eps)",
    ],
)
def test_a_norm_of_pytorchs_own_is_refused(call):
    def normalise(x, mean, var, training, momentum=0.1, eps=1e-5):
        y = ANSWERS["05.2"](x, mean, var, training, momentum, eps)
        mean, var = mean.clone(), var.clone()
        eval(call)
        return y

    assert "Now write the formula out" in hint_of("05.2", normalise)


def by_moving_the_channels(x, mean, var, training, momentum=0.1, eps=1e-5):
    rows = x.movedim(1, -1)  # (B, ..., C)
    flat = rows.reshape(-1, len(mean))
    mu, sigma2 = mean, var
    if training:
        mu = flat.sum(0) / len(flat)
        sigma2 = ((flat - mu) ** 2).sum(0) / len(flat)
        mean += momentum * (mu.detach() - mean)
        var.mul_(1 - momentum)
        var += momentum * sigma2.detach() * len(flat) / (len(flat) - 1)
    return ((rows - mu) * torch.rsqrt(sigma2 + eps)).movedim(-1, 1)


def channel_by_channel(x, mean, var, training, momentum=0.1, eps=1e-5):
    done = []
    for channel, part in enumerate(x.unbind(1)):
        mu, sigma2 = mean[channel].clone(), var[channel].clone()
        if training:
            mu = part.mean()
            sigma2 = part.square().mean() - mu**2
            n = part.numel()
            mean.data[channel] = (1 - momentum) * mean[channel] + momentum * mu.item()
            unbiased = sigma2.item() * n / (n - 1)
            var.data[channel] = (1 - momentum) * var[channel] + momentum * unbiased
        done.append((part - mu) / (sigma2 + eps) ** 0.5)
    return torch.stack(done, 1)


def with_kept_axes(x, mean, var, training, momentum=0.1, eps=1e-5):
    axes = (0, *range(2, x.dim()))
    if not training:
        ones = (1,) * (x.dim() - 2)
        return (x - mean.reshape(-1, *ones)) / var.add(eps).sqrt().reshape(-1, *ones)
    sigma2, mu = torch.var_mean(x, axes, correction=0, keepdim=True)
    n = x.numel() / x.shape[1]
    with torch.no_grad():
        mean.copy_((1 - momentum) * mean + momentum * mu.flatten())
        var[:] = var * (1 - momentum) + momentum * n / (n - 1) * sigma2.flatten()
    return (x - mu) / torch.sqrt(sigma2 + eps)


@pytest.mark.parametrize(
    "answer", [by_moving_the_channels, channel_by_channel, with_kept_axes]
)
def test_another_way_to_normalise_passes(answer):
    passes("05.2", answer)


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
    ([("return [", "layers = [m for m in net.modules() if isinstance(m, nn.Conv2d)]\n"
       "    return ["), ("3 * layer.weight", "3 * layers[0].weight")],
     "beside that of another layer's weight"),
    ([("return [", "layers = [m for m in net.modules() if isinstance(m, nn.Conv2d)]\n"
       "    least = min(m.weight.grad.norm() for m in layers)\n    return ["),
      ("3 * layer.weight.grad.norm()", "3 * least")], "of its own weight"),
]  # fmt: skip

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

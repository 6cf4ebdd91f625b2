"""The checks of chapter 6 name the mistake that was made."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import checks
from resnet_lessons.checks import mistakes_06
from wrong_answers import ANSWERS, explained, hint_of, passes

SLICE = "x[:, :, ::stride, ::stride]"
PAD = "F.pad(x, (0, 0, 0, 0, 0, extra))"
COPIES = "x.repeat(1, -(-out_channels // x.shape[1]), 1, 1)[:, :out_channels]"
SHORTCUTS = [
    ([(SLICE, "x"), (PAD, "x")], "x came back as it was"),
    ([(PAD, "x")], "channels are still those of x"),
    ([(SLICE, "x")], "The grid is still that of x"),
    ([(SLICE, "x[:, :, ::stride]")], "Only the rows"),
    ([(SLICE, "x[:, :, :, ::stride]")], "Only the columns"),
    ([("(0, 0, 0, 0, 0, extra)", "(0, 0, 0, 0, extra, 0)")], "stand in front"),
    (
        [("(0, 0, 0, 0, 0, extra)", "(0, 0, 0, 0, extra // 2, extra - extra // 2)")],
        "Some published code does so",
    ),
    ([(PAD, COPIES)], "copies of x"),
    ([("(0, 0, 0, 0, 0, extra)", "(0, extra)")], "went to the columns"),
    ([("(0, 0, 0, 0, 0, extra)", "(0, 0, 0, extra)")], "went to the rows"),
    ([(SLICE, "x[:, :, 1::stride, 1::stride]")], "the second row"),
    (
        [(SLICE, "x[:, :, :-(-x.shape[2] // stride), :-(-x.shape[3] // stride)]")],
        "top left corner",
    ),
    ([(SLICE, "F.avg_pool2d(x, stride, ceil_mode=True)")], "You averaged"),
    ([(SLICE, "F.avg_pool2d(x, stride)")], "You averaged"),
    ([(SLICE, "F.max_pool2d(x, stride, ceil_mode=True)")], "You took maxima"),
    (
        [
            (SLICE, "x[:, :, : x.shape[2] // stride * stride][:, :, ::stride]"),
            (
                "    extra =",
                "    x = x[:, :, :, : x.shape[3] // stride * stride][..., ::stride]\n"
                "    extra =",
            ),
        ],
        "An odd grid lost its last row",
    ),
    ([("0, 0, 0, 0, 0, extra", "0, 0, 0, 0, 0, 0, 0, extra")], "became new pictures"),
    ([("    x =", "    if x.shape[1] == out_channels: return x\n    x =")],
     "That is right only at stride 1"),
    ([(SLICE, "x.mul_(2)[:, :, ::stride, ::stride]")], "append zeros"),
    ([(PAD, "F.pad(x.detach(), (0, 0, 0, 0, 0, extra))")], "cut the gradient"),
    ([(PAD, f"{PAD}.detach().requires_grad_()")], "cut the gradient"),
    ([(PAD, "torch.zeros(9)[:out_channels]")], "append zeros"),
    ([("0, extra)", "0, out_channels)")], "Some are there already"),
    ([(SLICE, "x[:, :, ::2, ::2]")], "axis 2: 3 rows instead of 5"),
    ([(SLICE, "x[:, ::stride, ::stride]")], "axis 3: 6 columns instead of 3"),
    ([(PAD, "torch.cat([x, torch.zeros_like(x)], 0)")], "axis 0: 4 pictures instead"),
    ([(PAD, "torch.cat([x, torch.zeros_like(x)], 1)")], "axis 1: 6 channels instead"),
]  # fmt: skip

test_shortcut_mistake_is_named = explained("06.1", SHORTCUTS)


def test_writing_into_x_is_named():
    solve = ANSWERS["06.1"]

    def shortcut_a(x, out_channels, stride):
        y = solve(x, out_channels, stride).clone()
        if not x.requires_grad:
            x.zero_()
        return y

    assert "A slice is a view" in hint_of("06.1", shortcut_a)


def test_zeros_joined_to_x_pass_too():
    def shortcut_a(x, out_channels, stride):
        x = x[..., ::stride, ::stride]
        zeros = x.new_zeros(len(x), out_channels - x.shape[1], *x.shape[2:])
        return torch.cat([x, zeros], 1)

    passes("06.1", shortcut_a)


COST = "in_channels * out_channels + 2 * out_channels"
KEEPS = "stride == 1 and in_channels == out_channels"
ZERO = 'option == "A" or (option == "B" and keeps_shape)'
COUNTS = [
    ([(COST, "in_channels * out_channels")], "learns a γ and a β for each"),
    ([(COST, "in_channels * out_channels + 2 * in_channels")], "stands behind"),
    ([(COST, "in_channels * out_channels + out_channels")], "two numbers a channel"),
    ([(COST, "in_channels * out_channels + 3 * out_channels")], "has no bias"),
    ([(COST, "in_channels * out_channels + 4 * out_channels")], "measured, not"),
    ([(COST, "9 * in_channels * out_channels + 2 * out_channels")], "not nine"),
    (
        [(COST, "in_channels * out_channels * stride**2 + 2 * out_channels")],
        "does not change its weights",
    ),
    ([(KEEPS, "in_channels == out_channels")], "A stride alone changes the shape"),
    ([(KEEPS, "stride == 1")], "A change of channels alone changes the shape"),
    ([(ZERO, 'option == "A"')], "only where the shape changes; elsewhere"),
    ([(ZERO, 'option == "A" or keeps_shape')], "projects in every block"),
    ([(ZERO, "keeps_shape")], "Option A pads with zeros"),
    ([(ZERO, "False")], "only where the shape changes"),
    ([(COST, "7")], "No projection, no parameters"),
    ([(f"return {COST}", f"if option == 'b': return {COST}")], "does no branch apply?"),
]

test_wrong_count_is_explained = explained("06.2", COUNTS)


@pytest.mark.parametrize(("mistake", "hint"), mistakes_06.PARAMETERS)
def test_each_mistake_in_a_count_has_a_number_of_its_own(mistake, hint):
    assert hint_of("06.2", mistake) == hint


GRAD = "torch.autograd.grad(residual(x), x, grad_outputs=g)"
PAIR = "return g, through_residual"
TERMS = [
    ([(PAIR, "return through_residual, g")], "swapped"),
    ([(PAIR, "return g, g + through_residual")], "already the sum of both"),
    ([("residual(x), x", "residual(x) + x, x")], "without `+ x`"),
    ([(PAIR, "return g + through_residual, through_residual")], "The first is already"),
    ([("grad_outputs=g", "grad_outputs=torch.ones_like(g)")], "residual(x).sum()"),
    (
        [
            ("grad_outputs=g", "grad_outputs=torch.ones_like(g)"),
            (PAIR, "return torch.ones_like(g), through_residual"),
        ],
        "gradient of `y.sum()`",
    ),
    ([(PAIR, "return torch.ones_like(g), through_residual")], "multiplied by what"),
    ([(PAIR, "return x, residual(x)")], "on the way forward"),
    ([(PAIR, "return x, through_residual")], "The first is x itself"),
    ([(PAIR, "return g, residual(x)")], "The second is the value F(x)"),
    ([(PAIR, "return g, g * residual(x)")], "not by the derivative"),
    ([(PAIR, "return through_residual")], "Return both terms"),
    ([(PAIR, "return g, (through_residual,)")], "take its first element"),
    ([(PAIR, "return g, 0 * g")], "through F alone"),
    ([(PAIR, "return g, g * torch.autograd.grad(residual(x).sum(), x)[0]")],
     "multiplied by g after the way back through F"),
    ([("residual(x), x, grad_outputs=g", "residual(x), x")], "Tell autograd"),
    ([("residual(x), x, grad_outputs=g",
       "residual(x.detach()), x, g, allow_unused=True")], "One term is `None`"),
    ([("x.detach().requires_grad_()", "x")], "an x that asks for a gradient"),
    ([("    (through_residual,)", "    torch.set_grad_enabled(False)\n"
       "    (through_residual,)")], "not under `no_grad`"),
    ([(PAIR, "return g, ...")], "still waits for your code"),
    ([(PAIR, "return ..., through_residual")], "still waits for your code"),
    ([(PAIR, "return x, ...")], "The first is x itself"),
    ([(PAIR, "return 2 * g, ...")], "what arrives at y arrives at x"),
    ([("x.detach().requires_grad_()", "x.requires_grad_()")], "of the caller"),
    (
        [
            (GRAD, "[None]"),
            (PAIR, "residual(x).backward(g)\n    return g, x.grad"),
        ],
        "adds to the `.grad` of every parameter",
    ),
]  # fmt: skip

test_gradient_mistake_is_named = explained("06.3", TERMS)


def terms_with(before="pass", after="pass"):
    def gradient_terms(residual, x, g):
        exec(before)
        x = x.clone().requires_grad_()
        (through,) = torch.autograd.grad(residual(x), x, g)
        exec(after)
        return g, through

    return gradient_terms


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (terms_with(before="residual.train()"), "the mode that is wanted"),
        (terms_with(before="residual.eval()"), "the mode that is wanted"),
        (terms_with(before="residual.requires_grad_(False)"), "`requires_grad` alone"),
        (terms_with(before="g.zero_()"), "what arrives at y arrives at x"),
        (terms_with(after="g += through"), "The first is already the sum"),
        (terms_with(before="residual.zero_grad()"), "leaves them alone"),
        (terms_with(after="residual(x).sum().backward(); residual.zero_grad()"),
         "leaves them alone"),
        (terms_with(before="residual.train()", after="residual.eval()"),
         "the mode that is wanted"),
    ],
)  # fmt: skip
def test_a_trace_is_found(answer, words):
    report = checks.check("06.3", answer)
    assert not report.passed
    assert words in str(report)


def test_a_gradient_left_at_x_is_found():
    def gradient_terms(residual, x, g):
        x.requires_grad_()
        copy.deepcopy(residual)(x).backward(g)
        x.requires_grad_(False)
        return g, x.grad

    assert "the caller" in hint_of("06.3", gradient_terms)


def test_the_difference_of_two_gradients_passes_too():
    def gradient_terms(residual, x, g):
        x = x.clone().requires_grad_()
        (total,) = torch.autograd.grad(residual(x) + x, x, g)
        return g, total - g

    passes("06.3", gradient_terms)


def test_a_starter_with_two_gaps_is_not_attempted():
    report = checks.check("06.3", lambda residual, x, g: (..., ...))
    assert not report.attempted


def test_the_judges_do_not_copy_the_reference():
    """06.1 is judged by the library, which another test compares with figures."""
    x = torch.randn(1, 2, 4, 4)
    want = torch.cat([F.interpolate(x, scale_factor=0.5), torch.zeros(1, 1, 2, 2)], 1)
    assert torch.equal(ANSWERS["06.1"](x, 3, 2), want)


IDENTITY = "nn.init.dirac_(torch.empty_like(conv.weight), conv.groups)"
ZEROS = "torch.zeros_like(conv.weight)"
ADDED = "folded.weight += identity"
MIDDLE = "folded.weight[{}, conv.padding[0], conv.padding[0]] += 1"
FOLDS = [
    ([(ADDED, f"{ADDED}; folded.bias = nn.Parameter(conv.bias.clone())")],
     "the new one has none either"),
    ([(ADDED, "pass")], "The skip is missing"),
    ([(IDENTITY, ZEROS), (ADDED, MIDDLE.format(":, :"))], "to itself only"),
    ([(IDENTITY, "nn.init.dirac_(torch.empty_like(conv.weight))")], "finds itself"),
    ([(ADDED, "folded.weight.copy_(identity)")], "The weights of `conv` are gone"),
    ([(ADDED, "folded.weight -= identity")], "x was subtracted"),
    ([(ADDED, "folded.weight += identity.roll((-1, -1), (2, 3))")], "in a corner"),
    ([(ADDED, "folded.weight += identity.amax((2, 3), True)")], "The whole window"),
    ([(ADDED, "folded.weight += 2 * identity")], "and nothing else"),
    ([("copy.deepcopy(conv)", "conv")], "Work on a copy"),
    ([("copy.deepcopy(conv)", "copy.copy(conv)")], "Work on a copy"),
    ([(ADDED, "folded.requires_grad_(False).weight += identity")], "is to be trained"),
    ([("    folded =", "    conv.requires_grad_(False)\n    folded ="),
      ("return folded", "return folded.requires_grad_(True)")], "Work on a copy"),
    ([("return folded", "return nn.Sequential(folded)")], "no layer more"),
    ([("copy.deepcopy(conv)", "nn.Conv2d(4, 4, 3, padding=1)")], "and bias of `conv`"),
    ([("return folded", "return folded.weight")], "One `nn.Conv2d`"),
    ([("return folded", "return lambda x: conv(x) + x")], "One `nn.Conv2d`"),
    ([(ADDED, "forward = folded.forward\n        folded.forward = "
       "lambda x: forward(x) + x")], "The sum is still there"),
    ([(ADDED, "folded.register_forward_hook(lambda _, x, y: y + x[0])")], "is still"),
    ([(ADDED, ADDED + "\n        if conv.bias is not None: folded.bias += 1")],
     "the same number to each pixel"),
    ([(ADDED, ADDED + "\n        folded.padding = (0, 0)")], "Keep stride and padding"),
    ([("torch.no_grad()", "torch.enable_grad()")], "under `torch.no_grad()` only"),
    ([(ADDED, "folded.weight = conv.weight + identity")], "makes a weight of a tensor"),
    ([(ADDED, MIDDLE.format("-1, 4")), (IDENTITY, ZEROS)], "(out, in / groups, k, k)"),
    ([(ADDED, "folded.kernel_size // 2")], "take its first number"),
]  # fmt: skip

test_a_skip_that_is_folded_wrongly_is_explained = explained("06.4", FOLDS)


def in_a_loop(conv):
    options = {"padding": "same", "groups": conv.groups}
    options["bias"] = conv.bias is not None
    channels = conv.in_channels
    folded = nn.Conv2d(channels, channels, conv.kernel_size, **options)
    folded.load_state_dict(conv.state_dict())
    middle = conv.kernel_size[0] // 2
    with torch.no_grad():
        for channel in range(channels):
            place = channel % (channels // conv.groups)
            folded.weight[channel, place, middle, middle] += 1
    return folded


def with_a_new_parameter(conv):
    folded = copy.deepcopy(conv)
    eye = torch.zeros_like(conv.weight)
    folded.weight = nn.Parameter(conv.weight + nn.init.dirac_(eye, conv.groups))
    return folded


@pytest.mark.parametrize("answer", [in_a_loop, with_a_new_parameter])
def test_another_way_to_fold_a_skip_passes(answer):
    passes("06.4", answer)

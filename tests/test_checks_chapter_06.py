"""The checks of chapter 6 name the mistake that was made."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import checks
from resnet_lessons.checks import mistakes_06
from wrong_answers import ANSWERS, explained, hint_of, passes

ZERO_X, GRID = "g.new_zeros(shape)", "[:, :, ::stride, ::stride]"
TAKEN, WRITTEN = "g[:, : shape[1]]", "at_x[:, :, ::stride, ::stride] = g[:, : shape[1]]"
RETURN = "return at_x"
SPREAD = (
    f"torch.nn.functional.interpolate({TAKEN}, scale_factor=stride)"
    "[:, :, : shape[2], : shape[3]]"
)
SHORTCUTS = [
    ([(RETURN, "return g")], "g came back as it was"),
    ([(WRITTEN, "pass")], "Only zeros came back"),
    ([(RETURN, f"return {TAKEN}")], "The grid is still that of y"),
    ([(ZERO_X, "g.new_zeros(shape[0], g.shape[1], *shape[2:])"), (TAKEN, "g")],
     "The channels are still those of y"),
    ([(TAKEN, "g[:, -shape[1] :]")], "These are the last channels"),
    ([(TAKEN, "g.sum(1, keepdim=True)")], "All channels of g were added up"),
    ([(TAKEN, "g[:, : shape[1]] + torch.cat([g, 0 * g], 1)[:, shape[1] :]"
       "[:, : shape[1]]")], "The other channels of g were added"),
    ([(RETURN, f"return {SPREAD}")], "given to every place of its patch"),
    ([(RETURN, f"return {SPREAD} / stride**2")], "an average over each patch"),
    ([(TAKEN, f"{TAKEN} * stride")], "All other places get 0"),
    ([(TAKEN, f"{TAKEN} * stride**2")], "but multiplied"),
    ([(TAKEN, f"{TAKEN} / stride**2")], "but divided"),
    ([(TAKEN, f"1 + 0 * {TAKEN}")], "Ones at the right places"),
    ([(WRITTEN, "at_x[:, :, 1::stride, 1::stride] = g[:, : shape[1]]")],
     "start at the second row"),
    ([(WRITTEN, "at_x[:, :, : g.shape[2], : g.shape[3]] = g[:, : shape[1]]")],
     "in the top left corner"),
    ([(WRITTEN, "for i in range(shape[2] // stride):\n"
       "        for j in range(shape[3] // stride):\n"
       "            at_x[:, :, i * stride, j * stride] = g[:, : shape[1], i, j]")],
     "9 rows become 5, not 4"),
    ([(TAKEN, "g")], "what of g belongs to x, and where?"),
    ([(GRID, "[:, :, ::stride]")], "what of g belongs to x, and where?"),
    ([(GRID, "[:, ::stride, ::stride]")], "what of g belongs to x, and where?"),
    ([(ZERO_X, "g.new_zeros(*shape[:2], g.shape[2] * stride, g.shape[3] * stride)")],
     "Look at axis 2: 10 rows instead of 9"),
    ([(ZERO_X, "torch.zeros(shape[1:])"), ("[:, :, ::", "[:, ::"),
      (TAKEN, "g[0, : shape[1]]")], "All other places get 0"),
    ([(RETURN, "g.zero_()\n    return at_x")], "Write into new zeros"),
    ([(ZERO_X, "torch.zeros(shape, requires_grad=True)"),
      (WRITTEN, f"y = at_x{GRID}; at_x = torch.autograd.grad(y, at_x, {TAKEN})[0]")],
     "Autograd is switched off"),
]  # fmt: skip

test_shortcut_mistake_is_named = explained("06.1", SHORTCUTS)


def by_a_transposed_convolution(g, shape, stride):
    kernel = torch.zeros(shape[1], 1, stride, stride)
    kernel[..., 0, 0] = 1
    g = g[:, : shape[1]]
    at_x = F.conv_transpose2d(g, kernel, stride=stride, groups=shape[1])
    right, below = shape[3] - at_x.shape[3], shape[2] - at_x.shape[2]
    return F.pad(at_x, (0, right, 0, below))  # which crops where it is negative


def number_by_number(g, shape, stride):
    at_x = torch.zeros(*shape).tolist()
    for b, picture in enumerate(g.tolist()):
        for c, rows in enumerate(picture[: shape[1]]):
            for i, row in enumerate(rows):
                for j, number in enumerate(row):
                    at_x[b][c][i * stride][j * stride] = number
    return torch.tensor(at_x)


def by_matrices(g, shape, stride):
    rows, columns = (torch.eye(side)[:, ::stride] for side in shape[2:])
    return rows @ g.narrow(1, 0, shape[1]) @ columns.T


def by_a_mask(g, shape, stride):
    picked = torch.zeros(shape, dtype=torch.bool)
    picked[..., ::stride, ::stride] = True
    return torch.zeros(shape).masked_scatter(picked, g[:, : shape[1]].contiguous())


@pytest.mark.parametrize(
    "answer",
    [by_a_transposed_convolution, number_by_number, by_matrices, by_a_mask],
)
def test_another_way_back_passes(answer):
    passes("06.1", answer)


def test_g_itself_may_come_back_where_nothing_changes():
    def shortcut_a_backward(g, shape, stride):
        same = g.shape == shape
        return g if same else ANSWERS["06.1"](g, shape, stride)

    passes("06.1", shortcut_a_backward)


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


PASS, GRAD = "copy.deepcopy(residual)(x)", "torch.autograd.grad(y, x, grad_outputs=g)"
PAIR = "return g, through_residual"
TERMS = [
    ([(PAIR, "return through_residual, g")], "swapped"),
    ([(PAIR, "return g, g + through_residual")], "already the sum of both"),
    ([(PASS, f"{PASS} + x")], "without `+ x`"),
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
    ([("y, x, grad_outputs=g", "y, x")], "Tell autograd"),
    ([(PASS, "residual(x.detach())"), ("grad_outputs=g", "g, allow_unused=True")],
     "One term is `None`"),
    ([("x.detach().requires_grad_()", "x")], "an x that asks for a gradient"),
    ([("    (through_residual,)", "    torch.set_grad_enabled(False)\n"
       "    (through_residual,)")], "not under `no_grad`"),
    ([(PAIR, "return g, ...")], "still waits for your code"),
    ([(PAIR, "return ..., through_residual")], "still waits for your code"),
    ([(PAIR, "return x, ...")], "The first is x itself"),
    ([(PAIR, "return 2 * g, ...")], "what arrives at y arrives at x"),
    ([("x.detach().requires_grad_()", "x.requires_grad_()")], "of the caller"),
    ([(PASS, "residual(x)")], "Send x through a copy"),
    ([("    y =", "    return g, torch.func.vjp(copy.deepcopy(residual), x)[1](g)[0]\n"
       "    y =")], "which `torch.func` does not allow"),
    ([(PASS, "copy.copy(residual)(x)")], "Send x through a copy"),
    ([(PASS, "copy.deepcopy(residual).eval()(x)")], "the gradient in evaluation mode"),
    ([(PASS, "copy.deepcopy(residual).train()(x)")], "the gradient in training mode"),
    ([(PASS, "residual.eval()(x)"), ("    return", "    residual.train()\n    return")],
     "the mode that is wanted"),
    ([("    y =", "    mode = residual.training\n    y ="),
      (PASS, "residual.eval()(x)"),
      ("    return", "    residual.train(mode)\n    return")], "in evaluation mode"),
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
        (total,) = torch.autograd.grad(copy.deepcopy(residual)(x) + x, x, g)
        return g, total - g

    passes("06.3", gradient_terms)


def test_averages_that_are_put_back_are_no_trace():
    def gradient_terms(residual, x, g):
        before = {name: t.clone() for name, t in residual.state_dict().items()}
        asks = x.clone().requires_grad_()
        (through,) = torch.autograd.grad(residual(asks), asks, g)
        residual.load_state_dict(before)
        return g, through

    passes("06.3", gradient_terms)


def test_a_pass_with_buffers_of_its_own_is_no_trace():
    def gradient_terms(residual, x, g):
        buffers = {name: buffer.clone() for name, buffer in residual.named_buffers()}
        parts = {**dict(residual.named_parameters()), **buffers}
        x = x.clone().requires_grad_()
        y = torch.func.functional_call(residual, parts, x)
        return g, torch.autograd.grad(y, x, g)[0]

    passes("06.3", gradient_terms)


def test_a_batch_that_is_still_counted_is_a_trace():
    def gradient_terms(residual, x, g):
        terms = ANSWERS["06.3"](residual, x, g)
        for name, buffer in residual.named_buffers():
            buffer += name.endswith("tracked")
        return terms

    message = checks.check("06.3", gradient_terms).messages[-1]
    assert "num_batches_tracked" in message.got


def test_a_starter_with_two_gaps_is_not_attempted():
    report = checks.check("06.3", lambda residual, x, g: (..., ...))
    assert not report.attempted


def test_the_judges_do_not_copy_the_reference():
    """06.1 is judged by the library, which another test compares with figures."""
    g = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    want = torch.tensor([[[[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]]])
    assert torch.equal(ANSWERS["06.1"](g, (1, 1, 2, 3), 2), want)


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

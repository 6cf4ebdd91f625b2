"""The checks of chapter 7 name the mistake that was made."""

import copy

import pytest
import torch
from torch import nn

from resnet_lessons import checks, nets
from wrong_answers import edited, explained, hint_of, passes

SUM = "F.relu(residual + self.shortcut(x))"
SECOND = "self.bn2(self.conv2(residual))"
BLOCKS = [
    ([(SUM, "F.relu(residual)")], "The skip is missing"),
    ([(SUM, "residual")], "The skip and the last ReLU"),
    ([(SUM, "F.relu(residual) + self.shortcut(x)")], "ReLU comes before the sum"),
    ([(SUM, "residual + self.shortcut(x)")], "ReLU after the sum is missing"),
    ([(SUM, "F.relu(F.relu(residual) + self.shortcut(x))")], "F ends in a ReLU"),
    ([(SUM, "F.leaky_relu(residual + self.shortcut(x))")], "Then the sum"),
    ([("F.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))")], "between"),
    ([("self.bn2.weight", "self.bn1.weight")], "zeroed the first BatchNorm"),
    ([("nn.init.zeros_(self.bn2.weight)", "pass")], "BatchZero is missing"),
    (
        [("nn.init.zeros_(self.bn2.weight)", "self.bn2 = self.bn1")],
        "Each convolution has its own",
    ),
    ([("out_channels, 3, padding=1", "out_channels, 3, stride, padding=1")], "quarter"),
    ([("3, stride, padding=1", "3, padding=1")], "No convolution has the stride"),
    ([("AvgPool2d(2, ceil_mode=True)", "AvgPool2d(2)")], "`ceil_mode=True`"),
    ([("AvgPool2d(2, ceil_mode=True)", "MaxPool2d(2, ceil_mode=True)")], "maximum"),
    ([("self.bn1 = nn.BatchNorm2d(out_channels)",
       "self.bn1 = nn.BatchNorm2d(out_channels).requires_grad_(False)")], "not a lock"),
    ([(SECOND, "self.bn2(residual)")], "One convolution only"),
    ([(SECOND, "self.conv2(residual)")], "BatchNorm, then ReLU"),
    (
        [(SECOND, "self.conv2(residual)"), (SUM, "F.relu(self.bn2(residual + x))")],
        "before the sum, not after it",
    ),
    ([("bias=False", "bias=True")], "The convolutions have biases"),
    ([("3, padding=1, bias=False", "3, padding=1")], "One convolution has a bias"),
    ([("if in_channels != out_channels:", "if True:")], "where the channels stay"),
    ([("if in_channels != out_channels:", "if False:")], "The channels change"),
    ([("if stride != 1:", "if False:")], "half the grid"),
    ([(SUM, "F.relu(residual + self.shortcut(x).detach())")], "cut it"),
    ([(SUM, "F.relu(residual.detach() + self.shortcut(x))")], "cut it"),
    ([(SUM, "F.relu(x.add_(residual)) if x.shape == residual.shape else " + SUM)],
     "Something writes into x"),
    ([(SUM, "F.relu((residual + self.shortcut(x)).detach())")], "cut it"),
    ([("if in_channels != out_channels:", "if in_channels < out_channels:")],
     "Fewer channels"),
    ([("nn.BatchNorm2d(out_channels),", "nn.BatchNorm2d(out_channels),\n"
       "            ][: 2 if stride == 2 else 1] + [")], "lacks its BatchNorm"),
    ([("stride=1", "stride")], "Keep `stride=1`"),
    ([("stride=1", "stride=2")], "Keep `stride=1`"),
    ([("self.bn1 = nn.BatchNorm2d(out_channels)",
       "self.bn1 = nn.BatchNorm2d(out_channels, affine=False)")], "leave `affine`"),
    ([("self.bn1(self.conv1(x))", "self.bn1(self.plain[0](x))"),
      ("self.conv2(residual)", "self.plain[1](residual)"),
      ("self.bn1 =", "self.plain = [self.conv1]\n        self.bn1 ="),
      ("self.bn2 =", "self.plain += [self.conv2]\n        del self.conv1, self.conv2\n"
       "        self.bn2 =")], "a plain list hides them"),
    ([("self.shortcut = nn.Sequential(*shortcut)",
       "self.plain = [nn.Sequential(*shortcut)]"),
      ("self.shortcut(x)", "self.plain[0](x)")], "plain list"),
    ([("if stride != 1:", "if False:"),
      ("out_channels, 1, bias", "out_channels, 1, stride, bias"),
      ("if in_channels !=", "if stride != 1 or in_channels !=")],
     "average over 2×2 halves the grid"),
    ([("self.shortcut = nn.Sequential(*shortcut)", "if shortcut[1:]:\n"
       "            nn.init.zeros_(shortcut[-1].weight)\n"
       "        self.shortcut = nn.Sequential(*shortcut)")], "γ of the shortcut"),
    ([("residual = F.relu", "nn.init.zeros_(self.bn2.weight)\n"
       "        residual = F.relu")], "locks it"),
]  # fmt: skip

test_block_mistake_is_named = explained("07.1", BLOCKS)


def test_shortcut_that_drops_pixels_is_named():
    edits = [
        ("nn.AvgPool2d(2, ceil_mode=True)", "nn.MaxPool2d(1, 2, ceil_mode=True)"),
    ]
    assert "every second pixel" in hint_of("07.1", edited("07.1", *edits))


POOLS = [
    ("F.avg_pool2d(F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2)), 2)", "not there"),
    ("F.adaptive_avg_pool2d(x, residual.shape[2:])", "overlap"),
    ("F.avg_pool2d(x, 3, 2, 1)", "averages over 3×3"),
]


@pytest.mark.parametrize(("pool", "words"), POOLS)
def test_another_average_at_the_edge_is_named(pool, words):
    edits = [
        ("shortcut += [nn.AvgPool2d(2, ceil_mode=True)]", "pass"),
        ("self.shortcut = nn", "self.stride, self.shortcut = stride, nn"),
        ("return F", f"x = {pool} if self.stride == 2 else x\n        return F"),
    ]
    assert words in hint_of("07.1", edited("07.1", *edits))


def test_projection_before_the_average_is_named():
    """The same affine map in evaluation; in training BatchNorm sees other places."""
    edits = [
        (
            "shortcut += [nn.AvgPool2d(2, ceil_mode=True)]",
            "last = [nn.AvgPool2d(2, ceil_mode=True)]",
        ),
        ("shortcut = []", "shortcut, last = [], []"),
        ("nn.Sequential(*shortcut)", "nn.Sequential(*shortcut, *last)"),
    ]
    assert "projects first" in hint_of("07.1", edited("07.1", *edits))


def test_block_whose_f_sends_no_gradient_to_x_is_named():
    answer = edited("07.1", ("self.conv1(x)", "self.conv1(x.detach())"))
    assert "through F" in hint_of("07.1", answer)


def test_block_with_functions_and_another_order_passes():
    edits = [
        ("shortcut += [nn.AvgPool2d(2, ceil_mode=True)]", "pass"),
        ("self.shortcut = nn", "self.stride, self.shortcut = stride, nn"),
        (
            "self.shortcut(x)",
            "self.shortcut(F.avg_pool2d(x, self.stride, ceil_mode=True))",
        ),
    ]
    passes("07.1", edited("07.1", *edits))


def test_block_of_lazy_convolutions_passes():
    edits = [
        ("nn.Conv2d(out_channels, out_channels", "nn.LazyConv2d(out_channels"),
        ("nn.Conv2d(in_channels, out_channels", "nn.LazyConv2d(out_channels"),
    ]
    passes("07.1", edited("07.1", *edits))


def test_library_block_passes():
    class ResBlock(nets.FastaiBlock):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__(in_channels, out_channels, stride)

    passes("07.1", ResBlock)


def test_error_inside_a_layer_is_shown_with_the_line():
    report = checks.check("07.1", edited("07.1", (SECOND, "self.bn2(self.conv1(x))")))
    assert not report.passed
    answer = edited("07.1", ("self.conv2(residual)", "self.conv2(x)"))
    message = checks.check("07.1", answer).messages[-1]
    assert "RuntimeError" in message.got and "line 2" in message.got


def test_half_written_forward_is_not_attempted():
    todo = "def todo():\n    raise NotImplementedError\n\n\nclass ResBlock"
    answer = edited("07.1", (SECOND, "todo()"), ("class ResBlock", todo))
    assert not checks.check("07.1", answer).attempted


def norms(module):
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def each_block(change):
    """An answer that changes every block of the net."""

    def batch_zero(net):
        with torch.no_grad():
            for block in net.modules():
                if hasattr(block, "residual"):
                    change(block)

    return batch_zero


def nothing_left(net):
    for norm in norms(net.stages):
        nn.init.zeros_(norm.weight)


def another_gamma(block):
    norm = norms(block.residual)[-1]
    norm.weight = nn.Parameter(torch.zeros_like(norm.weight))


ZEROS = [
    (lambda net: None, "Nothing changed"),
    (lambda net: nothing_left(copy.deepcopy(net)), "Nothing changed"),
    (nothing_left, "BatchNorm of a shortcut"),
    (each_block(lambda b: norms(b)[-1].weight.zero_()), "BatchNorm of a shortcut"),
    (each_block(lambda b: norms(b.residual)[-1].bias.zero_()), "`bias` changed"),
    (each_block(lambda b: norms(b.residual)[0].weight.zero_()), "not the last"),
    (each_block(lambda b: norms(b.residual)[1].weight.zero_()), "bottleneck has three"),
    (
        each_block(lambda b: [n.weight.zero_() for n in norms(b.residual)]),
        "Only the last BatchNorm",
    ),
    (lambda net: norms(net.stages[0][0].residual)[-1].weight.data.zero_(), "left out"),
    (each_block(lambda b: norms(b.residual)[-1].weight.fill_(1e-3)), "Exactly 0"),
    (
        each_block(
            lambda b: norms(b.residual)[-1].weight.zero_().requires_grad_(False)
        ),
        "not a lock",
    ),
    (lambda net: net.stem.zero_grad() or nn.init.zeros_(norms(net.stem)[0].weight),
     "outside of the blocks"),
    (each_block(lambda b: delattr(norms(b.residual)[-1], "weight")), "in place"),
    (lambda net: norms(net)[0].weight.__setitem__(slice(0, 4), 0), "autograd watches"),
    (lambda net: norms(net)[0].weight.zero_(), "autograd watches"),
    (lambda net: net.blocks, "Print `net`"),
    (lambda net: [m.residual for m in net.modules()], "Not every part of a net"),
    (each_block(lambda b: b.residual[-1].weight.zero_()), "what is inside of them"),
    (each_block(another_gamma), "in place"),
    (each_block(lambda b: setattr(norms(b.residual)[-1], "weight", 0)), "in place"),
    (
        each_block(
            lambda b: [
                norms(b.residual)[-1].weight.zero_(),
                norms(b.residual)[-1].reset_running_stats(),
            ]
        ),
        "running mean and variance",
    ),
    (
        each_block(lambda b: norms(b.residual.eval())[-1].weight.zero_()),
        "training mode",
    ),
    (
        lambda net: each_block(lambda b: norms(b.residual)[-1].weight.zero_())(
            net.eval()
        ),
        "training mode",
    ),
]  # fmt: skip

test_batch_zero_mistake_is_named = explained("07.2", ZEROS)


def test_gamma_filled_through_its_data_passes():
    def answer(net):
        each_block(lambda b: norms(b.residual)[-1].weight.data.fill_(0))(net)

    passes("07.2", answer)


INNER = {"residual.0.0.weight", "residual.0.1.weight", "residual.0.1.bias"}
BATCH_ZERO = INNER | {"residual.1.0.weight"}
FROZEN = BATCH_ZERO | {"residual.1.1.weight"}
PREDICTIONS = [
    (BATCH_ZERO, "in step 1 with BatchZero"),
    (FROZEN | {"residual.1.1.bias"}, "These are all of its parameters"),
    (INNER | {"residual.1.1.bias"}, "added behind all that is 0"),
    (FROZEN | {"shortcut.1.0.weight"}, "no parameter of that name"),
    (INNER, "gets only zeros"),
    (INNER | {"residual.1.1.weight"}, "gets only zeros"),
    (FROZEN - {"residual.0.1.bias"}, "two parameters of the BatchNorm"),
    (FROZEN - {"residual.0.0.weight"}, "one of the convolution"),
    (FROZEN - {"residual.0.1.weight"}, "What about the γ that is 0?"),
    ({"residual.0.0.weight"}, "What about the γ that is 0?"),
    (set(), "for which `not p.grad.any()` holds"),
    ({"residual.1.1.bias"}, "Take the others"),
    ({"residual.1.1.weight", "residual.1.1.bias"}, "added behind all that is 0"),
    ({"conv1.weight"}, "no parameter of that name"),
    ({1, 2}, "Return names"),
]


@pytest.mark.parametrize(("names", "words"), PREDICTIONS)
def test_wrong_prediction_is_answered(names, words):
    assert words in hint_of("07.3", lambda block: names)
    assert words in hint_of("07.3", names)


@pytest.mark.parametrize("names", [set(), INNER, BATCH_ZERO, {"conv1.weight"}])
def test_a_wrong_prediction_is_not_told_the_names(names):
    report = str(checks.check("07.3", names))
    assert not any(name in report for name in FROZEN - names)
    assert "expected: 5 in all" in report


def test_a_prediction_of_one_name_is_told_what_to_pass():
    message = checks.check("07.3", "residual.1.1.weight").messages[-1]
    assert message.expected == "a set of names" and "set of names" in message.hint


def test_shortcut_in_a_prediction_is_answered():
    def answer(block):
        return {name for name, _ in block.named_parameters() if "1.1.b" not in name}

    assert "goes around F" in hint_of("07.3", answer)


def test_gradients_that_were_never_taken_are_asked_about():
    def answer(block):
        return {name for name, p in block.named_parameters() if p.grad is None}

    assert "Did `backward()` run" in hint_of("07.3", answer)


def by_adam_with_decay(block):
    optimizer = torch.optim.AdamW(block.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        y = block(torch.randn(4, block.residual[0][0].in_channels, 7, 7))
        (y - torch.rand_like(y)).abs().mean().backward()
        optimizer.step()
    return [n for n, p in block.named_parameters() if p.grad.abs().max() == 0]


def by_autograd_at_the_first_step(block):
    names, parameters = zip(*block.named_parameters(), strict=True)
    y = block(torch.randn(4, block.residual[0][0].in_channels, 7, 7))
    found = torch.autograd.grad((y**3).sum(), parameters)
    return frozenset(n for n, g in zip(names, found, strict=True) if not g.any())


@pytest.mark.parametrize("answer", [by_adam_with_decay, by_autograd_at_the_first_step])
def test_another_experiment_finds_the_same(answer):
    passes("07.3", answer)


def test_gradients_that_were_cleared_are_asked_about():
    def answer(block):
        channels = block.residual[0][0].in_channels
        block(torch.randn(2, channels, 8, 8)).sum().backward()
        block.zero_grad()
        return {name for name, p in block.named_parameters() if not p.grad.any()}

    assert "look in between" in hint_of("07.3", answer)


def test_pictures_of_a_fixed_number_of_channels_are_told_what_a_block_wants():
    def answer(block):
        block(torch.randn(2, 3, 8, 8)).sum().backward()
        return {name for name, p in block.named_parameters() if not p.grad.any()}

    assert "its own number of channels" in hint_of("07.3", answer)


@pytest.mark.parametrize("answer", [FROZEN, list(FROZEN), lambda block: FROZEN])
def test_typed_prediction_passes(answer):
    passes("07.3", answer)

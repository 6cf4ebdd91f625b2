"""The checks of appendix E name the mistake that was made."""

import copy
import math
import random
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets
from resnet_lessons.checks.judges_E import Paths, path
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

# E.1 ---------------------------------------------------------------------------------

PASSED = "left ** (1 / blocks)"
BIAS = "math.log((1 - passed) / passed)"
GATES = [
    ([(BIAS, "math.log(passed / (1 - passed))")], "The sign is the other one"),
    ([(BIAS, f"-abs({BIAS})")], "The sign is the other one"),
    ([(PASSED, "left")], "one block alone"),
    ([(PASSED, "1 - left")], "With this bias T is `left`"),
    ([(PASSED, "left / blocks")], "1 - T is `left` divided by the number"),
    ([(PASSED, "1 - left / blocks")], "T is `left` divided by the number"),
    ([(PASSED, "1 - (1 - left) / blocks")], "as if each took equally much"),
    ([(PASSED, "1 - (1 - left) ** (1 / blocks)")], "T is the root of `1 - left`"),
    ([(PASSED, "(1 - left) ** (1 / blocks)")], "1 - T is the root of `1 - left`"),
    ([(PASSED, "left ** blocks")], "to the power of the blocks"),
    ([(PASSED, "left ** (1 / blocks / 2)")], "twice as many blocks"),
    ([(PASSED, "left ** (1 / max(blocks - 1, 1))")], "one block less"),
    ([(PASSED, "left ** (1 / (blocks + 1))")], "one block more"),
    ([(BIAS, "1 - passed")], "That is T itself"),
    ([(BIAS, "passed")], "That is 1 - T."),
    ([(BIAS, "1 / (1 + math.exp(passed - 1))")], "the sigmoid of T"),
    ([(BIAS, "math.log(1 - passed)")], "That is the logarithm of T"),
    ([(BIAS, "-math.log(1 - passed)")], "the logarithm of 1 / T"),
    ([(BIAS, "math.log(passed)")], "the logarithm of 1 - T"),
    ([(BIAS, "(1 - passed) / passed")], "That is T / (1 - T)"),
    ([("math.log", "math.log10")], "to base 10"),
    ([("math.log", "math.log2")], "to base 2"),
    ([(BIAS, "math.log(-math.log(left) / blocks)")], "T / (1 - T) is taken as"),
    ([(PASSED, "1 - min(-math.log(left) / blocks, 0.9)")], "T is taken as"),
    ([(PASSED, "left ** (1 // blocks)")], "`1 // blocks` is 0"),
    ([(BIAS, f"round({BIAS}, 3)")], "not to five digits"),
    ([(BIAS, f"max({BIAS}, -10)")], "With this bias T is 4.54e-05"),
    ([(BIAS, f"str({BIAS})")], "Return one number"),
    ([(BIAS, f"[{BIAS}]")], "Return one number"),
    ([(BIAS, f"{BIAS} * math.nan")], "Return one number"),
    ([("return", "passed =")], "is a `return` missing"),
    ([(PASSED, "torch.tensor(left) ** (1 / blocks)"), ("math.log", "torch.log")],
     "digits are lost"),
    ([(PASSED, "torch.tensor(left) ** (1 / blocks)"),
      (BIAS, "-torch.logit(passed)")], "digits are lost"),
]  # fmt: skip

test_a_wrong_bias_is_explained = explained("E.1", GATES)


def by_powers(blocks, left):
    return math.log(left ** (-1 / blocks) - 1)


def in_numpy(blocks, left):
    passed = np.power(left, 1 / blocks)
    return np.array([np.log1p(-passed) - np.log(passed)])


def in_double_precision(blocks, left):
    return -(torch.tensor(left, dtype=torch.float64) ** (1 / blocks)).logit()


def in_single_precision(blocks, left):
    """With care single precision is enough."""
    return torch.tensor(-math.log(left) / blocks).expm1().log()


def by_bisection(blocks, left):
    low, high = -40.0, 40.0
    while high - low > 1e-6:
        bias = (low + high) / 2
        enough = (1 - 1 / (1 + math.exp(-bias))) ** blocks > left
        low, high = (bias, high) if enough else (low, bias)
    return bias


OTHER_BIASES = [by_powers, in_numpy, in_double_precision, in_single_precision]
OTHER_BIASES += [by_bisection, partial(by_powers), lambda n, left: by_powers(n, left)]


@pytest.mark.parametrize("answer", OTHER_BIASES)
def test_another_way_to_the_bias_passes(answer):
    passes("E.1", answer)


@pytest.mark.parametrize(("blocks", "left"), [(27, 0.5), (1, 0.3), (4, 0.9)])
def test_the_reference_leaves_its_share_in_our_gated_blocks(blocks, left):
    block = nets.HighwayBlock(8, 8)
    nn.init.constant_(block.gate.bias, ANSWERS["E.1"](blocks, left))
    for part in block.residual.parameters():
        nn.init.zeros_(part)  # then only the direct path is left
    x = torch.rand(2, 8, 4, 4)
    y = x
    with torch.no_grad():
        for _ in range(blocks):
            y = block(y)
    assert torch.allclose(y, left * x, atol=1e-5)


# E.2 ---------------------------------------------------------------------------------

EVALUATED = "F.relu(self.survival * self.residual(x) + x)"
DRAW = "torch.rand(()) < self.survival"
KEPT = "return F.relu(self.residual(x) + x)"
SKIPPED = "return F.relu(x)"
KEEP = "self.survival = survival"
BODY = f"""\
        if not self.training:
            return {EVALUATED}
        if {DRAW}:  # one number for the whole batch
            {KEPT}
        {SKIPPED}
"""
FOR_EACH = "        b = self.survival\n        if self.training:\n            b = {}\n"
FOR_EACH += "        return F.relu(b * self.residual(x) + x)\n"
ONE_EACH = "(torch.rand(len(x), *[1] * (x.ndim - 1)) < b)"


def with_body(code):
    return edited("E.2", (BODY, code))


SKIPS = [
    # what it is made of
    ([("self.residual = residual", "self.parts = [residual]"),
      ("self.residual(", "self.parts[0](")], "not in a list"),
    ([("self.residual = residual", "import copy; self.residual = copy.deepcopy("
       "residual)")], "no copy"),
    ([(KEEP, f"{KEEP}; self.norm = nn.BatchNorm2d(3)")], "nothing else is to be"),
    ([(KEEP, "self.survival = nn.Parameter(torch.tensor(float(survival)))")],
     "`survival` is a number that stays"),
    ([("        super().__init__()\n", "")], "Begin `__init__`"),
    # evaluation
    ([(EVALUATED, "F.relu(self.residual(x) + x)")], "F counts whole."),
    ([(EVALUATED, EVALUATED.replace("self.survival", "(1 - self.survival)"))],
     "by `1 - survival`"),
    ([(EVALUATED, EVALUATED.replace("self.survival *", "1 / self.survival *"))],
     "F is divided by `survival`. In evaluation"),
    ([(EVALUATED, "F.relu(self.survival * (self.residual(x) + x))")], "x is multipl"),
    ([(EVALUATED, "F.relu(self.residual(x) + self.survival * x)")], "x that has"),
    ([(EVALUATED, EVALUATED.replace("+ x", "+ (1 - self.survival) * x"))], "a gate"),
    ([(EVALUATED, "F.relu(x)")], "every F takes part"),
    ([(EVALUATED, "F.relu(self.survival * self.residual(x))")], "x is missing:"),
    ([(EVALUATED, EVALUATED.replace("F.relu", ""))], "The ReLU after the sum is mis"),
    ([(EVALUATED, "self.residual(x) + x")], "missing, and the factor"),
    ([(EVALUATED, "self.survival * F.relu(self.residual(x) + x)")], "x is multipl"),
    ([(EVALUATED, "F.relu(self.survival * self.residual(x)) + x")], "stands before"),
    ([(EVALUATED, "self.survival * self.residual(x) + F.relu(x)")], "of x alone"),
    ([(EVALUATED, f"{EVALUATED} * torch.nan")], "every F takes part, times"),
    ([(EVALUATED, f"{EVALUATED}.detach()")], "`.detach()`, `.data` or `no_grad`"),
    ([(EVALUATED, "F.relu(x.add_(self.survival * self.residual(x)))")],
     "Something writes into x"),
    ([("not self.training", "self.training")], "In evaluation nothing is random"),
    ([("not self.training", "False")], "In evaluation nothing is random"),
    # one call in training
    ([("not self.training", "True")], "in training, too"),
    ([(KEPT, KEPT.replace("(self", "(self.survival * self"))], "in training, too"),
    ([(KEPT, "return F.relu(self.residual(x) / self.survival + x)")],
     "Here evaluation multiplies"),
    ([(SKIPPED, "return x")], "Where F is left out, the ReLU is missing"),
    ([(KEPT, "return self.residual(x) + x")], "Where F takes part, the ReLU"),
    ([(KEPT, "return self.survival * self.residual(x) + x")], "evaluation computes"),
    ([(KEPT, "return F.relu(self.residual(x))")], "x is missing where F takes part"),
    ([(SKIPPED, "return torch.zeros_like(x)")], "The shortcut stays"),
    ([(KEPT, "return F.relu(self.residual(x)) + x")], "The ReLU stands before"),
    ([(KEPT, "return self.residual(x) + F.relu(x)")], "that of x alone"),
    ([(SKIPPED, "return F.relu(x / self.survival)")], "where F is left out. It has"),
    ([(KEPT, "return F.relu((self.residual(x) + x) / self.survival)")], "The whole s"),
    ([(KEPT, "return F.relu(2 * self.residual(x) + x)")], "and nothing else"),
    ([(SKIPPED, "F.relu(x)")], "is a `return` missing"),
    ([(SKIPPED, "return F.relu(x).flatten(1)")], "keeps the shape"),
    ([(BODY, FOR_EACH.format(ONE_EACH))], "one number for the whole batch"),
    ([(BODY, FOR_EACH.format("(torch.rand_like(x) < b)"))], "for the whole batch"),
    ([(BODY, FOR_EACH.format("(torch.rand(()) < b)"))], "F was called for nothing"),
    ([(SKIPPED, f"self.residual(x)\n        {SKIPPED}")], "F was called for nothing"),
    ([(KEPT, f"self.residual(x)\n            {KEPT}")], "once, and keep its result"),
    # x
    ([(SKIPPED, "return F.relu_(x)")], "Something writes into x"),
    ([(KEPT, "y = self.residual(x)\n            y += x\n            return F.relu(y)")],
     "Something writes into x"),
    # the draws
    ([(DRAW, "torch.rand(()) > self.survival")], "kept with it"),
    ([(DRAW, "torch.rand(()) < 0.5")], "as with a fair coin"),
    ([(DRAW, "torch.randint(2, ())")], "as with a fair coin"),
    ([(DRAW, "torch.randn(()) < self.survival")], "normal distribution"),
    ([(DRAW, "torch.randn(()) > self.survival")], "normal distribution"),
    ([(DRAW, "torch.rand(()) < self.survival**2")], "a uniform random number"),
    ([(DRAW, "(torch.rand(len(x)) < self.survival).any()")], "a uniform random number"),
    ([(KEEP, f"{KEEP}; self.b = torch.rand(()) < survival"), (DRAW, "self.b")],
     "draws only once"),
    ([(DRAW, "self.survival")], "Every call does the same"),
    ([(DRAW, f"torch.manual_seed(0) and {DRAW}")], "set no seed"),
    ([(DRAW, DRAW.replace("(())", "((), generator=self.own)")),
      (KEEP, f"{KEEP}; self.own = torch.Generator()")], "a generator of your own do"),
    # the ends
    ([(KEEP, "self.survival = survival or 0.5")], "never for 0"),
    ([(KEEP, "self.survival = min(survival, 0.9)")], "always holds for 1"),
    ([(EVALUATED, "F.relu(self.residual(x) / (1 / self.survival) + x)")],
     "`survival` may be 0"),
    ([(EVALUATED, EVALUATED.replace("self.survival *", "(self.survival or 1) *"))],
     "holds for 1 and for 0"),
    ([(KEPT, "return F.relu(self.residual(x) + x.detach())")], "all that is added"),
    ([(KEPT, "return F.relu(self.residual(x).detach() + x)")], "all that is added"),
    ([(SKIPPED, "return F.relu(x.detach())")], "all that is added"),
]  # fmt: skip

test_a_wrong_block_that_skips_is_explained = explained("E.2", SKIPS)


@pytest.mark.parametrize("draw", [random.random, np.random.rand])
def test_draws_that_torch_does_not_know_are_refused(draw):
    answer = edited("E.2", ("torch.rand(())", "draw()"))
    answer.forward.__globals__["draw"] = draw
    assert "do not follow `torch.manual_seed`" in hint_of("E.2", answer)


OTHER_BODIES = {
    "a number of Bernoulli's": BODY.replace(
        DRAW, "torch.bernoulli(torch.tensor(float(self.survival)))"
    ),
    "left out first": """\
        if self.training and torch.rand(1).item() >= self.survival:
            return x.relu()
        p = 1 if self.training else self.survival
        return torch.relu(x.add(self.residual(x), alpha=p))
""",
    "b, and no call for 0": """\
        b = self.survival
        if self.training:
            b = float(torch.empty(1).uniform_() < b)
        return (b * self.residual(x) + x if b else x).clamp(min=0)
""",
    "in place, on a copy": """\
        y = x.clone()
        if not self.training:
            y += self.survival * self.residual(x)
        elif torch.rand(()) > 1 - self.survival:
            y += self.residual(x)
        return y.relu_()
""",
    "always drawn": """\
        keep = torch.rand((), device=x.device) < self.survival
        if keep or not self.training:
            f = self.residual(x)
            return F.relu(x + (f if self.training else f * self.survival))
        return F.relu(x)
""",
}


@pytest.mark.parametrize("body", OTHER_BODIES.values(), ids=OTHER_BODIES)
def test_another_body_of_the_block_passes(body):
    passes("E.2", with_body(body))


class Parts(nn.Module):
    """Other names, a buffer for the probability, a module for the ReLU."""

    def __init__(self, inner, p):
        super().__init__()
        self.parts = nn.ModuleDict({"f": inner, "end": nn.ReLU()})
        self.register_buffer("p", torch.tensor(float(p)))

    def forward(self, x):
        f, end = self.parts.values()
        if self.training:
            return end(f(x) + x) if torch.rand(1) < self.p else end(x)
        return end(self.p * f(x) + x)


def test_other_parts_of_the_block_pass():
    passes("E.2", Parts)


def test_in_evaluation_the_reference_does_what_the_library_does():
    library = nets.StochasticBlock(4, 4)
    library.survival = 0.7
    ours = ANSWERS["E.2"](copy.deepcopy(library.residual), 0.7)
    x = torch.randn(2, 4, 5, 5)
    assert torch.allclose(ours.eval()(x), library.eval()(x), atol=1e-6)


# E.3 ---------------------------------------------------------------------------------

OWN_WEIGHTS = "torch.cat([own.weight for own in convs])"
OWN_BIASES = "torch.cat([own.bias for own in convs])"
UP = "torch.cat([own.weight for own in up], 1)"
SUM = "sum(own.bias for own in up)"
PAIRS = "((net[0], down), (net[2], middle))"
LINES = "    for conv, convs in"
END = "    return net\n"
RELUS, NO_RELU = "        nn.ReLU(),\n", "        nn.Identity(),\n"
MIXED = [
    (OWN_WEIGHTS, "torch.stack([own.weight for own in convs], 1).flatten(0, 1)"),
    (OWN_BIASES, "torch.stack([own.bias for own in convs], 1).flatten()"),
]
UP_MIXED = (UP, "torch.stack([own.weight for own in up], 2).flatten(1, 2)")
MERGES = [
    # its layers
    ([(END, "    return nn.Sequential(*paths)\n")], "still run one by one"),
    ([(END, "    return paths[0]\n")], "as narrow as one path"),
    ([(END, "    return nn.Sequential(net, nn.Conv2d(channels, channels, 1))\n")],
     "no other convolution"),
    ([("nn.Conv2d(inner, channels, 1),", "nn.Conv2d(inner, len(up) * channels, 1),"),
      (UP, "torch.cat([own.weight for own in up]).repeat(1, len(up), 1, 1)"),
      (SUM, "torch.cat([own.bias for own in up])")], "not C for each path"),
    ([(", groups=len(paths)", ""), (OWN_WEIGHTS, "conv.weight")], "has one group"),
    ([("groups=len(paths)", "groups=inner"), (OWN_WEIGHTS, "conv.weight")],
     "Each channel is a group"),
    ([(", groups=len(paths)", "")], "`groups=len(paths)` in the 3×3"),
    ([("len(paths) * down[0].out_channels", "down[0].out_channels")],
     "`len(paths) * w` channels, in and out"),
    ([(UP, UP.replace(", 1)", ")"))], "gets more inputs only"),
    ([(SUM, "torch.cat([own.bias for own in up])")], "length C"),
    ([("nn.Conv2d(inner, channels, 1)", "nn.Conv2d(inner, channels, 1, bias=False)")],
     "each of the new ones needs one"),
    ([("1),\n", "1, bias=False),\n"), ("len(paths)),\n", "len(paths), bias=False),\n"),
      (f"        conv.bias.copy_({OWN_BIASES})\n", ""),
      (f"    net[4].bias.copy_({SUM})\n", "")], "No convolution has a bias"),
    ([("padding=1, ", "")], "has `padding=1`, the others have none"),
    ([(END, "    return nn.Sequential(*net, nn.BatchNorm2d(channels))\n")],
     "and nothing else"),
    ([(END, "    pass\n")], "is a `return` missing"),
    ([("@torch.no_grad()\n", "")], "under `torch.no_grad()` only"),
    # its numbers
    ([(SUM, f"{SUM} / len(up)")], "The last bias is the mean"),
    ([(SUM, "up[0].bias")], "of the first path alone"),
    ([(SUM, "up[-1].bias")], "of the last path alone"),
    ([(SUM, "torch.zeros(channels)")], "The last bias is 0"),
    ([(f"    net[4].bias.copy_({SUM})\n", "")], "order: the last bias."),
    ([(OWN_BIASES, "conv.bias * 0")], "The biases of the first two"),
    ([(END, "    net[0].bias.zero_()\n" + END)], "bias of the first convolution is 0"),
    ([(END, "    net[2].bias.zero_()\n" + END)], "bias of the second convolution is 0"),
    ([(END, "    [net[i].bias.zero_() for i in (0, 2, 4)]\n" + END)], "All biases"),
    ([(f"        conv.bias.copy_({OWN_BIASES})\n", "")],
     "order: the first bias, the second bias."),
    ([(UP, "torch.cat([own.weight for own in up]).view_as(net[4].weight)")],
     "which mixes them up"),
    ([UP_MIXED], "first all of the first path, then all of the second"),
    ([(UP, f"{UP} / len(up)")], "divided by the number of paths"),
    ([(END, "    net[4].weight /= len(up)\n    net[4].bias /= len(up)\n" + END)],
     "the mean of the paths"),
    ([(LINES, "    net[0].weight.copy_(torch.stack([d.weight for d in down], 1)"
       ".flatten(0, 1))\n    net[0].bias.copy_(torch.stack([d.bias for d in down], 1)"
       f".flatten())\n{LINES}"), (PAIRS, "((net[2], middle),)")],
     "than the groups read them"),
    ([*MIXED, UP_MIXED], "A group takes channels that lie side by side"),
    ([("zip(*paths", "zip(*[paths[0]] * len(paths)")], "what the first path does"),
    ([("zip(*paths", "zip(*[paths[-1]] * len(paths)")], "what the last path does"),
    ([("(net[0], down)", "(net[0], down[::-1])")], "In the first convolution the"),
    ([("(net[2], middle)", "(net[2], middle[::-1])")], "In the second convolution"),
    ([(UP, UP.replace("in up", "in up[::-1]"))], "In the last convolution the paths"),
    ([(PAIRS, "()"), (f"    net[4].weight.copy_({UP})", "    up")],
     "the first weight, the first bias, the second weight"),
    ([(RELUS, NO_RELU)], "Both ReLUs are missing"),
    ([(f"1),\n{RELUS}", f"1),\n{NO_RELU}")], "The first ReLU"),
    ([(f"len(paths)),\n{RELUS}", f"len(paths)),\n{NO_RELU}")], "The second ReLU"),
    ([(RELUS, "        nn.LeakyReLU(),\n")], "All weights and biases are right"),
    ([("nn.Conv2d(channels, inner, 1)", "nn.Conv2d(channels, inner, 1, padding=1)"),
      ("padding=1, groups", "groups")], "not the bias"),
    ([(END, "    return nn.Sequential(*net, nn.ReLU())\n")], "A ReLU follows"),
    # what stays
    ([(END, "    return net.requires_grad_(False)\n")], "leave `requires_grad` on"),
    ([(END, "    paths.reverse()\n" + END)], "Only read it"),
    ([(END, "    up[0].bias += 1\n" + END)], "Only read the paths"),
    ([(END, "    [path.eval() for path in paths]\n" + END)], "Only read the paths"),
    ([(END, "    return net if len(paths) > 1 else paths[0]\n")], "`clone()` it"),
    ([(END, "    net[4].bias = net[4].bias if up[1:] else up[0].bias\n" + END)],
     "`clone()` it"),
]  # fmt: skip

test_wrongly_merged_paths_are_explained = explained("E.3", MERGES)


class Added(nn.Module):
    """A net, and something done to what it gives."""

    def __init__(self, net, after):
        super().__init__()
        self.net, self.after = net, after

    def forward(self, x):
        return self.after(self.net(x), x)


AROUND = [
    (lambda y, x: y + x, "x is added. The shortcut"),
    (lambda y, x: F.relu(y + x), "x is added, and a ReLU follows"),
    (lambda y, x: y.detach(), "`.detach()`"),
]


@pytest.mark.parametrize(("after", "words"), AROUND)
def test_what_is_done_around_the_merged_net_is_explained(after, words):
    solve = ANSWERS["E.3"]
    assert words in hint_of("E.3", lambda paths: Added(solve(paths), after))


def test_paths_that_are_only_added_are_refused_whoever_owns_them():
    for answer in (Paths, lambda paths: Paths(copy.deepcopy(paths))):
        assert "still run one by one" in hint_of("E.3", answer)


def empty(paths):
    channels, width, groups = (
        paths[0][0].in_channels,
        paths[0][0].out_channels,
        len(paths),
    )
    inner = groups * width
    return nn.Sequential(
        nn.Conv2d(channels, inner, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(inner, inner, 3, padding=1, groups=groups),
        nn.ReLU(inplace=True),
        nn.Conv2d(inner, channels, 1),
    )


NAMES = "weight", "bias"


def with_parameters(paths):
    net = empty(paths)
    for place in (0, 2, 4):
        weights, biases = ([getattr(p[place], n) for p in paths] for n in NAMES)
        net[place].weight = nn.Parameter(torch.cat(weights, place // 4))
        join = torch.cat if place < 4 else sum
        net[place].bias = nn.Parameter(join(biases))
    return net


def with_a_state(paths):
    net, states = empty(paths), [path.state_dict() for path in paths]
    for name, tensor in (state := net.state_dict()).items():
        parts = [own[name] for own in states]
        if name == "4.bias":
            tensor.copy_(sum(parts))
        else:
            tensor.copy_(torch.cat(parts, 1 if name == "4.weight" else 0))
    net.load_state_dict(state)
    return net


@torch.no_grad()
def slice_by_slice(paths):
    net = empty(paths)
    net[4].bias.zero_()
    width = paths[0][0].out_channels
    for number, own in enumerate(paths):
        place = slice(number * width, (number + 1) * width)
        for layer in (0, 2):
            net[layer].weight[place] = own[layer].weight
            net[layer].bias[place] = own[layer].bias
        net[4].weight[:, place] = own[4].weight
        net[4].bias += own[4].bias
    return net


@torch.no_grad()
def in_arrays(paths):
    net = empty(paths)
    for place in (0, 2, 4):
        weights = [own[place].weight.numpy() for own in paths]
        biases = np.stack([own[place].bias.numpy() for own in paths])
        weight = np.concatenate(weights, axis=1 if place == 4 else 0)
        net[place].weight.data = torch.tensor(weight)
        bias = biases.sum(0) if place == 4 else biases.ravel()
        net[place].bias.data = torch.tensor(bias)
    return net


class Three(nn.Module):
    """The three convolutions in a module of their own."""

    def __init__(self, paths):
        super().__init__()
        self.down, _, self.middle, _, self.up = with_parameters(paths)

    def forward(self, x):
        return self.up(F.relu(self.middle(self.down(x).relu())))


MERGED = [with_parameters, with_a_state, slice_by_slice, in_arrays, Three]
MERGED += [
    lambda paths: with_parameters(paths[::-1]),  # a sum has no order
    lambda paths: nn.Sequential(*map(nn.Sequential, with_parameters(paths))),
    lambda paths: copy.deepcopy(paths[0]) if not paths[1:] else with_parameters(paths),
]


@pytest.mark.parametrize("answer", MERGED)
def test_another_way_to_merge_passes(answer):
    passes("E.3", answer)


def test_the_reference_fills_the_branch_of_the_library():
    torch.manual_seed(0)
    library = nets.ResNeXtBlock(32, 8, groups=4, norm=None)
    width = library.residual[0][0].out_channels // 4
    paths = [path(32, width) for _ in range(4)]
    net = ANSWERS["E.3"](paths)
    (down, _), (middle, _), (up,) = library.residual
    for ours, theirs in zip(net[::2], (down, middle, up), strict=True):
        theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 32, 6, 6)
    assert torch.allclose(library.residual(x), sum(p(x) for p in paths), atol=1e-5)

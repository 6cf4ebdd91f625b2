"""Chapter 14, find the bugs: each defect of a block is looked for on its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from .broken_14 import load
from .describe import one_line, shape_in_words, text_of
from .expect import Unmet
from .layers import (
    Call,
    calls_of,
    convs_among,
    in_order,
    randomise,
    same_function,
    take_weights,
)
from .mistakes_14 import HINTS
from .report import Message


@dataclass(frozen=True)
class Look:
    """What is looked for; `see()` returns (held, what came out, what was expected)."""

    id: str  # a key of HINTS
    what: str
    see: Callable[[], tuple[bool, str, str]]


def look_for_each(expect, looks: list[Look]) -> None:
    """Judge all of them, whatever the others say; the check ends if one fails."""
    for look in looks:
        try:
            held, got, wanted = look.see()
        except NotImplementedError:
            raise  # a placeholder of the learner's
        except Exception as error:
            held, got, wanted = False, _error(error), "no error"
        message = Message(look.what, bool(held), got, wanted, HINTS[look.id])
        expect.messages.append(message)
    if not all(message.passed for message in expect.messages):
        raise Unmet


def _error(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(text_of(error))}"


def _grid(tensor) -> str:
    return "{}×{}".format(*tensor.shape[2:])


# 14.1 ------------------------------------------------------------------------------


def check_res_block(answer, expect):
    block = expect.module("ResBlock(8) is a module", answer(8))
    convs = convs_among(calls_of(block, torch.rand(2, 8, 1, 1)), 3)
    expect.true(
        "it has two convolutions",
        len({id(conv.layer) for conv in convs}) == len(convs) == 2,
        got="another number of them",
        expected="two of 3×3 that run",
        hint="Repair what is there: both convolutions belong to F.",
    )
    look_for_each(
        expect,
        [
            Look("grid", "3×3 on 8×8 places: each grid in F", lambda: _grids(answer)),
            Look("kernel", "other kernels: what a stride of 1 would do to the grid",
                 lambda: _kernels(answer)),
            Look("sum", "x + F, activated", lambda: _sums(answer)),
        ],
    )  # fmt: skip
    expect.trying("with the weights of the repaired block")
    for size in (3, 5):
        ours = load("block").ResBlock(8, size)
        same_output(expect, answer(8, size), ours, torch.randn(2, 8, 7, 5))


def _grids(answer):
    convs = convs_among(calls_of(answer(8), torch.rand(2, 8, 8, 8)), 3)
    grids = [_grid(conv.y) for conv in convs]
    return set(grids) == {"8×8"}, ", then ".join(grids), "8×8, then 8×8"


def _kernels(answer):
    """Judges the padding alone: whatever the stride, H becomes ceil(H / stride)."""
    wrong = []
    for size in (1, 5):
        for conv in convs_among(
            calls_of(answer(8, size), torch.rand(2, 8, 9, 9)), size
        ):
            kept = -(-conv.x.shape[2] // conv.layer.stride[0])
            if conv.y.shape[2] != kept:
                text = f"{size}×{size}: {conv.x.shape[2]} becomes {conv.y.shape[2]}"
                wrong.append(f"{text}, not {kept}")
    return not wrong, "; ".join(wrong[:2]) or "kept", "each kernel keeps its grid"


@torch.no_grad()
def _sums(answer):
    """On a single place, where neither stride nor padding of 3×3 matter."""
    block = answer(8).eval()
    norms = [c.layer for c in calls_of(block, torch.rand(2, 8, 1, 1)) if _is_norm(c)]
    nn.init.zeros_(norms[-1].weight)
    found = []
    for x, f in [(1.0, -3.0), (-2.0, 0.0), (2.0, 1.0)]:
        nn.init.constant_(norms[-1].bias, f)
        found.append(block(torch.full((1, 8, 1, 1), x)).mean().item())
    got = "1 − 3 gives {:.2f}, −2 + 0 gives {:.2f}, 2 + 1 gives {:.2f}".format(*found)
    held = all(-0.5 < y <= 0 for y in found[:2]) and abs(found[2] - 3) < 0.01
    return held, got, "−0.02, −0.02 and 3.00"


def _is_norm(call: Call) -> bool:
    return isinstance(call.layer, nn.BatchNorm2d)


# 14.2 ------------------------------------------------------------------------------


def check_block(answer, expect):
    block = expect.module("Block(8, 8) is a module", answer(8, 8))
    expect.shape("what comes out of 7×5 places", block(torch.rand(2, 8, 7, 5)),
                 (2, 8, 7, 5))  # fmt: skip
    look_for_each(
        expect,
        [
            Look("zero", "with every convolution at zero, x without negative values",
                 lambda: _at_zero(answer)),
            Look("reuse", "how often each BatchNorm of Block(8, 8) runs",
                 lambda: _uses(answer)),
            Look("company", "eval mode: a picture alone, and among others",
                 lambda: _company(answer)),
            Look("widen", "Block(8, 16), Block(16, 8), Block(8, 8, 2) on 7×5 places",
                 lambda: _widens(answer)),
        ],
    )  # fmt: skip
    expect.trying("with the weights of the repaired block")
    for case in [(8, 8, 1), (8, 16, 2), (8, 16, 1), (8, 8, 2)]:
        same_output(
            expect, answer(*case), load("cifar").Block(*case), torch.randn(2, 8, 7, 5)
        )


@torch.no_grad()
def _at_zero(answer):
    block = answer(8, 8)
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.zero_()
    x = torch.rand(16, 8, 6, 6)
    change = ((block(x) - x).abs().mean() / x.mean()).item()
    return change < 1e-3, f"x is changed by {change:.0%}", "x as it was"


def _uses(answer):
    calls = calls_of(answer(8, 8), torch.rand(2, 8, 6, 6))
    uses = sorted(Counter(id(c.layer) for c in calls if _is_norm(c)).values())
    got = " and ".join(f"{n} times" for n in uses) or "none runs"
    return uses == [1, 1], got, "1 and 1 times"


@torch.no_grad()
def _company(answer):
    gap = 0.0
    for case in [(8, 8), (8, 16, 2)]:  # the second one has a projection
        block, x = answer(*case), torch.rand(16, 8, 6, 6)
        try:
            block(x.clone())
        except RuntimeError:  # shapes: "widen" tells it
            continue
        block.eval()
        gap = max(gap, (block(x.clone())[:1] - block(x[:1])).abs().max().item())
    return gap < 1e-4, f"values differ by up to {gap:.2f}", "the same values"


def _widens(answer):
    want, shapes = [(2, 16, 7, 5), (2, 8, 7, 5), (2, 8, 4, 3)], []
    for case in [(8, 16), (16, 8), (8, 8, 2)]:
        shapes.append(tuple(answer(*case)(torch.rand(2, case[0], 7, 5)).shape))
    got, wanted = (", ".join(map(shape_in_words, found)) for found in (shapes, want))
    return shapes == want, got, wanted


# Both hold the same weights ----------------------------------------------------------


def same_output(expect, theirs, ours, x) -> None:
    """Their block or net against ours, weight by weight, then output against output."""
    randomise(ours)
    mine, layers = _in_order(ours.eval(), x), _in_order(theirs.eval(), x)
    take_weights(layers, mine, expect, HINTS["layers"])
    hint, back = HINTS["output"], HINTS["gradient"]
    same_function(ours, theirs, x, expect, hint, back=back)


def _in_order(net, x) -> list[nn.Module]:
    """Kernels, the largest first, each with its norm; then the linear layer."""
    linear = [c.layer for c in calls_of(net, x) if isinstance(c.layer, nn.Linear)]
    return in_order(net, x, (5, 3, 1)) + linear

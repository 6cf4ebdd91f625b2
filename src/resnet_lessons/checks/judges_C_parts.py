"""Appendix C: how a batch that goes through the net in parts is judged."""

import copy
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from .advice import MISFIT
from .expect import made
from .judges_C import numbers, only_read, row
from .kept import stays
from .layers import Notes
from .mistakes_C_parts import (
    FIRST_LABELS,
    GRADIENTS,
    LOSSES,
    PASSES,
    SOFTMAX,
    STALE,
)


class Held:
    """What a graph keeps of a pass; it ends with the graph's memory."""

    def __init__(self, tensor: Tensor):
        self.tensor = tensor


@dataclass
class Passes(Notes):
    """What went through the net, part by part, and what the graphs still hold."""

    held: WeakSet = field(default_factory=WeakSet)
    overlap: bool = False  # whether a part met the graph of an earlier one

    def pack(self, tensor: Tensor) -> Held:
        held = Held(tensor.detach())  # else an output would keep its own graph
        self.held.add(held)
        return held


class Watched(nn.Module):
    """A small net that notes each pass."""

    def __init__(self, notes: Passes):
        super().__init__()
        layers = [nn.Conv2d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3)]
        self.layers = nn.Sequential(*layers)
        self.notes = notes

    def forward(self, x):  # (B, 2, 3, 3) -> (B, 3)
        self.notes.seen.append(x.detach().clone())  # the same memory may come again
        self.notes.overlap |= bool(self.notes.held)
        with ExitStack() as stack:
            with suppress(RuntimeError):  # torch.func takes no hooks, and holds nothing
                hooks = saved_tensors_hooks(self.notes.pack, lambda held: held.tensor)
                stack.enter_context(hooks)
            return self.layers(x)


ERRORS = [
    (
        r"attribute 'item'|\+=?: '(int|float|Tensor)' and 'NoneType'",
        "`backward()` returns nothing. Keep the loss in a name, call `backward()` on "
        "it, and then take its number.",
    ),
    (
        "^IndexError: tuple index",
        "`chunk(parts)` may give fewer parts than that: go through those it gives.",
    ),
    (
        "is invalid for input of size",
        "B need not be divisible by `parts`. `x.chunk(parts)` makes parts that differ "
        "in size.",
    ),
    (
        "'NoneType'",
        "Before the first `backward()` each `.grad` is `None`. `net.zero_grad()` "
        "clears what there is.",
    ),
    (
        "second time",
        "A graph serves one `backward()`. Call it on the loss of this part alone, not "
        "on a sum with the losses of earlier parts.",
    ),
    (
        "'float' object has no attribute 'backward'",
        "`.item()` makes a plain number. Call `backward()` on the tensor first.",
    ),
    (
        "only for scalar outputs",
        "`backward()` starts from one number: the sum of the losses of the part.",
    ),
    (
        MISFIT,
        "A part has pictures, (b, C, H, W), and as many labels, (b,). Cut `x` and `y` "
        "alike.",
    ),
]
EMPTY = (
    "One of the parts was empty, and the mean of nothing is not a number. Leave such a "
    "part out."
)
ONLY_GRAD = (
    "Only `.grad` changes: no step is taken, and no switch of the net is turned."
)


def check_accumulate(answer, expect):
    for count, parts, old in [
        (10, 4, False),
        (8, 2, True),
        (7, 1, False),
        (5, 5, True),
        (9, 4, False),  # three parts of 3, or four
    ]:
        grad = "`.grad` filled before" if old else "no `.grad` yet"
        expect.trying(f"{count} pictures, parts = {parts}, {grad}", errors=ERRORS)
        notes = Passes()
        net = Watched(notes)
        before = copy.deepcopy(net)
        stale = None
        if old:
            for parameter in net.parameters():
                parameter.grad = torch.randn_like(parameter)
            stale = row(parameter.grad for parameter in net.parameters())
        x, y = _batch(count)
        given = [x.clone(), y.clone()]
        got = answer(net, *given, parts)
        only_read(given, numbers([x, y]), expect)
        places = _passes(notes, x, parts, expect)
        stays("the net", net, before, expect, ONLY_GRAD)
        _outcome(got, net, before.layers, (x, y), places, parts, stale, expect)


def _batch(count) -> tuple[Tensor, Tensor]:
    """Pictures in the order of their labels, so that the parts differ; no two alike."""
    size = torch.linspace(0.5, 2, count)[:, None, None, None]
    return size * torch.randn(count, 2, 3, 3), torch.arange(count) * 3 // count


def _passes(notes, x, parts, expect) -> list[Tensor]:
    """Expect small parts, one at a time; return which pictures each one held."""
    seen, count, most = notes.seen, len(x), -(-len(x) // parts)
    expect.true(
        "the net has run",
        bool(seen),
        got="no call of the net",
        expected="a call for each part",
        hint="Call `net(part)` for each part of `x`.",
    )
    sizes = tuple(map(len, seen))
    by_size = tuple(map(len, x.split(parts)))
    kind = "split" if sizes == by_size else "whole" if max(sizes) == count else "large"
    expect.true(
        "pictures in one pass",
        max(sizes) <= most,
        got=f"{max(sizes)}",
        expected=f"at most {most}",
        hint=PASSES[kind],
    )
    places = [_places(part, x) for part in seen]
    times, passed = torch.cat(places).bincount(minlength=count), sum(sizes)
    known = passed == int(times.sum())
    kind = "often" if passed > count else "left out" if known else "changed"
    expect.true(
        "each picture goes through the net once",
        known and bool((times == 1).all()),
        got=f"{passed} pictures went through, {int((times > 0).sum())} of `x`",
        expected=f"the {count} of `x`",
        hint=PASSES[kind],
    )
    expect.true(
        "number of parts",
        len(seen) <= parts,
        got=f"{len(seen)}",
        expected=f"at most {parts}",
        hint=PASSES["many"],
    )
    expect.true(
        "graphs in memory at a time",
        not notes.overlap,
        got="that of one part when the next one went through",
        expected="none of an earlier part",
        hint=PASSES["overlap"],
    )
    return places


def _places(part: Tensor, x: Tensor) -> Tensor:
    """Which pictures of x these are; of one that is none of them, nothing."""
    return (part[:, None] == x).flatten(2).all(2).nonzero()[:, 1]


def _outcome(got, net, layers, batch, places, parts, stale, expect):
    """Expect the gradient and the loss of all; layers: what the net was before."""
    x, y = batch
    loss, gradient = _mean(layers, x, y)
    means = [_mean(layers, x[at], y[at]) for at in places]
    losses, rows = (torch.stack(some) for some in zip(*means, strict=True))
    sizes = torch.tensor([len(at) for at in places]).float()
    kept = [parameter.grad for parameter in net.parameters()]
    expect.true(
        "every parameter has a gradient",
        all(one is not None for one in kept),
        got="`None`",
        expected="a gradient in `.grad`",
        hint="Is `backward()` missing? Does `zero_grad()` stand behind it? Or is it a "
        "copy of the net that has the gradients?",
    )
    known = made(GRADIENTS, rows, sizes, parts)
    known += [(_mean(layers, x, _of_first(y, places))[1], FIRST_LABELS)]
    known += [(_mean(nn.Sequential(*layers, nn.Softmax(1)), x, y)[1], SOFTMAX)]
    if stale is not None:
        known += [(gradient + stale, STALE)]
    expect.close(
        "the gradient, all parameters as one list of numbers",
        row(kept),
        gradient,
        hint="It is not that of the mean cross-entropy of the whole batch. Each part "
        "weighs as much as it has pictures, and needs its own labels.",
        mistakes=known,
    )
    expect.number(
        "the mean cross-entropy that is returned",
        got,
        loss.item(),
        hint=EMPTY if 0 in sizes else "That of all pictures, as a number.",
        mistakes=made(LOSSES, losses, sizes, parts),
    )


def _of_first(y: Tensor, places) -> Tensor:
    """The labels, if each part took those of the first."""
    labels = y.clone()
    for at in places:
        labels[at] = y[: len(at)]
    return labels


def _mean(net, x, y) -> tuple[Tensor, Tensor]:
    """The mean cross-entropy, and its gradient as one list of numbers."""
    loss = nn.functional.cross_entropy(net(x), y)
    gradient = torch.autograd.grad(loss, [*net.parameters()])
    return loss.detach(), row(gradient)

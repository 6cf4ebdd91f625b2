"""Chapter 11, a whole pipeline: how the answers are judged."""

import torch
from torch import nn

from .advice import MISFIT
from .describe import parts_in_words
from .expect import made
from .layers import Notes, randomise
from .mistakes_11 import ACCURACIES, CLASSES, SIZES

# 11.1 ------------------------------------------------------------------------------


def check_hold_back(answer, expect):
    for kinds, sizes, share in [
        ((0, 1, 2, 3), (50, 30, 20, 3), 0.1),
        ((3, 15), (7, 13), 0.3),  # two of twenty
    ]:
        pairs = zip(kinds, sizes, strict=True)
        labels = torch.cat([torch.full((size,), kind) for kind, size in pairs])
        labels = labels[torch.randperm(len(labels))]
        held = [round(share * size) for size in sizes]
        names, counts = (", ".join(map(str, some)) for some in (kinds, sizes))
        expect.trying(f"labels {names} of {counts} pictures, share {share}, seed 0")
        train, valid = _pair(expect, answer(labels.clone(), share, 0))
        _each_once(expect, train, valid, len(labels), sum(held))
        expect.equal(
            "held back of each class",
            tuple((labels[valid] == kind).sum().item() for kind in kinds),
            tuple(held),
            hint="The number is right, but it is not `share` of each class, rounded: "
            "split the classes one by one.",
            mistakes=made(CLASSES, sizes, share),
        )
    _seeded(expect, answer, labels, share)


def _pair(expect, got):
    """The two answers as tensors; anything that holds whole numbers will do."""
    tensors = [_positions(part) for part in got] if _is_pair(got) else [None]
    expect.true(
        "two sets of positions",
        None not in tensors,
        got=parts_in_words(got),
        expected="two tensors of whole numbers, each with one axis",
        hint=_pair_hint(got),
    )
    return tensors


def _pair_hint(got) -> str:
    for part in got if _is_pair(got) else ():
        if isinstance(part, torch.Tensor) and part.is_floating_point():
            return f"These numbers are {part.dtype}: `.long()` makes whole ones."
        if isinstance(part, (tuple, list)) and torch.is_tensor(next(iter(part), None)):
            return "Join the tensors of the classes to one for each set: `torch.cat`."
    return (
        "Return two tensors: positions for training, positions for validation. "
        "`.nonzero().flatten()` makes positions out of `True` and `False`."
    )


def _is_pair(got) -> bool:
    return isinstance(got, (tuple, list)) and len(got) == 2


def _positions(part):
    try:
        tensor = torch.as_tensor(part)
    except (TypeError, ValueError, RuntimeError):
        return None
    whole = not tensor.is_floating_point() and tensor.dtype != torch.bool
    return tensor.long() if whole and tensor.ndim == 1 else None


COUNTED = (
    "`share` of each class, rounded, goes to validation, the rest to training. Of a "
    "small class that may be none."
)
LOST = (
    "Together they should be all pictures, each once. Take every class of "
    "`labels.unique()`, shuffle its positions, and cut them in two."
)


def _each_once(expect, train, valid, count, held):
    expect.equal(
        "how many for training and for validation",
        (len(train), len(valid)),
        (count - held, held),
        hint=COUNTED if len(train) + len(valid) == count else LOST,
        mistakes=made(SIZES, count, held),
    )
    inside = torch.cat([train, valid])
    expect.true(
        "positions in the data",
        bool(((inside >= 0) & (inside < count)).all()),
        got=f"numbers from {inside.min()} to {inside.max()}",
        expected=f"numbers from 0 to {count - 1}",
        hint="A position says which picture: 0 is the first.",
    )
    both = len(set(train.tolist()) & set(valid.tolist()))
    expect.true(
        "no picture in both sets",
        both == 0,
        got=f"{both} in both",
        expected="0 in both",
        hint="The net would be validated on pictures that it was trained on. Shuffle "
        "the positions of a class once, and cut them in two. (Or did you return "
        "labels? Positions are asked for.)",
    )
    expect.equal(
        "different pictures in all",
        len(set(inside.tolist())),
        count,
        hint="Some pictures are drawn twice and others not at all. Shuffle with "
        "`torch.randperm`: it gives each position once.",
    )


def _seeded(expect, answer, labels, share):
    def held(seed):
        torch.rand(3)  # someone else draws, too
        return sorted(_positions(answer(labels.clone(), share, seed)[1]).tolist())

    first = held(0)
    expect.true(
        "the same seed again",
        held(0) == first,
        got="another split",
        expected="the same split",
        hint="Draw from a generator of your own that starts at the seed: "
        "`torch.Generator().manual_seed(seed)`.",
    )
    others = {tuple(held(seed)) for seed in range(1, 5)}
    expect.true(
        "other seeds",
        len(others | {tuple(first)}) > 2,
        got="the same split",
        expected="other splits",
        hint="The seed has no effect: the pictures at the same places in the data are "
        "held back each time. Shuffle by a generator that starts at the seed.",
    )
    labels = torch.zeros(60).long()
    expect.trying("a class of 60 pictures, half of them held back")
    train, valid = map(_positions, answer(labels, 0.5, 0))
    _each_once(expect, train, valid, 60, 30)
    expect.true(
        "in no order",
        _is_mixed(valid),
        got="neighbours, or every n-th picture",
        expected="pictures drawn by chance",
        hint="Data often lies in an order. Shuffle the positions of a class, then cut.",
    )


def _is_mixed(valid) -> bool:
    gaps = valid.unique().diff()  # sorted; 1 between neighbours
    return len(gaps.unique()) > 1


# 11.2 ------------------------------------------------------------------------------


class Watched(nn.Module):
    """A small net with batch normalisation that notes how it is run."""

    def __init__(self):
        super().__init__()
        layers = [nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 3)]
        self.layers = nn.Sequential(*layers)
        self.notes = Notes()

    def forward(self, x):  # (B, 1, 2, 2)
        self.notes.modes.append(self.layers[1].training)  # that of BatchNorm
        self.notes.graphs.append(torch.is_grad_enabled())
        self.notes.seen += x
        return self.layers(x)  # (B, 3)


def watched_case(sizes, right):
    """A net, and batches of `sizes` of which it gets `right` right in a test."""
    net = Watched()
    randomise(net)
    nn.init.normal_(net.layers[1].running_mean, std=2)
    batches = []
    for size, good in zip(sizes, right, strict=True):
        pictures = torch.randn(size, 1, 2, 2)
        with torch.no_grad():
            labels = net.eval()(pictures).argmax(1)
        labels[good:] = (labels[good:] + 1) % 3
        mixed = torch.randperm(size)
        batches.append((pictures[mixed], labels[mixed]))
    net.train()
    net.notes = Notes()
    return net, batches


NO_AXIS = (
    "`argmax()` without an axis finds one place in the whole batch. Each picture has a "
    "row of its own: which axis holds the classes?"
)
ERRORS = [
    (
        "iterator|^ZeroDivisionError",
        "`batches` can be looped over once, and has no length: add up as the batches "
        "come.",
    ),
    (MISFIT, "`net(pictures)` is (B, classes), `labels` is (B,)."),
]


def check_accuracy(answer, expect):
    for sizes, right in [((8, 8, 8, 3), (6, 3, 7, 1)), ((5, 2), (1, 2)), ((4,), (3,))]:
        net, batches = watched_case(sizes, right)
        case = " + ".join(map(str, sizes))
        expect.trying(f"{case} pictures", errors=ERRORS)
        got = answer(net, iter(batches))
        on = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        expect.true(
            "gradients afterwards",
            on,
            got="switched off",
            expected="switched on, as before",
            hint="`with torch.no_grad():` switches them on again at its end.",
        )
        _as_in_a_test(expect, net.notes, sum(sizes))
        flat = sum((net(x).argmax() == y).sum().item() for x, y in batches) / sum(sizes)
        expect.number(
            "the accuracy",
            got,
            sum(right) / sum(sizes),
            hint="Divide the pictures that the net gets right, in all batches, by all "
            "pictures.",
            mistakes=[(flat, NO_AXIS), *made(ACCURACIES, sizes, right)],
        )


def _as_in_a_test(expect, notes, count):
    expect.true(
        "the net has run",
        bool(notes.modes),
        got="no call of the net",
        expected="a call for each batch",
        hint="Loop over `batches`, and call `net(pictures)`. There is one loop only: "
        "a second one finds nothing.",
    )
    expect.true(
        "in evaluation mode",
        not any(notes.modes),
        got="training mode",
        expected="evaluation mode",
        hint="In training mode the answer for a picture depends on its batch, and the "
        "running averages change by being looked at. Call `net.eval()` first.",
    )
    expect.true(
        "without a graph",
        not any(notes.graphs),
        got="gradients switched on",
        expected="gradients switched off",
        hint="Nothing will be learned here: `with torch.no_grad():` saves the memory.",
    )
    expect.equal(
        "pictures shown to the net",
        len(notes.seen),
        count,
        hint="Every picture of every batch, once. Is a `return` inside the loop?",
    )

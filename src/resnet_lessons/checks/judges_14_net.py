"""Chapter 14, find the bugs: each defect of a whole net is looked for on its own."""

import torch
from torch import nn

from .broken_14 import load
from .describe import Words, shape_in_words
from .judges_14 import Look, look_for_each, same_output
from .layers import Call, calls_of, convs_among, in_order
from .mistakes_14 import HINTS


def _ran(net) -> list[Call]:
    """The layers that run on four pictures of 16×16, to the end or to a misfit."""
    return calls_of(net, torch.rand(4, 1, 16, 16), any_misfit=True)


def check_net(answer, expect):
    expect.module("resblock_net((8, 8)) is a module", answer((8, 8)))
    look_for_each(
        expect,
        [
            Look("head", "pictures of 8×8 and of 13×9 pixels", lambda: _head(answer)),
            Look("two", "3×3 convolutions that run for widths (8, 8)",
                 lambda: _counted(answer)),
            Look("channels", "convolutions that can read what arrives, widths (8, 16)",
                 lambda: _changes(answer)),
            Look("silent", "a fresh net, four pictures: what reaches the linear layer",
                 lambda: _tells_apart(answer)),
        ],
    )  # fmt: skip
    x = torch.rand(2, 1, 12, 20)
    expect.trying("resblock_net((8, 8, 16), num_classes=3)", HINTS["fits"])
    net = answer((8, 8, 16), num_classes=3)
    expect.shape("what comes out of 2 pictures", net(x), (2, 3), HINTS["classes"])
    expect.trying("with the weights of the repaired net")
    library = load("model").resblock_net((8, 8, 16), num_classes=3)
    expect.equal(
        "3×3 convolutions whose BatchNorm starts with γ = 0",
        _silent(net, x),
        _silent(library, x),
        HINTS["gamma"],
    )
    same_output(expect, net, library, x)


def _head(answer):
    net = answer((8, 8))
    sizes = [(8, 8), (13, 9)]
    shapes = [tuple(net(torch.rand(2, 1, *size)).shape) for size in sizes]
    got = " and ".join(map(shape_in_words, shapes))
    return set(shapes) == {(2, 10)}, got, "shape 2×10 both times"


def _counted(answer):
    convs = convs_among(_ran(answer((8, 8))), 3)
    count = sum(conv.y is not None for conv in convs)
    return count == 3, f"{count}", "3: the stem and two in the ResBlock"


def _changes(answer):
    convs = convs_among(_ran(answer((8, 16))), 3)
    finished = sum(conv.y is not None for conv in convs)
    return finished == len(convs) > 1, f"{finished} of {len(convs)}", "all"


@torch.no_grad()
def _tells_apart(answer):
    calls = _ran(answer((8, 8)))
    (arrived,) = (call.x for call in calls if isinstance(call.layer, nn.Linear))
    different = len(arrived.flatten(1).unique(dim=0))
    return different == 4, f"{different} different", "4 different"


def _silent(net, x) -> Words:
    norms = in_order(net, x, sizes=(3,))[1::2]
    zero = [n for n, norm in enumerate(norms, 1) if norm and not norm.weight.any()]
    return Words(", ".join(f"number {n}" for n in zero) or "none")

"""Chapter 14, find the bugs: each defect of a whole net is looked for on its own."""

from dataclasses import dataclass

import torch
from torch import nn

from .broken_14 import load
from .describe import Words, shape_in_words
from .judges_14 import Look, look_for_each, same_output
from .layers import in_order
from .mistakes_14 import HINTS


@dataclass
class Ran:
    """How far a net came, should it fail on the way."""

    started: list[nn.Conv2d]  # 3×3 convolutions
    finished: list[nn.Conv2d]
    arrived: list[torch.Tensor]  # at the linear layer


def _run(net, pixels) -> Ran:
    ran = Ran([], [], [])
    hooks = []
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            arrive = lambda layer, args: ran.arrived.append(args[0])  # noqa: E731
            hooks.append(layer.register_forward_pre_hook(arrive))
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            start = lambda layer, args: ran.started.append(layer)  # noqa: E731
            finish = lambda layer, args, y: ran.finished.append(layer)  # noqa: E731
            hooks.append(layer.register_forward_pre_hook(start))
            hooks.append(layer.register_forward_hook(finish))
    try:
        net(torch.rand(4, 1, pixels, pixels))
    except RuntimeError:
        pass  # what ran until then is told
    finally:
        for hook in hooks:
            hook.remove()
    return ran


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
    count = len(_run(answer((8, 8)), pixels=16).finished)
    return count == 3, f"{count}", "3: the stem and two in the ResBlock"


def _changes(answer):
    ran = _run(answer((8, 16)), pixels=16)
    started, finished = len(ran.started), len(ran.finished)
    return finished == started > 1, f"{finished} of {started}", "all"


@torch.no_grad()
def _tells_apart(answer):
    (arrived,) = _run(answer((8, 8)), pixels=16).arrived
    different = len(arrived.flatten(1).unique(dim=0))
    return different == 4, f"{different} different", "4 different"


def _silent(net, x) -> Words:
    norms = in_order(net, x, sizes=(3,))[1::2]
    zero = [n for n, norm in enumerate(norms, 1) if norm and not norm.weight.any()]
    return Words(", ".join(f"number {n}" for n in zero) or "none")

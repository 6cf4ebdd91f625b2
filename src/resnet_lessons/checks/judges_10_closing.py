"""Chapter 10, ResNet v2: how the repair of a net without its end is judged."""

import copy

import torch
from torch import nn

from .. import nets
from .advice import MISFIT
from .expect import made
from .kept import can_learn, in_training
from .layers import randomise, take_weights
from .mistakes_10_closing import CLOSINGS

WHOLE = (
    "The head stays an `nn.Sequential`: the two new layers come first, and then all "
    "old ones in their order."
)


def check_add_closing(answer, expect):
    for depth, width in [(8, 4), (14, 6)]:
        library = nets.cifar_net(depth, "preact", width=width, in_channels=1)
        randomise(library)
        net = copy.deepcopy(library)
        net.head = nn.Sequential(*net.head[2:])  # what was forgotten
        before = [*net.parameters(), *net.buffers()]
        numbers = [tensor.detach().clone() for tensor in before]
        what = f"a net of {depth} layers, {4 * width} channels at its end"
        expect.trying(what, errors=[(f"{MISFIT}|child module", WHOLE)])
        answer(net)
        _kept(net, before, numbers, expect)
        _added(net, library, before, expect)
        _closed(net, library, before, expect)


def _kept(net, before, numbers, expect):
    now = {id(tensor) for tensor in [*net.parameters(), *net.buffers()]}
    expect.true(
        "all that was there is still there",
        all(id(tensor) in now for tensor in before),
        got="a layer was left out or made anew",
        expected="the same layers, with their weights",
        hint="Put the old layers into the new head: `*net.head`. A new linear layer "
        "has lost what the old one had learned.",
    )
    expect.true(
        "with the weights and averages it had",
        all(map(torch.equal, before, numbers)),
        got="another number",
        expected="the same numbers",
        hint="Only the two new layers are yours: leave every old weight as it is. What "
        "runs through the net in training mode moves its running averages.",
    )
    in_training(net, expect, "The net came in training mode: leave it there.")
    hint = "The net goes on learning, and so does a BatchNorm with its γ and β. Leave "
    can_learn(net.parameters(), expect, f"{hint}`requires_grad` as it is.")


def _added(net, library, before, expect):
    channels = library.head[0].num_features
    old = set(map(id, before))
    new = [p for p in net.parameters() if id(p) not in old]
    if any(map(nn.parameter.is_lazy, new)):
        net(torch.randn(4, 1, 8, 8))  # a lazy layer learns its size
    expect.equal(
        "numbers that learn and are new",
        sum(parameter.numel() for parameter in new),
        2 * channels,
        hint=f"One BatchNorm for {channels} channels has {channels} γ and as many β.",
        mistakes=[
            (
                0,
                "Nothing was added that learns. Write into the net that is given: "
                "`net.head = ...`. A ReLU learns nothing, nor does a BatchNorm with "
                "`affine=False`.",
            ),
            (
                2 * library.head[-1].out_features,
                "The BatchNorm has as many channels as there are classes: it stands "
                "behind the linear layer. It belongs before the pooling.",
            ),
            (
                2 * sum(b.residual[-1][-1].out_channels for b in _blocks(library)),
                "Each block has one now, or each stage. Only the net as a whole is "
                "closed, once.",
            ),
        ],
    )


def _blocks(net) -> list[nn.Module]:
    return [block for stage in net.stages for block in stage]


def _fit_to_learn(norm, expect):
    hint = "Leave γ as `nn.BatchNorm2d` makes it."
    zero = (
        f"At γ = 0 the ReLU behind it sends no gradient back: it never wakes up. {hint}"
    )
    gamma = norm.weight.detach()
    expect.close(
        "its γ at the start",
        gamma,
        torch.ones_like(gamma),
        hint,
        [
            (torch.zeros_like(gamma), zero),
        ],
    )


def _closed(net, library, before, expect):
    """The logits, in training mode, with the γ and β of the library's closing norm."""
    old = {id(parameter) for parameter in before}
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    fresh = [norm for norm in norms if id(norm.weight) not in old]
    expect.equal(
        "new layers of kind `nn.BatchNorm2d`",
        len(fresh),
        1,
        hint="It normalises a grid: `nn.BatchNorm2d`, before the pooling.",
    )
    _fit_to_learn(fresh[0], expect)
    hint = "Leave its other arguments as `nn.BatchNorm2d` makes them."
    take_weights(fresh, [library.head[0]], expect, hint)
    x = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        expect.close(
            "the logits",
            net.train()(x),
            library.train()(x),
            hint="After the last sum: BatchNorm, ReLU, then the pooling.",
            mistakes=made(CLOSINGS, library, x),
            atol=1e-4,
        )

"""Chapter 4, degradation: how the answers are judged."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .. import nets
from .expect import made
from .kept import can_learn, shares_nothing, stays, unchanged
from .layers import (
    BOTH_WAYS,
    CUT,
    calls_of,
    convs_among,
    count,
    cuts_of_a_block,
    randomise,
    same_gradient,
    same_in_training,
)
from .mistakes_04 import PLACES, TWINS, WEIGHTS
from .mistakes_04_causes import CAUSES, DIAGNOSES, STORIES

# 04.1 ------------------------------------------------------------------------------


def check_deepen(answer, expect):
    for widths, extra, training in [((6, 8), 1, False), ((4, 6, 10), 5, True)]:
        net = nets.FullyConvolutional(widths, num_classes=3).train(training)
        randomise(net)
        before, shallow = copy.deepcopy(net), copy.deepcopy(net).eval()
        case = f"deepen(net, {extra}), a net of {len(widths)} convolutions"
        expect.trying(case)
        deeper = expect.module("a net is returned", answer(net, extra))
        expect.trying(
            case,
            "A new layer stands behind the last stage and in front of the head. It "
            f"takes and gives the channels of that stage, here {widths[-1]}.",
        )
        hint = "Work on a copy: `deeper = copy.deepcopy(net)`."
        stays("the given net", net, before, expect, hint)
        _added(shallow, deeper, len(widths), extra, expect)
        can_learn(deeper.parameters(), expect, LEARNS)
        _same_logits(shallow, deeper, extra, expect)
        _relu_behind_each(shallow, deeper, extra, expect)
        expect.trying(case)
        shares_nothing("the given net", net, deeper, before, expect, hint)


X = torch.zeros(2, 3, 16, 16)  # where it only matters which layers run
LEARNS = "The new net is to be trained: leave the `requires_grad` of its weights on."


def _added(net, deeper, stages, extra, expect):
    """As many more 3×3 convolutions at the end, each with weights of its own."""
    calls = calls_of(deeper.eval(), X)
    convs = convs_among(calls, 3)
    others = sum(isinstance(call.layer, nn.Conv2d) for call in calls) - len(convs)
    expect.equal(
        "3×3 convolutions (`nn.Conv2d`) that run",
        len(convs),
        stages + extra,
        hint=f"The net has {stages}, and {extra} more are asked for.",
        mistakes=[
            (
                stages,
                "The new ones have another kernel. It is to be 3×3."
                if others
                else "None was added, or none of the new ones runs in `forward`.",
            ),
            (extra, "Where are the layers of the given net? Keep them in front."),
        ],
    )
    expect.equal(
        "of these, with weights of their own",
        len({id(conv.layer.weight) for conv in convs}),
        stages + extra,
        hint="One kernel is used several times. Make a new convolution in each round "
        "of the loop.",
    )
    expect.equal(
        "other convolutions",
        others,
        0,
        hint="A new layer is one 3×3 convolution and a ReLU, and nothing else.",
    )
    given = [conv.layer.weight for conv in convs_among(calls_of(net, X), 3)]
    places = [
        place
        for place, conv in enumerate(convs)
        if any(torch.equal(conv.layer.weight, weight) for weight in given)
    ]
    expect.true(
        "the new ones come last",
        len(places) < stages or places == list(range(stages)),
        got="one in front of a given layer",
        expected="all of them behind the given layers",
        hint="They stand in front of the stages or between them. Put them at the end: "
        "behind the last stage, in front of the head.",
    )


DRAWN = (
    "A bias of a new layer is not 0: PyTorch draws it at random. `bias=False` leaves "
    "it out."
)


def _same_logits(net, deeper, extra, expect):
    x = 10 * torch.randn(4, 3, 33, 20)
    new = convs_among(calls_of(deeper.eval(), x), 3)[-extra:]
    drawn = any(c.layer.bias is not None and c.layer.bias.any() for c in new)
    mistakes = [(net.head(wrong(net.stages(x))), hint) for wrong, hint in WEIGHTS]
    mistakes += made(PLACES, net, x)
    for mode, training in [("evaluation", False), ("training", True)]:
        expect.trying(f"{mode} mode, four pictures of 33×20 pixels")
        expect.close(
            "the logits of the deeper net",
            deeper.train(training)(x),
            copy.deepcopy(net).train(training)(x),
            hint=BATCH
            if training
            else DRAWN
            if drawn
            else "The given layers keep their weights, and a new one must give back "
            "what it gets: the middle weight of each channel's own kernel is 1, every "
            "other is 0.",
            mistakes=[] if training else mistakes,
        )
        if not training:  # training moves the averages of the deeper net
            hint = f"It must come back through the new layers. {CUT}"
            same_gradient(net, deeper, x, expect, hint)


@torch.no_grad()
def _relu_behind_each(net, deeper, extra, expect):
    """With negative kernels in the new layers, their ReLUs leave only zeros."""
    x = torch.randn(2, 3, 16, 16)
    new = convs_among(calls_of(deeper.eval(), x), 3)[-extra:]
    for conv in new:
        conv.layer.weight.copy_(-conv.layer.weight.abs())
    seen = [conv.x for conv in convs_among(calls_of(deeper, x), 3)[-extra:]]
    nothing = net.head(torch.zeros(2, new[-1].layer.out_channels, 1, 1))
    gone = not any(grid.any() for grid in seen[1:])
    expect.trying("with every weight of the new layers negative")
    expect.true(
        "a ReLU behind each",
        gone and torch.allclose(deeper(x), nothing, atol=1e-5),
        got="values other than 0 behind a new layer",
        expected="only zeros: the ReLU takes away what is negative",
        hint="Each new layer is a convolution and a ReLU. Every one has its own ReLU, "
        "and nothing leads around it.",
    )


BATCH = (
    "Equal in evaluation mode, not in training mode: something in the new layers acts "
    "otherwise there, most likely a BatchNorm. It then shifts and scales by the batch "
    "at hand, and no fixed γ and β undo that. Leave it out."
)

# 04.2 ------------------------------------------------------------------------------


def check_diagnose(answer, expect):
    for story, shallow, deep, noise, want in STORIES:
        expect.trying(
            f"{story}, noise {noise}",
            "`shallow` and `deep` are dictionaries of two lists: the last training "
            'error of the deeper net is `deep["train"][-1]`.',
        )
        cause = answer(copy.deepcopy(shallow), copy.deepcopy(deep), noise)
        known = isinstance(cause, str) and cause in CAUSES
        expect.equal(
            "the cause",
            cause,
            want,
            hint="Go through the four cases in their order, with the last entries of "
            "the lists."
            if known
            else "Return one of the four texts, letter for letter: "
            + ", ".join(f'`"{text}"`' for text in CAUSES)
            + ".",
            mistakes=made(DIAGNOSES, shallow, deep, noise),
        )


# 04.3 ------------------------------------------------------------------------------


def check_residual_twin(answer, expect):
    for blocks in (3, 1):  # around one block, a wrong net may be the right one
        plain = nn.Sequential(*[_block(6) for _ in range(blocks)])
        randomise(plain)
        plain.train(blocks == 1)
        before = copy.deepcopy(plain)
        expect.trying(f"a plain net of {'1 block' if blocks == 1 else '3 blocks'}")
        twin = expect.module("a net is returned", answer(plain))
        hint = "Copy each block before you change it: `copy.deepcopy(block)`."
        stays("plain", plain, before, expect, hint)
        same = copy.deepcopy(before).eval()
        _twin_values(same, twin.eval(), expect)
        _twin_parameters(same, twin, expect)
        can_learn(twin.parameters(), expect, LEARNS)
        x = torch.randn(2, 6, 7, 5)
        if blocks == 1:
            (block,) = _twin_of(same)
            same_gradient(block, twin, x, expect, BOTH_WAYS, cuts_of_a_block(F.relu))
        library = _twin_of(same)
        same_in_training(library, twin, x, expect)
        shares_nothing("plain", plain, twin, before, expect, hint)


def _twin_of(plain) -> nn.Sequential:
    """The net that is wanted, in eval mode: the library's blocks with F of `plain`."""
    twin = nn.Sequential(*[nets.BasicBlock(6, 6) for _ in plain])
    for ours, block in zip(twin, plain, strict=True):
        ours.residual = block[:-1]
    return twin.eval()


def _block(channels):
    first = nets.conv(channels, channels)  # convolution, BatchNorm, ReLU
    return nn.Sequential(*first, *nets.conv(channels, channels))


def _twin_values(plain, twin, expect):
    x = torch.randn(2, 6, 7, 5)
    given = x.clone()
    weights, theirs = list(plain.parameters()), list(twin.parameters())
    as_many = len(weights) == len(theirs) and count(plain) == count(twin)
    new = as_many and not all(map(torch.equal, weights, theirs))
    expect.close(
        "its output",
        twin(given),
        _twin_of(plain)(x),
        hint="The weights are new, or in another order. Take those of `plain` along."
        if new
        else "For each block: F(x) is all but its last ReLU; then the sum with the x "
        "that came into this block; then the ReLU.",
        mistakes=made(TWINS, plain, x),
    )
    unchanged(given, x, expect)


def _twin_parameters(plain, twin, expect):
    expect.equal(
        "the number of parameters",
        count(twin),
        count(plain),
        hint="The sum learns nothing. No layer is added and none is left out.",
        mistakes=[(0, "The blocks are not part of the twin: keep them as attributes.")],
    )

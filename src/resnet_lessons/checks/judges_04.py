"""Chapter 4, degradation: how the answers are judged."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .. import nets
from .expect import made
from .layers import calls_of, convs_among, count, randomise, unchanged
from .mistakes_04 import TWINS, WEIGHTS
from .mistakes_04_causes import DIAGNOSES, STORIES

# 04.1 ------------------------------------------------------------------------------


def check_deepen(answer, expect):
    for widths, extra in [((6, 8), 1), ((4, 6, 10), 5)]:
        net = nets.FullyConvolutional(widths, num_classes=3)
        randomise(net)
        net.eval()
        before = _tensors(net)
        expect.trying(f"deepen(net, {extra}), a net of {len(widths)} convolutions")
        deeper = expect.module("a net is returned", answer(net, extra))
        _left_alone(net, before, len(widths), expect)
        _added(deeper, len(widths), extra, expect)
        _same_logits(net, deeper, widths[-1], expect)
        _ends_in_relu(net, deeper, expect)
        _shares_nothing(net, deeper, before, expect)


def _tensors(net) -> list[torch.Tensor]:
    return [value.clone() for value in net.state_dict().values()]


def _left_alone(net, before, stages, expect):
    after = list(net.state_dict().values())
    held = len(net.stages) == stages and len(after) == len(before)
    held = held and all(map(torch.equal, after, before))
    expect.true(
        "the given net stays as it was",
        held,
        got="it was changed",
        expected="the same layers and the same weights",
        hint="Work on a copy: `deeper = copy.deepcopy(net)`.",
    )


def _added(deeper, stages, extra, expect):
    """As many more 3×3 convolutions, each with weights of its own."""
    calls = calls_of(deeper.eval(), torch.randn(2, 3, 16, 16))
    convs = convs_among(calls, 3)
    expect.equal(
        "3×3 convolutions that run",
        len(convs),
        stages + extra,
        hint=f"The net has {stages}, and {extra} more are asked for.",
        mistakes=[
            (stages, "No layer was added, or none of them runs in `forward`."),
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


@torch.no_grad()
def _ends_in_relu(net, deeper, expect):
    """With negative kernels in the last layer, its ReLU leaves only zeros."""
    x = torch.randn(2, 3, 16, 16)
    last = convs_among(calls_of(deeper.eval(), x), 3)[-1].layer
    kernel = last.weight.clone()
    last.weight.copy_(-kernel.abs())
    logits = deeper(x)
    last.weight.copy_(kernel)
    nothing = torch.zeros(2, last.out_channels, 1, 1)
    expect.true(
        "a ReLU behind each",
        torch.allclose(logits, net.head(nothing), atol=1e-5),
        got="negative values leave the last layer",
        expected="no negative value",
        hint="Each new layer is a convolution and a ReLU.",
    )


def _shares_nothing(net, deeper, before, expect):
    with torch.no_grad():
        for parameter in deeper.parameters():
            parameter.add_(1)
    expect.true(
        "the given net stays as it was when the new one learns",
        all(map(torch.equal, _tensors(net), before)),
        got="both hold the same tensors",
        expected="weights of their own",
        hint="Work on a copy: `deeper = copy.deepcopy(net)`.",
    )


def _same_logits(net, deeper, channels, expect):
    x = torch.randn(4, 3, 33, 20)
    mistakes = [(net.head(wrong(net.stages(x))), hint) for wrong, hint in WEIGHTS]
    for mode, training in [("evaluation", False), ("training", True)]:
        expect.trying(f"{mode} mode, four pictures of 33×20 pixels")
        expect.close(
            "the logits of the deeper net",
            deeper.train(training)(x),
            copy.deepcopy(net).train(training)(x),
            hint=BATCH
            if training
            else "A new layer must give back what it gets: "
            "`nn.init.dirac_(conv.weight)`, `padding=1`, no bias.",
            mistakes=[] if training else mistakes,
        )


BATCH = (
    "Equal in evaluation mode, not in training mode: there is a BatchNorm in the new "
    "layers. In training mode it shifts and scales by the batch at hand, and no fixed "
    "γ and β undo that. Leave it out."
)

# 04.2 ------------------------------------------------------------------------------


def check_diagnose(answer, expect):
    for story, shallow, deep, noise, want in STORIES:
        expect.trying(f"{story}, noise {noise}")
        expect.equal(
            "the cause",
            answer(copy.deepcopy(shallow), copy.deepcopy(deep), noise),
            want,
            hint="Go through the four cases in their order, with the last entries of "
            "the lists.",
            mistakes=made(DIAGNOSES, shallow, deep, noise),
        )


# 04.3 ------------------------------------------------------------------------------


def check_residual_twin(answer, expect):
    for blocks in (1, 3):
        plain = nn.Sequential(*[_block(6) for _ in range(blocks)])
        randomise(plain)
        plain.eval()
        before = _tensors(plain)
        expect.trying(f"a plain net of {'1 block' if blocks == 1 else '3 blocks'}")
        twin = expect.module("a net is returned", answer(plain))
        _twin_values(plain, twin.eval(), expect)
        _twin_parameters(plain, twin, before, expect)
    _twin_gradient(twin, expect)


def _block(channels):
    first = nets.conv(channels, channels)  # convolution, BatchNorm, ReLU
    return nn.Sequential(*first, *nets.conv(channels, channels))


def _twin_values(plain, twin, expect):
    x = torch.randn(2, 6, 7, 5)
    given = x.clone()
    want = x
    for block in plain:
        want = F.relu(block[:-1](want) + want)
    expect.close(
        "its output",
        twin(given),
        want,
        hint="For each block: F(x) is all but its last ReLU; then the sum with the x "
        "that came into this block; then the ReLU.",
        mistakes=made(TWINS, plain, x),
    )
    unchanged(given, x, expect)


def _twin_parameters(plain, twin, before, expect):
    want = count(plain)
    expect.equal(
        "the number of parameters",
        count(twin),
        want,
        hint="The sum learns nothing. No layer is added and none is left out.",
        mistakes=[(0, "The blocks are not part of the twin: keep them as attributes.")],
    )
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(1)
    expect.true(
        "plain stays as it was when the twin learns",
        all(map(torch.equal, plain.state_dict().values(), before)),
        got="both hold the same tensors",
        expected="weights of their own",
        hint="Copy each block: `copy.deepcopy(block)`.",
    )


def _twin_gradient(twin, expect):
    """With F silenced, the shortcuts alone must carry the gradient to x."""
    for layer in twin.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    x = torch.rand(2, 6, 5, 5, requires_grad=True)
    expect.trying("with every γ and β at 0, so that F(x) = 0")
    y = twin(x)
    expect.close("the twin is the identity for x from 0 up", y, x)
    y.sum().backward()
    expect.close(
        "and each x has the gradient 1",
        x.grad,
        torch.ones_like(x),
        hint="`.detach()`, `.data` and `no_grad` cut the gradient. Leave them out.",
    )

"""Chapter 7, the ResBlock and BatchZero: how answers about the start are judged."""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import nn

from .. import nets
from .describe import Words, one_line
from .kept import can_learn, in_training
from .layers import randomise

# 07.2 ------------------------------------------------------------------------------


def _basic(batch_zero):
    return nets.cifar_net(8, shortcut="B", width=4, batch_zero=batch_zero)


def _bottleneck(batch_zero):
    return nets.ResNet(
        nets.BottleneckBlock, [2, 1], [4, 8], "cifar", "B", batch_zero=batch_zero
    )


IN_PLACE = "Change the numbers of γ in place. The parameter itself stays."
ERRORS = [  # of `answer(net)`, by what Python says
    (
        "leaf Variable",
        "In place is right, but autograd watches γ. Write under `torch.no_grad()`, or "
        "with a function of `nn.init`.",
    ),
    ("cannot assign", IN_PLACE),
    ("no attribute 'residual'", "Not every part of a net is a block."),
    ("^AttributeError", "Print `net`: what are its parts, and what is inside of them?"),
]


def check_batch_zero(answer, expect):
    for what, make in [("basic blocks", _basic), ("bottlenecks", _bottleneck)]:
        net = make(batch_zero=False)
        randomise(net)  # so that a change of γ, of β or of both shows
        known = dict(net.named_parameters())
        before = {name: t.clone() for name, t in net.state_dict().items()}
        expect.trying(f"a ResNet of {what}", errors=ERRORS)
        answer(net)
        after = dict(net.named_parameters())
        expect.true(
            "its parameters are the same ones",
            list(after) == list(known) and all(after[n] is known[n] for n in known),
            got="parameters were added, removed, renamed or made anew",
            expected="the same ones",
            hint=IN_PLACE,
        )
        now = net.state_dict()  # the running statistics of BatchNorm, too
        changed = {name for name in before if not torch.equal(before[name], now[name])}
        _zeroed(changed, _silent(make(batch_zero=True)), expect)
        hint = "The net came in training mode: leave it there, `net.train()`."
        in_training(net, expect, hint)
        _silenced(net, after, changed, expect)


def _silent(twin) -> set[str]:
    """The γ that are zero in the library's own net with BatchZero."""
    gammas = (n for n, p in twin.named_parameters() if n.endswith(".weight"))
    parameters = dict(twin.named_parameters())
    return {name for name in gammas if not parameters[name].any()}


# (does it explain the names too many and too few?, what to say), the first that does
NAMES = [
    (
        lambda extra, missing, want: len(missing) == len(want) and not extra,
        "Nothing changed. Does your loop find the blocks? And do you write into the "
        "net that is given, not into a copy?",
    ),
    (
        lambda extra, missing, want: any(name.endswith(".bias") for name in extra),
        "A `bias` changed. In a BatchNorm the weight is γ and the bias is β; only γ "
        "is set.",
    ),
    (
        lambda extra, missing, want: any("running_" in name for name in extra),
        "The running mean and variance of a BatchNorm changed. They are no part of γ; "
        "only γ is set.",
    ),
    (
        lambda extra, missing, want: any("shortcut" in name for name in extra),
        "A BatchNorm of a shortcut changed. With its γ at 0 nothing of x comes "
        "through: look in `block.residual` only.",
    ),
    (
        lambda extra, missing, want: any("residual" not in name for name in extra),
        "A layer outside of the blocks changed. Look in `block.residual` only.",
    ),
    (
        lambda extra, missing, want: extra and missing,
        "That is not the last BatchNorm of F. A bottleneck has three.",
    ),
    (
        lambda extra, missing, want: extra,
        "Only the last BatchNorm of F is set. With an earlier γ at 0 the ReLU behind "
        "it sends no gradient back.",
    ),
    (
        lambda extra, missing, want: missing,
        "Some blocks were left out: every block has its last BatchNorm.",
    ),
]


def _zeroed(changed, want, expect):
    extra, missing = changed - want, want - changed
    hints = [text for explains, text in NAMES if explains(extra, missing, want)]
    expect.equal(
        "what changed",
        _names(changed, missing, extra),
        _names(want),
        hint=hints[0] if hints else "",
    )


def _names(names, missing=(), extra=()) -> Words:
    """The number of names, and an example of what is wrong with them."""
    text = f"the γ of {len(names)} layers" if names else "nothing"
    text = text if not extra else f"{len(names)} tensors"
    text += f"; too many: {min(extra)}" if extra else ""
    return Words(text + (f"; missing: {min(missing)}" if missing else ""))


def _silenced(net, after, changed, expect):
    expect.true(
        "each of these γ is 0",
        not any(after[name].any() for name in changed),
        got="another number",
        expected="0",
        hint="Exactly 0, for every channel.",
    )
    hint = "BatchZero is a start, not a lock. Leave `requires_grad` as it was."
    can_learn(after.values(), expect, hint)
    block = net.stages[-1][0].eval()
    with torch.no_grad():  # β was randomised: what is left of F is this number
        beta = [m for m in block.residual.modules() if isinstance(m, nn.BatchNorm2d)]
        x = torch.randn(2, next(block.parameters()).shape[1], 6, 6)
        want = F.relu(block.shortcut(x) + beta[-1].bias.view(1, -1, 1, 1))
        expect.close("a block now returns ReLU(shortcut(x) + β)", block(x), want)


# 07.3 ------------------------------------------------------------------------------

GAMMA, BETA = "residual.1.1.weight", "residual.1.1.bias"
FROZEN = [  # does it explain these names, beside those wanted and all there are?
    (
        lambda got, want, real: not got,
        "The set is empty. With the last γ at 0 it would be, from step 2 on: that γ "
        "gets a gradient, and moves. Here a ReLU stands behind the γ that is 0. What "
        "does it hand back? (`p.grad is None` finds nothing: a gradient of zero is a "
        "tensor of zeros, for which `not p.grad.any()` holds.)",
    ),
    (
        lambda got, want, real: not got <= real,
        "There is no parameter of that name. Print "
        "`[name for name, _ in block.named_parameters()]`.",
    ),
    (
        lambda got, want, real: got == real - want,
        "These are the ones that do get a gradient. Take the others.",
    ),
    (
        lambda got, want, real: got == real,
        "These are all of its parameters. Did `backward()` run before you looked, and "
        "no `zero_grad()` since? The last β does get a gradient: it is added behind "
        "all that is 0.",
    ),
    (
        lambda got, want, real: BETA in got,
        "The last β is added behind all that is 0. What arrives at the sum arrives at "
        "it, too.",
    ),
    (
        lambda got, want, real: any("shortcut" in name for name in got),
        "The shortcut goes around F. Its gradient meets neither the γ that is 0 nor "
        "the ReLU behind it.",
    ),
    (
        lambda got, want, real: want - got == {GAMMA},
        "One is missing. These four are without a gradient in step 1 with BatchZero, "
        "too. But there the last γ multiplies something that is not zero. Here?",
    ),
    (
        lambda got, want, real: "residual.0.1.weight" not in got,
        "What about the γ that is 0? It multiplies something that is not zero, as with "
        "BatchZero. But what comes back to it must pass the ReLU behind it.",
    ),
    (
        lambda got, want, real: not {"residual.0.1.bias", "residual.0.0.weight"} <= got,
        "Whatever lies before the first ReLU of F gets its gradient through it: two "
        "parameters of the BatchNorm, one of the convolution.",
    ),
    (
        lambda got, want, real: "residual.1.0.weight" not in got,
        "The second convolution gets only zeros, since its input is what the ReLU puts "
        "out. The gradient of a weight is a product with the input.",
    ),
]


RUNS = [
    (
        "to have .* channels",
        "Each block wants its own number of channels, the second axis of its first "
        "weight: `next(block.parameters()).shape[1]`.",
    ),
    (
        "'NoneType' object has no attribute",
        "Before `backward()` and after `zero_grad()` each `.grad` is `None`: look in "
        "between.",
    ),
]


def check_frozen_at_third_step(answer, expect):
    for case in [(8, 8, 1), (8, 16, 2)]:
        block = _wrong_zero(*case)
        name = "nets.FastaiBlock({}, {}, stride={})".format(*case)
        expect.trying(f"{name}, its first γ at 0, its last at 1", errors=RUNS)
        got = _set_of_names(answer, _wrong_zero(*case), expect)
        steps = [_step(block) for _ in range(3)]
        want, real = steps[-1], {name for name, _ in block.named_parameters()}
        extra = got - want
        wrong = f", {one_line(min(extra))} among them" if extra else ""
        hints = [text for explains, text in FROZEN if explains(got, want, real)]
        expect.equal(
            "names with a gradient of exactly zero in step 3",
            Words(f"{len(got)} in all{wrong}"),
            Words(f"{len(want)} in all"),  # a prediction: the check does not tell it
            hint=hints[0] if hints else "",
        )
        expect.true(
            "they are the same in steps 1 and 2, so this block never wakes",
            steps == 3 * [want],
            got="others",
            expected="the same",
        )


def _wrong_zero(*case) -> nets.FastaiBlock:
    block = nets.FastaiBlock(*case)
    nn.init.zeros_(block.residual[0][1].weight)
    nn.init.ones_(block.residual[1][1].weight)
    return block


def _set_of_names(answer, block, expect) -> set[str]:
    names = answer(block) if callable(answer) else answer
    held = isinstance(names, Collection) and not isinstance(names, str)
    held = held and all(isinstance(name, str) for name in names)
    if not held:
        hint = 'Return names: `{"…", "…"}`.'
        if isinstance(answer, str):
            hint = "This is one text. Give a set of names, or the function itself: "
            hint += '`check("07.3", frozen_at_third_step)`.'
        expect.equal("the result", names, Words("a set of names"), hint=hint)
    return set(names)


def _step(block) -> set[str]:
    """Take a step of SGD; return who had no gradient: the check's own experiment."""
    block.zero_grad()
    y = block(torch.randn(4, next(block.parameters()).shape[1], 6, 6))
    (y * torch.randn_like(y)).sum().backward()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter -= 0.1 * parameter.grad
    return {name for name, p in block.named_parameters() if not p.grad.any()}

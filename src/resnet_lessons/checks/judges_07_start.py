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

FROZEN = [
    (
        lambda extra, missing, real: not extra and len(missing) == 4,
        "The set is empty. If you looked for `p.grad is None`: a gradient of zero is a "
        "tensor of zeros. `not p.grad.any()` finds it.",
    ),
    (
        lambda extra, missing, real: not extra <= real,
        "There is no parameter of that name. Print "
        "`[name for name, _ in block.named_parameters()]`.",
    ),
    (
        lambda extra, missing, real: len(missing) == 4,
        "These are the ones that do get a gradient. Take the others.",
    ),
    (
        lambda extra, missing, real: len(extra) == len(real) - 4,
        "These are all of its parameters. Did `backward()` run before you looked? And "
        "γ itself does get a gradient: it multiplies the normalised output of the "
        "second convolution, and that is not zero.",
    ),
    (
        lambda extra, missing, real: "residual.1.1.weight" in extra,
        "γ itself does get a gradient: it multiplies the normalised output of the "
        "second convolution, and that is not zero. Only what lies before γ is cut off.",
    ),
    (
        lambda extra, missing, real: "residual.1.1.bias" in extra,
        "β is added behind γ, so its gradient does not pass through γ.",
    ),
    (
        lambda extra, missing, real: any("shortcut" in name for name in extra),
        "The shortcut goes around F. Its gradient never meets γ.",
    ),
    (
        lambda extra, missing, real: "residual.1.0.weight" in missing,
        "The second convolution is missing: its output is multiplied by γ = 0, so a "
        "small change of its weights changes nothing.",
    ),
    (
        lambda extra, missing, real: "residual.0.1.bias" in missing,
        "The first BatchNorm has two parameters, `weight` and `bias`. Both lie before "
        "γ.",
    ),
    (
        lambda extra, missing, real: missing,
        "Everything before γ is cut off: go back from the last BatchNorm of F to x.",
    ),
]


CHANNELS = (
    "to have .* channels",
    "Each block wants its own number of channels, the second axis of its first weight: "
    "`next(block.parameters()).shape[1]`.",
)


def check_frozen_at_first_step(answer, expect):
    for case in [(8, 8, 1), (8, 16, 2)]:
        block = nets.FastaiBlock(*case)
        expect.trying(
            "nets.FastaiBlock({}, {}, stride={})".format(*case), errors=[CHANNELS]
        )
        got = _set_of_names(answer, nets.FastaiBlock(*case), expect)
        want = _without_gradient(block)
        real = {name for name, _ in block.named_parameters()}
        extra, missing = got - want, want - got
        wrong = f", {one_line(min(extra))} among them" if extra else ""
        hints = [text for explains, text in FROZEN if explains(extra, missing, real)]
        expect.equal(
            "names with a gradient of exactly zero",
            Words(f"{len(got)} in all{wrong}"),
            Words(f"{len(want)} in all"),  # a prediction: the check does not tell it
            hint=hints[0] if hints else "",
        )
        _moves_on(block, want, expect)


def _set_of_names(answer, block, expect) -> set[str]:
    names = answer(block) if callable(answer) else answer
    held = isinstance(names, Collection) and not isinstance(names, str)
    held = held and all(isinstance(name, str) for name in names)
    if not held:
        hint = 'Return names: `{"…", "…"}`.'
        if isinstance(answer, str):
            hint = "This is one text. Give a set of names, or the function itself: "
            hint += '`check("07.3", frozen_at_first_step)`.'
        expect.equal("the result", names, Words("a set of names"), hint=hint)
    return set(names)


def _without_gradient(block) -> set[str]:
    """Run one step backwards and look: the check's own experiment."""
    block.zero_grad()
    x = torch.randn(4, next(block.parameters()).shape[1], 6, 6)
    y = block(x)
    (y * torch.randn_like(y)).sum().backward()
    return {name for name, p in block.named_parameters() if not p.grad.any()}


def _moves_on(block, frozen, expect):
    """One step of SGD makes γ differ from 0; then every gradient comes through."""
    with torch.no_grad():
        for parameter in block.parameters():
            parameter -= 0.1 * parameter.grad
    still = _without_gradient(block)
    expect.true(
        "after one step of SGD γ is no longer 0, and these get a gradient too",
        not still,
        got=one_line(", ".join(sorted(still))),
        expected="no name left",
    )

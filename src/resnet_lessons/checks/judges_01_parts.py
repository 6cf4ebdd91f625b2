"""Chapter 1, LeNet: how a step in parts is judged."""

from copy import deepcopy

import torch
import torch.nn.functional as F

from .advice import MISFIT
from .expect import made
from .judges_01 import (
    RATE,
    Descent,
    keeps_the_optimizer,
    note_mode,
    plain_number,
    setting,
    stays_in_training,
    weights_of,
)
from .mistakes_01 import gradients

HELD = (
    "What one part keeps for its gradient stays in memory until `backward`. Call it "
    "in the loop, for each part, before the next one goes through the net."
)
ERRORS = [
    (
        "backward through the graph a second time",
        "`backward` has let go of this part already: make a loss for each part, and "
        "call `backward` on that alone.",
    ),
    (MISFIT, "Cut `pictures` and `labels` at the same places."),
]


def check_step_in_parts(answer, expect):
    for at_once in (5, 4, 3, 1, 8, 20):
        net, (x, y), (other_x, other_y) = setting()
        expect.trying(f"8 pictures, {at_once} at once", errors=ERRORS)
        if at_once == 4:
            expect.trying("8 pictures, 4 at once, old gradients", errors=ERRORS)
            F.cross_entropy(net(other_x), other_y).backward()
        twin, optimizer = deepcopy(net), Descent(net.parameters())
        for ours, theirs in zip(twin.parameters(), net.parameters(), strict=True):
            ours.grad = None if theirs.grad is None else theirs.grad.clone()
        events = optimizer.events
        graphs, modes = [], []
        hooks = [
            net.register_forward_hook(lambda net, _, y, g=graphs: g.append(y.grad_fn)),
            net.register_forward_pre_hook(lambda net, given, e=events: e.append(given)),
            net.register_forward_pre_hook(note_mode(modes)),
            net[-1].bias.register_hook(lambda gradient, e=events: e.append("backward")),
        ]
        loss = answer(net, optimizer, x.clone(), y.clone(), at_once)
        for hook in hooks:
            hook.remove()
        _in_turn(_named(events), at_once, expect)
        stays_in_training(net, modes, expect)
        expect.true(
            "nothing is kept of the parts that went back",
            not any(map(_is_kept, graphs)),
            got="all that PyTorch kept for the gradient",
            expected="nothing",
            hint="`retain_graph=True` holds on to a part after its `backward`. Leave "
            "it out.",
        )
        _moved(net, twin, x, y, at_once, expect)
        _loss(loss, net, twin, x, y, at_once, expect)
    keeps_the_optimizer(lambda *given: answer(*given, 3), expect)


def _is_kept(graph) -> bool:
    """Whether the step of a linear layer still holds what it has read."""
    try:
        return graph is not None and graph._saved_mat1 is not None
    except RuntimeError:  # freed by `backward`
        return False


def _named(events) -> list:
    """Inputs of the net as their numbers of pictures; the other events as they are."""
    return [e if isinstance(e, str) else len(e[0]) for e in events]


WHOLE = (
    "The whole batch went through the net, too. Its loss is a sum over the parts: add "
    "it up where each of them goes through."
)


def _uncut(sizes, at_once) -> str:
    """What to tell where the net met more pictures than it may, or none."""
    if not sizes:
        return "Call `net(…)` on each part."
    *parts, most = sorted(sizes)
    if most == sum(parts) == 8 and max(parts) <= at_once:
        return WHOLE
    return "Cut the batch first: `pictures.split(at_once)`, `labels.split(at_once)`."


def _in_turn(events, at_once, expect):
    """Each part goes through the net and back; one step ends it."""
    words = [e if isinstance(e, str) else f"{e} pictures" for e in events]
    sizes = [e for e in events if not isinstance(e, str)]
    expect.true(
        "pictures in the net at a time",
        bool(sizes) and max(sizes) <= at_once,
        got=f"{max(sizes)}" if sizes else "none",
        expected=f"at most {at_once}",
        hint=_uncut(sizes, at_once),
    )
    expect.equal(
        "pictures in all",
        sum(sizes),
        8,
        hint="Each picture goes through the net once. The last part may be smaller "
        "than the others; it counts, too.",
    )
    steps = [e for e in events if isinstance(e, str) and "step" in e]
    expect.true(
        "one step, at the end",
        steps == ["step"] and events[-1] == "step",
        got=", ".join(words),
        expected="the parts, then one step",
        hint=_step_hint(steps, events),
    )
    expect.true(
        "each part goes back before the next one comes",
        all(e == "backward" for e in events[1:-1:2]) and len(events) % 2 == 1,
        got=", ".join(words),
        expected="pictures, backward, pictures, backward, …, step",
        hint=HELD,
    )


def _step_hint(steps, events) -> str:
    if not steps:
        return (
            "The optimizer that you were given never moved the weights: "
            "`optimizer.step()` comes after the last part."
        )
    if "backward" not in events:
        return "No part went back: `loss.backward()` is missing."
    if steps[-1] == "empty step":
        return (
            "The step found no gradient: `zero_grad` belongs before the first part, or "
            "after the step."
        )
    return (
        "A step for each part is another training: later parts see other weights. Let "
        "the gradients of all parts add up, then take one step."
    )


def _parts(x, y, at_once):
    return list(zip(x.split(at_once), y.split(at_once), strict=True))


def _mean_loss(net, part):
    return F.cross_entropy(net(part[0]), part[1])


def _sum_of_means(net, x, y, n):
    return sum(_mean_loss(net, part) for part in _parts(x, y, n))


MEANS = (
    "The mean of the parts' means counts a picture of a small part more than others. "
    "Divide each part's sum by the number of all pictures."
)
LOSSES = [
    (
        _sum_of_means,
        "You added the means of the parts. Each is divided by its own number of "
        "pictures; the loss of the batch is one sum, divided by all.",
    ),
    (
        lambda net, x, y, n: _sum_of_means(net, x, y, n) / len(_parts(x, y, n)),
        MEANS,
    ),
    (
        lambda net, x, y, n: _sum_of_means(net, x, y, n) / n,
        "A part holds `at_once` pictures, or fewer; and there are several. Divide each "
        "part's sum by the number of all pictures, `len(labels)`.",
    ),
    (
        lambda net, x, y, n: _sum_of_means(net, x, y, n) * n / len(y),
        "The last part is smaller than `at_once`: give it the weight of its own number "
        "of pictures.",
    ),
    (
        lambda net, x, y, n: F.cross_entropy(net(x), y, reduction="sum"),
        "That is the sum over the batch. Divide by the number of its pictures.",
    ),
    (
        lambda net, x, y, n: _mean_loss(net, _parts(x, y, n)[-1]),
        "That is the last part alone.",
    ),
    (
        lambda net, x, y, n: _mean_loss(net, _parts(x, y, n)[0]),
        "That is the first part alone.",
    ),
    (
        lambda net, x, y, n: (
            _mean_loss(net, _parts(x, y, n)[-1]) * len(_parts(x, y, n)[-1][1]) / len(y)
        ),
        "That is the last part alone: add up.",
    ),
]
WIPED = (
    "Only the last part counted: the gradients of the others were wiped out. "
    "`zero_grad` comes once, before the first part."
)


def _moved(net, twin, x, y, at_once, expect):
    """The weights are those of `twin` one step with the whole batch later."""
    before = weights_of(twin)
    losses = made(LOSSES, twin, x, y, at_once)
    ways = [
        (gradients(loss, twin), WIPED if "last part alone" in hint else hint)
        for loss, hint in losses
    ]
    right = gradients(F.cross_entropy(twin(x), y), twin)
    if twin[-1].bias.grad is not None:
        old = torch.cat([p.grad.flatten() for p in twin.parameters()])
        ways.append((right + old, "The old gradients were still there: `zero_grad`."))
    expect.close(
        "the weights after it",
        weights_of(net),
        before - RATE * right,
        hint="The gradients of the parts must add up to that of the mean over the "
        "whole batch, with pictures and labels as they come.",
        mistakes=[(before - RATE * way, hint) for way, hint in ways],
        atol=1e-6,
    )


def _loss(loss, net, twin, x, y, at_once, expect):
    hint = "Add up `loss.item()`: a tensor drags the graphs of all parts along."
    loss = plain_number(loss, expect, hint)
    with torch.no_grad():
        want, after = (F.cross_entropy(n(x), y).item() for n in (twin, net))
        mistakes = made(LOSSES, twin, x, y, at_once)
    expect.number(
        "the loss",
        loss,
        want,
        hint="The mean over all pictures of the batch, before the step.",
        mistakes=[(after, "That is the loss after the step."), *mistakes],
    )

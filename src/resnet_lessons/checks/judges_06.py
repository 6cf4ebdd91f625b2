"""Chapter 6, skip connections: how the answers are judged."""

import copy

import torch
import torch.fx.experimental.symbolic_shapes  # what `grad_outputs` needs, slow to load
from torch import nn

from .. import nets
from .advice import MISFIT
from .describe import Words
from .expect import made
from .kept import unchanged
from .layers import count, randomise
from .mistakes_06 import PARAMETERS, SHORTCUT_A, TERMS

# 06.1 ------------------------------------------------------------------------------


FIT = [
    (
        "does not require grad",
        "Autograd is switched off here: write down by hand where each number goes.",
    ),
    (
        MISFIT,
        "y may have more channels than x, and a smaller grid. Print the shapes just "
        "before this line: what of g belongs to x, and where?",
    ),
]


def check_shortcut_a_backward(answer, expect):
    for shape, out_channels, stride in [
        ((2, 4, 8, 6), 8, 2),
        ((2, 3, 9, 7), 8, 2),
        ((2, 4, 5, 5), 10, 1),
        ((1, 4, 7, 8), 4, 3),
        ((2, 4, 5, 5), 4, 1),
        ((1, 4, 1, 1), 8, 2),
    ]:
        x = torch.randn(shape, requires_grad=True)
        y = nets.make_shortcut("A", shape[1], out_channels, stride)(x)
        g = torch.randn(y.shape)
        (want,) = torch.autograd.grad(y, x, g)
        given = g.clone()
        size = "×".join(map(str, g.shape))
        name = f"shortcut_a_backward(g, {shape}, {stride}), g of {size}"
        expect.trying(name, errors=FIT)
        with torch.no_grad():
            at_x = answer(given, shape, stride)
        expect.close(
            "the gradient at x",
            at_x,
            want,
            hint=_where(at_x, want),
            mistakes=made(SHORTCUT_A, g, shape, stride),
        )
        hint = (
            "Write into new zeros: `g.new_zeros(shape)`. A slice of g is a view into g."
        )
        unchanged(given, g, expect, hint, "g")


def _where(at_x, want) -> str:
    """Name the first axis that has another length."""
    if isinstance(at_x, torch.Tensor) and at_x.ndim == 4:
        for axis, what in enumerate(["pictures", "channels", "rows", "columns"]):
            if at_x.shape[axis] != want.shape[axis]:
                return (
                    f"Look at axis {axis}: {at_x.shape[axis]} {what} instead of "
                    f"{want.shape[axis]}."
                )
    return "What of g belongs to x goes to its place, as it is. All other places get 0."


# 06.2 ------------------------------------------------------------------------------


def check_shortcut_parameters(answer, expect):
    shapes = [(24, 64, 2), (16, 32, 1), (32, 32, 2), (32, 32, 1), (64, 256, 1)]
    for option in "BAC":
        for case in shapes:
            expect.trying("shortcut_parameters({}, {}, {}, {!r})".format(*case, option))
            expect.equal(
                "the number of parameters",
                answer(*case, option),
                count(nets.make_shortcut(option, *case)),
                hint="Does this option project here? No projection, no parameters. If "
                "it does, count convolution and BatchNorm apart.",
                mistakes=made(PARAMETERS, *case, option),
            )


# 06.3 ------------------------------------------------------------------------------

ERRORS = [
    (
        "does not require grad",
        "Autograd goes back only to an x that asks for a gradient, and not under "
        "`no_grad`. The x that you are given does not ask.",
    ),
    (
        "only for scalar",
        "F(x) is no single number. What arrives there on the way back? Tell autograd.",
    ),
    (
        "attempted to call in-place",
        "In training a BatchNorm counts its batches, which `torch.func` does not "
        "allow. `torch.autograd.grad` does.",
    ),
]


def check_gradient_terms(answer, expect):
    for what, size, norm, training in [
        ("a block of 4 channels, in evaluation mode", 4, nn.BatchNorm2d, False),
        ("a block of 8 channels without BatchNorm, in training mode", 8, None, True),
        ("a block of 6 channels, in training mode", 6, nn.BatchNorm2d, True),
    ]:
        residual = nets.BasicBlock(size, size, norm=norm).residual
        randomise(residual)
        residual.train(training)
        for parameter in residual.parameters():
            parameter.grad = torch.ones_like(parameter)
        x, g = torch.randn(2, size, 5, 5), torch.randn(2, size, 5, 5)
        given, before = x.clone(), copy.deepcopy(residual)
        expect.trying(f"F of {what}", errors=ERRORS)
        pair = _pair(answer(residual, given, g.clone()), expect)
        _no_trace(given, x, residual, before, expect)
        _terms(pair, before, x, g, expect)


def _pair(pair, expect) -> tuple:
    terms = pair if isinstance(pair, tuple | list) else ()
    fits = [isinstance(term, torch.Tensor) or term is ... for term in terms]
    if fits == [True, True] and any(term is not ... for term in terms):
        return pair
    hint = "Return both terms: `return through_shortcut, through_residual`."
    if any(isinstance(term, tuple) for term in terms):
        hint = "`torch.autograd.grad` returns a tuple: take its first element."
    if any(term is None for term in terms):
        hint = "One term is `None`: no gradient reached x. Did `.detach()` cut it off?"
    if any(term is ... for term in terms):
        pair = ...  # the starter's placeholder
    expect.equal("the result", pair, Words("two tensors"), hint=hint)


def _terms(pair, residual, x, g, expect):
    asks = x.clone().requires_grad_()
    known = made(TERMS, residual, x, g)  # first: some need averages that none moved
    (want,) = torch.autograd.grad(residual(asks), asks, grad_outputs=g)
    hints = [hint for wrong, hint in known if _same_pair(pair, wrong)]
    hint = hints[0] if hints else ""
    expect.written("the term through the shortcut", pair[0], pair, "a tensor")
    expect.close(
        "the term through the shortcut",
        pair[0],
        g,
        hint=hint or "y holds x once, so what arrives at y arrives at x: g.",
    )
    expect.written("the term through F", pair[1], pair, "a tensor")
    expect.close(
        "the term through F",
        pair[1],
        want,
        hint=hint or "Run g back through F, and through F alone, to x.",
    )
    (total,) = torch.autograd.grad(residual(asks) + asks, asks, grad_outputs=g)
    expect.close("their sum is the gradient of F(x) + x", pair[0] + pair[1], total)


def _same_pair(pair, wrong) -> bool:
    return all(
        a is ... or (a.shape == b.shape and torch.allclose(a, b, atol=1e-5))
        for a, b in zip(pair, wrong, strict=True)
    )


def _modes(net) -> list[bool]:
    return [part.training for part in net.modules()]


def _no_trace(given, x, residual, before, expect):
    expect.true(
        "x stays as it was",
        torch.equal(given, x) and not given.requires_grad and given.grad is None,
        got="x was changed, asks for gradients now, or has a `.grad`",
        expected="the same x",
        hint="`requires_grad_()`, `backward()` and what writes into x change the x of "
        "the caller: take `x.detach().clone()` first.",
    )
    expect.true(
        "each parameter has the `.grad` that it had",
        all(p.grad is not None and (p.grad == 1).all() for p in residual.parameters()),
        got="another one, or none",
        expected="the same",
        hint="`backward()` adds to the `.grad` of every parameter, and the next step "
        "of an optimiser would use them. `torch.autograd.grad` leaves them alone.",
    )
    now, then = residual.state_dict(), before.state_dict()
    mode = "Do not call `train()` or `eval()`: F comes in the mode that is wanted."
    expect.true(
        "F is in the mode that it was in",
        _modes(residual) == _modes(before),
        got="another mode",
        expected="the same",
        hint=mode,
    )
    other = [name for name in then if not torch.equal(now[name], then[name])]
    expect.true(
        "F has the same weights and running averages",
        not other,
        got=f"other ones, such as `{other[0]}`" if other else "the same",
        expected="the same",
        hint="In training every pass through a BatchNorm moves its averages and counts "
        "the batch. Send x through a copy: `copy.deepcopy(residual)`."
        if before.training
        else mode,
    )
    expect.true(
        "each parameter asks for gradients as before",
        all(p.requires_grad for p in residual.parameters()),
        got="one that no longer does",
        expected="all do",
        hint="Leave their `requires_grad` alone: `torch.autograd.grad` takes the "
        "gradients that it is asked for and no others.",
    )

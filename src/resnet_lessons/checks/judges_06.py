"""Chapter 6, skip connections: how the answers are judged."""

import copy

import torch
import torch.fx.experimental.symbolic_shapes  # what `grad_outputs` needs, slow to load
from torch import nn

from .. import nets
from .describe import Words
from .expect import made
from .kept import unchanged
from .layers import count, randomise
from .mistakes_06 import PARAMETERS, SHORTCUT_A, TERMS

# 06.1 ------------------------------------------------------------------------------


def check_shortcut_a(answer, expect):
    for shape, out_channels, stride in [
        ((2, 4, 8, 6), 8, 2),
        ((2, 3, 9, 7), 8, 2),
        ((2, 4, 5, 5), 10, 1),
        ((1, 4, 7, 7), 4, 3),
        ((2, 4, 5, 5), 4, 1),
        ((1, 4, 1, 1), 8, 2),
    ]:
        x = torch.randn(shape)
        given = x.clone()
        expect.trying(
            f"shortcut_a(x, {out_channels}, {stride}) on x of "
            + "×".join(map(str, shape)),
            "Slice x, then pad it: nothing else is needed.",
        )
        want = nets.make_shortcut("A", shape[1], out_channels, stride)(x)
        y = answer(given, out_channels, stride)
        expect.close(
            "the output",
            y,
            want,
            hint=_where(y, want),
            mistakes=_that_run(SHORTCUT_A, x, out_channels, stride),
        )
        hint = "A slice is a view into x: do not write into it."
        unchanged(given, x, expect, hint)
    _lets_gradients_through(answer, expect)


def _where(y, want) -> str:
    """Name the first axis that has another length."""
    if isinstance(y, torch.Tensor) and y.ndim == 4:
        for axis, what in enumerate(["pictures", "channels", "rows", "columns"]):
            if y.shape[axis] != want.shape[axis]:
                return (
                    f"Look at axis {axis}: {y.shape[axis]} {what} instead of "
                    f"{want.shape[axis]}."
                )
    return "Pick every `stride`-th row and column, then append zeros."


def _that_run(mistakes, *args) -> list[tuple]:
    """`made`, without the mistakes that stop with an error for these arguments."""
    found = []
    for mistake in mistakes:
        try:
            found += made([mistake], *args)
        except RuntimeError:
            continue
    return found


def _lets_gradients_through(answer, expect):
    expect.trying("the gradient of shortcut_a(x, 8, 2)")
    x = torch.randn(2, 4, 6, 6, requires_grad=True)
    y = answer(x, 8, 2)
    reached = torch.zeros_like(x)
    if y.requires_grad:
        (reached,) = torch.autograd.grad(y.sum(), x, materialize_grads=True)
    expect.close(
        "1 where x was picked, else 0",
        reached,
        torch.autograd.grad(nets.make_shortcut("A", 4, 8, 2)(x).sum(), x)[0],
        hint="`.detach()`, `.data`, `no_grad` and numpy cut the gradient: the skip "
        "must let it through.",
    )


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
]


def check_gradient_terms(answer, expect):
    for what, size, norm in [
        ("a block of 4 channels, in evaluation mode", 4, nn.BatchNorm2d),
        ("a block of 8 channels without BatchNorm, in training mode", 8, None),
    ]:
        residual = nets.BasicBlock(size, size, norm=norm).residual
        randomise(residual)
        residual.train(norm is None)
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
    (want,) = torch.autograd.grad(residual(asks), asks, grad_outputs=g)
    known = made(TERMS, residual, x, g)
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
    expect.true(
        "F is in the mode that it was in, with the same weights and averages",
        residual.training == before.training
        and all(torch.equal(now[k], then[k]) for k in then),
        got="another mode, or other values",
        expected="the same",
        hint="Do not call `train()` or `eval()`: F comes in the mode that is wanted.",
    )
    expect.true(
        "each parameter asks for gradients as before",
        all(p.requires_grad for p in residual.parameters()),
        got="one that no longer does",
        expected="all do",
        hint="Leave their `requires_grad` alone: `torch.autograd.grad` takes the "
        "gradients that it is asked for and no others.",
    )

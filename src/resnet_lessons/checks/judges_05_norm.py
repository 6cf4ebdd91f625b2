"""Chapter 5, gradients and how a net starts: how batch normalisation is judged."""

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from .advice import MISFIT
from .expect import made
from .kept import unchanged
from .mistakes_05_norm import (
    CUTS,
    FORMULAS,
    MOVED,
    STATISTICS,
    VARIANCES,
    along,
    on_other_axes,
    standard,
)

AXES = "x has any number of axes from two on. Average over all of them but axis 1."
ERRORS = [
    (
        "missing .* argument|unexpected keyword",
        "Keep the first line of the starter, with `momentum=0.1, eps=1e-5`.",
    ),
    ("numpy", "Stay with tensors: the gradient comes back through each step."),
    ("Dimension out of range|values to unpack", AXES),
    (
        MISFIT,
        "Mean and variance have the shape (C,), and the channels are axis 1 of x, "
        "however many axes follow. Print the shapes just before this line.",
    ),
]
WRITES = "`-=` and `/=` write into x: make a new tensor."
KINDS = "batch", "instance", "layer", "group"  # of PyTorch's own normalisations
CASES = [  # the shape of x, whether in training, the arguments by name
    ((6, 3, 4, 5), True, {}),
    ((6, 3, 4, 5), False, {}),
    ((8, 4), True, {"momentum": 0.3}),
    ((3, 3, 3, 3, 3), True, {"eps": 0.1}),
    ((1, 3, 3), False, {"eps": 0.1}),
    ((1, 4, 3, 4), True, {"momentum": 0.2, "eps": 0.01}),
    ((2, 5), False, {}),
]


def check_normalise(answer, expect):
    watch = _Watch()
    for shape, training, options in CASES:
        size = [1, shape[1]] + [1] * (len(shape) - 2)
        x = torch.randn(size) + (0.5 + torch.rand(size)) * torch.randn(shape)
        old = torch.randn(shape[1]), 0.5 + torch.rand(shape[1])
        words = "".join(f", {name}={value}" for name, value in options.items())
        expect.trying(
            f"normalise(x, mean, var, {training}{words}) on x of "
            + "×".join(map(str, shape)),
            errors=ERRORS,
        )
        asks = x.clone().requires_grad_()
        given, averages = asks * 1, [average.clone() for average in old]
        with watch, torch.enable_grad():  # which an answer may switch off for good
            y = answer(given, *averages, training, **options)
        wanted = [average.clone() for average in old]  # PyTorch moves them
        want = F.batch_norm(asks, *wanted, training=training, **options)
        _output(y, want, x, old, training, expect, **options)
        unchanged(given.detach(), x, expect, WRITES)
        judge = _moved if training else _kept
        judge(averages, wanted, old, x, expect, **options)
        _gradient(y, want, asks, training, expect, **options)
    expect.trying("all of these calls")
    expect.true(
        "none of PyTorch's normalisations runs",
        not watch.called,
        got=f"`{watch.called}`",
        expected="means and variances of your own",
        hint="The numbers are right. Now write the formula out, with `mean` and `var`.",
    )


class _Watch(TorchFunctionMode):
    """Notes which of PyTorch's own normalisations was called last."""

    called = ""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if any(f"{kind}_norm" in name for kind in KINDS):
            self.called = name
        return function(*args, **(kwargs or {}))


def _of_batch(x):
    """Mean and variance of each channel, with n in the denominator: (C,), (C,)."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    return x.mean(axes), x.var(axes, correction=0)


def _output(y, want, x, old, training, expect, momentum=0.1, eps=1e-5):
    right = _of_batch(x) if training else old
    wrong = made(STATISTICS[training], x, *old, momentum)
    wrong += on_other_axes(x) if training else []
    for axis in range(x.ndim):
        if axis != 1 and x.shape[axis] == x.shape[1]:
            hint = (
                f"Mean and variance lie along axis {axis} of x, the channels along 1."
            )
            wrong.append(([along(x, numbers, axis) for numbers in right], hint))
    hint = "Subtract the mean of each channel, then divide by √(σ² + ε)."
    if isinstance(y, torch.Tensor) and y.shape != x.shape:
        hint = (
            "It has the shape of x: lay mean and variance along axis 1 of x, "
            "however many axes follow."
        )
    expect.close(
        "the output",
        y,
        want,
        hint=hint,
        mistakes=[
            *made(FORMULAS, x, *[along(x, numbers) for numbers in right], eps),
            *[(standard(x, *numbers, eps), hint) for numbers, hint in wrong],
        ],
    )


def _moved(averages, wanted, old, x, expect, momentum=0.1, eps=1e-5):
    axes = [axis for axis in range(x.ndim) if axis != 1]
    for name, got, want, before, batch, more in [
        ("mean", averages[0], wanted[0], old[0], x.mean(axes), []),
        ("var", averages[1], wanted[1], old[1], x.var(axes), VARIANCES),
    ]:
        stayed = (
            f"The `{name}` of the caller stayed as it was. `{name} = …` only gives the "
            f"name to a new tensor. Write into the one that is given, as "
            f"`{name}.lerp_(…)` does."
        )
        expect.close(
            f"`{name}` afterwards",
            got,
            want,
            hint=f"Keep 1 - momentum of the old `{name}`, and add momentum times that "
            "of the batch.",
            mistakes=[
                (before, stayed),
                *made(more, before, x, axes, momentum),
                *made(MOVED, before, batch, momentum),
            ],
        )
    expect.true(
        "the averages keep no graph",
        not any(average.requires_grad for average in averages),
        got="one that asks for a gradient now",
        expected="plain numbers",
        hint="It would hold on to the graph of every batch so far. Move the averages "
        "under `torch.no_grad()`.",
    )


def _kept(averages, wanted, old, x, expect, momentum=0.1, eps=1e-5):
    for name, got, want in zip(("mean", "var"), averages, wanted, strict=True):
        expect.close(
            f"`{name}` afterwards",
            got,
            want,
            hint="In evaluation both averages are only read. Move them `if training`, "
            "and write into neither, as `+=` does.",
        )


def _gradient(y, want, asks, training, expect, momentum=0.1, eps=1e-5):
    g = torch.randn_like(want)

    def back(y):
        if not y.requires_grad:
            return torch.zeros_like(asks)
        options = {"retain_graph": True, "materialize_grads": True}
        return torch.autograd.grad(y, asks, g, **options)[0]

    laid = [along(asks, numbers) for numbers in _of_batch(asks)]
    cuts = made(CUTS, asks, *laid, eps) if training else []
    none = (
        "None comes back: `.detach()`, `.data` or `no_grad` cut it. Only moving the "
        "averages belongs under `no_grad`."
    )
    expect.close(
        "the gradient that reaches x",
        back(y),
        back(want),
        hint="It comes back through the difference and, in training, through mean and "
        "variance, which depend on x as well.",
        mistakes=[
            (torch.zeros_like(asks), none),
            *[(back(cut), hint) for cut, hint in cuts],
        ],
        atol=1e-4,
    )

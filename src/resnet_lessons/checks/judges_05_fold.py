"""Chapter 5, gradients and how a net starts: how a folded layer is judged."""

import copy

import torch
from torch import nn

from .expect import made
from .folding import COPY, ERRORS, by_weights_alone, kind_of
from .kept import shares_nothing, stays

ALIKE = (
    "One `nn.Conv2d` with the channels, kernel and groups of `conv`, and with a bias: "
    "no layer more, and none around it."
)


def check_fold(answer, expect):
    for what, channels, options, eps in [
        ("a convolution without bias", (3, 4), {"padding": 1, "bias": False}, 1e-5),
        ("one with a bias", (4, 4), {}, 1e-5),
        ("stride 2, dilation 2, ε = 0.1", (4, 6), {"stride": 2, "dilation": 2}, 0.1),
        ("three groups", (6, 6), {"groups": 3, "padding": 1}, 0.01),
    ]:
        conv = nn.Conv2d(*channels, 3, **options)
        norm = nn.BatchNorm2d(channels[1], eps)
        for tensor in (norm.weight, norm.bias, norm.running_mean):
            nn.init.normal_(tensor)  # a γ may be negative
        nn.init.uniform_(norm.running_var, 0.2, 2)
        conv.train(eps < 0.1), norm.train(eps < 0.01)  # each in both modes
        before = copy.deepcopy(conv), copy.deepcopy(norm)
        expect.trying(what, errors=ERRORS)
        folded = answer(conv, norm)
        expect.equal("the layer", kind_of(folded), kind_of(conv, bias=True), hint=ALIKE)
        stays("conv", conv, before[0], expect, COPY)
        stays("norm", norm, before[1], expect, READ)
        x = 1 + 2 * torch.randn(3, channels[0], 7, 6)
        with torch.no_grad():
            _computes_both(folded, *before, x, expect)
        shares_nothing("conv", conv, folded, before[0], expect, COPY)
        shares_nothing("norm", norm, folded, before[1], expect, READ)


READ = "Only read its weights and averages, and leave its mode."


def _computes_both(folded, conv, norm, x, expect):
    want = copy.deepcopy(norm).eval()(conv(x))
    y = folded(x)
    hint = "Keep stride, padding, dilation and groups of `conv`."
    expect.shape("its output", y, want.shape, hint=hint)
    mistakes = [
        (conv._conv_forward(x, *wrong), hint)
        for wrong, hint in made(FOLDED, conv, norm, _root(norm))
    ]
    mistakes.append((copy.deepcopy(norm).train()(conv(x)), BY_BATCH))
    expect.close(
        "its output, beside that of norm(conv(x)) in evaluation",
        y,
        want,
        hint="Write out γ (conv(x) - μ) / √(σ² + ε) + β. What stands before x, and "
        "what stands alone?",
        mistakes=mistakes,
        atol=1e-4,
    )
    expect.close(
        "the same from its weights alone",
        by_weights_alone(folded, conv, x),
        y,
        hint="Something is still computed in `forward` or in a hook. Put it into the "
        "weights.",
    )


BY_BATCH = (
    "These are mean and variance of a batch. In evaluation the running averages count: "
    "`norm.running_mean`, `norm.running_var`."
)


def _root(norm):
    return (norm.running_var + norm.eps).sqrt()


def _rows(scale):
    return scale[:, None, None, None]


def _bias(conv):
    return torch.zeros(conv.out_channels) if conv.bias is None else conv.bias


# Each gives the weight and the bias of the mistake. γ, β, μ: norm.weight, norm.bias and
# norm.running_mean; r: the root of σ² + ε.
FOLDED = [
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / n.running_var.sqrt()),
            n.bias + (_bias(c) - n.running_mean) * n.weight / n.running_var.sqrt(),
        ),
        "ε is missing under the root, or it is not that of the norm: `norm.eps`.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / (n.running_var.sqrt() + n.eps)),
            n.bias
            + (_bias(c) - n.running_mean) * n.weight / (n.running_var.sqrt() + n.eps),
        ),
        "ε is added before the root is taken: √(σ² + ε).",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r**2),
            n.bias + (_bias(c) - n.running_mean) * n.weight / r**2,
        ),
        "You divided by the variance. Divide by its root.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(1 / r),
            n.bias + (_bias(c) - n.running_mean) / r,
        ),
        "γ, `norm.weight`, is missing.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            (_bias(c) - n.running_mean) * n.weight / r,
        ),
        "β, `norm.bias`, is missing.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            (n.bias + _bias(c) - n.running_mean) * n.weight / r,
        ),
        "β, `norm.bias`, was scaled. It is added behind the scale.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            n.bias + (_bias(c) + n.running_mean) * n.weight / r,
        ),
        "The running mean was added. It is subtracted.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            n.bias + _bias(c) * n.weight / r,
        ),
        "The running mean is missing. It is subtracted before the scale comes.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            n.bias + _bias(c) - n.running_mean,
        ),
        "The scale is missing in the bias: what is subtracted is scaled with the rest.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            n.bias + _bias(c) - n.running_mean * n.weight / r,
        ),
        "The bias of `conv` goes through the norm, too: it is scaled.",
    ),
    (
        lambda c, n, r: (
            c.weight * _rows(n.weight / r),
            n.bias - n.running_mean * n.weight / r,
        ),
        "The bias of `conv` is lost. It is dead where a norm subtracts the mean of the "
        "batch, but here the running mean is a fixed number.",
    ),
    (
        lambda c, n, r: (
            c.weight,
            n.bias + (_bias(c) - n.running_mean) * n.weight / r,
        ),
        "The weights are still those of `conv`: scale them, too.",
    ),
]

"""Appendix D, the race: how a step of Muon is judged."""

import torch
from torch import nn

from .advice import MISFIT
from .describe import Words
from .expect import made
from .kept import can_learn, unchanged
from .mistakes_D_muon import MOMENTA, STEPS, Before, turn

FITTING = (
    "`torch.linalg.svd(matrix, full_matrices=False)` gives U, the singular values and "
    "V^T, transposed already. U @ V^T has the shape of the matrix; `.view_as(weight)` "
    "gives it that of the weight."
)


def check_muon_step(answer, expect):
    for shape, lr, mu, learns in [
        ((4, 3, 3, 3), 0.5, 0.7, True),
        ((6, 1, 2, 2), 0.2, 0.9, False),  # more rows than columns
        ((8, 2, 2, 2), 2.0, 0.5, True),  # as many
        ((5, 3, 1, 1), 0.1, 0.6, True),
        ((1, 2, 3, 3), 0.3, 0.8, False),
    ]:
        before = _before(shape, lr, mu)
        columns = before.weight[0].numel()
        what = f"{'×'.join(map(str, shape))} weights, a matrix of {shape[0]}×{columns}"
        expect.trying(f"{what}; lr {lr}, mu {mu}", errors=[(MISFIT, FITTING)])
        weight = before.weight.float()
        weight = nn.Parameter(weight) if learns else weight
        gradient, momentum = before.gradient.float(), before.momentum.float()
        answer(weight, gradient, momentum, lr, mu)
        hint = "Something writes into `gradient`. Only read it."
        unchanged(gradient, before.gradient.float(), expect, hint, "`gradient`")
        _moved(before, weight.detach(), momentum, expect)
        if learns:
            hint = "More steps will follow: leave its `requires_grad` as it is."
            can_learn([weight], expect, hint)


def _before(shape, lr, mu) -> Before:
    """A momentum whose singular values will lie between 0.5 and 4 after the step."""
    matrix = torch.randn(shape).flatten(1)
    values = torch.linspace(4, 0.5, min(matrix.shape))
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    weight, momentum = torch.randn(2, *shape)
    gradient = (u @ torch.diag(values) @ vh).view(shape) - mu * momentum
    return Before(weight.double(), gradient.double(), momentum.double(), lr, mu)


def _moved(before: Before, weight, momentum, expect):
    expect.close(
        "the momentum",
        momentum,
        before.moved.float(),
        hint="It becomes mu · M + G, in the tensor that was given.",
        mistakes=made(MOMENTA, before),
    )
    expect.shape("the weight", weight, tuple(before.weight.shape), hint=FITTING)
    expect.equal(
        "its kind of number",
        Words(weight.dtype),
        Words(torch.float32),
        hint="`weight.data = …` gives it other numbers. Write into those it has: "
        "`weight.sub_(…)`.",
    )
    expect.close(
        "what the weight lost, divided by lr",
        ((before.weight - weight) / before.lr).float(),
        turn(before.moved).float(),
        hint="Of the momentum as a matrix, `momentum.flatten(1)`, take U and V^T "
        "(`torch.linalg.svd` returns V^T, not V). The weight loses `lr` times U V^T.",
        mistakes=made(STEPS, before),
        atol=2e-4,
    )

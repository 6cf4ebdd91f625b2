"""What an answer must leave as it was, and what it must leave able to learn."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

WRITES = "Something writes into x: `+=`, or a ReLU with `inplace=True`."
ONLY_READ = "`pop` and `sort` change the list of the caller. Only read it."


def unchanged(given: Tensor, x: Tensor, expect, hint: str = WRITES, name: str = "x"):
    """Expect that `given`, which the answer got as a copy of x, is still like x."""
    expect.true(
        f"{name} stays as it was",
        torch.equal(given, x) and given.requires_grad == x.requires_grad,
        got=f"{name} was changed",
        expected=f"the same {name}",
        hint=hint,
    )


def list_stays(given, before, expect, hint: str = ONLY_READ):
    """Expect that a list which the answer got is afterwards what it was before."""
    expect.equal("the list stays as it was", given, before, hint=hint)


# What a net is, and how to ask for it.
PARTS = {
    "layers": str,
    "numbers": lambda net: {name: t.tolist() for name, t in net.state_dict().items()},
    "mode": lambda net: [part.training for part in net.modules()],
    "`requires_grad`": lambda net: [p.requires_grad for p in net.parameters()],
}


def stays(name: str, net: nn.Module, before: nn.Module, expect, hint: str):
    """Expect `net` to be what its copy `before` is, in all of PARTS."""
    changed = [part for part, of in PARTS.items() if of(net) != of(before)]
    if "layers" in changed:
        changed = ["layers"]  # all else follows
    expect.true(
        f"{name} stays as it was",
        not changed,
        got=f"other {' and '.join(changed)}",
        expected="the same",
        hint=hint,
    )


def shares_nothing(name: str, net: nn.Module, new: nn.Module, before, expect, hint):
    """Expect that `net` stays as it was when `new`, which was made of it, learns."""
    with torch.no_grad():
        for tensor in new.state_dict().values():
            tensor.add_(1)
    stays(f"when the new one learns, {name}", net, before, expect, hint)


def in_training(net: nn.Module, expect, hint: str):
    """Expect `net`, which came in training mode, to be in it still, with every part."""
    expect.true(
        "the net is still in training mode",
        all(module.training for module in net.modules()),
        got="evaluation mode",
        expected="training mode, as it came",
        hint=hint,
    )


def can_learn(parameters: Iterable[nn.Parameter], expect, hint: str):
    """Expect that none of `parameters` is frozen."""
    expect.true(
        "every parameter can learn",
        all(parameter.requires_grad for parameter in parameters),
        got="`requires_grad` is off",
        expected="`requires_grad` is on",
        hint=hint,
    )

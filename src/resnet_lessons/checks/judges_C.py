"""Appendix C, more than one GPU: how the answers are judged."""

import torch
from torch import Tensor, nn

from .advice import MISFIT
from .describe import Words, describe
from .expect import made
from .mistakes_C import AVERAGES, MEANS, VARIANCES


def row(tensors) -> Tensor:
    """All numbers of these tensors as one list."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def numbers(given):
    """Tensors and lists of them, to any depth, as lists of numbers."""
    if isinstance(given, Tensor):
        return given.tolist()
    return [numbers(part) for part in given] if isinstance(given, list) else given


def only_read(given, before, expect):
    """Expect what the answer got, to any depth, to hold the numbers of `before`."""
    expect.true(
        "what was given stays as it was",
        numbers(given) == before,
        got="it was changed",
        expected="the same numbers",
        hint="`+=`, `*=`, names that end in `_`, `sort()` and `pop()` write into what "
        "is given. Make something new: `a = a + b`.",
    )


def _is_nan(got) -> bool:
    return isinstance(got, Tensor) and bool(got.isnan().any())


# C.1 -------------------------------------------------------------------------------


NO_PICTURES = (
    "A count may be 0, so nothing can be divided by it. Divide by the number of all "
    "pictures."
)
BY_PARAMETER = (
    "`gradients[r]` is a list of tensors, which differ in shape. Go parameter by "
    "parameter: `for owns in zip(*gradients)`."
)
ERRORS = [
    ("^ZeroDivisionError", NO_PICTURES),
    ("got list|'list'|only one element|sequence", BY_PARAMETER),
    (MISFIT, BY_PARAMETER),
]


def check_averaged(answer, expect):
    for counts in [(2, 7), (1, 4, 6), (5, 0, 3, 9, 1), (4, 4), (3,)]:
        names = ", ".join(map(str, counts))
        expect.trying(f"shares of {names} pictures", errors=ERRORS)
        gradients, whole = _gradients(counts)
        copies = [[tensor.clone() for tensor in own] for own in gradients]
        given = [copies, list(counts)]
        got = answer(*given)
        _one_each(got, gradients, expect)
        only_read(given, numbers([gradients, [*counts]]), expect)
        rows = torch.stack([row(own) for own in gradients]).double()
        got = row(got)
        expect.close(
            "all gradients as one list of numbers",
            got,
            row(whole),
            hint=NO_PICTURES
            if 0 in counts and _is_nan(got)
            else "The mean over all pictures: each process weighs as much as it has "
            "pictures.",
            mistakes=made(AVERAGES, rows, torch.tensor(counts).double()),
        )


def _gradients(counts):
    """Those of shares of these sizes, for each a list, and that of all pictures."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    shares = [(torch.randn(n, 3) * 2, torch.randint(3, (n,))) for n in counts]
    x, y = (torch.cat(both) for both in zip(*shares, strict=True))
    return [_gradient(net, *share) for share in shares], _gradient(net, x, y)


def _gradient(net, x, y) -> list[Tensor]:
    if not len(x):
        return [torch.zeros_like(parameter) for parameter in net.parameters()]
    loss = nn.functional.cross_entropy(net(x), y)
    return list(torch.autograd.grad(loss, net.parameters()))


def _one_each(got, gradients, expect):
    """Expect one tensor for each parameter, in its shape."""
    processes, parameters = len(gradients), len(gradients[0])
    expect.equal(
        "what is returned",
        _kind(got),
        Words(f"a list of {parameters} tensors"),
        hint="Return a list with one tensor of PyTorch for each parameter. `list(…)` "
        "makes one of what can be looped over; `+` and `*` join and repeat lists.",
        mistakes=[
            (
                Words("one tensor"),
                "One tensor for each parameter, in its shape, in a list.",
            ),
            (
                Words(f"a list of {processes} tensors"),
                "As many as there are processes. Return one for each parameter: "
                "`zip(*gradients)` goes parameter by parameter.",
            ),
            (
                Words(f"a list of {processes * parameters} tensors"),
                "`+` joins lists one behind the other. Add the tensors of a parameter.",
            ),
        ],
    )
    likes = gradients[0]
    expect.equal(
        "their shapes",
        _shapes(got),
        _shapes(likes),
        hint="The gradient of a parameter has its shape: add up over the processes, "
        "and over nothing else.",
        mistakes=[
            (
                _shapes([torch.stack([like] * processes) for like in likes]),
                "The processes still lie side by side: add up over the first axis.",
            ),
        ],
    )


def _shapes(tensors) -> Words:
    shapes = ("×".join(map(str, tensor.shape)) or "()" for tensor in tensors)
    return Words(", ".join(shapes))


def _kind(got):
    if got is ... or got is None:
        return got
    if isinstance(got, Tensor):
        return Words("one tensor")
    if not isinstance(got, tuple | list):
        return Words(describe(got))
    if all(isinstance(part, Tensor) for part in got):
        return Words(f"a list of {len(got)} tensors")
    other = next(part for part in got if not isinstance(part, Tensor))
    return Words(f"a list that holds {describe(other)}")


# C.2 -------------------------------------------------------------------------------


ROWS = (
    "`means` and `variances` are (R, C), `counts` is (R,): `counts[:, None]` is (R, 1) "
    "and multiplies row by row."
)
PER_CHANNEL = (
    "One number for each channel: add up over the shares, the first axis, and over "
    "nothing else."
)
PARTS = ["the mean", "the variance"]
HINTS = [
    "The mean of all values: each share weighs as much as it has values.",
    "Of a share comes σ_r² + (μ_r − μ)², and of that the mean over all values.",
]
SINGLE = "A share may have one value only, so nothing can be divided by one less."
ROUNDED = (
    "For small means it was right: this is rounding. A mean of squares minus μ² is a "
    "small difference of large numbers. Subtract μ from the means before you square."
)
SWAPPED = "The two are swapped: first the mean, then the variance."


def check_merge(answer, expect):
    for what, counts, base in [
        ("three shares, of 6, 2 and 10 values", (6, 2, 10), 0),
        ("five shares, of 3 values each", (3,) * 5, 0),
        ("two shares, one of a single value", (1, 7), 0),
        ("one share", (8,), 0),
        ("four shares, means near 10,000", (5, 20, 9, 14), 1e4),
    ]:
        expect.trying(what, errors=[(MISFIT, ROWS)])
        values = _values(counts, base)
        case = [*_statistics(values), torch.tensor(counts).float()]
        given = [tensor.clone() for tensor in case]
        pair = expect.pair(answer(*given), "mean, variance")
        only_read(given, numbers(case), expect)
        whole = torch.cat(values)
        wants = whole.mean(0), whole.var(0, correction=0)
        means, variances, sizes = (tensor.double() for tensor in case)
        known = [
            [*made(MEANS, means, sizes), (wants[1], SWAPPED)],
            made(VARIANCES, means, variances, sizes),
        ]
        for place, (got, want) in enumerate(zip(pair, wants, strict=True)):
            expect.written(PARTS[place], got, pair, "a tensor")
            if got is not ...:
                what = f"the shape of {PARTS[place]}"
                expect.shape(what, got, tuple(want.shape), hint=PER_CHANNEL)
            expect.close(
                PARTS[place],
                got,
                want.float(),
                hint=_hint(got, place, counts, base),
                mistakes=() if base and place else known[place],
                atol=0.02 if base else 1e-4,
            )


def _values(counts, base) -> list[Tensor]:
    """For each share (n, 6): the channels differ in spread, the shares in mean."""
    spread = torch.linspace(0.5, 3, 6).double()  # no case has 6 shares
    means = base + 2 * torch.randn(len(counts), 6)
    return [
        mean + spread * torch.randn(count, 6)
        for mean, count in zip(means.double(), counts, strict=True)
    ]


def _statistics(values) -> tuple[Tensor, Tensor]:
    """Means and variances of the shares, (R, C) each."""
    means = torch.stack([share.mean(0) for share in values])
    variances = torch.stack([share.var(0, correction=0) for share in values])
    return means.float(), variances.float()


def _hint(got, place, counts, base) -> str:
    if 1 in counts and _is_nan(got):
        return SINGLE
    return ROUNDED if base and place else HINTS[place]

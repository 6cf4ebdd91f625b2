"""Chapter 13, what it learned: how the use of hooks is judged."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from .describe import Words, describe
from .expect import made
from .kept import list_stays, stays, unchanged
from .layers import randomise
from .mistakes_13_hooks import SPREADS, Seen

SIZE = 8  # of the pictures, which have two channels


class TwoWays(nn.Module):
    """Runs its parts in another order than it lists them, and adds two of them."""

    def __init__(self):
        super().__init__()
        self.third = nn.Conv2d(4, 3, 1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.first = nn.Conv2d(2, 4, 3)

    def forward(self, x):
        x = self.first(x).relu()
        return self.third(self.second(x) + x)


def _stack(inplace=False):
    layers = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=inplace)
    return nn.Sequential(*layers, nn.Conv2d(4, 3, 3))


def _nested():
    head = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 5))
    return nn.Sequential(_stack(), head)


@dataclass(frozen=True)
class Case:
    what: str
    net: nn.Module
    parts: list[nn.Module]
    hint: str


HOOK = (
    "A forward hook on each part gets the module, its inputs and its output: measure "
    "the output there, `output.std().item()`."
)
ORDER = (
    "The numbers follow `parts`, in whatever order the net runs them: keep each under "
    "its module, `found[module]`."
)
AFTERWARDS = (
    "The ReLU writes into what the layer before it has put out. Measure inside the "
    "hook, when the part has just run."
)
NESTED = (
    "A part may lie inside another, and may be the net itself. A hook works on any "
    "module; calling the layers by hand does not."
)


def cases() -> list[Case]:
    plain, inplace, nested, two = _stack(), _stack(inplace=True), _nested(), TwoWays()
    found = [
        Case("a stack of four layers", plain, list(plain), HOOK),
        Case("its last layer, then its first", plain, [plain[3], plain[0]], ORDER),
        Case("a stack with `inplace=True` in its ReLU: its layers in front of that",
             inplace, [inplace[0], inplace[1]], AFTERWARDS),
        Case("a stack in a stack: a layer inside, the net itself, one more layer",
             nested, [nested[1][2], nested, nested[0][0]], NESTED),
        Case("a net with its own `forward`: its parts as `children()` gives them",
             two, list(two.children()), ORDER),
    ]  # fmt: skip
    for case in found:
        randomise(case.net)
        case.net.eval()
    return found


LOOK = "Only look: the mode, the numbers and `requires_grad` are the caller's."
ERRORS = [
    (
        "^KeyError",
        "Was something kept under this key? A function that is made in a loop looks "
        "its names up when it runs: by then a name of the loop has its last value.",
    ),
    (
        r"'(float|int)' object has no attribute 'dim'|not (float|int)\Z|\b0D input",
        "What a hook returns takes the place of the output, unless it is `None`. Let "
        "it keep a number and return nothing.",
    ),
    (
        "positional argument",
        "A forward hook is called with three things: the module, its inputs, its "
        "output. `spreads` is called with the net, the parts and x.",
    ),
    (
        "std.*(complex|floating)|'tuple' object has no attribute 'std'",
        "The second thing that a hook gets is a tuple, the inputs. The output is the "
        "third.",
    ),
]


def check_spreads(answer, expect):
    for case in cases():
        expect.trying(case.what, errors=ERRORS)
        net, parts, x = case.net, case.parts, torch.randn(3, 2, SIZE, SIZE)
        seen = look(net, parts, x)
        own = net.register_forward_hook(lambda *_: None)  # somebody else's
        before, attached = copy.deepcopy(net), _attached(net)
        given, listed = x.clone(), list(parts)
        try:
            got = answer(net, listed, given)
        finally:
            after = _attached(net)
            own.remove()
        if not torch.equal(given, x) or listed != parts:  # all else follows
            unchanged(given, x, expect)
            list_stays(listed, parts, expect)
        numbers = _numbers(got)
        expect.equal(
            "the standard deviation of each part's output",
            _as_it_came(got) if numbers is None else Spreads(numbers),
            Spreads(seen.right),
            hint=_kind(got) if numbers is None else _hint(numbers, case),
            mistakes=[(Spreads(some), hint) for some, hint in made(SPREADS, seen)],
        )
        expect.true(
            "the hooks of the net",
            after == attached,
            got=_changed(after, attached),
            expected="those that it had before",
            hint="What was attached goes on at every later run: take each of your own "
            "hooks off again, `hook.remove()`, and no other.",
        )
        stays("the net", net, before, expect, LOOK)
    unchanged(given, x, expect)
    list_stays(listed, parts, expect)


@torch.no_grad()
def look(net, parts, x) -> Seen:
    """What goes into each part and out of it, as it runs and when all has run."""
    seen = Seen(parts)

    def note(module, inputs, output):
        seen.order.append(module)
        seen.inputs[module], seen.outputs[module] = inputs[0].clone(), output.clone()
        seen.kept[module] = output

    hooks = [part.register_forward_hook(note) for part in parts]
    seen.result = net(x.clone())
    for hook in hooks:
        hook.remove()
    moving = copy.deepcopy(net).train()
    twins = dict(zip(net.modules(), moving.modules(), strict=True))
    hooks = [
        twins[part].register_forward_hook(
            lambda _, __, output, part=part: seen.trained.update({part: output.clone()})
        )
        for part in parts
    ]
    moving(x.clone())
    return seen


class Spreads(Words):
    """Numbers in words, and equal up to rounding."""

    __hash__ = None

    def __new__(cls, numbers):
        words = ("None" if n is None else f"{n:.4g}" for n in numbers)
        text = super().__new__(cls, ", ".join(words) or "no number")
        text.numbers = numbers
        return text

    def __eq__(self, other):
        if not isinstance(other, Spreads) or len(self.numbers) != len(other.numbers):
            return False
        return all(map(_alike, self.numbers, other.numbers))


def _alike(one, other) -> bool:
    if None in (one, other):
        return one is other
    return math.isclose(one, other, rel_tol=1e-4)


def _numbers(got) -> list | None:
    """The numbers of a list, an array or a tensor; `None` may be among them."""
    got = got.tolist() if hasattr(got, "tolist") else got
    if not isinstance(got, list | tuple):
        return None
    try:
        found = [n.item() if hasattr(n, "item") else n for n in got]
    except Exception:  # a tensor that holds several
        return None
    return found if all(type(n) in (int, float, type(None)) for n in found) else None


def _as_it_came(got):
    """For the message only: nothing that could be equal to numbers."""
    return got if got is None or got is ... else Words(describe(got))


def _kind(got) -> str:
    if isinstance(got, dict):
        return "Return a list of numbers, in the order of `parts`: no dict."
    return (
        "Return a list with one number for each part. `output.std()` without an axis "
        "is that of all numbers in it."
    )


def _hint(numbers, case) -> str:
    if len(numbers) != len(case.parts):
        return (
            f"The length is {len(numbers)}, and there are {len(case.parts)} parts. One "
            "number for each is asked for, however often the net runs."
        )
    return case.hint


HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def _attached(net) -> list:
    """The hooks of each module, and the names that were set on it."""
    return [
        [list(vars(module)[name].values()) for name in HOOKS] + [sorted(vars(module))]
        for module in net.modules()
    ]


def _changed(after, before) -> str:
    hooks, known = (
        sum(len(kind) for module in found for kind in module[:-1])
        for found in (after, before)
    )
    if hooks > known:
        return f"{hooks - known} more"
    return f"{known - hooks} fewer" if hooks < known else "something else was set on it"

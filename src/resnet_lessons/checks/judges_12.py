"""Chapter 12, transfer: how the answers are judged."""

import torch
from torch import nn

from .. import nets
from .describe import Words, describe
from .layers import randomise
from .mistakes_12 import LEARN, MOVE, RATES

NAMES = ["stem", "stage 1", "stage 2", "stage 3", "head"]
THREE = "The net tried here has three stages: count them by `len(net.stages)`."
HAS = [("^IndexError", THREE)]


def _net(depth=8):
    net = nets.cifar_net(depth, width=4, num_classes=3)
    randomise(net)
    return net


def _parts(net) -> dict[str, nn.Module]:
    return dict(zip(NAMES, [net.stem, *net.stages, net.head], strict=True))


def _words(names) -> Words:
    return Words(", ".join(names) or "nothing")


# 12.1 ------------------------------------------------------------------------------


def check_freeze(answer, expect):
    for stages, before in [(1, "fresh"), (3, "fresh"), (2, "frozen"), (0, "frozen")]:
        expect.trying(f"freeze(net, {stages}), of a {before} net", errors=HAS)
        net = _net()
        if before == "frozen":
            net.requires_grad_(False).eval()
        given = _copied(net)
        answer(net, stages)
        expect.equal(
            "parts that have other weights or averages now",
            _words(n for n, part in _parts(net).items() if _moved(given[n], part)),
            _words([]),
            hint="To freeze is to switch, not to change: all numbers of the net, those "
            "of the head too, stay what they were.",
        )
        _learns(net, stages, before, expect)
        _holds(net, stages, expect)
        _trains(net, stages, expect)


def _learns(net, stages, before, expect):
    parts = _parts(net)
    flags = {n: [p.requires_grad for p in m.parameters()] for n, m in parts.items()}
    half = [n for n, found in flags.items() if any(found) and not all(found)]
    expect.true(
        "every part learns as a whole or not at all",
        not half,
        got=f"a part of {', '.join(half)} learns",
        expected="all parameters of a part alike",
        hint="Convolutions are not all: BatchNorm has a γ and a β that learn too. "
        "`part.requires_grad_(False)` reaches every one.",
    )
    # On a module the name without underscore is a new attribute, and nothing more.
    named = any("requires_grad" in vars(module) for module in net.modules())
    expect.equal(
        "parts whose parameters learn",
        _words(n for n, found in flags.items() if all(found)),
        _words(NAMES[1 + stages :]),
        hint="The stem and the first `stages` stages are frozen, all others learn.",
        mistakes=[
            (_words(value), hint) for value, hint in LEARN(stages, before, named)
        ],
    )


def _holds(net, stages, expect):
    """Which statistics move in a forward pass, and does a picture stand alone?"""
    parts = _parts(net)
    before = _copied(net)
    x = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        net(x)
    moved = [n for n, part in parts.items() if _moved(before[n], part)]
    expect.equal(
        "parts whose statistics move when a batch passes",
        _words(moved),
        _words(n for n in NAMES[1 + stages :] if n != "head"),
        hint="BatchNorm averages whatever passes in training mode. `part.eval()` "
        "stops it in the frozen parts; the others stay in training mode.",
        mistakes=[(_words(value), hint) for value, hint in MOVE(stages)],
    )
    frozen = nn.Sequential(*[parts[n] for n in NAMES[: 1 + stages]])
    with torch.no_grad():
        alone, among = frozen(x[:1]), frozen(x)[:1]
    expect.true(
        "frozen parts treat a picture alike, alone and in a batch",
        torch.allclose(alone, among, atol=1e-4),
        got="another output among other pictures",
        expected="the same output",
        hint="A BatchNorm there still uses the statistics of the batch. In eval mode "
        "it uses the ones it has kept.",
    )


def _trains(net, stages, expect):
    parts = _parts(net)
    before = _copied(net)
    learn = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learn, lr=0.1)
    x = torch.randn(8, 3, 16, 16)
    loss = nn.functional.cross_entropy(net(x), torch.arange(8) % 3)
    loss.backward()
    optimizer.step()
    expect.equal(
        "parts that a step of training changes",
        _words(n for n, part in parts.items() if _moved(before[n], part)),
        _words(NAMES[1 + stages :]),
        hint="The stem and the first `stages` stages stay as they are.",
    )


def _copied(net) -> dict[str, list[torch.Tensor]]:
    return {name: _numbers(part) for name, part in _parts(net).items()}


def _numbers(part) -> list[torch.Tensor]:
    return [t.clone() for t in part.state_dict().values() if t.is_floating_point()]


def _moved(before, part) -> bool:
    now = _numbers(part)
    return len(now) != len(before) or not all(map(torch.equal, before, now))


# 12.2 ------------------------------------------------------------------------------


def check_parameter_groups(answer, expect):
    for frozen, lr, factor in [
        ((), 0.1, 10),
        (("stem", "stage 1"), 0.8, 2),
        (("stage 2",), 0.9, 3),
        (("stem", "stage 1", "stage 2", "stage 3"), 0.5, 5),
        (("block 1 of stage 3",), 0.6, 2),
    ]:
        net = _net(14)  # two blocks in each stage
        for name in frozen:
            _parts(net).get(name, net.stages[2][0]).requires_grad_(False)
        still = f"with {' and '.join(frozen)} frozen" if frozen else "nothing frozen"
        expect.trying(f"parameter_groups(net, {lr}, {factor}), {still}", errors=HAS)
        groups = _groups(answer(net, lr, factor), expect)
        _each_once(groups, net, expect)
        _rates(groups, net, (frozen, lr, factor), expect)


def _groups(found, expect) -> list[tuple[list, float]]:
    placeholder = found is ... or found is None
    kind = found if placeholder else Words(type(found).__name__)
    expect.equal("what is returned", kind, Words("list"), hint=ONE)
    good = all(isinstance(g, dict) and {"params", "lr"} <= g.keys() for g in found)
    expect.true(
        'each entry is a dictionary with "params" and "lr"',
        good,
        got=describe(found),
        expected='[{"params": …, "lr": …}, …]',
        hint=ONE,
    )
    groups = [(_listed(g["params"]), g["lr"]) for g in found]
    expect.true(
        "no group is empty",
        all(parameters for parameters, _ in groups),
        got="a group without a parameter",
        expected="groups of parts that learn",
        hint="Leave the group of a frozen part out. Is a generator used twice? It is "
        "empty after the first time: make a list of it.",
    )
    return groups


ONE = 'One dictionary for each part that learns: `{"params": [...], "lr": ...}`.'


def _listed(parameters) -> list:
    return [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)


def _each_once(groups, net, expect):
    held = [id(p) for parameters, _ in groups for p in parameters]
    expect.true(
        "the groups hold parameters of this net",
        set(held) <= set(map(id, net.parameters())),
        got="something else",
        expected="what `part.parameters()` gives",
        hint="An optimiser changes the parameters themselves: take neither their names "
        "nor other tensors made of them, such as `.data`.",
    )
    expect.true(
        "no parameter is in two groups",
        len(held) == len(set(held)),
        got=f"{len(held) - len(set(held))} of them twice",
        expected="each once",
        hint="An optimiser refuses this. `net.parameters()` holds those of all parts: "
        "take each part's own.",
    )
    still = {id(p) for p in net.parameters() if not p.requires_grad}
    expect.true(
        "no frozen parameter is in a group",
        not still & set(held),
        got="parameters that do not learn",
        expected="only those with `requires_grad`",
        hint="`[p for p in part.parameters() if p.requires_grad]`.",
    )


def _rates(groups, net, case, expect):
    owner = {id(p): n for n, part in _parts(net).items() for p in part.parameters()}
    rates = {}
    for parameters, rate in groups:
        for p in parameters:
            rates.setdefault(owner[id(p)], set()).add(rate)
    want = {n: 0.0 for n in NAMES if n not in case[0]}
    expect.equal(
        "parts that have a rate",
        _words(n for n in NAMES if n in rates),
        _words(want),
        hint="From the head through the stages to the stem: each part that learns.",
    )
    held = sum(len(parameters) for parameters, _ in groups)
    all_ = sum(p.requires_grad for p in net.parameters())
    expect.equal(
        "parameters in the groups",
        held,
        all_,
        hint="Every parameter of the part belongs to its group: weights, biases, "
        "BatchNorm's γ and β.",
    )
    expect.equal(
        "parts with more than one rate",
        _words(n for n in NAMES if len(rates.get(n, ())) > 1),
        _words([]),
        hint="The blocks of a stage share its rate.",
    )
    expect.equal(
        "their rates",
        _rate_words({n: next(iter(found)) for n, found in rates.items()}),
        _rate_words(RATES[0][0](*case)),
        hint=RATES[0][1],
        mistakes=[(_rate_words(rule(*case)), hint) for rule, hint in RATES[1:]],
    )
    expect.equal("how many groups", len(groups), len(want), hint=ONE)


def _rate_words(rates) -> Words:
    return Words(", ".join(f"{n} {rates[n]:.4g}" for n in NAMES if n in rates))

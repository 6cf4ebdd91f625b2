"""Appendix E: how paths are joined, and the mistakes in it, each with its hint."""

from functools import partial

import torch
import torch.nn.functional as F

PLACES = {"first": 0, "second": 2, "last": 4}  # convolutions in a path


def _joined(place, part, join, paths):
    return join([getattr(path[PLACES[place]], part).detach() for path in paths])


RIGHT = {
    ("first", "weight"): torch.cat,
    ("first", "bias"): torch.cat,
    ("second", "weight"): torch.cat,
    ("second", "bias"): torch.cat,
    ("last", "weight"): partial(torch.cat, dim=1),
    ("last", "bias"): sum,
}
JOINED = {key: partial(_joined, *key, join) for key, join in RIGHT.items()}


def _run(paths, x, joins=RIGHT, relus=(F.relu, F.relu), padding=(0, 1)):
    """The merged net on x, its tensors joined in this way."""
    tensors = [_joined(*key, join, paths) for key, join in joins.items()]
    for number, after in enumerate([*relus, lambda y: y]):
        options = {"padding": padding[number]} if number < 2 else {}
        if number == 1:
            options["groups"] = len(paths)
        x = after(F.conv2d(x, *tensors[2 * number : 2 * number + 2], **options))
    return x


def _otherwise(changes, hint):
    """A mistake: some of the tensors are joined in another way."""
    return lambda net, x: _run(net.paths, x, RIGHT | changes), hint


def _forward(hint, **options):
    """A mistake: the weights are right, and run otherwise."""
    return lambda net, x: _run(net.paths, x, **options), hint


def _of_the_result(change, hint):
    """A mistake: x and the sum of the paths, in another combination."""
    return lambda net, x: change(net(x), x, len(net.paths)), hint


def _each(change, places=PLACES):
    """The tensors of `places` are what they are, of other paths."""
    return {
        key: lambda tensors, join=join: join(change(tensors))
        for key, join in RIGHT.items()
        if key[0] in places
    }


def _without(places):
    """The biases of `places` are 0."""
    joins = ((place, RIGHT[place, "bias"]) for place in places)
    return {
        (place, "bias"): lambda tensors, join=join: 0 * join(tensors)
        for place, join in joins
    }


def _mixed(tensors):
    """The first channel of each path, then the second of each."""
    return torch.stack(tensors, 1).flatten(0, 1)


LAST = ("last", "bias")
SUM = "All paths add theirs, so their biases are added, too."
MERGED = [
    _otherwise(
        {LAST: lambda b: sum(b) / len(b)},
        f"The last bias is the mean of those of the paths. {SUM}",
    ),
    _otherwise(
        {LAST: lambda b: b[0]},
        f"The last bias is that of the first path alone. {SUM}",
    ),
    _otherwise(
        {LAST: lambda b: b[-1]},
        f"The last bias is that of the last path alone. {SUM}",
    ),
    _otherwise(_without(["last"]), f"The last bias is 0. {SUM}"),
    _otherwise(_without(PLACES), "All biases are 0. Join those of the paths."),
    _otherwise(
        _without(["first", "second"]),
        "The biases of the first two convolutions are 0. Join those of the paths.",
    ),
    _otherwise(
        _without(["first"]),
        "The bias of the first convolution is 0. Join those of the paths.",
    ),
    _otherwise(
        _without(["second"]),
        "The bias of the second convolution is 0. Join those of the paths.",
    ),
    _otherwise(
        {("last", "weight"): lambda w: torch.cat(w).view(len(w[0]), -1, 1, 1)},
        "The weights of the last convolution are joined along its outputs, and then "
        "made to fit, which mixes them up. Its inputs grow: `torch.cat(…, 1)`.",
    ),
    _otherwise(
        {("last", "weight"): lambda w: torch.stack(w, 2).flatten(1, 2)},
        "The inputs of the last convolution are in another order than the channels "
        "that reach it: first all of the first path, then all of the second.",
    ),
    _otherwise(
        {("last", "weight"): lambda w: torch.cat(w, 1) / len(w)},
        "The weights of the last convolution are divided by the number of paths. "
        "A sum is asked for, not a mean.",
    ),
    _otherwise(
        {("first", "weight"): _mixed, ("first", "bias"): _mixed},
        "The outputs of the first convolution are in another order than the groups "
        "read them: first all of the first path, then all of the second.",
    ),
    _otherwise(
        {(place, part): _mixed for place, part in RIGHT if place != "last"}
        | {("last", "weight"): lambda w: torch.stack(w, 2).flatten(1, 2)},
        "A group takes channels that lie side by side: first all of the first path, "
        "then all of the second.",
    ),
    _otherwise(
        _each(lambda tensors: tensors[:1] * len(tensors)),
        "All groups hold what the first path does. Each path has a group of its own.",
    ),
    _otherwise(
        _each(lambda tensors: tensors[-1:] * len(tensors)),
        "All groups hold what the last path does. Each path has a group of its own.",
    ),
    *(
        _otherwise(
            _each(lambda tensors: tensors[::-1], [place]),
            f"In the {place} convolution the paths stand in the opposite order. It "
            "must be the same order in all three.",
        )
        for place in ("first", "second", "last")
    ),
    _of_the_result(
        lambda y, x, n: y / n,
        "That is the mean of the paths. Their sum is asked for.",
    ),
    _of_the_result(
        lambda y, x, n: y + x,
        "x is added. The shortcut does not belong to this net.",
    ),
    _of_the_result(
        lambda y, x, n: F.relu(y + x),
        "x is added, and a ReLU follows. Neither belongs to this net.",
    ),
    _of_the_result(
        lambda y, x, n: F.relu(y),
        "A ReLU follows the last convolution. The paths end without one.",
    ),
    _forward("Both ReLUs are missing.", relus=[lambda y: y] * 2),
    _forward("The first ReLU is missing.", relus=[lambda y: y, F.relu]),
    _forward("The second ReLU is missing.", relus=[F.relu, lambda y: y]),
    _forward(
        "The first convolution has the padding. It belongs to the 3×3 one: what lies "
        "beyond the edge of the picture is 0 there, not the bias.",
        padding=(1, 0),
    ),
]

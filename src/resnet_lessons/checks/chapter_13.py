"""Chapter 13, what it learned: the exercises and their reference answers."""

from itertools import pairwise

import torch

from .exercise import Exercise
from .judges_13 import check_filter_normalised, check_grad_cam
from .judges_13_bowl import check_could_be_convex
from .judges_13_hooks import check_spreads


def spreads(net, parts, x):
    found = {}

    def measure(module, inputs, output):
        found[module] = output.std().item()

    hooks = [part.register_forward_hook(measure) for part in parts]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return [found[part] for part in parts]


def filter_normalised(direction, weight):
    if weight.dim() < 2:  # a bias, or BatchNorm's own
        return torch.zeros_like(weight)
    rows = direction.flatten(1)  # (out, numbers in a filter)
    lengths = rows.norm(dim=1, keepdim=True)
    wanted = weight.flatten(1).norm(dim=1, keepdim=True)
    return (rows / lengths * wanted).reshape(weight.shape)


def grad_cam(features, scores):
    (gradients,) = torch.autograd.grad(scores.sum(), features)
    weights = gradients.mean((2, 3), keepdim=True)  # (B, K, 1, 1)
    return (weights * features).sum(1).relu()


def could_be_convex(positions, losses):
    steps = zip(pairwise(positions), pairwise(losses), strict=True)
    slopes = [
        (after - before) / (end - start) for (start, end), (before, after) in steps
    ]
    return all(left <= right for left, right in pairwise(slopes))


EXERCISES = [
    Exercise(
        id="13.1",
        title="The spread of each layer",
        prompt="""\
Write `spreads(net, parts, x)`. `parts` is a list of different modules in `net`, and
perhaps `net` itself; each of them runs once when `net` runs. Return a list of floats:
for each part, in the order of `parts`, the standard deviation of all numbers in what
it puts out when `net` runs on $x$, as `.std()` computes it. The parts may run in
another order, and one may lie inside another. What counts is the output as the part
hands it on: a later layer with `inplace=True` may write over it. `net` is in eval mode.
It stays as it was, with the hooks that it had before and no others. $x$ and `parts`
stay as they were, too.
""",
        starter='''\
import torch


def spreads(net, parts, x):
    """the modules `parts` of `net`, x (B, C, H, W) -> a number for each part"""
    return ...
''',
        hints=(
            "`part.register_forward_hook(function)` makes PyTorch call "
            "`function(module, inputs, output)` each time the part has run. It returns "
            "a handle, and `handle.remove()` takes the hook off.",
            "A tensor that you keep may be written over before you look at it. A "
            "number that you keep stays: `output.std().item()`, inside the hook.",
            "Let the hook store the number in a dict under its module, "
            "`found[module]`. After the run read the dict in the order of `parts`.",
        ),
        answer=spreads,
        check=check_spreads,
    ),
    Exercise(
        id="13.2",
        title="A direction, filter by filter",
        prompt="""\
Write `filter_normalised(direction, weight)`. Both tensors have the same shape, and a
new one of this shape is returned. Where `weight` belongs to a convolution
(out × in × k × k) or a linear layer (out × in), each of the `out` filters of
`direction` keeps the way it points and gets the length of the same filter of `weight`.
Where `weight` has one axis only (a bias, or γ and β of BatchNorm), the result is 0: the
net does not move there. No filter of `direction` is zero.
""",
        starter="""\
import torch


def filter_normalised(direction, weight):
    return ...
""",
        hints=(
            "The length of a filter is the root of the sum of its squares, over all "
            "axes but the first.",
            "`tensor.flatten(1)` makes one row of each filter, and "
            "`rows.norm(dim=1, keepdim=True)` measures the rows.",
            "Divide each row by its own length, multiply by the length of the row of "
            "`weight`, and give it the old shape again. `weight.dim()` counts axes.",
        ),
        answer=filter_normalised,
        check=check_filter_normalised,
    ),
    Exercise(
        id="13.3",
        title="Grad-CAM",
        prompt="""\
Write `grad_cam(features, scores)`, which returns the maps $(B, h, w)$ of Grad-CAM.
`features` $(B, K, h, w)$ is what some layer has put out, and `scores` $(B,)$ holds, for
each picture, the score of the class asked about; PyTorch has recorded how it was
computed from `features`. The score of one picture depends on its own features alone.
""",
        starter='''\
import torch


def grad_cam(features, scores):
    """features (B, K, h, w), scores (B,) -> (B, h, w)"""
    return ...
''',
        hints=(
            "The weight of a channel is the mean over its places of the gradient of "
            "the score.",
            "`torch.autograd.grad(scores.sum(), features)` gives a tuple with one "
            "tensor of the shape of `features`. Adding up is no harm: each score "
            "depends on its own picture.",
            "`gradients.mean((2, 3), keepdim=True)` are the weights. Multiply, sum "
            "over the channels, and cut at 0 with `.relu()`.",
        ),
        answer=grad_cam,
        check=check_grad_cam,
    ),
    Exercise(
        id="13.4",
        title="Can this be a bowl?",
        prompt="""\
Somebody walked along a line through the weights of a net and measured the loss here and
there. `positions` is a list of places on the line, from left to right, perhaps not
evenly spaced, `losses` a list of what was found at each. Write
`could_be_convex(positions, losses)`: `True` if some convex function goes through all
the points, `False` if none does. A straight line is convex. Take the numbers as exact.
""",
        starter="""\
def could_be_convex(positions, losses):
    return ...
""",
        hints=(
            "Draw three points. When does the one in the middle lie above the straight "
            "line that joins its two neighbours?",
            "The slope of a convex function never gets smaller from left to right: -3, "
            "then -1, then 2.",
            "The slope of a step is its rise divided by its length. No slope may be "
            "smaller than the one before it.",
        ),
        answer=could_be_convex,
        check=check_could_be_convex,
    ),
]

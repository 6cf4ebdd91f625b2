"""The loss around a net, on a plane through its weights (chapter 13).

After Li et al. 2018, section 4: random directions, each filter of a direction as long
as the filter it moves. Biases and BatchNorm's parameters stay where they are.
"""

import copy
import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CEILING = 1e6  # what stands for a loss that is larger, infinite or no number
AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]  # eight neighbours
Direction = dict[str, Tensor]  # by the names of net.named_parameters()


def filter_normalised(direction: Tensor, weight: Tensor) -> Tensor:
    """`direction` with each filter rescaled to the norm of that filter of `weight`.

    Both are (out, ...): a filter is what makes one channel or, in a linear layer,
    one output. Zero where `weight` is (out,): a bias, or BatchNorm's own.
    """
    if weight.dim() < 2:
        return torch.zeros_like(weight)
    rows = direction.flatten(1)  # (out, in * k * k)
    sizes = weight.flatten(1).norm(dim=1, keepdim=True)  # (out, 1)
    lengths = rows.norm(dim=1, keepdim=True)
    # A filter without length has no direction to keep.
    scaled = torch.where(lengths > 0, rows * sizes / lengths, rows)
    return scaled.reshape(weight.shape)


@torch.no_grad()
def random_direction(net: nn.Module, generator: torch.Generator) -> Direction:
    """A filter-normalised direction for the weights of `net`, drawn on the CPU.

    Nets whose parameters have the same shapes in the same order get the same draws.
    """
    found = {}
    for name, weight in net.named_parameters():
        drawn = torch.randn(weight.shape, generator=generator).to(weight)
        found[name] = filter_normalised(drawn, weight)
    return found


@torch.no_grad()
def loss_surface(
    net: nn.Module,
    pictures: Tensor,  # (N, C, H, W), one batch
    labels: Tensor,  # (N,)
    across: Direction,
    along: Direction,
    axis: Sequence[float],  # steps in both directions; 0 is the net as it is
    batch_statistics: bool = True,  # False: BatchNorm's running ones, as in use
) -> list[list[float]]:
    """Mean cross-entropy at weights + axis[j] * across + axis[i] * along: [i][j].

    A loss above CEILING, or one that is no number, is written as CEILING. A copy of
    the net does the work: its weights and averages stay as they were.
    """
    moved = copy.deepcopy(net).eval()
    for module in moved.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train(batch_statistics)
    here = {name: weight.clone() for name, weight in moved.named_parameters()}

    def loss(a: float, b: float) -> float:
        for name, weight in moved.named_parameters():
            weight.copy_(here[name] + a * across[name] + b * along[name])
        value = F.cross_entropy(moved(pictures), labels).item()
        return min(value, CEILING) if math.isfinite(value) else CEILING

    return [[loss(a, b) for a in axis] for b in axis]


def rays(grid: Sequence[Sequence[float]]) -> list[list[float]]:
    """The losses from the middle of `grid` to its rim, one list for each of eight rays.

    `grid` is square with an odd side; the rays run along the axes and the diagonals.
    """
    middle = len(grid) // 2
    return [
        [grid[middle + i * step][middle + j * step] for step in range(middle + 1)]
        for i, j in AROUND
    ]


def falls(grid: Sequence[Sequence[float]]) -> float:
    """Share of the steps outwards on `rays` on which the loss falls, 0 to 1.

    0 for any surface that only climbs from its middle. First steps that fall say no
    more than that its lowest point lies elsewhere: `dents` leaves them out.
    """
    steps = [pair for ray in rays(grid) for pair in itertools.pairwise(ray)]
    return sum(after < before for before, after in steps) / len(steps)


def dents(grid: Sequence[Sequence[float]]) -> float:
    """Share of the steps on `rays` that fall after a climb on their ray, 0 to 1.

    Each of them shows that the surface is not convex. A surface without any may still
    not be: see `bends`.
    """
    found, steps = 0, 0
    for ray in rays(grid):
        climbed = False
        for before, after in itertools.pairwise(ray):
            found += climbed and after < before
            climbed = climbed or after > before
            steps += 1
    return found / steps


def bends(grid: Sequence[Sequence[float]]) -> float:
    """Share of the inner points of `rays` that lie above the middle of both neighbours.

    0 for a convex surface, 1 for a hill that falls ever faster.
    """
    bent = [
        2 * here > before + after
        for ray in rays(grid)
        for before, here, after in zip(ray, ray[1:], ray[2:], strict=False)
    ]
    return sum(bent) / len(bent)


def dips(grid: Sequence[Sequence[float]]) -> int:
    """Points inside `grid` that lie below all eight neighbours: its local minima.

    Of neighbours that are equal the first counts as the lower: losses are rounded. A
    convex surface has several where its valley runs askew to the grid.
    """
    inside = range(1, len(grid) - 1)
    return sum(
        all((grid[y][x], 0, 0) < (grid[y + i][x + j], i, j) for i, j in AROUND)
        for y in inside
        for x in inside
    )

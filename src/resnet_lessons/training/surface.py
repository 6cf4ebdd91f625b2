"""A training, then the loss around the net that came out of it (chapter 13).

The `measured` of a Seed:

    pictures  of the training split, as they are, in one batch
    axis      steps along both directions; 0 is the trained net
    guess     loss of a net that gives every class the same chance: ln(classes)
    ceiling   what stands for a loss above it
    planes    one for each pair of directions:
        seed     of the two directions
        batch    losses [row][column], BatchNorm with the batch's own statistics
        running  the same with its running ones; null where not measured
        clipped  how many of these losses are the ceiling
        falls    share of the steps outwards on eight rays on which `batch` falls

The directions depend on the seed and the shapes of the weights: a plain and a residual
net of one depth (shortcut A) are cut along the same random numbers.
"""

from dataclasses import dataclass, replace
from math import log

import torch

from .. import data
from ..probes import surface
from .run import Run, fit, set_up, subset


@dataclass(frozen=True)
class Plan:
    """How much of the surface is measured."""

    points: int  # along each direction, odd, from -1 to 1
    pictures: int
    planes: int = 2  # the first with both kinds of statistics


PLANS = {"smoke": Plan(5, 64), "laptop": Plan(15, 200), "gpu": Plan(31, 1000, 3)}
PLANE_SEEDS = 1000  # apart, so that no two nets share a plane by chance


def axis(points: int) -> list[float]:
    """`points` even steps from -1 to 1; the middle one is exactly 0."""
    half = points // 2
    return [round(i / half, 6) for i in range(-half, half + 1)]


def plane(net, pictures, labels, steps: list[float], seed: int, both: bool) -> dict:
    """One of the `planes` of the module's text; `both` kinds of statistics or one."""
    generator = torch.Generator().manual_seed(seed)
    cut = [surface.random_direction(net, generator) for _ in range(2)]
    kinds = {"batch": True} | ({"running": False} if both else {})
    grids = {
        name: surface.loss_surface(net, pictures, labels, *cut, steps, kind)
        for name, kind in kinds.items()
    }
    losses = [x for grid in grids.values() for row in grid for x in row]
    rounded = {
        name: [[round(x, 4) for x in row] for row in grid]
        for name, grid in grids.items()
    }
    return {
        "seed": seed,
        "running": None,
        **rounded,
        "clipped": sum(x == surface.CEILING for x in losses),
        "falls": round(surface.falls(grids["batch"]), 4),
    }


def looked_at(images, size: int, count: int, device):
    """One batch of `count` training pictures as they are, drawn from all classes.

    They lie class by class: the first ones would be of one class.
    """
    some = subset(images, count)
    loader = data.loaders(some, size, len(some.train), device).train
    return next(iter(loader.new()))


def around(net, images, size: int, seed: int, plan: Plan, device, say) -> dict:
    """The `measured` of the module's text, for `net` and the pictures it learned."""
    pictures, labels = looked_at(images, size, plan.pictures, device)
    steps, planes = axis(plan.points), []
    for i in range(plan.planes):
        number = PLANE_SEEDS * (seed + 1) + i
        planes.append(plane(net, pictures, labels, steps, number, both=i == 0))
        say(f"plane {i + 1} of {plan.planes}: {planes[-1]['falls']:.1%} of steps fall")
    return {
        "pictures": len(labels),
        "axis": steps,
        "guess": round(log(len(images.classes)), 6),
        "ceiling": surface.CEILING,
        "planes": planes,
    }


def train(exp, profile, seed, device, resume, stand_in, say) -> Run:
    """Train as `run.train`, then look around; `run.train` calls this."""
    p = exp.profile(profile)
    device, images = set_up(exp, p, device, stand_in, say)
    images = subset(images, p.pictures)
    run, _ = fit(exp, profile, seed, device, images, resume, say)
    found = around(run.net, images, p.size, seed, PLANS[profile], device, say)
    return replace(run, result=replace(run.result, measured=found))

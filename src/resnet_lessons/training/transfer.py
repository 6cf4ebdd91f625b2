"""Transfer: a body learns without two classes, then these two from few pictures.

Chapter 12. The `epochs` of a Seed are those of the body, on the classes that are
left; its `measured` holds what became of the two classes:

    classes   names of the two
    ways      {way: {pictures a class: {
        accuracy      on the validation pictures of the two classes, 0 to 1
        train_loss    mean over the last tenth of the steps
        seconds       of training, all phases
        cpu_seconds   of the processor meanwhile: no other program adds to it
        parameters    that learn in the last phase
        old_accuracy  of the body with its old head back (frozen bodies only)
    }}}

Pictures a class are strings, as JSON wants keys. For one seed every way starts from
the same body, sees the same pictures in the same order, and takes the same number
of steps, but for `scratch-long`.
"""

import copy
import itertools
import math
from dataclasses import asdict, dataclass, replace
from time import perf_counter, process_time

import numpy as np
import torch
from torch import nn

from .. import data, nets, probes
from ..errors import LessonError
from .freezing import FALL, freeze, phase, rate_groups
from .learner import SLOWER
from .pipeline import accuracy
from .run import Run, fit, set_up, subset

HELD = (3, 5)  # labels kept from the body: cat and dog in CIFAR-10's order
LONG = 3  # times the steps, for the net from scratch that gets more of them


@dataclass(frozen=True)
class Plan:
    """How much the two classes get."""

    counts: tuple[int, ...]  # pictures of each of the two classes
    steps: int  # of the optimizer, both phases together
    batch_size: int = 32


PLANS = {
    "smoke": Plan((5, 20), 8, 8),
    "laptop": Plan((20, 100, 500), 120),
    "gpu": Plan((20, 100, 500), 500),
}


@dataclass(frozen=True)
class Way:
    """One way from a body to the two classes."""

    free: int = 0  # parts next to the head that learn in the last phase
    body: bool = True  # False: fresh weights
    head_first: bool = True  # half of the steps for the head alone
    still: bool = True  # BatchNorm of frozen parts in eval mode
    times: int = 1  # the steps of the plan


ALL = 4  # parts before the head of a CIFAR net: stem and three stages
WAYS = {
    "scratch": Way(ALL, body=False, head_first=False),
    "scratch-long": Way(ALL, body=False, head_first=False, times=LONG),
    "random-body": Way(0, body=False, still=False),
    "head": Way(0),
    "stage-3": Way(1),
    "stage-2": Way(2),
    "stage-1": Way(3),
    "all": Way(ALL),
    "all-at-once": Way(ALL, head_first=False),
    "head-moving-statistics": Way(0, still=False),
}
MAIN = "stage-3"  # its net, from the most pictures, is what a Run returns


def adapt(net: nets.ResNet, loader, way: Way, steps: int, lr: float) -> dict:
    """Train `net` in place as `way` says; returns its part of `measured`."""
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    steps *= way.times
    began, worked = perf_counter(), process_time()
    first = steps // 2 if way.head_first else 0
    if first:
        freeze(net, 0, way.still)
        phase(net, batches, first, rate_groups(net, 0, lr))
    freeze(net, way.free, way.still)
    fall = FALL if way.head_first else 1.0  # at once means: all at one rate
    groups = rate_groups(net, way.free, lr, fall)
    losses = phase(net, batches, steps - first, groups)
    last = losses[-max(1, steps // 10) :]
    if not math.isfinite(sum(last)):
        raise LessonError(f"The loss is no longer a number. {SLOWER}")
    return {
        "train_loss": round(sum(last) / len(last), 6),
        "seconds": round(perf_counter() - began, 3),
        "cpu_seconds": round(process_time() - worked, 3),
        "parameters": probes.trainable_parameters(net),
    }


def only(images, labels: tuple[int, ...]):
    """`images` with the classes `labels` alone, numbered again from 0."""
    new = {old: i for i, old in enumerate(labels)}

    def part(split):
        kept = np.flatnonzero(np.isin(split.labels, labels))
        renamed = np.array([new[label] for label in split.labels[kept]], dtype=np.int64)
        return data.Split(split.images[kept], renamed)

    return replace(
        images,
        classes=tuple(images.classes[i] for i in labels),
        train=part(images.train),
        valid=part(images.valid),
    )


def few(split, count: int, seed: int):
    """`count` pictures of each class; more of them hold the fewer of the same seed."""
    random = np.random.RandomState(seed)
    kept = [
        random.permutation(np.flatnonzero(split.labels == label))[:count]
        for label in np.unique(split.labels)
    ]
    return split.pick(np.sort(np.concatenate(kept)))


def train(exp, profile, seed, device, resume, stand_in, say) -> Run:
    """The body, then every way; as `run.train`, which calls this."""
    p, plan = exp.profile(profile), PLANS[profile]
    device, images = set_up(exp, p, device, stand_in, say)
    others = tuple(i for i in range(len(images.classes)) if i not in HELD)
    old, new = subset(only(images, others), p.pictures), only(images, HELD)
    more = {
        "held_out": list(new.classes),
        "plan": asdict(plan) | {"counts": list(plan.counts)},
    }
    run, dls = fit(exp, profile, seed, device, old, resume, say, **more)
    body = run.net
    found, kept = {}, None
    for name, way in WAYS.items():
        found[name] = {}
        for count in plan.counts:
            net = _start(exp, p, way, body, seed, device)
            split = few(new.train, count, seed)
            loaders = _loaders(split, new, dls.train, plan.batch_size, seed)
            result = adapt(net, loaders[0], way, plan.steps, p.lr)
            result["accuracy"] = accuracy(net, loaders[1])
            if way.body and way.free == 0:
                again = copy.copy(net)
                again._modules = net._modules | {"head": body.head}
                result["old_accuracy"] = accuracy(again, dls.valid)
            found[name][str(count)] = result
            say(f"{name}, {count} a class: accuracy {result['accuracy']:.1%}")
            if name == MAIN:
                kept = net
    measured = {"classes": list(new.classes), "ways": found}
    return replace(run, result=replace(run.result, measured=measured), net=kept)


def _start(exp, p, way: Way, body, seed: int, device):
    """A net of its own for `way`; its new weights depend on the seed alone.

    A net from scratch begins where the body of the same seed once began.
    """
    torch.manual_seed(seed)
    channels = next(body.parameters()).shape[1]
    if not way.body:
        net = nets.build(exp.net, len(HELD), channels, **p.options)
    else:
        net = copy.deepcopy(body)
        net.head[-1] = nn.Linear(net.head[-1].in_features, len(HELD))
    return net.to(device, memory_format=torch.channels_last)


def _loaders(split, new, like, batch_size: int, seed: int):
    """Training and validation loader, with the statistics the body was trained on."""
    shared = {
        "vocab": new.classes,
        "size": like.size,
        "stats": like.stats,
        "device": like.device,
    }
    size = min(batch_size, len(split))
    train = data.BatchLoader(
        split,
        batch_size=size,
        training=True,
        crop=like.crop,
        flip=like.flip,
        seed=seed,
        **shared,
    )
    return train, data.BatchLoader(new.valid, batch_size=256, **shared)

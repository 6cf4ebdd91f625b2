"""Making Records: runs of an experiment, and what is left to record."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from .. import data, nets, probes, records
from ..data.marker import sha256_file
from ..errors import LessonError
from ..records import Record
from .device import processor
from .experiments import EXPERIMENTS
from .profiles import Experiment
from .provenance import commit, versions
from .run import Run, train


def make_record(exp: Experiment, profile: str, runs: list[Run]) -> Record:
    """The Record of `runs`, all of `exp` under `profile`."""
    first = runs[0]
    command = f"resnet-lessons record {exp.name} --profile {profile}"
    command += f" --seeds {len(runs)}"
    if first.result.seed:  # one run alone: `record` begins with seed 0
        command = f"resnet-lessons train {exp.name} --profile {profile}"
        command += f" --seed {first.result.seed}"
    return Record(
        experiment=exp.name,
        title=exp.title,
        chapter=exp.chapter,
        profile=profile,
        config=first.config,
        data=first.data,
        device=first.device,
        processor=processor(),
        versions=versions("torch", "torchvision", "fastai", "numpy"),
        commit=commit(),
        command=command,
        recorded=date.today().isoformat(),
        seeds=[run.result for run in runs],
    )


def record(
    exp: Experiment,
    profile: str,
    seeds: int = 3,
    device: str = "auto",
    folder: Path = records.RECORDED,
    shared_by: int = 1,
    **options,
) -> Record:
    """Train `exp` with seeds 0 to seeds-1 and save the Record under `folder`.

    shared_by: how many runs use the device at once; the Record says so, since its
    seconds are longer for it.
    """
    runs = []
    for seed in range(seeds):
        runs.append(train(exp, profile, seed, device, **options))
        runs[-1].net.cpu()  # a GPU's memory is for the next
    path = records.weights_path(exp.name, profile, folder)
    part = path.with_suffix(".part")  # the old weights stay until their Record goes
    try:
        if exp.keep:
            runs[0] = keep_weights(runs[0], part)
        made = make_record(exp, profile, runs)
        if shared_by > 1:
            made = replace(
                made,
                device=f"{made.device}, {shared_by} runs at once",
                command=f"{made.command} --shared-by {shared_by}",
            )
        records.save(made, folder)
        if exp.keep:
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return made


def missing(profile: str, folder: Path = records.RECORDED) -> list[Experiment]:
    """Experiments without a Record of `profile` in `folder`, least work first."""
    kept = {r.experiment for r in records.catalogue(folder) if r.profile == profile}
    left = [
        exp
        for exp in EXPERIMENTS.values()
        if profile in exp.profiles and exp.name not in kept
    ]
    return sorted(left, key=lambda exp: work(exp, profile))


def work(exp: Experiment, profile: str) -> int:
    """Multiply-accumulates of one seed, forward: a net, times pictures and epochs."""
    p = exp.profile(profile)
    found = data.find(p.data)
    with torch.device("meta"):
        net = nets.build(exp.net, len(found.classes), found.channels, **p.options)
    pictures = min(p.pictures or sum(found.train), sum(found.train))
    return probes.macs(net, (found.channels, p.size, p.size)) * pictures * p.epochs


def keep_weights(run: Run, path: Path) -> Run:
    """Write the weights of `run` to `path`; the Run, with their hash in `measured`.

    LessonError where they cannot be written.
    """
    weights = {k: v.cpu().contiguous() for k, v in run.net.state_dict().items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, path)
    except (OSError, SafetensorError) as error:
        raise LessonError(
            f"The weights cannot be kept in {path.parent} ({error}). Make room, then "
            "run the same command with --resume."
        ) from None
    found = run.result.measured | {"weights_sha256": sha256_file(path)}
    return replace(run, result=replace(run.result, measured=found))

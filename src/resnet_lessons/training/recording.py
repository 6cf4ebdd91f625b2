"""Making Records, and reading them back where a reader does not train."""

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .. import data, nets, probes, records
from ..data.marker import sha256_file
from ..errors import LessonError, UsageError
from ..records import Record
from .experiments import EXPERIMENTS, Experiment, experiment
from .provenance import commit
from .run import Run, train

LIVE = "RESNET_LESSONS_LIVE"  # a profile's name: every notebook trains live with it


def make_record(exp: Experiment, profile: str, runs: list[Run]) -> Record:
    """The Record of `runs`, all of `exp` under `profile`."""
    first = runs[0]
    packages = ["torch", "torchvision", "fastai", "numpy"]
    command = f"resnet-lessons record {exp.name} --profile {profile}"
    command += f" --seeds {len(runs)}"
    if first.seed.seed:  # one run alone: `record` begins with seed 0
        command = f"resnet-lessons train {exp.name} --profile {profile}"
        command += f" --seed {first.seed.seed}"
    return Record(
        experiment=exp.name,
        title=exp.title,
        chapter=exp.chapter,
        profile=profile,
        config=first.config,
        data=first.data,
        device=first.device,
        versions={"python": platform.python_version()}
        | {name: version(name) for name in packages},
        commit=commit(),
        command=command,
        recorded=date.today().isoformat(),
        seeds=[run.seed for run in runs],
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
    if exp.keep:
        runs[0] = keep_weights(runs[0], records.weights_path(exp.name, profile, folder))
    made = make_record(exp, profile, runs)
    if shared_by > 1:
        made = replace(
            made,
            device=f"{made.device}, {shared_by} runs at once",
            command=f"{made.command} --shared-by {shared_by}",
        )
    records.save(made, folder)
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
    found = run.seed.measured | {"weights_sha256": sha256_file(path)}
    return replace(run, seed=replace(run.seed, measured=found))


def net_of(
    name: str,
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
    folder: Path = records.RECORDED,
) -> tuple[torch.nn.Module, Record]:
    """The trained net of experiment `name` in eval mode on the CPU, and its Record.

    For experiments with `keep`: trained here, or with the weights of seed 0 that were
    kept; `live` as in `records_of`. LessonError where the weights are not those of the
    Record.
    """
    profile = os.environ.get(LIVE) or _profile(live)
    if profile:
        made, run = _trained(name, profile, say)
        return run.net.cpu().eval(), made
    kept = records.load(name, "laptop", folder)
    path = records.weights_path(name, "laptop", folder)
    measured = kept.seeds[0].measured or {}
    if "weights_sha256" not in measured:
        raise UsageError(f"No weights are kept of '{name}': train it (LIVE = True).")
    if not path.is_file() or sha256_file(path) != measured["weights_sha256"]:
        raise LessonError(
            f"{path.name} is missing or changed. Make it again: {kept.command}"
        )
    found = data.find(kept.data["name"])
    options = kept.config["options"]
    net = nets.build(kept.config["net"], len(found.classes), found.channels, **options)
    net.load_state_dict(load_file(path))
    say(f"{_replayed(kept)} Its weights are those of seed 0.")
    return net.eval(), kept


def _trained(name: str, profile: str, say) -> tuple[Record, Run]:
    """Train experiment `name` here; the Record and the Run."""
    exp = experiment(name)
    run = train(exp, profile, stand_in=True, say=say)
    made = make_record(exp, profile, [run])
    say(f"Trained here, on {made.device}, profile {profile}.")
    return made, run


def _replayed(*kept: Record) -> str:
    """Where Records come from, a line for those that were made alike."""
    alike: dict[str, list[Record]] = {}
    for r in kept:
        made = (
            f"{r.data['variant']} at {r.config['size']} px, seeds "
            f"{', '.join(str(s.seed) for s in r.seeds)}, recorded {r.recorded} on "
            f"{r.device}"
        )
        alike.setdefault(made, []).append(r)
    lines = []
    for made, group in alike.items():
        titles = "; ".join(r.title for r in group)
        commits = list(dict.fromkeys(records.short_commit(r.commit) for r in group))
        word = "commit" if len(commits) == 1 else "commits"
        lines.append(f"Replayed: {titles} ({made}, {word} {', '.join(commits)}).")
    return "\n".join(lines)


def records_of(
    names: Iterable[str],
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
) -> list[Record]:
    """What a notebook shows for experiments: trained here, or replayed.

    live: None trains where there is CUDA and replays elsewhere; True trains;
    False replays; the name of a profile trains under it. Says which it did.
    """
    profile = os.environ.get(LIVE) or _profile(live)
    if profile:
        return [_trained(name, profile, say)[0] for name in names]
    kept = [records.load(name, "laptop") for name in names]
    say(_replayed(*kept))
    return kept


def record_of(name: str, live=None, say: Callable[[str], None] = print) -> Record:
    """`records_of`, for one experiment."""
    return records_of([name], live, say)[0]


def _profile(live: bool | str | None) -> str | None:
    if isinstance(live, str):
        return live
    if live is False:
        return None
    if data.best_device().type == "cuda":
        return "gpu"
    return "laptop" if live else None

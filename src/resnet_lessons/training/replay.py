"""What a notebook shows of an experiment: trained there, or read from its Record."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file

from .. import data, nets, records
from ..data.marker import sha256_file
from ..errors import LessonError, UsageError
from ..records import Record
from .experiments import experiment
from .recording import make_record
from .run import Run, train

LIVE = "RESNET_LESSONS_LIVE"  # a profile's name: every notebook trains live with it


def records_of(
    names: Iterable[str],
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
    resume: bool = False,
) -> list[Record]:
    """What a notebook shows for experiments: trained here, or replayed.

    live: None trains where there is CUDA and replays elsewhere; True trains;
    False replays; the name of a profile trains under it. Says which it did. resume: go
    on after the last epochs that were kept, with nothing to do where all were.
    UsageError, before the first one trains, where one has no such profile.
    """
    names = list(names)
    profile = os.environ.get(LIVE) or _profile(live)
    if profile:
        for name in names:
            experiment(name).profile(profile)
        return [_trained(name, profile, say, resume)[0] for name in names]
    kept = [records.load(name, "laptop") for name in names]
    say(_replayed(*kept))
    return kept


def record_of(
    name: str,
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
    resume: bool = False,
) -> Record:
    """`records_of`, for one experiment."""
    return records_of([name], live, say, resume)[0]


def net_of(
    name: str,
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
    folder: Path = records.RECORDED,
    resume: bool = False,
) -> tuple[torch.nn.Module, Record]:
    """The trained net of experiment `name` in eval mode on the CPU, and its Record.

    For experiments with `keep`: trained here, or with the weights of seed 0 that were
    kept; `live` and `resume` as in `records_of`. LessonError where the weights are not
    those of the Record.
    """
    profile = os.environ.get(LIVE) or _profile(live)
    if profile:
        made, run = _trained(name, profile, say, resume)
        return run.net.cpu().eval(), made
    kept = records.load(name, "laptop", folder)
    path = records.weights_path(name, "laptop", folder)
    measured = kept.seeds[0].measured
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


def _trained(name: str, profile: str, say, resume: bool) -> tuple[Record, Run]:
    """Train experiment `name` here; the Record and the Run."""
    exp = experiment(name)
    run = train(exp, profile, resume=resume, stand_in=True, say=say)
    made = make_record(exp, profile, [run])
    day, code = made.recorded, records.short_commit(made.commit)
    say(f"Trained here, on {made.machine}, profile {profile} ({day}, commit {code}).")
    return made, run


def _replayed(*kept: Record) -> str:
    """Where Records come from, a line for those that were made alike."""
    alike: dict[str, list[Record]] = {}
    for r in kept:
        made = (
            f"{r.data['variant']} at {r.config['size']} px, seeds "
            f"{', '.join(str(s.seed) for s in r.seeds)}, recorded {r.recorded} on "
            f"{r.machine}"
        )
        alike.setdefault(made, []).append(r)
    lines = []
    for made, group in alike.items():
        titles = "; ".join(r.title for r in group)
        commits = list(dict.fromkeys(records.short_commit(r.commit) for r in group))
        word = "commit" if len(commits) == 1 else "commits"
        lines.append(f"Replayed: {titles} ({made}, {word} {', '.join(commits)}).")
    return "\n".join(lines)


def _profile(live: bool | str | None) -> str | None:
    if isinstance(live, str):
        return live
    if live is False:
        return None
    if data.best_device().type == "cuda":
        return "gpu"
    return "laptop" if live else None

"""Making Records, and reading them back where a reader does not train."""

import os
import platform
import subprocess
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch

from .. import records
from ..records import Record
from .experiments import Experiment, experiment
from .run import Run, train

LIVE = "RESNET_LESSONS_LIVE"  # a profile's name: every notebook trains live with it


def commit() -> str:
    """The commit of the code that runs, or "released X" outside a clone."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changes = git("status", "--porcelain", "--", str(here.parent), ":!*.json")
        return git("rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return f"released {version('resnet-lessons')}"


def make_record(exp: Experiment, profile: str, runs: list[Run]) -> Record:
    """The Record of `runs`, all of `exp` under `profile`."""
    first = runs[0]
    packages = ["torch", "torchvision", "fastai", "numpy"]
    command = f"resnet-lessons record {exp.name} --profile {profile}"
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
        command=f"{command} --seeds {len(runs)}",
        recorded=date.today().isoformat(),
        seeds=[run.seed for run in runs],
    )


def record(
    exp: Experiment,
    profile: str,
    seeds: int = 3,
    device: str = "auto",
    folder: Path = records.RECORDED,
    **options,
) -> Record:
    """Train `exp` with seeds 0 to seeds-1 and save the Record under `folder`."""
    runs = [train(exp, profile, seed, device, **options) for seed in range(seeds)]
    made = make_record(exp, profile, runs)
    records.save(made, folder)
    return made


def record_of(
    name: str,
    live: bool | str | None = None,
    say: Callable[[str], None] = print,
) -> Record:
    """What a notebook shows for experiment `name`: trained here, or replayed.

    live: None trains where there is CUDA and replays elsewhere; True trains;
    False replays; the name of a profile trains under it. Says which it did.
    """
    profile = os.environ.get(LIVE) or _profile(live)
    if profile:
        exp = experiment(name)
        made = make_record(exp, profile, [train(exp, profile, stand_in=True, say=say)])
        say(f"Trained here, on {made.device}, profile {profile}.")
        return made
    kept = records.load(name, "laptop")
    say(
        f"Replayed: {kept.title}, {kept.data['variant']} at {kept.config['size']} px, "
        f"seeds {', '.join(str(s.seed) for s in kept.seeds)}, recorded "
        f"{kept.recorded} on {kept.device}, commit {kept.commit[:8]}."
    )
    return kept


def _profile(live: bool | str | None) -> str | None:
    if isinstance(live, str):
        return live
    if live or (live is None and torch.cuda.is_available()):
        return "gpu" if torch.cuda.is_available() else "laptop"
    return None

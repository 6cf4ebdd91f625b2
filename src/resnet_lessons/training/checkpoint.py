"""Checkpoints that survive a kill: weights, optimizer, random states, history.

One folder an epoch, written beside its final name and then renamed, so a reader
finds a whole checkpoint or none. Weights are safetensors; the rest is read with
`weights_only=True`: nothing is unpickled.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from fastai.callback.core import Callback
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .. import data
from ..data.marker import sha256_file
from ..errors import LessonError, UsageError
from .learner import History

KEEP = 2  # the newest; an older one is there when the newest is damaged
SECONDS = 10  # of work that a kill may cost: on a GPU to save takes as long as an epoch


def plain(value):
    """`value` with numpy's numbers as Python's: `weights_only` loads nothing else."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(v) for v in value)
    return value.item() if isinstance(value, np.generic) else value


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """`folder`, for this process alone.

    LessonError while another trains there, and where nothing can be written.
    """
    lock = FileLock(f"{folder}.lock", timeout=0)  # a kill frees it
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:  # an OSError, too
        raise LessonError(
            f"Another process is training {folder.name}. Wait until it is done."
        ) from None
    except OSError as error:
        raise LessonError(
            f"Checkpoints cannot be kept in {folder.parent} ({error.strerror}). Choose "
            "another folder with RESNET_LESSONS_DATA."
        ) from None
    try:
        yield folder
    finally:
        lock.release()


def save(folder: Path, learn, history: History, config: dict) -> None:
    """Write the state after the last finished epoch under `folder`.

    LessonError where it cannot be written; what was there before stays.
    """
    epoch = len(history.epochs)
    part = folder / f".part-{epoch:04}"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write(part, learn, history, config)
        final = folder / f"epoch-{epoch:04}"
        shutil.rmtree(final, ignore_errors=True)
        os.replace(part, final)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch's own: Runtime
        shutil.rmtree(part, ignore_errors=True)
        raise LessonError(
            f"No checkpoint could be kept in {folder} ({error}). Make room, or choose "
            "another folder with RESNET_LESSONS_DATA."
        ) from None
    for old in _newest_first(folder)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)  # a scanner may hold it: next time


def _write(part: Path, learn, history: History, config: dict) -> None:
    weights = {k: v.contiguous() for k, v in learn.model.state_dict().items()}
    save_file(weights, part / "weights.safetensors")
    state = {
        "optimizer": plain(learn.opt.state_dict()),
        "random": torch.get_rng_state(),  # a run draws from no other
        "loader": learn.dls.train.state_dict(),
    }
    torch.save(state, part / "state.pt")
    progress = {
        "config": config,
        "epochs": history.epochs,
        "sha256": {p.name: sha256_file(p) for p in sorted(part.iterdir())},
    }
    (part / "progress.json").write_text(json.dumps(progress), "utf-8")
    for path in part.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def restore(folder: Path, learn, history: History, config: dict) -> int:
    """Load the newest whole checkpoint; returns the number of finished epochs.

    0 where there is none. UsageError where the checkpoint is of another run.
    """
    for path in _newest_first(folder):
        progress = _read(path)
        if progress is None:
            continue
        if differ := [k for k in config if progress["config"].get(k) != config[k]]:
            key = differ[0]
            raise UsageError(
                f"The checkpoint in {path} was made with {key} "
                f"{progress['config'].get(key)!r}, this run has {config[key]!r}. "
                "Start afresh without --resume."
            )
        learn.model.load_state_dict(load_file(path / "weights.safetensors"))
        state = torch.load(path / "state.pt", "cpu", weights_only=True)
        learn.opt.load_state_dict(state["optimizer"])
        learn.dls.train.load_state_dict(state["loader"])
        torch.set_rng_state(state["random"])
        history.epochs = progress["epochs"]
        return len(history.epochs)
    if _newest_first(folder):
        raise LessonError(
            f"Every checkpoint in {folder} is damaged. Start afresh without --resume."
        )
    return 0


def folder_of(experiment: str, profile: str, seed: int) -> Path:
    """Where the checkpoints of a run lie."""
    return data.runs_folder() / f"{experiment}-{profile}-seed{seed}"


def clear(folder: Path) -> None:
    """Remove what an earlier run left under `folder`."""
    shutil.rmtree(folder, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*"), reverse=True)


def _read(path: Path) -> dict | None:
    """What `progress.json` says, or None where a file is missing or altered."""
    try:
        progress = json.loads((path / "progress.json").read_text("utf-8"))
        whole = all(sha256_file(path / n) == h for n, h in progress["sha256"].items())
        whole = whole and {"config", "epochs"} <= progress.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return progress if whole else None


class Checkpoints(Callback):
    """Saves after an epoch, once `History` has written it down.

    Only where SECONDS have passed since the start or the last time. Where it cannot,
    it says so, and the training goes on.
    """

    order = History.order + 1

    def __init__(
        self, folder: Path, history: History, config: dict, say: Callable[[str], None]
    ):
        self.folder, self.history, self.config, self.say = folder, history, config, say

    def before_fit(self):
        self.since = perf_counter()

    def after_validate(self):
        if self.epoch == 0:  # not before: a run without --resume may be a slip
            clear(self.folder)
        if perf_counter() - self.since >= SECONDS:
            try:
                save(self.folder, self.learn, self.history, self.config)
            except LessonError as error:
                self.say(str(error))
            self.since = perf_counter()

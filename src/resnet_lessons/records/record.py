"""The Record: one experiment under one profile, with each of its seeds."""

import json
import math
import os
import re
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from ..errors import LessonError, UsageError

RECORDED = Path(__file__).parent / "recorded"
SCHEMA = Path(__file__).parent / "schema.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Seed:
    """One training from one random start."""

    seed: int
    epochs: list[dict]  # epoch, train_loss, valid_loss, accuracy, *_seconds
    parameters: int
    macs: int  # multiply-accumulates for one picture, forward
    peak_memory_mb: float | None  # MiB of the device; None: not measured
    images_per_second: float  # training pictures, median over the epochs
    measured: dict = field(default_factory=dict)  # what else this experiment finds

    @property
    def accuracy(self) -> float:
        """Accuracy on the validation pictures after the last epoch, 0 to 1."""
        return self.epochs[-1]["accuracy"]

    @property
    def train_seconds(self) -> float:
        return sum(e["train_seconds"] for e in self.epochs)


@dataclass(frozen=True)
class Record:
    """What `resnet-lessons record` writes; see `schema.json` for each field."""

    experiment: str
    title: str
    chapter: int | str  # a letter for an appendix
    profile: str
    config: dict
    data: dict
    device: str
    versions: dict
    commit: str
    command: str
    recorded: str  # the day, ISO 8601
    processor: str | None = None  # its name; older Records do not know it
    seeds: list[Seed] = field(default_factory=list)

    @property
    def machine(self) -> str:
        """The device, and the processor where it is known: both decide the seconds."""
        return f"{self.device} ({self.processor})" if self.processor else self.device

    @property
    def accuracies(self) -> list[float]:
        return [s.accuracy for s in self.seeds]

    @property
    def accuracy(self) -> float:
        """Mean over the seeds, 0 to 1."""
        return statistics.mean(self.accuracies)

    @property
    def spread(self) -> float:
        """Sample standard deviation over the seeds, 0 for a single one."""
        return statistics.stdev(self.accuracies) if len(self.seeds) > 1 else 0.0

    def mean(self, key: str) -> list[float]:
        """The mean over the seeds of `key` (say `"train_loss"`), epoch by epoch."""
        return [
            statistics.mean(values) for values in zip(*self.curves(key), strict=True)
        ]

    def curves(self, key: str) -> list[list[float]]:
        """`key` over the epochs, one list for each seed."""
        return [[e[key] for e in s.epochs] for s in self.seeds]

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict) -> "Record":
        """The Record in `raw`; LessonError where the schema is not met."""
        validate(raw)
        return cls(**raw | {"seeds": [Seed(**s) for s in raw["seeds"]]})


def short_commit(commit: str) -> str:
    """Eight digits, and the "+changes" of edited code; a release stays as it is."""
    digits, plus, changes = commit.partition("+")
    return (digits[:8] if len(digits) == 40 else digits) + plus + changes


@cache
def _validator(schema: Path):
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8")))


def validate(raw: dict, schema: Path = SCHEMA) -> dict:
    """`raw`; LessonError with the first place where it is not what `schema` says."""
    rules = _validator(schema)
    for error in rules.iter_errors(raw):
        kind, _, _ = rules.schema["title"].partition(":")
        place = "/".join(map(str, error.absolute_path)) or "as a whole"
        raise LessonError(f"Not a valid {kind}: {place}: {error.message}")
    return raw


def write(raw: dict, path: Path) -> Path:
    """Write `raw` as JSON to `path`, whole or not at all; returns `path`.

    LessonError where a number is missing (NaN or infinite): JSON cannot hold it.
    """
    try:
        text = json.dumps(raw, indent=1, allow_nan=False) + "\n"
    except ValueError:
        place = next(_lost(raw))
        raise LessonError(
            f"{path.name} is not kept: {place} is no finite number. Repeat the run; if "
            "that does not help, on another device"
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(text, path)


def _lost(raw, *place):
    """Where in `raw` a number is not finite, as "seeds/0/epochs/1/valid_loss"."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from _lost(value, *place, key)
    elif isinstance(raw, list | tuple):
        for i, value in enumerate(raw):
            yield from _lost(value, *place, i)
    elif isinstance(raw, float) and not math.isfinite(raw):
        yield "/".join(map(str, place))


def write_whole(text: str, path: Path) -> Path:
    """Write `text` to `path`; a full disk or a kill leaves what was there before."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # two may write at once
    try:
        part.write_text(text, "utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def record_path(experiment: str, profile: str, folder: Path = RECORDED) -> Path:
    """Where the Record of `experiment` under `profile` lies, if there is one."""
    return folder / f"{experiment}.{profile}.json"


def weights_path(experiment: str, profile: str, folder: Path = RECORDED) -> Path:
    """Where the weights of an experiment with `keep` lie, beside its Record."""
    return record_path(experiment, profile, folder).with_suffix(".safetensors")


def save(record: Record, folder: Path = RECORDED) -> Path:
    """Write `record` whole or not at all; returns its path."""
    raw = record.to_dict()
    validate(raw)
    return write(raw, record_path(record.experiment, record.profile, folder))


def load(experiment: str, profile: str, folder: Path = RECORDED) -> Record:
    """The Record of `experiment` under `profile`.

    UsageError where there is none, with the command that makes it.
    """
    path = record_path(experiment, profile, folder)
    if not path.is_file():
        raise UsageError(
            f"No record of '{experiment}' under profile '{profile}'. "
            f"Make it: resnet-lessons record {experiment} --profile {profile}"
        )
    return read(path, Record.from_dict)


def read(path: Path, make: Callable[[dict], T]) -> T:
    """What `make` makes of the JSON in `path`; LessonErrors name the file."""
    try:
        return make(json.loads(path.read_text("utf-8")))
    except (LessonError, ValueError) as error:
        raise LessonError(f"{path}: {error}. Make it again, or move it away") from None


def catalogue(folder: Path = RECORDED) -> list[Record]:
    """All Records in `folder`, by chapter (appendices last), experiment (20 before
    110) and profile.
    """
    records = [read(path, Record.from_dict) for path in folder.glob("*.json")]

    def order(record: Record) -> tuple:
        padded = re.sub(r"\d+", lambda m: m[0].zfill(4), record.experiment)
        appendix = isinstance(record.chapter, str)
        return appendix, record.chapter, padded, record.profile

    return sorted(records, key=order)

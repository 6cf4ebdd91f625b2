"""Saved benches: how fast the pipeline is on a device, as `bench` measured it.

One JSON file for each machine lies under `benches/`. The command
`resnet-lessons bench --save` writes it; nobody edits it by hand.
"""

import re
from functools import partial
from pathlib import Path

from .record import read, validate, write

BENCHES = Path(__file__).parent / "benches"
SCHEMA = Path(__file__).parent / "bench_schema.json"

# What is measured, in words.
SOURCES = {
    "ours": "our loader",
    "fastai": "fastai's DataBlock",
    "torchvision": "torchvision's ImageFolder",
    "model_alone": "model alone",
}
AGAINST = {  # which ratio holds ours against which source
    "fastai": "times_faster_than_fastai",
    "torchvision": "times_faster_than_torchvision",
    "model_alone": "share_of_model_alone",
}
RATIOS = {
    "times_faster_than_fastai": "times as fast as fastai's DataBlock",
    "times_faster_than_torchvision": "times as fast as torchvision's ImageFolder",
    "share_of_model_alone": "of the speed of the model alone",
}
START_UP = {
    "import_seconds": "import resnet_lessons",
    "help_seconds": "resnet-lessons --help",
}


def ratio_words(ratio: dict) -> str:
    """Such as "5.12 (4.90 to 5.30)": the median round, the lowest and the highest."""
    middle, low, high = (f"{ratio[which]:#.3g}" for which in ("median", "low", "high"))
    return f"{middle} ({low} to {high})"


def verdict(value: float, target: float, at_most: bool = False) -> str:
    """Such as "missed by 0.8", or "reached"; `at_most` where less is better."""
    gap = value - target if at_most else target - value
    return f"missed by {gap:.2g}" if gap > 0 else "reached"


def machine(found: dict) -> str:
    """Device and processor of a bench: the other loaders decode on the processor."""
    return f"{found['device']} ({found['processor']})"


def _slug(words: str) -> str:
    """`words` as a file name."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def save(found: dict, folder: Path = BENCHES) -> Path:
    """Write the result of a bench whole or not at all; returns its path.

    It takes the place of an earlier one on the same machine. LessonError where
    `found` is not what the schema describes.
    """
    validate(found, SCHEMA)
    return write(found, folder / f"{_slug(machine(found))}.json")


def catalogue(folder: Path = BENCHES) -> list[dict]:
    """All saved benches in `folder`, by machine."""
    valid = partial(validate, schema=SCHEMA)
    return [read(path, valid) for path in sorted(folder.glob("*.json"))]

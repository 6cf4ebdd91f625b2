"""Records: what was trained, on what, with what result, and how to do it again.

One JSON file per experiment and profile lies under `recorded/`. The command
`resnet-lessons record NAME` writes it; nobody edits it by hand. What the command
`bench` measures is kept apart, in `benches`.
"""

from . import benches
from .record import (
    RECORDED,
    Record,
    Seed,
    catalogue,
    load,
    record_path,
    save,
    short_commit,
    validate,
    weights_path,
    write_whole,
)

__all__ = [
    "RECORDED",
    "Record",
    "Seed",
    "benches",
    "catalogue",
    "load",
    "record_path",
    "save",
    "short_commit",
    "validate",
    "weights_path",
    "write_whole",
]

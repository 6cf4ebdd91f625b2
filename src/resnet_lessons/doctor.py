"""What this machine has, for `resnet-lessons doctor`."""

import os
import platform
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from . import data

PACKAGES = ["torch", "torchvision", "fastai", "ipywidgets", "anywidget", "matplotlib"]
UNKNOWN = "unknown: torch does not load"


def examine() -> dict:
    """Python, packages, device, memory, checkpoints and data, as plain values."""
    root, runs = data.data_root(), data.runs_folder()
    rows = data.status()
    for row in rows:
        row["repair"] = data.how_to_repair(row["name"]) if row["problem"] else None
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": _device(),
        "memory_gb": _memory(),
        "data_root": str(root),
        "free_gb": _free(root),
        "writable": _writable(root),
        "runs": str(runs),
        "runs_gb": _size(runs),
        "data": rows,
    }


def report(found: dict) -> str:
    """`found` in words, with what to do about anything missing."""
    packages = ", ".join(f"{k} {v or 'MISSING'}" for k, v in found["packages"].items())
    free = "unknown" if found["free_gb"] is None else found["free_gb"]
    lines = [
        f"python    {found['python']}",
        f"packages  {packages}",
        f"device    {found['device']}, {found['memory_gb'] or 'unknown'} GB of memory",
        f"data in   {found['data_root']}, {free} GB free",
    ]
    if not found["writable"]:
        lines[-1] += "; nothing can be written there"
    if found["runs_gb"]:
        lines.append(
            f"runs in   {found['runs']}, {found['runs_gb']} GB of checkpoints: while "
            "nothing trains, and no stopped run is to go on with --resume, that folder "
            "may be removed"
        )
    for row in found["data"]:
        state = "built in" if row["built_in"] else "missing"
        if row["present"] and not row["built_in"]:
            state = f"here ({held(row)})"
        if row["problem"]:
            state = f"broken: {row['problem']}. {row['repair']}"
        lines.append(f"  {row['name']:<15} {state}")
    if None in found["packages"].values() or found["device"].startswith(UNKNOWN):
        lines.append(
            "Packages are missing or broken: in a clone of the book run `make book`; "
            "elsewhere install resnet-lessons again with pip"
        )
    if not found["writable"]:
        lines.append(
            "Before you fetch data, name a folder of yours in RESNET_LESSONS_DATA"
        )
    rows = [row for row in found["data"] if row["name"].startswith("imagenette")]
    if not any(row["present"] or row["problem"] for row in rows):
        size = sum(file.bytes for file in data.find("imagenette-160").archives) / 1e6
        lines.append(
            "Imagenette is missing: resnet-lessons data get imagenette-160 "
            f"({size:.0f} MB), or resnet-lessons data import imagenette PATH"
        )
    for row in found["data"]:
        if not (row["present"] or row["problem"] or row["name"].startswith("imagen")):
            lines.append(
                f"{row['title']} is missing: resnet-lessons data get {row['name']}, "
                f"or resnet-lessons data import {row['name']} PATH…"
            )
    return "\n".join(lines)


def held(row: dict) -> str:
    """What a set holds, a row of `data.status`: "name: 9,469 + 3,925 pictures"."""
    counts = " + ".join(f"{n:,}" for n in row["images"].values())
    return f"{row['variant']}: {counts} pictures"


def _writable(path) -> bool:
    """May this user write in `path`, or make it where it is missing?"""
    existing = next((p for p in [path, *path.parents] if os.path.lexists(p)), "")
    return os.path.isdir(existing) and os.access(existing, os.W_OK | os.X_OK)


def _device() -> str:
    try:
        from .training.device import describe_device, find_device
    except (ImportError, OSError) as error:  # no torch, or none that loads
        return f"{UNKNOWN} ({error})"
    return describe_device(find_device())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError):  # Windows
        return None


def _size(folder) -> float:
    """GB of the files in `folder`; those that go meanwhile count as nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.path.getsize(os.path.join(place, name))
    return round(total / 1e9, 1)


def _free(path) -> float | None:
    """GB free where `path` is or would be."""
    try:
        existing = next(p for p in [path, *path.parents] if os.path.exists(p))
        return round(shutil.disk_usage(existing).free / 1e9, 1)
    except (OSError, StopIteration):  # a drive that is not there
        return None

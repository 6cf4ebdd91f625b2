"""Put a data set in its place: whole, or not at all.

A set is built in a temporary folder beside its place and put there in one rename,
under a lock. What stands in its place is therefore complete, and is never written to
again: a finished cache may be read-only.
"""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import LessonError
from . import layouts, marker
from .unpack import is_archive, unpack

LOCK_SECONDS = 3600  # how long to wait for another notebook that does the same


@contextmanager
def locked_folder(root, folder, name):
    """Hold the lock on `name` in `root/folder`; sweep what a killed process left."""
    for inner in ("locks", folder):
        (root / inner).mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "locks" / f"{folder}-{name}.lock", timeout=LOCK_SECONDS)
    try:
        with lock:
            for stale in (root / folder).glob(f".{name}@*"):
                shutil.rmtree(stale, ignore_errors=True)
            yield
    except Timeout:
        raise LessonError(
            f"another process has been busy with {name} in {root} for "
            f"{LOCK_SECONDS // 60} minutes; wait for it or end it"
        ) from None


@contextmanager
def locked(root, name):
    """Hold the lock on the data set `name`; a `LessonError` where nothing can be
    written."""
    try:
        with locked_folder(root, "sets", name):
            yield
    except OSError as error:
        raise LessonError(
            f"cannot write {name} into {root}: {error.strerror or error}. Choose "
            "another folder with RESNET_LESSONS_DATA"
        ) from None


def install(root, data_set, variant, paths, progress):
    """Build the set from archives and folders beside its place, then put it there."""
    home = root / "sets" / data_set.name
    work = Path(tempfile.mkdtemp(prefix=f".{data_set.name}@", dir=root / "sets"))
    try:
        raw, ready = work / "raw", work / "ready"
        raw.mkdir()
        ready.mkdir()
        for given in paths:
            if given.is_file() and is_archive(given):
                unpack(given, raw, progress)
        held = [given for given in paths if not (given.is_file() and is_archive(given))]
        layout, counts = layouts.arrange(data_set, [*held, raw], ready, raw)
        if variant == data_set.variant:
            _as_published(data_set, counts)
        names = [given.name for given in paths]
        marker.seal(ready, data_set.name, variant, layout, counts, names)
        if home.exists():
            os.replace(home, work / "old")
        os.replace(ready, home)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return home


def _as_published(data_set, counts):
    for split, official in (("train", data_set.train), ("valid", data_set.valid)):
        found = tuple(counts[split].values())
        if found != official:
            raise LessonError(
                f"{data_set.name}: unpacking gave {sum(found)} {split} images instead "
                f"of {sum(official)}; remove the archive and get it again"
            )


def need_room(root, needed):
    free = shutil.disk_usage(root).free
    if free < needed:
        raise LessonError(
            f"{root} has {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are needed; "
            "make room or choose another folder with RESNET_LESSONS_DATA"
        )


def keep_only(folder, names):
    """Remove what an interrupted download left in `folder`."""
    for file in folder.glob("*"):
        if file.name not in names:
            file.unlink()

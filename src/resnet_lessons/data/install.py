"""Put a data set in its place: whole, or not at all.

A set is built in a temporary folder beside its place and put there in one rename,
under a lock. What stands in its place is therefore complete, and is never written to
again: a finished cache may be read-only.
"""

import errno
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import LessonError
from . import layouts, marker
from .unpack import is_archive, unpack

LOCK_SECONDS = 3600  # how long to wait for another notebook that does the same
FULL = {errno.ENOSPC, errno.EDQUOT}  # of a disk, of a user's share of it


@contextmanager
def locked_folder(root, folder, name):
    """Hold the lock on `name` in `root/folder`; sweep what a killed process left."""
    for inner in ("locks", folder):
        (root / inner).mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "locks" / f"{folder}-{name}.lock")
    busy = f"another process is busy with {name} in {root}"
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"{busy}; waiting for it", file=sys.stderr)
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise LessonError(
            f"{busy}, for {LOCK_SECONDS // 60} minutes now; wait for it or end it"
        ) from None
    try:
        for stale in (root / folder).glob(f".{name}@*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextmanager
def locked(root, name):
    """Hold the lock on the data set `name`; errors of the disk as in `told`."""
    with told(root, name), locked_folder(root, "sets", name):
        yield


@contextmanager
def told(root, name):
    """Turn an `OSError` into a `LessonError` that names what is at fault: the file that
    is read, or `root`, where nothing can be written."""
    try:
        yield
    except OSError as error:
        why, file = error.strerror or error, Path(error.filename or root)
        ours = root in (file, *file.parents) or file in root.parents
        # On a disk that fills up, copying fails with the name of what is copied.
        if not ours and error.errno not in FULL:
            raise LessonError(
                f"cannot read {file}: {why}. See to it, then import again"
            ) from None
        raise LessonError(
            f"cannot write {name} into {root}: {why}. Choose another folder with "
            "RESNET_LESSONS_DATA"
        ) from None


def install(root, data_set, variant, paths, progress):
    """Build the set from archives and folders beside its place, then put it there."""
    home = root / "sets" / data_set.name
    work = Path(tempfile.mkdtemp(prefix=f".{data_set.name}@", dir=root / "sets"))
    raw, ready, old = (work / name for name in ("raw", "ready", "old"))
    try:
        ready.mkdir()
        places = {}
        for number, given in enumerate(paths):
            place = given
            if given.is_file() and is_archive(given):
                place = raw / str(number)  # of its own: nothing is written over
                place.mkdir(parents=True)
                unpack(given, place, progress)
            places[place] = given
        try:
            layout, counts = layouts.arrange(data_set, places, ready, raw)
        except LessonError as error:  # `ready` is gone when this is read
            raise LessonError(str(error).replace(f"{ready}{os.sep}", "")) from None
        if variant == data_set.variant:
            _as_published(data_set, counts)
        names = [given.name for given in paths]
        marker.seal(ready, data_set.name, variant, layout, counts, names)
        if home.exists():
            os.replace(home, old)
        os.replace(ready, home)
    finally:
        if old.exists() and not home.exists():  # a scanner may hold the new one
            os.replace(old, home)
        shutil.rmtree(work, ignore_errors=True)
    return home


def _as_published(data_set, counts):
    for split, official in (("train", data_set.train), ("valid", data_set.valid)):
        found = tuple(counts[split].values())
        if found != official:
            raise LessonError(
                f"{data_set.name} has {sum(official):,} {split} images, but there are "
                f"{sum(found):,} here; run `resnet-lessons data get {data_set.name}`, "
                "or import all of its files"
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

"""Pictures decoded once, kept as one array of bytes per split.

JPEG decoding is most of what a loader does in each epoch. Here it is done once, in
threads, into memory-mapped arrays below the data root; their folder is named after
the content they were made from, so another content can never be taken for it.
"""

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import LessonError, UsageError
from . import catalog, install, layouts, marker, standins, store
from .decode import decode
from .root import cache_folder, data_root


@dataclass(frozen=True)
class Split:
    """One part of a data set, training or validation: pictures and their labels."""

    images: np.ndarray  # (N, H, W, C) uint8, often memory-mapped
    labels: np.ndarray  # (N,) int64

    def __len__(self):
        return len(self.labels)

    def pick(self, index) -> "Split":
        """The pictures and labels at `index` (M,), in that order."""
        return Split(self.images[index], self.labels[index])


@dataclass(frozen=True)
class Images:
    """A data set, decoded to squares of `size` pixels."""

    name: str  # of what it holds: a stand-in carries its own name
    variant: str  # official release, or what was imported
    content_hash: str  # SHA-256 of the content it was decoded from
    classes: tuple[str, ...]  # in label order
    train: Split
    valid: Split
    stand_in: bool  # True: not the data set that was asked for
    size: int  # pixels, height and width


def load(
    name,  # data set, see `catalog`
    size=None,  # pixels; None: the data set's own
    path=None,  # data root; None: see `data_root`
    stand_in=True,  # may a built-in set take the place of a missing one?
    progress=True,  # show a bar while decoding
    download=False,  # get a missing set first
):
    """The data set `name` as `Images` of `size`×`size` pixels.

    A picture is scaled until its short side is `size`, then cut to its centre square.
    Looked up in the data root, then downloaded if `download`, else replaced by its
    built-in stand-in, which one line on stderr announces. Raises `UsageError` for an
    unknown name or size, `LessonError` if the set is broken, or missing while
    `stand_in` is False.
    """
    data_set = catalog.find(name)
    size = data_set.size if size is None else size
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise UsageError(f"size must be a whole number of pixels from 1, not {size!r}")
    if data_set.built_in:
        return _built_in(data_set, size, stand_in=False)
    try:
        if download:
            _try_get(name, path, progress, stand_in)
        return _decoded(*store.installed(name, path), size, data_root(path), progress)
    except store.MissingError as error:
        if not stand_in:
            raise
        replacement = catalog.find(data_set.stand_in)
        print(
            f"STAND-IN: {error}. Meanwhile the built-in set “{replacement.name}” "
            f"({replacement.title}) takes its place: results will differ",
            file=sys.stderr,
        )
        return _built_in(replacement, size, stand_in=True)


def _try_get(name, path, progress, stand_in):
    try:
        store.get(name, path, progress)
    except LessonError as error:
        if not stand_in:
            raise
        print(f"{error}", file=sys.stderr)


@lru_cache(maxsize=4)  # drawing takes a second or two
def _built_in(data_set, size, stand_in):
    train, valid = (Split(*pair) for pair in standins.BUILT_IN[data_set.name](size))
    digest = hashlib.sha256()
    for split in (train, valid):
        digest.update(np.ascontiguousarray(split.images))
        digest.update(split.labels.astype("<i8"))
        split.images.flags.writeable = split.labels.flags.writeable = False
    return Images(
        name=data_set.name,
        variant=data_set.variant,
        content_hash=digest.hexdigest(),
        classes=data_set.classes,
        train=train,
        valid=valid,
        stand_in=stand_in,
        size=size,
    )


def _decoded(data_set, home, note, size, root, progress):
    """Open the decoded cache, or make it first."""
    key = f"{data_set.name}-{note.variant}-{size}-{note.content_hash[:12]}"
    spare = cache_folder()  # of this user alone, as for checkpoints
    if not _whole(root / "decoded" / key) and _whole(spare / "decoded" / key):
        root = spare  # decoded there before, since the root is read-only
    try:
        try:
            cache = _made(root, key, data_set, home, note, size, progress)
        except OSError as error:  # the root may be read-only: keep it elsewhere
            if root == spare:
                raise
            print(f"cannot write in {root} ({error}); using {spare}", file=sys.stderr)
            cache = _made(spare, key, data_set, home, note, size, progress)
    except OSError as error:
        raise LessonError(
            f"cannot keep decoded pictures in {spare}: {error}. Choose a folder with "
            "RESNET_LESSONS_DATA"
        ) from None
    train, valid = (_open(cache, split) for split in layouts.SPLITS)
    return Images(
        name=data_set.name,
        variant=note.variant,
        content_hash=note.content_hash,
        classes=data_set.classes,
        train=train,
        valid=valid,
        stand_in=False,
        size=size,
    )


def _open(cache, split):
    return Split(
        np.load(cache / f"{split}-images.npy", mmap_mode="r"),
        np.load(cache / f"{split}-labels.npy"),
    )


def _made(root, key, data_set, home, note, size, progress):
    cache = root / "decoded" / key
    if _whole(cache):
        return cache
    with install.locked_folder(root, "decoded", key):
        if _whole(cache):
            return cache
        if cache.exists():
            print(f"{cache} is broken: decoding again", file=sys.stderr)
        work = Path(tempfile.mkdtemp(prefix=f".{key}@", dir=cache.parent))
        try:
            _decode_into(work / "ready", data_set, home, note, size, progress)
            if cache.exists():
                os.replace(cache, work / "old")
            os.replace(work / "ready", cache)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return cache


def _decode_into(ready, data_set, home, note, size, progress):
    ready.mkdir()
    splits = layouts.labelled(data_set, note.layout, home)
    needed = sum(len(labels) for _, labels in splits.values())
    install.need_room(ready, needed * size * size * data_set.channels)
    for split, (pictures, labels) in splits.items():
        file = ready / f"{split}-images.npy"
        images = np.lib.format.open_memmap(
            file,
            mode="w+",
            dtype=np.uint8,
            shape=(len(labels), size, size, data_set.channels),
        )
        _take_room(file)
        label = f"decoding {data_set.name}, {split}"
        decode(pictures, images, data_set.name, label, progress)
        images.flush()
        del images  # Windows renames no folder while a file in it is mapped
        np.save(ready / f"{split}-labels.npy", labels)
    stamps = {file.name: _stamp(file) for file in sorted(ready.glob("*.npy"))}
    (ready / "complete.json").write_text(json.dumps(stamps, indent=1), "utf-8")


def _take_room(file):
    """Take the disk space of a file full of holes; `OSError` where there is too little.

    Writing into a mapped file on a full disk would end the process with a signal.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS, Windows
        return
    with open(file, "r+b") as held:
        try:
            os.posix_fallocate(held.fileno(), 0, file.stat().st_size)
        except OSError as error:  # some file systems cannot
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise


def _stamp(file):
    stat = file.stat()
    digest = marker.sha256_file(file)
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest}


def _whole(cache):
    """Is the cache complete and unchanged? Files are hashed again only if their size
    or time stamp is not the one that was noted when they were written."""
    try:
        stamps = json.loads((cache / "complete.json").read_text("utf-8"))
        for name, stamp in stamps.items():
            stat = (cache / name).stat()
            if (stat.st_size, stat.st_mtime_ns) == (stamp["bytes"], stamp["mtime_ns"]):
                continue
            if marker.sha256_file(cache / name) != stamp["sha256"]:
                return False
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return len(stamps) == 2 * len(layouts.SPLITS)

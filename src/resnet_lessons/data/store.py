"""The data sets on this machine: where they are, getting, importing, checking them."""

import shutil
from pathlib import Path

from ..errors import LessonError, UsageError
from . import catalog, install, layouts, marker
from .root import data_root

UNPACKED = 1.6  # room for the unpacked files, as a multiple of the archive


class MissingError(LessonError):
    """The set is not on this machine (as against: it is there, but broken)."""


def where(name, path=None):
    """The folder of the complete data set `name`, below the data root.

    Raises `LessonError` if it is missing or broken, saying what to run.
    """
    return installed(name, path)[1]


def installed(name, path=None):
    """(DataSet, folder, Marker) of the complete set; raises like `where`."""
    home, note = _located(name, path)
    problems = marker.missing(home, note)
    if problems:
        raise LessonError(f"{home} is broken: {_list(problems)}. {_repair(note)}")
    return catalog.find(home.name), home, note


def _located(name, path):
    """Folder and marker of the set, complete or not; raises `MissingError`."""
    root, data_set = data_root(path), _real(name)
    for candidate in catalog.FAMILY.get(name, (name,)):
        note = marker.read(root / "sets" / candidate)
        if note:
            return root / "sets" / candidate, note
    fetched = catalog.DEFAULT.get(name, data_set.name)
    raise MissingError(
        f"{name} is not in {root}; run `resnet-lessons data get {fetched}`, or with "
        f"files at hand `resnet-lessons data import {name} PATH…`"
    )


def _real(name):
    data_set = catalog.find(name)
    if data_set.built_in:
        raise UsageError(f"{name} is built in: nothing to get, import or verify")
    return data_set


def _repair(note):
    if note.variant == catalog.find(note.name).variant:
        return f"Run `resnet-lessons data get {note.name}` to repair it"
    return f"Import it again: `resnet-lessons data import {note.name} PATH…`"


def _list(lines, most=5):
    more = f"; and {len(lines) - most} more" if len(lines) > most else ""
    return "; ".join(lines[:most]) + more


def get(name, path=None, progress=True):
    """Download the data set `name` unless it is there; its folder.

    A complete set is returned without writing anything; a broken one is replaced.
    Raises `LessonError` when no mirror delivers or the disk has no room.
    """
    from .fetch import fetch

    _real(name)
    home = _complete(name, path)
    if home:
        return home
    data_set = catalog.find(catalog.DEFAULT.get(name, name))
    root = data_root(path)
    with install.locked(root, data_set.name):
        home = _complete(name, path)  # another process may have finished it meanwhile
        if home:
            return home
        downloads = root / "downloads" / data_set.name
        size = sum(remote.bytes for remote in data_set.archives)
        install.need_room(root, size * (1 + UNPACKED))
        install.keep_only(downloads, {remote.file_name for remote in data_set.archives})
        archives = [
            Path(fetch(remote, downloads, data_set.name, progress))
            for remote in data_set.archives
        ]
        home = install.install(root, data_set, data_set.variant, archives, progress)
        shutil.rmtree(downloads, ignore_errors=True)
    return home


def import_paths(name, paths, path=None, progress=True):
    """Import folders or archives, several at once, as the data set `name`; its folder.

    Files that are not the official release are taken under a variant named after the
    first path, with their own counts and content hash. Raises `UsageError` for a path
    that is not there and `LessonError` for one that holds no such data set.
    """
    data_set = _real(name)
    paths = [Path(given).expanduser().absolute() for given in paths]
    if not paths:
        raise UsageError(f"nothing to import: name a folder or archives for {name}")
    for given in paths:
        if not given.exists():
            raise UsageError(f"{given} does not exist")
    variant, root = _variant(paths[0]), data_root(path)
    official, files = _official(name, paths)
    if official:
        data_set, variant, paths = official, official.variant, files
    with install.locked(root, data_set.name):
        files = [file for given in paths for file in layouts.walk(given)]
        size = sum(file.stat().st_size for file in files)
        install.need_room(root, size * UNPACKED)
        return install.install(root, data_set, variant, paths, progress)


def verify(name, path=None):
    """Lines that name every missing or changed file of `name`; empty when whole.

    Recounts and rehashes against the marker. Raises `LessonError` if it is missing.
    """
    return marker.broken(*_located(name, path))


def status(path=None):
    """One dict per data set, for `data list` and `doctor`: name, title, built_in,
    present, variant, path, images {"train", "valid"}, bytes, problem."""
    return [_status(data_set, path) for data_set in catalog.DATA_SETS]


def _status(data_set, path):
    home = data_root(path) / "sets" / data_set.name
    note = None if data_set.built_in else marker.read(home)
    problems = marker.missing(home, note) if note else []
    counts = note.counts if note else {}
    if data_set.built_in:
        counts = {"train": dict(enumerate(data_set.train))}
        counts["valid"] = dict(enumerate(data_set.valid))
    return {
        "name": data_set.name,
        "title": data_set.title,
        "built_in": data_set.built_in,
        "present": data_set.built_in or (note is not None and not problems),
        "variant": note.variant if note else data_set.variant,
        "path": str(home) if note else None,
        "images": {split: sum(held.values()) for split, held in counts.items()},
        "bytes": note.bytes if note else 0,
        "problem": _list(problems) or None,
    }


def _complete(name, path):
    try:
        return where(name, path)
    except LessonError:
        return None


def _official(name, paths):
    """The data set whose official archives are among `paths`, and these archives."""
    files = [file for given in paths for file in layouts.walk(given)]
    for candidate in catalog.FAMILY.get(name, (name,)):
        data_set = catalog.find(candidate)
        sizes = {remote.bytes for remote in data_set.archives}
        hashes = {marker.sha256_file(f): f for f in files if f.stat().st_size in sizes}
        pins = {remote.sha256 for remote in data_set.archives}
        if pins and pins <= hashes.keys():
            return data_set, sorted(hashes[pin] for pin in pins)
    return None, ()


def _variant(path):
    from .unpack import stem

    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem(path))
    return kept.strip(".-") or "imported"

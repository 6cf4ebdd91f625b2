"""The data sets on this machine: where they are, getting, importing, checking them."""

import shutil
from pathlib import Path

from ..errors import LessonError, UsageError
from . import catalog, install, layouts, marker
from .root import data_root, in_full

UNPACKED = 1.6  # room for the unpacked files, as a multiple of the archive


class MissingError(LessonError):
    """The set is not on this machine (as against: it is there, but broken)."""


def where(name):
    """The folder of the complete data set `name`, below the data root.

    `imagenette` means the first of its variants that is whole. Raises `LessonError` if
    the set is missing or broken, saying what to run.
    """
    return installed(name)[1]


def installed(name, path=None):
    """(DataSet, folder, Marker) of the complete set; raises like `where`."""
    home, note = _first_whole(_located(name, path))
    problems = marker.missing(home, note)
    if problems:
        raise LessonError(_broken(home, note, problems))
    return catalog.find(home.name), home, note


def _first_whole(found):
    """Of `_located`: the first that lacks no file, else the first."""
    return next((each for each in found if not marker.missing(*each)), found[0])


def _located(name, path=None):
    """Folder and marker of each set that `name` may mean, whole or not; raises
    `MissingError` where there is none."""
    root, data_set = data_root(path), _real(name)
    homes = [root / "sets" / each for each in catalog.FAMILY.get(name, (name,))]
    found = [(home, note) for home in homes if (note := marker.read(home))]
    if found:
        return found
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


def _broken(home, note, problems):
    return f"{home} is broken: {_list(problems)}. {_repair(home, note)}"


def how_to_repair(name):
    """Which command makes the broken set `name` whole again; raises like `verify`."""
    return _repair(*_located(name)[0])


def _official_variant(note):
    return note.variant == catalog.find(note.name).variant


def _repair(home, note):
    get = f"`resnet-lessons data get {note.name}`"
    if _official_variant(note):
        return f"Run {get} to repair it"
    again = f"Import it again: `resnet-lessons data import {note.name} PATH…`"
    official = f", or remove {home} and run {get}"
    return again + official * bool(catalog.find(note.name).archives)


def _list(lines, most=5):
    more = f"; and {len(lines) - most} more" if len(lines) > most else ""
    return "; ".join(lines[:most]) + more


def get(name, path=None, progress=True, check=False):
    """Download the data set `name` unless it is there; its folder.

    A complete set is returned without writing anything; a broken one is replaced.
    `check` also hashes what is there, so that a changed file is noticed. Raises
    `LessonError` when no mirror delivers, the disk has no room, or the broken set is
    one that was imported and no download would bring back.
    """
    from .fetch import fetch

    _real(name)
    home = _complete(name, path, check)
    if home:
        return home
    data_set = catalog.find(catalog.DEFAULT.get(name, name))
    root = data_root(path)
    with install.locked(root, data_set.name):
        # Another process may have finished it meanwhile.
        home = _complete(name, path, check)
        if home:
            return home
        downloads = root / "downloads" / data_set.name
        size = sum(remote.bytes for remote in data_set.archives)
        install.keep_only(downloads, {remote.file_name for remote in data_set.archives})
        install.need_room(root, size * (1 + UNPACKED))
        try:
            archives = [
                Path(fetch(remote, downloads, progress)) for remote in data_set.archives
            ]
        except LessonError as error:
            raise LessonError(f"{error}. {_by_hand(data_set)}") from None
        home = install.install(root, data_set, data_set.variant, archives, progress)
        shutil.rmtree(downloads, ignore_errors=True)
    return home


def _by_hand(data_set):
    """What to do where no mirror delivers: all archives, as one import wants them."""
    files = "; ".join(
        f"{remote.urls[-1]} ({remote.bytes} bytes, SHA-256 {remote.sha256})"
        for remote in data_set.archives
    )
    return (
        f"With a browser, save {files} and run "
        f"`resnet-lessons data import {data_set.name} FILE…`"
    )


def import_paths(name, paths, progress=True):
    """Import folders or archives, several at once, as the data set `name`; its folder.

    Files that are not the official release are taken under a variant named after the
    first path, with their own counts and content hash. Raises `UsageError` for a path
    that is not there or is another variant, and `LessonError` for one that cannot be
    read or holds no such data set, and where two pictures of one name differ.
    """
    data_set = _real(name)
    paths, root = [in_full(given) for given in paths], data_root()
    if not paths:
        raise UsageError(f"nothing to import: name a folder or archives for {name}")
    with install.told(root, name):
        for given in paths:
            if not given.exists():
                raise UsageError(f"{given} does not exist")
        variant = _variant(paths[0])
        official, files = _official(name, paths)
    _of_that_name(name, official.variant if official else variant)
    if official:
        data_set, variant, paths = official, official.variant, files
    elif variant in (published := {d.variant: d for d in catalog.family(name)}):
        data_set = published[variant]  # the unpacked release: it must be whole
    with install.locked(root, data_set.name):
        files = [file for given in paths for file in layouts.walk(given)]
        size = sum(file.stat().st_size for file in files)
        install.need_room(root, size * UNPACKED)
        return install.install(root, data_set, variant, paths, progress)


def verify(name):
    """Lines that name every missing or changed file of `name`; empty when whole.

    Recounts and rehashes against the marker. Of `imagenette` it looks at the first
    variant that is there, whole or not. Raises `LessonError` if the set is missing.
    """
    return marker.broken(*_located(name)[0])


def status():
    """One dict per data set, for `data list` and `doctor`: name, title, built_in,
    present, variant, path, images {"train", "valid"}, bytes, problem."""
    return [_status(data_set) for data_set in catalog.DATA_SETS]


def _status(data_set):
    home = data_root() / "sets" / data_set.name
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


def _complete(name, path, check):
    """The folder of the set if it is whole (with `check`: to the byte), else None.

    Raises `LessonError` for a broken one that no download would bring back.
    """
    try:
        home, note = _first_whole(_located(name, path))
    except MissingError:
        return None
    problems = marker.missing(home, note)
    if check and not problems:
        problems = marker.broken(home, note)
    fetched = _official_variant(note) and note.name == catalog.DEFAULT.get(name, name)
    if problems and not fetched:
        raise LessonError(_broken(home, note, problems))
    return None if problems else home


def _official(name, paths):
    """The data set whose official archives are among `paths`, and these archives."""
    files = [file for given in paths for file in layouts.walk(given)]
    meant = catalog.FAMILY.get(name, (name,))
    for data_set in sorted(catalog.family(name), key=lambda d: d.name not in meant):
        sizes = {remote.bytes for remote in data_set.archives}
        hashes = {marker.sha256_file(f): f for f in files if f.stat().st_size in sizes}
        pins = {remote.sha256 for remote in data_set.archives}
        if pins and pins <= hashes.keys():
            return data_set, sorted(hashes[pin] for pin in pins)
    return None, ()


def _of_that_name(name, variant):
    """Raise `UsageError` if the official `variant` is a relative of the set `name`."""
    for data_set in catalog.family(name):
        meant = catalog.FAMILY.get(name, (name,))
        if variant == data_set.variant and data_set.name not in meant:
            raise UsageError(
                f"these files are {variant}, not {name}; run `resnet-lessons data "
                f"import {data_set.name} PATH…`"
            )


def _variant(path):
    from .unpack import stem

    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem(path))
    return kept.strip(".-") or "imported"

"""How a data set's files are laid out: recognising, arranging and counting them.

Whatever an archive or a folder looks like, a stored set has one of three forms:
`folders` (`train/<class>/*.jpg`, `valid/<class>/*.jpg`), `batches` (CIFAR-10's six
pickles) or `idx` (MNIST's four files).
"""

import filecmp
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np

from ..errors import LessonError
from . import formats
from .marker import is_stray
from .unpack import is_archive, published_name

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SPLITS = {"train": ("train",), "valid": ("valid", "val", "validation", "test")}
BATCHES = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
JUNK = {"__MACOSX", "$RECYCLE.BIN", "System Volume Information"}  # made by systems
IDX = re.compile(r"(train|t10k)-(images|labels)[-.]idx\d-ubyte(\.gz)?$")


def walk(path):
    """Every plain file under `path` (or `path` itself), but for hidden ones and what
    lies in hidden folders, such as the trash of a stick.

    Raises `OSError` for a folder that cannot be read: skipped, it would be missing.
    """
    if path.is_file():
        return [path]
    found = []
    for folder, inner, names in os.walk(path, onerror=_stop):
        inner[:] = [n for n in inner if n not in JUNK and not n.startswith(".")]
        paths = [Path(folder, name) for name in names if not name.startswith(".")]
        found += filter(os.path.isfile, paths)  # a link may lead nowhere
    return found


def _stop(error):
    raise error


def _folders(data_set, files):
    """[(target, source)] of pictures in <split>/<class>/, and folders of no class."""
    targets, strangers = [], set()
    for split, spellings in SPLITS.items():
        held = {}
        for file in files:
            if file.suffix.lower() in PICTURES and len(file.parts) > 3:
                held.setdefault(file.parts[-3].lower(), []).append(file)
        spelling = next((s for s in spellings if s in held), None)
        for file in held.get(spelling, ()):
            folder = file.parent.name
            if folder in data_set.folders:
                targets.append((f"{split}/{folder}/{file.name}", file))
            else:
                strangers.add(folder)
    return targets, strangers


def _batches(data_set, files):
    return [(file.name, file) for file in files if file.name in BATCHES], set()


def _idx(data_set, files):
    matches = [(IDX.search(published_name(file)), file) for file in files]
    return [
        (f"{m[1]}-{m[2]}-idx{3 if m[2] == 'images' else 1}-ubyte{m[3] or ''}", file)
        for m, file in matches
        if m
    ], set()


_RECOGNISE = {"folders": _folders, "batches": _batches, "idx": _idx}


def arrange(data_set, given, ready, move_from):
    """Put the set's files into the folder `ready`.

    `given` maps each folder or file to what the user named: itself, or the archive that
    it was unpacked from. Files below `move_from` are moved, others copied. Returns the
    layout and the counts; raises `LessonError` where nothing fits, a class has no
    pictures, or two different files would have one name.
    """
    files = {file: place for place in given for file in walk(place)}
    for layout in dict.fromkeys((data_set.kind, "folders")):
        targets, strangers = _RECOGNISE[layout](data_set, files)
        if targets:
            break
    else:
        raise LessonError(_nothing(data_set, given.values(), strangers))
    first = {}
    for target, source in targets:
        place = ready / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            first[target.lower()] = source  # not every disk minds the case
            inside = move_from in source.parents
            (os.replace if inside else shutil.copyfile)(source, place)
        elif not filecmp.cmp(source, place, shallow=False):
            one, other = (
                given[files[file]] / file.relative_to(files[file])
                for file in (first.get(target.lower(), source), source)
            )
            raise LessonError(
                f"{one} and {other} differ, and only one can be {target}; leave out "
                "what does not belong to the set"
            )
    counts = count(data_set, layout, ready)
    _every_class(data_set, counts, strangers)
    return layout, counts


def _nothing(data_set, paths, strangers):
    names = ", ".join(path.name for path in paths)
    if strangers:
        return (
            f"{names} holds no class of {data_set.title}, but "
            f"{_some(strangers)}; is it another data set?"
        )
    held = [file for path in paths if path.is_dir() for file in walk(path)]
    if archives := [file for file in held if is_archive(file)]:
        return (
            f"{names} holds archives ({_some(file.name for file in archives)}): name "
            "them instead, all in one command"
        )
    wanted = {
        "idx": "the four *-ubyte.gz files, or ",
        "batches": "data_batch_1 to test_batch, or ",
    }
    other = wanted.get(data_set.kind, "")
    return (
        f"no images of {data_set.title} in {names}; expected {other}"
        f"train/<class>/ and val/<class>/ with classes {_some(data_set.folders)}"
    )


def _every_class(data_set, counts, strangers):
    for split, held in counts.items():
        empty = [
            folder if folder == title else f"{folder} ({title})"
            for folder, title in zip(data_set.folders, data_set.classes, strict=True)
            if not held.get(folder)
        ]
        if empty:
            hint = f"; unknown folders: {_some(strangers)}" if strangers else ""
            raise LessonError(
                f"{data_set.title}: no {split} images of {_some(empty, 10)}{hint}. "
                "Import all its parts in one command"
            )


def _some(names, most=4):
    names = sorted(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def labelled(data_set, layout, folder):
    """{split: (images, labels)} of a stored set; labels are int64 (N,).

    Images are an array (N, H, W) or (N, H, W, 3), or a list of paths for `folders`.
    """
    folder = Path(folder)
    if layout == "folders":
        return {split: _paths(data_set, folder / split) for split in SPLITS}
    if layout == "batches":
        read = [formats.read_batch(_need(folder / name)) for name in BATCHES]
        *train, valid = read
        return {"train": tuple(map(np.concatenate, zip(*train, strict=True)))} | {
            "valid": valid
        }
    return {"train": _idx_pair(folder, "train"), "valid": _idx_pair(folder, "t10k")}


def _paths(data_set, folder):
    paths, labels = [], []
    for label, name in enumerate(data_set.folders):
        held = folder / name
        inside = sorted(held.iterdir()) if held.is_dir() else []
        inside = [path for path in inside if not is_stray(path.name)]
        paths += inside
        labels += [label] * len(inside)
    return paths, np.array(labels, np.int64)


def _idx_pair(folder, part):
    held = {
        what: formats.read_idx(
            _need(*folder.glob(f"{part}-{what}-*"), what=f"the file {part}-{what}")
        )
        for what in ("images", "labels")
    }
    images, labels = held["images"], held["labels"]
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise LessonError(
            f"{part}-images holds {len(images)} images but {part}-labels "
            f"{len(labels)} labels; import the files that belong together"
        )
    if labels.max(initial=0) > 9:
        raise LessonError(
            f"{part}-labels goes up to {labels.max()}, MNIST's go up to 9; import the "
            "files of MNIST"
        )
    return images, labels.astype(np.int64)


def _need(*paths, what="a file"):
    if not paths or not paths[0].is_file():
        name = paths[0].name if paths else what
        raise LessonError(f"{name} is missing; import all the files in one command")
    return paths[0]


def count(data_set, layout, folder):
    """{"train": {class folder: images}, "valid": …} of the files in `folder`."""
    result = {}
    for split, (_, labels) in labelled(data_set, layout, folder).items():
        held = Counter(labels.tolist())
        result[split] = {name: held[i] for i, name in enumerate(data_set.folders)}
    return result

"""The marker of a complete data set: what was installed, and how to check it.

`manifest.sha256` lists every file in the format of `sha256sum`; `complete.json`
is written last and holds the counts and the content hash, which is the SHA-256 of
the manifest. So the hash is the same whichever way the files came in.
"""

import hashlib
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

MARKER, MANIFEST = "complete.json", "manifest.sha256"
FORMAT = 1
NAMES = "surrogateescape"  # how Python holds a file name that is not UTF-8


@dataclass(frozen=True)
class Marker:
    """What `complete.json` says."""

    name: str
    variant: str
    layout: str  # "folders", "batches" or "idx"
    counts: dict  # {"train": {class folder: images}, "valid": …}
    files: dict  # {folder: files in it}, for the quick check
    bytes: int
    content_hash: str  # SHA-256 of the manifest
    source: list  # file names it was made from
    format: int = FORMAT


def sha256_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def seal(folder, name, variant, layout, counts, source):
    """Hash every file in `folder`, then write manifest and marker; the `Marker`."""
    paths = sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.is_file()
    )
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(lambda path: sha256_file(folder / path), paths))
    manifest = "".join(
        f"{digest}  {path}\n" for digest, path in zip(hashes, paths, strict=True)
    ).encode(errors=NAMES)
    marker = Marker(
        name=name,
        variant=variant,
        layout=layout,
        counts=counts,
        files=dict(Counter(str(PurePosixPath(path).parent) for path in paths)),
        bytes=sum((folder / path).stat().st_size for path in paths),
        content_hash=hashlib.sha256(manifest).hexdigest(),
        source=source,
    )
    (folder / MANIFEST).write_bytes(manifest)
    (folder / MARKER).write_text(json.dumps(asdict(marker), indent=1), "utf-8")
    return marker


def read(folder):
    """The `Marker` in `folder`, or None where there is none that can be read."""
    try:
        marker = Marker(**json.loads((Path(folder) / MARKER).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return marker if marker.format == FORMAT else None


def is_stray(name):
    """Whether a file manager put the file there: a hidden one, or one of Windows."""
    return name.startswith(".") or name in {"Thumbs.db", "desktop.ini"}


def missing(folder, marker):
    """Quick check, by counting files: lines that say what is missing."""
    problems = []
    own = {MARKER, MANIFEST}
    for inner, expected in marker.files.items():
        try:
            names = set(os.listdir(Path(folder) / inner)) - own
            found = sum(not is_stray(name) for name in names)
        except OSError:
            found = 0
        if found != expected:
            where = "the folder" if inner == "." else inner
            problems.append(f"{where} holds {found} of {expected} files")
    return problems


def broken(folder, marker):
    """Full check, by hashing files: lines that name each missing or changed file."""
    folder = Path(folder)
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        return [f"{MANIFEST} is missing"]
    if hashlib.sha256(manifest).hexdigest() != marker.content_hash:
        return [f"{MANIFEST} does not match the content hash in {MARKER}"]
    entries = [
        line.split("  ", 1) for line in manifest.decode(errors=NAMES).split("\n")[:-1]
    ]

    def check(entry):
        digest, path = entry
        if not (folder / path).is_file():
            return f"{path} is missing"
        same = sha256_file(folder / path) == digest
        return None if same else f"{path} has changed (SHA-256 differs)"

    with ThreadPoolExecutor() as pool:
        problems = [line for line in pool.map(check, entries) if line]
    return problems or missing(folder, marker)

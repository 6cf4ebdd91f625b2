"""Unpack an archive and never write outside the folder it was meant for."""

import bz2
import gzip
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from tqdm import tqdm

from ..errors import LessonError

TARS = (".tar", ".tgz", ".tar.gz", ".tbz", ".tar.bz2", ".txz", ".tar.xz")
ZIPS = (".zip",)
# Python 3.12 and late releases of 3.10 and 3.11 have the filter; ours runs before.
FILTER = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
READERS = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open, b"\xfd7z": lzma.open}
DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)


def published_name(path):
    """The file's name without the number that a browser puts into a second copy's."""
    return re.sub(r" ?\(\d+\)", "", path.name)


def is_archive(path):
    return published_name(path).lower().endswith(TARS + ZIPS)


def is_page(start):
    """Does a file with these first bytes look like a web page?"""
    return start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))


def unpack(archive, folder, progress=True):
    """Unpack a tar or zip `archive` into `folder`.

    Raises `LessonError` for a damaged archive, for a zip that Python cannot read
    (encrypted, Deflate64), where a file cannot be read or written, and for a hostile
    one: a path that leaves the folder, a link, a device, or more data than the disk has
    room for. Each says what to do next.
    """
    with open(archive, "rb") as file:
        start = file.read(64)
    if is_page(start):
        raise LessonError(
            f"{archive.name} is a web page, not an archive: a login page or proxy "
            "answered in its place. Download it again in a browser and import that "
            "file"
        )
    work = _unzip if published_name(archive).lower().endswith(ZIPS) else _untar
    try:
        work(archive, folder, progress)
    except DAMAGE as error:
        raise LessonError(
            f"{archive} is damaged ({error or type(error).__name__}); copy or "
            "download it again"
        ) from None
    except RuntimeError as error:  # NotImplementedError is one; zipfile raises both
        raise LessonError(
            f"{archive} is a kind of zip that cannot be read here ({error}); pack its "
            "files again as a plain zip or tgz"
        ) from None
    except OSError as error:
        if error.errno is None:  # bz2's way to say it
            raise LessonError(
                f"{archive} is damaged ({error}); copy or download it again"
            ) from None
        raise LessonError(
            f"cannot unpack {archive} into {folder}: {error}. See that the archive can "
            "be read, that the folder may be written and that its disk has room, or "
            "choose another folder with RESNET_LESSONS_DATA; then try again"
        ) from None


def _safe(name, archive):
    """`name` if it stays inside the folder on Linux, macOS and Windows alike."""
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    if windows.drive or windows.root or posix.root or ".." in windows.parts:
        raise _refused(archive, name, "leaves the folder")
    return name


def _refused(archive, name, why):
    return LessonError(
        f"refused {archive.name}: its member {name!r} {why}. Take the archive from its "
        "publisher; if it is your own, pack it again without this member"
    )


def _untar(archive, folder, progress):
    room = shutil.disk_usage(folder).free
    with open(archive, "rb") as raw:
        opener = READERS.get(raw.read(3), open)
        raw.seek(0)
        total = archive.stat().st_size
        bar = {"desc": f"unpacking {archive.name}", "disable": not progress}
        with tqdm.wrapattr(raw, "read", total=total, leave=False, **bar) as counted:
            stream = counted if opener is open else opener(counted, "rb")
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    if not (member.isreg() or member.isdir()):
                        raise _refused(archive, member.name, "is a link or device")
                    _safe(member.name, archive)
                    room -= member.size
                    _room(room, archive)
                    tar.extract(member, folder, set_attrs=False, **FILTER)
            # tarfile stops at the end mark or at the first bad header; reading on
            # to the end makes the compressor compare its own checksum.
            while stream.read(1 << 20):
                pass


def _unzip(archive, folder, progress):
    with zipfile.ZipFile(archive) as source:
        members = source.infolist()
        for member in members:
            _safe(member.filename, archive)
        room = shutil.disk_usage(folder).free
        _room(room - sum(member.file_size for member in members), archive)
        bar = {"desc": f"unpacking {archive.name}", "disable": not progress}
        for member in tqdm(members, leave=False, **bar):
            source.extract(member, folder)


def _room(room, archive):
    if room < 0:
        raise LessonError(
            f"no room to unpack {archive.name}: at least {-(room // 10**6)} MB more "
            "are needed; make room or choose another folder with RESNET_LESSONS_DATA"
        )


def stem(path):
    """The name without archive suffix and part number: `a.part0.tgz` is `a`."""
    name = published_name(Path(path))
    if Path(path).is_file():
        for suffix in sorted(TARS + ZIPS, key=len, reverse=True):
            if name.lower().endswith(suffix):
                name = name[: -len(suffix)]
                break
    head, _, part = name.rpartition(".part")
    return head if head and part.isdigit() else name

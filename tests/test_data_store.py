"""Getting, importing, finding and verifying data sets: what goes wrong, and after."""

import bz2
import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from data_server import (
    body,
    draw_set,
    drip,
    server,
    stall,
    status,
    tar_of,
    tiny_set,
)
from resnet_lessons import cli, doctor
from resnet_lessons.data import (
    catalog,
    fetch,
    install,
    layouts,
    runs_folder,
    store,
    unpack,
)
from resnet_lessons.errors import LessonError, UsageError


@pytest.fixture
def archive(tmp_path):
    return tar_of(draw_set(tmp_path / "source"), tmp_path / "tiny.tgz")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "root"))
    monkeypatch.setattr(fetch, "PAUSE_SECONDS", 0)
    return tmp_path / "root"


@pytest.fixture
def offer(archive, monkeypatch):
    """Puts the tiny set into the catalogue, with the URLs given."""

    def put(*urls, **changes):
        data_set = tiny_set(archive, urls, **changes)
        monkeypatch.setitem(catalog._BY_NAME, "tiny", data_set)
        return data_set

    return put


def get():
    return store.get("tiny", progress=False)


def take(*paths):
    return store.import_paths("tiny", paths, progress=False)


def tree(folder):
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in Path(folder).rglob("*")
    }


def complete(home):
    return home.is_dir() and store.verify("tiny") == []


def nothing_left(root):
    """No temporary folder stays behind."""
    return not list((root / "sets").glob(".*"))


def test_get_downloads_once_and_then_writes_nothing(root, archive, offer):
    with server(good=body(archive.read_bytes())) as (url, asked):
        offer(f"{url}/good")
        home = get()
        before = tree(root)
        assert get() == home == store.where("tiny")
    assert asked == ["/good"]
    assert tree(root) == before
    assert complete(home) and nothing_left(root)
    assert not (root / "downloads" / "tiny").exists()


def test_complete_set_works_on_a_read_only_root(root, archive, offer, monkeypatch):
    offer("http://127.0.0.1:9/none")
    home = take(archive)

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    for writer in ("mkdir", "write_text", "write_bytes", "unlink"):
        monkeypatch.setattr(Path, writer, refuse)
    assert get() == store.where("tiny") == home


@pytest.mark.parametrize("length", [None, False])
def test_truncated_download_is_refused_then_the_mirror_serves(
    root, archive, offer, length
):
    content = archive.read_bytes()
    announced = len(content) if length is None else False
    answers = {
        "cut": body(content[: len(content) // 2], announced),
        "good": body(content),
    }
    with server(**answers) as (url, asked):
        offer(f"{url}/cut", f"{url}/good")
        assert complete(get())
    assert asked == ["/cut", "/good"]


def test_same_size_corruption_shows_both_hashes_and_leaves_nothing(
    root, archive, offer
):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    with server(bad=body(bytes(content))) as (url, _):
        data_set = offer(f"{url}/bad")
        with pytest.raises(LessonError) as caught:
            get()
    assert hashlib.sha256(content).hexdigest() in str(caught.value)
    assert data_set.archives[0].sha256 in str(caught.value)
    assert not [p for p in root.rglob("*") if p.is_file() and "lock" not in p.name]


def test_wrong_pinned_size_shows_both_sizes(root, archive, offer):
    content = archive.read_bytes()
    with server(good=body(content)) as (url, _):
        offer(f"{url}/good", bytes=7)
        with pytest.raises(LessonError, match=f"offers {len(content)} bytes.* of 7"):
            get()


@pytest.mark.parametrize("code", [403, 404, 503])
def test_refusing_host_gives_way_to_the_mirror(root, archive, offer, code):
    with server(no=status(code), good=body(archive.read_bytes())) as (url, asked):
        offer(f"{url}/no", f"{url}/good")
        assert complete(get())
    assert asked == ["/no", "/good"]


def test_when_every_mirror_fails_the_message_says_how_to_go_on(
    root, offer, monkeypatch
):
    with server(no=status(404)) as (url, asked):
        tiny = offer(f"{url}/no", "http://127.0.0.1:9/none")
        second = dataclasses.replace(
            tiny.archives[0], urls=("http://127.0.0.1:9/second",)
        )
        both = dataclasses.replace(tiny, archives=(*tiny.archives, second))
        monkeypatch.setitem(catalog._BY_NAME, "tiny", both)
        with pytest.raises(LessonError) as caught:
            get()
    message = str(caught.value)
    assert "HTTP 404" in message and "no connection" in message
    assert "save http://127.0.0.1:9/none" in message  # an import wants all of them
    assert "; http://127.0.0.1:9/second" in message
    assert "resnet-lessons data import tiny FILE" in message
    assert "\n" not in message
    assert len(asked) == fetch.ROUNDS


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/gzip"])
def test_web_page_in_place_of_the_archive_is_named(root, archive, offer, kind):
    page = b"<!DOCTYPE html><title>Log in</title>"
    page += b" " * (archive.stat().st_size - len(page))
    with server(page=body(page, kind=kind)) as (url, _):
        offer(f"{url}/page")
        with pytest.raises(LessonError, match="login page or proxy"):
            get()
    saved = archive.with_name("saved.tgz")
    saved.write_bytes(page)
    with pytest.raises(LessonError, match=r"login page or proxy.* import that file"):
        take(saved)


def test_slow_drip_is_given_up_for_the_mirror(root, archive, offer, monkeypatch):
    monkeypatch.setattr(fetch, "WINDOW_SECONDS", 0.3)
    content = archive.read_bytes()
    slow = drip(content, 3 / len(content))  # whole after three seconds, if one waits
    with server(slow=slow, good=body(content)) as (url, asked):
        offer(f"{url}/slow", f"{url}/good")
        assert complete(get())
    assert asked[:2] == ["/slow", "/good"]


def test_deadline_holds_for_the_whole_download(root, archive, offer, monkeypatch):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", 0.3)
    with server(slow=drip(archive.read_bytes())) as (url, _):
        offer(f"{url}/slow")
        with pytest.raises(LessonError, match="deadline passed"):
            get()


def test_silent_host_is_given_up(root, archive, offer, monkeypatch):
    monkeypatch.setattr(fetch, "READ_SECONDS", 0.5)
    content = archive.read_bytes()
    with server(stall=stall(content, 3), good=body(content)) as (url, asked):
        offer(f"{url}/stall", f"{url}/good")
        assert complete(get())
    assert asked[:2] == ["/stall", "/good"]  # else what came late was taken


def test_full_disk_is_told_before_anything_is_touched(
    root, archive, offer, monkeypatch
):
    offer("http://127.0.0.1:9/none")
    home = take(archive)
    before = tree(root / "sets")
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(LessonError, match="MB are needed"):
        take(archive)
    assert tree(root / "sets") == before and complete(home)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_is_no_mirrors_fault(
    root, archive, offer, monkeypatch, code
):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fetch._Download, "_copy", full)
    content = body(archive.read_bytes())
    with server(good=content, other=content) as (url, asked):
        offer(f"{url}/good", f"{url}/other")
        with pytest.raises(LessonError, match=r"cannot write tiny .*another folder"):
            get()
    assert asked == ["/good"]


def test_what_a_killed_download_left_is_no_need_of_room(
    root, archive, offer, monkeypatch
):
    content = archive.read_bytes()
    left = root / "downloads" / "tiny" / "tiny.tgz.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    usage = type("Usage", (), {})

    def room(_):
        usage.free = 10 if left.exists() else 2**40
        return usage

    monkeypatch.setattr("shutil.disk_usage", room)
    with server(good=body(content)) as (url, _):
        offer(f"{url}/good")
        assert complete(get())


def hostile(tmp_path, name, kind=tarfile.REGTYPE, link=""):
    path = tmp_path / "hostile.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        member.size = 4 if kind == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(b"evil") if member.size else None)
    return path


@pytest.mark.parametrize(
    "name, kind, link",
    [
        ("../evil", tarfile.REGTYPE, ""),
        ("a/../../evil", tarfile.REGTYPE, ""),
        ("ABSOLUTE/evil", tarfile.REGTYPE, ""),
        ("C:\\evil", tarfile.REGTYPE, ""),
        ("..\\evil", tarfile.REGTYPE, ""),
        ("train", tarfile.SYMTYPE, ".."),
        ("hard", tarfile.LNKTYPE, "../../evil"),
        ("fifo", tarfile.FIFOTYPE, ""),
        ("device", tarfile.CHRTYPE, ""),
    ],
)
def test_hostile_tar_is_refused(root, tmp_path, offer, name, kind, link):
    offer("http://127.0.0.1:9/none")
    archive = hostile(tmp_path, name.replace("ABSOLUTE", str(tmp_path)), kind, link)
    said = r"refused hostile\.tgz.* Take the archive from its publisher"
    with pytest.raises(LessonError, match=said) as caught:
        take(archive)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*evil*"))
    assert nothing_left(root)


@pytest.mark.skipif(not unpack.FILTER, reason="this Python has no filter for archives")
def test_pythons_own_filter_stands_behind_our_check(root, tmp_path, offer, monkeypatch):
    monkeypatch.setattr(unpack, "_safe", lambda name, archive: name)
    offer("http://127.0.0.1:9/none")
    with pytest.raises(LessonError):
        take(hostile(tmp_path, f"{tmp_path}/evil", tarfile.REGTYPE, ""))
    assert not (tmp_path / "evil").exists()


def test_hostile_zip_is_refused(root, tmp_path, offer):
    offer("http://127.0.0.1:9/none")
    with zipfile.ZipFile(tmp_path / "hostile.zip", "w") as target:
        target.writestr("../evil", "evil")
    with pytest.raises(LessonError, match=r"leaves the folder.* from its publisher"):
        take(tmp_path / "hostile.zip")
    assert not list(tmp_path.rglob("evil"))


def test_damaged_archive_is_refused(root, archive, offer):
    offer("http://127.0.0.1:9/none")
    content = archive.read_bytes()
    for bad in (content[:-20], content[:-6] + b"\0\0" + content[-4:]):
        archive.write_bytes(bad)
        with pytest.raises(LessonError, match=r"is damaged.* download it again"):
            take(archive)
    assert nothing_left(root)


def test_damaged_bz2_is_refused(tmp_path):
    packed = tmp_path / "set.tar.bz2"
    content = bytearray(bz2.compress(bytes(10_000)))
    content[len(content) // 2] ^= 255
    packed.write_bytes(content)
    with pytest.raises(LessonError, match=r"is damaged.* download it again"):
        unpack.unpack(packed, tmp_path, progress=False)


@pytest.mark.parametrize(("kind", "more"), [("tgz", 1), ("zip", 3)])
def test_archive_without_room_is_told_what_to_do(tmp_path, monkeypatch, kind, more):
    packed = tmp_path / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as target:
            target.writestr("0.JPEG", bytes(3_000_000))
    else:
        tar_of(draw_set(tmp_path / "drawn"), packed)
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    said = rf"least {more} MB more are needed; make room or .* RESNET_LESSONS_DATA"
    with pytest.raises(LessonError, match=said):
        unpack.unpack(packed, tmp_path, progress=False)


def test_folder_that_takes_no_files_is_told_what_to_do(archive, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(tarfile.TarFile, "extract", refuse)
    with pytest.raises(LessonError, match=r"Permission.* RESNET_LESSONS_DATA") as e:
        unpack.unpack(archive, tmp_path, progress=False)
    assert "then try again" in str(e.value) and "\n" not in str(e.value)


@pytest.mark.parametrize("kind", ["Deflate64", "encrypted"])
def test_zip_that_python_cannot_read_is_told(root, tmp_path, offer, kind):
    offer("http://127.0.0.1:9/none")
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("train/cats/0.JPEG", b"x" * 100)
    content = bytearray(packed.read_bytes())
    local, central = 0, content.find(b"PK\1\2")  # its two headers, with flag and method
    if kind == "encrypted":
        content[local + 6] |= 1
        content[central + 8] |= 1
    else:
        content[local + 8] = content[central + 10] = 9
    packed.write_bytes(content)
    with pytest.raises(LessonError, match=r"set\.zip is a kind of zip that cannot be"):
        take(packed)
    assert nothing_left(root)


CHILD = """
import sys, time
sys.path.insert(0, {tests!r})
from data_server import register, tiny_set
from resnet_lessons.data import layouts, store
register(tiny_set({archive!r}, [{url!r}]))
arrange = layouts.arrange
def slow(*args):
    result = arrange(*args)
    print("arranged", flush=True)
    time.sleep({sleep})
    return result
layouts.arrange = slow
print(store.get("tiny", progress=False), flush=True)
"""


def child(archive, url, sleep):
    code = CHILD.format(
        tests=str(Path(__file__).parent), archive=str(archive), url=url, sleep=sleep
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_in_extraction_the_next_run_completes(root, archive, offer):
    with server(good=body(archive.read_bytes())) as (url, _):
        process = child(archive, f"{url}/good", 60)
        assert process.stdout.readline() == b"arranged\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        offer(f"{url}/good")
        assert not nothing_left(root)  # the killed process left its folder
        with pytest.raises(LessonError, match="data get tiny"):
            store.where("tiny")
        assert complete(get()) and nothing_left(root)


def test_two_processes_at_once_download_once(root, archive, offer):
    with server(good=body(archive.read_bytes())) as (url, asked):
        pair = [child(archive, f"{url}/good", 0.5) for _ in range(2)]
        lines = [p.communicate(timeout=60)[0].decode().split() for p in pair]
        offer(f"{url}/good")
    assert [p.returncode for p in pair] == [0, 0]
    assert asked == ["/good"]
    assert {line[-1] for line in lines} == {str(store.where("tiny"))}


def test_waiting_for_another_process_is_said(root, archive, offer, capsys, monkeypatch):
    offer("http://127.0.0.1:9/none")
    monkeypatch.setattr(install, "LOCK_SECONDS", 0.1)
    with (
        install.locked(root, "tiny"),
        pytest.raises(LessonError, match="wait for it or end it"),
    ):
        take(archive)
    assert "another process is busy with tiny" in capsys.readouterr().err
    take(archive)  # and the lock is free again


def test_empty_folder_left_behind_is_repaired(root, archive, offer):
    (root / "sets" / "tiny").mkdir(parents=True)
    with server(good=body(archive.read_bytes())) as (url, _):
        offer(f"{url}/good")
        assert complete(get())


def test_deleted_class_is_named_and_repaired(root, archive, offer):
    with server(good=body(archive.read_bytes())) as (url, _):
        offer(f"{url}/good")
        home = get()
        for file in (home / "valid" / "dogs").iterdir():
            file.unlink()
        with pytest.raises(LessonError, match="valid/dogs holds 0 of 2 files"):
            store.where("tiny")
        assert "valid/dogs/0.JPEG is missing" in store.verify("tiny")
        assert complete(get())


def test_verify_names_the_changed_file(root, archive, offer):
    offer("http://127.0.0.1:9/none")
    home = take(archive)
    file = home / "train" / "cats" / "2.JPEG"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    assert store.verify("tiny") == ["train/cats/2.JPEG has changed (SHA-256 differs)"]


def test_changed_file_is_told_with_its_repair_and_get_replaces_the_set(
    root, archive, offer, capsys
):
    with server(good=body(archive.read_bytes())) as (url, _):
        offer(f"{url}/good")
        (get() / "train" / "cats" / "2.JPEG").write_bytes(b"another picture")
        with pytest.raises(SystemExit) as stop:
            cli.main(["data", "verify", "tiny"])
        said = capsys.readouterr()
        assert stop.value.code == 1 and "2.JPEG has changed" in said.out
        assert "Run `resnet-lessons data get tiny` to repair it" in said.err
        cli.main(["data", "get", "tiny"])
    assert complete(store.where("tiny"))


@pytest.fixture
def pair(offer, monkeypatch):
    """`pair` is to `tiny` what `imagenette` is to `imagenette-160`."""
    tiny = offer("http://127.0.0.1:9/none")
    imported = dataclasses.replace(tiny, name="pair", variant="", archives=())
    monkeypatch.setitem(catalog._BY_NAME, "pair", imported)
    monkeypatch.setitem(catalog.FAMILY, "pair", ("pair", "tiny"))
    monkeypatch.setitem(catalog.DEFAULT, "pair", "tiny")


def test_whole_variant_goes_before_a_broken_one(root, archive, pair, tmp_path):
    whole = take(archive)
    broken = store.import_paths("pair", [tmp_path / "source"], progress=False)
    assert store.where("pair") == broken  # not broken yet: the first of the two
    (broken / "train" / "cats" / "2.JPEG").unlink()
    assert store.where("pair") == store.get("pair", check=True) == whole
    assert store.verify("pair") == ["train/cats/2.JPEG is missing"]
    assert "data import pair PATH" in store.how_to_repair("pair")


def test_broken_variant_is_not_replaced_by_another(
    root, archive, pair, tmp_path, monkeypatch
):
    large = dataclasses.replace(catalog.find("tiny"), name="large", variant="source")
    monkeypatch.setitem(catalog._BY_NAME, "large", large)
    monkeypatch.setitem(catalog.FAMILY, "pair", ("pair", "large", "tiny"))
    home = store.import_paths("large", [tmp_path / "source"], progress=False)
    (home / "train" / "cats" / "2.JPEG").unlink()
    for check in (False, True):
        with pytest.raises(LessonError, match=r"large is broken.* data get large"):
            store.get("pair", progress=False, check=check)


def test_another_variant_is_refused_under_this_name(
    root, archive, pair, tmp_path, monkeypatch
):
    other = dataclasses.replace(catalog.find("tiny"), name="large", variant="large")
    other = dataclasses.replace(other, archives=())
    monkeypatch.setitem(catalog._BY_NAME, "large", other)
    monkeypatch.setitem(catalog.FAMILY, "pair", ("pair", "tiny", "large"))
    unpacked = (tmp_path / "source").rename(tmp_path / "tiny-official")
    for files in (archive, unpacked):
        with pytest.raises(UsageError, match=r"tiny-official.* import tiny PATH"):
            store.import_paths("large", [files], progress=False)
    assert store.import_paths("pair", [archive], progress=False).name == "tiny"
    both = dataclasses.replace(other, archives=catalog.find("tiny").archives)
    monkeypatch.setitem(catalog._BY_NAME, "large", both)  # as if each lay there
    assert store.import_paths("tiny", [archive], progress=False).name == "tiny"
    assert store.import_paths("large", [archive], progress=False).name == "large"


def test_changed_import_that_no_download_replaces_is_told(root, pair, tmp_path):
    home = store.import_paths("pair", [tmp_path / "source"], progress=False)
    (home / "train" / "cats" / "2.JPEG").write_bytes(b"another picture")
    with pytest.raises(LessonError, match=r"has changed.* Import it again"):
        store.get("pair", check=True)


def test_changed_relative_that_get_would_not_replace_is_told(
    root, archive, pair, monkeypatch
):
    home = take(archive)
    monkeypatch.setitem(catalog.DEFAULT, "pair", "small")  # `get` brings another one
    (home / "train" / "cats" / "2.JPEG").write_bytes(b"another picture")
    with pytest.raises(LessonError, match=r"has changed.* data get tiny"):
        store.get("pair", check=True)


def test_broken_import_is_told_and_no_release_put_in_its_place(root, archive, offer):
    with server(good=body(archive.read_bytes())) as (url, asked):
        offer(f"{url}/good")
        home = take(tar_of(archive.parent / "source", archive.parent / "my set.tgz"))
        (home / "train" / "cats" / "2.JPEG").unlink()
        with pytest.raises(LessonError, match=r"Import it again.*, or remove .*tiny"):
            get()
    assert not asked


def test_folder_that_holds_archives_is_told_to_name_them(root, archive, offer):
    offer("http://127.0.0.1:9/none")
    stick = archive.parent / "stick"
    stick.mkdir()
    (archive.parent / "source" / "train" / "cats" / "0.JPEG").unlink()
    tar_of(archive.parent / "source", stick / "part0.tgz")  # no official one
    with pytest.raises(LessonError, match=r"stick holds archives \(part0.tgz\): name"):
        take(stick)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini"])
def test_what_a_file_manager_leaves_breaks_no_set(name, root, archive, offer):
    offer("http://127.0.0.1:9/none")
    home = take(archive)
    (home / "train" / "cats" / name).write_bytes(b"left by a file manager")
    assert complete(store.where("tiny"))
    held = layouts.labelled(catalog.find("tiny"), "folders", home)
    assert name not in {path.name for path in held["train"][0]}


def test_the_trash_of_a_stick_is_not_imported(root, archive, offer):
    offer("http://127.0.0.1:9/none")
    stick = draw_set(archive.parent / "stick")
    trashed = stick / ".Trash-1000" / "files"
    shutil.copytree(stick / "train", trashed / "train")
    for picture in trashed.rglob("*.JPEG"):
        picture.rename(picture.with_name(f"old-{picture.name}"))
    home = take(stick)
    assert complete(home) and not list(home.rglob("old-*"))


def test_official_archive_is_recognised_and_another_one_gets_its_own_name(
    root, archive, offer, tmp_path
):
    offer("http://127.0.0.1:9/none")
    take(archive)
    official = store.installed("tiny")[2]
    assert official.variant == "tiny-official"
    (tmp_path / "source" / "train" / "cats" / "0.JPEG").unlink()
    other = tar_of(tmp_path / "source", tmp_path / "my set.part0.tgz")
    take(other)
    marker = store.installed("tiny")[2]
    assert marker.variant == "my-set"
    assert marker.counts["train"] == {"cats": 3, "dogs": 3}
    assert marker.content_hash != official.content_hash


def test_second_copy_of_an_archive_is_known_by_its_content(root, archive, offer):
    offer("http://127.0.0.1:9/none")
    numbered = "tiny.tar (1).gz"  # by a browser
    take(archive.rename(archive.with_name(numbered)))
    assert store.installed("tiny")[2].variant == "tiny-official"
    names = ["train-images-idx3-ubyte (1).gz", "t10k-labels.idx1-ubyte(2)"]
    found, _ = layouts._idx(None, [Path(name) for name in names])
    assert [target for target, _ in found] == [
        "train-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte",
    ]


def test_part_of_the_release_under_its_name_is_told(root, offer, tmp_path):
    offer("http://127.0.0.1:9/none")
    part = (tmp_path / "source").rename(tmp_path / "tiny-official")
    (part / "train" / "cats" / "0.JPEG").unlink()
    said = r"has 7 train images, but there are 6 here; run"
    with pytest.raises(LessonError, match=said) as e:
        take(part)
    assert "unpack" not in str(e.value)


def test_folder_and_archives_in_parts_give_the_same_content(
    root, archive, offer, tmp_path
):
    offer("http://127.0.0.1:9/none")
    take(tmp_path / "source")
    first = store.installed("tiny")[2]
    parts = []
    for inner in (tmp_path / "source").iterdir():
        part = tmp_path / f"half.part{len(parts)}.tgz"
        with tarfile.open(part, "w:gz") as tar:
            tar.add(inner, arcname=inner.name)
        parts.append(part)
    take(*parts)
    second = store.installed("tiny")[2]
    assert (first.variant, second.variant) == ("source", "half")
    assert first.content_hash == second.content_hash


@pytest.mark.parametrize("packed", [False, True])
def test_different_pictures_of_one_name_are_refused(
    root, archive, offer, tmp_path, packed
):
    offer("http://127.0.0.1:9/none")
    home = take(archive)
    before = tree(home)
    parts = [tmp_path / "source", draw_set(tmp_path / "other")]
    twin = parts[1] / "train" / "cats" / "2.JPEG"

    def given():
        if not packed:
            return parts
        return [tar_of(part, tmp_path / f"{part.name}.tar.gz") for part in parts]

    content = twin.read_bytes()
    twin.write_bytes(content[:-1] + b"?")
    with pytest.raises(LessonError, match="only one can be train/cats/2") as caught:
        take(*given())
    one, other = (f"{path}{os.sep}" for path in given())
    assert one in str(caught.value) and other in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(home) == before and complete(home) and nothing_left(root)
    twin.write_bytes(content)  # the same picture twice is one picture
    take(*given())
    assert store.installed("tiny")[2].counts["train"] == {"cats": 4, "dogs": 3}


def test_set_stays_where_the_new_one_cannot_take_its_place(
    root, archive, offer, monkeypatch
):
    offer("http://127.0.0.1:9/none")
    home = take(archive)
    before, replace = tree(home), os.replace

    def refuse(source, place):
        if Path(place) == home and Path(source).name == "ready":
            raise PermissionError(errno.EACCES, "a scanner has it open", str(source))
        replace(source, place)

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(LessonError, match="cannot write tiny"):
        take(archive)
    assert tree(home) == before and complete(home) and nothing_left(root)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_link_that_leads_nowhere_is_passed_over(root, offer, tmp_path):
    offer("http://127.0.0.1:9/none")
    (tmp_path / "source" / "train" / "cats" / "9.JPEG").symlink_to(tmp_path / "gone")
    assert complete(take(tmp_path / "source"))


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
def test_file_name_that_is_not_utf8_is_taken(root, offer, tmp_path):
    offer("http://127.0.0.1:9/none")
    folder = tmp_path / "source" / "train" / "cats"
    (folder / "0.JPEG").rename(folder / os.fsdecode(b"caf\xe9.JPEG"))
    assert complete(take(tmp_path / "source"))


def test_file_that_cannot_be_read_is_named(root, offer, tmp_path, monkeypatch):
    offer("http://127.0.0.1:9/none")

    def refuse(source, place):
        raise PermissionError(errno.EACCES, "Permission denied", str(source))

    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(LessonError, match=r"cannot read .*JPEG: Permission") as caught:
        take(tmp_path / "source")
    assert "RESNET_LESSONS_DATA" not in str(caught.value)


def test_folder_that_cannot_be_read_is_named(root, offer, tmp_path, monkeypatch):
    offer("http://127.0.0.1:9/none")
    look = os.scandir

    def refuse(path):
        if str(path).endswith("dogs"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(LessonError, match=r"cannot read .*dogs: Permission"):
        take(tmp_path / "source")


@pytest.mark.parametrize(
    ("code", "inner"),
    [
        (errno.EACCES, "root/sets"),
        (errno.EACCES, "."),  # a folder above the root
        (errno.ENOSPC, "source/0.JPEG"),  # of what was copied: the disk is full
    ],
)
def test_root_that_cannot_be_written_is_named(tmp_path, code, inner):
    root = tmp_path / "root"
    told = pytest.raises(LessonError, match="another folder with RESNET_LESSONS_DATA")
    with told, install.told(root, "tiny"):
        raise OSError(code, os.strerror(code), str(tmp_path / inner))


@pytest.mark.skipif(sys.platform == "win32", reason="it guesses at homes")
def test_home_of_nobody_is_wrong_use(root, offer, monkeypatch):
    offer("http://127.0.0.1:9/none")
    with pytest.raises(UsageError, match="name the folder in full"):
        take("~nobody-of-that-name/set")
    monkeypatch.setenv("RESNET_LESSONS_DATA", "~nobody-of-that-name/data")
    with pytest.raises(UsageError, match="name the folder in full"):
        store.where("tiny")


def test_missing_and_renamed_class_is_named(root, archive, offer, tmp_path):
    offer("http://127.0.0.1:9/none")
    folder = tmp_path / "source" / "train"
    (folder / "dogs").rename(folder / "hounds")
    with pytest.raises(LessonError, match=r"no train images of dogs.*hounds"):
        take(tmp_path / "source")


def test_folder_without_images_is_refused_in_one_line(root, archive, offer, tmp_path):
    offer("http://127.0.0.1:9/none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LessonError, match="no images of Tiny in empty") as caught:
        take(tmp_path / "empty")
    assert "\n" not in str(caught.value)


def test_wrong_use_is_told(root, offer):
    with pytest.raises(UsageError, match="known: imagenette-160"):
        store.where("imagnette")
    with pytest.raises(UsageError, match="does not exist"):
        store.import_paths("mnist", ["nowhere"])
    with pytest.raises(UsageError, match="built in"):
        store.get("digits")


def test_missing_set_says_what_to_run(root):
    with pytest.raises(LessonError) as caught:
        store.where("imagenette")
    assert "resnet-lessons data get imagenette-160" in str(caught.value)
    assert "resnet-lessons data import imagenette PATH" in str(caught.value)


def test_status_lists_every_set(root, archive, offer, monkeypatch):
    data_set = offer("http://127.0.0.1:9/none")
    monkeypatch.setattr(catalog, "DATA_SETS", (*catalog.DATA_SETS, data_set))
    home = take(archive)
    rows = {row["name"]: row for row in store.status()}
    assert rows["tiny"]["present"] and rows["tiny"]["path"] == str(home)
    assert rows["tiny"]["images"] == {"train": 7, "valid": 4}
    assert rows["digits"]["present"] and rows["digits"]["built_in"]
    assert not rows["cifar10"]["present"]
    told = doctor.report(doctor.examine())
    assert f"here ({data_set.variant}: 7 + 4 pictures)" in told
    (home / "train" / "cats" / "0.JPEG").unlink()
    broken = {row["name"]: row for row in store.status()}["tiny"]
    assert not broken["present"] and "train/cats" in broken["problem"]
    told = doctor.report(doctor.examine())
    assert "broken: train/cats holds 3 of 4 files. Run `resnet-lessons data get" in told


def test_the_command_lists_imports_and_finds(root, archive, offer, monkeypatch, capsys):
    data_set = offer("http://127.0.0.1:9/none")
    monkeypatch.setattr(catalog, "DATA_SETS", (*catalog.DATA_SETS, data_set))

    def said(*words):
        cli.main(["data", *words])
        return capsys.readouterr().out

    first = said("import", "tiny", str(archive))
    assert "tiny is in" in first and "(tiny-official: 7 + 4 pictures)" in first
    (archive.parent / "source" / "train" / "cats" / "0.JPEG").unlink()
    second = said("import", "tiny", str(archive.parent / "source"))
    assert "(source: 6 + 4 pictures, in place of tiny-official: 7 + 4 pict" in second
    said("import", "tiny", str(archive))
    home = str(root / "sets" / "tiny")
    assert said("where", "tiny").strip() == home
    assert json.loads(said("where", "tiny", "--json"))["path"] == home
    rows = [line.split() for line in said("list").splitlines() if line.strip()]
    rows = {name: row for name, *row in rows}
    assert {"yes", "7", "4"} <= set(rows["tiny"]) and "no" in rows["cifar10"]
    listed = {row["name"]: row for row in json.loads(said("list", "--json"))}
    assert listed["tiny"]["images"] == {"train": 7, "valid": 4}


def test_checkpoints_lie_beside_the_data_unless_that_is_read_only(
    tmp_path, monkeypatch
):
    shared, own = tmp_path / "shared", tmp_path / "own"
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(shared))
    monkeypatch.setenv("XDG_CACHE_HOME", str(own))
    assert runs_folder() == shared / "runs"  # it can still be made
    shared.mkdir()
    assert runs_folder() == shared / "runs"
    monkeypatch.setattr("os.access", lambda path, mode: path != shared)
    assert own in runs_folder().parents
    (shared / "runs").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: path == shared)
    assert own in runs_folder().parents  # another user's


def test_runs_have_a_place_where_the_root_may_not_be_entered(root, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)  # as up to Python 3.13
    assert runs_folder() == root / "runs"


def test_part_of_the_release_is_told_under_the_name_of_its_family_too(
    root, archive, offer, tmp_path, monkeypatch
):
    tiny = offer("http://127.0.0.1:9/none")
    every = dataclasses.replace(tiny, name="tiny-any", archives=(), variant="")
    monkeypatch.setitem(catalog._BY_NAME, "tiny-any", every)
    monkeypatch.setitem(catalog.FAMILY, "tiny-any", ("tiny-any", "tiny"))
    whole = (tmp_path / "source").rename(tmp_path / "tiny-official")
    picture = whole / "train" / "cats" / "0.JPEG"
    content = picture.read_bytes()
    picture.unlink()
    with pytest.raises(LessonError, match="has 7 train images, but there are 6 here"):
        store.import_paths("tiny-any", [whole], progress=False)
    picture.write_bytes(content)
    home = store.import_paths("tiny-any", [whole], progress=False)
    assert store.where("tiny") == store.where("tiny-any") == home

"""A set as it is kept: its marker, its name, and the room that it needs."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from data_server import draw_set, tar_of, tiny_set
from resnet_lessons.data import catalog, marker, store, unpack
from resnet_lessons.data.root import data_root
from resnet_lessons.errors import LessonError, UsageError


@pytest.fixture
def sealed(tmp_path):
    """The folder of a whole set, and its marker."""
    home = draw_set(tmp_path / "tiny", "valid")
    return home, marker.seal(home, "tiny", "tiny-official", "folders", {}, [])


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Of the set `tiny`, which the catalogue has; no host delivers it."""
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "root"))
    packed = tar_of(draw_set(tmp_path / "source"), tmp_path / "mine.tgz")
    data_set = tiny_set(packed, ["http://127.0.0.1:9/none"])
    monkeypatch.setitem(catalog._BY_NAME, "tiny", data_set)
    return packed


def test_a_marker_of_another_format_counts_as_none(sealed):
    home, note = sealed
    assert marker.read(home) == note
    other = dataclasses.asdict(note) | {"format": marker.FORMAT + 1}
    (home / marker.MARKER).write_text(json.dumps(other), "utf-8")
    assert marker.read(home) is None


def test_a_picture_too_many_is_told(sealed):
    """Each picture in the folder would be decoded."""
    home, note = sealed
    (home / "train" / "cats" / "more.JPEG").write_bytes(b"a picture")
    told = ["train/cats holds 5 of 4 files"]
    assert marker.missing(home, note) == marker.broken(home, note) == told


@pytest.mark.parametrize(
    ("text", "told"), [(None, "is missing"), ("", "does not match the content hash")]
)
def test_a_list_of_files_that_is_gone_or_another_is_told(sealed, text, told):
    home, note = sealed
    manifest = home / marker.MANIFEST
    manifest.unlink() if text is None else manifest.write_text(text)
    (line,) = marker.broken(home, note)
    assert line.startswith(f"manifest.sha256 {told}")


def test_a_download_needs_room_for_the_archive_and_for_its_files(archive, monkeypatch):
    usage = type("Usage", (), {"free": archive.stat().st_size * 2})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    (archive.parent / "root").mkdir()
    with pytest.raises(LessonError, match="MB are needed"):
        store.get("tiny", progress=False)


def test_an_archive_that_is_whole_already_is_not_loaded_again(archive):
    """As of a set in several files, where the last one did not come."""
    downloads = archive.parent / "root" / "downloads" / "tiny"
    downloads.mkdir(parents=True)
    shutil.copy(archive, downloads / "tiny.tgz")
    (downloads / "tiny.tgz.part").write_bytes(b"left by a kill")
    assert store.get("tiny", progress=False) == store.where("tiny")
    assert not downloads.exists()


def test_one_of_several_archives_is_not_the_release(archive, monkeypatch):
    data_set = catalog.find("tiny")
    (one,) = data_set.archives
    other = dataclasses.replace(one, file_name="other.tgz", sha256="0" * 64)
    two = dataclasses.replace(data_set, archives=(one, other))
    monkeypatch.setitem(catalog._BY_NAME, "tiny", two)
    store.import_paths("tiny", [archive], progress=False)
    assert store.installed("tiny")[2].variant == "mine"


def test_nothing_is_nothing_to_import(archive):
    with pytest.raises(UsageError, match="nothing to import"):
        store.import_paths("tiny", [])


def test_what_lies_at_the_root_of_a_disk_has_a_name_too():
    assert store._variant(Path("/")) == "imported"


def test_a_folder_that_is_named_goes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESNET_LESSONS_DATA", "given")
    assert data_root() == tmp_path / "given"  # in full: the next cell may change there
    assert data_root("named") == tmp_path / "named"
    assert data_root("~/named") == Path("~/named").expanduser()


def test_of_many_problems_five_are_listed():
    assert store._list(list("abcde")) == "a; b; c; d; e"
    assert store._list(list("abcdefg")) == "a; b; c; d; e; and 2 more"


@pytest.mark.parametrize("start", [b"\r\n<!DOCTYPE html>", b"<HTML>", b"<?xml version"])
def test_a_web_page_is_known_by_its_first_words(start):
    assert unpack.is_page(start) and not unpack.is_page(start[-4:])

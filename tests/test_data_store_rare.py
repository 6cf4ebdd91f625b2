"""Getting and importing data sets: the rarer cases."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from data_server import draw_set, tar_of, tiny_set
from resnet_lessons.data import catalog, store, unpack
from resnet_lessons.data.root import data_root
from resnet_lessons.errors import LessonError, UsageError


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Of the set `tiny`, which the catalogue has; no host delivers it."""
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "root"))
    packed = tar_of(draw_set(tmp_path / "source"), tmp_path / "mine.tgz")
    data_set = tiny_set(packed, ["http://127.0.0.1:9/none"])
    monkeypatch.setitem(catalog._BY_NAME, "tiny", data_set)
    return packed


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

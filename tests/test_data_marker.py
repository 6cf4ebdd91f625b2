"""The marker of a set, and what it finds missing or changed."""

import dataclasses
import json

import pytest

from data_server import draw_set
from resnet_lessons.data import marker


@pytest.fixture
def sealed(tmp_path):
    """The folder of a whole set, and its marker."""
    home = draw_set(tmp_path / "tiny", "valid")
    return home, marker.seal(home, "tiny", "tiny-official", "folders", {}, [])


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

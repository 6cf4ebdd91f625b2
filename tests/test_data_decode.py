"""Decoding: errors in a picture, and a cache that another process has made."""

import numpy as np
import pytest
from PIL import Image

from resnet_lessons.data import decode, decoded
from resnet_lessons.errors import LessonError


def test_a_png_with_a_broken_part_is_named(tmp_path):
    """PIL calls that an error of syntax."""
    file = tmp_path / "noise.png"
    noise = np.random.RandomState(0).randint(0, 256, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(file)
    content = file.read_bytes()
    second = content.index(b"IDAT", content.index(b"IDAT") + 4)
    file.write_bytes(content[:second] + b"\0\0\0\0" + content[second + 4 :])
    images = np.zeros((1, 16, 16, 3), np.uint8)
    with pytest.raises(LessonError, match=r"cannot decode .*noise\.png"):
        decode.decode([file], images, "tiny", "", False)


def test_what_another_process_has_decoded_meanwhile_is_taken(
    tmp_path, monkeypatch, capsys
):
    looks = iter([False, True])  # finished while we wait for the lock
    monkeypatch.setattr(decoded, "_whole", lambda cache: next(looks))
    cache = decoded._made(tmp_path, "tiny", *[None] * 5)
    assert cache == tmp_path / "decoded" / "tiny"
    assert list(cache.parent.iterdir()) == [] and capsys.readouterr().err == ""

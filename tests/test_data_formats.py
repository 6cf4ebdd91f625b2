"""Files of the classic formats that are not as they should be; names of folders."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from resnet_lessons.data import catalog, formats, layouts
from resnet_lessons.errors import LessonError

LABELS = b"\0\0\x08\x01" + struct.pack(">I", 3) + b"\1\2\3"


@pytest.mark.parametrize(
    "content",
    [
        LABELS + b"\0",  # too long
        LABELS[:6],  # ends in its head
        LABELS[:3],
        b"\0\0\x0d" + LABELS[3:],  # of floats
        b"\0\0\x08\2" + struct.pack(">II", 1, 3) + b"\1\2\3",  # two dimensions
    ],
)
def test_what_is_no_whole_idx_file_is_named(content, tmp_path):
    file = tmp_path / "train-labels-idx1-ubyte"
    file.write_bytes(LABELS)
    assert formats.read_idx(file).tolist() == [1, 2, 3]
    file.write_bytes(content)
    with pytest.raises(LessonError, match=r"ubyte is no whole IDX file of bytes"):
        formats.read_idx(file)


ROWS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        (ROWS, [0, 10]),
        (ROWS, [-1, 0]),
        (ROWS, [0]),
        (np.asfortranarray(ROWS), [0, 9]),  # its bytes lie in another order
        (ROWS.astype(np.int8), [0, 9]),
    ],
)
def test_what_is_no_batch_of_cifar_is_refused(rows, labels, tmp_path):
    def dump(rows, labels):
        batch = {b"data": rows, b"labels": labels}
        (tmp_path / "batch").write_bytes(pickle.dumps(batch, protocol=4))

    dump(ROWS, [0, 9])
    assert formats.read_batch(tmp_path / "batch")[1].tolist() == [0, 9]
    dump(rows, labels)
    with pytest.raises(LessonError, match=r"refused to read .*not a CIFAR"):
        formats.read_batch(tmp_path / "batch")


@pytest.mark.parametrize("name", ["valid", "val", "validation", "test", "VAL"])
def test_folders_of_validation_have_several_names_in_any_case(name):
    """Also at the root of a disk."""
    data_set = catalog.find("imagenette-160")
    inner = data_set.folders[0]
    files = [Path("/Train", inner, "1.JPEG"), Path("/", name, inner, "2.png")]
    targets, strangers = layouts._folders(data_set, files)
    assert [target for target, _ in targets] == [
        f"train/{inner}/1.JPEG",
        f"valid/{inner}/2.png",
    ]
    assert not strangers
    files.append(Path("/test", inner, "3.png"))  # beside another: is not for validation
    assert len(layouts._folders(data_set, files)[0]) == 2 + (name == "test")

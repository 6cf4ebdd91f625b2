"""Readers for the two classic file formats: IDX (MNIST) and CIFAR-10's batches."""

import gzip
import math
import pickle
import zlib
from pathlib import Path

import numpy as np

from ..errors import LessonError

AGAIN = "copy it from its source again, then import it"


def read_idx(path):
    """A uint8 array from an IDX file, plain or gzipped.

    (N, 28, 28) for images and (N,) for labels. Raises `LessonError` if the file is
    cut short or is no IDX file. Format: Y. LeCun, the MNIST database.
    """
    path = Path(path)
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise LessonError(f"cannot read {path} ({error}); {AGAIN}") from None
    dims = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 else 0
    start = 4 + 4 * dims
    known = dims in (1, 3) and len(data) >= start
    shape = np.frombuffer(data, ">u4", dims, 4).tolist() if known else [0]
    if not known or len(data) != start + math.prod(shape):
        raise LessonError(f"{path} is no whole IDX file of bytes; {AGAIN}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


class _Array:
    """Takes the place of numpy's array while a batch is read; holds plain bytes."""

    def __setstate__(self, state):
        _, shape, dtype, fortran, raw = state
        if dtype.code != "u1" or fortran or not isinstance(raw, bytes):
            raise pickle.UnpicklingError("only arrays of bytes are expected")
        self.value = np.frombuffer(raw, np.uint8).reshape(shape)


class _DType:
    def __init__(self, code, *_):
        self.code = code.decode() if isinstance(code, bytes) else code

    def __setstate__(self, state):
        pass  # byte order: bytes have none


class _BatchReader(pickle.Unpickler):
    """Reads what CIFAR-10's batches hold and refuses to load anything else.

    No function named in the file is ever looked up: the three names of numpy that a
    batch uses are answered with the two classes above.
    """

    ALLOWED = {  # noqa: RUF012
        "_reconstruct": lambda *_: _Array(),
        "ndarray": _Array,
        "dtype": _DType,
    }

    def find_class(self, module, name):
        if module.split(".")[0] == "numpy" and name in self.ALLOWED:
            return self.ALLOWED[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def read_batch(path):
    """Images (N, 32, 32, 3) uint8 and labels (N,) int64 of one CIFAR-10 batch.

    Raises `LessonError` for anything but a dictionary of bytes and numbers. Layout:
    A. Krizhevsky, 2009: rows of 1024 red, 1024 green, 1024 blue.
    """
    try:
        with open(path, "rb") as file:
            batch = _BatchReader(file, encoding="bytes").load()
        batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
        images = batch["data"].value.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        labels = np.array(batch["labels"], np.int64)
        if len(images) != len(labels) or labels.min() < 0 or labels.max() > 9:
            raise ValueError("images and labels do not match")
    except Exception as error:  # a hostile pickle can raise anything
        raise LessonError(
            f"refused to read {path}: not a CIFAR-10 batch ({error})"
        ) from None
    return images, labels

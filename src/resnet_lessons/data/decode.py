"""From picture files to squares of bytes."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..errors import LessonError

CHUNK = 64  # pictures a thread decodes at a time


def cores() -> int:
    """Processor cores this process may use: as many threads or workers decode."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def decode(pictures, images, name, label, progress):
    """Fill `images` (N, H, W, C) from paths or arrays, in threads: PIL lets go of
    Python's lock while it decodes and scales."""

    def work(start):
        stop = min(start + CHUNK, len(images))
        for i in range(start, stop):
            images[i] = _picture(pictures[i], *images.shape[2:], name)
        return stop - start

    starts = range(0, len(images), CHUNK)
    bar = tqdm(desc=label, total=len(images), disable=not progress, leave=False)
    with bar, ThreadPoolExecutor(min(16, cores())) as pool:
        for done in pool.map(work, starts):  # an error cancels what is left
            bar.update(done)


def _picture(source, size, channels, name):
    """One picture, a path or an array, as (size, size, channels) bytes."""
    try:
        if isinstance(source, np.ndarray):
            return fit(Image.fromarray(source), size, channels)
        with Image.open(source) as picture:
            return fit(picture, size, channels)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LessonError(
            f"cannot decode {source}: {error}. Run `resnet-lessons data verify {name}` "
            "to see whether it has changed here; if not, repair its source and import "
            "it again"
        ) from None


def fit(picture, size, channels):
    """Scale a PIL picture to short side `size`, cut its centre square: (H, W, C)."""
    mode = "L" if channels == 1 else "RGB"
    picture.draft(mode, (size, size))  # a JPEG can be decoded at ½, ¼ or ⅛ for less
    if picture.mode.startswith("I;16"):  # `convert` would cut off all above 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = picture.convert(mode)
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    if (width, height) != (size, size):
        box = (left, top, left + side, top + side)
        picture = picture.resize((size, size), Image.Resampling.LANCZOS, box)
    return np.asarray(picture).reshape(size, size, channels)

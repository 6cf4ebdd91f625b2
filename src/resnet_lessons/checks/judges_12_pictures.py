"""Chapter 12, transfer: how what was made of a picture is judged."""

import numpy as np
import torch
from PIL import Image

from .describe import Words
from .expect import made
from .mistakes_12_pictures import PICTURES, SHAPES


def check_preprocess(answer, expect):
    for mode, width, height, size in [
        ("RGB", 24, 24, 24),
        ("RGB", 96, 72, 24),
        ("RGB", 40, 100, 20),
        ("L", 60, 30, 30),
        ("RGBA", 96, 72, 24),
        ("LA", 32, 24, 24),
    ]:
        picture = _picture(mode, width, height)
        mean, std = (0.5, 0.4, 0.6), (0.2, 0.25, 0.3)
        other = f'`convert("RGB")` comes first: this picture is {mode}.'
        what = f"a picture of {width}×{height} pixels, mode {mode}, to {size}"
        expect.trying(what, hint=other if mode != "RGB" else "")
        got = answer(picture, size, mean, std)
        case = (picture, size, mean, std)
        shape = (1, 3, size, size)
        expect.shape(
            "what comes out",
            got,
            shape,
            hint="One picture, three channels, rows, columns.",
            mistakes=SHAPES(picture, size),
        )
        right, *_ = made(PICTURES, *case)
        expect.close(
            "the values",
            got.float(),
            right[0],
            hint="Scale by a smooth filter, cut, divide by 255, subtract the mean, "
            "divide by std.",
            mistakes=made(PICTURES[1:], *case),
            atol=0.1,  # smooth ways of scaling differ by less
        )
        expect.equal(
            "the type of its numbers",
            Words(got.dtype),
            Words(torch.float32),
            hint="A net's weights are float32, and it takes nothing else: `.float()`.",
        )
        if width == height == size:
            expect.close(
                "the values once more, now that nothing was scaled",
                got,
                right[0],
                hint="They are nearly right. The largest value is 255: divide by it, "
                "not by 256.",
                atol=1e-3,
            )


def _picture(mode, width, height):
    """A picture, other in each channel and each corner, under a fine chequerboard."""
    rows, columns = np.mgrid[:height, :width]
    y, x = rows / max(height, width), columns / max(height, width)
    waves = [np.sin(3 * x + y), np.cos(2 * y - 4 * x), np.sin(5 * y * x + 1)]
    fine = 25 * (-1) ** (rows + columns)
    rgb = np.stack([127 + 100 * w + fine for w in waves], -1).astype(np.uint8)
    picture = Image.fromarray(rgb).convert(mode)
    if mode.endswith("A"):  # from clear to solid
        picture.putalpha(Image.fromarray((255 * x / x.max()).astype(np.uint8)))
    return picture

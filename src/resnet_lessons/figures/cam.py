"""Chapter 13: class activation maps as the data of a widget."""

import base64
import io
from math import ceil
from statistics import mean
from string import ascii_lowercase, ascii_uppercase, digits

LEVELS = 64  # steps of a map in the data of `widgets.CamLayer`, one letter each
DIGITS = ascii_uppercase + ascii_lowercase + digits + "+/"
SIDE = 16  # cells of a map on a side there, at most


def cam_data(
    images,  # (B, H, W, 3) bytes
    masks,  # (B, H, W): where something is
    names: list[str],  # of the B pictures
    asked: list[list[str]],  # for each picture the classes that were asked about
    probabilities: list[list[float]],  # of these classes
    layers: list[dict],  # as `probes.cam_by_layer` gives them
    inside: list[list[list[float]]],  # share of each map: [layer][picture][class]
    note: str,
) -> dict:
    """The data of `widgets.CamLayer`; maps become text, a letter for each cell."""
    return {
        "pictures": [
            {
                "image": _jpeg(image),
                "mask": [_hexadecimal(row) for row in mask],
                "name": name,
                "classes": classes,
                "probabilities": shares,
            }
            for image, mask, name, classes, shares in zip(
                images, masks, names, asked, probabilities, strict=True
            )
        ],
        "layers": [
            {
                "name": layer["name"],
                "side": layer["side"],
                "maps": [[letters(m) for m in each] for each in layer["maps"]],
                "inside": shares,
            }
            for layer, shares in zip(layers, inside, strict=True)
        ],
        "note": note,
    }


def _hexadecimal(row: list[bool]) -> str:
    """Four pixels a digit: [False, False, True, True, True, True, True, True] is 3f."""
    number = int("".join("01"[int(x)] for x in row), 2)
    return f"{number:0{len(row) // 4}x}"


def _jpeg(image) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def letters(grid: list[list[float]]) -> list[str]:
    """Rows of numbers from 0 to 1 as rows of letters, A to /, on at most 16 cells."""
    fold = ceil(len(grid) / SIDE)
    cells = range(0, len(grid), fold)
    return [
        "".join(DIGITS[round((LEVELS - 1) * _block(grid, y, x, fold))] for x in cells)
        for y in cells
    ]


def _block(grid, y: int, x: int, fold: int) -> float:
    """The mean of `fold` x `fold` numbers (fewer at the rim)."""
    return mean(value for row in grid[y : y + fold] for value in row[x : x + fold])

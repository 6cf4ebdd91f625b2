"""Where compute and parameters sit: a net's cost stage by stage (chapter 8)."""

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import nn

from ..nets import build
from .counts import Row, shapes


def stages(net: nn.Module, input_shape: Sequence[int]) -> list[Row]:
    """One row for the stem, for each stage and for the head; they add up to the net.

    These are the rows of `shapes`, added up: `in_shape` is that of the first layer of
    a part, `out_shape` that of the last. A net on the meta device will do; it needs
    neither time nor memory. Raises `UsageError` if the input shape is not (C, H, W).
    """
    rows = shapes(net, input_shape, depth=2)
    return [_part(name, list(part)) for name, part in groupby(rows, _name)]


def _name(row: Row) -> str:
    part, _, number = row.name.partition(".")
    return f"stage {int(number) + 1}" if part == "stages" else part


def _part(name: str, rows: list[Row]) -> Row:
    parameters = sum(row.parameters for row in rows)
    macs = sum(row.macs for row in rows)
    kind = rows[0].kind if len(rows) == 1 else "Sequential"
    return Row(name, kind, rows[0].in_shape, rows[-1].out_shape, parameters, macs)


def compute_by_stage(
    nets: dict[str, str],  # what a reader sees: name for nets.build
    stems: dict[str, str],  # what a reader sees: a key of nets.STEMS, or "none"
    sizes: Sequence[int],  # sides of the images in pixels
) -> dict:
    """The data of `widgets.ComputeByStage`: every net with every stem at every size."""
    return {
        "nets": list(nets),
        "stems": list(stems),
        "sizes": list(sizes),
        "cases": [
            [_case(name, stem, sizes) for stem in stems.values()]
            for name in nets.values()
        ],
    }


def _case(name: str, stem: str, sizes: Sequence[int]) -> dict:
    with torch.device("meta"):
        net = build(name, stem=stem)
        # Normalisation costs no MACs and changes no shape, but is slow on meta.
        bare = build(name, stem=stem, norm=None)
    found = [stages(bare, (3, size, size)) for size in sizes]
    return {
        "parts": [row.name for row in found[0]],
        "parameters": [r.parameters for r in stages(net, (3, sizes[0], sizes[0]))],
        "macs": [[row.macs for row in rows] for rows in found],
        "shapes": [[list(row.out_shape) for row in rows] for rows in found],
    }

"""What a net's convolutions are: the settings that decide their cost (chapter 1)."""

from collections.abc import Sequence

from torch import nn

from ..errors import UsageError
from .counts import shapes


def convolutions(
    net: nn.Module,
    input_shape: Sequence[int],  # (C, H, W) of one image
    names: Sequence[str],  # what a reader calls them, in the order of running
) -> list[dict]:
    """The settings of every convolution that runs: `layers` of `widgets.Convolution`.

    Raises `UsageError` if there are more or fewer than `names`, or if one has what
    the picture does not draw: sides that differ, groups, or dilation.
    """
    layers = dict(net.named_modules())
    rows = [r for r in shapes(net, input_shape, depth=None) if r.kind == "Conv2d"]
    if len(rows) != len(names):
        raise UsageError(f"{len(rows)} convolutions run, but {len(names)} are named.")
    return [
        _settings(name, layers[row.name], row.in_shape)
        for name, row in zip(names, rows, strict=True)
    ]


def _settings(name: str, layer: nn.Conv2d, in_shape: Sequence[int]) -> dict:
    pairs = {
        "size": tuple(in_shape[1:]),
        "kernel": layer.kernel_size,
        "stride": layer.stride,
        "padding": layer.padding,
    }
    square = all(isinstance(p, tuple) and len(set(p)) == 1 for p in pairs.values())
    if not square or layer.groups != 1 or layer.dilation != (1, 1):
        raise UsageError(f"{name}: only square convolutions of one group are drawn.")
    sides = {key: pair[0] for key, pair in pairs.items()}
    channels = {"in_channels": layer.in_channels, "out_channels": layer.out_channels}
    return {"name": name, **sides, **channels, "bias": layer.bias is not None}

"""The shortcut of a block: what is added to F(x) (He et al. 2015, section 3.2).

| name | same shape          | other shape                              | chapter |
|------|---------------------|------------------------------------------|---------|
| A    | x                   | every s-th pixel, zeros for new channels | 6       |
| B    | x                   | 1x1 conv with stride s, BatchNorm        | 6       |
| C    | 1x1 conv, BatchNorm | 1x1 conv with stride s, BatchNorm        | 6       |
| pool | x                   | s x s average pool, 1x1 conv, BatchNorm* | 7       |
| none | 0                   | 0: a plain net                           | 4       |

* The pool only where s > 1, conv and BatchNorm only where the channels differ.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UsageError
from .layers import Norm, conv


class PadChannels(nn.Module):
    """Option A: the identity, subsampled, with channels of zeros appended.

    (B, C, H, W) -> (B, C + extra, ceil(H / stride), ceil(W / stride)), no parameters.
    """

    def __init__(self, extra: int, stride: int):
        super().__init__()
        self.extra = extra
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]  # (B, C, H/s, W/s)
        return F.pad(x, (0, 0, 0, 0, 0, self.extra))  # (B, C + extra, H/s, W/s)

    def extra_repr(self) -> str:
        return f"extra={self.extra}, stride={self.stride}"


class Nothing(nn.Module):
    """No shortcut: adds 0, so that the block computes F(x) alone."""

    def forward(self, x: Tensor) -> float:
        return 0.0


def identity(in_channels: int, out_channels: int, stride: int, norm: Norm) -> nn.Module:
    return nn.Identity()


def pad(in_channels: int, out_channels: int, stride: int, norm: Norm) -> nn.Module:
    if out_channels < in_channels:
        raise UsageError(
            f"Shortcut A can only add channels, not go from {in_channels} to "
            f"{out_channels}; use shortcut B."
        )
    return PadChannels(out_channels - in_channels, stride)


def project(in_channels: int, out_channels: int, stride: int, norm: Norm) -> nn.Module:
    return conv(in_channels, out_channels, 1, stride, norm, activation=None)


def pool(in_channels: int, out_channels: int, stride: int, norm: Norm) -> nn.Module:
    # ceil_mode keeps the last row of an odd grid, as a padded 3x3 convolution does.
    path = [nn.AvgPool2d(stride, ceil_mode=True)] if stride != 1 else []
    if in_channels != out_channels:
        path += [conv(in_channels, out_channels, 1, norm=norm, activation=None)]
    return nn.Sequential(*path)


def nothing(in_channels: int, out_channels: int, stride: int, norm: Norm) -> nn.Module:
    return Nothing()


# name: (where the shape stays, where it changes)
SHORTCUTS = {
    "A": (identity, pad),
    "B": (identity, project),
    "C": (project, project),
    "pool": (identity, pool),
    "none": (nothing, nothing),
}


def make_shortcut(
    name: str,  # a key of SHORTCUTS
    in_channels: int,
    out_channels: int,
    stride: int = 1,
    norm: Norm = nn.BatchNorm2d,  # for the projections
) -> nn.Module:
    """The module that takes x to the shape of F(x); `UsageError` on a wrong name."""
    if name not in SHORTCUTS:
        names = ", ".join(SHORTCUTS)
        raise UsageError(f"There is no shortcut {name!r}; choose one of {names}.")
    same, change = SHORTCUTS[name]
    make = same if (stride, in_channels) == (1, out_channels) else change
    return make(in_channels, out_channels, stride, norm)

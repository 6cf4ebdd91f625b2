"""The residual net: stem, stages of blocks, head (He et al. 2015; chapters 7 to 10)."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from ..errors import UsageError
from .layers import Norm, head
from .stems import make_stem


class ResNet(nn.Module):
    """One net for every variant: (B, in_channels, H, W) -> (B, num_classes) logits.

    Stage i holds `depths[i]` blocks of `widths[i]`; its first block has `strides[i]`
    and the new width. Height and width may be anything from 1 pixel up; but in training
    BatchNorm needs two values of a channel, so two pictures where the last grid is
    1 x 1. A norm and a ReLU close the stages of pre-activation blocks, and any where
    `closing_gamma` is given (chapter 10).
    """

    def __init__(
        self,
        block: Callable[..., nn.Module],  # a class of `blocks`, with its `expansion`
        depths: Sequence[int],  # blocks in each stage
        widths: Sequence[int],  # width of each stage, before the expansion
        stem: str,  # a key of stems.STEMS, or "none"
        shortcut: str,  # a key of shortcuts.SHORTCUTS
        num_classes: int = 10,
        in_channels: int = 3,
        strides: Sequence[int] | None = None,  # None: 1, then 2 for each later stage
        norm: Norm = nn.BatchNorm2d,  # None: no normalisation anywhere
        closing_gamma: float | None = None,  # of a norm behind the stages, at the start
        **options,  # of the block: batch_zero, strided_conv
    ):
        super().__init__()
        strides = strides or [1] + [2] * (len(depths) - 1)
        check_stages(depths, widths, strides)
        self.stem, channels = make_stem(stem, in_channels, widths[0], norm)
        options |= {"shortcut": shortcut, "norm": norm}
        self.stages = nn.Sequential()
        for depth, width, stride in zip(depths, widths, strides, strict=True):
            self.stages.append(stage(block, depth, channels, width, stride, **options))
            channels = width * block.expansion
        closing = []
        if getattr(block, "preactivated", False) or closing_gamma is not None:
            # The last sum has met no norm and no ReLU (He et al. 2016, appendix).
            closing = [norm(channels), nn.ReLU()] if norm else [nn.ReLU()]
        if closing_gamma is not None:
            if not norm:
                raise UsageError("This net has no norms: leave closing_gamma out.")
            nn.init.constant_(closing[0].weight, closing_gamma)
        self.head = nn.Sequential(*closing, *head(channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        x = self.stem(x)  # (B, widths[0], H/4, W/4) on ImageNet
        x = self.stages(x)  # (B, widths[-1] * expansion, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def stage(
    block: Callable[..., nn.Module],
    depth: int,  # number of blocks
    in_channels: int,
    width: int,
    stride: int,  # of the first block; the others have 1
    **options,  # of the block
) -> nn.Sequential:
    """`depth` blocks of one width; the first one changes the shape."""
    first = block(in_channels, width, stride, **options)
    channels = width * block.expansion
    rest = [block(channels, width, 1, **options) for _ in range(depth - 1)]
    return nn.Sequential(first, *rest)


def check_stages(*settings: Sequence[int]) -> None:
    """`UsageError` unless all lists have the same length and hold numbers from 1 up."""
    lengths = {len(setting) for setting in settings}
    if len(lengths) != 1 or 0 in lengths or min(map(min, settings)) < 1:
        depths, widths, strides = map(list, settings)
        raise UsageError(
            "A ResNet needs one depth, one width and one stride for each stage, all at "
            f"least 1; got depths {depths}, widths {widths}, strides {strides}."
        )

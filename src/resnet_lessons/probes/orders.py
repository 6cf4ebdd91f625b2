"""What the order inside a block does to the signal, before any step (chapter 10)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets import head, make_stem
from ..nets.orders import LAYERS, OrderedBlock, split_order
from .flow import norm


def block_orders(
    orders: dict[str, str],  # name: order, as in nets.ORDERS
    depths: Sequence[int],  # blocks in the stack
    channels: int,  # of every block
    pictures: Tensor,  # (B, C, H, W)
    labels: Tensor,  # (B,)
    note: str,  # what was measured, in words
) -> dict:
    """The data of `widgets.BlockOrder`: stacks of equal blocks before any step.

    Each stack is drawn anew from seed 0; the generator is left as it was. Raises
    `UsageError` if a line is no order.
    """
    with torch.random.fork_rng(devices=[]):
        cases = [
            [_signals(order, depth, channels, pictures, labels) for depth in depths]
            for order in orders.values()
        ]
    return {
        "orders": [{"name": name, "order": o} for name, o in orders.items()],
        "depths": list(depths),
        "cases": cases,
        "note": note,
    }


def ordered_stack(
    order: str,  # as in nets.ORDERS
    depth: int,  # blocks
    channels: int,  # of every block
    in_channels: int = 1,  # of the pictures
) -> tuple[nn.Module, nn.Sequential, nn.Sequential]:
    """(stem, blocks, head) of a net whose blocks have that order.

    The head begins with what the next block would have begun with: an activation that
    moved in front of the convolution must still come after the last sum (He et al.
    2016, figure 5 and appendix).
    """
    stem, _ = make_stem("cifar", in_channels, channels)
    blocks = nn.Sequential(*[OrderedBlock(channels, order) for _ in range(depth)])
    residual, _ = split_order(order)
    first = residual.index("conv") if "conv" in residual else 0
    closing = [LAYERS[word](channels) for word in residual[:first]]
    return stem, blocks, nn.Sequential(*closing, *head(channels, 10))


def _signals(order: str, depth: int, channels: int, pictures, labels) -> dict:
    """What passes x_0 to x_depth; the stack is in training mode, its start seed 0."""
    torch.default_generator.manual_seed(0)
    stem, blocks, end = ordered_stack(order, depth, channels, pictures.shape[1])
    xs = [stem(pictures)]  # (B, channels, H, W)
    kept = []  # for each block, the positions where f leaves the sum as it is
    for block in blocks:
        total = block.residual(xs[-1]) + xs[-1]
        xs.append(block.after(total))
        kept.append(xs[-1] == total)
    gradients = torch.autograd.grad(F.cross_entropy(end(xs[-1]), labels), xs)
    return {
        "mean": [x.mean().item() for x in xs],
        "std": [x.std().item() for x in xs],
        "gradient": [norm(g) for g in gradients],
        "passed": [_share(mask) for mask in kept],
        "untouched": _untouched(kept),
    }


def _untouched(kept: list[Tensor]) -> list[float]:
    """For x_0, x_1, ..., the share of positions that no later f has changed."""
    open_ = torch.ones_like(kept[0])
    shares = [1.0]
    for mask in reversed(kept):
        open_ = open_ & mask
        shares.append(_share(open_))
    return shares[::-1]


def _share(mask: Tensor) -> float:
    return mask.float().mean().item()

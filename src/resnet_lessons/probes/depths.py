"""What reaches the first layer of plain and residual nets of each depth (chapter 4)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..nets import cifar_net
from .flow import gradients


def first_gradients(
    depths: Sequence[int],  # layers with weights: 6n + 2
    width: int,  # channels of the first stage
    pictures: Tensor,  # (B, C, H, W)
    labels: Tensor,  # (B,)
) -> dict[str, list[float]]:
    """{"plain": norms, "residual": norms}, one norm for each depth, before any step.

    The Euclidean norm of the loss gradient by the weights of the first convolution.
    Each net is drawn anew from seed 0; the generator is left as it was.
    """

    def norm(depth: int, kind: str) -> float:
        torch.manual_seed(0)
        net = cifar_net(depth, kind, width=width, in_channels=pictures.shape[1])
        return gradients(net, pictures, labels)[0].norm

    with torch.random.fork_rng(devices=[]):
        return {k: [norm(d, k) for d in depths] for k in ("plain", "residual")}

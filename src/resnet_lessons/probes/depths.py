"""What reaches the first layer of plain and residual nets of each depth (chapter 4)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import UsageError
from ..nets import cifar_net
from .counts import macs, parameters
from .flow import gradients

DEEPEST = 1202  # layers of the paper's deepest net (section 4.2)
CIFAR = (3, 32, 32)  # shape of one picture, for the counts


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
        torch.default_generator.manual_seed(0)
        net = cifar_net(depth, kind, width=width, in_channels=pictures.shape[1])
        return gradients(net, pictures, labels)[0].norm

    with torch.random.fork_rng(devices=[]):
        return {k: [norm(d, k) for d in depths] for k in ("plain", "residual")}


def before_training(
    depth: int,  # layers with weights: 6n + 2, up to 1202
    width: int,  # channels of the first stage
    pictures: Tensor,  # (B, C, H, W), for the gradient
    labels: Tensor,  # (B,)
) -> dict[str, dict[str, float]]:
    """Under "plain" and "residual": parameters, macs and first gradient of a new net.

    Raises UsageError where no CIFAR net has that depth.
    """
    if depth > DEEPEST:
        raise UsageError(f"{DEEPEST} layers are the paper's deepest net: ask for less.")
    norms = first_gradients([depth], width, pictures, labels)

    def found(kind: str) -> dict[str, float]:
        net = cifar_net(depth, kind, width=width, in_channels=CIFAR[0])
        counts = {"parameters": parameters(net), "macs": macs(net, CIFAR)}
        return {**counts, "gradient": norms[kind][0]}

    with torch.random.fork_rng(devices=[]):
        return {kind: found(kind) for kind in norms}

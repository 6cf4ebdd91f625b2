"""Muon: momentum with its singular values set to one (Jordan and others, 2024).

https://kellerjordan.github.io/posts/muon; for convolutions as in the same author's
"airbench" on CIFAR-10. Appendix D shows what it does and what it brings.
"""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

# One Newton-Schulz step maps a singular value s to a s + b s^3 + c s^5: it takes small
# ones up by a and leaves those near one between 0.7 and 1.2. Jordan's coefficients.
A, B, C = 3.4445, -4.7750, 2.0315
RATIO = 10  # Muon's rate over AdamW's: a step of the filters in parts of their length
MOMENTUM = 0.7


def orthogonal(matrix: Tensor, rounds: int = 3) -> Tensor:
    """`matrix` (rows, columns) with its singular values near one, its directions kept.

    U V^T, roughly, where the matrix is U S V^T; by matrix products alone. Values below
    1/40 of the matrix's norm would need more than three `rounds`.
    """
    wide = matrix if len(matrix) <= len(matrix.T) else matrix.T
    x = wide / (wide.norm() + 1e-7)  # now no singular value is above one
    # A round makes (A + B G + C G^2) x of x, where G = x x^T. We gather these factors
    # first: G is small, x is not.
    gram = x @ x.T
    factors = one = torch.eye(len(x), dtype=x.dtype, device=x.device)
    for _ in range(rounds):
        factor = A * one + B * gram + C * gram @ gram
        factors, gram = factor @ factors, factor @ gram @ factor
    x = factors @ x
    return x if wide is matrix else x.T


@cache
def _orthogonals(shapes: tuple, dtype: torch.dtype, device: torch.device) -> Callable:
    """`orthogonal` of several matrices, one of each of `shapes`; on CUDA in one launch.

    Some hundred small kernels take longer to ask for than to run: see `steps`.
    """

    def each(*matrices):
        return tuple(orthogonal(matrix) for matrix in matrices)

    if device.type != "cuda":
        return each
    like = tuple(torch.zeros(shape, dtype=dtype, device=device) for shape in shapes)
    return torch.cuda.make_graphed_callables(each, like)


class Muon(torch.optim.AdamW):
    """Muon for the filters of convolutions, AdamW for all other parameters.

    For nets whose convolutions are followed by BatchNorm: the length of a filter bank
    does not matter there. Its squares are made to add up to its output channels, so
    that `lr` * RATIO says how far a step turns it. One cycle moves the momentum of
    AdamW, not that of Muon.
    """

    @torch.no_grad()
    def step(self, closure=None):
        """One step; the gradients of filters are used up."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            filters = [w for w in group["params"] if w.ndim == 4 and w.grad is not None]
            self._turn(filters, group["lr"] * RATIO)
        super().step()
        return loss

    def _turn(self, filters: list[Tensor], rate: float) -> None:
        """Move each weight (out, in, height, width) along its orthogonal momentum."""
        ahead = [self._ahead(weight).flatten(1) for weight in filters]
        if not ahead:
            return
        shapes = tuple(matrix.shape for matrix in ahead)
        turns = _orthogonals(shapes, ahead[0].dtype, ahead[0].device)(*ahead)
        for weight, turn in zip(filters, turns, strict=True):
            weight.mul_(math.sqrt(len(weight)) / weight.norm())
            weight.sub_(rate * turn.view_as(weight))
            weight.grad = None  # AdamW passes it over

    def _ahead(self, weight: Tensor) -> Tensor:
        """The momentum of `weight` after this gradient, one step ahead (Nesterov)."""
        state = self.state[weight]
        if not state:
            # AdamW looks for a step in every state that it loads.
            state |= {"momentum": torch.zeros_like(weight), "step": torch.zeros(())}
        kept = state["momentum"].mul_(MOMENTUM).add_(weight.grad)
        return weight.grad + MOMENTUM * kept

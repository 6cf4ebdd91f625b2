"""Appendix D: mistakes in a step of Muon, each with its hint."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Before:
    """What a step starts from. The tensors are (C_out, C_in, k, k)."""

    weight: Tensor
    gradient: Tensor
    momentum: Tensor
    lr: float
    mu: float

    @property
    def moved(self) -> Tensor:
        """The momentum after the step."""
        return self.mu * self.momentum + self.gradient

    @property
    def ahead(self) -> Tensor:
        """The momentum one step ahead."""
        return self.mu * self.moved + self.gradient


def directions(matrices: Tensor) -> Tensor:
    """Return U V^T of each matrix (..., rows, columns)."""
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    return u @ vh


def turn(tensor: Tensor) -> Tensor:
    """Return U V^T of a tensor as a matrix, one row for each output channel."""
    return directions(tensor.flatten(1)).view_as(tensor)


# The momentum after the step --------------------------------------------------------


MOMENTA = [
    (
        lambda b: b.momentum,
        "It is what it was. `momentum = …` gives the name to a new tensor; "
        "`momentum.mul_(mu).add_(gradient)` writes into the one that was given.",
    ),
    (
        lambda b: b.mu * b.momentum + (1 - b.mu) * b.gradient,
        "That is a running mean. Here the gradient is added whole: mu · M + G.",
    ),
    (
        lambda b: (1 - b.mu) * b.momentum + b.mu * b.gradient,
        "`mu` is the share of the old momentum that is kept, and the gradient is "
        "added whole.",
    ),
    (
        lambda b: (1 - b.mu) * b.momentum + b.gradient,
        "`mu` is the share that is kept, not the one that is lost.",
    ),
    (
        lambda b: b.momentum + b.mu * b.gradient,
        "`mu` belongs to the old momentum, not to the gradient.",
    ),
    (
        lambda b: b.mu * (b.momentum + b.gradient),
        "`mu` belongs to the old momentum only: multiply first, then add.",
    ),
    (
        lambda b: b.momentum + b.gradient,
        "All of the old momentum is kept. Only the share `mu` should be.",
    ),
    (
        lambda b: b.mu * b.momentum,
        "The gradient is missing.",
    ),
    (lambda b: b.gradient, "Nothing of the old momentum is left: keep the share `mu`."),
    (
        lambda b: b.mu * b.momentum - b.gradient,
        "The gradient is added to the momentum. The minus stands before the step.",
    ),
    (
        lambda b: b.ahead,
        "That is mu times the new momentum, plus the gradient once more: a look "
        "ahead, which is not asked for, or the first equation twice.",
    ),
    (
        lambda b: turn(b.moved),
        "Its singular values are one. The momentum keeps its own: only the step that "
        "the weight takes is U V^T.",
    ),
]


# What the weight lost, divided by lr ------------------------------------------------


def _by_columns(tensor: Tensor) -> Tensor:
    """U V^T of the matrix with a row for each input channel."""
    swapped = tensor.transpose(0, 1)
    return turn(swapped.contiguous()).transpose(0, 1)


def _shaped(matrix_of: Callable) -> Callable:
    """U V^T of another matrix that is made of the new momentum."""
    return lambda b: directions(matrix_of(b.moved)).reshape(b.moved.shape)


def _transposed(before):
    """V U^T, laid into the shape of the weight as if it were U V^T."""
    return turn(before.moved).flatten(1).T.reshape(before.moved.shape)


def _inverted(before):
    """The singular values upside down."""
    return torch.linalg.pinv(before.moved.flatten(1)).T.reshape(before.moved.shape)


def _rounds(count: int) -> Callable:
    """Newton-Schulz with the page's coefficients, each singular value by itself."""

    def wrong(before):
        u, s, vh = torch.linalg.svd(before.moved.flatten(1), full_matrices=False)
        s = s / s.norm()
        for _ in range(count):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        return (u * s @ vh).view_as(before.moved)

    return wrong


def _scaled_first(before):
    """W is scaled as in the page's Muon, then moved."""
    weight = before.weight
    scaled = weight * len(weight) ** 0.5 / weight.norm()
    return (weight - scaled) / before.lr + turn(before.moved)


WRONG_MATRIX = (
    "That is another matrix. Each row holds all weights of one output channel: "
    "`momentum.flatten(1)`."
)
ALL_ALIKE = (
    "That makes all singular values smaller by the same factor. Each has to be one."
)
NEARLY = (
    "Nearly: a few rounds of Newton-Schulz leave the singular values around one. Here "
    "they are to be one: `torch.linalg.svd`."
)
NOT_THE_RATE = "The step is `lr` times U V^T, and `lr` once."
STEPS = [
    (
        lambda b: torch.zeros_like(b.weight),
        "The weight is what it was. `weight = …` gives the name to a new tensor; "
        "`weight.sub_(…)` writes into the one that was given.",
    ),
    (
        lambda b: -turn(b.moved),
        "The wrong way: the step is subtracted.",
    ),
    (lambda b: turn(b.moved) / b.lr, NOT_THE_RATE),
    (lambda b: turn(b.moved) * b.lr, NOT_THE_RATE),
    (
        lambda b: b.moved,
        "That is the momentum itself, with all its singular values, as in plain SGD. "
        "Leave S out.",
    ),
    (
        lambda b: turn(b.gradient),
        "That is U V^T of the gradient. Take that of the momentum.",
    ),
    (
        lambda b: turn(b.momentum),
        "That is U V^T of the old momentum. First update it, then take the step.",
    ),
    (
        lambda b: turn(b.ahead),
        "That looks one step ahead, as the page's own Muon does. Take the momentum "
        "itself.",
    ),
    (
        lambda b: turn(b.moved) * max(1, len(b.weight) / b.weight[0].numel()) ** 0.5,
        "It is scaled by the sides of the matrix, as in other versions of Muon. Here "
        "the step is `lr` times U V^T.",
    ),
    (_scaled_first, "The weight is scaled first. Only take the step."),
    (lambda b: _by_columns(b.moved), WRONG_MATRIX),
    (_shaped(lambda moved: moved), WRONG_MATRIX),  # a matrix for each pair of channels
    (_shaped(lambda moved: moved.flatten(0, 2)), WRONG_MATRIX),
    (_shaped(lambda moved: moved.reshape(moved.shape[1], -1)), WRONG_MATRIX),
    (
        _transposed,
        "That is V U^T. Transpose it before you give it the shape of the weight.",
    ),
    (
        _inverted,
        "The singular values are 1 / s now. They should be one: leave S out.",
    ),
    (lambda b: b.moved / b.moved.norm(), ALL_ALIKE),
    (
        lambda b: b.moved / torch.linalg.matrix_norm(b.moved.flatten(1), 2),
        ALL_ALIKE,
    ),
    (
        lambda b: b.moved.sign(),
        "That is the sign of each number. Set the singular values to one.",
    ),
    *[(_rounds(count), NEARLY) for count in range(1, 7)],
]

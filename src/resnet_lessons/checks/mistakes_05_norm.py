"""Chapter 5: mistakes in a batch normalisation, each with its hint."""

from itertools import combinations

from torch import Tensor


def along(x: Tensor, numbers: Tensor, axis: int = 1) -> Tensor:
    """Return numbers (C,) with as many axes as x, laid along this one."""
    shape = [1] * x.ndim
    shape[axis] = -1
    return numbers.view(shape)


def standard(x: Tensor, mu: Tensor, sigma2: Tensor, eps: float) -> Tensor:
    return (x - mu) / (sigma2 + eps).sqrt()


# Mean and variance are the right ones, what follows is not.
FORMULAS = [
    (
        lambda x, mu, sigma2, eps: (x - mu) / sigma2.sqrt(),
        "ε is missing under the root, or it is not the argument `eps`.",
    ),
    (
        lambda x, mu, sigma2, eps: (x - mu) / (sigma2.sqrt() + eps),
        "ε is added before the root is taken: √(σ² + ε).",
    ),
    (
        lambda x, mu, sigma2, eps: (x - mu) / (sigma2 + eps),
        "You divided by the variance. Divide by its root.",
    ),
    (
        lambda x, mu, sigma2, eps: (x - mu) / (sigma2.sqrt() + eps).sqrt(),
        "The root was taken twice: once by `std`, once by `sqrt`.",
    ),
    (
        lambda x, mu, sigma2, eps: (x - mu) * (sigma2 + eps).sqrt(),
        "You multiplied by the root. Divide by it.",
    ),
    (
        lambda x, mu, sigma2, eps: x - mu,
        "The mean is subtracted, but nothing divides by √(σ² + ε).",
    ),
    (
        lambda x, mu, sigma2, eps: x / (sigma2 + eps).sqrt(),
        "The mean is not subtracted.",
    ),
    (
        lambda x, mu, sigma2, eps: x - mu / (sigma2 + eps).sqrt(),
        "Only the mean was divided: `/` comes before `-`. Which brackets are missing?",
    ),
    (lambda x, mu, sigma2, eps: x, "x came back as it was."),
]


def _batch(x: Tensor, correction: int = 0, keepdim: bool = True) -> tuple:
    """Mean and variance of each channel."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    return x.mean(axes, keepdim), x.var(axes, correction=correction, keepdim=keepdim)


def _after(correction: int):
    """The averages that have moved already."""

    def averages(x, mean, var, momentum):
        batch = _batch(x, correction, keepdim=False)
        pairs = zip((mean, var), batch, strict=True)
        return [along(x, old.lerp(new, momentum)) for old, new in pairs]

    return averages


RUNNING = (
    "These are the running averages. In training the mean and the variance of the "
    "batch count."
)
OF_BATCH = (
    "These are mean and variance of the batch. In evaluation the running averages "
    "count."
)
EARLY = (
    "The averages moved before they were used. In evaluation they stay as they were."
)
ONE_RUNS = (
    "One of the two is the running average. In training both come from the batch."
)
ONE_IS_NEW = "One of the two is of the batch. In evaluation both are running averages."
# Each gives the mean and the variance of the mistake, by the mode: True for training.
STATISTICS = {
    True: [
        (
            lambda x, mean, var, momentum: _batch(x, 1),
            "The variance has n - 1 in the denominator. That is for the running "
            "average; the batch is normalised with n: `correction=0`.",
        ),
        (
            lambda x, mean, var, momentum: (along(x, mean), along(x, var)),
            RUNNING,
        ),
        (_after(0), RUNNING),
        (_after(1), RUNNING),
        (
            lambda x, mean, var, momentum: (along(x, mean), _batch(x)[1]),
            ONE_RUNS,
        ),
        (
            lambda x, mean, var, momentum: (_batch(x)[0], along(x, var)),
            ONE_RUNS,
        ),
    ],
    False: [
        (lambda x, mean, var, momentum: _batch(x), OF_BATCH),
        (lambda x, mean, var, momentum: _batch(x, 1), OF_BATCH),
        (_after(0), EARLY),
        (_after(1), EARLY),
        (
            lambda x, mean, var, momentum: (along(x, mean), _batch(x)[1]),
            ONE_IS_NEW,
        ),
        (
            lambda x, mean, var, momentum: (_batch(x)[0], along(x, var)),
            ONE_IS_NEW,
        ),
        (
            lambda x, mean, var, momentum: (along(x, var), along(x, mean)),
            "Mean and variance are swapped.",
        ),
    ],
}


def on_other_axes(x: Tensor) -> list[tuple]:
    """(mean and variance over these axes, a hint) for all wrong choices of them."""
    right = tuple(axis for axis in range(x.ndim) if axis != 1)
    found = []
    for number in range(1, x.ndim + 1):
        for axes in combinations(range(x.ndim), number):
            names = (
                f"axes {', '.join(map(str, axes))}" if axes[1:] else f"axis {axes[0]}"
            )
            hint = f"Mean and variance were taken over {names}. Take them over the "
            hint += "batch and all further axes, for each channel (axis 1) alone."
            for correction in (0, 1) if axes != right else ():
                mean = x.mean(axes, keepdim=True)
                if x.numel() // mean.numel() > correction:
                    var = x.var(axes, correction=correction, keepdim=True)
                    found.append(((mean, var), hint))
    return found


# Where the running averages went: old, batch: (C,)
MOVED = [
    (
        lambda old, batch, momentum: batch.lerp(old, momentum),
        "The momentum is the wrong way round: it is the part that the batch gets, and "
        "1 - momentum of the old is kept.",
    ),
    (
        lambda old, batch, momentum: old.lerp(batch, 0.1),
        "The part of the batch is the argument `momentum`, not always 0.1.",
    ),
    (
        lambda old, batch, momentum: batch,
        "The old average is gone. Keep 1 - momentum of it.",
    ),
    (
        lambda old, batch, momentum: old + momentum * batch,
        "The part of the batch was added, but nothing of the old taken away. Keep "
        "1 - momentum of it.",
    ),
    (
        lambda old, batch, momentum: momentum * batch,
        "The old average is gone. Keep 1 - momentum of it.",
    ),
    (
        lambda old, batch, momentum: old.lerp(batch, momentum).lerp(batch, momentum),
        "It moved twice in one call.",
    ),
]
BIASED = (
    "The running variance averages variances with n - 1 in the denominator: "
    "`x.var(axes)`. With n the batch is normalised."
)
DEVIATION = (
    "The standard deviation went in. The running average is that of the variance."
)
# The same of the variance alone; axes: all but that of the channels.
VARIANCES = [
    (
        lambda old, x, axes, momentum: old.lerp(x.var(axes, correction=0), momentum),
        BIASED,
    ),
    (lambda old, x, axes, momentum: old.lerp(x.std(axes), momentum), DEVIATION),
    (
        lambda old, x, axes, momentum: old.lerp(x.std(axes, correction=0), momentum),
        DEVIATION,
    ),
    (
        lambda old, x, axes, momentum: old.lerp(x.mean(axes), momentum),
        "The mean of the batch went into the variance.",
    ),
]


# Where the gradient is cut in training.
CUTS = [
    (
        lambda x, mu, sigma2, eps: standard(x, mu.detach(), sigma2.detach(), eps),
        "No gradient comes back through mean and variance. Take them outside of "
        "`no_grad`, and without `.detach()`: both depend on x.",
    ),
    (
        lambda x, mu, sigma2, eps: standard(x, mu.detach(), sigma2, eps),
        "No gradient comes back through the mean, which depends on x.",
    ),
    (
        lambda x, mu, sigma2, eps: standard(x, mu, sigma2.detach(), eps),
        "No gradient comes back through the variance, which depends on x.",
    ),
]

"""Appendix E: mistakes in the start of a gate and in a block, each with its hint."""

import math

import torch.nn.functional as F


def _bias(passed):
    """The bias at which 1 - T is `passed`."""
    return math.log1p(-passed) - math.log(passed)


def _right(blocks, left):
    return _bias(left ** (1 / blocks))


# A hint may rely on the cases before: all that came earlier held.
BIASES = [
    (
        lambda n, left: -_right(n, left),
        "The sign is the other one: with this bias T itself is the root. What stands "
        "on the direct path is 1 - T.",
    ),
    (
        lambda n, left: _bias(left),
        "With this bias one block alone leaves that share. After several blocks their "
        "factors are multiplied: what must one of them be?",
    ),
    (
        lambda n, left: -_bias(left),
        "With this bias T is `left`. On the direct path stands 1 - T, once for each "
        "block.",
    ),
    (
        lambda n, left: _bias(left / n),
        "1 - T is `left` divided by the number of blocks. But the factors of the "
        "blocks are multiplied, not added: take the root.",
    ),
    (
        lambda n, left: -_bias(left / n),
        "T is `left` divided by the number of blocks. On the direct path stands 1 - T, "
        "and the factors of the blocks are multiplied, not added.",
    ),
    (
        lambda n, left: _bias(1 - (1 - left) / n),
        "T is `1 - left` divided by the number of blocks, as if each took equally "
        "much. Each takes its share of what those before it have left.",
    ),
    (
        lambda n, left: -_bias((1 - left) ** (1 / n)),
        "T is the root of `1 - left`. It is the other way round: 1 - T is the root of "
        "`left`.",
    ),
    (
        lambda n, left: _bias((1 - left) ** (1 / n)),
        "1 - T is the root of `1 - left`. What is left of x is `left`: take the root "
        "of that.",
    ),
    (
        lambda n, left: _bias(left**n),
        "1 - T is `left` to the power of the blocks. It is the other way round: "
        "`left` is 1 - T to that power.",
    ),
    (
        lambda n, left: _bias(left ** (1 / (2 * n))),
        "These are the factors of twice as many blocks. A gate stands once in a block, "
        "however many layers the block has.",
    ),
    (
        lambda n, left: _bias(left ** (1 / max(n - 1, 1))),
        "These are the factors of one block less. Each block has one.",
    ),
    (
        lambda n, left: _bias(left ** (1 / (n + 1))),
        "These are the factors of one block more. Each block has one.",
    ),
    (
        lambda n, left: 1 - left ** (1 / n),
        "That is T itself. The bias is the number whose sigmoid is T.",
    ),
    (
        lambda n, left: left ** (1 / n),
        "That is 1 - T. The bias is the number whose sigmoid is T.",
    ),
    (
        lambda n, left: 1 / (1 + math.exp(left ** (1 / n) - 1)),
        "That is the sigmoid of T. It is needed the other way round: T is the sigmoid "
        "of the bias.",
    ),
    (
        lambda n, left: math.log(1 - left ** (1 / n)),
        "That is the logarithm of T. The sigmoid is undone by ln(T / (1 - T)).",
    ),
    (
        lambda n, left: -math.log(1 - left ** (1 / n)),
        "That is the logarithm of 1 / T. The sigmoid is undone by ln(T / (1 - T)).",
    ),
    (
        lambda n, left: math.log(left) / n,
        "That is the logarithm of 1 - T. The sigmoid is undone by ln(T / (1 - T)).",
    ),
    (
        lambda n, left: math.exp(_right(n, left)),
        "That is T / (1 - T). The bias is its logarithm.",
    ),
    (
        lambda n, left: _right(n, left) / math.log(10),
        "That is a logarithm to base 10. The sigmoid has an e: `math.log`.",
    ),
    (
        lambda n, left: _right(n, left) / math.log(2),
        "That is a logarithm to base 2. The sigmoid has an e: `math.log`.",
    ),
    (
        lambda n, left: math.log(math.log(1 / left) / n),
        "T / (1 - T) is taken as ln(1 / left) / blocks. That is nearly so where T is "
        "small, but here it is not small enough.",
    ),
    (
        lambda n, left: _bias(1 - min(-math.log(left) / n, 0.999)),
        "T is taken as ln(1 / left) / blocks. That is nearly so where T is small, but "
        "here it is not small enough.",
    ),
]


# Each takes F(x), x and `survival`.
EVALUATED = [
    (
        lambda f, x, p: F.relu(f + x),
        "F counts whole. In evaluation it is multiplied by `survival`, the mean of b.",
    ),
    (
        lambda f, x, p: F.relu((1 - p) * f + x),
        "F is multiplied by `1 - survival`, the share of the calls that leave it out. "
        "The mean of b is `survival`.",
    ),
    (
        lambda f, x, p: F.relu(f / p + x),
        "F is divided by `survival`. In evaluation it is multiplied by it.",
    ),
    (
        lambda f, x, p: F.relu(p * (f + x)),
        "x is multiplied, too. Only F has the factor `survival`.",
    ),
    (
        lambda f, x, p: F.relu(f + p * x),
        "It is x that has the factor. It belongs before F.",
    ),
    (
        lambda f, x, p: F.relu(p * f + (1 - p) * x),
        "That is a gate: x has the factor `1 - survival`. Here x has none.",
    ),
    (
        lambda f, x, p: F.relu(x),
        "F is left out. In evaluation every F takes part, times `survival`.",
    ),
    (
        lambda f, x, p: F.relu(p * f),
        "x is missing: `survival` times F(x), plus x.",
    ),
    (
        lambda f, x, p: p * f + x,
        "The ReLU after the sum is missing.",
    ),
    (
        lambda f, x, p: f + x,
        "The ReLU after the sum is missing, and the factor `survival` before F(x).",
    ),
    (
        lambda f, x, p: F.relu(p * f) + x,
        "The ReLU stands before the sum. It follows the sum.",
    ),
    (
        lambda f, x, p: p * f + F.relu(x),
        "The ReLU is that of x alone. It follows the sum.",
    ),
]

NO_RELU_LEFT_OUT = "Where F is left out, the ReLU is missing: y = ReLU(x)."
TRAINED = [
    (
        lambda f, x, p: F.relu(p * f + x),
        "F is multiplied by `survival` in training, too. There it counts whole or not "
        "at all: `self.training` tells the modes apart.",
    ),
    (
        lambda f, x, p: F.relu(f / p + x),
        "F is divided by `survival`, as most code of today does, which leaves "
        "evaluation alone. Here evaluation multiplies, and training does neither.",
    ),
    (lambda f, x, p: x, NO_RELU_LEFT_OUT),
    (
        lambda f, x, p: f + x,
        "Where F takes part, the ReLU after the sum is missing.",
    ),
    (
        lambda f, x, p: p * f + x,
        "That is what evaluation computes, and the ReLU is missing.",
    ),
    (
        lambda f, x, p: F.relu(f),
        "x is missing where F takes part: y = ReLU(F(x) + x).",
    ),
    (
        lambda f, x, p: 0 * x,
        "All is 0 where F is left out. The shortcut stays: y = ReLU(x).",
    ),
    (
        lambda f, x, p: F.relu(f) + x,
        "The ReLU stands before the sum. It follows the sum.",
    ),
    (
        lambda f, x, p: f + F.relu(x),
        "The ReLU is that of x alone. It follows the sum.",
    ),
    (
        lambda f, x, p: F.relu(x / p),
        "x is divided by `survival` where F is left out. It has no factor.",
    ),
    (
        lambda f, x, p: F.relu((f + x) / p),
        "The whole sum is divided by `survival`. In training nothing has a factor.",
    ),
]

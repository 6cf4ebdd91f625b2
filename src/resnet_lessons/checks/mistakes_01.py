"""Chapter 1: mistakes in counting and in a step, each a line of data with its hint."""

import torch
import torch.nn.functional as F

# A hint may rely on the cases before: all that came earlier held. So what makes no
# difference in the first cases stands before what does.

# 01.1


def _sizes(first: int, number: int, least: int = 1) -> list[int]:
    """So many sizes from the first one on, without those below the least."""
    return [size for size in range(first, first + number) if size >= least]


def _smallest(m, k, s, p) -> int:
    """The pixels of the smallest picture with m places."""
    return (m - 1) * s + k - 2 * p


LEFT_OVER = (
    "Other pictures have as many places: up to `stride - 1` pixels may be left over at "
    "the end."
)
SIZES = [
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p) + s, s),
        "One step too many: the first place needs no step, so there are `places - 1`.",
    ),
    (
        lambda m, k, s, p: [_smallest(m, k, s, p) + s],
        "One step too many: the first place needs no step, so there are `places - 1`.",
    ),
    (
        lambda m, k, s, p: _sizes((m - 1) * s + k, s),
        "The padding is missing. The kernel reads it too, so the picture itself is "
        "smaller.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p) + p, s),
        "The padding is added on both sides, so it counts twice.",
    ),
    (
        lambda m, k, s, p: _sizes((m - 1) * s + k + 2 * p, s),
        "The padding makes up for pixels of the picture: take it off.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, 1, p), 1),
        "That is for stride 1. Each further place takes `stride` pixels more.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, 1, p), s),
        "That is for stride 1. Each further place takes `stride` pixels more.",
    ),
    (
        lambda m, k, s, p: _sizes(m * s + k - 1 - 2 * p, s),
        "The first place takes `kernel` pixels, each of the `places - 1` others "
        "`stride` more.",
    ),
    (
        lambda m, k, s, p: _sizes((m - 1) * s - 2 * p, s),
        "The kernel is missing: the first place takes as many pixels as it has.",
    ),
    (
        lambda m, k, s, p: _sizes(m * s - 2 * p, s),
        "The kernel is missing: the first place takes as many pixels as it has.",
    ),
    (
        lambda m, k, s, p: [(m + 2 * p - k) // s + 1],
        "That is the way forth, with `places` for the size. Which sizes have so many "
        "places?",
    ),
    (lambda m, k, s, p: _sizes(_smallest(m, k, s, p), 1), LEFT_OVER),
    (lambda m, k, s, p: _sizes(_smallest(m, k, s, p) + s - 1, 1), LEFT_OVER),
    (
        lambda m, k, s, p: [
            size
            for size in _sizes(_smallest(m, k, s, p), s)
            if (size + 2 * p - k) % s in (0, s - 1)
        ],
        "Those are the smallest and the largest. All sizes between them have as many "
        "places.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p), s + 1),
        "The last one has room for another step.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p), s - 1),
        "The largest one is missing: up to `stride - 1` pixels may be left over, and "
        "the end of a `range` does not belong to it.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p) - s + 1, s),
        "Pixels left over make a picture larger, not smaller: yours end where they "
        "should begin.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p), s)[::-1],
        "Begin with the smallest.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p), s, least=k),
        "With padding around it a picture may be smaller than the kernel.",
    ),
    (
        lambda m, k, s, p: _sizes(_smallest(m, k, s, p), s, least=2),
        "A single pixel is a picture, too.",
    ),
    (
        lambda m, k, s, p: _sizes(max(1, _smallest(m, k, s, p)), s),
        "Sizes below 1 fall away; none comes in at the other end.",
    ),
    *[
        (
            lambda m, k, s, p, least=least: _sizes(
                _smallest(m, k, s, p), s, least=least
            ),
            "A picture has at least one pixel.",
        )
        for least in (0, -99)
    ],
]


def _weights(i, o, k, g):
    return o * (i // g) * k**2


def _side(n, k, s, p):
    return (n + 2 * p - k) // s + 1


PARAMETERS = [
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) * _side(n, k, s, p) ** 2,
        "That is the number of MACs. Parameters come first, and the places do not "
        "matter for them: the weights are shared.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g),
        "The biases are missing: one for each output channel.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) + o,
        "This layer has no bias: add one for each output channel only if `bias`.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) + i * b,
        "A bias belongs to an output channel.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) + b,
        "You counted one bias for the layer. Each output channel has its own.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: o * k**2 + o * b,
        "Each kernel reads every input channel of its part: multiply by their number.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: i * k**2 + i * b,
        "There is a kernel of its own for each output channel.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: o * (i // g) * k + o * b,
        "A kernel is a square: `kernel**2` weights for each pair of channels.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: o * i * k**2 + o * b,
        "The groups are missing: an output channel reads only the input channels of "
        "its own part.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: (o // g) * (i // g) * k**2 + o * b,
        "That is one part. There are `groups` of them.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: o * (i // g) * k**2 + (o // g) * b,
        "Groups do not share biases: one for each output channel.",
    ),
]
MACS = [
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, 1) * _side(n, k, s, p) ** 2,
        "The groups save MACs as they save weights.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) * _side(n, k, 1, p) ** 2,
        "The stride is missing: it leaves fewer places.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) * _side(n, k, s, 0) ** 2,
        "The padding is missing, or was added on one side only: on both sides it makes "
        "room for more places.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g),
        "These are the weights. Each one works at every place of the output.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: (
            (_weights(i, o, k, g) + o * b) * _side(n, k, s, p) ** 2
        ),
        "A bias is added, nothing is multiplied: it is no MAC.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) * n**2,
        "You took the places of the picture. Only those of the output cost.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: _weights(i, o, k, g) * _side(n, k, s, p),
        "The output has a side, and its places are the side squared.",
    ),
    (
        lambda i, o, k, n, s, p, g, b: (
            2 * _weights(i, o, k, g) * _side(n, k, s, p) ** 2
        ),
        "That counts multiplications and additions apart. One MAC is one of each.",
    ),
]


def gradients(loss, net):
    """The gradient of `loss` for all weights of `net`, as one long tensor."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, net.parameters())])


def _old(net):
    """The gradients that the net holds, zeros where it holds none."""
    return torch.cat(
        [
            torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten()
            for p in net.parameters()
        ]
    )


# 01.3: what is taken off the weights, in units of the learning rate.
STEPS = [
    (
        lambda net, x, y: _old(net) + gradients(F.cross_entropy(net(x), y), net),
        "The old gradients were still there, and `backward` added to them. Forget "
        "them first: `optimizer.zero_grad()`.",
    ),
    (
        lambda net, x, y: gradients(F.cross_entropy(net(x), y, reduction="sum"), net),
        "The loss was summed over the batch: a step would grow with its size. Take "
        "the mean, as `F.cross_entropy` does by itself.",
    ),
    (
        lambda net, x, y: gradients(F.cross_entropy(net(x).softmax(1), y), net),
        "A softmax came in. `F.cross_entropy` wants the net's output as it is, and "
        "applies it itself.",
    ),
    (
        lambda net, x, y: -gradients(F.cross_entropy(net(x), y), net),
        "It went uphill: the loss is to become smaller.",
    ),
]
LOSSES = [
    (
        lambda net, x, y: F.cross_entropy(net(x), y, reduction="sum"),
        "That is the sum over the batch. The loss is the mean.",
    ),
    (
        lambda net, x, y: F.cross_entropy(net(x).softmax(1), y),
        "A softmax came in. `F.cross_entropy` applies it itself.",
    ),
    (
        lambda net, x, y: (net(x).argmax(1) == y).float().mean(),
        "That is the accuracy. Return the loss.",
    ),
]

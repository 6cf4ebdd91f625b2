"""Chapter 2: mistakes in fields, in counting and in a head, each with its hint."""

from math import prod

import torch.nn.functional as F


def _field(layers, *, start=1, less=1, step=None):
    """The side of a field, with one part of the sum got wrong."""
    strides = [stride for _, stride in layers]
    step = step or (lambda strides, at: prod(strides[:at]))
    return start + sum(
        (k - less) * step(strides, at) for at, (k, _) in enumerate(layers)
    )


# A hint may rely on the cases before: all that came earlier held.
FIELDS = [
    (
        lambda layers: _field(layers, start=0),
        "Off by one: a place sees the pixel it stands on too. The side begins with 1.",
    ),
    (
        lambda layers: _field(layers, less=0),
        "A layer adds `kernel - 1`: one of the places it looks at was counted before.",
    ),
    (
        lambda layers: _field(layers, start=0, less=0),
        "That adds up whole kernels. Windows overlap: a layer adds `kernel - 1`, and "
        "the side begins with 1.",
    ),
    (
        lambda layers: prod(k for k, _ in layers),
        "That multiplies the kernels. Windows overlap: a layer adds `kernel - 1`.",
    ),
    (
        lambda layers: max(k for k, _ in layers),
        "That is the largest kernel. Layers add up: each looks at places that see "
        "several pixels already.",
    ),
    (
        lambda layers: layers[0][0],
        "That is the first kernel. Does a `return` stand inside the loop? It ends the "
        "function at the first layer.",
    ),
    (
        lambda layers: layers[-1][0],
        "That is the last kernel. Each place that it looks at sees several pixels "
        "already.",
    ),
    (
        lambda layers: _field(layers) ** 2,
        "That is how many pixels there are in the square. The side was asked for.",
    ),
    (
        lambda layers: _field(layers, step=lambda strides, at: 1),
        "The strides are missing. Behind a stride of 2 neighbours are two pixels "
        "apart, so a layer there adds `2 * (kernel - 1)`.",
    ),
    (
        lambda layers: _field(layers, step=lambda strides, at: prod(strides[: at + 1])),
        "A layer's own stride does not widen what it sees: it matters to the layers "
        "behind it. Add first, then multiply the step.",
    ),
    (
        lambda layers: _field(layers, step=lambda strides, at: prod(strides[at + 1 :])),
        "The strides behind a layer do not matter to it, those before it do. With "
        "`(side - 1) * stride + kernel` you have to walk from the last layer back.",
    ),
    (
        lambda layers: _field(
            layers, step=lambda strides, at: strides[at - 1] if at else 1
        ),
        "Only the stride of the layer just before was used. The strides of all earlier "
        "layers multiply.",
    ),
    (
        lambda layers: _field(layers, step=lambda strides, at: strides[at]),
        "Only the layer's own stride was used. The strides of all layers before it "
        "multiply; its own comes later.",
    ),
    (
        lambda layers: _field(
            layers, step=lambda strides, at: 1 + sum(s - 1 for s in strides[:at])
        ),
        "The strides were added up. They multiply: two halvings make a quarter.",
    ),
    (
        lambda layers: _field(layers, step=lambda strides, at: 1 + sum(strides[:at])),
        "The strides were added up. They multiply: behind a stride of 1 the step stays "
        "as it was.",
    ),
    (
        lambda layers: prod(s for _, s in layers),
        "That is how far apart two neighbours are, all strides multiplied. The "
        "question is how far one sees. And each pair is `(kernel, stride)`.",
    ),
]


def _reduced(c, one, three, five, pooled, *, k3=9, k5=25, small=None, reads=None):
    """The weights of a module with reductions, with one part got wrong."""
    small = one + three[0] + five[0] + pooled if small is None else small
    in3, in5 = reads or (three[0], five[0])
    return c * small + k3 * in3 * three[1] + k5 * in5 * five[1]


REDUCED = [
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, small=a + p),
        "The two 1×1 convolutions that reduce have weights too: `channels * three[0]` "
        "and `channels * five[0]`.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, small=a + t[0] + f[0]),
        "The 1×1 behind the pool is missing: `channels * pooled`.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, small=t[0] + f[0] + p),
        "The first path is missing: `channels * one`.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, reads=(c, c)),
        "The 3×3 and the 5×5 do not read `channels`, but what the 1×1 in front of "
        "them puts out: `three[0]` and `five[0]`.",
    ),
    (
        lambda c, a, t, f, p: c * (a + 9 * t[1] + 25 * f[1]),
        "That is the naive module. With `reduced=True` there is a 1×1 in front of the "
        "3×3 and of the 5×5, and one behind the pool.",
    ),
    (
        lambda c, a, t, f, p: c * (a + 9 * t[1] + 25 * f[1] + p),
        "The 3×3 and the 5×5 do not read `channels`, but what the 1×1 in front of "
        "them puts out; and those have weights too.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, k5=9),
        "The large kernel is 5×5: 25 weights for each pair of channels. (torchvision "
        "has 3×3 there, by mistake; the paper has 5×5.)",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, k3=3, k5=5),
        "A kernel is a square: 9 and 25 weights for each pair of channels.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p, k3=1, k5=1),
        "The kernels are missing: 9 and 25 weights for each pair of channels.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p) + a + sum(t) + sum(f) + p,
        "One for each channel too many: biases do not count here.",
    ),
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p) + 2 * (a + sum(t) + sum(f) + p),
        "BatchNorm's γ and β do not count here, only the weights of convolutions.",
    ),
]
NAIVE = [
    (
        lambda c, a, t, f, p: _reduced(c, a, t, f, p),
        "These are still the weights with the 1×1 in front. `reduced=False` has three "
        "convolutions, which all read `channels`.",
    ),
    (
        lambda c, a, t, f, p: c * (a + 9 * t[1] + 25 * f[1] + p),
        "In the naive module nothing stands behind the pool: it passes the channels on "
        "as they are.",
    ),
    (
        lambda c, a, t, f, p: c * (a + 9 * t[0] + 25 * f[0]),
        "`three[0]` and `five[0]` are the widths of the 1×1, which the naive module "
        "lacks. Its 3×3 puts out `three[1]`, its 5×5 `five[1]`.",
    ),
    (
        lambda c, a, t, f, p: c * a + 9 * t[0] * t[1] + 25 * f[0] * f[1],
        "Without the 1×1 in front, the 3×3 and the 5×5 read all `channels`.",
    ),
    (
        lambda c, a, t, f, p: c * (9 * t[1] + 25 * f[1]),
        "The path of one 1×1 is in both forms: `channels * one`.",
    ),
    (
        lambda c, a, t, f, p: c * (a + 9 * t[1] + 9 * f[1]),
        "The large kernel is 5×5: 25 weights for each pair of channels.",
    ),
]


HEADS = [
    (
        lambda grid, linear: linear(grid.amax((2, 3))),
        "The pool takes the maximum of each channel. The mean was asked for.",
    ),
    (
        lambda grid, linear: linear(grid.sum((2, 3))),
        "That is the sum over the grid. Divide by the number of places: the mean.",
    ),
    (
        lambda grid, linear: linear(grid.mean((2, 3))).softmax(1),
        "There is a softmax at the end. Return logits: the loss takes it itself.",
    ),
    (
        lambda grid, linear: linear(grid.mean((2, 3))).log_softmax(1),
        "There is a log-softmax at the end. Return logits: the loss takes it itself.",
    ),
    (
        lambda grid, linear: F.relu(linear(grid.mean((2, 3)))),
        "There is a ReLU behind the linear layer. Logits may be negative.",
    ),
    (
        lambda grid, linear: linear(F.adaptive_avg_pool2d(grid, 7).mean((2, 3))),
        "The grid is made 7×7 first, as in VGG. If it was of another size, its places "
        "then count unequally: average it as it is.",
    ),
]

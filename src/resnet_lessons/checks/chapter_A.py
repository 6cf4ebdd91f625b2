"""Appendix A, Keras: the exercises and their reference answers."""

from torch import nn

from .exercise import Exercise
from .judges_A import check_conv_same, check_keras_count


def conv_same(x, weight, stride):
    pads = []
    for axis in (3, 2):  # `pad` begins with the last axis
        n, k = x.shape[axis], weight.shape[axis]
        out = -(-n // stride)  # rounded up
        total = max((out - 1) * stride + k - n, 0)
        pads += [total // 2, total - total // 2]
    return nn.functional.conv2d(nn.functional.pad(x, pads), weight, stride=stride)


def keras_count(net):
    norms = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    count = sum(parameter.numel() for parameter in net.parameters())
    for module in net.modules():
        if isinstance(module, norms) and module.running_mean is not None:
            count += module.running_mean.numel() + module.running_var.numel()
    return count


EXERCISES = [
    Exercise(
        id="A.1",
        title='The rule behind `padding="same"`',
        prompt="""\
Write `conv_same(x, weight, stride)`: what Keras's `Conv2D` computes with
`padding="same"` and without a bias, in PyTorch's layouts. With the stride $s$ it makes
$(B, C_\\text{out}, \\lceil H / s \\rceil, \\lceil W / s \\rceil)$ from `x`,
$(B, C_\\text{in}, H, W)$, and `weight`, $(C_\\text{out}, C_\\text{in}, k_h, k_w)$.

Along a side of $n$ pixels, with a kernel of $k$, Keras adds so many zeros that the
kernel fits $\\lceil n / s \\rceil$ times, and no more than that:

$$\\max((\\lceil n / s \\rceil - 1) \\cdot s + k - n,\\; 0)$$

Half of them, rounded down, go before the first pixel, the others behind the last.
Sides and kernels may be even or odd, height and width may differ, and the stride may
exceed the kernel. `x` and `weight` stay as they were.
""",
        starter='''\
from torch import nn


def conv_same(x, weight, stride):
    """(B, C_in, H, W), (C_out, C_in, k_h, k_w) -> (B, C_out, ⌈H / s⌉, ⌈W / s⌉)"""
    raise NotImplementedError
''',
        hints=(
            "Height and width are two cases of one rule: write it once, as a function "
            "of $n$, $k$ and $s$ that returns two numbers.",
            "`nn.functional.conv2d(…, padding=…)` adds as many zeros before as behind. "
            "Pad first, then convolve without padding.",
            "`nn.functional.pad(x, (left, right, top, bottom))` begins with the last "
            "axis, the width. `-(-n // s)` rounds up.",
        ),
        answer=conv_same,
        check=check_conv_same,
    ),
    Exercise(
        id="A.2",
        title="Count as Keras does",
        prompt="""\
Write `keras_count(net)`. For `net`, a module of PyTorch, it returns what Keras's
`count_params()` would report for the same net: all parameters, frozen or not, and the
running mean and variance of each BatchNorm.

- There are `nn.BatchNorm1d`, `nn.BatchNorm2d` and `nn.BatchNorm3d`. With
  `track_running_stats=False` one has no averages. With `affine=False` it has no
  parameters.
- Besides its averages PyTorch's BatchNorm has a counter, `num_batches_tracked`, which
  Keras has not. No other buffer counts either, whatever module it belongs to.
- What the net uses twice, a module or a parameter, counts once.

It is the same net, so nothing is added, such as biases. The net stays as it was.
""",
        starter="""\
from torch import nn


def keras_count(net):
    return ...
""",
        hints=(
            "Two sums: one over the parameters, one over the averages.",
            "`net.parameters()` gives each parameter once, and `net.modules()` each "
            "module once, however deep it lies.",
            "`isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))`. "
            "Its `running_mean` is `None` where it keeps no averages.",
        ),
        answer=keras_count,
        check=check_keras_count,
    ),
]

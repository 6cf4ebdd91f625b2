"""Chapter 8: mistakes in a stem, each a line of data with its hint."""

import torch.nn.functional as F

CHANNELS = [
    (
        lambda c, w: ((c, w), (w, w), (w, w)),
        "All three put out `width`. The first two have half of it: they work on a "
        "large grid.",
    ),
    (
        lambda c, w: ((c, w // 2), (w // 2, w), (w, w)),
        "The second one widens already. Only the last puts out `width`.",
    ),
]
STRIDES = [
    (((1, 1),) * 3, "No convolution has a stride. The first one takes 2."),
    (
        ((1, 1), (1, 1), (2, 2)),
        "The last one has the stride. Give it to the first: the other two then work "
        "on the small grid.",
    ),
    (((2, 2),) * 3, "All three have the stride. Only the first one takes it."),
    (
        ((2, 2), (2, 2), (1, 1)),
        "Two have the stride. The second halving is left to the max-pool.",
    ),
]


def without_relu(*which):
    """`library` without the ReLU behind some of its convolutions, counted from 0."""

    def wrong(library, x):
        for number, layers in enumerate(library):
            x = layers[:2](x) if number in which else layers(x)
        return x

    return wrong


LINEAR = "is missing: without it two convolutions are one linear map."
RELUS = [
    (without_relu(0), f"The ReLU behind the first BatchNorm {LINEAR}"),
    (without_relu(1), f"The ReLU behind the second BatchNorm {LINEAR}"),
]
STEMS = [
    (
        lambda stem, x: F.avg_pool2d(stem[:3](x), 3, 2, 1),
        "The pool averages. This stem takes the maximum.",
    ),
    (
        lambda stem, x: F.max_pool2d(stem[:3](x), 2),
        "The window of the pool is 2×2. It is 3×3, with stride 2 and `padding=1`.",
    ),
    (
        lambda stem, x: stem[:3](x)[:, :, ::2, ::2],
        "Every second place was picked. Take the maximum of 3×3.",
    ),
    (without_relu(2), "The ReLU behind the third BatchNorm is missing."),
    *RELUS,
    (without_relu(0, 1, 2), "There is no ReLU. One follows each BatchNorm."),
]

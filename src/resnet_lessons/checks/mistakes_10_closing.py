"""Chapter 10: mistakes in the end of a net, each with its hint."""


def _ended(*steps):
    """The logits if the head does these steps, before what follows the pooling."""

    def wrong(net, x):
        norm, relu, pool, flatten, linear = net.head
        named = {"norm": norm, "relu": relu, "pool": pool}
        y = net.stages(net.stem(x))
        for step in steps:
            y = named[step](y)
        return linear(flatten(y))

    return wrong


def _inside(net, x):
    """Norm and ReLU at the end of the last F, before the sum."""
    norm, relu, *rest = net.head
    *earlier, last = [block for stage in net.stages for block in stage]
    y = net.stem(x)
    for block in earlier:
        y = block(y)
    y = relu(norm(last.residual(y))) + last.shortcut(y)
    for layer in rest:
        y = layer(y)
    return y


CLOSINGS = [
    (
        _ended("pool"),
        "Nothing new runs: the logits are what they were. Put both layers into "
        "`net.head`.",
    ),
    (_ended("norm", "pool"), "The ReLU is missing: BatchNorm, then ReLU."),
    (_ended("relu", "norm", "pool"), "The ReLU comes first. BatchNorm, then ReLU."),
    (
        _ended("pool", "norm", "relu"),
        "They stand behind the pooling. An average over the grid comes first there; "
        "they belong before it, where each place still has its value.",
    ),
    (
        _ended("pool", "norm"),
        "The BatchNorm stands behind the pooling, and the ReLU is missing.",
    ),
    (
        _ended("norm", "pool", "relu"),
        "The ReLU stands behind the pooling. It belongs before it, behind the "
        "BatchNorm.",
    ),
    (
        _inside,
        "They stand inside the last block, before its sum. They must take what comes "
        "out of that sum.",
    ),
]

"""Appendix A: mistakes in counting, each with its hint."""

from collections.abc import Callable

from torch import Tensor, nn

NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d


def _numbers(tensors) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _averages(modules, kinds=NORMS) -> list[Tensor]:
    """Running means and variances of the BatchNorms among these modules."""
    norms = [module for module in modules if isinstance(module, kinds)]
    pairs = [(norm.running_mean, norm.running_var) for norm in norms]
    return [average for pair in pairs for average in pair if average is not None]


def parameters_and(counted: Callable) -> Callable:
    """A count of all parameters and of what `counted(net)` returns."""
    return lambda net: _numbers(net.parameters()) + counted(net)


keras_count = parameters_and(lambda net: _numbers(_averages(net.modules())))


def _channels(net, holds: Callable) -> int:
    """The channels of all BatchNorms of which `holds` is true."""
    norms = [module for module in net.modules() if isinstance(module, NORMS)]
    return sum(norm.num_features for norm in norms if holds(norm))


def _missing_biases(net) -> int:
    kinds = nn.Conv1d, nn.Conv2d, nn.Conv3d
    convs = [module for module in net.modules() if isinstance(module, kinds)]
    return sum(conv.out_channels for conv in convs if conv.bias is None)


def _by_names(net) -> int:
    """Parameters and averages under each of their names."""
    modules = [module for _, module in net.named_modules(remove_duplicate=False)]
    named = net.named_parameters(remove_duplicate=False)
    return _numbers(p for _, p in named) + _numbers(_averages(modules))


def _module_by_module(net) -> int:
    own = [p for module in net.modules() for p in module.parameters(recurse=False)]
    return _numbers(own) + _numbers(_averages(net.modules()))


def _each_with_its_parts(net) -> int:
    deep = [p for module in net.modules() for p in module.parameters()]
    return _numbers(deep) + _numbers(_averages(net.modules()))


def _learning(net) -> int:
    return _numbers(p for p in net.parameters() if p.requires_grad)


def _buffers(counts: Callable) -> Callable:
    """Parameters, and the buffers of which `counts(name, buffer)` is true."""
    return parameters_and(
        lambda net: _numbers(b for name, b in net.named_buffers() if counts(name, b))
    )


TWICE = (
    "What the net uses twice is counted twice. `net.parameters()` and `net.modules()` "
    "give each one once; names, as in `state_dict()`, and a walk through `children()` "
    "do not."
)
# What fails for a late net only comes first: there others may give the same.
COUNTS = [
    (
        parameters_and(lambda net: _numbers(_averages([*net.modules()][1:]))),
        "The net may itself be a BatchNorm. `net.modules()` begins with the net.",
    ),
    (
        parameters_and(lambda net: 2 * _channels(net, lambda norm: norm.affine)),
        "`affine` is about γ and β. Whether there are averages, "
        "`track_running_stats` says.",
    ),
    (_module_by_module, "A parameter that two modules share is counted twice."),
    (
        parameters_and(lambda net: 0),
        "Those are the parameters alone. Keras counts the running mean and variance of "
        "each BatchNorm, too.",
    ),
    (
        lambda net: _numbers(_averages(net.modules())),
        "Those are the averages alone. Add the parameters.",
    ),
    (
        lambda net: _learning(net) + _numbers(_averages(net.modules())),
        "Frozen parameters count too, whatever `requires_grad` says.",
    ),
    (
        parameters_and(lambda net: _numbers(net.buffers())),
        "All buffers are counted, `num_batches_tracked` included. Count running means "
        "and variances only.",
    ),
    *[
        (
            _buffers(counts),
            "A buffer is counted that belongs to no BatchNorm. Ask each module whether "
            "it is one.",
        )
        for counts in (
            lambda name, buffer: buffer.is_floating_point(),
            lambda name, buffer: buffer.ndim == 1,
            lambda name, buffer: "running_" in name,
            lambda name, buffer: "running_mean" in name or "running_var" in name,
        )
    ],
    *[
        (
            parameters_and(
                lambda net, kinds=kinds: _numbers(_averages(net.modules(), kinds))
            ),
            "A kind of BatchNorm is left out. All three have averages: "
            "`nn.BatchNorm1d`, `nn.BatchNorm2d` and `nn.BatchNorm3d`.",
        )
        for kinds in (NORMS[1], NORMS[:2], NORMS[1:])
    ],
    (
        parameters_and(lambda net: _numbers(_averages(net.modules())) // 2),
        "Each BatchNorm has two averages for a channel, mean and variance. One of them "
        "is missing.",
    ),
    (
        parameters_and(lambda net: 2 * _channels(net, lambda norm: True)),
        "A BatchNorm with `track_running_stats=False` has no averages: its "
        "`running_mean` is `None`.",
    ),
    (
        parameters_and(
            lambda net: 2 * _channels(net, lambda n: n.affine and n.track_running_stats)
        ),
        "A BatchNorm with `affine=False` has no γ and β, but it has averages.",
    ),
    (
        parameters_and(
            lambda net: (
                _numbers(_averages(net.modules()))
                + 2 * _channels(net, lambda norm: norm.affine)
            )
        ),
        "γ and β are counted twice: they are among the parameters already.",
    ),
    (
        lambda net: keras_count(net) + _missing_biases(net),
        "Biases are added that this net has not. Its convolutions stay as they are.",
    ),
    (
        parameters_and(lambda net: _numbers(_averages(net.children()))),
        "A BatchNorm may lie deeper than `net.children()`, or be the net itself. "
        "`net.modules()` gives all.",
    ),
    (_by_names, TWICE),
    (
        _each_with_its_parts,
        "`module.parameters()` gives those of all modules inside, too, so they are "
        "counted several times. `net.parameters()` gives each once.",
    ),
]

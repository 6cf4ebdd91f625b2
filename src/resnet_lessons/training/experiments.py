"""The experiments of the book, each a line of data; see profiles.py for their sizes."""

import difflib
from dataclasses import replace

from ..errors import UsageError
from .profiles import (
    CIFAR_DEPTH,
    GROWING,
    HALF,
    IMAGENETTE,
    LONG,
    LONGER,
    MNIST,
    PIPELINE,
    SHAPES,
    SHORT,
    TRANSFER,
    Experiment,
    with_options,
)
from .race import RACE

# Chapter 4: plain nets, and the same with shortcuts.
DEGRADATION = [
    Experiment(
        f"{name}-{depth}-cifar",
        4,
        f"{kind}, {depth} layers",
        f"{name}-{depth}-cifar",
        CIFAR_DEPTH,
    )
    for name, kind in [("plain", "plain"), ("resnet", "residual")]
    for depth in (8, 20, 32, 56)
]

# Chapter 6: the 20-layer net of chapter 4 with each of the paper's three shortcuts.
SHORTCUTS = [
    Experiment(
        f"resnet-20-shortcut-{option.lower()}",
        6,
        f"ResNet-20, shortcut {option}",
        "resnet-20-cifar",
        with_options(CIFAR_DEPTH, shortcut=option),
    )
    for option in "BC"  # with A it is chapter 4's resnet-20-cifar
]

# Chapter 10: the order inside a block, up to the depth of the paper's deeper net.
ORDER = [
    Experiment(
        f"{name}-{depth}-cifar",
        10,
        f"{kind}, {depth} layers",
        f"{name}-{depth}-cifar",
        CIFAR_DEPTH,
    )
    for name, depth, kind in [
        ("preact", 20, "pre-activation"),
        ("preact", 56, "pre-activation"),
        ("preact", 110, "pre-activation"),
        ("resnet", 110, "residual"),
    ]  # with 20 and 56 layers the residual nets are chapter 4's
]

# Chapter 10: a louder end; the usual γ is 1. v1 gets an end like v2's for it.
CLOSING = [
    Experiment(
        f"{net}-{depth}-gamma-{name}",
        10,
        f"{kind}, {depth} layers, closing γ = {gamma:g}",
        f"{net}-{depth}-cifar",
        with_options(profiles, closing_gamma=gamma),
    )
    for net, kind, depth, name, gamma, profiles in [
        ("preact", "pre-activation", 20, "two", 2.0, CIFAR_DEPTH),
        ("preact", "pre-activation", 20, "four", 4.0, CIFAR_DEPTH),
        ("preact", "pre-activation", 56, "four", 4.0, CIFAR_DEPTH),
        ("preact", "pre-activation", 110, "four", 4.0, SHORT),
        ("resnet", "residual", 20, "four", 4.0, CIFAR_DEPTH),
        ("resnet", "residual", 56, "four", 4.0, CIFAR_DEPTH),
        ("resnet", "residual", 110, "four", 4.0, SHORT),
    ]
]

# Chapter 10: both orders at about three times the rate, where v2 may not lag.
FASTER = [
    Experiment(
        f"{name}-56-faster",
        10,
        f"{kind}, 56 layers, rate 0.01",
        f"{name}-56-cifar",
        {p: replace(profile, lr=1e-2) for p, profile in SHORT.items()},
    )
    for name, kind in [("preact", "pre-activation"), ("resnet", "residual")]
]

# Chapter 13: nets of chapter 4 once more, and the loss around them; see surface.py.
SURFACES = [
    Experiment(
        f"{name}-32-surface",
        13,
        f"{kind}, 32 layers, and around",
        f"{name}-32-cifar",
        CIFAR_DEPTH,
        method="surface",
    )
    for name, kind in [("plain", "plain"), ("resnet", "residual")]
]

# Appendix E: other ways to join x and F, in the nets of chapter 4.
RELATIVES = [
    Experiment(
        f"{name}-{depth}-cifar",
        "E",
        f"{kind}, {depth} layers",
        f"{name}-{depth}-cifar",
        SHORT,
    )
    for name, kind, depths in [
        ("highway", "gated", (20, 56)),
        ("scaled", "scaled, no norm", (20, 56)),
        ("stochastic", "with blocks dropped", (20, 56)),
        ("dense", "dense", (22, 58)),
    ]
    for depth in depths
]

EXPERIMENTS = {
    e.name: e
    for e in [
        Experiment("mlp-mnist", 1, "Linear layers only", "mlp", MNIST),
        Experiment("lenet-mnist", 1, "LeNet-5", "lenet-5-mnist", MNIST),
        Experiment("vgg-tiny", 2, "Tiny VGG, two 3×3 a stack", "vgg-tiny"),
        Experiment("vgg-tiny-5x5", 2, "Tiny VGG, one 5×5 a stack", "vgg-tiny-5x5"),
        Experiment("fcn-baseline", 3, "Baseline, no shortcuts", "fcn-baseline"),
        Experiment(
            "fcn-baseline-datablock",
            3,
            "Baseline, batches from fastai's DataBlock",
            "fcn-baseline",
            {name: IMAGENETTE[name] for name in ("smoke", "laptop")},
            method="datablock",
        ),
        *DEGRADATION,
        *SHORTCUTS,
        Experiment("resblock-net", 7, "ResBlocks, one a stage", "resblock-net"),
        Experiment(
            "resblock-net-deep", 7, "ResBlocks, two a stage", "resblock-net-deep"
        ),
        Experiment(
            "resblock-net-deep-gamma-one",
            7,
            "ResBlocks, two a stage, γ = 1",
            "resblock-net-deep-gamma-one",
        ),
        Experiment(
            "resblock-net-deep-longer",
            7,
            "ResBlocks, two a stage, 20 epochs",
            "resblock-net-deep",
            LONGER,
        ),
        Experiment(
            "resblock-net-deep-gamma-one-longer",
            7,
            "ResBlocks, two a stage, γ = 1, 20 epochs",
            "resblock-net-deep-gamma-one",
            LONGER,
        ),
        Experiment("resnet-18", 8, "ResNet-18 with a stem", "resnet-18-fastai"),
        Experiment("resnet-50", 9, "ResNet-50, bottlenecks", "resnet-50-fastai"),
        Experiment(
            "resnet-50-long",
            9,
            "ResNet-50, 20 epochs, 224 px",
            "resnet-50-fastai",
            LONG,
        ),
        Experiment(
            "resnet-50-half",
            9,
            "ResNet-50, half as wide",
            "resnet-50-fastai",
            HALF,
        ),
        Experiment(
            "resnet-18-growing",
            9,
            "ResNet-18, pictures that grow",
            "resnet-18-fastai",
            GROWING,
        ),
        *ORDER,
        *CLOSING,
        *FASTER,
        Experiment(
            "resnet-20-pipeline",
            11,
            "ResNet-20, plain PyTorch",
            "resnet-20-cifar",
            PIPELINE,
            method="pipeline",
        ),
        Experiment(
            "cat-or-dog",
            12,
            "ResNet-20 without cats and dogs",
            "resnet-20-cifar",
            TRANSFER,
            method="transfer",
        ),
        *SURFACES,
        Experiment(
            "resnet-14-shapes",
            13,
            "ResNet-14 on drawn shapes",
            "resnet-14-cifar",
            SHAPES,
            keep=True,
        ),
        *RACE,
        *RELATIVES,
        Experiment(
            "highway-56-carrying",
            "E",
            "gated, 56 layers, bias −4",
            "highway-56-cifar",
            with_options(SHORT, gate_bias=-4.0),
        ),
    ]
}


def experiment(name: str) -> Experiment:
    """The experiment called `name`; UsageError with the nearest names if unknown."""
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, n=2)
        raise UsageError(
            f"There is no experiment '{name}'. "
            + (f"Try: {', '.join(near)}. " if near else "")
            + "All of them: resnet-lessons runs"
        )
    return EXPERIMENTS[name]

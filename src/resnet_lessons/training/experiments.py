"""The experiments of the book, each a line of data, with three profiles."""

import difflib
from dataclasses import dataclass, field, replace

from ..errors import UsageError


@dataclass(frozen=True)
class Profile:
    """How large a run is."""

    data: str  # name in the catalog
    size: int  # pixels on a side
    epochs: int
    batch_size: int = 128
    lr: float = 3e-3  # peak of the one-cycle schedule
    pictures: int | None = None  # of the training split, drawn once; None: all
    options: dict = field(default_factory=dict)  # of the net, such as its width

    stored: int | None = None  # side of the stored pictures; None: 5/4 of `size`
    sizes: list[int] | None = None  # of the crops in each epoch; None: always `size`
    crop: float = 0.5  # smallest area of a random crop, as a share of the picture
    smoothing: float = 0.0  # of labels: this share of each goes to all classes alike
    valid_size: int | None = None  # pixels of validation pictures; None: `size`
    zoom: float = 1.0  # side of the centre that validation sees, as a share

    @property
    def decoded_size(self) -> int:
        """Side of the stored pictures in pixels; crops are taken from these.

        Fernando and fastbook store 160 px for crops of 128 px: the same ratio.
        """
        return self.stored or self.size * 5 // 4


# Fernando's sizes on a GPU; half of them on two cores; seconds on a stand-in.
IMAGENETTE = {
    "smoke": Profile("pictures", size=32, epochs=1, batch_size=64, pictures=640),
    "laptop": Profile("imagenette", size=64, epochs=5),
    "gpu": Profile("imagenette", size=128, epochs=5),
}


# Chapter 1: digits, 28 px as they are.
MNIST = {
    "smoke": Profile("digits", 28, 2, 64, pictures=512, stored=28),
    "laptop": Profile("mnist", 28, 5, stored=28),
    "gpu": Profile("mnist", 28, 20, stored=28),
}


@dataclass(frozen=True)
class Experiment:
    """One net under one recipe: AdamW, one cycle, random crops and flips."""

    name: str
    chapter: int | str  # a letter for an appendix
    title: str
    net: str  # name for `nets.build`
    profiles: dict[str, Profile] = field(default_factory=lambda: IMAGENETTE)
    method: str = "run"  # module here whose `train` does it; not all is one training
    keep: bool = False  # does `record` keep the weights of seed 0 beside the Record?

    def profile(self, name: str) -> Profile:
        """The profile called `name`; UsageError where there is none."""
        if name not in self.profiles:
            known = ", ".join(self.profiles)
            raise UsageError(f"'{self.name}' has no profile '{name}'. It has: {known}.")
        return self.profiles[name]


# Chapter 4: the paper's nets on its pictures; on two cores half as wide, on a part.
CIFAR_DEPTH = {
    "smoke": Profile("digits", 8, 3, 64, pictures=256, options={"width": 8}, stored=8),
    "laptop": Profile(
        "cifar10", 32, 4, 64, pictures=10_000, options={"width": 8}, stored=32
    ),
    "gpu": Profile("cifar10", 32, 5, stored=32),
}
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
        {
            name: replace(profile, options=profile.options | {"shortcut": option})
            for name, profile in CIFAR_DEPTH.items()
        },
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

# Chapter 9: half as wide, within reach of two cores: half the MACs of ResNet-18.
HALF = {
    name: replace(profile, options={"widths": [32, 64, 128, 256]})
    for name, profile in IMAGENETTE.items()
}

# Chapter 9: small pictures first, so that early epochs cost less.
GROWING = {
    "smoke": replace(IMAGENETTE["smoke"], sizes=[16]),
    "laptop": replace(IMAGENETTE["laptop"], sizes=[32, 40, 48, 56, 64]),
    "gpu": replace(IMAGENETTE["gpu"], sizes=[64, 80, 96, 112, 128]),
}

# Chapter 11: the paper's recipe; on two cores half as wide and 1/36 as long.
PIPELINE = {
    "smoke": Profile("digits", 8, 3, 64, 0.1, options={"width": 8}, stored=8),
    "laptop": Profile("cifar10", 32, 5, 128, 0.1, options={"width": 8}, stored=32),
    "gpu": Profile("cifar10", 32, 30, 128, 0.1, stored=32),
}

# Chapter 12: a body that never saw two of the classes; see transfer.py for the rest.
TRANSFER = {
    "smoke": Profile("digits", 8, 3, 64, pictures=512, options={"width": 8}, stored=8),
    "laptop": Profile("cifar10", 32, 3, 64, options={"width": 8}, stored=32),
    "gpu": Profile("cifar10", 32, 10, stored=32),
}

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

# Chapter 13: drawn pictures, whose truth is known; a crop must not lose a shape.
SHAPES = {
    "smoke": Profile("pictures", 32, 1, 64, 8e-3, 640, {"width": 8}, 32, crop=0.8),
    "laptop": Profile(
        "pictures", 48, 10, 64, 8e-3, options={"width": 8}, stored=48, crop=0.8
    ),
    "gpu": Profile(
        "pictures", 64, 20, 64, 8e-3, options={"width": 16}, stored=64, crop=0.8
    ),
}

# Chapter 9: as long and as large as a GPU makes easy.
LONG = {
    "smoke": IMAGENETTE["smoke"],
    "gpu": Profile("imagenette", size=224, epochs=20, stored=224),
}

# Appendix D: the race. Each step keeps what the steps before it changed.
RACE_STEPS = [
    ("batch-64", "smaller batches, crops from 0.35", {"batch_size": 64, "crop": 0.35}),
    ("resnet-50", "ResNet-50", {"net": "resnet-50-fastai"}),
    ("smoothing", "smoothed labels", {"smoothing": 0.1}),
    ("zoom", "validation sees the centre", {"zoom": 0.875}),
    ("mish", "Mish for ReLU", {"net": "xresnet-50-mish"}),
    ("batch-32", "batches of 32", {"batch_size": 32}),
    ("resnext", "SE-ResNeXt-50", {"net": "xse-resnext-50-mish"}),
]


# The race of two cores: three stages, narrow, γ = 1, and pictures that grow late.
SIZES = [32] * 8 + [40] * 4 + [48] * 5 + [56] * 2 + [64] * 2
TEN_MINUTES = {
    "smoke": replace(IMAGENETTE["smoke"], sizes=[16], smoothing=0.1, zoom=0.875),
    "laptop": Profile(
        "imagenette",
        size=64,
        epochs=len(SIZES),
        batch_size=64,
        lr=4e-3,
        options={"widths": [48, 96, 192], "batch_zero": False},
        sizes=SIZES,
        crop=0.35,
        smoothing=0.1,
        zoom=0.875,
    ),
}


def race() -> list[Experiment]:
    """The steps of the race, from the ResNet-18 of chapter 8 on."""
    net, profiles, steps = "resnet-18-fastai", IMAGENETTE, []
    for name, title, change in RACE_STEPS:
        change = dict(change)
        net = change.pop("net", net)
        profiles = {
            "smoke": replace(profiles["smoke"], **change),
            "gpu": replace(profiles["gpu"], **change),
        }
        steps.append(Experiment(f"race-{name}", "D", title, net, profiles))
    return steps


EXPERIMENTS = {
    e.name: e
    for e in [
        Experiment("mlp-mnist", 1, "Linear layers only", "mlp", MNIST),
        Experiment("lenet-mnist", 1, "LeNet-5", "lenet-5-mnist", MNIST),
        Experiment("vgg-tiny", 2, "Tiny VGG, two 3×3 a stack", "vgg-tiny"),
        Experiment("vgg-tiny-5x5", 2, "Tiny VGG, one 5×5 a stack", "vgg-tiny-5x5"),
        Experiment("fcn-baseline", 3, "Baseline, no shortcuts", "fcn-baseline"),
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
        *race(),
        Experiment(
            "race-ten-minutes", "D", "two cores", "resnet-14-fastai", TEN_MINUTES
        ),
        Experiment(
            "race-20-epochs",
            "D",
            "the fifth step, 20 epochs",
            "xresnet-50-mish",
            {
                name: replace(profile, epochs=20 if name == "gpu" else 1)
                for name, profile in race()[4].profiles.items()
            },
        ),
    ]
}


def experiment(name: str) -> Experiment:
    """The experiment called `name`; UsageError with the nearest names if unknown."""
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, n=2) or EXPERIMENTS
        raise UsageError(
            f"There is no experiment '{name}'. Try: {', '.join(near)}. "
            "All of them: resnet-lessons runs"
        )
    return EXPERIMENTS[name]

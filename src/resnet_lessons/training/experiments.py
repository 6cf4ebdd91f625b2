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

    @property
    def decoded_size(self) -> int:
        """Side of the stored pictures in pixels; crops are taken from these.

        Fernando and fastbook store 160 px for crops of 128 px: the same ratio.
        """
        return self.stored or self.size * 5 // 4


# Fernando's sizes on a GPU; half of them on two cores; seconds on a stand-in.
IMAGENETTE = {
    "smoke": Profile("pictures", size=32, epochs=1, batch_size=64, pictures=1280),
    "laptop": Profile("imagenette", size=64, epochs=5),
    "gpu": Profile("imagenette", size=128, epochs=5),
}


@dataclass(frozen=True)
class Experiment:
    """One net under one recipe: AdamW, one cycle, random crops and flips."""

    name: str
    chapter: int
    title: str
    net: str  # name for `nets.build`
    profiles: dict[str, Profile] = field(default_factory=lambda: IMAGENETTE)

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
    "gpu": Profile("cifar10", 32, 10, stored=32),
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

EXPERIMENTS = {
    e.name: e
    for e in [
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

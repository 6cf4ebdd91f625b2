"""What an experiment is, a net under one recipe; and how large its runs are."""

from dataclasses import dataclass, field, replace

from ..errors import UsageError


@dataclass(frozen=True)
class Profile:
    """How large a run is."""

    data: str  # name in the catalog
    size: int  # pixels on a side
    epochs: int
    batch_size: int = 128
    lr: float = 3e-3  # the highest of the schedule
    pictures: int | None = None  # of the training split, drawn once; None: all
    options: dict = field(default_factory=dict)  # of the net, such as its width

    stored: int | None = None  # side of the stored pictures; None: 5/4 of `size`
    sizes: list[int] | None = None  # of the crops in each epoch; None: always `size`
    crop: float = 0.5  # smallest area of a random crop, as a share of the picture
    # Of labels, also in validation losses: this share goes to all classes alike.
    smoothing: float = 0.0
    zoom: float = 1.0  # side of the centre that validation sees, as a share
    opt: str = "AdamW"  # a key of learner.OPTIMIZERS
    schedule: str = "one cycle"  # a key of learner.SCHEDULES; chapter 11 has its own
    half: bool = False  # bfloat16 also on a processor: see steps.half_precision

    @property
    def decoded_size(self) -> int:
        """Side of the stored pictures in pixels; crops are taken from these.

        Fernando and fastbook store 160 px for crops of 128 px: the same ratio.
        """
        return self.stored or self.size * 5 // 4


# Fernando's sizes on a GPU; half of them on two cores; seconds on a stand-in.
IMAGENETTE = {
    "smoke": Profile("pictures", size=32, epochs=1, batch_size=64, pictures=256),
    "laptop": Profile("imagenette", size=64, epochs=5),
    "gpu": Profile("imagenette", size=128, epochs=5),
}


@dataclass(frozen=True)
class Experiment:
    """One net under one recipe: random crops, flips (not of digits)."""

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


def with_options(profiles: dict[str, Profile], **options) -> dict[str, Profile]:
    """`profiles` with `options` of the net added to theirs."""
    return {
        name: replace(profile, options=profile.options | options)
        for name, profile in profiles.items()
    }


# Chapter 1: digits, 28 px as they are.
MNIST = {
    "smoke": Profile("digits", 28, 2, 64, pictures=512, stored=28),
    "laptop": Profile("mnist", 28, 5, stored=28),
    "gpu": Profile("mnist", 28, 20, stored=28),
}

# Chapter 4: the paper's nets on its pictures; on two cores half as wide, on a part.
CIFAR_DEPTH = {
    "smoke": Profile("digits", 8, 3, 64, pictures=256, options={"width": 8}, stored=8),
    "laptop": Profile(
        "cifar10", 32, 4, 64, pictures=10_000, options={"width": 8}, stored=32
    ),
    "gpu": Profile("cifar10", 32, 5, stored=32),
}

# What is dear on two cores only, so that a GPU's `record --all` grows no longer.
SHORT = {name: CIFAR_DEPTH[name] for name in ("smoke", "laptop")}

# Chapter 7: four times as long, so that a γ from zero has time to grow.
LONGER = {
    "smoke": IMAGENETTE["smoke"],
    "laptop": replace(IMAGENETTE["laptop"], epochs=20),
}

# Chapter 9: half as wide, within reach of two cores: half the MACs of ResNet-18.
HALF = with_options(IMAGENETTE, widths=[32, 64, 128, 256])

# Chapter 9: small pictures first, so that early epochs cost less.
GROWING = {
    "smoke": replace(IMAGENETTE["smoke"], sizes=[16]),
    "laptop": replace(IMAGENETTE["laptop"], sizes=[32, 40, 48, 56, 64]),
    "gpu": replace(IMAGENETTE["gpu"], sizes=[64, 80, 96, 112, 128]),
}

# Chapter 9: as long and as large as a GPU makes easy.
LONG = {
    "smoke": IMAGENETTE["smoke"],
    "gpu": Profile("imagenette", size=224, epochs=20, stored=224),
}

# Chapter 11: the paper's recipe; on two cores half as wide and 1/36 as long.
TENTHS = "a tenth of the rate from 1/2 of the steps, again from 3/4"
PIPELINE = {
    name: replace(profile, schedule=TENTHS)
    for name, profile in {
        "smoke": Profile("digits", 8, 3, 64, 0.1, options={"width": 8}, stored=8),
        "laptop": Profile("cifar10", 32, 5, 128, 0.1, options={"width": 8}, stored=32),
        "gpu": Profile("cifar10", 32, 30, 128, 0.1, stored=32),
    }.items()
}

# Chapter 12: a body that never saw two of the classes; see transfer.py for the rest.
TRANSFER = {
    "smoke": Profile("digits", 8, 3, 64, pictures=512, options={"width": 8}, stored=8),
    "laptop": Profile("cifar10", 32, 3, 64, options={"width": 8}, stored=32),
    "gpu": Profile("cifar10", 32, 10, stored=32),
}

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

"""How large a run is, and what an experiment is: a net under one recipe."""

from dataclasses import dataclass, field

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

"""The race on Imagenette (appendix D), as experiments."""

from dataclasses import replace

from .profiles import IMAGENETTE, Experiment, Profile

# Each step keeps what the steps before it changed.
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


RACE = [
    *race(),
    Experiment("race-ten-minutes", "D", "two cores", "resnet-14-fastai", TEN_MINUTES),
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

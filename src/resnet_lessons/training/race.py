"""The race on Imagenette (appendix D), as experiments."""

from dataclasses import replace

from .profiles import IMAGENETTE, Experiment, Profile

LARGER = {"batch_size": 128, "lr": 5.6e-3}  # twice the batch, sqrt(2) times the rate
FLAT = "flat, then a cosine"

# Each step keeps what the steps before it changed.
STEPS = [
    ("batch-64", "smaller batches, crops from 0.35", {"batch_size": 64, "crop": 0.35}),
    ("resnet-50", "ResNet-50", {"net": "resnet-50-fastai"}),
    ("smoothing", "smoothed labels", {"smoothing": 0.1}),
    ("zoom", "validation sees the centre", {"zoom": 0.875}),
    ("mish", "fastai's net: Mish, another start", {"net": "xresnet-50-mish"}),
    (
        "muon-64",
        "Muon, and a wide net with blur and gates",
        {"net": "race-net", "opt": "Muon", "schedule": FLAT, "lr": 4e-3},
    ),
]

# The race of two cores: three stages, γ = 1, and pictures that grow step by step.
VIEW = {"crop": 0.35, "smoothing": 0.1, "zoom": 0.875}
MUON = {"opt": "Muon", "schedule": FLAT}
UP_TO_96 = [32] * 4 + [40] * 4 + [48] * 5 + [56] * 4 + [64] * 4 + [80] * 3 + [96] * 2
PLAINER = {"mish": False, "blur": False}  # both make each step longer
SLIM = {"widths": [48, 96, 192], **PLAINER}
TEN_MINUTES = {
    "smoke": replace(IMAGENETTE["smoke"], options=SLIM, sizes=[16], **MUON, **VIEW),
    "laptop": Profile(
        "imagenette",
        size=96,
        epochs=len(UP_TO_96),
        options=SLIM,
        sizes=UP_TO_96,
        **MUON,
        **LARGER,
        **VIEW,
    ),
}
TEN_MINUTES_STEPS = [
    ("ten-minutes", "Muon, gates, up to 96 px", {}),
    (
        "ten-minutes-bfloat16",
        "bfloat16, a wider net",
        {"half": True, "options": {"widths": [64, 128, 256]}},
    ),
]

# The last steps again on two cores, one by one: the net narrow, the pictures small.
NARROW = {"widths": [32, 64, 128], "gate": False, **PLAINER}
SMALL = {
    "smoke": replace(IMAGENETTE["smoke"], options=NARROW),
    "laptop": Profile("imagenette", 48, 5, options=NARROW, **LARGER, **VIEW),
}
SMALL_STEPS = [
    ("small-adamw", "AdamW", {}),
    ("small-muon", "Muon for AdamW", {"opt": "Muon"}),
    ("small-flat", "the rate flat for half of the time", {"schedule": FLAT}),
    ("small-mish", "Mish for ReLU", {"options": {"mish": True}}),
    ("small-blur", "blur before a stride", {"options": {"blur": True}}),
    ("small-gates", "gates on channels", {"options": {"gate": True}}),
    ("small-batch-64", "batches of 64", {"batch_size": 64, "lr": 4e-3}),
]


def changed(profile: Profile, change: dict, fresh: bool) -> Profile:
    """`profile` after a step; the net's options add up, unless the net is `fresh`."""
    options = ({} if fresh else profile.options) | change.get("options", {})
    return replace(profile, **change | {"options": options})


def ladder(steps: list, net: str, profiles: dict[str, Profile]) -> list[Experiment]:
    """The `steps` of a race that starts from `net` under `profiles`."""
    made = []
    for name, title, change in steps:
        fresh = change.get("net", net) != net
        net = change.get("net", net)
        change = {k: v for k, v in change.items() if k != "net"}
        # Of a smoke run: always the same, and in float32, which any processor has.
        length = ("size", "sizes", "epochs", "half")
        short = {k: v for k, v in change.items() if k not in length}
        profiles = {
            kind: changed(p, short if kind == "smoke" else change, fresh)
            for kind, p in profiles.items()
        }
        made.append(Experiment(f"race-{name}", "D", title, net, profiles))
    return made


FIVE_EPOCHS = ladder(
    STEPS,
    "resnet-18-fastai",  # of chapter 8
    {name: IMAGENETTE[name] for name in ("smoke", "gpu")},
)
LAST = FIVE_EPOCHS[-1]
TWENTY_EPOCHS = Experiment(
    "race-20-epochs",
    "D",
    f"{LAST.title}, 20 epochs",
    LAST.net,
    LAST.profiles | {"gpu": replace(LAST.profiles["gpu"], epochs=20)},
)
ONE_BY_ONE = ladder(SMALL_STEPS, "race-net", SMALL)
LAST_SMALL = ONE_BY_ONE[-1]
ROUNDED = Experiment(
    "race-rounded",
    "D",
    f"{LAST_SMALL.title}, in bfloat16",
    LAST_SMALL.net,
    LAST_SMALL.profiles | {"laptop": replace(LAST_SMALL.profiles["laptop"], half=True)},
)
RACE = [
    *FIVE_EPOCHS,
    *ladder(TEN_MINUTES_STEPS, "race-net", TEN_MINUTES),
    *ONE_BY_ONE,
    ROUNDED,
    TWENTY_EPOCHS,
]

"""Chapter 12: mistakes in freezing, in rates and with a picture, as lines of data."""

import torch
from PIL import Image
from torchvision.transforms import functional as TF

from .describe import Words, shape_in_words

STEM, STAGES, HEAD = ["stem"], ["stage 1", "stage 2", "stage 3"], ["head"]
ALL = [*STEM, *STAGES, *HEAD]


def LEARN(stages: int, before: str, named: bool) -> list[tuple[list, str]]:
    """What learns after a mistake, and its hint."""
    first, rest = STAGES[:stages], STAGES[stages:]
    nothing = "Nothing is frozen. Does the change reach this net, not a copy of it?"
    if named:
        nothing = (
            "`part.requires_grad = False` makes a new attribute on the module, and "
            "nobody reads it. With the underscore, `part.requires_grad_(False)`, it "
            "reaches the parameters."
        )
    alone = "Nothing learns. The head and the last stages must be free"
    again = []
    if before == "frozen":
        alone += ": this net was frozen before, so set them free again"
        again = [(HEAD, "This net was frozen before: set the last stages free too.")]
    return [
        *again,
        (ALL, nothing),
        ([], f"{alone}."),
        (STEM + rest + HEAD, "The stem comes before the first stage: freeze it too."),
        (rest, "The head is frozen. It is new: it has to learn."),
        (STEM + first, "The wrong way round: these shall stay as they are."),
        (
            STAGES[stages + 1 :] + HEAD,
            f"One stage too many is frozen: with {stages}, stage {stages + 1} learns.",
        ),
        (
            STAGES[max(0, stages - 1) :] + HEAD,
            f"One stage too few is frozen: with {stages}, stage {stages} is the last "
            "that stays.",
        ),
        (HEAD, "The stages behind the frozen ones learn too."),
    ]


def MOVE(stages: int) -> list[tuple[list, str]]:
    """Whose statistics move after a mistake, and its hint."""
    rest = STAGES[stages:]
    return [
        (
            STEM + STAGES,
            "The weights are held, the statistics are not: BatchNorm in training mode "
            "averages every batch that passes, frozen or not. Put the frozen parts "
            "into eval mode, and after `net.train()`, which undoes it.",
        ),
        (STEM + rest, "The stem is still in training mode."),
        (
            STAGES,
            "The frozen stages are still in training mode: `part.eval()` for each.",
        ),
        (
            [],
            "All of BatchNorm is in eval mode. The parts that learn belong into "
            "training mode: `net.train()` first, then `eval()` for the frozen ones.",
        ),
    ]


def _by_place(rule):
    """Rates by the place counted from the head, which has place 0."""

    def rates(frozen, lr, factor):
        return {
            name: rule(place, lr, factor)
            for place, name in enumerate(reversed(ALL))
            if name not in frozen
        }

    return rates


def _by_rank(frozen, lr, factor):
    free = [name for name in reversed(ALL) if name not in frozen]
    return {name: lr / factor**i for i, name in enumerate(free)}


RATES = [  # the first one is right
    (
        _by_place(lambda i, lr, f: lr / f**i),
        "The head has `lr`, each part before it `factor` times less than the next.",
    ),
    (
        _by_place(lambda i, lr, f: lr),
        "All parts have the same rate. Divide it by `factor` after each.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f ** (4 - i)),
        "The wrong way round: the head is new and takes the largest steps, the stem "
        "the smallest.",
    ),
    (
        _by_place(lambda i, lr, f: lr * f**i),
        "The rates grow towards the picture. Divide, do not multiply.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f ** (i + 1)),
        "The head has the rate `lr` itself. Divide after it.",
    ),
    (
        _by_place(lambda i, lr, f: lr / (f * i) if i else lr),
        "Each step divides again: `factor`, then `factor**2`, then `factor**3`.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f if i else lr),
        "Each step divides again: the stages differ among themselves.",
    ),
    (
        _by_rank,
        "A frozen part keeps its place: the rate goes on falling past it.",
    ),
]


def SHAPES(picture, size: int) -> list[tuple[Words, str]]:
    """Shapes that a mistake gives."""
    width, height = picture.size
    channels = len(picture.getbands())
    short = size / min(width, height)
    scaled = (round(height * short), round(width * short))
    mistakes = [
        ((3, size, size), "The axis of the batch is missing: `x[None]`."),
        ((1, size, size, 3), "Channels come first in PyTorch: `permute(2, 0, 1)`."),
        ((size, size, 3), "Channels come first, and a batch has an axis before them."),
        ((1, 3, *scaled), "The picture is not square yet: cut its centre."),
        ((1, 3, height, width), "The picture was not scaled."),
        ((1, channels, size, size), f'It has {channels} channels: `convert("RGB")`.'),
    ]
    return [(Words(shape_in_words(shape)), hint) for shape, hint in mistakes]


def _pixels(picture, size):
    """(3, size, size), 0 to 255, rightly scaled and cut."""
    picture = TF.center_crop(TF.resize(picture.convert("RGB"), size), size)
    return TF.pil_to_tensor(picture).float()


def _column(values):
    return torch.tensor(values)[:, None, None]


def _after(change):
    """A mistake in what happens to the pixels x, given mean and std as columns."""

    def wrong(picture, size, mean, std):
        x = _pixels(picture, size)
        return change(x, _column(mean), _column(std))[None]

    return wrong


def _before(change):
    """A mistake in scaling or cutting: `change` gives another picture."""

    def wrong(picture, size, mean, std):
        x = TF.to_tensor(change(picture.convert("RGB"), size))
        return TF.normalize(x, mean, std)[None]

    return wrong


def _rows_as_channels(x, mean, std):
    shuffled = x.permute(1, 2, 0).reshape(x.shape)
    return (shuffled / 255 - mean) / std


def _cut_at_the_end(x, mean, std):
    return ((x / 255 - mean) / std).permute(1, 2, 0).reshape(x.shape)


IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _by_imagenet(x, mean, std):
    mean, std = map(_column, IMAGENET)
    return (x / 255 - mean) / std


def _by_itself(x, mean, std):
    return (x - x.mean((1, 2), True)) / x.std((1, 2), keepdim=True)


def _by_long_side(picture, size):
    share = size / max(picture.size)
    sides = [round(side * share) for side in reversed(picture.size)]
    return TF.center_crop(TF.resize(picture, sides), size)


def _on_white(picture, size, mean, std):
    ground = Image.new("RGBA", picture.size, "white")
    whole = Image.alpha_composite(ground, picture.convert("RGBA"))
    return PICTURES[0][0](whole, size, mean, std)


PICTURES = [  # the first one is right
    (_after(lambda x, mean, std: (x / 255 - mean) / std), ""),
    (
        _after(lambda x, mean, std: x),
        "These are the pixels from 0 to 255. Divide by 255, then normalise.",
    ),
    (
        _after(lambda x, mean, std: (x - mean) / std),
        "Divide by 255 first: `mean` and `std` are meant for values from 0 to 1.",
    ),
    (
        _after(lambda x, mean, std: x / 255),
        "The values run from 0 to 1. Now subtract `mean` and divide by `std`.",
    ),
    (_after(lambda x, mean, std: x / 255 - mean), "Divide by `std` too."),
    (_after(lambda x, mean, std: x / 255 / std), "Subtract `mean` before dividing."),
    (
        _after(lambda x, mean, std: x / 255 / std - mean),
        "Subtract the mean first, then divide by `std`.",
    ),
    (
        _after(lambda x, mean, std: (x / 255 - std) / mean),
        "`mean` and `std` have changed places.",
    ),
    (
        _after(lambda x, mean, std: (x / 255 / 255 - mean) / std),
        "Nearly all is black: divided by 255 twice (`to_tensor` does it already), or "
        "by `//`?",
    ),
    (
        _after(lambda x, mean, std: (x / 255 - mean) * std),
        "Multiplied by `std`. Divide by it.",
    ),
    (
        _after(_by_imagenet),
        "These are ImageNet's mean and deviation. Use `mean` and `std` as given.",
    ),
    (
        _after(_by_itself),
        "Normalised by the picture's own mean and deviation. Use `mean` and `std`, "
        "the same for every picture.",
    ),
    (
        _after(lambda x, mean, std: (x.flip(0) / 255 - mean) / std),
        "The channels are in the order blue, green, red.",
    ),
    (
        _on_white,
        "What is transparent shows a white ground. Drop the transparency: "
        '`picture.convert("RGB")` keeps the colours below it.',
    ),
    (
        _after(lambda x, mean, std: (x.mT / 255 - mean) / std),
        "Rows and columns have changed places: `permute(2, 0, 1)`.",
    ),
    (
        _after(_rows_as_channels),
        "`reshape` does not move axes, it cuts the numbers anew. Use "
        "`permute(2, 0, 1)`.",
    ),
    (
        _after(_cut_at_the_end),
        "`reshape` does not move axes, it cuts the numbers anew. Use "
        "`permute(2, 0, 1)`.",
    ),
    (
        _before(_by_long_side),
        "The long side was scaled to `size`, and black was added. Scale the *short* "
        "side.",
    ),
    (
        _before(
            lambda picture, size: TF.center_crop(
                TF.resize(picture, size * 256 // 224), size
            )
        ),
        "The short side became larger than `size`, as 256 before a cut of 224. Scale "
        "it to `size` itself.",
    ),
    (
        _before(lambda picture, size: TF.resize(picture, [size, size])),
        "The picture is squashed. With one number, `TF.resize(picture, size)` keeps "
        "its shape; then cut the centre.",
    ),
    (
        _before(lambda picture, size: TF.center_crop(picture, size)),
        "The centre was cut without scaling: scale the short side to `size` first.",
    ),
    (
        _before(
            lambda picture, size: TF.crop(TF.resize(picture, size), 0, 0, size, size)
        ),
        "The corner was cut, not the centre.",
    ),
]

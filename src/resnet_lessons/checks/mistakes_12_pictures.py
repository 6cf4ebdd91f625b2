"""Chapter 12: mistakes with a picture, each a line of data with its hint."""

import torch
from PIL import Image
from torchvision.transforms import functional as TF

from .describe import Words, shape_in_words


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


def _converted_last(picture, size, mean, std):
    x = TF.center_crop(TF.resize(picture, size), size).convert("RGB")
    return TF.normalize(TF.to_tensor(x), mean, std)[None]


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
        "The transparent pixels became white. Drop the transparency: "
        '`picture.convert("RGB")` keeps the colours below it.',
    ),
    (
        _after(lambda x, mean, std: (x.mT / 255 - mean) / std),
        "Rows and columns have changed places: `permute(2, 0, 1)`.",
    ),
    (
        _after(_rows_as_channels),
        "`reshape` does not move axes, it only regroups the numbers. Use "
        "`permute(2, 0, 1)`.",
    ),
    (
        _after(_cut_at_the_end),
        "`reshape` does not move axes, it only regroups the numbers. Use "
        "`permute(2, 0, 1)`.",
    ),
    (
        _before(_by_long_side),
        "The long side was scaled to `size`, and black was added. Scale the short "
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
        "The corner was cut, or a random place. Cut the centre.",
    ),
    (
        _before(
            lambda picture, size: TF.center_crop(
                TF.resize(picture, size, TF.InterpolationMode.NEAREST), size
            )
        ),
        "A fine pattern became a coarse one that is not in the picture. Take a filter "
        "that averages: the default of PIL does, a tensor needs `antialias=True`.",
    ),
    (
        _converted_last,
        '`convert("RGB")` comes first: to scale a transparent picture weighs its '
        "colours by how solid they are.",
    ),
]

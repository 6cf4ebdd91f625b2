"""The digits of the residual playground, packed into a few kilobytes."""

from .cam import DIGITS


def playground_data(train, held, counts=(160, 80)):
    """Data of `widgets.ResidualPlayground`: the first `counts` digits of two parts.

    A part is (images (N, 8, 8, 1), labels (N,)), grey from 0 to 255, as of
    `data.load("digits")`. A letter holds two pixels of eight greys each.
    """
    return {
        name: _packed(*part, count)
        for name, part, count in zip(
            ("train", "held"), (train, held), counts, strict=True
        )
    }


def _packed(images, labels, count):
    greys = (images[:count].reshape(-1, 2) / 255 * 7).round().astype(int)
    return {
        "pixels": "".join(DIGITS[8 * left + right] for left, right in greys),
        "labels": "".join(str(label) for label in labels[:count]),
    }

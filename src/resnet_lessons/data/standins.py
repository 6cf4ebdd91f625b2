"""Built-in data sets: nothing to download, the same bytes on every machine.

`digits` are real: scikit-learn's 1,797 handwritten digits of 8×8 pixels. `pictures`
are drawn: a picture shows two of five shapes, and its class is the pair. Place,
size, angle, colours, stripes and noise are random, so no pixel says anything by
itself and a linear model fails.
"""

from itertools import combinations

import numpy as np

ONE = 1024  # fixed point: integers only, so that every machine draws the same
ANGLES = np.arange(64) * np.pi / 32
TURNS = np.rint(ONE * np.stack([np.cos(ANGLES), np.sin(ANGLES)])).astype(np.int32)
PAIRS = np.array(list(combinations(range(5), 2)))  # in the order of the classes


def digits(size=8):
    """((images, labels) train, valid); images (N, size, size, 1) uint8.

    A fixed stratified split: every fifth picture of each class is for validation.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images.astype(np.int64) * 255 + 8) // 16  # 0…16 to 0…255
    images = _scaled(images.astype(np.uint8)[..., None], size)
    labels = data.target.astype(np.int64)
    rank = np.zeros_like(labels)
    for label in range(10):
        rank[labels == label] = np.arange((labels == label).sum())
    valid = rank % 5 == 4
    return (images[~valid], labels[~valid]), (images[valid], labels[valid])


def _scaled(images, size):
    if images.shape[1] == size:
        return images
    from PIL import Image

    from .decode import fit

    return np.stack([fit(Image.fromarray(i[..., 0]), size, 1) for i in images])


def pictures(size=64, train=4000, valid=1000, seed=0):
    """((images, labels) train, valid); images (N, size, size, 3) uint8.

    Labels count round the ten pairs of shapes, so classes are of equal size.
    """
    random = np.random.RandomState(seed)  # its stream is frozen, unlike default_rng's
    labels = np.arange(train + valid, dtype=np.int64) % 10
    parts = [labels[i : i + 250] for i in range(0, len(labels), 250)]
    images = np.concatenate([_draw(random, part, size)[0] for part in parts])
    return (images[:train], labels[:train]), (images[train:], labels[train:])


def shapes(size=64, count=200, seed=1):
    """(images, labels, masks): pictures as above, and where their shapes are.

    images (N, size, size, 3) uint8, labels (N,), masks (N, 2, size, size) bool: the
    pixels of the first and the second shape of the pair. With another seed than that
    of `pictures` no net has seen them.
    """
    random = np.random.RandomState(seed)
    labels = np.arange(count, dtype=np.int64) % 10
    images, masks = _draw(random, labels, size)
    return images, labels, masks


def _draw(random, labels, size):
    """Pictures (N, size, size, 3) of the pairs `labels`, masks (N, 2, size, size)."""

    def draw(low, high, *shape, dtype=np.int32):  # in [low, high), for each picture
        return random.randint(low, high, (len(labels), *shape), dtype=dtype)

    y, x = (np.mgrid[:size, :size] * 2 * ONE // size - ONE).astype(np.int32)
    ground = draw(0, 256, 1, 1, 3, dtype=np.int16)
    image = np.broadcast_to(ground, (len(labels), size, size, 3))
    masks = []
    side = draw(0, 2, 1, 1) * 2 - 1  # which of the two comes first,
    upright = draw(0, 2, 1, 1)  # and are they above or beside each other?
    for shape, sign in zip(PAIRS[labels].T, (side, -side), strict=True):
        along, across = sign * draw(400, 560, 1, 1), draw(-420, 421, 1, 1)
        cx, cy = np.where(upright, (across, along), (along, across))
        inside, u = _shape(shape, x - cx, y - cy, draw(0, 64), draw(340, 450, 1, 1))
        striped = draw(0, 2, 1, 1) * (u // draw(200, 450, 1, 1) % 2)
        paint = (
            ground + draw(70, 187, 2, 1, 3, dtype=np.int16)
        ) % 256  # never the ground's colour
        colour = np.where(striped[..., None], paint[:, :1], paint[:, 1:])
        image = np.where(inside[..., None], colour, image)
        masks.append(inside)
    noise = draw(-20, 21, size, size, 3, dtype=np.int8)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image, np.stack(masks, 1)


def _shape(shape, x, y, turn, radius):
    """Which pixels belong to the shape, and the turned coordinate u, for stripes."""
    cos, sin = TURNS[:, turn, None, None]
    u = (cos * x + sin * y) // radius  # ONE at the shape's radius
    v = (cos * y - sin * x) // radius
    round_, reach = u * u + v * v, np.maximum(abs(u), abs(v))
    inside = (
        round_ < ONE**2,  # disc
        (round_ < ONE**2) & (round_ > (5 * ONE // 9) ** 2),  # ring
        reach < 9 * ONE // 10,  # square
        (v > -6 * ONE // 10) & (2 * abs(u) + v < 11 * ONE // 10),  # triangle
        (reach < ONE) & (np.minimum(abs(u), abs(v)) < ONE // 3),  # cross
    )
    return np.choose(shape[:, None, None], inside), u


BUILT_IN = {"digits": digits, "pictures": pictures}

"""Loaders that gather bytes, and augment whole batches on the device.

There are no worker processes: pictures are decoded already (`decoded.py`), so a batch
costs one gather, one copy to the device, and one resampling.
"""

import copy
import warnings

import numpy as np
import torch

from ..errors import UsageError
from . import catalog
from .augment import centre, crop_lines, random_crops, resample, resize
from .device import best_device

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean, std of RGB in 0…1
RESIDENT = 1 / 3  # of free CUDA memory that a split may take
AT_ONCE = 2**22  # bytes of float32 pictures on a processor: they stay in its cache


def loaders(
    images,  # Images, from `load`
    size,  # pixels of a batch, height and width
    batch_size,  # pictures in a batch
    device=None,  # None: CUDA, else Apple's MPS, else CPU
    augment=True,  # random resized crop, and flip where a mirrored picture is true
    seed=0,  # of shuffling and augmentation, the same on every device
    crop=0.35,  # smallest area of a random crop, as a share of the picture
    zoom=1.0,  # side of the centre that validation sees, as a share of the picture's
):
    """fastai `DataLoaders` with a training and a validation `BatchLoader`.

    Batches are (B, C, size, size) float32, normalised (ImageNet's statistics for
    colour, the training split's own for grey), and (B,) int64 labels. Raises
    `UsageError` for a size, batch size, crop or zoom that makes no sense.
    """
    from fastai.data.core import DataLoaders
    from fastai.data.transforms import CategoryMap

    _check(images, size, batch_size, crop, zoom)
    device = best_device() if device is None else torch.device(device)
    if images.train.images.shape[-1] == 3:
        stats = tuple(torch.tensor(values) * 255 for values in IMAGENET)
    else:
        stats = statistics(images.train.images)
    vocab = CategoryMap(images.classes, sort=False)  # what fastai's reports expect
    shared = {
        "vocab": vocab,
        "batch_size": batch_size,
        "stats": stats,
        "device": device,
    }
    train = BatchLoader(
        images.train,
        size=size,
        training=True,
        crop=crop if augment else None,
        flip=augment and catalog.find(images.name).flips,  # true of no digit
        seed=seed,
        **shared,
    )
    valid = BatchLoader(images.valid, size=size, zoom=zoom, **shared)
    return DataLoaders(train, valid, device=device)


def _check(images, size, batch_size, crop, zoom):
    for what, value in (("size", size), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{what} must be a whole number from 1, not {value!r}")
    if batch_size > len(images.train):
        raise UsageError(
            f"batch_size {batch_size} is larger than the {len(images.train)} training "
            f"images of {images.name}; choose a smaller one, or import the whole set"
        )
    for what, value in (("crop", crop), ("zoom", zoom)):
        if not 0 < value <= 1:
            raise UsageError(f"{what} must be above 0 and at most 1, not {value!r}")
    sides = images.valid.images.shape[1:3]
    if not centre(torch.empty(sides), zoom).numel():
        raise UsageError(
            f"zoom {zoom} leaves no pixel of {images.size}; take a larger one"
        )


def statistics(images):
    """Mean and standard deviation of each channel of (N, H, W, C) bytes, exact."""
    values = np.arange(256)
    counts = [np.bincount(c.ravel(), minlength=256) for c in np.moveaxis(images, 3, 0)]
    mean = [np.average(values, weights=n) for n in counts]
    squares = [np.average(values**2, weights=n) for n in counts]
    std = np.sqrt(np.array(squares) - np.array(mean) ** 2)
    return torch.tensor(mean).float(), torch.from_numpy(std).float()


class BatchLoader:
    """A plain iterable of (images, labels) batches, as fastai's `Learner` needs it.

    `fit`, `fit_one_cycle`, `lr_find`, `validate` and `get_preds` work; `predict` and
    `test_dl` do not: they want fastai's own item pipeline. A training loader shuffles
    and drops the last, incomplete batch; a validation loader does neither.
    """

    n_inp = 1  # the first of a batch is the input, fastai's way to say so
    num_workers = 0

    def __init__(
        self,
        split,  # Split: images (N, H, W, C) uint8, labels (N,)
        vocab,  # class names, in label order
        size,  # pixels
        batch_size,
        stats,  # mean and std of each channel, on the scale of 0 to 255
        device,
        training=False,  # shuffle, and drop the last batch if it is incomplete
        crop=None,  # smallest area of a random crop; None: the whole picture
        flip=False,  # mirror half of the pictures
        zoom=1.0,  # side of the centre that is seen where nothing is cropped
        seed=0,
    ):
        self.dataset, self.vocab, self.c = split, vocab, len(vocab)
        self.size, self.bs, self.stats = size, batch_size, stats
        self.shuffle = self.drop_last = training
        self.crop, self.flip, self.zoom = crop, flip, zoom
        self.generator = torch.Generator().manual_seed(seed)  # on the CPU, everywhere
        self.device = None
        self.to(device)

    def to(self, device):
        """Use `device` from now on; keep a split there that fits into CUDA memory."""
        if torch.device(device) == self.device:
            return self
        self.device = torch.device(device)
        mean, std = (s.to(self.device)[:, None, None] for s in self.stats)
        self.scale, self.shift = 1 / std, -mean / std  # of (x - mean) / std
        with warnings.catch_warnings():  # torch notes that they are read-only
            warnings.simplefilter("ignore", UserWarning)
            self.labels = torch.from_numpy(self.dataset.labels).to(self.device)
            self._pictures = torch.from_numpy(self.dataset.images)
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            if self._pictures.nbytes < RESIDENT * free:
                self._pictures = self._pictures.to(self.device)
        return self

    def new(self, **_):
        """The same pictures, all, in order and without augmentation (`get_preds`).

        `zoom` stays, so that predictions are of what `validate` sees.
        """
        plain = copy.copy(self)
        plain.shuffle = plain.drop_last = plain.flip = False
        plain.crop = None
        return plain

    @property
    def n(self):
        return len(self.dataset)

    def __len__(self):
        full, rest = divmod(self.n, self.bs)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self):
        order = torch.arange(self.n)
        if self.shuffle:
            order = torch.randperm(self.n, generator=self.generator)
        lines = self._lines()
        places = order.to(self.device)  # once: a copy for each batch would cost more
        for i in range(len(self)):
            now = slice(i * self.bs, (i + 1) * self.bs)
            images = self._images(order[now], places[now], lines, now)
            yield images, self.labels[places[now]]

    def _images(self, index, places, lines, now):
        """One batch, normalised, in channels-last memory order."""
        shape = (len(index), self.dataset.images.shape[-1], self.size, self.size)
        out = torch.empty(shape, device=self.device, memory_format=torch.channels_last)
        part = len(index)
        if self.device.type == "cpu":
            part = max(1, AT_ONCE // (4 * self._pictures[0].numel()))
        rest = index, places, *(line[now] for line in lines)
        parts = [values.split(part) for values in (out, *rest)]
        for some, *made_from in zip(*parts, strict=True):
            some.copy_(self._made(*made_from))
        return out

    def _made(self, index, places, *lines):
        """Pictures (B, C, size, size), normalised; what it needs is free afterwards."""
        images = self._gathered(index, places)
        if lines:
            images = resample(images, *lines)
        else:
            images = resize(centre(images, self.zoom), self.size)
        return images.mul_(self.scale).add_(self.shift)

    def _lines(self):
        """What each picture of this epoch is read along, drawn at once; or none."""
        if self.crop is None and not self.flip:
            return ()
        crops = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(self.n, 4)
        if self.crop is not None:
            crops = random_crops(self.n, self.crop, self.generator)
        flips = torch.rand(self.n, generator=self.generator) < 0.5 * self.flip
        return crop_lines(crops.to(self.device), flips.to(self.device), self.size)

    def _gathered(self, index, places):
        """Pictures number `index` (`places` on the device): (B, C, H, W) float32."""
        if self._pictures.is_cuda:
            picked = self._pictures[places]
        else:  # on a processor faster than [index]
            picked = self._pictures.index_select(0, index).to(self.device)
        return picked.permute(0, 3, 1, 2).float()

    def one_batch(self):
        """A first batch; the next epoch is the same as if nobody had looked."""
        state = self.state_dict()
        batch = next(iter(self))
        self.load_state_dict(state)
        return batch

    def state_dict(self):
        """Where shuffling and augmentation stand; save it between two epochs."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state):
        self.generator.set_state(state["generator"])

"""Four ways to feed a net with the same number of batches, for `bench`.

Each is a function that gives one pass. Where worker processes decode, they are given
exactly the pictures of one pass: none decodes a picture that nobody uses.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import torch
from PIL import Image

from .. import data
from ..data.batch_loader import IMAGENET
from ..data.decode import cores
from ..data.marker import is_stray
from ..errors import LessonError

MIN_SCALE = 0.5  # smallest area of a random crop, as a share of the picture


def sources(
    ours: data.BatchLoader,
    folder: Path | None,  # train/<class>/<picture>; None: only ours and the held batch
    steps: int,  # batches of a pass
) -> dict[str, Callable[[], Iterator]]:
    """By name, functions that give `steps` batches of (B, 3, size, size), (B,)."""
    held = [ours.one_batch()] * steps
    ways = {"ours": lambda: islice(ours, steps)}
    if folder is not None:
        shape = ours.size, ours.bs, ours.device
        files = chosen(folder / "train", steps * ours.bs)
        theirs = fastai_loader(files, *shape)
        plain = torchvision_loader(folder / "train", files, *shape)
        ways["fastai"] = lambda: iter(theirs)
        ways["torchvision"] = lambda: on_device(plain, ours.device)
    return ways | {"model_alone": lambda: iter(held)}


def picture_files(folder: Path) -> list[Path]:
    """All of <folder>/<class>/, but for what file managers leave there."""
    found = sorted(folder.glob("*/*"))
    return [path for path in found if path.is_file() and not is_stray(path.name)]


def chosen(folder: Path, count: int) -> list[Path]:
    """`count` picture files below `folder`, drawn once: the same ones every time."""
    files = picture_files(folder)
    if len(files) < count:
        raise LessonError(f"{folder} holds {len(files)} pictures, {count} are needed.")
    return random.Random(0).sample(files, count)


def fastai_loader(files: list[Path], size: int, batch_size: int, device):
    """fastai's `DataBlock` as in Fernando's article: resize, then augment batches."""
    from fastai.vision import all as fv

    block = fv.DataBlock(
        blocks=(fv.ImageBlock, fv.CategoryBlock),
        # It insists on a validation picture: the first one, a second time.
        get_items=lambda all_files: [all_files[0], *all_files],
        splitter=fv.IndexSplitter([0]),
        get_y=fv.parent_label,
        item_tfms=fv.Resize(size * 5 // 4),
        batch_tfms=[
            *fv.aug_transforms(min_scale=MIN_SCALE, size=size),
            fv.Normalize.from_stats(*IMAGENET),
        ],
    )
    options = {"bs": batch_size, "device": device, "num_workers": cores()}
    return block.dataloaders(files, **options).train


def torchvision_loader(
    folder: Path, files: list[Path], size: int, batch_size: int, device
):
    """torchvision's `ImageFolder` and PyTorch's `DataLoader`, with transforms v2 in
    the order that torchvision's own notes on speed advise."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.ToImage(),  # first: cropping bytes of a tensor is faster than PIL's
            v2.RandomResizedCrop(size, scale=(MIN_SCALE, 1), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(*IMAGENET),
        ]
    )
    pictures = ImageFolder(str(folder), transform)
    wanted = {str(path) for path in files}
    places = [n for n, (path, _) in enumerate(pictures.samples) if path in wanted]
    return torch.utils.data.DataLoader(
        torch.utils.data.Subset(pictures, places),
        batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=cores(),
        pin_memory=device.type == "cuda",
    )


def on_device(loader, device) -> Iterator:
    """The batches of `loader` on `device`, in channels-last memory order."""
    for images, labels in loader:
        yield (
            images.to(device, non_blocking=True, memory_format=torch.channels_last),
            labels.to(device, non_blocking=True),
        )


def jpeg_folder(stack: ExitStack, images: data.Images, count: int) -> Path:
    """A folder of picture files: the data set's, or `count` that are drawn here and
    deleted when `stack` closes."""
    if images.name != "pictures":
        return data.where("imagenette")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (pictures, labels), _ = data.pictures(160, train=count, valid=1)
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        path = folder / "train" / str(label) / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, quality=90)
    return folder

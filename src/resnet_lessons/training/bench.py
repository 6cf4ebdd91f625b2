"""How fast is our pipeline? Ratios, measured interleaved in one run.

Three ways to feed the same net with the same batches: our loader, fastai's own
`DataBlock` with the transforms of Fernando's article (repaired), and one batch held in
memory, which is the limit. Each round takes the same number of steps with each.
"""

import platform
import statistics
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from .. import data, nets
from ..errors import LessonError
from .device import describe, find
from .learner import ADAMW

BATCH = 128
NET = "fcn-baseline"


def run(quick: bool = False, device: str = "auto") -> dict:
    """Measure; returns the machine and, for each size, seconds a step and ratios.

    quick: 64 px only, three rounds of four steps; else 64 and 128 px, five of ten.
    """
    place = find(device)
    sizes, rounds, steps = ([64], 3, 4) if quick else ([64, 128], 5, 10)
    with ExitStack() as stack:
        folder, images_of, source = _pictures(stack)
        found = {
            size: _measure(folder, images_of(size), size, rounds, steps, place)
            for size in sizes
        }
    return {
        "device": describe(place),
        "python": platform.python_version(),
        "torch": version("torch"),
        "fastai": version("fastai"),
        "data": source,
        "net": NET,
        "batch_size": BATCH,
        "steps_per_round": steps,
        "sizes": found,
    }


def _pictures(stack: ExitStack) -> tuple[Path, Callable, str]:
    """A folder of JPEG files, the same pictures decoded, and what they are."""
    try:
        folder = data.where("imagenette")
        source = "imagenette"
    except LessonError:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _write_stand_in(folder)
        source = "pictures"
    return folder, lambda size: data.load(source, size * 5 // 4), source


def _write_stand_in(folder: Path) -> None:
    """The built-in pictures as JPEG files, in folders as Imagenette's."""
    from PIL import Image

    (pictures, labels), _ = data.pictures(160, train=2560, valid=10)
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        path = folder / "train" / str(label) / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, quality=90)


def _measure(folder, images, size, rounds, steps, place) -> dict:
    ours = data.loaders(images, size, BATCH, place, min_scale=0.5).train
    theirs = _fastai_loader(folder, size, steps, place)
    held = [ours.one_batch()] * steps
    ways = {"ours": ours, "fastai": theirs, "model_alone": held}
    step = _stepper(place)
    for batches in ways.values():
        _seconds(step, batches, 1)  # warm-up
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, batches in ways.items():
            seconds[name].append(_seconds(step, batches, steps) / steps)
    pairs = list(zip(*seconds.values(), strict=True))
    return {
        "seconds_per_step": {
            name: {"median": statistics.median(s), "all": s}
            for name, s in seconds.items()
        },
        "times_faster_than_fastai": statistics.median(b / a for a, b, _ in pairs),
        "share_of_model_alone": statistics.median(c / a for a, _, c in pairs),
    }


def _fastai_loader(folder: Path, size: int, steps: int, place) -> Iterable:
    """fastai's `DataBlock` as in the article: resize, then augment the batch."""
    from fastai.vision import all as fv

    files = fv.get_image_files(folder / "train").shuffle()[: (steps + 1) * BATCH]
    block = fv.DataBlock(
        blocks=(fv.ImageBlock, fv.CategoryBlock),
        get_items=lambda _: files,
        splitter=fv.IndexSplitter(range(BATCH)),
        get_y=fv.parent_label,
        item_tfms=fv.Resize(size * 5 // 4),
        batch_tfms=[
            *fv.aug_transforms(min_scale=0.5, size=size),
            fv.Normalize.from_stats(*fv.imagenet_stats),
        ],
    )
    return block.dataloaders(folder, bs=BATCH, device=place).train


def _stepper(place: torch.device) -> Callable:
    """One training step of the net, as a function of a batch."""
    torch.manual_seed(0)
    net = nets.build(NET).to(place, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, **ADAMW)

    def step(batch):
        # fastai's batches are subclasses of Tensor: they would slow the net itself
        pictures, labels = (tensor.as_subclass(torch.Tensor) for tensor in batch)
        nn.functional.cross_entropy(net(pictures), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _seconds(step: Callable, batches: Iterable, steps: int) -> float:
    """Seconds for `steps` steps, start-up of the loader and its workers included."""
    start = perf_counter()
    for count, batch in enumerate(batches, 1):
        step(batch)
        if count == steps:
            break
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - start


def report(found: dict) -> str:
    """`found` in words."""
    lines = [
        f"{found['device']}, torch {found['torch']}, {found['net']} "
        f"on {found['data']}, batches of {found['batch_size']}"
    ]
    for size, result in found["sizes"].items():
        seconds = ", ".join(
            f"{name} {1000 * s['median']:.0f} ms"
            for name, s in result["seconds_per_step"].items()
        )
        lines += [
            f"{size} px, a step: {seconds}",
            f"  {result['times_faster_than_fastai']:.1f} times as fast as fastai's "
            f"DataBlock, {result['share_of_model_alone']:.2f} of the model alone",
        ]
    return "\n".join(lines)

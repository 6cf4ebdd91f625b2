"""How fast is our pipeline? Ratios, measured interleaved in one run.

The same net takes the same number of batches from our loader, from fastai's own
`DataBlock` with the transforms of Fernando's article (repaired), from torchvision's
`ImageFolder`, and from memory, which is the limit (`bench_sources`). Ratios are
formed within a round: what slows a round slows all that is compared.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from .. import data, nets
from ..data.decode import cores
from ..errors import LessonError
from ..records import benches
from .bench_sources import MIN_SCALE, jpeg_folder, sources
from .bench_startup import (
    first_batch,
    help_seconds,
    import_seconds,
    memory,
    summary,
    wait,
)
from .device import describe_device, find_device, processor
from .loop import ADAMW
from .provenance import commit, provenance, versions
from .steps import half_precision, keep_memory, replayed

BATCH = 128
ROUNDS = 5  # of a whole epoch: each has its start, be it of workers or of a shuffle
QUICK_ROUNDS, QUICK_STEPS = 3, 4  # on the CPU; on a GPU whole epochs, too
PROCESSES, QUICK_PROCESSES = 5, 3  # fresh ones, each timed
STORED = 80  # pixels: the first batch is timed with pictures stored at this size


@dataclass(frozen=True)
class Pair:
    """A net and a size, with the least that we want of its ratios."""

    net: str
    size: int  # pixels
    targets: dict[str, float]
    rivals: bool = True  # also fastai's and torchvision's loader? Dear on a GPU


FASTAI, ALONE = "times_faster_than_fastai", "share_of_model_alone"
PAIRS = {
    "cpu": [
        Pair("fcn-baseline", 64, {FASTAI: 5.0, ALONE: 0.9}),
        Pair("fcn-baseline", 128, {FASTAI: 2.5, ALONE: 0.9}),
    ],
    "cuda": [
        Pair("fcn-baseline", 128, {FASTAI: 5.0}),
        Pair("resnet-18-fastai", 128, {ALONE: 0.9}, rivals=False),
        Pair("resnet-50-fastai", 128, {ALONE: 0.9}, rivals=False),
    ],
}
QUICK = {
    "cpu": PAIRS["cpu"][:1],
    "cuda": [Pair("fcn-baseline", 64, {FASTAI: 5.0})],
}
START_TARGETS = {"import_seconds": 0.1, "help_seconds": 0.5}  # at most


def run(quick: bool = False, device: str = "auto") -> dict:
    """Measure; the result is what `records/bench_schema.json` describes.

    quick: 64 px only, fewer rounds, on the CPU of a few steps; no cold start.
    """
    keep_memory()
    ran, device = commit(), find_device(device)
    kind = "cuda" if device.type == "cuda" else "cpu"
    pairs = (QUICK if quick else PAIRS)[kind]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    times = QUICK_PROCESSES if quick else PROCESSES
    start_up = {
        "import_seconds": import_seconds(times),
        "help_seconds": help_seconds(times),
        "first_epoch": first_batch("imagenette", STORED, BATCH, device, cold=not quick),
        "targets": START_TARGETS,
    }
    images = data.load("imagenette", pairs[0].size * 5 // 4)
    steps = len(images.train) // BATCH
    if quick and kind == "cpu":
        steps = min(QUICK_STEPS, steps)
    with ExitStack() as stack:
        folder = jpeg_folder(stack, images, steps * BATCH)
        measured = [_measure(pair, folder, steps, rounds, device) for pair in pairs]
    return {
        "device": describe_device(device),
        "processor": processor(),
        "cpu_count": cores(),
        "threads": torch.get_num_threads(),
        "versions": versions("torch", "torchvision", "fastai"),
        "commit": ran,
        "recorded": date.today().isoformat(),
        "command": "resnet-lessons bench" + " --quick" * quick,
        "quick": quick,
        "data": provenance(images),
        "pairs": measured,
        "start_up": start_up,
        "memory": memory(device),
    }


def _measure(pair: Pair, folder: Path, steps: int, rounds: int, device) -> dict:
    """What the result says of one net at one size."""
    images = data.load("imagenette", pair.size * 5 // 4)
    ours = data.loaders(images, pair.size, BATCH, device, crop=MIN_SCALE).train
    ways = sources(ours, folder if pair.rivals else None, steps)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with _stepper(pair.net, ours.one_batch(), device) as step:
        for batches in ways.values():
            _seconds(step, islice(batches(), 1), 1, device)  # warm-up
        for name in interleaved(list(ways), rounds):
            seconds[name].append(_seconds(step, ways[name](), steps, device) / steps)
    return {
        "net": pair.net,
        "size": pair.size,
        "batch_size": BATCH,
        "steps_per_round": steps,
        "rounds": rounds,
        "stored_size": images.size,
        "stored_bytes": images.train.images.nbytes + images.valid.images.nbytes,
        "seconds_per_step": {name: summary(s) for name, s in seconds.items()},
        "ratios": ratios(seconds),
        "targets": pair.targets,
    }


def interleaved(names: list[str], rounds: int) -> Iterator[str]:
    """`names` once a round, in an order that moves on by one from round to round."""
    for number in range(rounds):
        first = number % len(names)
        yield from names[first:] + names[:first]


def ratios(seconds: dict[str, list[float]]) -> dict:
    """A source's seconds over ours, round by round: the median, lowest and highest."""
    found = {}
    for source, name in benches.AGAINST.items():
        if source in seconds:
            pairs = zip(seconds[source], seconds["ours"], strict=True)
            values = [a / b for a, b in pairs]
            found[name] = {
                "median": summary(values)["median"],
                "low": min(values),
                "high": max(values),
            }
    return found


@contextmanager
def _stepper(net_name: str, batch: tuple, device: torch.device) -> Iterator[Callable]:
    """One training step of the net, as a function of a batch shaped like `batch`.

    As training takes it on `device`: see `steps`; but without the scaler of float16.
    """
    torch.manual_seed(0)
    net = nets.build(net_name).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True, **ADAMW)
    half = half_precision(device)

    def step(batch):
        # fastai's batches are subclasses of Tensor: they would slow the net itself
        pictures, labels = (tensor.as_subclass(torch.Tensor) for tensor in batch)
        with torch.autocast(device.type, half, enabled=half is not None):
            loss = nn.functional.cross_entropy(net(pictures), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    with replayed(net, batch[0]):
        yield step


def _seconds(step: Callable, batches: Iterable, steps: int, device) -> float:
    """Seconds for `steps` steps, start and end of worker processes included.

    LessonError where `batches` are not just as many.
    """
    count = 0
    wait(device)
    start = perf_counter()
    for count, batch in enumerate(batches, 1):  # noqa: B007 (read after the loop)
        step(batch)
    wait(device)
    spent = perf_counter() - start
    if count != steps:
        raise LessonError(f"A source gave {count} batches, not {steps}.")
    return spent


def report(found: dict) -> str:
    """`found` in words."""
    versions, start, memory = found["versions"], found["start_up"], found["memory"]
    lines = [
        f"{found['device']}, torch {versions['torch']}, "
        f"on {found['data']['variant']}, batches of {BATCH}"
    ]
    for pair in found["pairs"]:
        seconds = ", ".join(
            f"{benches.SOURCES[name]} {1000 * s['median']:.1f} ms"
            for name, s in pair["seconds_per_step"].items()
        )
        lines.append(f"{pair['net']} at {pair['size']} px, a step: {seconds}")
        for name, ratio in pair["ratios"].items():
            line = f"  {benches.ratio_words(ratio)} {benches.RATIOS[name]}"
            if name in pair["targets"]:
                target = pair["targets"][name]
                said = benches.verdict(ratio["median"], target)
                line += f": target {target} {said}"
            lines.append(line)
    for name, what in benches.START_UP.items():
        seconds, target = start[name]["median"], start["targets"][name]
        said = benches.verdict(seconds, target, at_most=True)
        lines.append(f"{what}: {seconds:.3f} s: target {target} {said}")
    first = start["first_epoch"]
    for state in ("cold", "warm"):
        if first[f"{state}_seconds"] is not None:
            seconds = first[f"{state}_seconds"]
            lines.append(f"first batch from the {state} cache: {seconds:.2f} s")
    if memory["peak_resident_mb"] is not None:
        lines.append(f"peak of resident memory: {memory['peak_resident_mb']:.0f} MiB")
    return "\n".join(lines)

"""A whole pipeline in plain PyTorch: split, train, choose, test once (chapter 11).

The recipe of He et al. (2015), section 4.2: SGD with momentum, the rate divided by
ten after 32,000 and 48,000 of 64,000 steps (here after the same shares of fewer),
crops from padded pictures and flips. Nothing of fastai takes part in the loop.
"""

import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from fastai.torch_core import set_seed
from torch import Tensor, nn

from .. import data, nets
from ..errors import LessonError
from . import checkpoint
from .dataset import Loader, Pictures, split
from .device import describe_device
from .learner import SLOWER, epoch_row
from .memory import memory_advice
from .provenance import provenance
from .run import Run, epoch_line, identity, make_seed, set_up, subset

SGD = {"momentum": 0.9, "weight_decay": 1e-4}
HELD_BACK = 0.1  # of the training pictures, for validation: 5,000 of 50,000
FOREIGN = ("opt", "crop", "smoothing", "zoom", "half", "sizes")  # of a Learner's runs
AUGMENTED_TESTS = 3  # draws of augmented test pictures, for comparison only


def step_rate(share: float, peak: float) -> float:
    """Learning rate after `share` of all steps: a tenth from 1/2, again from 3/4."""
    return peak / 10 ** ((share >= 1 / 2) + (share >= 3 / 4))


@dataclass
class EarlyStopping:
    """Stops after exactly `patience` values in a row that beat no earlier one."""

    patience: int
    best: float = -math.inf
    best_epoch: int = 0  # the first to reach `best`; counted from 1
    epoch: int = 0  # values seen

    def see(self, value: float) -> bool:
        """Take the next value; True if it is the best so far."""
        self.epoch += 1
        if better := value > self.best:
            self.best, self.best_epoch = value, self.epoch
        return better

    @property
    def over(self) -> bool:
        return self.epoch - self.best_epoch >= self.patience


def train_epoch(net: nn.Module, loader, optimizer, rate: Callable) -> float:
    """One pass over `loader`; returns the mean loss, each picture counting once.

    rate: from the share of this epoch that is done to the learning rate.
    """
    net.train()
    total, count = 0.0, 0
    for step, (images, labels) in enumerate(loader):
        optimizer.param_groups[0]["lr"] = rate(step / len(loader))
        loss = F.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + loss.detach() * len(labels)  # stays on the device
        count += len(labels)
    return float(total) / count


@torch.no_grad()
def evaluate(net: nn.Module, loader) -> tuple[float, Tensor, Tensor]:
    """Mean loss, predicted classes (N,) and labels (N,) of all pictures in `loader`."""
    net.eval()
    pairs = [(net(images), labels) for images, labels in loader]
    logits, labels = (torch.cat(part) for part in zip(*pairs, strict=True))
    loss = F.cross_entropy(logits, labels).item()
    return loss, logits.argmax(1).cpu(), labels.cpu()


def confusion_matrix(labels: Tensor, predicted: Tensor, classes: int) -> list[list]:
    """How often a picture of class i (row) was taken for class j (column)."""
    counts = torch.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes).tolist()


@dataclass
class Progress:
    """What a checkpoint keeps and gives back; its names are those of a Learner."""

    model: nn.Module
    opt: torch.optim.Optimizer
    dls: SimpleNamespace
    epochs: list[dict] = field(default_factory=list)
    trained: bool = False  # an epoch in this process, not restored

    def save(self, folder: Path, config: dict) -> None:
        checkpoint.save(folder, self, self, config)

    def restore(self, folder: Path, config: dict) -> int:
        return checkpoint.restore(folder, self, self, config)


def train(exp, profile, seed, device, resume, stand_in, say) -> Run:
    """As `run.train`: train on 9/10, choose by 1/10, then test the chosen net once.

    The seed draws the split, the weights, the order and the crops. `measured` holds
    what the test found: see `examined`.
    """
    p = exp.profile(profile)
    device, images = set_up(exp, p, device, stand_in, say)
    images, test = train_valid_test(subset(images, p.pictures), seed)
    set_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    stats = data.statistics(images.train.images)
    moves = {"pad": p.size // 8, "flip": data.find(images.name).flips}  # 4 of 32 px

    def loader(part, shuffle=False, **options) -> Loader:
        pictures = Pictures(part.images, part.labels, stats, device=device, **options)
        return Loader(pictures, p.batch_size, shuffle)

    batches = loader(images.train, True, generator=generator, **moves)
    held = loader(images.valid)
    net = nets.build(exp.net, len(images.classes), len(stats[0]), **p.options)
    net = net.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), p.lr, **SGD)
    progress = Progress(net, optimizer, SimpleNamespace(train=batches))
    patience = max(3, p.epochs // 3)
    config = {
        "net": exp.net,
        **{k: v for k, v in asdict(p).items() if k not in FOREIGN},
        "optimizer": f"SGD {SGD}",
        "augmentation": f"crop after {moves['pad']} px of padding"
        + (", flip" if moves["flip"] else ""),
        "patience": patience,
    }
    own = identity(config, seed, images, device)
    folder = checkpoint.folder_of(exp.name, profile, seed)
    watch = EarlyStopping(patience)
    with checkpoint.locked(folder):
        if resume:
            done = progress.restore(folder, own)
            forget_after(folder / "best", done)
            if done and not any((folder / "best").glob("epoch-*")):
                raise LessonError(
                    f"The best net up to epoch {done} is gone from {folder / 'best'}. "
                    "Start afresh without --resume."
                )
            for epoch in progress.epochs:
                watch.see(epoch["accuracy"])
            say(f"Resuming after epoch {done}." if done else "Nothing to resume.")
        train_on(progress, held, p, watch, folder, own, say)
    stopped = f"no better for {patience} epochs" if watch.over else "all epochs done"
    result = make_seed(seed, progress, net, images, p.size, device, len(images.train))
    augmented = loader(test, generator=generator, **moves)
    found = {
        "split": {
            "train": len(images.train),
            "valid": len(images.valid),
            "test": len(test),
        },
        "best_epoch": watch.best_epoch,
        "stopped": stopped,
        **examined(net, loader(test), len(images.classes)),
        "test_accuracy_augmented": [
            accuracy(net, augmented) for _ in range(AUGMENTED_TESTS)
        ],
    }
    best, share = watch.best_epoch, found["test_accuracy"]
    say(f"epoch {best} is the best; test accuracy {share:6.1%}")
    result = replace(result, measured=found)
    return Run(result, config, provenance(images), describe_device(device), net)


def train_on(progress, held, p, watch, folder, own, say) -> None:
    """Train until `watch` or the profile ends it; `progress` ends with the best net.

    LessonError where the best net cannot be kept or read. Where another cannot be
    kept, it says so, and the training goes on.
    """
    example = held.dataset[0][0].expand(p.batch_size, -1, -1, -1)
    while watch.epoch < p.epochs and not watch.over:
        with memory_advice(progress.model, example):
            epoch = one_epoch(progress, held, p, watch.epoch)
        if not progress.epochs:  # as in `checkpoint.Checkpoints`
            checkpoint.clear(folder)
        progress.epochs.append(epoch)
        progress.trained = True
        say(epoch_line(epoch, p.epochs))
        if watch.see(epoch["accuracy"]):
            progress.save(folder / "best", own)
        try:
            progress.save(folder, own)
        except LessonError as error:
            say(str(error))
    epochs = progress.epochs
    if progress.restore(folder / "best", own) != watch.best_epoch:
        raise LessonError(
            f"The net of the best epoch in {folder / 'best'} is damaged. Start "
            "afresh without --resume."
        )
    progress.epochs = epochs


def train_valid_test(images, seed: int):
    """`images` with its training pictures split by `seed`, and the test pictures."""
    train, valid = split(images.train.labels, HELD_BACK, seed)
    cut = {"train": images.train.pick(train), "valid": images.train.pick(valid)}
    return replace(images, **cut), images.valid


def one_epoch(progress: Progress, held: Loader, p, done: int) -> dict:
    """Train for the epoch after `done` and validate: what a Record keeps of it."""

    def rate(share: float) -> float:
        return step_rate((done + share) / p.epochs, p.lr)

    began = perf_counter()
    train_loss = train_epoch(progress.model, progress.dls.train, progress.opt, rate)
    middle = perf_counter()
    valid_loss, predicted, labels = evaluate(progress.model, held)
    if not math.isfinite(train_loss + valid_loss):
        raise LessonError(
            f"The loss is no longer a number in epoch {done + 1}. {SLOWER}"
        )
    training = train_loss, middle - began
    validation = valid_loss, perf_counter() - middle
    share = share_correct(predicted, labels)
    return epoch_row(done + 1, *training, *validation, share)


def share_correct(predicted: Tensor, labels: Tensor) -> float:
    return round((predicted == labels).double().mean().item(), 6)


def accuracy(net: nn.Module, loader) -> float:
    """Share of the pictures in `loader` that `net` names right, in eval mode."""
    return share_correct(*evaluate(net, loader)[1:])


def examined(net: nn.Module, loader: Loader, classes: int) -> dict:
    """The one look at the test pictures: accuracy, confusion matrix, each answer.

    Labels and answers are strings of one digit a picture, in the order of the set.
    """
    _, predicted, labels = evaluate(net, loader)
    return {
        "test_accuracy": share_correct(predicted, labels),
        "confusion": confusion_matrix(labels, predicted, classes),
        "labels": "".join(map(str, labels.tolist())),
        "predicted": "".join(map(str, predicted.tolist())),
    }


def forget_after(folder: Path, done: int) -> None:
    """Remove checkpoints of epochs after `done`: they will be trained again."""
    for path in folder.glob("epoch-*"):
        if int(path.name.removeprefix("epoch-")) > done:
            shutil.rmtree(path)

"""One experiment, one profile, one seed: from data to a trained net."""

import statistics
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from importlib import import_module

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.learner import Recorder
from fastai.torch_core import set_seed
from tqdm.auto import tqdm

from .. import data, nets, probes
from ..errors import LessonError
from ..records import Seed
from . import checkpoint
from .device import describe_device, find_device
from .learner import SCHEDULES, SLOWER, History, make_learner, settings
from .memory import free, memory_advice, memory_told, peak
from .profiles import Experiment
from .provenance import commit, provenance
from .steps import half_precision, keep_memory, replayed


@dataclass
class Run:
    """A finished training: what was measured, and the trained net."""

    result: Seed
    config: dict
    data: dict  # as in the Record
    device: str
    net: torch.nn.Module


class Bar(Callback):
    """One moving bar an epoch, then one line that stays."""

    order = History.order + 2

    def __init__(self, history: History, say: Callable[[str], None]):
        self.history, self.say = history, say

    def before_train(self):
        label = f"epoch {self.epoch + 1}/{self.n_epoch}"
        total = len(self.dls.train)
        self.meter = tqdm(total=total, desc=label, unit="batch", leave=False)

    def after_batch(self):
        if self.training:
            self.meter.update()

    def after_validate(self):
        self.say(epoch_line(self.history.epochs[-1], self.n_epoch))

    def after_fit(self):
        self.meter.close()

    after_train = after_fit


def epoch_line(epoch: dict, epochs: int) -> str:
    """An epoch of a Seed in words."""
    return (
        f"epoch {epoch['epoch']}/{epochs}  train loss {epoch['train_loss']:.3f}  "
        f"valid loss {epoch['valid_loss']:.3f}  accuracy {epoch['accuracy']:6.1%}  "
        f"{epoch['train_seconds'] + epoch['valid_seconds']:.1f} s"
    )


class ProgressiveResizing(Callback):
    """Crops of a size of its own in each epoch (chapter 9)."""

    def __init__(self, sizes: list[int]):
        self.sizes = sizes  # pixels on a side; validation pictures keep theirs

    def before_epoch(self):
        self.dls.train.size = self.sizes[self.epoch]


@memory_told()
def train(
    exp: Experiment,
    profile: str = "laptop",
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    stand_in: bool = False,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
) -> Run:
    """Train `exp` under `profile`; `say` gets the device and a line an epoch.

    An experiment that is more than one training names the module that does it.

    A killed run goes on from its last checkpoint with `resume=True`, with the same code
    and on the same device; on the CPU it ends with the same numbers. A missing data
    set is downloaded; where that fails, the built-in stand-in takes its place if
    `stand_in` allows it, else LessonError; so it is where memory ends, or where the
    loss is no longer a number.
    """
    if exp.method != "run":
        method = import_module(f".{exp.method}", __package__)
        return method.train(exp, profile, seed, device, resume, stand_in, say)
    p = exp.profile(profile)
    device, images = set_up(exp, p, device, stand_in, say)
    images = subset(images, p.pictures)
    return fit(exp, profile, seed, device, images, resume, say)[0]


def fit(exp, profile, seed, device, images, resume, say, **more):
    """A net trained on `images`: the Run, and the loaders.

    Its config holds all that decides the outcome, and `more`.
    """
    p = exp.profile(profile)
    set_seed(seed)
    dls = data.loaders(
        images,
        p.size,
        p.batch_size,
        device,
        seed=seed,
        crop=p.crop,
        zoom=p.zoom,
    )
    channels = images.train.images.shape[-1]
    net = nets.build(exp.net, len(images.classes), channels, **p.options)
    net = net.to(device, memory_format=torch.channels_last)
    history = History()
    config = {
        "net": exp.net,
        **asdict(p),
        "optimizer": settings(p.opt),
        "augmentation": f"random resized crop of at least {p.crop} of the area"
        + (", flip" if dls.train.flip else ""),
        **more,
    }
    own = identity(config, seed, images, device)
    with checkpoint.locked(checkpoint.folder_of(exp.name, profile, seed)) as f:
        watchers = [history, checkpoint.Checkpoints(f, history, own, say)]
        watchers += [Bar(history, say)]
        if p.sizes:
            watchers += [ProgressiveResizing(p.sizes)]
        loss = torch.nn.CrossEntropyLoss(label_smoothing=p.smoothing)
        learn = make_learner(dls, net, p.lr, watchers, p.opt, p.half, loss_func=loss)
        learn.create_opt()
        done = 0
        if resume:
            done = checkpoint.restore(f, learn, history, own)
            say(f"Resuming after epoch {done}." if done else "Nothing to resume.")
        if done < p.epochs:
            run_schedule(learn, p, done)
    count = len(dls.train) * p.batch_size
    result = make_seed(seed, history, net, images, p.size, device, count)
    return Run(result, config, provenance(images), describe_device(device), net), dls


def identity(config: dict, seed: int, images, device: torch.device) -> dict:
    """What a run must agree in with its checkpoint: a Record names each but once."""
    return config | {
        "seed": seed,
        "content_hash": images.content_hash,
        "commit": commit(),
        "device": describe_device(device),
    }


def set_up(exp, p, device, stand_in, say) -> tuple[torch.device, data.Images]:
    """The device and pictures of a run, said in one line; earlier runs are freed."""
    commit()  # of what runs: asked before the training, see there
    keep_memory()
    device = find_device(device)
    free(device)
    images = data.load(p.data, p.decoded_size, stand_in=stand_in, download=True)
    say(f"{exp.title}: {images.variant}, {p.size} px, on {describe_device(device)}")
    return device, images


def subset(images, count: int | None):
    """`images` with `count` of its training pictures, the same ones every time."""
    if count is None or count >= len(images.train):
        return images
    order = np.random.RandomState(0).permutation(len(images.train))
    return replace(images, train=images.train.pick(np.sort(order[:count])))


def run_schedule(learn, p, done: int = 0) -> None:
    """Train on from epoch `done`; out of memory becomes advice.

    LessonError also where the loss, which a History watches, is no longer a number.
    """
    learn.remove_cbs([Recorder, ProgressCallback])  # a Recorder waits for each loss
    images, _ = learn.dls.train.one_batch()
    # A graph is for one shape of batch: not for pictures that grow.
    graph = nullcontext() if p.sizes else replayed(learn.model, images)

    def forget():
        learn.pred = learn.loss = learn.loss_grad = None

    half = half_precision(images.device, p.half)
    advice = memory_advice(learn.model, images, forget, half)
    try:
        with advice, learn.no_bar(), learn.no_logging(), graph:
            SCHEDULES[p.schedule](learn, p.epochs, p.lr, start_epoch=done)
    finally:  # fastai leaves it on where a step breaks off, with weights of that step
        autocast = getattr(getattr(learn, "mixed_precision", None), "autocast", None)
        if autocast and torch.is_autocast_enabled(autocast.device):
            autocast.__exit__(None, None, None)
    if learn.history.problem:
        raise LessonError(f"{learn.history.problem} {SLOWER}")


def make_seed(seed, history, net, images, size, device, count: int) -> Seed:
    """What a Record keeps of one training, with `count` pictures in an epoch."""
    channels = images.train.images.shape[-1]
    return Seed(
        seed=seed,
        epochs=history.epochs,
        parameters=probes.parameters(net),
        macs=probes.macs(net, (channels, size, size)),
        # A finished run that is restored has trained nothing here.
        peak_memory_mb=peak(device) if history.trained else None,
        images_per_second=round(
            count / statistics.median(e["train_seconds"] for e in history.epochs), 1
        ),
    )

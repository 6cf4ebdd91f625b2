"""fastai's `Learner` behind one function, and what we watch while it trains."""

import math
import tempfile
from functools import partial
from time import perf_counter

import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.fp16 import AMPMode, MixedPrecision
from fastai.callback.schedule import (  # adds fit_one_cycle and lr_find
    ParamScheduler,
    combined_cos,
)
from fastai.learner import Learner, Recorder
from fastai.metrics import accuracy
from fastai.optimizer import OptimWrapper
from torch import nn

from .loop import ADAMW
from .muon import MOMENTUM, RATIO, Muon
from .steps import half_precision

SLOWER = "Try a third of the learning rate (`lr` in training/profiles.py)."
OPTIMIZERS = {"AdamW": torch.optim.AdamW, "Muon": Muon}


def fit_flat(learn: Learner, epochs: int, lr: float, start_epoch: int = 0) -> None:
    """Train with the rate at `lr` to the middle, then down along a cosine.

    fastai's `fit_flat_cos`, which forgets its `start_epoch`.
    """
    rate = combined_cos(0.5, lr, lr, lr / 1e5)
    learn.fit(epochs, cbs=ParamScheduler({"lr": rate}), start_epoch=start_epoch)


# What trains, and takes a Learner, the epochs, the highest rate and a start_epoch.
SCHEDULES = {"one cycle": Learner.fit_one_cycle, "flat, then a cosine": fit_flat}


def settings(optimizer: str) -> str:
    """Name and numbers of an optimiser of OPTIMIZERS, as a Record tells them."""
    own = {"ratio": RATIO, "momentum": MOMENTUM} if optimizer == "Muon" else {}
    return f"{optimizer} {ADAMW | own}"


def epoch_row(
    number: int,  # 1 for the first
    train_loss: float,
    train_seconds: float,
    valid_loss: float,
    valid_seconds: float,
    accuracy: float,
) -> dict:
    """What a Seed keeps of an epoch."""
    return {
        "epoch": number,
        "train_loss": round(train_loss, 6),
        "valid_loss": round(valid_loss, 6),
        "accuracy": round(accuracy, 6),
        "train_seconds": round(train_seconds, 3),
        "valid_seconds": round(valid_seconds, 3),
    }


class History(Callback):
    """Losses, accuracy and seconds of each epoch, exact over all its pictures.

    fastai's own recorder smooths the training loss. Sums stay on the device, so
    that no step waits for the host (but for the scaler of float16); they are read
    once an epoch. A loss that is no number, in training or in validation, ends the fit
    there; `problem` says which step made it.
    """

    order = Recorder.order + 1

    def __init__(self):
        self.epochs: list[dict] = []
        self.trained = False  # an epoch in this process, not restored
        self.problem: str | None = None  # why the fit was stopped

    def _start(self):
        # loss, correct answers, steps until a loss was no number
        self.sums, self.count = torch.zeros(3, device=self.dls.device), 0
        self.began = perf_counter()

    before_train = before_validate = _start

    def after_batch(self):
        with torch.no_grad():
            loss = self.loss * len(self.yb[0])
            correct = (self.pred.argmax(1) == self.yb[0]).sum()
            good = (self.sums[0] + loss).isfinite()
            self.sums += torch.stack([loss.float(), correct.float(), good.float()])
        self.count += len(self.yb[0])

    def _finish(self):
        loss, correct, self.good = self.sums.tolist()
        return loss / self.count, correct / self.count, perf_counter() - self.began

    def after_train(self):
        self.train_loss, _, self.train_seconds = self._finish()
        if not math.isfinite(self.train_loss):
            self._stop(self.epoch * len(self.dls.train) + int(self.good) + 1)

    def _stop(self, step):
        self.problem = f"The loss is no longer a number at step {step}."
        raise CancelFitException  # fastai rewrites the text of other exceptions

    def after_validate(self):
        valid_loss, share, seconds = self._finish()
        if not math.isfinite(valid_loss):  # the last step has spoiled the weights
            self._stop((self.epoch + 1) * len(self.dls.train))
        self.trained = True
        number, training = self.epoch + 1, (self.train_loss, self.train_seconds)
        self.epochs.append(epoch_row(number, *training, valid_loss, seconds, share))


class MixedOnProcessor(Callback):
    """bfloat16 on a processor; fastai's own `MixedPrecision` knows CUDA only."""

    name, order = "mixed_precision", MixedPrecision.order

    def before_fit(self):
        self.autocast = torch.autocast("cpu", torch.bfloat16)

    def before_batch(self):
        self.autocast.__enter__()

    def after_pred(self):
        self.learn.pred = self.pred.float()

    def after_loss(self):
        self.autocast.__exit__(None, None, None)


def make_learner(
    dls,
    net: nn.Module,
    lr: float = 3e-3,
    cbs=None,
    optimizer: str = "AdamW",  # a key of OPTIMIZERS
    half: bool = False,  # bfloat16 also on a processor: see `half_precision`
    **options,
) -> Learner:
    """fastai's Learner for `net` on `dls`: cross-entropy, AdamW, accuracy.

    dls: fastai `DataLoaders`; batches are (B, C, H, W) pictures, (B,) labels. Of
    loaders that name no device, as PyTorch's own, the net trains on the CPU. On CUDA
    in half precision where that is faster. options: of the Learner, in place of ours.
    """
    device = getattr(dls, "device", None)
    if device is None:  # PyTorch's own loaders: fastai would move the net to a GPU
        device = dls._device = torch.device("cpu")
    device = torch.device(device)
    fused = partial(OPTIMIZERS[optimizer], fused=True)
    ours = {
        "loss_func": nn.CrossEntropyLoss(),
        "opt_func": partial(OptimWrapper, opt=fused, **ADAMW),
        "metrics": accuracy,
        "path": tempfile.gettempdir(),  # lr_find keeps the weights there meanwhile
        "model_dir": ".",  # not one that the first user of a machine owns
    }
    learn = Learner(dls, net, lr=lr, cbs=cbs, **ours | options)
    dtype = half_precision(device, half)
    if dtype and device.type == "cpu":
        learn.add_cb(MixedOnProcessor())
    elif dtype:
        bf16 = dtype == torch.bfloat16
        learn.add_cb(MixedPrecision(AMPMode.BF16 if bf16 else AMPMode.FP16))
    return learn

"""The same training from fastai's own batches: is a faster loader a worse one?

The net, the recipe and the validation pictures are those of `run.train`; training
batches come from `bench_sources.fastai_loader`, as in Fernando's article: decoded from
files in every epoch, with warps, turns and changes of light beside crops and flips.
"""

from contextlib import ExitStack
from dataclasses import asdict

import torch
from fastai.data.core import DataLoaders
from fastai.torch_core import set_seed

from .. import data, nets
from ..errors import UsageError
from .bench_sources import MIN_SCALE, fastai_loader, jpeg_folder, picture_files
from .device import describe_device
from .learner import History, make_learner, settings
from .provenance import provenance
from .run import Bar, Run, make_seed, run_schedule, set_up, subset


def train(exp, profile, seed, device, resume, stand_in, say) -> Run:
    """As `run.train`, which calls this; UsageError for another device than the CPU.

    fastai's loader cannot say where its random numbers stand: `resume` starts anew.
    """
    if device not in ("auto", "cpu"):
        raise UsageError(f"'{exp.name}' compares loaders on the CPU: use --device cpu.")
    if resume:
        say("fastai's batches cannot be resumed: this starts anew.")
    p = exp.profile(profile)
    device, images = set_up(exp, p, "cpu", stand_in, say)
    images = subset(images, p.pictures)
    set_seed(seed)
    ours = data.loaders(images, p.size, p.batch_size, device)
    with ExitStack() as stack:
        folder = jpeg_folder(stack, images, len(images.train)) / "train"
        theirs = fastai_loader(picture_files(folder), p.size, p.batch_size, device)
        net = nets.build(exp.net, len(images.classes), **p.options)
        net = net.to(device, memory_format=torch.channels_last)
        history = History()
        watchers = [history, Bar(history, say)]
        dls = DataLoaders(theirs, ours.valid, device=device)
        run_schedule(make_learner(dls, net, p.lr, watchers, p.opt), p)
    config = {
        "net": exp.net,
        **asdict(p),
        "optimizer": settings(p.opt),
        "augmentation": f"fastai's aug_transforms(min_scale={MIN_SCALE})",
    }
    count = len(theirs) * p.batch_size
    result = make_seed(seed, history, net, images, p.size, device, count)
    return Run(result, config, provenance(images), describe_device(device), net)

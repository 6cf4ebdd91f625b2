"""The bare loop on several processes, through PyTorch's own DDP (appendix C).

    torchrun --nproc-per-node 2 -m resnet_lessons.training.distributed --norm batch

and without torchrun the same on one process. Each process starts from the same weights
and takes its share of each batch; DDP averages the gradients. Two processes take the
steps of one, to rounding, if no layer mixes the pictures of a batch.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from .. import data, nets
from ..errors import LessonError, UsageError
from .run import seed_everything


class SyncNorm(nn.BatchNorm2d):
    """BatchNorm over the pictures of all processes (appendix C).

    What `nn.SyncBatchNorm` does, which runs on CUDA only: average the two moments over
    the processes. All shares must be of the same size. (B, C, H, W) -> (B, C, H, W).
    """

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W), the share of this process
        if not self.training:
            return super().forward(x)
        moments = torch.stack([x.mean((0, 2, 3)), x.square().mean((0, 2, 3))])  # (2, C)
        mean, square = all_reduce(moments) / dist.get_world_size()
        variance = square - mean.square()  # (C,)
        scale = self.weight / (variance + self.eps).sqrt()
        shift = self.bias - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]


NORMS = {"none": None, "batch": nn.BatchNorm2d, "sync": SyncNorm}


def place(device: str) -> tuple[int, int, torch.device]:
    """(rank, number of processes, device); joins the group that torchrun made."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if world == 1 and not dist.is_initialized():  # a group of one needs a file only
        file = Path(tempfile.mkdtemp()) / "group"
        dist.init_process_group("gloo", f"file://{file}", rank=0, world_size=1)
    elif world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    if not cuda:
        return dist.get_rank(), world, torch.device("cpu")
    local = int(os.environ.get("LOCAL_RANK", 0))
    if local >= torch.cuda.device_count():
        raise LessonError(
            f"Process {local} has no GPU: there are {torch.cuda.device_count()}. "
            "Start as many processes as there are, or use --device cpu."
        )
    torch.cuda.set_device(local)
    return dist.get_rank(), world, torch.device("cuda", local)


def train(
    net: str = "resnet-8-cifar",  # name for `nets.build`
    norm: str = "none",  # a key of NORMS
    steps: int = 20,
    batch_size: int = 64,  # of all processes together
    device: str = "auto",
    out: Path | None = None,  # where process 0 writes the weights (safetensors)
) -> dict:
    """Train on the built-in digits for `steps`; what one process saw of it.

    Returns processes, pictures per second of all, bytes of the gradients, last loss.
    UsageError where the batch cannot be shared out evenly, or for fewer than 2 steps.
    """
    if steps < 2:
        raise UsageError("At least 2 steps: the first one is not timed.")
    rank, world, where = place(device)
    if batch_size % world:
        raise UsageError(
            f"A batch of {batch_size} cannot be shared by {world} processes: "
            f"use a multiple of {world}."
        )
    images = data.load("digits")
    loader = data.loaders(images, 8, batch_size, where, augment=False, seed=0).train
    seed_everything(0)
    model = nets.build(net, in_channels=1, norm=NORMS[norm]).to(where)
    shared = nn.parallel.DistributedDataParallel(model) if world > 1 else model
    # Not AdamW: it divides by the size of the gradient, and rounding errors grow.
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    done = 0
    while done < steps:
        for pictures, labels in loader:  # the same ones on each process
            x, y = pictures[rank::world], labels[rank::world]  # (B / world, 1, 8, 8)
            loss = nn.functional.cross_entropy(shared(x), y)
            loss.backward()  # here DDP averages
            optimizer.step()
            optimizer.zero_grad()
            done += 1
            if done == 1:  # the first step also sets everything up
                began = perf_counter()
            if done == steps:
                break
    seconds = perf_counter() - began
    if out and rank == 0:
        save_file({k: v.cpu() for k, v in model.state_dict().items()}, out)
    return {
        "rank": rank,
        "processes": world,
        "pictures_per_second": round((steps - 1) * batch_size / seconds, 1),
        "gradient_bytes": sum(4 * p.numel() for p in model.parameters()),
        "loss": round(loss.item(), 6),
    }


def main(argv: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--net", default="resnet-8-cifar")
    p.add_argument("--norm", choices=NORMS, default="none")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--batch-size", type=int, default=64, help="of all together")
    p.add_argument("--device", default="auto")
    p.add_argument("--out", type=Path, help="file for the weights")
    try:
        found = train(**vars(p.parse_args(argv)))
    except LessonError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    if found.pop("rank") == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

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
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import torch
import torch.distributed as dist
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from .. import data, nets
from ..data.device import usable
from ..errors import LessonError, UsageError


class Average(torch.autograd.Function):
    """Mean over all processes: of values forward, of their gradients backward."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)  # each process sends x, all get the sum
        return total / dist.get_world_size()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return Average.forward(ctx, gradient)


class SyncNorm(nn.BatchNorm2d):
    """BatchNorm over the pictures of all processes (appendix C).

    It averages the mean, then the square of what is left: two messages, and no small
    difference of large numbers. `nn.SyncBatchNorm`, which refuses CPUs, merges means
    and deviations in one. All shares must be of the same size.
    (B, C, H, W) -> (B, C, H, W).
    """

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W), the share of this process
        if not self.training:
            return super().forward(x)
        mean = Average.apply(x.mean((0, 2, 3)))  # (C,)
        centred = x - mean[:, None, None]
        variance = Average.apply(centred.square().mean((0, 2, 3)))  # (C,)
        self.keep(mean, variance, dist.get_world_size() * x[:, 0].numel())
        scale = self.weight / (variance + self.eps).sqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]

    @torch.no_grad()
    def keep(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running averages as `nn.BatchNorm2d` does; `count` values each."""
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        self.num_batches_tracked += 1


NET = "resnet-8-cifar"
NORMS = {"none": None, "batch": nn.BatchNorm2d, "sync": SyncNorm}


def join(device: str) -> tuple[int, int, torch.device]:
    """(rank, number of processes, device); joins the group that torchrun made.

    LessonError where there are more processes than GPUs, or no code for a GPU.
    """
    world = int(os.environ.get("WORLD_SIZE", 1))  # torchrun sets both
    local = int(os.environ.get("LOCAL_RANK", 0))  # number on this machine
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if cuda and local >= torch.cuda.device_count():
        raise LessonError(
            f"Process {local} has no GPU: there are {torch.cuda.device_count()}. "
            "Start as many processes as there are, or use --device cpu."
        )
    if cuda:
        torch.cuda.set_device(local)
        if not usable(torch.device("cuda")):
            raise LessonError(
                f"PyTorch {torch.__version__} has no code for the GPU of process "
                f"{local}. Use --device cpu."
            )
    if not dist.is_initialized():
        alone = {}
        if world == 1:  # a group of one meets at home
            store = dist.TCPStore("127.0.0.1", 0, 1, True, use_libuv=False)
            alone = {"store": store, "rank": 0, "world_size": 1}
        dist.init_process_group("nccl" if cuda else "gloo", **alone)
    return dist.get_rank(), world, torch.device("cuda" if cuda else "cpu")


def shares(
    steps: int, batch_size: int, rank: int, world: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """The share of one process of each batch of digits: pictures and their labels.

    (B / world, 1, 8, 8) and (B / world,); every process draws the same batches.
    UsageError where they cannot be shared out evenly.
    """
    if batch_size < 1 or batch_size % world:
        raise UsageError(
            f"A batch of {batch_size} cannot be shared by {world} processes: "
            f"use a multiple of {world}."
        )
    (images, labels), _ = data.digits()
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2) / 255  # (N, 1, 8, 8)
    same = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randint(len(labels), (batch_size,), generator=same)
        mine = batch[rank::world]
        yield pictures[mine], torch.from_numpy(labels)[mine]


def train(
    norm: str = "none",  # a key of NORMS
    steps: int = 20,
    batch_size: int = 64,  # of all processes together
    device: str = "auto",
) -> tuple[dict, dict[str, Tensor]]:
    """Train on the built-in digits; (what this process saw, what it holds).

    Seen: rank, processes, norm, last loss of its share, pictures per second of all.
    Held, on the CPU: the weights, and the gradients of the first step by the name
    "gradient.NAME". UsageError for a batch that cannot be shared out evenly, or for
    fewer than 2 steps.
    """
    if steps < 2:
        raise UsageError("At least 2 steps: the first one is not timed.")
    rank, world, device = join(device)
    torch.manual_seed(0)  # the same weights on each process
    model = nets.build(NET, in_channels=1, norm=NORMS[norm]).to(device)
    shared = DistributedDataParallel(model) if world > 1 else model
    # Not AdamW: it divides by the size of the gradient, and rounding errors grow.
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    kept = {}
    for x, y in shares(steps, batch_size, rank, world):
        loss = nn.functional.cross_entropy(shared(x.to(device)), y.to(device))
        loss.backward()  # here DDP averages
        if not kept:  # the first step also sets everything up
            kept = {f"gradient.{n}": p.grad.cpu() for n, p in model.named_parameters()}
            began = perf_counter()
        optimizer.step()
        optimizer.zero_grad()
    seen = {"rank": rank, "processes": world, "norm": norm, "loss": loss.item()}
    speed = (steps - 1) * batch_size / (perf_counter() - began)
    kept |= {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    return seen | {"pictures_per_second": round(speed, 1)}, kept


def main(argv: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--norm", choices=NORMS, nargs="+", default=["none"])
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--batch-size", type=int, default=64, help="of all together")
    p.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    p.add_argument("--out", type=Path, help="folder for NORM-PROCESSES.safetensors")
    options = vars(p.parse_args(argv))
    out, norms = options.pop("out"), options.pop("norm")
    try:
        if out:
            out.mkdir(parents=True, exist_ok=True)
        for norm in norms:
            seen, kept = train(norm=norm, **options)
            if seen.pop("rank") == 0:
                print(json.dumps(seen))
                if out:
                    save_file(kept, out / f"{norm}-{seen['processes']}.safetensors")
    except (LessonError, OSError, SafetensorError) as error:  # a folder, a full disk
        print(error, file=sys.stderr)
        raise SystemExit(getattr(error, "exit_code", 1)) from None
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    main()

"""What makes a training step fast, besides the net.

On CUDA: fewer bits, and one launch for all kernels. A small net is bound by the host
there: Python asks for some hundred kernels, each of which is done before the next is
asked for. A CUDA graph keeps the list of them and replays it at once.

On a processor: memory that is kept from one step to the next; and fewer bits, where
it has units for them.
"""

import ctypes
from contextlib import contextmanager, suppress

import torch
from torch import Tensor, nn

from ..errors import UsageError

# Of `mallopt`, as glibc's malloc.h numbers them.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT = 2**30  # bytes


def keep_memory() -> None:
    """From now on this process keeps up to 1 GiB that tensors have freed.

    Else the C library hands large blocks back to the system, and in the next step
    the system clears the same memory for the same activations, page by page. Does
    nothing where the C library is not glibc.
    """
    with suppress(AttributeError, TypeError):  # no mallopt; no library by that name
        mallopt = ctypes.CDLL(None).mallopt
        # Both: to set one of them ends glibc's own tuning of the other. An old glibc
        # answers 0 to a block above 32 MiB.
        if mallopt(MMAP_THRESHOLD, KEPT) or mallopt(MMAP_THRESHOLD, 2**25):
            mallopt(TRIM_THRESHOLD, KEPT)


def half_precision(device: torch.device, wanted: bool = False) -> torch.dtype | None:
    """What matrix units of `device` multiply fastest; None where that is float32.

    bfloat16 from Ampere on (compute capability 8), float16 on Volta and Turing (7).
    bfloat16 on a processor only if it is `wanted`: few have units for it (AMX), and
    what others compute in float32 could not be compared. UsageError without them, and
    on MPS.
    """
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return {7: torch.float16}.get(major, torch.bfloat16 if major > 7 else None)
    if not wanted:
        return None
    known = getattr(torch.cpu, "get_capabilities", dict)  # 2.10 cannot tell
    if device.type == "cpu" and known().get("amx_bf16"):
        return torch.bfloat16
    raise UsageError(
        "This experiment computes in bfloat16, for which this device has no units "
        "(AMX). Train it on a GPU (--device cuda), or choose another: "
        "resnet-lessons runs"
    )


@contextmanager
def replayed(net: nn.Module, images: Tensor):
    """Inside, passes of `net` in training mode replay one CUDA graph.

    images: a batch (B, C, H, W); inside, every batch in training mode has its shape.
    Passes in eval mode stay as they were, and leaving it makes all of them so.
    """
    if not images.is_cuda:
        yield
        return
    dtype = half_precision(images.device)
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    half = {"dtype": dtype, "enabled": dtype is not None, "cache_enabled": False}
    net.train()
    with torch.autocast("cuda", **half):
        torch.cuda.make_graphed_callables(net, (images,))
    net.load_state_dict(kept)  # its warm-up has moved the statistics of BatchNorm
    try:
        yield
    finally:
        del net.forward  # the captured one; the class has its own

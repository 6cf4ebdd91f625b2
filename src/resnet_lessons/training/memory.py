"""Memory: freed between trainings; where it ends, advice which batch would fit."""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..errors import LessonError
from .device import describe_device

# What PyTorch says on the CPU and on MPS, and cuBLAS; CUDA has a class of its own.
WORDS = ("allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")


_held: dict[torch.device, int] = {}  # bytes that could not be freed


def free(device: torch.device) -> None:
    """Free what finished trainings hold; `peak` counts from here."""
    gc.collect()  # a Learner holds its pictures in a cycle
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        _held[device] = torch.cuda.memory_allocated(device)


def peak(device: torch.device) -> float | None:
    """The most MiB of `device` in use at once since `free`; None but on CUDA.

    Without what was held before: that is of other trainings.
    """
    if device.type != "cuda":
        return None
    most = torch.cuda.max_memory_allocated(device) - _held.get(device, 0)
    return round(most / 2**20, 1)


def ran_out(error: Exception) -> bool:
    """Does `error` say that there was not enough memory?"""
    said = any(words in str(error) for words in WORDS)
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or said


@contextmanager
def memory_told() -> Iterator[None]:
    """Out of memory inside becomes a LessonError: before and behind training steps.

    Where training is stopped it lets go of net and pictures: a notebook keeps the last
    traceback, whose frames hold them while the next net trains.
    """
    try:
        yield
    except (LessonError, KeyboardInterrupt) as error:
        traceback.clear_frames(error.__traceback__)
        raise
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        traceback.clear_frames(error.__traceback__)
        raise LessonError(
            "Out of memory outside of the training steps. Close other programs and "
            "notebooks that use this device, or choose another with --device."
        ) from None


@contextmanager
def memory_advice(
    net: nn.Module,
    images: Tensor,
    forget: Callable[[], None] = lambda: None,
    half: torch.dtype | None = None,
) -> Iterator[None]:
    """Out of memory inside becomes a LessonError that names a batch size that fits.

    images: a batch (B, C, H, W) as `net` trains on; forget: drops what else still
    holds tensors of the step that failed, so that the process can go on; half: what
    multiplications are computed in, None for float32.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        traceback.clear_frames(error.__traceback__)  # their tensors are not needed
        forget()
        device, size = images.device, fitting(net, images, half)
        where = describe_device(device)
        raise LessonError(
            f"Out of memory on {where} with batches of {len(images)}. "
            + (f"Batches of {size} fit." if size else "No smaller one fits.")
            + " Close other programs, or take a smaller profile."
        ) from None


def fitting(net: nn.Module, images: Tensor, half: torch.dtype | None = None) -> int:
    """The largest half, quarter, ... of `images` with which a training pass succeeds.

    0 where none does, or the rest is too small for BatchNorm. half: as in
    `memory_advice`.
    """
    size = len(images) // 2
    while size:
        try:
            with torch.autocast(images.device.type, half, enabled=half is not None):
                loss = net(images[:size]).sum()
            loss.backward()
            return size
        except ValueError:  # BatchNorm refuses one value in a channel
            return 0
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            size //= 2
        finally:
            net.zero_grad()
            if images.is_cuda:
                torch.cuda.empty_cache()
    return 0

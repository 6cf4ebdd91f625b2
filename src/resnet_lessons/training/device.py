"""Where a run happens, and how to say so."""

import platform
from pathlib import Path

import torch

from ..data.device import best_device, usable
from ..errors import UsageError


def find_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" takes the best, see `data.best_device`.

    UsageError for a name torch does not know and for a device that is not here.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return best_device()
    here = ", ".join(kind for kind, there in present.items() if there)
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"Unknown device '{name}'. Here: {here}.") from None
    if not present.get(device.type, False):
        raise UsageError(f"There is no device '{name}' on this machine. Here: {here}.")
    if device.type == "cuda":
        if (device.index or 0) >= (count := torch.cuda.device_count()):
            raise UsageError(
                f"There is no '{name}' here. GPUs here: {count}, counted from cuda:0."
            )
        if device.index is not None:  # graphs and streams are of the current one
            torch.cuda.set_device(device)
        if not usable(device):
            version = torch.__version__
            raise UsageError(
                f"PyTorch {version} has no code for the card '{name}'. Use cpu."
            )
    return device


def describe_device(device: torch.device) -> str:
    """The device in words, such as "NVIDIA H200" or "x86_64 CPU, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{platform.machine()} GPU (MPS)"
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"


def processor() -> str:
    """The processor's name as the system gives it, and the vectors torch uses.

    Such as "AMD EPYC, AVX2": one name covers processors of which one is thrice as fast.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"

"""What a reader waits for before the first step, and the memory it takes."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import torch

from .. import data

IMPORT = (
    "from time import perf_counter as now; start = now(); import resnet_lessons; "
    "print(now() - start)"
)


def summary(values: list[float]) -> dict:
    """All `values` and their median."""
    return {"median": statistics.median(values), "all": values}


def wait(device: torch.device) -> None:
    """Return when `device` has done all it was told: a GPU works behind our back."""
    getattr(torch, device.type).synchronize()


def import_seconds(times: int) -> dict:
    """Seconds of `import resnet_lessons`, in `times` fresh processes."""
    call = [sys.executable, "-c", IMPORT]
    run = [subprocess.run(call, capture_output=True, check=True) for _ in range(times)]
    return summary([float(done.stdout) for done in run])


def help_seconds(times: int) -> dict:
    """Seconds of `resnet-lessons --help` from start to end, in fresh processes."""
    call, found = [sys.executable, "-m", "resnet_lessons", "--help"], []
    for _ in range(times):
        start = perf_counter()
        subprocess.run(call, capture_output=True, check=True)
        found.append(perf_counter() - start)
    return summary(found)


def first_batch(name: str, size: int, batch_size: int, device, cold: bool) -> dict:
    """Seconds to a first batch of `name`, stored at `size`, in a process that has
    loaded its libraries and started its device.

    Cold: the whole set is decoded first, in a folder of its own. The files may lie
    in the system's memory already. Both are None where a stand-in takes its place,
    which is drawn and not decoded; `cold_seconds` also unless `cold`, and where the
    system refuses a symbolic link.
    """
    found = {"stored_size": size, "cold_seconds": None, "warm_seconds": None}
    if data.load(name, size).stand_in:
        return found
    _seconds(name, size, batch_size, device)  # starts what has to be started once
    found["warm_seconds"] = _seconds(name, size, batch_size, device)
    if cold:
        home, root = data.where(name), data.data_root()
        beside = root if os.access(root, os.W_OK) else None  # on the same disk
        with tempfile.TemporaryDirectory(dir=beside) as fresh:
            (Path(fresh) / "sets").mkdir()
            try:
                (Path(fresh) / "sets" / home.name).symlink_to(home)
            except OSError:  # Windows lets developers alone make one
                return found
            found["cold_seconds"] = _seconds(name, size, batch_size, device, fresh)
    return found


def _seconds(name, size, batch_size, device, root=None) -> float:
    start = perf_counter()
    images = data.load(name, size, path=root, progress=False)
    data.loaders(images, size * 4 // 5, batch_size, device).train.one_batch()
    wait(device)
    return perf_counter() - start


def memory(device: torch.device) -> dict:
    """Peaks since this process began, in MiB; None where nobody counts.

    Resident memory holds the parts of mapped files that were read, but not what the
    worker processes take.
    """
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {
        "peak_resident_mb": _resident(),
        "peak_device_mb": peak and round(peak / 2**20, 1),
    }


def _resident() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes in what getrusage counts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * unit / 2**20, 1)

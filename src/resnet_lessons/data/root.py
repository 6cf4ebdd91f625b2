"""Where data and checkpoints live on this machine."""

import os
from pathlib import Path

import platformdirs

from ..errors import UsageError

VARIABLE = "RESNET_LESSONS_DATA"


def data_root(path=None):
    """The folder that holds every data set: `path`, else the environment variable
    `RESNET_LESSONS_DATA`, else the platform's cache folder. It need not exist yet.
    Raises `UsageError` for a home (`~name`) that this machine does not know.
    """
    chosen = path or os.environ.get(VARIABLE)
    return in_full(chosen) if chosen else cache_folder()


def in_full(path):
    """`path` from the root of the disk on, without `~`; raises like `data_root`."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise UsageError(
            f"{path} begins with the home folder of a user who is unknown here; name "
            "the folder in full"
        ) from None


def cache_folder():
    """The platform's cache folder of this user; it need not exist yet."""
    return platformdirs.user_cache_path("resnet-lessons", appauthor=False)


def runs_folder():
    """Where checkpoints of runs lie: beside the data sets, or in the cache folder of a
    user who may not write there.
    """
    runs = data_root() / "runs"
    for folder in runs, runs.parent:
        # Not folder.exists(), which raises below a folder that one may not enter.
        if os.path.exists(folder):
            return runs if os.access(folder, os.W_OK) else cache_folder() / "runs"
    return runs

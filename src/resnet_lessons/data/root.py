"""Where data and checkpoints live on this machine."""

import os
from pathlib import Path

import platformdirs

VARIABLE = "RESNET_LESSONS_DATA"


def data_root(path=None):
    """The folder that holds every data set: `path`, else the environment variable
    `RESNET_LESSONS_DATA`, else the platform's cache folder. It need not exist yet.
    """
    chosen = path or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return cache_folder()


def cache_folder():
    """The platform's cache folder of this user; it need not exist yet."""
    return platformdirs.user_cache_path("resnet-lessons", appauthor=False)


def runs_folder():
    """Where checkpoints of runs lie: beside the data sets, or in the cache folder of a
    user who may only read those.
    """
    root = data_root()
    shared = root.exists() and not os.access(root, os.W_OK)
    return (cache_folder() if shared else root) / "runs"

"""Where data lives on this machine."""

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
    return platformdirs.user_cache_path("resnet-lessons", appauthor=False)

"""Data sets: catalogue, fetching, decoded cache, stand-ins and loaders.

The names below are loaded when they are first used, so importing this package
costs nothing: neither torch nor fastai nor PIL is imported until it is needed.
"""

from ..lazy import lazy

_HOMES = {
    "BatchLoader": "batch_loader",
    "DATA_SETS": "catalog",
    "DataSet": "catalog",
    "Images": "decoded",
    "RemoteFile": "catalog",
    "Split": "decoded",
    "best_device": "device",
    "data_root": "root",
    "digits": "standins",
    "find": "catalog",
    "get": "store",
    "how_to_repair": "store",
    "import_paths": "store",
    "load": "decoded",
    "loaders": "batch_loader",
    "pictures": "standins",
    "runs_folder": "root",
    "shapes": "standins",
    "statistics": "batch_loader",
    "status": "store",
    "verify": "store",
    "where": "store",
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
__all__ = list(_HOMES)

"""What a notebook shows: its cells run, and kept so that two builds give one text."""

import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from .errors import LessonError

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def through_files(manager: type) -> type:
    """A kernel manager like `manager` whose kernels talk through files, not ports.

    Two kernels that start at the same moment can draw the same port, and one of them
    dies ("Address already in use", seen once in 250 pairs).
    """
    if os.name != "posix":  # ZeroMQ has ports only
        return manager

    class ThroughFiles(manager):
        def __init__(self, **settings):
            self._folder = TemporaryDirectory(prefix="kernel-")  # short: 107 bytes
            file = os.path.join(self._folder.name, "kernel.json")
            super().__init__(transport="ipc", connection_file=file, **settings)

    return ThroughFiles


def execute(notebook, folder: Path) -> None:
    """Run all cells in place; LessonError with the first cell that fails."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        kernel_manager_class=through_files(AsyncKernelManager),
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise LessonError(f"A cell failed.\n{error}") from None
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day


def widget_models(notebook) -> dict:
    """What `notebook` keeps of its widgets and their layouts: id -> saved model."""
    widgets = notebook["metadata"].get("widgets", {})
    return widgets.get(WIDGET_STATE, {}).get("state", {})


def steady(notebook) -> str:
    """The text of `notebook`, its widgets' random ids numbered in order of appearance.

    Cells come first, then what their widgets name, and so on: two builds give the
    same text.
    """
    models = widget_models(notebook)

    def named(part) -> list[str]:
        found = dict.fromkeys(WIDGET_ID.findall(_text(part)))
        return [i for i in found if i in models]  # a hash in a cell is no widget

    ids = named(notebook["cells"])
    for known in ids:  # grows on the way
        ids += [new for new in named(models[known]) if new not in ids]
    ids += [left for left in models if left not in ids]
    numbers = {old: f"{number:032x}" for number, old in enumerate(ids, 1)}
    text = WIDGET_ID.sub(lambda found: numbers.get(found[0], found[0]), _text(notebook))
    return _text(json.loads(text)) + "\n"


def _text(part) -> str:
    return json.dumps(part, indent=1, ensure_ascii=False, sort_keys=True)

"""Notebooks under nbval: their kernels talk through socket files, not ports.

Two kernels that start at the same moment can draw the same port, and one of them dies
("Address already in use", seen once in 250 pairs).
"""

import os
import tempfile

import nbval.kernel
from jupyter_client.manager import KernelManager


class SocketFiles(KernelManager):
    """A KernelManager whose kernel has a folder of its own for its sockets."""

    def __init__(self, **settings):
        self._folder = tempfile.TemporaryDirectory(prefix="kernel-")  # short: 107 bytes
        connection_file = os.path.join(self._folder.name, "kernel.json")
        super().__init__(transport="ipc", connection_file=connection_file, **settings)


if os.name == "posix":  # elsewhere ZeroMQ has ports only
    nbval.kernel.KernelManager = SocketFiles

"""Public names of a package that are loaded when they are first used."""

import sys
from importlib import import_module


def lazy(package: str, homes: dict[str, str]):
    """`__getattr__` and `__dir__` of `package`; `homes` gives each name's module."""

    def load(name: str):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load, lambda: sorted({*vars(sys.modules[package]), *homes})

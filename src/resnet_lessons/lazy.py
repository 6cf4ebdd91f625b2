"""Public names of a package that are loaded when they are first used."""

from importlib import import_module


def lazy(package: str, homes: dict[str, str]):
    """The `__getattr__` of `package`; `homes` gives each name's module in it."""

    def load(name: str):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load

"""What a defect is: a line of data that turns a repaired program into a broken one.

The programs of this folder are right. A `Bug` names the pieces of text that make one
wrong; `load` puts them in and runs the result as a module of its own.
"""

import ast
import importlib
import inspect
import linecache
import types
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import UsageError


@dataclass(frozen=True)
class Sign:
    """Something that can be measured on a program, broken or not."""

    what: str  # Markdown, what is measured
    measure: Callable[..., str]  # (program, digits) -> the value in words


@dataclass(frozen=True)
class Bug:
    """One defect: how it gets into the program, and what is told about it."""

    id: str
    program: str  # the module of this folder that it is in
    part: str  # the function or class that holds it
    title: str  # names the defect
    edits: tuple[tuple[str, str], ...]  # (repaired text, defective text)
    effects: tuple[str, ...]  # what it may do; the first one is right
    why: str  # the explanation
    signs: tuple[Sign, ...]


def text_of(name: str, bugs: tuple[Bug, ...] = ()) -> str:
    """The source of a program with these bugs in it."""
    text = inspect.getsource(importlib.import_module(f"{__package__}.{name}"))
    for bug in bugs:
        for good, bad in bug.edits:
            if good not in text:
                raise UsageError(f"{bug.id} does not fit: {name} has no {good!r}.")
            text = text.replace(good, bad)
    return text


def part_of(text: str, name: str) -> str:
    """The source of one function or class, decorators included."""
    (node,) = [n for n in ast.parse(text).body if getattr(n, "name", "") == name]
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return "\n".join(lines) + "\n"


def run(name: str, bugs: tuple[Bug, ...] = ()) -> types.ModuleType:
    """The program as a module, run afresh with these bugs in it."""
    text = text_of(name, bugs)
    file = f"<{' '.join([name, *(bug.id for bug in bugs)])}>"
    # so that tracebacks and `inspect` find the lines
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(name)
    exec(compile(text, file, "exec"), module.__dict__)
    return module

"""Which line is the learner's, and is the code still the starter's?"""

import inspect
import linecache
import os
import traceback
import types
from pathlib import Path

OURS = str(Path(__file__).parent.parent) + os.sep
STANDARD = os.path.dirname(os.__file__) + os.sep
INSTALLED = {"site-packages", "dist-packages"}


def is_theirs(filename: str) -> bool:
    """Whether this is neither our code nor that of an installed library."""
    installed = INSTALLED.intersection(Path(filename).parts)
    return not installed and not filename.startswith((OURS, STANDARD, "<frozen"))


def line_of(error: BaseException) -> tuple[str, bool]:
    """Return the learner's line that failed, and whether a library raised the error.

    "line 3: `x + 1`", or "" where none of the learner's code ran.
    """
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if is_theirs(frame.filename)]
    if not theirs:
        return "", True
    last = theirs[-1]
    code = linecache.getline(last.filename, last.lineno).strip()
    line = f"line {last.lineno}" + (f": `{code}`" if code else "")
    return line, last is not frames[-1]


def function_of(error: BaseException) -> str:
    """Return the name of the learner's function that was called first, or ""."""
    frames = traceback.extract_tb(error.__traceback__)
    names = [frame.name for frame in frames if is_theirs(frame.filename)]
    return names[0] if names else ""


def same_code(one, other) -> bool:
    """Whether two functions, or two classes, hold the same instructions."""
    return _instructions(one) == _instructions(other)


def _instructions(thing):
    """The code of a function, or of each method of a class, without line numbers."""
    if inspect.isclass(thing):
        members = sorted(vars(thing).items())
        methods = [(name, m) for name, m in members if inspect.isfunction(m)]
        return [(name, _instructions(method)) for name, method in methods]
    code = getattr(thing, "__code__", thing)
    if not isinstance(code, types.CodeType):
        return type(thing), id(thing)
    consts = [
        _instructions(const)
        if isinstance(const, types.CodeType)
        else (type(const), const)
        for const in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, consts

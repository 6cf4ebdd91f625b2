"""What an exercise is, and where the exercises of all chapters are found."""

import ast
import difflib
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True)
class Exercise:
    """One exercise: what the learner reads, and what judges the answer."""

    id: str  # "07.1", "E.1": chapter or appendix, then number
    title: str
    prompt: str  # Markdown
    starter: str  # code that runs as it is, imports included
    hints: tuple[str, ...]  # Markdown, each one tells a little more
    answer: Callable  # the reference answer, a real function or class
    check: Callable  # (answer, expect) -> None
    takes: tuple[type, ...] = ()  # plain values that are answers too

    @property
    def chapter(self) -> int | str:
        """The number of the chapter, or the letter of the appendix."""
        home = self.id.partition(".")[0]
        return int(home) if home.isdigit() else home

    @property
    def name(self) -> str:
        """The name that the learner defines."""
        return self.answer.__name__

    @property
    def solution(self) -> str:
        """The reference answer as code that runs by itself."""
        source = inspect.getsource(self.answer)
        imports = _imports(inspect.getsource(inspect.getmodule(self.answer)), source)
        return f"{imports}\n\n\n{source}" if imports else source


def _imports(module: str, source: str) -> str:
    """The import lines of a module that a piece of it needs, in their three groups."""
    groups = [], [], []
    for node in ast.parse(module).body:
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(
            node, "level", 0
        ):
            names = "|".join(alias.asname or alias.name for alias in node.names)
            package = (getattr(node, "module", "") or node.names[0].name).split(".")[0]
            standard = package in sys.stdlib_module_names
            if re.search(rf"(?<![\w.])({names})\b", source):
                place = 0 if standard else 1 + (package == "resnet_lessons")
                groups[place].append(ast.unparse(node))
    return "\n\n".join("\n".join(lines) for lines in groups if lines)


def exercises() -> list[Exercise]:
    """Return the exercises of all chapters in the order of the book.

    Loads the chapters, and with them torch.
    """
    found = (one for chapter in _chapters() for one in _load(chapter))
    return sorted(found, key=lambda exercise: exercise.id)


def find(id: str) -> Exercise:
    """Return the exercise of this id; `UsageError` with near ids if there is none."""
    home = f"chapter_{str(id).partition('.')[0]}"
    for exercise in _load(home) if home in _chapters() else ():
        if exercise.id == id:
            return exercise
    ids = [exercise.id for exercise in exercises()]
    near = difflib.get_close_matches(str(id).zfill(4), ids, n=3)  # 7.1: 07.1
    guess = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UsageError(f"There is no exercise {id!r}.{guess} All: {', '.join(ids)}.")


def _chapters() -> list[str]:
    package = importlib.import_module(__package__)
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name.startswith("chapter_"))


def _load(chapter: str) -> list[Exercise]:
    return importlib.import_module(f"{__package__}.{chapter}").EXERCISES

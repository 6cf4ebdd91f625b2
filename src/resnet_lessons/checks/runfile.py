"""Check the answer in a file: it runs in a process of its own."""

import json
import os
import runpy
import subprocess
import sys
import tempfile
from difflib import get_close_matches
from pathlib import Path

from ..errors import LessonError, UsageError
from .exercise import find
from .limits import SECONDS, OutOfTime, limited
from .report import Report
from .runner import check
from .traces import line_of

PATIENCE = 120.0  # seconds for the process; loading torch can take thirty
SHOWN = 2000  # last bytes of what the file prints


def check_file(id: str, path: str | os.PathLike) -> Report:
    """Run the Python file in a process of its own and check the name it defines.

    What the file prints goes to stderr. Raises `UsageError` for an unknown exercise or
    a file that cannot be read, and `LessonError` for a file that fails, runs too long,
    or lacks the name.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"There is no file {path}; give the .py file of your answer.")
    if path.suffix != ".py":
        raise UsageError(f"{path.name} is not a .py file; save your answer as one.")
    with tempfile.TemporaryDirectory() as folder:
        result, printed = Path(folder, "result.json"), Path(folder, "printed.txt")
        try:
            _start(id, path, result, printed)
        finally:
            with printed.open(encoding="utf-8", errors="replace") as out:
                out.buffer.seek(max(0, printed.stat().st_size - SHOWN))
                sys.stderr.write(out.read())
        if not result.exists():
            raise LessonError(
                f"{path.name} ended Python before it could be checked. Run it by "
                f'itself with `python "{path}"` and see where it stops.'
            )
        data = json.loads(result.read_text(encoding="utf-8"))
    if "error" in data:
        raise (UsageError if data["usage"] else LessonError)(data["error"])
    return Report.from_dict(data)


def _start(id: str, path: Path, result: Path, printed: Path) -> None:
    # The folder of the call is "" on the path: a torch.py there must not hide torch.
    run = "import sys; sys.path = [place for place in sys.path if place]; "
    run += f"from {__name__} import main; main(*sys.argv[1:])"
    command = [sys.executable, "-c", run, str(id), str(path), str(result)]
    home = str(Path(__file__).parents[2])  # where this very package lies
    places = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    env |= {"PYTHONIOENCODING": "utf-8"}
    with printed.open("wb") as out:
        try:
            subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, timeout=PATIENCE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise LessonError(
                f"{path.name} was stopped after {PATIENCE:.0f} seconds. Close other "
                "programs and check it once more. If it is stopped again, look for a "
                "loop that never ends or one call that takes very long."
            ) from None


def _answer(id: str, path: Path):
    """Run the file and return the name that the exercise asks for."""
    name = find(id).name
    sys.path.insert(0, str(path.parent))  # the file may import its neighbours
    try:
        defined = limited(lambda: runpy.run_path(str(path)))
    except OutOfTime:
        raise LessonError(
            f"{path.name} was still running after {SECONDS:.0f} seconds. Look for a "
            "loop that never ends. Put long work, such as training, below "
            '`if __name__ == "__main__":`; a check leaves it out.'
        ) from None
    except SyntaxError as error:
        kind, line = type(error).__name__, (error.text or "").strip()
        raise LessonError(
            f"{path.name}, line {error.lineno}: {kind}: {error.msg}: {line}"
        ) from None
    except BaseException as error:
        from .describe import one_line, text_of

        line = line_of(error)[0] or "at its start"
        kind = f"{type(error).__name__}: {one_line(text_of(error))}"
        raise LessonError(f"{path.name}, {line}: {kind}") from None
    if name not in defined:
        near = get_close_matches(name, [n for n in defined if n[0] != "_"], 1)
        meant = f" Is `{near[0]}` meant to be it?" if near else ""
        raise LessonError(
            f"{path.name} defines no `{name}`, which {id} asks for.{meant}"
        )
    return defined[name]


def main(id: str, path: str, result: str) -> None:
    """Check in this process; write the report as JSON, or why there is none."""
    try:
        data = check(id, _answer(id, Path(path))).to_dict()
    except LessonError as error:
        data = {"error": str(error), "usage": isinstance(error, UsageError)}
    Path(result).write_text(json.dumps(data), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # not held up by threads that the answer left behind

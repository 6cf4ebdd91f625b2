"""From manuscript to notebook: `python -m resnet_lessons.manuscripts`.

A manuscript, `book/chapters/NN_name.md`, is a MyST text notebook. Its notebook adds
the set-up cell and the exercises, is executed, and keeps its outputs. By default
only notebooks out of step with their manuscript are built; `--all` builds each.
"""

import argparse
import itertools
import re
import sys
from pathlib import Path

from . import outputs, records
from .errors import LessonError, UsageError

EXERCISE = re.compile(r"^<!-- exercise ((?:\d\d|[A-Z])\.\d) -->$", re.MULTILINE)
NOT_FOR_CLASS = {"instructors", "results", "speed"}  # nothing there to work through
SETUP = Path(__file__).parent / "setup_cell.py"
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": []},
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


def book_root() -> Path:
    """The folder that holds `_config.yml`: this one or one above; else UsageError."""
    for folder in [Path.cwd(), *Path.cwd().parents]:
        if (folder / "_config.yml").is_file() and (folder / "book").is_dir():
            return folder
    raise UsageError("Run this in a clone of the book: no _config.yml here or above.")


def manuscripts(root: Path) -> list[Path]:
    return sorted((root / "book" / "chapters").glob("*.md"))


def notebook_path(manuscript: Path, root: Path) -> Path:
    return root / "notebooks" / f"{manuscript.stem}.ipynb"


def repository(root: Path) -> str:
    """The address in `_config.yml`, "" where none is set."""
    import yaml

    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    return ((config or {}).get("repository") or {}).get("url") or ""


def assemble(manuscript: Path, root: Path, solutions: bool = True):
    """The notebook of `manuscript`, not executed; its solutions folded, or left out."""
    import jupytext

    notebook = jupytext.read(manuscript, fmt="md:myst")
    parts = [_expanded(cell, solutions) for cell in notebook.cells]
    cells = list(itertools.chain.from_iterable(parts))
    cells.insert(1, _setup(root))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number:02}"
    notebook.cells, notebook.metadata = cells, METADATA
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _setup(root: Path):
    from nbformat.v4 import new_code_cell

    source = SETUP.read_text("utf-8").rstrip()
    source = source.replace('REPOSITORY = ""', f'REPOSITORY = "{repository(root)}"')
    return new_code_cell(source, metadata={"tags": ["hide-input"]})


def _expanded(cell, solutions: bool) -> list:
    """`cell`, cut at its exercise marks, with each exercise in full."""
    if cell.cell_type != "markdown":
        return [cell]
    from nbformat.v4 import new_markdown_cell

    cells = []
    for number, part in enumerate(EXERCISE.split(cell.source)):
        if number % 2:
            cells += _exercise(part, solutions)
        elif part.strip():
            cells.append(new_markdown_cell(part.strip(), metadata=cell.metadata))
    return cells


def _exercise(identifier: str, solutions: bool = True) -> list:
    from nbformat.v4 import new_code_cell, new_markdown_cell

    from . import checks

    found = [e for e in checks.exercises() if e.id == identifier]
    if not found:
        raise UsageError(f"No exercise '{identifier}' in resnet_lessons.checks.")
    e = found[0]
    folds = [(f"Hint {n}", hint) for n, hint in enumerate(e.hints, 1)]
    if solutions:
        folds.append(("A solution", f"```python\n{e.solution.strip()}\n```"))
    folded = "\n\n".join(
        f"<details><summary>{title}</summary>\n\n{text.strip()}\n\n</details>"
        for title, text in folds
    )
    call = f'checks.check("{e.id}", {e.name})'
    return [
        new_markdown_cell(f"### Exercise {e.id}: {e.title}\n\n{e.prompt.strip()}"),
        new_code_cell(f"{e.starter.strip()}\n\n\n{call}"),
        new_markdown_cell(folded),
    ]


def out_of_step(manuscript: Path, root: Path) -> bool:
    """Whether the notebook's cells differ from what the manuscript gives today."""
    kept = _kept(notebook_path(manuscript, root))
    given = assemble(manuscript, root)
    return not kept or _essence(kept.cells) != _essence(given.cells)


def _kept(path: Path):
    """The notebook at `path`; None where there is none, or half of one."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, nbformat.reader.NotJSONError):
        return None


def _essence(cells) -> list:
    return [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in cells]


def keep_outputs(notebook, path: Path) -> bool:
    """Take the outputs of the notebook at `path`, if it has the same code cells."""
    kept = _kept(path)
    if not kept:
        return False
    old, new = ([c for c in n.cells if c.cell_type == "code"] for n in (kept, notebook))
    if _essence(old[1:]) != _essence(new[1:]):  # no output depends on the set-up cell
        return False
    for ours, theirs in zip(new, old, strict=True):
        ours.outputs, ours.execution_count = theirs.outputs, theirs.execution_count
    notebook.metadata = kept.metadata  # with the state of the widgets
    return True


def build(manuscript: Path, root: Path, anew: bool = False) -> Path:
    """Assemble and write the notebook of `manuscript`.

    It is executed where its code has changed, or where `anew` says so.
    """
    path = notebook_path(manuscript, root)
    path.parent.mkdir(exist_ok=True)
    notebook = assemble(manuscript, root)
    if anew or not keep_outputs(notebook, path):
        try:
            outputs.execute(notebook, path.parent)
        except LessonError as error:
            raise LessonError(f"{manuscript.name}: {error}") from None
    notebook.metadata["language_info"] = METADATA["language_info"]
    return records.write_whole(outputs.steady(notebook), path)


def handout(folder: Path, root: Path) -> None:
    """For a class: notebooks without outputs and solutions, in `folder`.

    The solutions lie beside it, in FOLDER-solutions.md. UsageError where `folder`
    holds anything already, or that file is there.
    """
    import nbformat

    from . import checks

    folder = folder.resolve()
    solutions = folder.with_name(f"{folder.name}-solutions.md")
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder: name a new one.")
    if solutions.exists():
        raise UsageError(f"{solutions} is there already: name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for manuscript in manuscripts(root):
        if manuscript.stem in NOT_FOR_CLASS:
            continue
        notebook = assemble(manuscript, root, solutions=False)
        nbformat.write(notebook, folder / f"{manuscript.stem}.ipynb")
    answers = [
        f"## {e.id} {e.title}\n\n```python\n{e.solution.strip()}\n```"
        for e in checks.exercises()
    ]
    text = "\n\n".join(["# Solutions", *answers])
    solutions.write_text(text + "\n", "utf-8")
    print(f"notebooks in {folder}, solutions in {solutions}")


def readme(root: Path) -> str:
    """README.md with its table of results as the Records give it today."""
    from . import figures

    table = figures.results_table(records.catalogue())
    begin, end = "<!-- results -->", "<!-- /results -->"
    before, rest = (root / "README.md").read_text("utf-8").split(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"


def main(argv: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="resnet_lessons.manuscripts", description=__doc__)
    p.add_argument("--all", action="store_true", help="also those in step")
    p.add_argument("names", nargs="*", help='chapters, such as "07"; default: each')
    p.add_argument(
        "--handout",
        type=Path,
        metavar="FOLDER",
        help="write notebooks without solutions there, and the solutions beside it",
    )
    args = p.parse_args(argv)
    try:
        root = book_root()
        if args.handout and args.names:
            raise UsageError("--handout writes all chapters: name none of them.")
        if args.handout:
            return handout(args.handout, root)
        chosen = [
            m
            for m in manuscripts(root)
            if not args.names or any(m.stem.startswith(n) for n in args.names)
        ]
        if not chosen:
            raise UsageError(f"No chapter begins with {' or '.join(args.names)}.")
        for manuscript in chosen:
            if args.all or out_of_step(manuscript, root):
                path = build(manuscript, root, anew=args.all)
                print(f"built {path.relative_to(root)}")
        records.write_whole(readme(root), root / "README.md")
    except (LessonError, OSError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(getattr(error, "exit_code", 1)) from None


if __name__ == "__main__":
    main()

"""Manuscripts and notebooks: in step, runnable live, clean, and safe to open."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from live_cells import live_cells
from resnet_lessons import checks, manuscripts, outputs, records, widgets
from resnet_lessons.errors import LessonError, UsageError

ROOT = Path(__file__).parents[1]
CHAPTERS = manuscripts.manuscripts(ROOT)
WIDTH = 85  # characters of code that fit on a page beside its two margins

by_name = pytest.mark.parametrize("manuscript", CHAPTERS, ids=lambda path: path.stem)


@by_name
def test_the_notebook_is_in_step_with_its_manuscript(manuscript):
    assert not manuscripts.out_of_step(manuscript, ROOT), "run: make notebooks"


@by_name
def test_a_fold_shows_no_formula_in_its_first_line(manuscript):
    """Nobody typesets what stands in a `<summary>`: it would be read as it is."""
    text = manuscript.read_text("utf-8")
    heads = re.findall(r"<summary>(.*?)</summary>", text, re.DOTALL)
    assert not [head for head in heads if "$" in head]


def test_no_notebook_is_left_without_a_manuscript():
    stems = {path.stem for path in CHAPTERS}
    assert {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")} == stems


def test_the_sync_test_sees_a_changed_word(tmp_path):
    book = tmp_path / "book" / "chapters"
    book.mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("repository: {url: ''}\n", "utf-8")
    (tmp_path / "notebooks").mkdir()
    chapter = book / CHAPTERS[0].name
    chapter.write_text(CHAPTERS[0].read_text("utf-8"), "utf-8")
    kept = ROOT / "notebooks" / f"{chapter.stem}.ipynb"
    copy = tmp_path / "notebooks" / kept.name
    copy.write_text(kept.read_text("utf-8"), "utf-8")
    assert not manuscripts.out_of_step(chapter, tmp_path)
    chapter.write_text(chapter.read_text("utf-8").replace("net", "web", 1), "utf-8")
    assert manuscripts.out_of_step(chapter, tmp_path)


def test_a_notebook_is_executed_again_only_if_its_code_changed(tmp_path, monkeypatch):
    chapter = tmp_path / "book" / "chapters" / "00_small.md"
    chapter.parent.mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("repository: {url: ''}\n", "utf-8")
    text = "# Title\n\n```{code-cell} ipython3\n1 + 1\n```\n"
    executed = []

    def execute(notebook, folder):
        executed.append(folder)
        notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="2")]
        notebook.metadata["widgets"] = {"state": "kept"}

    monkeypatch.setattr(outputs, "execute", execute)
    for change, runs in [
        ("", 1),
        ("A word.\n\n", 1),
        ("address", 1),
        ("```{code-cell}\n3\n```\n", 2),
    ]:
        if change == "address":  # to install from: no output depends on it
            (tmp_path / "_config.yml").write_text("repository: {url: 'https://x.org'}")
            assert manuscripts.out_of_step(chapter, tmp_path)
            change = ""
        chapter.write_text(text.replace("# Title\n\n", f"# Title\n\n{change}"), "utf-8")
        path = manuscripts.build(chapter, tmp_path)
        built = nbformat.read(path, as_version=4)
        assert len(executed) == runs
        assert built.cells[-1].outputs[0].text == "2"
        assert built.metadata["widgets"] and not manuscripts.out_of_step(
            chapter, tmp_path
        )
    manuscripts.build(chapter, tmp_path, anew=True)
    assert len(executed) == 3


REPLAYING = [c for c in CHAPTERS if "training.record" in c.read_text("utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize("manuscript", REPLAYING, ids=lambda path: path.stem)
def test_a_notebook_that_replays_trains_live(manuscript, monkeypatch, tmp_path):
    """Its other cells do the same live as under nbval, which executes all as they are,
    and so do the other notebooks."""
    monkeypatch.setenv("RESNET_LESSONS_LIVE", "smoke")
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    notebook = manuscripts.assemble(manuscript, ROOT)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [cells[k] for k in live_cells([cell.source for cell in cells])]
    outputs.execute(notebook, ROOT / "notebooks")
    printed = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert "Trained here" in printed and "Replayed" not in printed


@pytest.mark.skipif(os.name != "posix", reason="ZeroMQ has only ports here")
def test_two_kernels_under_nbval_have_no_port_to_fight_for():
    from nbval import kernel

    pair = [kernel.start_new_kernel(kernel_name=":nbval-parent-env") for _ in range(2)]
    try:
        places = [manager.get_connection_info() for manager, _ in pair]
        assert [place["transport"] for place in places] == ["ipc", "ipc"]
        assert places[0]["ip"] != places[1]["ip"]
    finally:
        for manager, client in pair:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@by_name
def test_outputs_hold_no_path_of_a_machine_no_time_and_no_error(manuscript):
    text = manuscripts.notebook_path(manuscript, ROOT).read_text("utf-8")
    outputs = json.dumps([c.get("outputs") for c in json.loads(text)["cells"]])
    found = re.findall(r"/(?:home|root|tmp|Users)/\w+|Traceback|Warning", outputs)
    assert not found
    assert "batch/s" not in outputs, "a progress bar: built live, not replayed"
    assert '"execution":' not in text


@by_name
def test_the_widgets_of_the_notebook_are_those_of_the_code(manuscript):
    """It holds a copy of each script; after a change of one: make notebooks ALL=1."""
    notebook = nbformat.read(manuscripts.notebook_path(manuscript, ROOT), as_version=4)
    for model in outputs.widget_models(notebook).values():
        state = model["state"]
        if model["model_module"] == "anywidget":
            shown = getattr(widgets, state["_anywidget_id"].split(".")[-1])
            assert state["_esm"] == str(shown._esm), shown
            assert state["_css"] == str(shown._css), shown


@by_name
def test_no_cell_takes_a_gpu_that_nobody_chose(manuscript):
    """The notebooks are built where there is none: what breaks there is not seen."""
    text = manuscript.read_text("utf-8")
    assert "is_available()" not in text  # true of cards that torch cannot use, too
    calls = re.findall(r"(?<!\w)summary\(.*", text)  # torchinfo moves the net to one
    assert all('device="cpu"' in call for call in calls)


@by_name
def test_untouched_starters_are_not_attempted(manuscript):
    text = manuscripts.notebook_path(manuscript, ROOT).read_text("utf-8")
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    checked = [c for c in cells if "\nchecks.check(" in "".join(c["source"])]
    homes = [exercise.id.partition(".")[0] for exercise in checks.exercises()]
    assert len(checked) == homes.count(manuscript.stem.partition("_")[0])
    for cell in checked:
        assert "not attempted yet" in json.dumps(cell["outputs"])


@by_name
def test_code_fits_on_the_page(manuscript):
    notebook = manuscripts.assemble(manuscript, ROOT)
    cells = [c for c in notebook.cells[2:] if c.cell_type == "code"]
    shown = [c.source for c in cells if "hide-input" not in c.metadata.get("tags", [])]
    long = [line for s in shown for line in s.splitlines() if len(line) > WIDTH]
    assert not long


@by_name
def test_text_cells_are_plain_markdown(manuscript):
    """Colab shows MyST directives and roles as raw text."""
    notebook = manuscripts.assemble(manuscript, ROOT)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert not re.findall(r"^[`:]{3,}\{|\{[a-z:]+\}`", text, re.MULTILINE)


@by_name
def test_the_notebook_asks_colab_for_a_gpu(manuscript):
    notebook = nbformat.read(manuscripts.notebook_path(manuscript, ROOT), as_version=4)
    assert notebook.metadata["accelerator"] == "GPU"


DISTRIBUTION = {"sklearn": "scikit-learn", "PIL": "pillow"}  # of a module's name


SAID = {"A_keras": {"keras"}}  # packages whose page says how to install them


@by_name
def test_a_notebook_imports_only_what_comes_with_the_package(manuscript):
    """At the left margin, that is: what is optional is asked for first."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (needs,) = re.findall(
        r"^dependencies = \[(.*?)\n\]", project, re.DOTALL | re.MULTILINE
    )
    there = {*re.findall(r'^  "([\w-]+)', needs, re.MULTILINE), "resnet_lessons"}
    notebook = manuscripts.assemble(manuscript, ROOT)
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    found = set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))
    asked = {DISTRIBUTION.get(name, name) for name in found - sys.stdlib_module_names}
    assert asked - there == SAID.get(manuscript.stem, set())


def setup_source(tmp_path, url):
    (tmp_path / "_config.yml").write_text(f"repository: {{url: '{url}'}}\n", "utf-8")
    return manuscripts._setup(tmp_path).source


def run_without_package(source, tmp_path):
    """Run `source` as a first cell where resnet_lessons is not installed."""
    hide = (
        "import importlib.util as u, subprocess\n"
        "u.find_spec = lambda name: None\n"
        "subprocess.run = lambda pip: print(pip[-1], open(pip[-2]).read()) or failed\n"
        "class failed: returncode = 1\n"
        "import importlib.metadata as m; here = list(m.distributions())\n"
        "own = [type('Own', (), {'name': f'systems-own-{i}'}) for i in (0, 1)]\n"
        "m.distributions = lambda: [*here, *own]; version = m.version\n"
        "odd = {'systems-own-0': '1.1build1', 'systems-own-1': None}\n"
        "m.version = lambda n: odd[n] if n in odd else version(n)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", hide + source],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


def test_without_an_address_the_first_cell_says_what_to_do(tmp_path):
    done = run_without_package(setup_source(tmp_path, ""), tmp_path)
    assert done.returncode == 1
    assert "names no repository" in done.stderr
    assert done.stdout == ""  # nothing was installed


def test_with_an_address_the_first_cell_installs_from_it_and_holds_the_rest(tmp_path):
    source = setup_source(tmp_path, "https://example.org/a/b")
    done = run_without_package(source, tmp_path)
    assert "https://example.org/a/b/archive/refs/heads/main.zip" in done.stdout
    assert re.search(r"^torch==2", done.stdout, re.MULTILINE)
    assert "systems-own" not in done.stdout  # pip would refuse the whole file
    assert "nothing was changed" in done.stderr


def built(shown: str, models: dict) -> dict:
    """A notebook that shows the widget `shown`, with the state of `models`."""
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": shown}}
    state = {outputs.WIDGET_STATE: {"state": models}}
    cells = [{"outputs": [{"data": view}]}]
    return {"cells": cells, "metadata": {"widgets": state}}


def test_two_builds_of_a_widget_give_the_same_text():
    texts = []
    for widget, layout in (("a" * 32, "b" * 32), ("d" * 32, "c" * 32)):
        models = {layout: {}, widget: {"layout": f"IPY_MODEL_{layout}"}}
        texts.append(outputs.steady(built(widget, models)))
    assert texts[0] == texts[1] == outputs.steady(json.loads(texts[0]))
    assert f"IPY_MODEL_{2:032x}" in texts[0] and f'"{2:032x}": ' in texts[0]


@by_name
def test_a_widget_finds_in_the_notebook_what_it_names(manuscript):
    text = manuscripts.notebook_path(manuscript, ROOT).read_text("utf-8")
    models = outputs.widget_models(json.loads(text))
    shown = re.findall(r'"model_id": "(\w+)"', text)
    named = re.findall(r"IPY_MODEL_(\w+)", text)
    assert {*shown, *named} == set(models)


def test_a_hash_in_a_cell_is_no_widget():
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    notebook = built("a" * 32, {"a" * 32: {}})
    notebook["cells"] += [{"source": f"print('{digest}')"}]
    assert digest in outputs.steady(notebook)


def test_half_a_notebook_is_built_again(tmp_path):
    (tmp_path / "notebooks").mkdir()
    path = manuscripts.notebook_path(CHAPTERS[0], tmp_path)
    (tmp_path / "_config.yml").write_text("title: none\n", "utf-8")
    path.write_text('{"cells": [', "utf-8")
    assert manuscripts.out_of_step(CHAPTERS[0], tmp_path)
    assert not manuscripts.keep_outputs(manuscripts.assemble(CHAPTERS[0], ROOT), path)


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("by hand", "utf-8")
    with pytest.raises(UnicodeEncodeError):
        records.write_whole("half \ud800", path)
    assert path.read_text("utf-8") == "by hand" and [*tmp_path.iterdir()] == [path]


def test_a_chapter_that_is_not_there_is_named(capsys):
    with pytest.raises(SystemExit) as left:
        manuscripts.main(["77"])
    assert left.value.code == 2 and "begins with 77" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "why"),
    [("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "died")],
)
def test_a_cell_that_fails_is_said_with_its_chapter(code, why, tmp_path):
    chapter = tmp_path / "book" / "chapters" / "00_small.md"
    chapter.parent.mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("repository:\n", "utf-8")
    text = f"# Title\n\n```{{code-cell}} ipython3\n{code}\n```\n"
    chapter.write_text(text, "utf-8")
    said = rf"(?s)00_small\.md: A cell failed.*{why}"
    with pytest.raises(LessonError, match=said):
        manuscripts.build(chapter, tmp_path)


def test_an_unknown_exercise_is_named():
    with pytest.raises(UsageError, match=r"99\.9"):
        manuscripts._exercise("99.9")


def test_a_handout_keeps_the_solutions_apart(tmp_path):
    folder = tmp_path / "class"
    manuscripts.handout(folder, ROOT)
    notebooks = list(folder.iterdir())  # and nothing else
    others = {"instructors", "results", "speed"}
    given = {path.stem for path in CHAPTERS} - others
    assert {path.name for path in notebooks} == {f"{stem}.ipynb" for stem in given}
    inside = "".join(path.read_text("utf-8") for path in notebooks)
    apart = (tmp_path / "class-solutions.md").read_text("utf-8")
    for exercise in checks.exercises():
        assert f"Exercise {exercise.id}" in inside
        assert exercise.solution.strip() in apart
        assert json.dumps(exercise.solution.strip())[1:-1] not in inside
    for taken in folder, tmp_path / "class-solutions.md":
        with pytest.raises(UsageError, match="not an empty folder"):
            manuscripts.handout(taken, ROOT)
    shutil.rmtree(folder)
    with pytest.raises(UsageError, match=r"class-solutions\.md is there already"):
        manuscripts.handout(folder, ROOT)
    assert not folder.exists()


def test_the_readme_shows_the_records():
    assert (ROOT / "README.md").read_text("utf-8") == manuscripts.readme(ROOT)

"""The address in `_config.yml` is the one place that names the repository, and the
first cell of a notebook installs from there, or from an uploaded archive."""

import importlib.util
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from resnet_lessons.manuscripts import SETUP

ROOT = Path(__file__).parents[1]
NOTEBOOK = "notebooks/results"


@pytest.mark.parametrize("url", ["", "https://github.com/example/lessons"])
def test_pages_open_in_colab_once_the_repository_has_an_address(url, tmp_path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / f"{NOTEBOOK}.ipynb", tmp_path / "notebooks")
    shutil.copytree(ROOT / "book", tmp_path / "book")
    config = (ROOT / "_config.yml").read_text("utf-8")
    config = re.sub(r'  url: ".*"', f'  url: "{url}"', config, count=1)
    (tmp_path / "_config.yml").write_text(config, "utf-8")
    (tmp_path / "_toc.yml").write_text(f"format: jb-book\nroot: {NOTEBOOK}\n", "utf-8")
    program = Path(sys.executable).with_name("jupyter-book")
    build = [program, "build", "-W", tmp_path]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "_build" / "html" / f"{NOTEBOOK}.html").read_text("utf-8")
    link = f"colab.research.google.com/github/example/lessons/blob/main/{NOTEBOOK}"
    assert (link in page) == bool(url)


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Runs the first cell where the package is missing; gives the constraints, and
    last what is installed.

    pip, which is not run, answers with the code given.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    def run(code, repository="https://example"):
        held = []

        def answer(command):
            held.extend(Path(command[command.index("-c") + 1]).read_text().split())
            held.append(command[-1])
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr(subprocess, "run", answer)
        cell = SETUP.read_text("utf-8")
        exec(cell.replace('REPOSITORY = ""', f'REPOSITORY = "{repository}"'), {})
        return held

    return run


def test_the_first_cell_holds_the_version_that_is_imported(pip, tmp_path, monkeypatch):
    for version in ("1.0", "2.0"):  # the second goes first
        inner = tmp_path / version / f"twice-{version}.dist-info"
        inner.mkdir(parents=True)
        (inner / "METADATA").write_text(f"Name: twice\nVersion: {version}\n")
        monkeypatch.syspath_prepend(tmp_path / version)
    assert [line for line in pip(0) if line.startswith("twice")] == ["twice==2.0"]


def test_the_first_cell_takes_an_uploaded_archive_before_the_repository(pip, tmp_path):
    assert pip(0)[-1] == "https://example/archive/refs/heads/main.zip"
    with pytest.raises(RuntimeError, match=r"Upload resnet-lessons-source\.zip"):
        pip(0, repository="")
    (tmp_path / "resnet-lessons-source.zip").touch()
    assert pip(0, repository="")[-1] == pip(0)[-1] == "resnet-lessons-source.zip"


def test_the_first_cell_leaves_the_reason_to_pip(pip):
    with pytest.raises(RuntimeError, match=r"reason is above.* If versions clash"):
        pip(1)


def test_the_first_cell_hides_the_one_warning_that_readers_can_do_nothing_about():
    told = "`torch.jit.script` is deprecated. Please switch to `torch.compile`."
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        exec(SETUP.read_text("utf-8"), {})
        warnings.warn(told, FutureWarning, stacklevel=1)
        warnings.warn("another", FutureWarning, stacklevel=1)
    assert [str(one.message) for one in shown] == ["another"]


def test_the_first_cell_of_a_clone_names_the_packages_that_are_missing(
    tmp_path, monkeypatch
):
    (tmp_path / "src" / "resnet_lessons").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setattr(sys, "path", [*sys.path])
    exec(SETUP.read_text("utf-8"), {})
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: name != "fastai" and found(name)
    )
    with pytest.raises(RuntimeError, match=r"lacks fastai\. Start the notebook with"):
        exec(SETUP.read_text("utf-8"), {})

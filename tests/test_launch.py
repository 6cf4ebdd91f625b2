"""The address in `_config.yml` is the one place that names the repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = "notebooks/results"


@pytest.mark.parametrize("url", ["", "https://github.com/example/lessons"])
def test_pages_open_in_colab_once_the_repository_has_an_address(url, tmp_path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / f"{NOTEBOOK}.ipynb", tmp_path / "notebooks")
    shutil.copytree(ROOT / "book", tmp_path / "book")
    config = (ROOT / "_config.yml").read_text("utf-8")
    config = config.replace('  url: ""', f'  url: "{url}"')
    (tmp_path / "_config.yml").write_text(config, "utf-8")
    (tmp_path / "_toc.yml").write_text(f"format: jb-book\nroot: {NOTEBOOK}\n", "utf-8")
    program = Path(sys.executable).with_name("jupyter-book")
    build = [program, "build", "-W", tmp_path]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "_build" / "html" / f"{NOTEBOOK}.html").read_text("utf-8")
    link = f"colab.research.google.com/github/example/lessons/blob/main/{NOTEBOOK}"
    assert (link in page) == bool(url)

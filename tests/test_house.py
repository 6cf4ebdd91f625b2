"""The house: which package may import which, and what importing costs."""

import ast
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PACKAGE = Path(__file__).parents[1] / "src" / "resnet_lessons"
ARROWS = {
    "data": set(),
    "nets": set(),
    "records": set(),
    "probes": {"nets"},
    "training": {"data", "nets", "records", "probes"},
    "figures": {"records", "probes"},
    "widgets": {"records"},
    "checks": {"nets", "probes"},
}
ROOT = {"errors", "lazy", "__version__"}  # for all
LIGHT = ["resnet_lessons", *(f"resnet_lessons.{p}" for p in ARROWS if p != "nets")]


def imported(path: Path) -> set[str]:
    """The packages of ours that the file at `path` imports, its own left out."""
    depth = len(path.relative_to(PACKAGE).parts)  # dots that reach our top level
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [a.name for a in node.names]
            found |= {name.split(".")[0] for name in names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            ours, *parts = node.module.split(".")
            if ours == "resnet_lessons":
                found |= set(parts[:1] or [a.name for a in node.names])
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
            found |= {n.split(".")[1] for n in names if n.startswith("resnet_lessons.")}
    return found


def test_every_package_has_its_arrows():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ARROWS)


@pytest.mark.parametrize("package", ARROWS)
def test_imports_follow_the_arrows(package):
    files = list((PACKAGE / package).rglob("*.py"))
    assert files
    for path in files:
        extra = imported(path) - ARROWS[package] - {package, *ROOT}
        assert not extra, f"{path.relative_to(PACKAGE)} imports {extra}"


def test_imports_are_seen():
    assert imported(PACKAGE / "training" / "run.py") >= {"data", "nets", "records"}


@pytest.mark.parametrize("name", [n for n in LIGHT if "probes" not in n])
def test_importing_loads_no_torch(name):
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0, name


@pytest.mark.parametrize("name", ["data", "training"])
def test_what_loads_late_is_listed(name):
    """Else no editor completes it."""
    code = (
        f"import sys; from resnet_lessons import {name} as it; "
        "assert set(it.__all__) <= set(dir(it)) and 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_requirements_name_the_ranges_of_the_package():
    declared = {r.split(";")[0].strip() for r in requires("resnet-lessons")}
    lines = (PACKAGE.parents[1] / "requirements.txt").read_text("utf-8").splitlines()
    listed = [line for line in lines if line[0] not in "#-"]
    assert {Requirement(r) for r in listed} <= {Requirement(d) for d in declared}
    fixed = {
        "jupyter-book",
        "torch",
        "torchvision",
        "fastai",
        "ipywidgets",
        "matplotlib",
    }
    assert {Requirement(r).name for r in listed} >= {*fixed, "nbval"}


def test_the_lock_holds_the_pair_that_runs_on_every_device():
    lock = (PACKAGE.parents[1] / "requirements.lock").read_text("utf-8")
    assert "\ntorch==2.12.1 " in lock and "\ntorchvision==0.27.1 " in lock


def test_no_file_is_too_long_to_read_in_a_sitting():
    long = {
        p.name: n
        for p in PACKAGE.rglob("*.py")
        if (n := len(p.read_text("utf-8").splitlines())) > 300
    }
    assert not long

"""The widgets without a browser: their data, their names, their scripts."""

import copy
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output

from resnet_lessons import widgets
from resnet_lessons.errors import UsageError
from resnet_lessons.widgets.base import plain
from widget_data import (
    cost_data,
    depth_data,
    gamma_data,
    input_size_data,
    norms_data,
    shape_data,
)

ROOT = Path(__file__).parents[1]
SCRIPTS = [
    *sorted((ROOT / "src" / "resnet_lessons" / "widgets").rglob("*.js")),
    ROOT / "book" / "assets" / "widgets.js",
]
MAKE = {
    "InputSize": input_size_data,
    "GammaAtStart": gamma_data,
    "DepthAndSkip": depth_data,
    "ShapeMatcher": shape_data,
    "ComputeByStage": cost_data,
    "GradientNorms": norms_data,
}
REPRS = {
    "GradientNorms": "GradientNorms(8/20/56 layers, 8 ways to start)",
    "ComputeByStage": "ComputeByStage(2 nets, 4 stems, 64…224 px)",
    "InputSize": "InputSize(16…320 px, 2 nets)",
    "GammaAtStart": "GammaAtStart(γ 0…1, 8/16/32 blocks)",
    "DepthAndSkip": "DepthAndSkip(8/20/32/56 layers, plain and residual, 3 seeds)",
    "ShapeMatcher": (
        "ShapeMatcher(16/32/64 channels, 5…8 px, identity/A/B/C/pool/none)"
    ),
}


@pytest.fixture(scope="module")
def data():
    return {name: make() for name, make in MAKE.items()}


def test_every_widget_is_tested():
    assert set(widgets.__all__) == set(MAKE) == set(REPRS)


@pytest.mark.parametrize("name", MAKE)
def test_state_is_small_json_and_the_repr_names_the_data(name, data):
    widget = getattr(widgets, name)(data[name])
    text = json.dumps(widget.get_state(), default=str)
    assert len(text.encode()) < 60_000
    assert repr(widget) == REPRS[name]
    again = getattr(widgets, name)(copy.deepcopy(data[name]))
    assert repr(again) == repr(widget)
    assert again.data == json.loads(json.dumps(widget.data))


@pytest.mark.parametrize("name", MAKE)
def test_a_notebook_stores_the_repr_beside_the_view(name, data):
    widget = getattr(widgets, name)(data[name])
    InteractiveShell.instance()
    with capture_output() as seen:
        display(widget)
    (shown,) = seen.outputs
    assert shown.data["text/plain"] == REPRS[name]
    view = shown.data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id


@pytest.mark.parametrize("name", MAKE)
def test_the_script_is_the_kit_and_the_widget_once(name, data):
    script = getattr(widgets, name)(data[name])._esm
    assert script.count("class Frame") == script.count(f"class {name} ") == 1
    assert script.count("export default") == 1


BAD = {
    "GradientNorms": [
        (lambda d: d.pop("nets"), "lacks nets"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["depths"].reverse(), "rising order"),
        (lambda d: d["nets"].reverse(), "the eight ways"),
        (lambda d: d["nets"].pop(), "the eight ways"),
        (lambda d: d["nets"][1].pop("norms"), "net: the data lacks norms"),
        (lambda d: d["nets"][1]["norms"].pop(), "none, on needs one list"),
        (lambda d: d["nets"][2]["norms"][1].pop(), "20 layers has 18 values, not 19"),
        (lambda d: d["nets"][2]["norms"][1].__setitem__(-1, 0.0), "last norm is 0"),
        (lambda d: d["nets"][2]["norms"][1].__setitem__(3, -1.0), "numbers from 0"),
    ],
    "ComputeByStage": [
        (lambda d: d.pop("stems"), "lacks stems"),
        (lambda d: d["sizes"].reverse(), "rising order"),
        (lambda d: d["cases"].pop(), "one row per net"),
        (lambda d: d["cases"][1].pop(), "ResBlocks: one case per stem"),
        (lambda d: d["cases"][0][1].pop("macs"), "ResNet-18, deep: the data lacks"),
        (lambda d: d["cases"][0][0]["parts"].pop(), "from stem to head"),
        (lambda d: d["cases"][0][0]["parameters"].pop(), "5 values, not 6"),
        (lambda d: d["cases"][1][2]["macs"].pop(), "macs need one list per size"),
        (lambda d: d["cases"][1][2]["macs"][0].pop(), "6 values, not 7"),
        (lambda d: d["cases"][1][3]["shapes"][2].pop(), "one shape per part"),
        (lambda d: d["cases"][0][0]["macs"].__setitem__(0, [0] * 6), "without any"),
    ],
    "InputSize": [
        (lambda d: d.pop("nets"), "lacks nets"),
        (lambda d: d.update(trained=100), "trained must be one of"),
        (lambda d: d["sizes"].reverse(), "rising order"),
        (lambda d: d["grids"].pop(), "one row per size"),
        (lambda d: d["grids"][0].append(1), "7 values, not 6"),
        (lambda d: d["nets"].reverse(), "flatten and a pool"),
        (lambda d: d["nets"][0]["features"].__setitem__(0, 255), "1 cells of 256"),
        (lambda d: d["nets"][0].update(expects=1), "expects is wrong"),
        (lambda d: d["nets"][1]["macs"].__setitem__(3, "many"), "numbers from 0"),
        (lambda d: d["nets"][1]["macs"].__setitem__(3, math.nan), "numbers from 0"),
    ],
    "GammaAtStart": [
        (lambda d: d.pop("note"), "lacks note"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["gammas"].__setitem__(-1, 2), "between 0 and 1"),
        (lambda d: d["depths"].reverse(), "rising order"),
        (lambda d: d["std"].pop(), "one entry per depth"),
        (lambda d: d["gradient"][1].pop(), "one curve per γ"),
        (lambda d: d["inner_gradient"][2][3].pop(), "31 values, not 32"),
        (lambda d: d["std"][0][0].__setitem__(1, -1.0), "numbers from 0"),
        (lambda d: d["std"][0][0].__setitem__(1, math.inf), "cannot draw inf"),
    ],
    "ShapeMatcher": [
        (lambda d: d.pop("texts"), "lacks texts"),
        (lambda d: d["sizes"].reverse(), "rising order"),
        (lambda d: d["options"].__setitem__(0, "D"), "unknown ['D']"),
        (lambda d: d["cases"].pop(), "one per option"),
        (lambda d: d["cases"][2][0][1].pop(), "one entry for each of the strides"),
        (lambda d: d["residuals"][0][0][0].pop(), "one entry for each of the sizes"),
        (lambda d: d["cases"][2][0][1][0][0].update(error="no"), "shapes disagree"),
        (lambda d: d["cases"][0][0][1][0][0].update(error=""), "shapes disagree"),
        (lambda d: d["cases"][2][0][1][0][0].update(reads=99), "no place in patterns"),
        (lambda d: d["cases"][2][0][1][0][0].update(macs=-1), "numbers from 0"),
        (lambda d: d["cases"][1][1][0][0][0].update(error=""), "no error either"),
    ],
    "DepthAndSkip": [
        (lambda d: d.pop("note"), "lacks note"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["depths"].reverse(), "rising order"),
        (lambda d: d["nets"].pop("residual"), "lacks residual"),
        (lambda d: d["nets"]["plain"].pop(), "plain needs one net per depth"),
        (lambda d: d["nets"]["plain"][1].pop("macs"), "plain, 20 layers: the data"),
        (lambda d: d["nets"]["plain"][0].update(losses=[]), "one list per seed"),
        (lambda d: d["nets"]["residual"][3].update(losses=[]), "one list per seed"),
        (lambda d: d["nets"]["residual"][3]["losses"][1].pop(), "4 values, not 5"),
        (lambda d: d["nets"]["plain"][3].update(gradient="big"), "numbers from 0"),
        (
            lambda d: d["nets"]["plain"][3]["losses"][0].__setitem__(0, math.inf),
            "cannot draw inf",
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "spoil", "words"), [(n, *bad) for n in BAD for bad in BAD[n]]
)
def test_bad_data_is_refused_in_one_line(name, spoil, words, data):
    bad = copy.deepcopy(data[name])
    spoil(bad)
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        getattr(widgets, name)(bad)
    assert "\n" not in str(caught.value)


def test_plain_keeps_four_figures_and_refuses_what_json_cannot_hold():
    assert plain({"a": (1, 2.345678, None, True)}) == {"a": [1, 2.346, None, True]}
    for value in (math.nan, object()):
        with pytest.raises(UsageError):
            plain([value])


def test_input_size_counts_are_those_of_the_running_nets(data):
    """MACs by hand: each stage reads 3 × 3 cells of all channels, then the head."""
    found = data["InputSize"]
    for i, sides in enumerate(found["grids"]):
        channels = found["channels"]
        stages = sum(
            side**2 * 9 * before * after
            for side, before, after in zip(
                sides[1:], channels, channels[1:], strict=False
            )
        )
        for net in found["nets"]:
            assert net["macs"][i] == stages + net["features"][i] * 10
            assert net["head_parameters"][i] == net["features"][i] * 10 + 10


def test_importing_the_widgets_does_not_import_torch():
    code = "import sys, resnet_lessons.widgets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_scripts_are_short_and_set_text_only(path):
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) <= 200
    assert max(map(len, lines)) <= 88
    unsafe = "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(|https?://"
    found = [
        line for line in lines if re.search(unsafe, line) and "www.w3.org" not in line
    ]
    assert not found

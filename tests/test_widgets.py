"""The widgets without a browser: their data, their names, their scripts."""

import copy
import json
import math
import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output

from resnet_lessons import widgets
from resnet_lessons.errors import UsageError
from resnet_lessons.widgets.base import COMMENTS, plain
from widget_registry import MAKE, data_of

ROOT = Path(__file__).parents[1]
SCRIPTS = [
    *sorted((ROOT / "src" / "resnet_lessons" / "widgets").rglob("*.js")),
    ROOT / "book" / "assets" / "widgets.js",
]
REPRS = {
    "BlockOrder": "BlockOrder(6 orders, 3/9/27 blocks)",
    "DiffQuiz": "DiffQuiz(4 defects)",
    "ReceptiveField": (
        "ReceptiveField(3 × 3 (8), 5 × 5 (4), AlexNet (8), VGG-16 (18), "
        "Chapter 3's net (5))"
    ),
    "ResidualPlayground": "ResidualPlayground(2…64 layers, 160 + 80 digits)",
    "WhereParameters": (
        "WhereParameters(AlexNet, VGG-16, GoogLeNet, ResNet-50, 10…20000 classes)"
    ),
    "Freezing": "Freezing(5 parts, 20, 100, 500 pictures a class)",
    "WidthAndCost": "WidthAndCost(64…512 channels, squeezed 1/2/4/8 times)",
    "GradientNorms": "GradientNorms(8/20/56 layers, 8 ways to start)",
    "CamLayer": "CamLayer(stem…stage 3, block 2, 4 pictures)",
    "Convolution": "Convolution(C1, C3, C5)",
    "LossSurface": ("LossSurface(plain, 8 layers and residual, 8; 2 seeds, 2 planes)"),
    "ComputeByStage": "ComputeByStage(2 nets, 4 stems, 64…224 px)",
    "InputSize": "InputSize(16…320 px, 2 nets)",
    "GammaAtStart": "GammaAtStart(γ 0…1, 8/16/32 blocks)",
    "DepthAndSkip": "DepthAndSkip(8/20/32/56 layers, plain and residual, 3 seeds)",
    "SeedSpread": "SeedSpread(3 seeds, 1,200 pictures)",
    "ShapeMatcher": (
        "ShapeMatcher(16/32/64 channels, 5…8 px, identity/A/B/C/pool/none)"
    ),
}


def test_every_widget_is_tested():
    assert set(widgets.__all__) == set(MAKE) == set(REPRS)


@pytest.mark.parametrize("name", MAKE)
def test_state_is_small_json_and_the_repr_names_the_data(name):
    widget = getattr(widgets, name)(data_of(name))
    text = json.dumps(widget.get_state(), default=str)
    assert len(text.encode()) < 61_000
    assert repr(widget) == REPRS[name]
    again = getattr(widgets, name)(copy.deepcopy(data_of(name)))
    assert repr(again) == repr(widget)
    assert again.data == json.loads(json.dumps(widget.data))


@pytest.mark.parametrize("name", MAKE)
def test_a_notebook_stores_the_repr_beside_the_view(name):
    widget = getattr(widgets, name)(data_of(name))
    InteractiveShell.instance()
    with capture_output() as seen:
        display(widget)
    (shown,) = seen.outputs
    assert shown.data["text/plain"] == REPRS[name]
    view = shown.data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id


@pytest.mark.parametrize("name", MAKE)
def test_the_script_is_the_kit_and_the_widget_once(name):
    script = getattr(widgets, name)(data_of(name))._esm
    assert script.count("class Frame") == script.count(f"class {name} ") == 1
    assert script.count("export default") == 1


@pytest.mark.parametrize("name", MAKE)
def test_no_page_carries_the_comments(name):
    found = getattr(widgets, name)
    lines = f"{found._esm}\n{found._css}".splitlines()
    assert [line for line in lines if re.match(r" *(//|/?\*|\*/)", line)] == []
    assert "// milliseconds" in widgets.DepthAndSkip._esm  # behind code they stay


def test_what_is_no_comment_alone_on_its_lines_stays():
    text = "a /* b */\n/* c */ d\n/* e\n  f */\n  // g\nh // i\n/* j */\n"
    assert COMMENTS.sub("", text) == "a /* b */\n/* c */ d\nh // i\n"


STYLES = [
    *sorted((ROOT / "src" / "resnet_lessons" / "widgets").rglob("*.css")),
    ROOT / "book" / "assets" / "book.css",
]


def test_signs_drawn_by_a_style_are_not_read_out():
    """Old browsers know no text behind a slash: they take the line before it."""
    signs = [
        (path.name, line.strip())
        for path in STYLES
        for line in path.read_text("utf-8").splitlines()
        if re.search(r'content: "[^"]', line)
    ]
    assert len(signs) == 5
    twice = r'content: ("[^"]+"); content: \1 / "";'
    assert [sign for sign in signs if not re.search(twice, sign[1])] == []


def test_columns_fall_apart_at_one_width():
    """But for the one table that is wider than a small phone."""
    css = "".join(path.read_text("utf-8") for path in STYLES)
    widths = re.findall(r"@container \(max-width: (\w+)\)", css)
    assert set(widths) == {"40rem", "20rem"} and widths.count("20rem") == 1


def own_styles():
    """Each widget's own styles: name of its folder -> the selectors in them."""
    for path in (ROOT / "src" / "resnet_lessons" / "widgets").glob("*/widget.css"):
        other = re.compile(r"/\*.*?\*/|@[^{]+\{|\([^()]*\)", re.DOTALL)
        selectors = re.findall(r"([^{}]+)\{", other.sub("", path.read_text("utf-8")))
        yield path.parent.name, [s for group in selectors for s in group.split(",")]


def test_an_old_browser_has_the_light_colours():
    """Those without light-dark() have a palette of their own, the same one."""
    css = ROOT / "src" / "resnet_lessons" / "widgets" / "kit.css"
    modern, old = css.read_text("utf-8").split("@supports not")
    light = dict(re.findall(r"(--rl-[\w-]+): light-dark\((#\w+)", modern))
    assert len(light) == 10
    assert dict(re.findall(r"(--rl-[\w-]+): (#\w+);", old.split("@media")[0])) == light


def test_a_style_of_one_widget_reaches_no_other():
    """All that stand on a page share it: each selector names a class of its own."""
    owner = {}
    for name, selectors in own_styles():
        assert selectors
        for selector in selectors:
            own = set(re.findall(r"\.(?!rl\b)([a-z]+)", selector))
            assert own, f"{name}: {selector.strip()}"
            assert {owner.setdefault(one, name) for one in own} == {name}, selector


def surface(data, net, plane):
    return data["nets"][net]["seeds"][0]["planes"][plane]


def letter(data, wrong):
    rows = data["layers"][0]["maps"][0][0]
    rows[0] = wrong + rows[0][1:]


BAD = {
    "BlockOrder": [
        (lambda d: d["orders"][0].update(order="conv Bn +"), "LeakyReLU"),
        (lambda d: d["orders"][0].update(order="conv BN"), "one +"),
        (lambda d: d["cases"].pop(), "one row per order"),
        (lambda d: d["cases"][2].pop(), "one case per depth"),
        (lambda d: d["cases"][0][1]["mean"].pop(), "mean has 9 values, not 10"),
        (lambda d: d["cases"][0][1]["passed"].append(1.0), "passed has 10"),
        (lambda d: d["cases"][0][1].pop("untouched"), "lacks untouched"),
        (lambda d: d["cases"][0][0]["std"].__setitem__(0, -1.0), "from 0 up"),
        (lambda d: d["cases"][0][0]["mean"].__setitem__(0, None), "from 0 up"),
        (lambda d: d["cases"][0][0]["gradient"].__setitem__(-1, 0.0), "no gradient"),
        (lambda d: d.update(depths=[9, 3, 27]), "rising"),
        (lambda d: d.update(note=3), "one line of text"),
    ],
    "DiffQuiz": [
        (lambda d: d.pop("note"), "lacks note"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["questions"].clear(), "give at least one"),
        (lambda d: d["questions"][1].pop("why"), "question 2: the data lacks why"),
        (lambda d: d["questions"][1].update(title=""), "title is empty"),
        (lambda d: d["questions"][0]["rows"][0].__setitem__(0, "x"), "marks are"),
        (lambda d: d["questions"][0].update(rows=[[" ", "x"]]), "codes are the same"),
        (lambda d: d["questions"][2].update(wrong=[]), "no line counts as found"),
        (lambda d: d["questions"][2].update(wrong=[99]), "wrong names line 99"),
        (lambda d: d["questions"][3].update(right=3), "right names no effect"),
        (lambda d: d["questions"][3].update(effects=["a", "a"]), "two effects or more"),
        (lambda d: d["questions"][3].update(signs=[]), "signs are empty"),
        (lambda d: d["questions"][3]["signs"][0].__setitem__(1, 6), "three texts"),
    ],
    "LossSurface": [
        (lambda d: d.pop("guess"), "lacks guess"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["axis"].pop(), "0 in the middle"),
        (lambda d: d["axis"].reverse(), "must rise"),
        (lambda d: d["nets"].pop(), "compares two nets"),
        (lambda d: d["nets"][0].pop("name"), "net: the data lacks name"),
        (lambda d: d["nets"][1]["seeds"].pop(), "the same planes"),
        (lambda d: [n.update(seeds=[]) for n in d["nets"]], "at least one seed"),
        (lambda d: surface(d, 0, 1)["batch"].pop(), "plane 2: batch needs 7 rows"),
        (lambda d: surface(d, 1, 0)["running"][2].pop(), "a row has 6 values"),
        (lambda d: surface(d, 1, 0)["batch"][2].__setitem__(0, 0), "losses above 0"),
        (lambda d: surface(d, 0, 1).update(running=[[1.0]]), "the same planes"),
        (
            lambda d: [n["seeds"][1]["planes"].pop() for n in d["nets"]],
            "seeds need the",
        ),
    ],
    "CamLayer": [
        (lambda d: d.pop("layers"), "lacks layers"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d["pictures"].clear(), "at least one picture"),
        (lambda d: d.update(layers=d["layers"][:1]), "two layers or more"),
        (lambda d: d["pictures"][0].pop("mask"), "picture: the data lacks mask"),
        (lambda d: d["pictures"][0].update(image="x.png"), "must be a data address"),
        (lambda d: d["pictures"][0]["mask"].pop(), "mask must be square"),
        (lambda d: d["pictures"][0]["mask"].__setitem__(3, "z" * 12), "hexadecimal"),
        (lambda d: d["pictures"][0].update(mask=["0"] * 4), "the mask is empty"),
        (lambda d: d["pictures"][1].update(classes=[]), "one class or more"),
        (lambda d: d["pictures"][1]["probabilities"].pop(), "1 values, not 2"),
        (lambda d: d["pictures"][1].update(probabilities=[1, 2]), "from 0 to 1"),
        (lambda d: d["layers"][2]["maps"].pop(), "maps need one entry per picture"),
        (lambda d: d["layers"][2]["inside"].pop(), "inside need one entry"),
        (lambda d: d["layers"][2]["maps"][1].pop(), "one map for each class"),
        (lambda d: d["layers"][2]["maps"][1][0].pop(), "up to 16 rows"),
        (lambda d: d["layers"][2]["inside"].__setitem__(0, [2, 0]), "from 0 to 1"),
        (lambda d: letter(d, "!"), "a map holds letters"),
    ],
    "ReceptiveField": [
        (lambda d: d.pop("stacks"), "lacks stacks"),
        (lambda d: d["stacks"].clear(), "give one at least"),
        (lambda d: d["stacks"][1].pop("name"), "a stack: the data lacks name"),
        (lambda d: d["stacks"][1].update(layers=[]), "5 × 5: a stack has a layer"),
        (lambda d: d["stacks"][1]["depths"].pop(), "5 × 5: one depth per layer"),
        (lambda d: d["stacks"][2]["layers"][1].pop("pool"), "AlexNet: a layer: the"),
        (lambda d: d["stacks"][0]["depths"][2].pop("ways"), "3 × 3, depth 3: the"),
        (lambda d: d["stacks"][0]["depths"][2]["seen"].pop(), "3 values, not 4"),
        (lambda d: d["stacks"][0]["depths"][2]["seen"].reverse(), "the place itself"),
        (lambda d: d["stacks"][0]["depths"][2]["steps"].pop(), "steps has 3 values"),
        (lambda d: d["stacks"][0]["depths"][2]["ways"].pop(), "3 values, not 4"),
        (lambda d: d["stacks"][0]["depths"][0]["ways"].__setitem__(1, 2), "is 1."),
        (lambda d: d["stacks"][0]["depths"][0].update(weights=-9), "numbers from 0"),
    ],
    "WhereParameters": [
        (lambda d: d.pop("size"), "lacks size"),
        (lambda d: d["classes"].reverse(), "rising order"),
        (lambda d: d["heads"].pop(), "and a global average"),
        (lambda d: d["cases"].pop(), "one row per net"),
        (lambda d: d["cases"][2].pop(), "GoogLeNet: one case per head"),
        (lambda d: d["cases"][1][0].pop("macs"), "VGG-16, as published: the data"),
        (lambda d: d["cases"][1][1]["places"].pop(), "places has 5 values, not 6"),
        (lambda d: d["cases"][1][1]["places"].reverse(), "is a linear layer"),
        (lambda d: d["cases"][0][0]["macs"].pop(), "one list per class count"),
        (lambda d: d["cases"][0][0]["macs"][3].pop(), "5 values, not 6"),
        (lambda d: d["cases"][3][0]["macs"].__setitem__(0, [0] * 6), "without any"),
    ],
    "Freezing": [
        (lambda d: d.pop("learning"), "lacks learning"),
        (lambda d: d["macs"].pop(), "macs has 4 values, not 5"),
        (lambda d: d["seconds"].__setitem__(0, -1), "numbers from 0"),
        (lambda d: d["scratch"].pop(), "scratch: one list per count"),
        (lambda d: d["accuracy"][1].pop(), "100: one list per number of free parts"),
        (lambda d: d["accuracy"][0][2].pop(), "2 values, not 3"),
        (lambda d: d["accuracy"][0].__setitem__(1, []), "at least one seed"),
        (lambda d: d["scratch"][2].__setitem__(0, 71), "from 0 to 1"),
    ],
    "WidthAndCost": [
        (lambda d: d.pop("narrow"), "lacks narrow"),
        (lambda d: d["channels"].reverse(), "rising order"),
        (lambda d: d.update(squeezes=[4]), "rising order"),
        (lambda d: d["basic"].pop(), "basic: one entry per number of channels"),
        (lambda d: d["bottleneck"][1].pop(), "128 channels: one block per squeeze"),
        (lambda d: d["narrow"][2][1].pop("macs"), "squeeze 2: the data lacks macs"),
        (lambda d: d["bottleneck"][0][2]["macs"].pop(), "2 values, not 3"),
        (lambda d: d["bottleneck"][0][2]["channels"].pop(), "3 values, not 4"),
        (lambda d: d["basic"][3].update(kernels=[]), "without convolutions"),
        (lambda d: d["basic"][3]["macs"].__setitem__(0, 0), "without any work"),
        (lambda d: d["basic"].reverse(), "basic, 64 channels: 64 channels go in"),
        (lambda d: d["narrow"][0].reverse(), "squeeze 1: 64 channels go in"),
        (lambda d: d["basic"][0].update(kernels=[-1, 3]), "numbers from 0"),
    ],
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
    "Convolution": [
        (lambda d: d.pop("layers"), "lacks layers"),
        (lambda d: d["layers"].clear(), "give at least one"),
        (lambda d: d["layers"][1].pop("stride"), "the data lacks stride"),
        (lambda d: d["layers"][0].update(size=33), "C1: size must be 1 to 32"),
        (lambda d: d["layers"][2].update(stride=0), "C5: stride must be 1 to 4"),
        (lambda d: d["layers"][2].update(kernel=2.0), "C5: kernel must be 1 to 9"),
        (lambda d: d["layers"][2].update(padding=True), "C5: padding must be 0 to 4"),
        (lambda d: d["layers"][1].update(bias=1), "C3: bias is yes or no"),
    ],
    "InputSize": [
        (lambda d: d.pop("nets"), "lacks nets"),
        (lambda d: d.update(made_for=100), "made_for must be one of"),
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
    "SeedSpread": [
        (lambda d: d.pop("labels"), "lacks labels"),
        (lambda d: d.update(note=3), "one line of text"),
        (lambda d: d.update(classes=["one"]), "from two to ten names"),
        (lambda d: d.update(labels="01" * 25), "more than 50 pictures"),
        (lambda d: d.update(seeds=[]), "give at least one"),
        (lambda d: d["answers"].pop(), "one per seed"),
        (lambda d: d["answers"].__setitem__(1, [3]), "a string of digits"),
        (lambda d: d["answers"].__setitem__(2, "3" * 9), "seed 2 has 9 digits, not"),
        (lambda d: d.update(classes=["a", "b"]), "labels: a digit that is no class"),
        (lambda d: d["answers"].__setitem__(0, "x" * 1200), "seed 0: a digit that"),
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
def test_bad_data_is_refused_in_one_line(name, spoil, words):
    bad = copy.deepcopy(data_of(name))
    spoil(bad)
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        getattr(widgets, name)(bad)
    assert "\n" not in str(caught.value)


def test_plain_keeps_four_figures_and_refuses_what_json_cannot_hold():
    assert plain({"a": (1, 2.345678, None, True)}) == {"a": [1, 2.34568, None, True]}
    for value in (math.nan, object()):
        with pytest.raises(UsageError):
            plain([value])


def test_input_size_counts_are_those_of_the_running_nets():
    """MACs by hand: each stage reads 3 × 3 cells of all channels, then the head."""
    found = data_of("InputSize")
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


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_scripts_are_short_and_set_text_only(path):
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) <= 240
    assert max(map(len, lines)) <= 95
    unsafe = "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(|https?://"
    found = [
        line for line in lines if re.search(unsafe, line) and "www.w3.org" not in line
    ]
    assert not found

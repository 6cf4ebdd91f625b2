"""ReceptiveField and WhereParameters in a real Chromium, against their data."""

import itertools

import pytest
from selenium.webdriver.common.keys import Keys

from resnet_lessons import probes
from resnet_lessons.probes import Window
from resnet_lessons.widgets import ReceptiveField, WhereParameters
from widget_looks import inside, said, shares, text
from widget_page import open_page, press, slide
from widget_registry import widget

pytestmark = pytest.mark.browser

FIELD, WHERE = 0, 1  # their order on the page


@pytest.fixture(scope="module")
def shown():
    return [widget("ReceptiveField"), widget("WhereParameters")]


BOXES = """return [...document.querySelectorAll(arguments[0])]
  .map(node => node.getBoundingClientRect()).map(b => [b.left, b.width])"""
# The receptive field -----------------------------------------------------------------


@pytest.mark.parametrize(("stack", "depth"), [(0, 1), (0, 8), (2, 4), (3, 18), (4, 2)])
def test_the_field_shows_the_data_at_every_depth(page, shown, stack, depth):
    press(page, FIELD, stack)
    slide(page, FIELD, depth - 1)
    given = shown[FIELD].data["stacks"][stack]
    found = given["depths"][depth - 1]
    assert text(page, FIELD, ".field-count") == [str(n) for n in found["seen"]]
    side, step = found["seen"][0], found["steps"][-1]
    last = given["depths"][-1]
    span = last["seen"][0] + 2 * last["steps"][-1]
    frame, square, other = (
        page.js(BOXES, f".{name}")[0]
        for name in ("field-frame", "field-square", "field-next")
    )
    scale = frame[1] / span
    assert square[1] / scale == pytest.approx(side, abs=0.05 * side + 0.1)
    assert (other[0] - square[0]) / scale == pytest.approx(step, abs=0.02 * span)
    assert text(page, FIELD, ".field-text") == [
        f"{found['weights']:,}",
        f"{side**2:,}",
    ]
    top = max(found["weights"], side**2)
    bars = shares(page, ".field-row .rl-bar span")
    assert bars == pytest.approx([found["weights"] / top, side**2 / top], abs=0.005)
    assert f"{side} × {side} pixels" in said(page, FIELD)


def test_cells_are_as_many_as_places_are_seen(page, shown):
    press(page, FIELD, 1)
    slide(page, FIELD, 2)
    seen = shown[FIELD].data["stacks"][1]["depths"][2]["seen"]
    cells = page.js(
        "return [...document.querySelectorAll('.field-cell')]"
        ".map(path => path.getAttribute('d').split('M').length - 1)"
    )
    assert cells == seen == [13, 9, 5, 1]


def test_the_bars_at_the_foot_are_the_ways(page, shown):
    press(page, FIELD, 0)
    slide(page, FIELD, 2)
    heights = page.js(
        "return [...document.querySelector('.field-way').getAttribute('d')"
        ".matchAll(/v([\\d.]+)/g)].map(found => Number(found[1]))"
    )
    ratios = [height / max(heights) for height in heights]
    assert ratios == pytest.approx([n / 7 for n in (1, 3, 6, 7, 6, 3, 1)], abs=0.03)
    ways = shown[FIELD].data["stacks"][0]["depths"][2]["ways"]
    assert ratios[:4] == pytest.approx(ways, abs=0.03)


def test_another_stack_brings_its_own_slider(page):
    slide(page, FIELD, 7)
    press(page, FIELD, 3)
    (slider,) = inside(page, FIELD, "input[type=range]")
    assert slider.get_attribute("max") == "17"
    assert text(page, FIELD, "output") == ["8, last: 3 × 3"]  # as many as before
    press(page, FIELD, 1)  # it has no more than four
    assert text(page, FIELD, "output") == ["4, last: 5 × 5"]
    assert "first four layers sees 17 × 17" in said(page, FIELD)
    press(page, FIELD, 3)
    assert text(page, FIELD, "output") == ["8, last: 3 × 3"]
    press(page, FIELD, 1)
    inside(page, FIELD, ".rl-step")[0].send_keys(Keys.ENTER)
    press(page, FIELD, 3)
    assert text(page, FIELD, "output") == ["3, last: pool 2 × 2, stride 2"]


def test_the_sentence_compares_the_stack_with_one_kernel(page):
    slide(page, FIELD, 2)
    assert "27 weights for each pair of channels and 3 ReLUs" in said(page, FIELD)
    assert "has 49, 1.8 times as many" in said(page, FIELD)
    slide(page, FIELD, 0)
    assert "A stack of one is that kernel itself" in said(page, FIELD)
    press(page, FIELD, 2)
    slide(page, FIELD, 0)
    assert "its neighbour sees as many, 4 pixels further" in said(page, FIELD)


def test_pools_alone_have_no_weights_to_compare(browser, tmp_path):
    stack = [Window(2, 2, True), Window(3)]
    widget = ReceptiveField(probes.fields_by_depth({"pool first": stack}))
    open_page(browser, tmp_path, widget)
    slide(browser, 0, 0)
    assert "has 4, and one ReLU" in said(browser, 0)


# Where the parameters are ------------------------------------------------------------


@pytest.mark.parametrize(("net", "head", "classes"), [(0, 0, 2), (1, 1, 0), (3, 0, 3)])
def test_the_wings_are_the_shares_of_the_chosen_net(page, shown, net, head, classes):
    press(page, WHERE, net, 4 + head)
    slide(page, WHERE, classes)
    case = shown[WHERE].data["cases"][net][head]
    assert text(page, WHERE, ".where-part b") == case["parts"]
    for kind, side in (("parameters", "left"), ("macs", "right")):
        values = case[kind][classes]
        want = [value / sum(values) for value in values]
        drawn = shares(page, f".where-{side} .rl-bar span")
        assert drawn == pytest.approx(want, abs=0.005)
    below = [number == 1 for number in case["places"]]
    linear = page.js(
        "return [...document.querySelectorAll('.where-left .rl-bar span')]"
        ".map(bar => bar.closest('.where-linear') !== null)"
    )
    assert linear == below


def test_a_convolution_on_a_single_place_is_no_linear_layer(browser, tmp_path):
    found = probes.where_parameters({"LeNet": "lenet-5"}, [10, 20], size=32)
    open_page(browser, tmp_path, WhereParameters(found))
    case = found["cases"][0][0]
    linear = [name.startswith("linear") for name in case["parts"]]
    assert case["places"].count(1) > sum(linear) > 0
    parameters = case["parameters"][0]
    share = sum(itertools.compress(parameters, linear)) / sum(parameters)
    assert f"{share:.0%}".replace("%", " % of them in linear") in said(browser, 0)


@pytest.mark.parametrize(("head", "classes"), [(0, 2), (1, 3)])
def test_all_nets_are_drawn_to_one_scale(page, shown, head, classes):
    press(page, WHERE, 2, 4 + head)
    slide(page, WHERE, classes)
    cases = shown[WHERE].data["cases"]
    for kind in ("parameters", "macs"):
        totals = [[sum(c[kind][classes]) for c in row] for row in cases]
        top = max(max(row) for row in totals)
        drawn = page.js(
            "return [...document.querySelectorAll(arguments[0])].map(track => "
            "[...track.children].reduce((sum, bar) => sum + bar.getBoundingClientRect()"
            ".width, 0) / track.getBoundingClientRect().width)",
            f".where-{kind} .rl-bar",
        )
        assert drawn == pytest.approx([row[head] / top for row in totals], abs=0.01)
    assert text(page, WHERE, ".where-on [role=rowheader]") == ["GoogLeNet"]


def test_the_sentence_says_what_the_other_head_does(page, shown):
    press(page, WHERE, 1, 4)
    slide(page, WHERE, 2)
    assert "138 million parameters, 89 % of them in linear layers" in said(page, WHERE)
    assert "would save 89 % of the parameters and 0.8 % of the" in said(page, WHERE)
    press(page, WHERE, 5)
    assert "has saved 89 % of the parameters" in said(page, WHERE)
    press(page, WHERE, 3)
    assert "ends in a global average as it was published" in said(page, WHERE)
    before = said(page, WHERE)
    inside(page, WHERE, ".rl-step")[1].send_keys(Keys.ENTER)
    assert "20,000 classes" in said(page, WHERE) != before


# Both --------------------------------------------------------------------------------


def test_the_tables_have_all_their_rows(page):
    for which, rows in ((FIELD, 3), (WHERE, 5 + 10)):
        assert len(inside(page, which, "[role=row]")) == rows

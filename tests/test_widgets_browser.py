"""The runtime of a page without kernel and network, in a real Chromium."""

import json
import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import serving
from resnet_lessons.figures import number
from resnet_lessons.widgets import InputSize
from widget_looks import HEAR, HEARD, inside, text
from widget_page import drawn, open_page, write_page
from widget_registry import MAKE, widget

pytestmark = pytest.mark.browser

GROUND = "getComputedStyle(document.querySelector('.rl-inner')).backgroundColor"
GROUNDS = {False: "rgb(255, 255, 255)", True: "rgb(22, 26, 32)"}  # dark?


@pytest.fixture(scope="module")
def shown():
    return [widget("InputSize"), widget("GammaAtStart")]


def notes(browser, page, lost, put):
    """What is said instead of the first of two widgets, with `lost` replaced in the
    page by `put`.
    """
    html = page.read_text("utf-8")
    assert lost in html
    page.write_text(html.replace(lost, put), "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(1))
    (note,) = browser.driver.find_elements(By.CSS_SELECTOR, "[role=note]")
    return note.text


def test_widgets_draw_over_http_too(browser, shown, tmp_path):
    write_page(tmp_path, shown)
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        browser.wait(drawn(2))
        assert browser.errors() == [] == browser.outside()


def test_two_views_of_one_widget_do_not_share_their_knob(browser, shown, tmp_path):
    open_page(browser, tmp_path, [shown[0], shown[0]])
    inside(browser, 0, "input")[0].send_keys(Keys.END)
    assert text(browser, 0, "output") == ["320 px"]
    assert text(browser, 1, "output") == ["128 px"]


def test_other_keys_still_reach_the_page(page):
    page.js(
        "window.heard = []; document.addEventListener('keydown', "
        "e => window.heard.push(e.key), true)"
    )
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.ARROW_RIGHT, "j")
    assert page.js("return window.heard") == ["j"]  # JupyterLab would take the arrow


@pytest.mark.parametrize("theme", ["light", "dark", None])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_of_the_page_wins_over_the_system(
    browser, shown, tmp_path, theme, system
):
    page = write_page(tmp_path, shown, theme or "")
    if not theme:
        html = page.read_text("utf-8").replace(' data-theme=""', "")
        page.write_text(html, "utf-8")
    browser.open(page.as_uri(), dark=system == "dark")
    browser.wait(drawn(2))
    dark = (theme or system) == "dark"
    assert browser.js(f"return {GROUND}") == GROUNDS[dark]


@pytest.mark.parametrize(
    ("classes", "dark"),
    [
        ("vscode-light", False),
        ("vscode-dark", True),
        ("vscode-high-contrast", True),
        ("vscode-high-contrast vscode-high-contrast-light", False),
    ],
)
def test_the_theme_of_vs_code_wins_over_the_system(
    browser, shown, tmp_path, classes, dark
):
    page = write_page(tmp_path, shown)
    html = page.read_text("utf-8").replace(' data-theme="light"', "")
    page.write_text(html.replace("<body>", f'<body class="{classes}">'), "utf-8")
    browser.open(page.as_uri(), dark=not dark)
    browser.wait(drawn(2))
    assert browser.js(f"return {GROUND}") == GROUNDS[dark]


TITLE = "return document.querySelector('.rl-title').getBoundingClientRect().height"


def test_small_pages_do_not_make_small_widgets(browser, shown, tmp_path):
    usual = open_page(browser, tmp_path, shown).js(TITLE)
    page = write_page(tmp_path, shown)
    small = page.read_text("utf-8").replace("<style>", "<style>html{font-size:10px}")
    page.write_text(small, "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(2))
    assert browser.js(TITLE) == pytest.approx(usual, rel=0.05)


def test_nothing_is_read_out_before_a_knob_is_turned(browser, tmp_path):
    page = write_page(tmp_path, [widget(name) for name in MAKE])
    html = page.read_text("utf-8").replace("<style>", f"{HEAR}<style>")
    page.write_text(html, "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(len(MAKE)))
    assert browser.js(HEARD) == []
    inside(browser, 0, "input[type=range]")[0].send_keys(Keys.ARROW_LEFT)
    heard = [text.replace("\u00a0", " ") for text in browser.js(HEARD)]
    assert heard == text(browser, 0, ".rl-seen")


def test_the_same_sentence_is_said_again_when_it_comes_again(browser, tmp_path):
    """A screen reader passes over a text that does not change."""
    page = open_page(browser, tmp_path, widget("DiffQuiz"))
    live = "document.querySelector('.rl-live').textContent"
    check = inside(page, 0, ".quiz-check")[0]
    heard = []
    for _ in range(3):
        check.click()
        before = page.js(f"return {live}")
        page.wait(f"{live} !== {json.dumps(before)}")
        heard.append(page.js(f"return {live}"))
    assert "Pick a line" in heard[0]
    assert len({words.rstrip("\u00a0") for words in heard}) == 1
    assert heard[0] == heard[2] != heard[1]


@pytest.fixture
def kit(browser):
    """Evaluates an expression that knows some names of the kit."""
    names = "short, portion, percent, dims, LineChart"
    browser.open("about:blank")
    browser.js(
        "return import(URL.createObjectURL(new Blob([arguments[0]], "
        "{ type: 'text/javascript' }))).then(found => { window.kit = found; });",
        f"{InputSize._esm}\nexport {{ {names} }}",
    )
    return lambda body, *values: browser.js(
        f"const {{ {names} }} = window.kit; return {body}", *values
    )


NUMBERS = [
    0.0, 1.0, 5.2, 0.5, 12.0, 0.001234, 0.000987, 0.00099999, 9.999, 99.96, 999.6,
    1234.0, 27_200.0, 123_456.0, 999_499.0, 999_999.0, 1.2e6, 2e-11, -0.25, -1.0, -4e-7,
]  # fmt: skip


@pytest.mark.parametrize("digits", [2, 3])
def test_texts_have_the_numbers_of_the_chapters_around_them(kit, digits):
    found = kit("arguments[0].map(v => short(v, arguments[1]))", NUMBERS, digits)
    want = [number(value, digits) for value in NUMBERS]
    assert [text.replace("\u00a0", " ") for text in found] == want
    assert kit("short(5.2)") == "5.20"


def test_a_number_and_its_sign_stay_on_one_line(kit):
    script = "[short(2e-11), portion(0.34), portion(1e-9), percent(0.61), dims([3, 8])]"
    found = kit(script)
    assert [text.replace("\u00a0", " ") for text in found] == [
        "2.00 × 10⁻¹¹", "34 %", "< 0.1 %", "61.0 %", "3 × 8"
    ]  # fmt: skip
    assert " " not in "".join(found)


CHART = """(() => {
  const chart = new LineChart({ title: "Loss", xLabel: "step", yLabel: "loss",
    legend: arguments[0] });
  chart.scale({ x: [0, 2], y: [0, 3] });
  chart.draw([{ look: "ghost", points: [[0, 1], [2, 1]] },
    { look: "second", points: [[0, 3], [1, 2], [2, 0.25]] },
    { look: "accent", points: [] }]);
  return [...chart.node.querySelectorAll("svg[role=img]")].map(svg => svg.ariaLabel);
})()"""


def test_a_chart_says_where_its_lines_begin_and_end(kit):
    legend = [{"look": "second", "label": "held-out"}]
    assert kit(CHART, legend) == ["Loss. held-out: 3.00 to 0.250"]
    assert kit(CHART, []) == ["Loss. loss: 3.00 to 0.250"]


def test_every_chart_of_the_playground_has_its_lines_in_words(browser, tmp_path):
    page = open_page(browser, tmp_path, widget("ResidualPlayground"))
    names = [svg.accessible_name for svg in inside(page, 0, "svg[role=img]")]
    assert len(names) == 3
    assert re.fullmatch(r"Loss\. held-out .+; training .+; guessing: .+", names[0])
    assert all(re.search(r": \S.* to \S", name) for name in names)


@pytest.mark.parametrize(("room", "kept"), [(700, 1), (900, 0)])
def test_room_is_kept_by_the_width_at_which_columns_fall_apart(
    browser, shown, tmp_path, room, kept
):
    """40rem, whatever a rem is: of 20 px, that is 800 px."""
    page = write_page(tmp_path, shown[:1])
    look = f"html {{ font-size: 20px }} main {{ width: {room}px }}"
    html = page.read_text("utf-8").replace("</style>", f"{look}</style>")
    wide = html.replace("max-width: 46rem; margin: auto; padding: 1rem;", "")
    page.write_text(wide, "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(1))
    (cell,) = browser.driver.find_elements(By.CSS_SELECTOR, ".cell_output > div")
    room = f"{shown[0].reserve[kept]}px"
    assert cell.value_of_css_property("min-height") == room
    stages = inside(browser, 0, ".size-stages")[0]
    column = stages.value_of_css_property("flex-direction") == "column"
    assert column == bool(kept)


def test_a_broken_widget_says_so_in_one_line(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    note = notes(browser, page, "class InputSize {", "class InputSize ((")
    assert re.fullmatch(r"This picture could not be drawn: .+\.", note)
    height = "document.querySelector('[role=note]').offsetHeight"
    assert browser.js(f"return {height}") < 100
    browser.look("phone")
    browser.wait("innerWidth === 390")
    assert browser.js(f"return {height}") < 100
    assert len(browser.errors()) == 1


def test_a_widget_without_state_says_so(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    view = f'"model_id": "{shown[0].model_id}"'
    note = notes(browser, page, view, '"model_id": "lost"')
    assert "needs a running notebook" in note

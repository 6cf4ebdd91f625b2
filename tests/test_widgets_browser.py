"""Each widget in a real Chromium, on a page without kernel and network."""

import re
from math import log10

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import SIZES, chromium, serving
from resnet_lessons.widgets import GammaAtStart, InputSize
from widget_data import gamma_data, input_size_data
from widget_page import write_page

pytestmark = pytest.mark.browser

DRAWN = "document.querySelectorAll('.rl-inner').length === 2"
MAKE = {InputSize: input_size_data, GammaAtStart: gamma_data}
INPUT, GAMMA = 0, 1  # their order on the page
GROUNDS = {False: "rgb(255, 255, 255)", True: "rgb(22, 26, 32)"}  # dark?
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shown():
    return [widget(make()) for widget, make in MAKE.items()]


@pytest.fixture(scope="module")
def folder(shown, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_page(folder, shown)
    return folder


@pytest.fixture
def page(browser, folder):
    """The page with both widgets, drawn, from a file; clean when the test is over."""
    browser.open((folder / "page.html").as_uri())
    browser.wait(DRAWN)
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []


def inside(page, which, css):
    roots = page.driver.find_elements(By.CSS_SELECTOR, ".rl-inner")
    return roots[which].find_elements(By.CSS_SELECTOR, css)


def text(page, which, css):
    return [node.text for node in inside(page, which, css)]


def drawing(page, which):
    """All that is drawn, as one string: changes when anything in it does."""
    script = "return document.querySelectorAll('.rl-body')[arguments[0]].outerHTML"
    return page.js(script, which)


def test_widgets_draw_over_http_too(browser, folder):
    with serving(folder) as address:
        browser.open(f"{address}/page.html")
        browser.wait(DRAWN)
        assert browser.errors() == [] == browser.outside()


def test_two_views_of_one_widget_do_not_share_their_knob(browser, shown, tmp_path):
    browser.open(write_page(tmp_path, [shown[0], shown[0]]).as_uri())
    browser.wait(DRAWN)
    inside(browser, 0, "input")[0].send_keys(Keys.END)
    assert text(browser, 0, "output") == ["320 px"]
    assert text(browser, 1, "output") == ["128 px"]


def test_input_size_shows_the_data_at_every_size(page, shown):
    data = shown[INPUT].data
    slider = inside(page, INPUT, "input[type=range]")[0]
    slider.send_keys(Keys.HOME)
    for i, size in enumerate(data["sizes"]):
        assert slider.get_attribute("aria-valuetext") == f"{size} px"
        pairs = zip(data["grids"][i], data["channels"], strict=True)
        shapes = [f"{side}×{side}×{channels}" for side, channels in pairs]
        assert text(page, INPUT, ".size-shape") == shapes
        for k, net in enumerate(data["nets"]):
            bars = text(page, INPUT, ".size-bar b")[2 * k : 2 * k + 2]
            assert bars == [f"{net['features'][i]:,}", f"{net['expects']:,}"]
            fits = net["features"][i] == net["expects"]
            assert text(page, INPUT, ".size-verdict")[k][0] == ("✓" if fits else "✗")
            costs = text(page, INPUT, ".size-card dd")[2 * k : 2 * k + 2]
            macs = f"{net['macs'][i] / 1e6:.1f} million"
            assert costs == [f"{net['head_parameters'][i]:,}", macs]
        slider.send_keys(Keys.ARROW_RIGHT)


@pytest.mark.parametrize("steps", [0, 5])
def test_input_size_squares_are_to_one_scale(page, shown, steps):
    slider = inside(page, INPUT, "input[type=range]")[0]
    slider.send_keys(Keys.END, Keys.ARROW_LEFT * steps)
    boxes = page.js(
        "return [...document.querySelectorAll('.size-square')]"
        ".map(node => node.getBoundingClientRect()).map(b => [b.width, b.height])"
    )
    sides = shown[INPUT].data["grids"][-1 - steps]
    scale = [
        size / side for box, side in zip(boxes, sides, strict=True) for size in box
    ]
    assert max(scale) - min(scale) < 0.01 * max(scale)


def test_buttons_step_the_slider_and_stop_at_its_ends(page):
    less, more = inside(page, GAMMA, ".rl-step")
    assert [less.accessible_name, more.accessible_name] == [
        "γ at the start: less",
        "γ at the start: more",
    ]
    less.click()
    assert text(page, GAMMA, "output") == ["γ = 0"]
    before = drawing(page, GAMMA)
    more.click()
    more.send_keys(Keys.ENTER)
    more.send_keys(Keys.SPACE)
    assert text(page, GAMMA, "output") == ["γ = 0.3"]
    assert drawing(page, GAMMA) != before
    for _ in range(12):
        more.click()
    assert text(page, GAMMA, "output") == ["γ = 1"]


def values(page, chart, look):
    """What the dots of one look say, read off against the numbers on the axis.

    On an axis of powers of ten these are the powers; None is the band marked 0.
    """
    dots, labels = page.js(HEIGHTS, chart, look)
    zero = [y for text, y in labels if text == "0"]
    powers = any(text.startswith("10") for text, _ in labels)
    axis = sorted(
        (int(text[2:].translate(POWERS)) if powers else float(text), y)
        for text, y in labels
        if not (powers and text == "0")
    )
    (low, bottom), (high, top) = axis[0], axis[-1]
    assert bottom > top
    return [
        None
        if powers and zero and abs(y - zero[0]) < 1
        else low + (high - low) * (bottom - y) / (bottom - top)
        for y in dots
    ]


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("steps", [0, 4, 10])
def test_gamma_draws_the_data(page, shown, depth, steps):
    data = shown[GAMMA].data
    inside(page, GAMMA, ".rl-choice button")[depth].click()
    inside(page, GAMMA, "input[type=range]")[0].send_keys(Keys.ARROW_RIGHT * steps)
    seen = values(page, 0, "accent")
    assert seen == pytest.approx(data["std"][depth][steps], abs=0.02)
    for look, name in (("accent", "gradient"), ("second", "inner_gradient")):
        norms = data[name][depth][steps]
        powers = [log10(norm) if norm else None for norm in norms]
        assert (None in powers) == (name == "inner_gradient" and steps == 0)
        seen = values(page, 1, look)
        assert [p is None for p in seen] == [p is None for p in powers]
        assert [p for p in seen if p] == pytest.approx(
            [p for p in powers if p], abs=0.03
        )


def test_gamma_depth_and_grey_lines_follow_their_controls(page, shown):
    buttons = inside(page, GAMMA, ".rl-choice button")
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["false"] * 2 + [
        "true"
    ]
    buttons[0].send_keys(Keys.ENTER)
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["true"] + [
        "false"
    ] * 2
    assert len(values(page, 0, "accent")) == 8 + 1
    grey = "svg[role=img] .rl-ghost"
    assert len(inside(page, GAMMA, grey)) == 2 * len(shown[GAMMA].data["gammas"])
    inside(page, GAMMA, "input[type=checkbox]")[0].send_keys(Keys.SPACE)
    assert inside(page, GAMMA, grey) == []


def test_what_is_seen_is_said_politely_with_the_values(page, shown):
    data = shown[GAMMA].data
    slider = inside(page, GAMMA, "input[type=range]")[0]
    assert "exactly 0" in text(page, GAMMA, ".rl-seen")[0]
    slider.send_keys(Keys.END)
    sentence = text(page, GAMMA, ".rl-seen")[0]
    for value in (data["std"][2][10][-1], data["inner_gradient"][2][10][0]):
        assert f"{value:.3g}" in sentence
    live = inside(page, GAMMA, "[aria-live=polite]")[0]
    page.wait("document.querySelectorAll('.rl-live')[1].textContent.includes('γ = 1')")
    assert live.get_attribute("textContent") == sentence


def test_every_control_and_picture_has_a_name(page):
    css = "input, button, svg[role=img], [role=group]"
    for which in (INPUT, GAMMA):
        controls = inside(page, which, css)
        assert len(controls) >= 3
        assert all(c.accessible_name.strip() for c in controls)
    bare = "svg:not([role=img]):not([aria-hidden=true])"
    assert inside(page, INPUT, bare) == inside(page, GAMMA, bare) == []


def test_tab_reaches_every_control(page):
    controls = inside(page, INPUT, "input, button") + inside(
        page, GAMMA, "input, button"
    )
    page.js("document.activeElement.blur(); window.scrollTo(0, 0)")
    for control in controls:
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        assert page.driver.switch_to.active_element == control


def test_other_keys_still_reach_the_page(page):
    page.js(
        "window.heard = []; document.addEventListener('keydown', "
        "e => window.heard.push(e.key), true)"
    )
    slider = inside(page, INPUT, "input[type=range]")[0]
    slider.send_keys(Keys.ARROW_RIGHT, "j")
    assert page.js("return window.heard") == ["j"]  # JupyterLab would take the arrow


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_all_fits_and_can_be_read(browser, shown, tmp_path, size, theme):
    browser.open(write_page(tmp_path, shown, theme).as_uri(), size)
    browser.wait(DRAWN)
    assert browser.sideways() <= 0
    assert browser.js(SPILLED) == []
    weak = [found for found in browser.js(CONTRAST) if found[0] < 4.5]
    assert weak == []
    small = [found for found in browser.js(FONTS) if found[0] < 10.5]
    assert small == []


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
    browser.wait(DRAWN)
    ground = "getComputedStyle(document.querySelector('.rl-inner')).backgroundColor"
    dark = (theme or system) == "dark"
    assert browser.js(f"return {ground}") == GROUNDS[dark]


@pytest.mark.parametrize("size", SIZES)
def test_the_text_below_does_not_jump(browser, folder, size):
    browser.open((folder / "page.html").as_uri(), size)
    browser.wait(DRAWN)
    for node in browser.driver.find_elements(By.CSS_SELECTOR, ".cell_output > div"):
        room = float(node.value_of_css_property("min-height").removesuffix("px"))
        height = node.find_element(By.CSS_SELECTOR, ".rl").rect["height"]
        assert abs(height - room) < 0.1 * room, node.text[:30]
    shifts = browser.js(SHIFTS)
    assert sum(shifts) < 0.02


@pytest.mark.parametrize("which", [INPUT, GAMMA])
def test_a_slider_step_takes_less_than_a_frame(page, which):
    """In CPU time of the page's thread, so that a busy machine does not count."""
    page.driver.execute_cdp_cmd("Performance.enable", {})
    before = thread_seconds(page)
    steps = page.js(STEP, which)
    spent = 1000 * (thread_seconds(page) - before) / steps
    print(f"CPU ms per step, widget {which}: {spent:.2f}")
    assert steps >= 30
    assert 0 < spent < 16


def thread_seconds(page):
    found = page.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(m["value"] for m in found if m["name"] == "ThreadTime")


def test_print_keeps_the_picture_and_drops_the_knobs(page):
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not any(n.is_displayed() for n in inside(page, GAMMA, ".rl-row, .rl-toggle"))
    assert all(n.is_displayed() for n in inside(page, GAMMA, "svg[role=img], output"))
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_broken_widget_says_so_in_one_line(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    broken = page.read_text("utf-8").replace("class InputSize {", "class InputSize ((")
    page.write_text(broken, "utf-8")
    browser.open(page.as_uri())
    browser.wait("document.querySelectorAll('.rl-inner').length === 1")
    (note,) = browser.driver.find_elements(By.CSS_SELECTOR, "[role=note]")
    assert re.fullmatch(r"This picture could not be drawn: .+\.", note.text)
    assert len(browser.errors()) == 1


def test_a_widget_without_state_says_so(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    lost = page.read_text("utf-8").replace(
        f'"model_id": "{shown[0].model_id}"', '"model_id": "lost"'
    )
    page.write_text(lost, "utf-8")
    browser.open(page.as_uri())
    browser.wait("document.querySelectorAll('.rl-inner').length === 1")
    (note,) = browser.driver.find_elements(By.CSS_SELECTOR, "[role=note]")
    assert "needs a running notebook" in note.text
    browser.errors()


# Heights of the dots of one look, and [text, height] of the numbers on the axis.
HEIGHTS = """
const chart = document.querySelectorAll('.rl-chart')[arguments[0]];
const middle = node => { const b = node.getBBox(); return b.y + b.height / 2; };
return [[...chart.querySelectorAll(`svg[role=img] .rl-dot.rl-${arguments[1]}`)]
  .map(middle), [...chart.querySelectorAll('.rl-axes text[text-anchor=end]')]
  .map(text => [text.textContent, Number(text.getAttribute('y')) - 4])];
"""

# Elements of a widget that stick out of it on the right.
SPILLED = """
return [...document.querySelectorAll('.rl-inner')].flatMap(root => {
  const right = root.getBoundingClientRect().right;
  return [...root.querySelectorAll('*:not(.rl-live)')]
    .filter(node => node.getBoundingClientRect().right > right)
    .map(node => node.className || node.tagName);
});
"""

# [contrast with the nearest painted ground, text] of each text in a widget.
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = c => { const [r, g, b] = parse(c).slice(0, 3).map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = node => { const c = getComputedStyle(node).backgroundColor;
  const [, , , a = 1] = parse(c); return a > 0.5 ? c : ground(node.parentElement); };
return [...document.querySelectorAll('.rl-inner *')]
  .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
  .map(n => { const style = getComputedStyle(n);
    const text = light(n instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [text, light(ground(n))].sort((p, q) => q - p);
    return [(a + 0.05) / (b + 0.05), n.textContent]; });
"""

# [height in px on the screen, text] of each text in a widget.
FONTS = """
return [...document.querySelectorAll('.rl-inner *')]
  .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
  .map(n => { const size = parseFloat(getComputedStyle(n).fontSize);
    const svg = n.ownerSVGElement;
    return [svg ? size * svg.getScreenCTM().a : size, n.textContent]; });
"""

# How much of the page moved while it loaded, as Chromium counts it.
SHIFTS = """
return new Promise(done => {
  const seen = [];
  new PerformanceObserver(list => seen.push(...list.getEntries().map(e => e.value)))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(seen), 300);
});
"""

# Three rounds through the slider's values, with layout; returns how many steps.
STEP = """
const root = document.querySelectorAll('.rl-inner')[arguments[0]];
const input = root.querySelector('input[type=range]');
let steps = 0;
for (let round = 0; round < 3; round += 1) {
  for (let value = 0; value <= input.max; value += 1) {
    input.value = value;
    input.dispatchEvent(new Event('input'));
    root.getBoundingClientRect();
    steps += 1;
  }
}
return steps;
"""

"""ResidualPlayground on a page without kernel and network, in a real Chromium."""

import re
import time

import numpy as np
import pytest
import torch
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from playground_twin import START, pixels, trait, twin
from resnet_lessons.figures import number
from widget_looks import POWERS
from widget_page import open_page
from widget_registry import widget

pytestmark = pytest.mark.browser

SAID = "document.querySelector('.rl-seen').textContent"
# Not the plain net it opens with: that one is chaotic, see the test of the engine.
BASE = START | {"skip": True}
LOSS, GRADIENT, ACTIVATION = 1, 4, 5  # among the figures


@pytest.fixture
def shown():
    return widget("ResidualPlayground")


@pytest.fixture
def page(browser, shown, tmp_path):
    """The page, drawn, at rest (motion is unwanted); clean when the test is over."""
    open_page(browser, tmp_path, shown)
    browser.js("document.querySelector('.play-buttons').scrollIntoView()")
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []
    assert "NaN" not in browser.js("return document.body.outerHTML")


def said(page):
    return page.js(f"return {SAID}").replace("\u00a0", " ")


def step(page):
    found = re.search(r"step ([\d,]+)", said(page))
    return int(found[1].replace(",", ""))


def button(page, name):
    return page.driver.find_element(By.XPATH, f"//button[normalize-space()='{name}']")


def press(page, name, times=1):
    """Click a button, so many times in one call: each way to Chromium takes long."""
    script = "for (let i = 0; i < arguments[1]; i += 1) arguments[0].click()"
    page.js(script, button(page, name), times)


def slide(page, label, *keys):
    css = f"input[type=range][aria-label='{label}']"
    page.driver.find_element(By.CSS_SELECTOR, css).send_keys(*keys)


def frames(page):
    """Wait until what was asked for is drawn, and what left the view is told so."""
    page.js(
        "const frame = () => new Promise(requestAnimationFrame);"
        " return frame().then(frame).then(() => new Promise(setTimeout))"
    )


def tick_skip(page):
    page.driver.find_element(By.CSS_SELECTOR, ".rl-inner input[type=checkbox]").click()


def line(page, chart, look):
    """Points of one line of a chart."""
    css = f".rl-chart:nth-of-type({chart}) svg[role=img] .rl-line.rl-{look}"
    script = "return document.querySelector(arguments[0]).getAttribute('d')"
    return re.findall(r"[ML]([\d.-]+) ([\d.-]+)", page.js(script, css))


# All in the page: from out here, the click may come when it has paused by itself.
PLAY_AND_PAUSE = f"""
const [play] = arguments;
return (async () => {{
  play.click();
  while (!/step (\\d\\d|[2-9])/.test({SAID})) {{
    await new Promise(requestAnimationFrame);
  }}
  if (play.textContent !== "Pause") throw Error(`the button: ${{play.textContent}}`);
  play.click();
}})();
"""


def test_play_pause_step_and_reset(page):
    tick_skip(page)
    page.js(PLAY_AND_PAUSE, button(page, "Play"))
    paused = step(page)
    assert paused > 1 and button(page, "Play")
    time.sleep(0.3)
    assert step(page) == paused
    button(page, "One step").click()
    assert step(page) == paused + 1
    button(page, "Reset").click()
    assert step(page) == 0 and button(page, "Play")
    for _ in range(8):
        button(page, "One step").send_keys(Keys.ENTER)
    assert step(page) == 8
    want = twin(BASE, 8)
    assert f"held-out loss {number(want['loss'], 3)}" in said(page)
    assert f"training loss {number(np.mean(want['losses']), 3)}" in said(page)


def test_the_charts_show_what_the_engine_measures(page):
    tick_skip(page)
    before = twin(BASE, 0)
    for chart, values in ((GRADIENT, "gradients"), (ACTIVATION, "activations")):
        drawn = [float(y) for _, y in line(page, chart, "accent")]
        logs = np.log10(before[values])
        assert len(drawn) == len(logs) == BASE["depth"] + 1
        assert np.corrcoef(drawn, logs)[0, 1] < -0.999
        assert np.polyfit(logs, drawn, 1)[0] == pytest.approx(
            power_height(page, chart), rel=0.03
        )
    ratio = before["gradients"][1] / before["gradients"][-1]
    assert f"is {number(ratio, 3)} times that" in said(page)


def power_height(page, chart):
    """Px (down) for each power of ten on the axis of a chart."""
    found = page.js(
        "return [...document.querySelectorAll('.rl-chart')[arguments[0]]"
        ".querySelectorAll('.rl-axes text[text-anchor=end]')]"
        ".map(t => [t.textContent, Number(t.getAttribute('y'))])",
        chart - 1,
    )
    marks = [(int(t[2:].translate(POWERS)), y) for t, y in found if t != "0"]
    return np.polyfit(*zip(*marks, strict=True), 1)[0]


@pytest.mark.parametrize(
    ("change", "control", "name"),
    [
        ({"norm": False}, "Normalisation", "none"),
        ({"zero": True}, "Normalisation", "BatchNorm, last γ = 0"),
        ({"init": "He"}, "Initialisation", "He"),
        ({"optimiser": "Adam"}, "Optimiser", "Adam"),
        ({"data": "moons"}, "Data", "moons"),
        ({"data": "rings"}, "Data", "rings"),
        ({"skip": False}, None, None),
        ({"depth": 42}, "Hidden layers", Keys.ARROW_RIGHT),
        ({"lr": 0.03}, "Learning rate", Keys.ARROW_RIGHT),
        ({"seed": 1}, "Seed", Keys.ARROW_RIGHT),
    ],
)
def test_each_control_changes_what_it_names(page, change, control, name):
    """The losses after it are those of PyTorch with that one setting changed."""
    tick_skip(page)
    if control is None:
        tick_skip(page)
    elif name == Keys.ARROW_RIGHT:
        slide(page, control, name)
    else:
        button(page, name).click()
    press(page, "One step", 8)
    want = twin(BASE | change, 8)
    other = twin(BASE, 8)
    assert np.mean(want["losses"]) != pytest.approx(np.mean(other["losses"]), rel=1e-3)
    if control:  # but for the plain net, see BASE
        assert f"training loss {number(np.mean(want['losses']), 3)}" in said(page)
        assert f"held-out loss {number(want['loss'], 3)}" in said(page)
    kind = "Plain" if control is None else "Residual"
    assert said(page).startswith(f"{kind} net, {change.get('depth', 40)} hidden layers")
    assert len(line(page, GRADIENT, "accent")) == change.get("depth", 40) + 1


def test_the_last_long_run_stays_as_a_grey_line(page):
    assert line(page, LOSS, "ghost") == []
    press(page, "One step", 56)
    was = line(page, LOSS, "accent")
    assert len(was) == 8
    for _ in range(3):  # passed on the way to another depth: not worth a line
        slide(page, "Hidden layers", Keys.ARROW_RIGHT)
        press(page, "One step", 8)
    assert len(line(page, LOSS, "ghost")) == 8
    assert len(line(page, LOSS, "accent")) == 2


def test_a_knob_that_changes_nothing_leaves_the_run_alone(page):
    press(page, "One step", 8)
    button(page, "two spirals").click()
    assert len(line(page, LOSS, "accent")) == 2
    button(page, "rings").click()
    assert len(line(page, LOSS, "accent")) == 1


PLANE = """
const { data } = document.querySelector('.play-ground').getContext('2d')
  .getImageData(0, 0, 40, 40);
return [...data];
"""


def test_the_plane_shows_what_the_net_says(page):
    tick_skip(page)
    press(page, "One step", 24)
    found = twin(START | {"skip": True}, 24)
    middle = (2 * torch.arange(40) + 1) / 40 - 1
    grid = torch.cartesian_prod(-middle, middle).flip(1) * 1.15  # rows from the top
    with torch.no_grad():
        second = found["net"].eval()(grid.double()).softmax(1)[:, 1].numpy()
    frames(page)
    colours = np.array(page.js(PLANE)).reshape(-1, 4)
    sure = np.abs(2 * second - 1)
    assert np.abs(colours[:, 3] - (25 + 190 * sure)).max() < 2
    clear = sure > 0.1
    assert clear.any()
    red = colours[clear, 0] > 100
    assert (red == (second[clear] > 0.5)).all()


SHOWN = """return ['.play-map', '.play-wall'].map(css =>
  document.querySelector(css).checkVisibility())"""


def test_digits_show_pictures_and_what_the_net_says(page):
    assert page.js(SHOWN) == [True, False]
    button(page, "digits").click()
    tick_skip(page)
    assert page.js(SHOWN) == [False, True]
    press(page, "One step", 16)
    frames(page)
    found = twin(START | {"skip": True, "data": "digits"}, 16)
    held = trait()["held"]
    with torch.no_grad():
        scores = found["net"].eval()(pixels(held)[:24])
    marks = [
        f"{answer} {'✓' if answer == int(label) else '✗'}"
        for answer, label in zip(
            scores.argmax(1).tolist(), held["labels"], strict=False
        )
    ]
    script = (
        "return [...document.querySelectorAll('.play-wall li')].map(n => n.innerText)"
    )
    assert [found.strip() for found in page.js(script)] == marks
    assert f"{100 * found['accuracy']:.0f} % of held-out data right" in said(page)
    shades = page.js(
        "return [...document.querySelector('.play-wall canvas').getContext('2d')"
        ".getImageData(0, 0, 8, 8).data].filter((_, k) => k % 4 === 0)"
    )
    want = 127.5 * (1 - pixels(held)[0])
    assert shades == pytest.approx(want.round().tolist(), abs=1)


def test_divergence_is_said_once_and_breaks_nothing(page):
    tick_skip(page)
    button(page, "none").click()
    button(page, "He").click()
    slide(page, "Learning rate", Keys.END)
    button(page, "Play").click()
    page.wait(f"{SAID}.includes('diverged')", 30)
    assert button(page, "Play")
    assert said(page).count(".") == 2 and "Try a lower learning rate" in said(page)
    before = said(page)
    button(page, "One step").click()
    assert said(page) == before
    slide(page, "Learning rate", Keys.HOME)
    assert step(page) == 0 and "diverged" not in said(page)

"""SeedSpread: its data from a Record, and its counts redone in Python."""

import math
import statistics

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sklearn.metrics import confusion_matrix

from browser import SIZES, chromium
from resnet_lessons import figures, records
from resnet_lessons.widgets import SeedSpread
from test_widgets_browser import CONTRAST, FONTS, SPILLED, inside, text
from widget_data import seed_data
from widget_page import write_page

DRAWN = "document.querySelectorAll('.rl-inner').length === 1"


def test_the_data_is_that_of_the_record():
    record = records.load("resnet-20-pipeline", "laptop")
    data = figures.seed_spread(record, "0123456789")
    SeedSpread(data)
    for seed, answers in zip(record.seeds, data["answers"], strict=True):
        right = [a == b for a, b in zip(data["labels"], answers, strict=True)]
        found = seed.measured["test_accuracy"]
        assert sum(right) / len(right) == pytest.approx(found, abs=1e-6)


# In the browser ----------------------------------------------------------------------


def mulberry32(seed):
    """The generator of the widget, in Python."""
    a = seed
    while True:
        a = (a + 0x6D2B79F5) & 0xFFFFFFFF
        t = (a ^ (a >> 15)) * (1 | a) & 0xFFFFFFFF
        t = ((t + ((t ^ (t >> 7)) * (61 | t) & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ t
        yield ((t ^ (t >> 14)) & 0xFFFFFFFF) / 2**32


def drawn(data, seed, draw, n):
    """Labels and answers of the n pictures of one draw (from 1)."""
    random = mulberry32(draw)
    count = len(data["labels"])
    places = [int(next(random) * count) for _ in range(n)]
    return [
        [int(text[i]) for i in places]
        for text in (data["labels"], data["answers"][seed])
    ]


def share(data, seed, draw, n):
    labels, answers = drawn(data, seed, draw, n)
    return sum(a == b for a, b in zip(labels, answers, strict=True)) / n


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shown():
    return SeedSpread(seed_data())


@pytest.fixture
def page(browser, shown, tmp_path):
    """The page, drawn, from a file; clean when the test is over."""
    browser.open(write_page(tmp_path, [shown]).as_uri())
    browser.wait(DRAWN)
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []


SIZES_OF_DRAWS = [50, 100, 200, 500, 1000, 1200]


def choose(page, n, draw, seed):
    """Set the three controls by keys and by a click."""
    counts, draws = inside(page, 0, "input[type=range]")
    steps = SIZES_OF_DRAWS.index(n)
    counts.send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * steps)
    draws.send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * (draw - 1))
    inside(page, 0, ".rl-choice button")[seed].click()


CASES = [(50, 1, 0), (200, 7, 1), (1200, 30, 2)]


@pytest.mark.browser
@pytest.mark.parametrize(("n", "draw", "seed"), CASES)
def test_the_matrix_counts_the_pictures_of_the_draw(page, shown, n, draw, seed):
    choose(page, n, draw, seed)
    labels, answers = drawn(shown.data, seed, draw, n)
    want = confusion_matrix(labels, answers, labels=range(10)).tolist()
    cells = [0 if c == "·" else int(c) for c in text(page, 0, ".spread-cell")]
    assert [cells[i : i + 10] for i in range(0, 100, 10)] == want
    assert text(page, 0, ".spread-name") == shown.data["classes"]
    errors = [[*row[:i], 0, *row[i + 1 :]] for i, row in enumerate(want)]
    most = max(map(max, errors))
    assert f", {most} times" in text(page, 0, ".spread-most")[0]


@pytest.mark.browser
@pytest.mark.parametrize(("n", "draw", "seed"), CASES)
def test_the_sentence_and_the_strip_say_the_standard_error(page, shown, n, draw, seed):
    choose(page, n, draw, seed)
    found = share(shown.data, seed, draw, n)
    reach = 2 * math.sqrt(found * (1 - found) / n)
    (said,) = text(page, 0, ".rl-seen")
    assert f"seed {seed} gets {100 * found:.1f} % of these {n:,} pictures" in said
    assert f"Two standard errors are {100 * reach:.1f} points" in said
    low, high = 100 * (found - reach), 100 * (found + reach)
    assert f"{low:.1f} to {high:.1f} %" in said
    rows = text(page, 0, ".rl-chart svg text")
    assert f"{100 * found:.1f} % ± {100 * reach:.1f}" in rows
    on = inside(page, 0, ".spread-on text")[0]
    assert on.text == f"seed {seed}"


@pytest.mark.browser
def test_the_seeds_are_compared_on_all_pictures(page, shown):
    labels = shown.data["labels"]
    whole = [
        sum(a == b for a, b in zip(labels, answers, strict=True)) / len(labels)
        for answers in shown.data["answers"]
    ]
    gap = 100 * (max(whole) - min(whole))
    for n, word in [(50, "less"), (1200, "more")]:
        choose(page, n, 1, 0)
        (said,) = text(page, 0, ".rl-seen")
        reach = float(said.split("errors are ")[1].split()[0])
        assert (gap < reach) == (word == "less"), "the test needs both cases"
        assert f"On all 1,200 test pictures the seeds lie {gap:.1f} points" in said
        assert f"{word} than that" in said


WHERE = """return [...document.querySelectorAll(arguments[0])].map(dot =>
  Number(dot.getAttribute('cx')))"""


@pytest.mark.browser
@pytest.mark.parametrize("n", [50, 1200])
def test_the_cloud_is_as_wide_as_the_formula_says(page, shown, n):
    choose(page, n, 3, 1)
    x = page.js(WHERE, ".spread-on .spread-ghost")
    shares = [share(shown.data, 1, draw, n) for draw in range(1, 31)]
    assert len(x) == 30
    slope = (x[0] - x[1]) / (shares[0] - shares[1])
    for place, found in zip(x, shares, strict=True):
        assert place - x[0] == pytest.approx(slope * (found - shares[0]), abs=0.01)
    (dot,) = page.js(WHERE, ".spread-on .spread-dot")
    assert dot == pytest.approx(x[2])
    mean = statistics.mean(shares)
    want = math.sqrt(mean * (1 - mean) / n)
    assert statistics.stdev(shares) == pytest.approx(want, rel=0.4)


@pytest.mark.browser
def test_all_draws_of_a_net_that_is_always_right_agree(browser, tmp_path):
    data = seed_data()
    data |= {"answers": [data["labels"]], "seeds": [4]}
    browser.open(write_page(tmp_path, [SeedSpread(data)]).as_uri())
    browser.wait(DRAWN)
    (said,) = text(browser, 0, ".rl-seen")
    assert "too sure" in said and "apart" not in said
    assert text(browser, 0, ".spread-most")[0].startswith("No picture")
    assert browser.errors() == []


@pytest.mark.browser
def test_buttons_move_the_sliders_and_controls_have_names(page):
    named = inside(page, 0, "input, button, [role=group], [role=table], [role=img]")
    assert len(named) >= 11
    assert all(node.accessible_name.strip() for node in named)
    before = text(page, 0, ".rl-seen")
    steps = page.driver.find_elements(By.CSS_SELECTOR, ".rl-step")
    for button in steps:
        if button.accessible_name in ("Draw: more", "Test pictures drawn: more"):
            button.click()
            assert text(page, 0, ".rl-seen") != before
            before = text(page, 0, ".rl-seen")


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_all_fits_can_be_read_and_keeps_its_place(
    browser, shown, tmp_path, size, theme
):
    browser.open(write_page(tmp_path, [shown], theme).as_uri(), size)
    browser.wait(DRAWN)
    assert browser.sideways() <= 0
    assert browser.js(SPILLED) == []
    assert [found for found in browser.js(CONTRAST) if found[0] < 4.5] == []
    assert [found for found in browser.js(FONTS) if found[0] < 10.5] == []
    room = shown.reserve[list(SIZES).index(size)]
    height = browser.js("return document.querySelector('.rl').offsetHeight")
    assert abs(height - room) < 0.1 * room

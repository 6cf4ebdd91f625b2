"""SeedSpread: its data from a Record, and its counts redone in Python."""

import math
import statistics

import pytest
from selenium.webdriver.common.by import By
from sklearn.metrics import confusion_matrix

from resnet_lessons import figures, records
from resnet_lessons.probes.playground import uniforms
from resnet_lessons.widgets import SeedSpread
from widget_data import seed_data
from widget_looks import inside, said, text
from widget_page import open_page, press, slide
from widget_registry import widget


def test_the_data_is_that_of_the_record():
    record = records.load("resnet-20-pipeline", "laptop")
    data = figures.seed_spread_data(record, "0123456789")
    SeedSpread(data)
    for seed, answers in zip(record.seeds, data["answers"], strict=True):
        right = [a == b for a, b in zip(data["labels"], answers, strict=True)]
        found = seed.measured["test_accuracy"]
        assert sum(right) / len(right) == pytest.approx(found, abs=1e-6)


# In the browser ----------------------------------------------------------------------


def drawn(data, seed, draw, n):
    """Labels and answers of the n pictures of one draw (from 1)."""
    random = uniforms(draw)
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
def shown():
    return widget("SeedSpread")


SIZES_OF_DRAWS = [50, 100, 200, 500, 1000, 1200]


def choose(page, n, draw, seed):
    """Set the three controls by keys and by a click."""
    slide(page, 0, SIZES_OF_DRAWS.index(n))
    slide(page, 0, draw - 1, slider=1)
    press(page, 0, seed)


# The ends of the bar and the place of the dot: a bar that is cut is lopsided.
BAR = """return document.querySelector('.spread-on .spread-bar').getAttribute('d')
  .match(/M(\\S+) \\S+H(\\S+)/).slice(1).map(Number)"""
DOT = "return document.querySelector('.spread-on .spread-dot').cx.baseVal.value"
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
    said_most = text(page, 0, ".spread-most")[0]
    times = "once" if most == 1 else f"{most} times"
    pairs = sum(row.count(most) for row in errors)
    ties = {1: "", 2: "; one other pair as often"}
    ties = ties.get(pairs, f"; {pairs - 1} other pairs as often")
    assert said_most.endswith(f", {times}{ties}.")


@pytest.mark.browser
@pytest.mark.parametrize(("n", "draw", "seed"), CASES)
def test_the_sentence_and_the_strip_say_the_standard_error(page, shown, n, draw, seed):
    choose(page, n, draw, seed)
    found = share(shown.data, seed, draw, n)
    reach = 2 * math.sqrt(found * (1 - found) / n)
    sentence = said(page)
    assert f"seed {seed} gets {100 * found:.1f} % of these {n:,} pictures" in sentence
    assert f"Two standard errors are {100 * reach:.1f} points" in sentence
    low, high = 100 * (found - reach), 100 * (found + reach)
    assert f"{low:.1f} to {high:.1f} %" in sentence
    rows = text(page, 0, ".rl-chart svg text")
    assert f"{100 * found:.1f} % ± {100 * reach:.1f}" in rows
    left, right = page.js(BAR)  # of the seed that is chosen
    assert left < right and left + right == pytest.approx(2 * page.js(DOT), abs=0.01)
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
        sentence = said(page)
        reach = float(sentence.split("errors are ")[1].split()[0])
        assert (gap < reach) == (word == "less"), "the test needs both cases"
        assert f"On all 1,200 test pictures the seeds lie {gap:.1f} points" in sentence
        assert f"{word} than that" in sentence


WHERE = """return [...document.querySelectorAll(arguments[0])].map(dot =>
  Number(dot.getAttribute('cx')))"""


@pytest.mark.browser
@pytest.mark.parametrize("n", [50, 1200])
def test_the_cloud_is_as_wide_as_the_formula_says(page, shown, n):
    choose(page, n, 3, 1)
    x = page.js(WHERE, ".spread-on .spread-ghost")
    shares = [share(shown.data, 1, draw, n) for draw in range(1, 31)]
    chosen = shares.pop(2)  # it has the dot, and no place among the others
    assert len(x) == 29
    slope = (x[0] - x[1]) / (shares[0] - shares[1])
    for place, found in zip(x, shares, strict=True):
        assert place - x[0] == pytest.approx(slope * (found - shares[0]), abs=0.01)
    (dot,) = page.js(WHERE, ".spread-on .spread-dot")
    assert dot - x[0] == pytest.approx(slope * (chosen - shares[0]), abs=0.01)
    mean = statistics.mean(shares)
    want = math.sqrt(mean * (1 - mean) / n)
    assert statistics.stdev(shares) == pytest.approx(want, rel=0.4)


@pytest.mark.browser
def test_all_draws_of_a_net_that_is_always_right_agree(browser, tmp_path):
    data = seed_data()
    data |= {"answers": [data["labels"]], "seeds": [4]}
    open_page(browser, tmp_path, SeedSpread(data))
    assert "too sure" in said(browser) and "apart" not in said(browser)
    assert text(browser, 0, ".spread-most")[0].startswith("No picture")
    data |= {"answers": [data["labels"]] * 2, "seeds": [4, 5]}
    open_page(browser, tmp_path, SeedSpread(data))
    assert said(browser).endswith("seeds lie 0.0 points apart.")
    assert browser.errors() == []


@pytest.mark.browser
def test_buttons_move_the_sliders_and_the_sentence(page):
    before = text(page, 0, ".rl-seen")
    steps = page.driver.find_elements(By.CSS_SELECTOR, ".rl-step")
    for button in steps:
        if button.accessible_name in ("Draw: more", "Test pictures drawn: more"):
            button.click()
            assert text(page, 0, ".rl-seen") != before
            before = text(page, 0, ".rl-seen")

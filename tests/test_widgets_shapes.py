"""ShapeMatcher: its data against formulas, and its drawing in a real Chromium."""

import itertools

import pytest
import torch
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from resnet_lessons import nets, probes
from widget_data import shape_data
from widget_looks import inside, said, text
from widget_registry import data_of, widget


@pytest.fixture(scope="module")
def data():
    return data_of("ShapeMatcher")


def combinations(data):
    """(option, in_channels, out_channels, stride, size, F(x), case) of all cases."""
    names = ["options", "channels", "channels", "strides", "sizes"]
    for at in itertools.product(*(range(len(data[name])) for name in names)):
        option, *rest = (data[name][i] for name, i in zip(names, at, strict=True))
        f, found = data["residuals"], data["cases"][at[0]]
        for i in at[1:]:
            f, found = f[i], found[i]
        yield (option, *rest, f, found)


def test_costs_are_those_of_the_formulas(data):
    """A projection: a matrix and two numbers a channel, once for each position."""
    for option, i, o, s, n, f, found in combinations(data):
        side = -(-n // s)
        assert f["shape"] == [o, side, side]
        assert f["parameters"] == 9 * o * (i + o) + 4 * o
        assert f["macs"] == 9 * o * (i + o) * side**2
        changes = i != o if option == "pool" else (i, s) != (o, 1)
        projects = option == "C" or (option in ("B", "pool") and changes)
        if "shape" in found:
            assert found["parameters"] == projects * (i * o + 2 * o)
            assert found["macs"] == projects * i * o * side**2


def test_only_what_cannot_be_added_has_an_error(data):
    for option, i, o, s, n, f, found in combinations(data):
        if option == "identity":
            assert bool(found["error"]) == ((i, s) != (o, 1))
        elif option == "A" and o < i:
            assert "can only add channels" in found["error"] and "shape" not in found
        else:
            assert not found["error"]
            assert found["shape"] == ([] if option == "none" else f["shape"])
            assert found["zeros"] == (o - i if option == "A" else 0), (option, n)


def test_a_stride_of_two_reads_a_quarter_unless_it_averages(data):
    for option, i, o, s, n, _, found in combinations(data):
        if "reads" not in found:
            continue
        picked = (-(-n // s)) ** 2
        want = {"none": 0, "pool": n * n, "identity": n * n}.get(option, picked)
        pattern = data["patterns"][found["reads"]]
        assert (len(pattern), pattern.count("1")) == (n * n, want), (option, i, o)


def test_positions_read_are_those_that_a_change_shows():
    """By hand: change one position of x after the other, and see whether y moves."""
    shortcut = nets.make_shortcut("B", 3, 4, stride=2).eval()
    x = torch.randn(1, 3, 5, 5)
    want = torch.zeros(5, 5, dtype=torch.bool)
    for i, j in itertools.product(range(5), repeat=2):
        other = x.clone()
        other[..., i, j] += 1
        want[i, j] = not torch.equal(shortcut(x), shortcut(other))
    assert torch.equal(probes.positions_read(shortcut, 3, 5), want)


def test_the_probe_leaves_the_generator_alone(data):
    torch.manual_seed(3)
    want = torch.rand(1)
    torch.manual_seed(3)
    assert shape_data() == data
    assert torch.equal(torch.rand(1), want)


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("ShapeMatcher")


CLICK = """
document.querySelectorAll('.rl-inner .rl-control')[arguments[0]]
  .querySelectorAll('button')[arguments[1]].click();
"""


@pytest.mark.browser
@pytest.mark.parametrize("option", range(6))
def test_cards_show_the_data_of_each_choice(page, data, option):
    page.js(CLICK, 4, option)
    for i, o, s, n in itertools.product([0, 1], [0, 2], [0, 1], [0, 1]):
        for group, index in enumerate([i, o, s, n]):
            page.js(CLICK, group, index)
        f = data["residuals"][i][o][s][n]
        found = data["cases"][option][i][o][s][n]
        shown = text(page, 0, ".match-shape")
        assert shown[1] == " × ".join(map(str, f["shape"]))
        shape = found.get("shape") or ["no tensor"]
        assert shown[2] == " × ".join(map(str, shape))
        costs = text(page, 0, ".match-cost")
        verdict = text(page, 0, ".match-sum .match-what")[0]
        assert verdict[0] == ("✗" if found["error"] else "✓")
        if found["error"]:
            assert costs[3] == found["error"]
        if "shape" in found:
            assert costs[2].startswith(f"{found['parameters']:,} parameters")
            pattern = data["patterns"][found["reads"]]
            unread = page.js(
                "return [...document.querySelectorAll('.match-x .match-cell')]"
                ".map(c => c.classList.contains('match-unread') ? '0' : '1').join('')"
            )
            assert unread == pattern
            empty = inside(page, 0, ".match-short .match-empty")
            assert len(empty) == found["zeros"] // 16


@pytest.mark.browser
def test_keys_reach_each_choice_and_the_sentence_follows(page):
    groups = inside(page, 0, ".rl-control")
    assert [g.accessible_name for g in groups] == [
        "Channels in",
        "Channels out",
        "Stride",
        "Grid of x",
        "Shortcut",
    ]
    assert "there is no sum" in said(page)
    groups[4].find_elements(By.CSS_SELECTOR, "button")[2].send_keys(Keys.ENTER)
    assert "Option B gives the same shape" in said(page)

"""InputSize in a real Chromium, against its data."""

import itertools

import pytest
from selenium.webdriver.common.keys import Keys

from widget_looks import inside, text
from widget_page import open_page
from widget_registry import widget

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shown():
    return widget("InputSize")


def test_it_shows_the_data_at_every_size(page, shown):
    data = shown.data
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.HOME)
    for i, size in enumerate(data["sizes"]):
        assert slider.get_attribute("aria-valuetext") == f"{size} px"
        pairs = zip(data["grids"][i], data["channels"], strict=True)
        shapes = [f"{channels} × {side} × {side}" for side, channels in pairs]
        assert [" ".join(t.split()) for t in text(page, 0, ".size-shape")] == shapes
        for k, net in enumerate(data["nets"]):
            bars = text(page, 0, ".size-bar b")[2 * k : 2 * k + 2]
            assert bars == [f"{net['features'][i]:,}", f"{net['expects']:,}"]
            fits = net["features"][i] == net["expects"]
            assert text(page, 0, ".size-verdict")[k][0] == ("✓" if fits else "✗")
            costs = text(page, 0, ".size-card dd")[2 * k : 2 * k + 2]
            macs = f"{net['macs'][i] / 1e6:.1f} million"
            assert costs == [f"{net['head_parameters'][i]:,}", macs]
        slider.send_keys(Keys.ARROW_RIGHT)


# Of each label: its ends, and whether anything sticks out of it.
LABELS = """
return [...document.querySelectorAll('.size-label')].map(label => {
  const { left, right, top, bottom } = label.getBoundingClientRect();
  return [left, right, top, bottom, label.scrollWidth > label.clientWidth]; });
"""
FEET = """
return [...document.querySelectorAll('.size-square')]
  .map(square => square.getBoundingClientRect().bottom);
"""


@pytest.mark.parametrize(
    ("size", "room"), [("phone", 390), ("small", 320), ("desktop", 641)]
)
def test_labels_stay_in_their_place(browser, shown, tmp_path, size, room):
    """On a phone, and where the squares have just room beside each other."""
    page = open_page(browser, tmp_path, shown, size=size)
    page.js("document.querySelector('main').style.maxWidth = `${arguments[0]}px`", room)
    inside(page, 0, "input[type=range]")[0].send_keys(Keys.END)  # the longest labels
    labels = page.js(LABELS)
    assert not any(out for *_, out in labels)
    for one, other in itertools.combinations(labels, 2):
        beside = one[1] <= other[0] or other[1] <= one[0]
        assert beside or one[3] <= other[2] or other[3] <= one[2]
    if size == "desktop":
        feet = page.js(FEET)
        assert max(feet) - min(feet) < 1  # also where a label has two lines


@pytest.mark.parametrize("steps", [0, 5])
def test_squares_are_to_one_scale(page, shown, steps):
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.END, Keys.ARROW_LEFT * steps)
    boxes = page.js(
        "return [...document.querySelectorAll('.size-square')]"
        ".map(node => node.getBoundingClientRect()).map(b => [b.width, b.height])"
    )
    sides = shown.data["grids"][-1 - steps]
    scale = [
        size / side for box, side in zip(boxes, sides, strict=True) for size in box
    ]
    assert max(scale) - min(scale) < 0.01 * max(scale)

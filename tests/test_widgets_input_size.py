"""InputSize in a real Chromium, against its data."""

import pytest
from selenium.webdriver.common.keys import Keys

from widget_looks import inside, text
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
        shapes = [f"{side}×{side}×{channels}" for side, channels in pairs]
        assert text(page, 0, ".size-shape") == shapes
        for k, net in enumerate(data["nets"]):
            bars = text(page, 0, ".size-bar b")[2 * k : 2 * k + 2]
            assert bars == [f"{net['features'][i]:,}", f"{net['expects']:,}"]
            fits = net["features"][i] == net["expects"]
            assert text(page, 0, ".size-verdict")[k][0] == ("✓" if fits else "✗")
            costs = text(page, 0, ".size-card dd")[2 * k : 2 * k + 2]
            macs = f"{net['macs'][i] / 1e6:.1f} million"
            assert costs == [f"{net['head_parameters'][i]:,}", macs]
        slider.send_keys(Keys.ARROW_RIGHT)


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

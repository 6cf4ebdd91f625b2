"""GradientNorms: its data against plain autograd, and in a real Chromium."""

import copy
from math import log10

import pytest
import torch
from selenium.webdriver.common.keys import Keys
from torch import nn

from resnet_lessons import figures, nets, probes
from resnet_lessons.widgets import GradientNorms
from widget_data import norms_data
from widget_looks import inside, said, values
from widget_page import open_page, press, slide
from widget_registry import data_of, widget

# init, norm, skip -> place among the nets
WAYS = [(i, n, s) for i in (0, 1) for n in (0, 1) for s in (0, 1)]


# Its data ----------------------------------------------------------------------------


def test_norms_are_those_of_a_backward_pass():
    x, y = torch.rand(8, 1, 8, 8), torch.arange(8)
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    found = probes.gradient_norms([8, 14], 4, x, y, "A note.")
    assert torch.equal(torch.rand(3), want)  # the generator was left as it was
    for net, (he, bn, skip) in zip(found["nets"], WAYS, strict=True):
        assert (net["init"], net["norm"], net["skip"]) == (
            ["default", "He"][he],
            ["none", "BatchNorm"][bn],
            ["off", "on"][skip],
        )
        torch.manual_seed(0)
        norm = nn.BatchNorm2d if bn else None
        kind = "residual" if skip else "plain"
        built = nets.cifar_net(14, kind, width=4, in_channels=1, norm=norm)
        built = built if he else nets.torch_init(built)
        nn.functional.cross_entropy(built.train()(x), y).backward()
        convs = [m for m in built.modules() if isinstance(m, nn.Conv2d)]
        norms = [conv.weight.grad.norm().item() for conv in convs]
        assert net["norms"][1] == pytest.approx(norms, rel=1e-3)


def test_the_story_of_the_chapter_holds_in_the_data():
    nets_at = {
        (n["init"], n["norm"], n["skip"]): [v[0] / v[-1] for v in n["norms"]]
        for n in data_of("GradientNorms")["nets"]
    }
    assert nets_at["default", "none", "off"][-1] < 1e-10  # vanishes
    assert nets_at["He", "BatchNorm", "off"][-1] > 50  # explodes
    assert nets_at["He", "BatchNorm", "on"][-1] < 50  # the skip flattens it


def test_a_layer_of_exact_zeros_is_counted_not_drawn():
    drawn = figures.by_layer({"a": [0.0, 0.0, 1e-3, 1e-2], "b": [1.0] * 4}, "norms")
    assert "a: 0 to 0.01; b: 1 to 1." in repr(drawn)
    ((svg, _),) = drawn.panels
    assert b"(2 layers: exactly 0)" in svg  # matplotlib writes texts as comments


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("GradientNorms")


def choose(page, way, depth):
    """Set the knobs: buttons, box and slider."""
    he, bn, skip = way
    press(page, 0, he, 2 + bn)
    if skip:
        inside(page, 0, "input[type=checkbox]")[0].send_keys(Keys.SPACE)
    slide(page, 0, depth)


def assert_powers(seen, numbers):
    """The dots stand at these numbers; an exact 0 in its band."""
    assert [power is None for power in seen] == [number == 0 for number in numbers]
    found = [power for power in seen if power is not None]
    powers = [log10(number) for number in numbers if number]
    assert found == pytest.approx(powers, abs=0.1)


@pytest.mark.browser
@pytest.mark.parametrize("which", range(8))
def test_both_charts_draw_the_data(page, shown, which):
    depth = which % 3
    choose(page, WAYS[which], depth)
    norms = shown.data["nets"][which]["norms"]
    seen = values(page, 0, "accent")
    assert_powers(seen, norms[depth])
    seen = values(page, 1, "accent")
    assert_powers(seen, [v[0] / v[-1] for v in norms])
    grey = inside(page, 0, "svg[role=img] .rl-ghost")
    assert len(grey) == 2 + 7  # other depths; other ways to start


@pytest.mark.browser
@pytest.mark.parametrize(
    ("norms", "words"),
    [
        ([1e-9, 1e-5, 1.0], "it vanishes on its way back, by a factor of 1.0 × 10⁹"),
        ([0.02, 0.1, 1.0], "it shrinks on its way back, by a factor of 50"),
        ([0.2, 0.1, 1.0], "it holds, within a factor of ten"),
        ([20.0, 3.0, 1.0], "it grows on its way back, by a factor of 20"),
        ([2900.0, 3.0, 1.0], "it explodes on its way back, by a factor of 2,900"),
        ([0.0, 1e-30, 1.0], "holds only 0"),
        ([1e-8, 1e-8, 1e-8], "the signal fades on its way forward"),
    ],
)
def test_the_sentence_judges_first_against_last(browser, tmp_path, norms, words):
    data = copy.deepcopy(norms_data(depths=(8, 14)))
    data["nets"][0]["norms"][1] = [norms[0], *[norms[1]] * 11, norms[2]]
    open_page(browser, tmp_path, GradientNorms(data))
    assert "14 layers, default initialisation, no normalisation" in said(browser)
    assert words in said(browser)
    if norms[0] == 0:
        assert values(browser, 0, "accent")[0] is None  # in the band marked 0
        assert values(browser, 1, "accent")[1] is None
    assert browser.errors() == []

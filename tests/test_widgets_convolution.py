"""Convolution: its arithmetic against layers of PyTorch, and in a real Chromium."""

import itertools
import re

import pytest
import torch
from selenium.webdriver.common.keys import Keys
from torch import nn

from browser import SIZES
from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError
from resnet_lessons.widgets.convolution import RANGES
from widget_looks import inside, text
from widget_page import open_page
from widget_registry import data_of, widget

KNOBS = ("Picture", "Kernel", "Stride", "Padding", "Channels in", "Channels out")


# Its data ----------------------------------------------------------------------------


def test_layers_are_those_of_the_net():
    net = nets.build("lenet-5", in_channels=1)
    x = torch.zeros(1, 1, 32, 32)
    convs = [layer for layer in net.features if isinstance(layer, nn.Conv2d)]
    for layer, found in zip(convs, data_of("Convolution")["layers"], strict=True):
        while net.features[0] is not layer:
            x = net.features[0](x)
            net.features = net.features[1:]
        assert found["size"] == x.shape[-1]
        again = nn.Conv2d(
            *(found[key] for key in ("in_channels", "out_channels", "kernel")),
            *(found[key] for key in ("stride", "padding")),
            bias=found["bias"],
        )
        assert str(again) == str(layer)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 2, 3, groups=2),
        nn.Conv2d(2, 2, 3, dilation=2),
        nn.Conv2d(2, 2, (3, 1)),
        nn.Conv2d(2, 2, 3, padding="same"),
    ],
)
def test_a_convolution_that_is_not_drawn_is_refused(layer):
    with pytest.raises(UsageError, match="C1: only square convolutions"):
        probes.convolutions(nn.Sequential(layer), (2, 8, 8), ["C1"])


def test_names_and_convolutions_must_be_as_many():
    with pytest.raises(UsageError, match="1 convolutions run, but 2 are named"):
        probes.convolutions(nn.Conv2d(1, 1, 3), (1, 8, 8), ["C1", "C2"])


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("Convolution")


# Set each knob, the bias and the output cell of each case; read what is then shown.
# A case is a list: the places of the knobs, the bias, the place of the output cell.
ASK = """
const knobs = Object.fromEntries([...document.querySelectorAll('input[type=range]')]
  .map(input => [input.getAttribute('aria-label'), input]));
const bias = document.querySelector('input[type=checkbox]');
const turn = (input, value) => {
  input.value = value; input.dispatchEvent(new Event('input')); };
const all = css => [...document.querySelectorAll(css)];
const box = node => ['x', 'y', 'width', 'height'].map(k => +node.getAttribute(k));
const plain = node => node.textContent.replaceAll('\\u00a0', ' ');
return arguments[1].map(([places, on, cell]) => {
  places.forEach((value, i) => turn(knobs[arguments[0][i]], value));
  bias.checked = on; bias.dispatchEvent(new Event('change'));
  turn(knobs['Output cell'], cell);
  return { facts: all('.conv-facts b').map(plain),
    how: all('.conv-facts span').map(plain),
    shapes: all('.conv-grids figcaption').map(plain),
    values: all('.conv-controls output').map(plain),
    most: +knobs['Output cell'].max, cell: +knobs['Output cell'].value,
    said: plain(document.querySelector('.rl-seen')),
    kernel: all('.conv-kernel').map(box), mark: all('.conv-cell').map(box),
    unread: all('.conv-unread').map(box),
    pressed: all('.conv-pick button').map(n => n.getAttribute('aria-pressed')) };
});
"""
CHANNELS = [1, 2, 3, 4, 6, 8, 16, 32, 64, 120, 128, 256, 512]  # 120 is that of C5
STEPS = [range(RANGES[key][0], RANGES[key][1] + 1) for key in list(RANGES)[:4]]


def ask(page, cases):
    """What is shown for each (size, kernel, stride, padding, in, out, bias, cell)."""
    scales = [*STEPS, CHANNELS, CHANNELS]
    moved = [
        [[list(s).index(v) for s, v in zip(scales, case, strict=False)], *case[6:]]
        for case in cases
    ]
    return page.js(ASK, KNOBS, moved)


def number(text):
    return int(text.replace(",", ""))


def cases_of_all_kinds():
    """A pseudo-random tenth of the small ones, and some large ones."""
    small = itertools.product((1, 2, 5, 8, 13), (1, 2, 3, 5, 9), *STEPS[2:])
    cases = [
        (*case, CHANNELS[i % 6], CHANNELS[i % 7], i % 2 == 0, 0)
        for i, case in enumerate(small)
        if i * 7919 % 101 < 25
    ]
    large = [(32, 1, 1, 4, 512, 512), (32, 9, 1, 4, 512, 512), (31, 7, 2, 3, 3, 64)]
    return cases + [(*case, False, 0) for case in large]


@pytest.mark.browser
def test_every_number_is_that_of_a_layer_of_pytorch(page):
    cases = cases_of_all_kinds()
    found = ask(page, cases)
    refused = 0
    for case, seen in zip(cases, found, strict=True):
        size, kernel, stride, padding, ins, outs, bias, _ = case
        with torch.device("meta"):
            layer = nn.Conv2d(ins, outs, kernel, stride, padding, bias=bias)
        side, parameters, macs, dense = seen["facts"]
        assert number(parameters) == probes.parameters(layer), case
        try:
            out = layer(torch.zeros(1, ins, size, size, device="meta")).shape
        except RuntimeError:
            refused += 1
            assert (side, macs, dense) == ("none",) * 3, case
            assert "PyTorch stops with an error" in seen["said"]
            continue
        assert number(side) == out[-1], case
        assert number(macs) == probes.macs(layer, (ins, size, size)), case
        linear = nn.Linear(ins * size**2, out.numel(), bias=False, device="meta")
        assert number(dense) == probes.parameters(linear), case
        assert seen["most"] == out[-1] * out[-2] - 1
        assert seen["shapes"][1] == f"out: {' × '.join(map(str, out[1:]))}"
    assert len(cases) > 80 and 5 < refused < len(cases) / 2


SMALL = [(6, 3, 2, 0), (7, 3, 1, 1), (5, 2, 3, 2), (4, 1, 2, 0), (5, 5, 1, 0)]


def dense_matrix(layer, size):
    """The layer as a matrix, one picture of a single bright pixel for each column."""
    n = layer.in_channels * size**2
    pictures = torch.eye(n).view(n, layer.in_channels, size, size)
    with torch.no_grad():
        return layer(pictures).flatten(1).T


@pytest.mark.browser
@pytest.mark.parametrize("settings", SMALL)
def test_the_picture_shows_what_each_cell_of_the_output_reads(page, settings):
    size, kernel, stride, padding = settings
    layer = nn.Conv2d(2, 3, kernel, stride, padding, bias=False)
    matrix = dense_matrix(layer, size)
    places = len(matrix) // 3
    side = round(places**0.5)
    found = ask(page, [(*settings, 2, 3, True, cell) for cell in range(places)])
    used = (matrix != 0).float().mean().item()
    read = (matrix != 0).any(0).view(2, size, size)[0]
    for cell, seen in enumerate(found):
        (left, top, width, height), (x, y, *_) = seen["kernel"][0], seen["mark"][0]
        assert (y * side + x, width, height) == (cell, kernel, kernel)
        covered = torch.zeros(size + 2 * padding, size + 2 * padding, dtype=bool)
        covered[top : top + height, left : left + width] = True
        covered = covered[padding : padding + size, padding : padding + size]
        assert torch.equal(covered, (matrix[cell] != 0).view(2, size, size)[0])
        unread = torch.zeros(size, size, dtype=bool)
        for left, top, width, height in seen["unread"]:
            left, top = left - padding, top - padding
            unread[top : top + height, left : left + width] = True
        assert torch.equal(~unread, read)
        assert ("never read" in seen["said"]) == (not read.all())
        assert f"row {y + 1}, column {x + 1} reads" in seen["said"]
        share = float(seen["how"][3].split(" %")[0].removeprefix("< ")) / 100
        assert share == pytest.approx(used, abs=0.0051 if used > 0.09 else 0.001)


@pytest.mark.browser
def test_the_sentence_and_the_sums_hold_the_numbers(page):
    (seen,) = ask(page, [(14, 5, 2, 1, 6, 16, True, 13)])
    assert seen["how"][0] == "⌊(14 + 2·1 − 5) / 2⌋ + 1"
    assert seen["how"][1] == "16 · 6 · 5² + 16"
    assert seen["how"][2] == "36 places × 2,400 weights"
    assert "row 3, column 2 reads rows 5 to 9 and columns 3 to 7" in seen["said"]
    assert "150 numbers for each channel out" in seen["said"]
    assert "2,400 weights at 36 places make 86,400 MACs." in seen["said"]
    assert seen["values"] == ["14 × 14", "5 × 5", "2", "1", "6", "16"]


@pytest.mark.browser
def test_a_layer_sets_all_knobs_and_is_known_again(page, shown):
    buttons = inside(page, 0, ".conv-pick button")
    ask(page, [(9, 3, 2, 2, 4, 8, False, 20)])
    for i, layer in enumerate(shown.data["layers"]):
        buttons[i].click()
        assert inside(page, 0, "input[type=checkbox]")[0].is_selected()
        settings = [layer[key] for key in RANGES]
        (seen,) = ask(page, [(*settings, layer["bias"], 0)])
        assert seen["pressed"] == ["true" if i == j else "false" for j in range(3)]
        buttons[i].click()
        assert text(page, 0, ".conv-facts b") == seen["facts"]
        ask(page, [(9, 3, 2, 2, 4, 8, False, 20)])
    inside(page, 0, "input[type=checkbox]")[0].click()
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["false"] * 3


@pytest.mark.browser
def test_the_cell_stays_inside_an_output_that_shrinks(page):
    first, second = ask(
        page, [(8, 3, 1, 0, 1, 1, True, 35), (8, 3, 3, 0, 1, 1, True, 3)]
    )
    assert (first["most"], first["cell"], second["most"]) == (35, 35, 3)
    slider = inside(page, 0, ".conv-scan input")[0]
    slider.send_keys(Keys.END)
    assert text(page, 0, ".conv-scan output") == ["row 2, column 2"]
    inside(page, 0, "[aria-label='Kernel: more']")[0].click()
    inside(page, 0, "[aria-label='Padding: less']")[0].send_keys(Keys.ENTER)
    assert text(page, 0, ".conv-scan output") == ["row 2, column 2"]
    for _ in range(4):
        inside(page, 0, "[aria-label='Kernel: more']")[0].click()
    assert text(page, 0, ".conv-scan output") == ["row 1, column 1"]
    assert slider.get_attribute("aria-valuetext") == "row 1, column 1"


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_a_click_on_the_output_chooses_the_cell(browser, shown, tmp_path, size):
    open_page(browser, tmp_path, shown, size=size)
    ask(browser, [(9, 3, 1, 0, 1, 1, True, 0)])
    click = """
      const svg = document.querySelectorAll('.conv-grid')[1];
      const { left, top, width, height } = svg.getBoundingClientRect();
      svg.dispatchEvent(new MouseEvent('click', { bubbles: true,
        clientX: left + width * arguments[0], clientY: top + height * arguments[1] }));
    """
    browser.js(click, 4.5 / 7, 2.5 / 7)
    assert text(browser, 0, ".conv-scan output") == ["row 3, column 5"]
    browser.js(click, -0.01, 2.5 / 7)  # the frame of a cell sticks out of the grid
    assert text(browser, 0, ".conv-scan output") == ["row 3, column 1"]
    browser.js(click, 1.01, -0.01)
    assert text(browser, 0, ".conv-scan output") == ["row 1, column 7"]


@pytest.mark.browser
def test_the_two_grids_are_drawn_to_one_scale(page):
    for case in [(32, 5, 1, 0, 1, 6, True, 400), (10, 2, 4, 0, 512, 512, True, 5)]:
        ask(page, [case])
        boxes = page.js(
            "return [...document.querySelectorAll('.conv-grid')].map(svg => "
            "svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"
        )
        assert boxes[0] == pytest.approx(boxes[1], rel=1e-3) and boxes[0] > 3


OFFERED = r"^  (\w+): \[\"[^\"]+\", (?:count\((.+?)\)|CHANNELS)"


def test_the_script_and_the_face_offer_the_same_values(shown):
    """What a slider reaches in the browser is what `check` lets in."""
    offered = {
        key: tuple(map(int, ends.split(", "))) if ends else (1, 512)
        for key, ends in re.findall(OFFERED, shown._esm, re.MULTILINE)
    }
    assert offered == RANGES

"""Freezing: its costs against PyTorch's own counter, and in a real Chromium."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_lessons import nets, probes
from resnet_lessons.figures.transfer import percent_words
from widget_looks import inside, said, text
from widget_page import press, slide
from widget_registry import widget

# Its data ----------------------------------------------------------------------------


def free(net, parts):
    """Let the head and `parts` parts before it learn, in the test's own words."""
    for name, parameter in net.named_parameters():
        place = {"stem": 4, "head": 0}.get(name.split(".")[0])
        if place is None:
            place = len(net.stages) - int(name.split(".")[1])
        parameter.requires_grad = place <= parts


def counted(net, x):
    """Multiply-accumulates forward, and of both ways, by PyTorch's own counter."""
    with FlopCounterMode(display=False) as forward:
        y = net(x)
    with FlopCounterMode(display=False) as back:
        y.sum().backward()
    return forward.get_total_flops() / 2, back.get_total_flops() / 2


@pytest.mark.parametrize("shortcut", ["A", "B"])
@pytest.mark.parametrize("parts", range(5))
def test_backward_work_is_what_pytorch_counts(parts, shortcut):
    net = nets.cifar_net(8, width=4, num_classes=3, shortcut=shortcut).eval()
    free(net, parts)
    forward, back = counted(net, torch.randn(1, 3, 12, 10))
    assert probes.macs(net, (3, 12, 10)) == forward
    assert probes.backward_macs(net, (3, 12, 10)) == back


def test_a_first_layer_needs_no_gradient_of_its_input():
    net = nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.Conv2d(3, 4, 1, bias=False))
    one, two = 6 * 6 * 2 * 3 * 9, 6 * 6 * 3 * 4
    assert probes.backward_macs(net, (2, 8, 8)) == one + 2 * two
    net[0].requires_grad_(False)
    assert probes.backward_macs(net, (2, 8, 8)) == two
    net.requires_grad_(False)
    assert probes.backward_macs(net, (2, 8, 8)) == 0


def test_costs_add_up_and_leave_the_net_as_it_was():
    net = nets.cifar_net(8, width=4, num_classes=2).train()
    net.stem.requires_grad_(False)
    net.stages[0].eval()
    wanted = [p.requires_grad for p in net.parameters()]
    modes = [m.training for m in net.modules()]
    costs = probes.freezing_costs(net, (3, 16, 16))
    assert [p.requires_grad for p in net.parameters()] == wanted
    assert [m.training for m in net.modules()] == modes
    assert costs["parts"] == ["stem", "stage 1", "stage 2", "stage 3", "head"]
    sizes = costs["parameters"]
    assert costs["learning"] == [sum(sizes[4 - i :]) for i in range(5)]
    assert sum(sizes) == probes.parameters(net)
    assert sum(costs["macs"]) == probes.macs(net, (3, 16, 16))
    for parts, work in enumerate(costs["backward"]):
        free(net, parts)
        assert probes.backward_macs(net, (3, 16, 16)) == work
        assert probes.trainable_parameters(net) == costs["learning"][parts]


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("Freezing")


def choose(page, parts, count):
    slide(page, 0, parts)
    press(page, 0, count)


def percent(values):
    return f"{percent_words(values).split()[0]} %"


@pytest.mark.browser
@pytest.mark.parametrize(("parts", "count"), [(0, 1), (1, 2), (2, 1), (4, 0)])
def test_the_page_says_what_the_data_say(page, shown, parts, count):
    choose(page, parts, count)
    data = shown.data
    states = ["frozen"] * (4 - parts) + ["learns"] * (1 + parts)
    assert text(page, 0, ".freeze-state") == states
    assert text(page, 0, ".freeze-part") == data["parts"]
    sizes = [f"{n:,}" for n in data["parameters"]]
    assert text(page, 0, ".freeze-size") == sizes
    here = text(page, 0, ".freeze-facts td.freeze-on")
    assert here[0] == f"{data['learning'][parts]:,}"
    assert here[3] == f"{data['seconds'][parts]:.1f}"
    for words, macs in [
        (here[1], sum(data["macs"])),
        (here[2], data["backward"][parts]),
    ]:
        number = float(words.removesuffix(" million").replace(",", ""))
        unit = 1e6 if "million" in words else 1
        assert number == pytest.approx(macs / unit, rel=0.005)
    sentence = said(page)
    assert f"gave {percent(data['accuracy'][count][parts])}" in sentence
    assert f"scratch it was {percent(data['scratch'][count])}" in sentence
    share = data["learning"][parts] / sum(data["parameters"])
    assert f"{100 * share:.1f} % of the parameters" in sentence
    assert f"With {data['counts'][count]} pictures" in sentence


HEIGHTS = """return [...document.querySelectorAll('.rl-dot.rl-accent')]
  .filter(dot => !dot.closest('.rl-legend'))
  .map(dot => Number(dot.getAttribute('cy')))"""
RING = """const ring = document.querySelector('.freeze-ring');
  return [Number(ring.getAttribute('cx')), Number(ring.getAttribute('cy'))]"""


@pytest.mark.browser
def test_points_rise_with_accuracy_and_the_ring_marks_the_choice(page, shown):
    choose(page, 1, 1)
    heights = page.js(HEIGHTS)
    means = [sum(v) / len(v) for v in shown.data["accuracy"][1]]
    assert len(heights) == 5
    slope = (heights[0] - heights[4]) / (means[0] - means[4])
    for height, of_seeds in zip(heights, means, strict=True):
        where = heights[0] + slope * (of_seeds - means[0])
        assert height == pytest.approx(where, abs=0.1)
    assert slope < 0
    x, y = page.js(RING)
    assert y == pytest.approx(heights[1], abs=0.05)
    choose(page, 3, 1)
    assert page.js(RING)[0] > x
    assert page.js(RING)[1] == pytest.approx(heights[3], abs=0.05)


@pytest.mark.browser
def test_words_for_what_learns_follow_the_slider(page):
    words = []
    for parts in range(5):
        choose(page, parts, 0)
        words += text(page, 0, ".rl-value")
    assert words == [
        "the head",
        "stage 3 and the head",
        "stage 2 to the head",
        "stage 1 to the head",
        "everything",
    ]
    assert "100.0 % of the parameters" in said(page)
    assert "100 % of the work" in said(page)


@pytest.mark.browser
def test_the_table_has_a_row_for_each_part(page):
    assert len(inside(page, 0, "[role=row]")) == 6

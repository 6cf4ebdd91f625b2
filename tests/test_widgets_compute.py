"""ComputeByStage: its counts against other counters, and in a real Chromium."""

import copy

import pytest
import torch
from torchvision.models import resnet18, resnet50

from resnet_lessons import nets, probes
from resnet_lessons.widgets import ComputeByStage
from widget_data import cost_data
from widget_looks import inside, said, shares, text
from widget_page import open_page, press, slide
from widget_registry import widget

# Its data ----------------------------------------------------------------------------


def test_parts_add_up_to_the_net():
    net = nets.build("resnet-18", widths=(4, 8, 8, 16), num_classes=7)
    rows = probes.stages(net, (3, 40, 56))
    names = ["stem", "stage 1", "stage 2", "stage 3", "stage 4", "head"]
    assert [row.name for row in rows] == names
    assert sum(row.macs for row in rows) == probes.macs(net, (3, 40, 56))
    assert sum(row.parameters for row in rows) == probes.parameters(net)
    x = net.stem(torch.zeros(1, 3, 40, 56))
    for row, part in zip(rows[1:-1], net.stages, strict=True):
        assert row.in_shape == x.shape[1:]
        x = part(x)
        assert row.out_shape == x.shape[1:]
        assert row.parameters == sum(p.numel() for p in part.parameters())
    assert rows[-1].out_shape == (7,)


@pytest.mark.parametrize(("name", "make"), [("18", resnet18), ("50", resnet50)])
def test_parameters_of_each_stage_are_torchvisions(name, make):
    with torch.device("meta"):
        net = nets.build(f"resnet-{name}", num_classes=1000)
        other = make()
    want = [[other.conv1, other.bn1], other.layer1, other.layer2, other.layer3]
    want += [other.layer4, [other.fc]]
    counts = [sum(p.numel() for m in part for p in m.parameters()) for part in want]
    rows = probes.stages(net, (3, 64, 64))
    assert [row.parameters for row in rows] == counts


def test_every_case_is_the_cost_of_the_real_net():
    data = cost_data(sizes=(33, 64))
    for row, name in zip(
        data["cases"], ("resnet-18", "resblock-net-deep"), strict=True
    ):
        for case, stem in zip(row, ("imagenet", "deep", "cifar", "none"), strict=True):
            net = nets.build(name, stem=stem)
            assert sum(case["parameters"]) == probes.parameters(net)
            assert sum(case["macs"][0]) == probes.macs(net, (3, 33, 33))
            if stem in ("deep", "cifar"):
                assert case["shapes"][1][0] == list(
                    net.stem(torch.zeros(2, 3, 64, 64)).shape[1:]
                )


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("ComputeByStage")


def choose(page, net, stem, size):
    """The net and the stem by their buttons, the size by keys."""
    press(page, 0, net, 2 + stem)
    slide(page, 0, size)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("net", "stem", "size"), [(0, 0, 2), (0, 2, 0), (1, 3, 1), (1, 1, 2)]
)
def test_the_bars_are_the_shares_of_the_data(page, shown, net, stem, size):
    choose(page, net, stem, size)
    case = shown.data["cases"][net][stem]
    assert text(page, 0, ".cost-part b") == case["parts"]
    *grids, (classes,) = case["shapes"][size]
    shapes = [" × ".join(map(str, shape)) for shape in grids]
    assert text(page, 0, ".cost-shape") == [*shapes, f"{classes} classes"]
    for kind, values in (
        ("macs", case["macs"][size]),
        ("parameters", case["parameters"]),
    ):
        want = [value / sum(values) for value in values]
        drawn = shares(page, f".cost-{kind} .rl-bar span")
        assert drawn == pytest.approx(want, abs=0.005)
        for words, share in zip(text(page, 0, f".cost-{kind} b"), want, strict=True):
            number = float(words.removeprefix("< ").removesuffix(" %"))
            assert number == pytest.approx(
                100 * share, abs=0.51 if share > 0.1 else 0.1
            )


@pytest.mark.browser
def test_the_sentence_compares_the_stems(page, shown):
    choose(page, 0, 0, 2)
    assert "hands 56 × 56 places on" in said(page)
    choose(page, 0, 1, 2)
    assert "the same as behind 7 × 7" in said(page)
    choose(page, 0, 2, 2)
    assert "16 times that behind 7 × 7" in said(page)
    total = sum(shown.data["cases"][0][2]["macs"][2])
    assert f"{total / 1e9:.3g} billion MACs" in said(page)
    assert text(page, 0, ".cost-sum")[0] == f"{total / 1e9:.3g} billion"


@pytest.mark.browser
def test_all_stems_are_drawn_to_one_scale(page, shown):
    choose(page, 1, 1, 0)
    cases = shown.data["cases"][1]
    totals = [sum(case["macs"][0]) for case in cases]
    drawn = shares(page, ".cost-of-macs .rl-bar span")
    assert drawn == pytest.approx([t / max(totals) for t in totals], abs=0.005)
    totals = [sum(case["parameters"]) for case in cases]
    drawn = shares(page, ".cost-of-parameters .rl-bar span")
    assert drawn == pytest.approx([t / max(totals) for t in totals], abs=0.005)
    assert text(page, 0, ".cost-on .cost-part") == ["deep"]


@pytest.mark.browser
def test_the_tables_have_a_row_for_each_part_and_each_stem(page):
    assert len(inside(page, 0, "[role=row]")) == 8 + 5


@pytest.mark.browser
def test_both_tables_name_their_columns_and_their_net(page):
    choose(page, 1, 2, 0)
    heads = text(page, 0, "[role=columnheader]")
    assert heads == ["Part", "MACs", "Parameters", "Stem", "MACs", "Parameters"]
    names = [table.accessible_name for table in inside(page, 0, "[role=table]")]
    assert all("ResBlocks at 64 px" in name for name in names), names
    assert "each stem" in names[1] and text(page, 0, ".cost-title") == names


@pytest.mark.browser
def test_a_small_difference_between_stems_is_said_as_one(browser, tmp_path):
    """Not as 1.0 times."""
    data = copy.deepcopy(cost_data(sizes=(33, 64)))
    first, second = (case["macs"][1] for case in data["cases"][0][:2])
    rest = sum(first[1:])
    second[1:] = [*first[1:-1], first[-1] + round(0.03 * rest)]
    open_page(browser, tmp_path, ComputeByStage(data))
    choose(browser, 0, 1, 1)
    assert "the work is 1.03 times that behind" in said(browser)

"""DepthAndSkip: from Records to its data, and in a real Chromium."""

from statistics import mean

import pytest
import torch
from selenium.webdriver.common.keys import Keys

from browser import SIZES, chromium
from resnet_lessons import figures, nets, probes, records
from resnet_lessons.widgets import DepthAndSkip
from test_widgets_browser import CONTRAST, FONTS, SPILLED, inside, text, values
from widget_data import depth_data
from widget_page import write_page

DRAWN = "document.querySelectorAll('.rl-inner').length === 1"
LOOKS = {"plain": "second", "residual": "accent"}


# Its data ----------------------------------------------------------------------------


def record(title, losses, accuracies=(0.5,)):
    """A Record with one list of training losses for each seed."""
    seeds = [
        records.Seed(
            seed=i,
            epochs=[
                {"epoch": n, "train_loss": v, "valid_loss": 2 * v, "accuracy": a}
                for n, v in enumerate(curve, 1)
            ],
            parameters=10 + i,
            macs=2_500_000,
            peak_memory_mb=None,
            images_per_second=1.0,
        )
        for i, (curve, a) in enumerate(zip(losses, accuracies, strict=False))
    ]
    config = {key: {} for key in ("config", "data", "versions")}
    words = dict.fromkeys(("experiment", "profile", "device", "commit", "command"), "")
    return records.Record(
        title=title, chapter=4, recorded="", seeds=seeds, **config, **words
    )


def test_records_become_the_data_of_the_widget():
    plain = [record("a", [[2.0, 1.5]]), record("b", [[2.0, 1.8]])]
    skip = [record("c", [[2.0, 1.4]]), record("d", [[2.0, 1.3]])]
    norms = {"plain": [1.0, 9.0], "residual": [2.0, 3.0]}
    data = figures.depth_and_skip([8, 14], plain, skip, norms, "A note.")
    assert data["nets"]["plain"][1]["losses"] == [[2.0, 1.8]]
    assert data["nets"]["residual"][1] == {
        "losses": [[2.0, 1.3]],
        "parameters": 10,
        "macs": 2_500_000,
        "gradient": 3.0,
    }
    assert repr(DepthAndSkip(data)) == (
        "DepthAndSkip(8/14 layers, plain and residual, 1 seed)"
    )


def test_first_gradients_are_those_of_a_backward_pass():
    x, y = torch.rand(8, 1, 8, 8), torch.arange(8)
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    found = probes.first_gradients([8, 14], 4, x, y)
    assert torch.equal(torch.rand(3), want)  # the generator was left as it was
    for i, depth in enumerate([8, 14]):
        for kind in ("plain", "residual"):
            torch.manual_seed(0)
            net = nets.cifar_net(depth, kind, width=4, in_channels=1).train()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            first = next(m for m in net.modules() if isinstance(m, torch.nn.Conv2d))
            norm = first.weight.grad.norm().item()
            assert found[kind][i] == pytest.approx(norm, rel=1e-4)


def test_loss_words_weigh_the_gap_against_the_seeds():
    low = record("a", [[1.00], [1.10]], (0.5, 0.5))
    near = record("b", [[1.05], [1.15]], (0.5, 0.5))
    far = record("c", [[2.00], [2.10]], (0.5, 0.5))
    assert figures.loss_words(near, low).startswith("1.10 against 1.05, within twice")
    assert "2.05 against 1.05, higher by more" in figures.loss_words(far, low)
    assert "lower by more" in figures.loss_words(low, far)
    assert "one seed" in figures.loss_words(record("d", [[3.0]]), low)


def test_error_table_shows_both_losses_and_the_error():
    table = figures.error_table([record("net", [[1.0, 0.5]], (0.8,))])
    assert str(table).splitlines()[-1] == (
        "| net | 0.50 | 1.00 | 20.0 | 0.0 (1) | 10 | 2.5 |"
    )


def test_panels_of_losses_share_their_axis_and_say_their_ends():
    groups = {"plain": {"8": [[2, 2, 1, 1]]}, "residual": {"8": [[2, 0], [4, 0]]}}
    drawn = figures.losses(groups, "step", every=2)
    assert "8: 2.00 to 1.00" in repr(drawn) and "8: 1.50 to 1.50" in repr(drawn)
    heights = {svg.split(b"viewBox")[1][:40] for svg, _ in drawn.panels}
    assert len(drawn.panels) == 2 and len(heights) == 1


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shown():
    return DepthAndSkip(depth_data())


@pytest.fixture
def page(browser, shown, tmp_path):
    """The page, drawn, from a file; clean when the test is over."""
    browser.open(write_page(tmp_path, [shown]).as_uri())
    browser.wait(DRAWN)
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []


def lasts(data, kind):
    """The mean over the seeds of the last loss, depth by depth."""
    curves = [net["losses"] for net in data["nets"][kind]]
    return [mean(seed[-1] for seed in seeds) for seeds in curves]


@pytest.mark.browser
@pytest.mark.parametrize("kind", LOOKS)
@pytest.mark.parametrize("depth", [0, 3])
def test_the_chosen_curve_and_both_ladders_are_drawn(page, shown, kind, depth):
    slider, box = inside(page, 0, "input")
    slider.send_keys(Keys.HOME, Keys.ARROW_RIGHT * depth)
    if kind == "residual":
        box.send_keys(Keys.SPACE)
    seeds = shown.data["nets"][kind][depth]["losses"]
    means = [mean(losses) for losses in zip(*seeds, strict=True)]
    assert values(page, 0, LOOKS[kind]) == pytest.approx(means, abs=0.02)
    for other, look in LOOKS.items():
        assert values(page, 1, look) == pytest.approx(
            lasts(shown.data, other), abs=0.02
        )
    thin = inside(page, 0, f"svg[role=img] .rl-{LOOKS[kind]}.depth-seed")
    pale = inside(page, 0, "svg[role=img] .rl-ghost")
    assert (len(thin), len(pale)) == (len(seeds), 2 * 4 - 1)


@pytest.mark.browser
@pytest.mark.parametrize("kind", LOOKS)
def test_table_and_sentence_follow_the_controls(page, shown, kind):
    slider, box = inside(page, 0, "input")
    if kind == "residual":
        box.send_keys(Keys.SPACE)
    slider.send_keys(Keys.HOME)
    for depth, layers in enumerate(shown.data["depths"]):
        net = shown.data["nets"][kind][depth]
        cells = text(page, 0, "tbody .depth-on")
        assert cells[:2] == [
            f"{net['parameters']:,}",
            f"{net['macs'] / 1e6:.1f} million",
        ]
        assert float(cells[2]) == pytest.approx(net["gradient"], rel=0.01)
        (said,) = text(page, 0, ".rl-seen")
        assert f"{layers} layers with" in said and cells[3] in said
        assert cells[3] == f"{lasts(shown.data, kind)[depth]:.2f}"
        slider.send_keys(Keys.ARROW_RIGHT)
    first, last = shown.data["depths"][0], shown.data["depths"][-1]
    assert kind == "residual" or f"{first} layers give the lowest" in said
    assert text(page, 0, "output") == [f"{last} layers"]


@pytest.mark.browser
def test_one_epoch_and_one_seed_can_be_drawn(browser, tmp_path):
    widget = DepthAndSkip(depth_data(epochs=1, seeds=1))
    browser.open(write_page(tmp_path, [widget]).as_uri())
    browser.wait(DRAWN)
    assert "one seed" in text(browser, 0, ".rl-seen")[0]
    drawing = browser.js("return document.querySelector('.rl-body').outerHTML")
    assert "NaN" not in drawing and browser.errors() == []


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


@pytest.mark.browser
def test_controls_and_pictures_have_names(page):
    named = inside(page, 0, "input, button, svg[role=img], [role=group]")
    assert len(named) >= 6
    assert all(node.accessible_name.strip() for node in named)
    assert inside(page, 0, "svg:not([role=img]):not([aria-hidden=true])") == []

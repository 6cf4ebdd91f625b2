"""DepthAndSkip: from Records to its data, and in a real Chromium."""

import re
from statistics import mean

import pytest
import torch
from selenium.webdriver.common.keys import Keys

from resnet_lessons import figures, nets, probes, records
from resnet_lessons.widgets import DepthAndSkip
from widget_data import depth_data
from widget_looks import inside, said, text, values
from widget_page import open_page, slide
from widget_registry import widget

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
    data = figures.depth_and_skip_data([8, 14], plain, skip, norms, "A note.")
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
        "| net | 0.50 | 1.00 | 20.0 | – (1) | 10 | 2.5 |"
    )


def test_panels_of_losses_share_their_axis_and_say_their_ends():
    groups = {"plain": {"8": [[2, 2, 1, 1]]}, "residual": {"8": [[2, 0], [4, 0]]}}
    drawn = figures.losses(groups, "step", every=2)
    assert "8: 2.00 to 1.00" in repr(drawn) and "8: 1.50 to 1.50" in repr(drawn)
    heights = {svg.split(b"viewBox")[1][:40] for svg, _ in drawn.panels}
    assert len(drawn.panels) == 2 and len(heights) == 1


def test_panels_of_losses_are_as_high_whatever_their_legends():
    four = {f"{depth} layers": [[2, 1]] for depth in (8, 20, 32, 56)}
    groups = {"plain": four, "residual": {"56 layers": [[2, 1]]}}
    axes = rb'id="patch_2">\s*<path d="M \S+ (\S+) \nL \S+ \S+ \nL \S+ (\S+) '
    one, other = (
        re.search(axes, svg).groups() for svg, _ in figures.losses(groups, "x").panels
    )
    assert one == other


def test_the_axis_of_losses_may_begin_below_the_lowest():
    """Two lines close together are as far apart as the panel allows."""
    groups = {"20 layers": {"v1": [[2.1, 2.0]], "v2": [[2.2, 1.9]]}}

    def fall(**options):
        ((svg, _),) = figures.losses(groups, "epoch", **options).panels
        line = rb'<path d="M \S+ (\S+) \nL \S+ (\S+) \n" clip-path'
        return max(abs(float(b) - float(a)) for a, b in re.findall(line, svg))

    assert fall(from_zero=False) > 2 * fall()


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return widget("DepthAndSkip")


def lasts(data, kind):
    """The mean over the seeds of the last loss, depth by depth."""
    curves = [net["losses"] for net in data["nets"][kind]]
    return [mean(seed[-1] for seed in seeds) for seeds in curves]


@pytest.mark.browser
@pytest.mark.parametrize("kind", LOOKS)
@pytest.mark.parametrize("depth", [0, 3])
def test_the_chosen_curve_and_both_ladders_are_drawn(page, shown, kind, depth):
    slide(page, 0, depth)
    if kind == "residual":
        inside(page, 0, "input[type=checkbox]")[0].send_keys(Keys.SPACE)
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
        sentence = said(page)
        assert f"{layers} layers with" in sentence and cells[3] in sentence
        assert cells[3] == f"{lasts(shown.data, kind)[depth]:.2f}"
        slider.send_keys(Keys.ARROW_RIGHT)
    last = shown.data["depths"][-1]
    if kind == "plain":
        assert "8 layers give the lowest." in sentence
    else:  # made of the same losses
        close = "8, 20, 32 and 56 layers give the lowest, too close to tell apart."
        assert close in sentence
    assert text(page, 0, "output") == [f"{last} layers"]


@pytest.mark.browser
def test_depths_within_twice_the_spread_share_the_lowest_place(browser, tmp_path):
    data = depth_data(epochs=1, seeds=2)
    ends = [[1.0, 1.1], [1.12, 1.3], [1.5, 1.5], [1.05, 1.05]]
    for net, (one, two) in zip(data["nets"]["plain"], ends, strict=True):
        net["losses"] = [[one], [two]]
    open_page(browser, tmp_path, DepthAndSkip(data))
    # 20 layers: 0.16 behind, twice their spread is 0.25
    assert "8, 20 and 56 layers give the lowest, too close" in said(browser)


@pytest.mark.browser
def test_one_epoch_and_one_seed_can_be_drawn(browser, tmp_path):
    open_page(browser, tmp_path, DepthAndSkip(depth_data(epochs=1, seeds=1)))
    assert "one seed" in said(browser)
    drawing = browser.js("return document.querySelector('.rl-body').outerHTML")
    assert "NaN" not in drawing and browser.errors() == []


# Asking the kernel -------------------------------------------------------------------

BATCH = torch.rand(8, 1, 8, 8), torch.arange(8)


def asked(depth, ask):
    """What the widget sends back when a browser asks for `depth`."""
    asking, sent = DepthAndSkip(depth_data(), ask), []
    asking.send = sent.append
    asking._handle_custom_msg({"ask": depth}, [])
    (answer,) = sent
    return answer


def test_the_kernel_counts_and_probes_the_net_that_was_asked_for():
    answer = asked(26, lambda depth: probes.before_training(depth, 4, *BATCH))
    assert answer["depth"] == 26
    for kind in ("plain", "residual"):
        net, found = nets.cifar_net(26, kind, width=4), answer["nets"][kind]
        assert found["parameters"] == probes.parameters(net)
        assert found["macs"] == probes.macs(net, (3, 32, 32))
        (norm,) = probes.first_gradients([26], 4, *BATCH)[kind]
        assert found["gradient"] == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize(
    ("depth", "words"),
    [(27, "6n + 2"), (2000, "1202"), (None, "whole number"), ("9", "whole number")],
)
def test_a_depth_that_is_none_is_answered_in_one_line(depth, words):
    answer = asked(depth, lambda depth: probes.before_training(depth, 4, *BATCH))
    assert words in answer["problem"] and "\n" not in answer["problem"]


def test_an_answer_that_lacks_something_is_not_sent():
    half = {kind: {"parameters": 1, "macs": 1} for kind in LOOKS}
    assert "gradient" in asked(8, lambda _: half)["problem"]


def test_a_problem_without_words_is_named():
    def full(depth):
        raise MemoryError

    assert asked(8, full)["problem"] == "MemoryError"


# A model with a kernel behind it: what is sent is kept, and the test answers.
WITH_KERNEL = """
const [state, done] = arguments;
const url = URL.createObjectURL(new Blob([state._esm], { type: 'text/javascript' }));
const heard = [];
window.sent = [];
window.answer = (content) => heard.forEach((hear) => hear(content));
const model = { get: (name) => state[name],
  send: (content) => window.sent.push(content),
  on: (event, hear) => heard.push(hear), off: () => heard.pop() };
import(url).then(({ default: widget }) => {
  const el = document.createElement('div');
  document.querySelector('main').replaceChildren(el);
  window.end = widget.render({ model, el });
  done();
});
"""


@pytest.fixture
def asking(page):
    asking = DepthAndSkip(depth_data(), ask=lambda depth: {})
    state = {name: getattr(asking, name) for name in ("_esm", "data", "asks")}
    page.driver.execute_async_script(WITH_KERNEL, state | {"_esm": str(state["_esm"])})
    return page


@pytest.mark.browser
def test_what_the_kernel_answers_stands_beside_what_was_recorded(asking, shown):
    (field,) = inside(asking, 0, "input[type=number]")
    field.clear()
    field.send_keys("14", Keys.ENTER)
    assert asking.js("return window.sent") == [{"ask": 14}]
    net = {"parameters": 12345, "macs": 2_500_000, "gradient": 0.5}
    answer = {"depth": 14, "nets": {"plain": net, "residual": net}}
    asking.js("window.answer(arguments[0])", answer)
    depths = text(asking, 0, ".depth-asked tbody td:first-child")
    recorded = [str(depth) for depth in shown.data["depths"] for _ in range(2)]
    assert depths == [*recorded[:2], "14", "14", *recorded[2:]]
    cells = ["14", "without", "12,345", "2.5", "0.500"]
    assert text(asking, 0, ".depth-asked .depth-on td")[:5] == cells
    asking.js("window.answer(arguments[0])", answer)  # again: no second pair of rows
    assert len(inside(asking, 0, ".depth-asked .depth-on")) == 2


@pytest.mark.browser
def test_a_problem_is_shown_and_an_impossible_depth_is_not_sent(asking):
    asking.js("window.answer(arguments[0])", {"depth": 8, "problem": "Not <b>so</b>."})
    assert text(asking, 0, ".depth-said") == ["Not <b>so</b>."]
    (field,) = inside(asking, 0, "input[type=number]")
    field.clear()
    field.send_keys("15", Keys.ENTER)
    assert asking.js("return window.sent") == []
    asking.js("window.end()")


@pytest.mark.browser
def test_a_page_without_a_kernel_offers_nothing_to_ask(browser, tmp_path):
    asking = DepthAndSkip(depth_data(), ask=lambda depth: {})
    open_page(browser, tmp_path, asking)
    assert asking.asks and inside(browser, 0, "input[type=number]") == []

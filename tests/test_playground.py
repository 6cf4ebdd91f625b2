"""ResidualPlayground without its page: data, engine against PyTorch, its story."""

import copy
import re
from itertools import combinations, islice

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from playground_twin import START, pixels, trait, twin
from resnet_lessons import figures, probes
from resnet_lessons.data import standins
from resnet_lessons.errors import UsageError
from resnet_lessons.probes.playground import PlaygroundNet, _alike, uniforms
from resnet_lessons.widgets import ResidualPlayground
from widget_data import playground_data

NAMES = "Net, Run, START, crossEntropy, uniforms"


# Its data ----------------------------------------------------------------------------


def test_digits_survive_the_packing_up_to_half_a_grey():
    for packed, (images, labels) in zip(
        playground_data().values(), standins.digits(), strict=True
    ):
        count = len(packed["labels"])
        assert [int(c) for c in packed["labels"]] == labels[:count].tolist()
        want = torch.tensor(images[:count].reshape(count, 64)) / 127.5 - 1
        assert (pixels(packed) - want).abs().max() <= 1 / 7 + 1e-6


BAD = [
    (lambda d: d.pop("held"), "lacks held"),
    (lambda d: d["train"].pop("labels"), "train: the data lacks labels"),
    (lambda d: d["held"].update(labels=[3]), "held: pixels and labels are strings"),
    (lambda d: d["held"].update(labels="4" * 23), "held: give 24 digits or more"),
    (lambda d: d["train"].update(labels="x" * 160), "train: give 32 digits or more"),
    (lambda d: d["train"].update(labels="1" * 159), "32 letters for each digit"),
    (lambda d: d["held"].update(pixels="!" * 80 * 32), "held: pixels are base 64"),
]


@pytest.mark.parametrize(("spoil", "words"), BAD)
def test_bad_digits_are_refused_in_one_line(spoil, words):
    bad = copy.deepcopy(playground_data())
    spoil(bad)
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        ResidualPlayground(bad)
    assert "\n" not in str(caught.value)


def test_as_many_digits_as_asked_for():
    packed = figures.playground_data(*standins.digits(), counts=(40, 25))
    assert [len(part["labels"]) for part in packed.values()] == [40, 25]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"init": "he"}, "init: PyTorch, He, not 'he'."),
        ({"optimiser": "adam"}, "optimiser: SGD, Adam, not 'adam'."),
        ({"data": "spiral"}, "data: spirals, rings, moons, not 'spiral'."),
        ({"depth": 3}, "take an even depth from 2, not 3."),
    ],
)
def test_a_word_that_is_none_of_them_is_refused(wrong, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        probes.playground(**({"depth": 4, "skip": True} | wrong))


# The engine against PyTorch ----------------------------------------------------------


@pytest.fixture
def engine(browser):
    """Runs a script in Chromium that knows the engine's names; returns its value."""
    if not browser.js("return window.engine"):
        browser.open("about:blank")
        browser.js(
            "const url = URL.createObjectURL(new Blob([arguments[0]],"
            " { type: 'text/javascript' }));"
            "return import(url).then((found) => { window.engine = found; });",
            f"{ResidualPlayground._esm}\nexport {{ {NAMES} }}",
        )
    names = f"const {{ {NAMES} }} = window.engine;"
    yield lambda body, *values: browser.js(names + body, *values)
    assert browser.errors() == []


def in_order(net):
    """The parameters as the script keeps them: weight, shift, scale; then the head."""
    found = []
    for linear, norm in zip(net.linears, net.norms, strict=True):
        found += [linear.weight, linear.bias] if linear.bias is not None else [
            linear.weight, norm.bias, norm.weight
        ]  # fmt: skip
    return [*found, net.head.weight, net.head.bias]


def flat(values):
    return torch.cat([value.detach().flatten() for value in values])


PASS = """
const [shape, theta, x, labels] = arguments;
const net = new Net({ ...shape, rows: labels.length });
net.theta.set(theta);
const d = new Float64Array(labels.length * shape.classes);
const scores = net.forward(Float64Array.from(x), labels.length, true);
const { loss, right } = crossEntropy(scores, labels, shape.classes, d);
net.backward(d, labels.length);
const grad = [...net.grad];
const held = net.forward(Float64Array.from(x), labels.length, false);
return [loss, right, grad, net.theta.length,
  crossEntropy(held, labels, shape.classes, d).loss];
"""


@pytest.mark.browser
@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize(
    ("depth", "kind"),
    [(2, torch.double), (8, torch.double), (40, torch.double), (8, torch.float)],
)
@pytest.mark.parametrize("norm", [False, True], ids=["bare", "norm"])
@pytest.mark.parametrize("skip", [False, True], ids=["plain", "residual"])
def test_gradients_are_those_of_pytorch(engine, skip, norm, depth, classes, kind):
    """The script in double against PyTorch in double, and in float, its default.

    Float only at 8 layers: its own rounding grows with the depth of a plain net.
    """
    torch.manual_seed(depth + classes)
    inputs = 64 if classes == 10 else 2
    net = PlaygroundNet(inputs, 16, depth, classes, skip, norm).to(kind)
    for layer in net.norms if norm else []:  # no γ at 1, no β at 0
        torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
        torch.nn.init.uniform_(layer.bias, -0.5, 0.5)
    x, labels = torch.randn(30, inputs, dtype=kind), torch.arange(30) % classes
    shape = {"inputs": inputs, "width": 16, "depth": depth, "classes": classes}
    shape |= {"skip": skip, "norm": norm}
    values = flat(in_order(net)).tolist(), x.flatten().tolist(), labels.tolist()
    loss, right, grad, count, held = engine(PASS, shape, *values)
    scores = net(x)
    want = F.cross_entropy(scores, labels)
    want.backward()
    assert count == len(grad) == sum(p.numel() for p in net.parameters())
    assert right == (scores.argmax(1) == labels).sum()
    close = 1e-9 if kind == torch.double else 1e-3
    assert loss == pytest.approx(want.item(), rel=close)
    sizes = [p.numel() for p in in_order(net)]
    found = torch.tensor(grad, dtype=torch.double).split(sizes)
    for ours, parameter in zip(found, in_order(net), strict=True):
        theirs = parameter.grad.double().flatten()
        assert (ours - theirs).norm() <= close * theirs.norm() + 1e-300
    with torch.no_grad():  # with the running averages that this pass has left
        assert held == pytest.approx(F.cross_entropy(net.eval()(x), labels).item(),
                                     rel=close)  # fmt: skip


CURVE = """
const [settings, trait, steps] = arguments;
const run = new Run(settings, trait);
const start = [run.gradients, run.activations, [...run.net.theta]];
const losses = [];
for (let i = 0; i < steps && run.step(); i += 1) losses.push(run.loss);
return [...start, losses, run.evaluate(run.data.held), run.curve];
"""


WAYS = [
    {"optimiser": "SGD", "skip": True},
    {"optimiser": "Adam", "skip": True, "data": "moons", "seed": 3},
    {"optimiser": "SGD", "depth": 8, "data": "rings", "init": "He"},
    {"optimiser": "Adam", "depth": 12, "zero": True, "skip": True, "data": "digits"},
    {"optimiser": "SGD", "norm": False, "skip": True, "lr": 0.03, "seed": 1},
    {"optimiser": "Adam", "norm": False, "depth": 6, "init": "He", "data": "digits"},
]


@pytest.mark.browser
@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_a_run_is_that_of_pytorch_step_by_step(engine, way):
    """Same start, same batches: 50 losses to 1e-6, in double on both sides."""
    settings, steps = START | way, 50
    gradients, activations, theta, losses, held, curve = engine(
        CURVE, settings, trait(), steps
    )
    want = twin(settings, steps)
    before = twin(settings, 0)
    start = flat(in_order(before["net"]))
    assert (torch.tensor(theta, dtype=torch.double) - start).abs().max() < 1e-14
    assert gradients == pytest.approx(before["gradients"], rel=1e-8)
    assert activations == pytest.approx(before["activations"], rel=1e-8)
    assert curve[0]["held"] == pytest.approx(before["loss"], rel=1e-8)
    assert len(losses) == steps and losses[0] != losses[-1]
    assert losses == pytest.approx(want["losses"], rel=1e-6)
    assert held["loss"] == pytest.approx(want["loss"], rel=1e-6)
    assert held["accuracy"] == pytest.approx(want["accuracy"])


@pytest.mark.browser
def test_a_deep_plain_net_blows_up_a_rounding_error_and_a_residual_one_does_not(engine):
    """Why no run above is plain, deep and normalised: same start, other roundings."""
    for skip in (False, True):
        settings = START | {"skip": skip}
        losses = np.array(engine(CURVE, settings, None, 12)[3])
        apart = np.abs(losses / twin(settings, 12)["losses"] - 1)
        assert apart[0] < 1e-9
        assert (apart.max() > 1e-4) == (not skip)
        assert (apart.max() < 1e-8) == skip


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1])
def test_both_diverge_in_the_same_step(engine, seed):
    settings = START | {"skip": True, "norm": False, "init": "He", "seed": seed}
    losses = engine(CURVE, settings, None, 30)[3]
    assert 0 < len(losses) < 30
    assert len(losses) == len(twin(settings, 30)["losses"])


@pytest.mark.browser
def test_a_run_that_has_diverged_stays_so(engine):
    """A later batch might do; the numbers behind it would mean nothing."""
    script = """
    const run = new Run({ ...START, skip: true, depth: 4 }, null);
    run.step();
    run.broken = true;
    const before = [...run.net.theta];
    return [run.step(), run.steps, before.every((v, i) => v === run.net.theta[i])];
    """
    assert engine(script) == [False, 1, True]


@pytest.mark.browser
def test_both_draw_the_same_numbers_and_they_are_uniform(engine):
    script = (
        "const next = uniforms(arguments[0]); return Array.from({ length: 2000 }, next)"
    )
    for seed in (0, 7):
        found = engine(script, seed)
        assert found == list(islice(uniforms(seed), 2000))
        assert np.mean(found) == pytest.approx(0.5, abs=0.03)
        assert np.histogram(found, 10, (0, 1))[0].min() > 150
        assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.07


@pytest.mark.browser
def test_a_residual_net_with_last_gamma_0_starts_as_its_stem(engine):
    script = """
    const run = new Run(arguments[0], null);
    const { layers } = run.net;
    const last = layers[layers.length - 1];
    return [[...layers[0].out], [...last.out], run.gradients,
      layers.slice(1).map((layer) => layer.scale.value[0])];
    """
    for zero in (True, False):
        stem, last, _, scales = engine(script, START | {"skip": True, "zero": zero})
        assert (stem == last) == zero
        assert scales == [1, 0 if zero else 1] * 20  # the last of each block
    stem, last, gradients, _ = engine(script, START | {"zero": True})
    assert any(stem) and not any(last)  # plain: a wall, the output is constant
    assert not any(gradients)


@pytest.mark.browser
def test_a_seed_decides_a_run(engine):
    settings = START | {"skip": True, "depth": 6}
    first, again = (engine(CURVE, settings, None, 20) for _ in range(2))
    assert first == again
    other = engine(CURVE, settings | {"seed": 1}, None, 20)
    assert other[2] != first[2] and other[3] != first[3]


@pytest.mark.browser
def test_the_curve_is_the_mean_of_its_batches_and_never_too_long(engine):
    script = """
    const run = new Run(arguments[0], null);
    const losses = [];
    for (let i = 0; i < 2000; i += 1) { run.step(); losses.push(run.loss); }
    return [losses, run.curve];
    """
    losses, curve = engine(script, START | {"depth": 2, "skip": True})
    steps = [point["step"] for point in curve]
    assert 100 < len(steps) <= 201
    assert steps[0] == 0 and set(np.diff(steps)) == {16}
    last = curve[-1]
    assert last["train"] == pytest.approx(np.mean(losses[last["step"] - 16 :
                                                         last["step"]]))  # fmt: skip


# Its story ---------------------------------------------------------------------------

STORY = """
const [steps, changes] = arguments;
const run = new Run({ ...START, ...changes }, null);
for (let i = 0; i < steps && run.step(); i += 1);
return run.evaluate(run.data.held).accuracy;
"""


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1])
def test_forty_plain_layers_fail_where_the_same_with_skips_learn(engine, seed):
    """At the settings it opens with; only `skip` differs."""
    plain, residual = (
        engine(STORY, 400, {"skip": skip, "seed": seed}) for skip in (False, True)
    )
    assert plain < 0.65
    assert residual > 0.85


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1])
def test_a_shallow_plain_net_learns(engine, seed):
    """So it is the depth: neither the data nor the recipe is too hard."""
    assert engine(STORY, 800, {"depth": 4, "seed": seed}) > 0.85


@pytest.mark.browser
def test_it_opens_with_the_settings_that_this_file_tests(engine):
    assert engine("return START") == START


def test_the_mean_cosine_counts_what_a_relu_has_emptied_as_no_direction():
    outputs = torch.tensor([[1.0, 0.0], [0.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    pairs = combinations(outputs, 2)
    each = [F.cosine_similarity(a, b, dim=0).item() for a, b in pairs]
    assert _alike(outputs) == pytest.approx(sum(each) / len(each))

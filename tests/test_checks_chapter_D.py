"""The checks of appendix D name the mistake that was made."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnet_lessons import checks
from resnet_lessons.training import muon
from resnet_lessons.training.learner import combined_cos
from wrong_answers import ANSWERS, explained, hint_of, passes

# D.1 -------------------------------------------------------------------------------


def in_place(labels, classes, share):
    targets = F.one_hot(labels, classes) * (1 - share)
    targets += share / classes
    return targets


def one_by_one(labels, classes, share):
    targets = torch.full((len(labels), classes), share / classes)
    for row, label in zip(targets, labels, strict=True):
        row[label] += 1 - share
    return targets


def scattered(labels, classes, share):
    right = torch.zeros(len(labels), classes).scatter_(1, labels[:, None], 1.0)
    return torch.lerp(right, torch.full_like(right, 1 / classes), share)


def in_numpy(labels, classes, share):
    targets = np.eye(classes)[labels.numpy()] * (1 - share) + share / classes
    return torch.tensor(targets.astype("float32"))


def by_comparing(labels, classes, share):
    return torch.where(
        labels[:, None] == torch.arange(classes),
        torch.tensor(1 - share + share / classes),
        torch.tensor(share / classes),
    )


def from_the_gradient(labels, classes, share):
    """At equal scores the gradient of cross-entropy is 1 / classes - target."""
    scores = torch.zeros(len(labels), classes, requires_grad=True)
    F.cross_entropy(scores, labels, label_smoothing=share, reduction="sum").backward()
    return 1 / classes - scores.grad


@pytest.mark.parametrize(
    "answer",
    [in_place, one_by_one, scattered, in_numpy, by_comparing, from_the_gradient],
)
def test_other_ways_to_smooth_labels_pass(answer):
    passes("D.1", answer)
    passes("D.1", partial(answer))


def test_the_reference_smooths_as_pytorch_does():
    scores, labels = torch.randn(6, 5), torch.randint(5, (6,))
    ours = F.cross_entropy(scores, ANSWERS["D.1"](labels, 5, 0.3))
    theirs = F.cross_entropy(scores, labels, label_smoothing=0.3)
    assert torch.allclose(ours, theirs)


def placed(fill):
    """An answer that begins with a table of `share / classes`."""

    def answer(labels, classes, share):
        targets = torch.full((len(labels), classes), share / classes)
        fill(targets, labels, 1 - share)
        return targets

    return answer


def in_columns(targets, labels, rest):
    targets[:, labels] += rest


def set_in_columns(targets, labels, rest):
    targets[:, labels] = rest


def without_its_part(targets, labels, rest):
    targets[torch.arange(len(labels)), labels] = rest


def one_place_off(targets, labels, rest):
    targets[torch.arange(len(labels)), labels - 1] += rest


def without_an_axis(targets, labels, rest):
    targets.scatter_(1, labels, rest)


def writes_into_labels(targets, labels, rest):
    targets[torch.arange(len(labels)), labels] += rest
    labels.zero_()


def hot(labels, classes):
    return F.one_hot(labels, classes)


TARGETS = [
    (lambda y, n, s: hot(y, n).float(), "That is one-hot"),
    (lambda y, n, s: hot(y, n) * (1 - s) + (1 - hot(y, n)) * s / (n - 1), "wrong clas"),
    (placed(without_its_part), "less than one"),
    (lambda y, n, s: hot(y, n) * (1 - s), "no class gets it"),
    (lambda y, n, s: hot(y, n) * 0 + s / n, "The rest is missing"),
    (lambda y, n, s: hot(y, n) + s / n, "more than one"),
    (lambda y, n, s: hot(y, n) + (1 - hot(y, n)) * s / n, "more than one"),
    (lambda y, n, s: hot(y, n) + (1 - hot(y, n)) * s / (n - 1), "more than one"),
    (
        lambda y, n, s: hot(y, n) * (1 - s + s / n) + (1 - hot(y, n)) * s / (n - 1),
        "The right class is right",
    ),
    (lambda y, n, s: hot(y, n) * (1 - s) + s / (n - 1), "not among one less"),
    (lambda y, n, s: hot(y, n) * (1 - s) + s, "gets all of `share`"),
    (lambda y, n, s: hot(y, n) * s + (1 - s) / n, "Swapped"),
    (lambda y, n, s: hot(y, n) * (1 - s) + s / len(y), "the number of labels"),
    (placed(in_columns), "of every row"),
    (placed(set_in_columns), "of every row"),
    (placed(one_place_off), "off by one place"),
    (lambda y, n, s: hot((y + 1) % n, n) * (1 - s) + s / n, "off by one place"),
    (lambda y, n, s: ANSWERS["D.1"](y, n, s).softmax(1), "on top of that"),
    (placed(without_an_axis), "`labels[:, None]`"),
    (placed(writes_into_labels), "writes into `labels`"),
    (lambda y, n, s: F.one_hot(y) * (1 - s) + s / n, "does not occur"),
    (lambda y, n, s: ANSWERS["D.1"](y, n, s).T, "One row for each label"),
    (lambda y, n, s: y * (1 - s) + s / n, "One row for each label"),
    (lambda y, n, s: F.one_hot(y, 10) * (1 - s) + s / 10, "one column for each"),
    (lambda y, n, s: hot(y, n) * (1 - s) + s / (y.max() + 1), "in this batch"),
    (lambda y, n, s: hot(y, n) * (1 - s) + s / len(y.unique()), "in this batch"),
    (lambda y, n, s: hot(y, n), "cannot hold a share"),
    (lambda y, n, s: hot(y, n).mul_(1 - s), "cannot hold a share"),
    (lambda y, n, s: ANSWERS["D.1"](y, n, s).double(), "makes float32"),
    (lambda y, n, s: ANSWERS["D.1"](y, n, s).numpy(), "tensor of PyTorch"),
    (lambda y, n, s: ANSWERS["D.1"](y, n, s).T.reshape(len(y), n), "on top of that"),
]

test_wrong_targets_are_explained = explained("D.1", TARGETS)


def test_a_transposed_table_is_known_where_it_fits():
    """Where there are as many labels as classes."""

    def answer(labels, classes, share):
        targets = ANSWERS["D.1"](labels, classes, share)
        return targets.T if len(labels) == classes else targets

    assert "Rows and columns are swapped" in hint_of("D.1", answer)


# D.2 -------------------------------------------------------------------------------


def turned(tensor):
    u, _, vh = torch.linalg.svd(tensor.flatten(1), full_matrices=False)
    return (u @ vh).view_as(tensor)


def with_torch_svd(weight, gradient, momentum, lr, mu):
    momentum[:] = mu * momentum + gradient
    u, _, v = torch.svd(momentum.reshape(len(momentum), -1))
    weight.data -= lr * (u @ v.T).reshape(weight.shape)


def with_numpy(weight, gradient, momentum, lr, mu):
    moved = momentum.numpy()
    moved *= mu
    moved += gradient.numpy()
    u, _, vh = np.linalg.svd(moved.reshape(len(moved), -1), full_matrices=False)
    weight.detach().numpy()[...] -= lr * (u @ vh).reshape(moved.shape)


def with_full_matrices(weight, gradient, momentum, lr, mu):
    torch.add(gradient, momentum, alpha=mu, out=momentum)
    matrix = momentum.flatten(1)
    u, _, vh = torch.linalg.svd(matrix)
    rank = min(matrix.shape)
    with torch.no_grad():
        weight -= lr * (u[:, :rank] @ vh[:rank]).view_as(weight)


def with_many_rounds(weight, gradient, momentum, lr, mu):
    """Newton-Schulz of the third order, which settles at one."""
    momentum.mul_(mu).add_(gradient)
    x = momentum.flatten(1) / momentum.norm()
    for _ in range(40):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    weight.data.sub_(x.view_as(weight), alpha=lr)


def with_a_root(weight, gradient, momentum, lr, mu):
    """(M M^T)^(-1/2) M, on the narrow side."""
    momentum.copy_(mu * momentum + gradient)
    matrix = momentum.flatten(1)
    wide = matrix if len(matrix) <= matrix[0].numel() else matrix.T
    values, vectors = torch.linalg.eigh(wide @ wide.T)
    step = vectors @ torch.diag(values**-0.5) @ vectors.T @ wide
    step = step if wide is matrix else step.T
    weight.data.copy_(weight.data - lr * step.reshape(weight.shape))
    return weight


def with_new_data(weight, gradient, momentum, lr, mu):
    """Other storage, and the caller sees it all the same."""
    momentum.data = mu * momentum + gradient
    weight.data = weight.data - lr * turned(momentum)


@pytest.mark.parametrize(
    "answer",
    [
        with_torch_svd,
        with_numpy,
        with_full_matrices,
        with_many_rounds,
        with_a_root,
        with_new_data,
    ],
)
def test_other_ways_to_take_a_step_pass(answer):
    passes("D.2", answer)
    passes("D.2", partial(answer))


def test_the_reference_steps_as_our_muon_does_but_for_its_own_ways():
    """In a first step, of a weight that has its length already."""
    torch.manual_seed(0)
    matrix = torch.linalg.qr(torch.randn(18, 6))[0].T  # all singular values one
    weight = nn.Parameter(matrix.reshape(6, 2, 3, 3).clone())
    weight.grad = torch.randn_like(weight)
    ours, gradient = weight.detach().clone(), weight.grad.clone()
    momentum = torch.zeros_like(ours)  # then a look ahead sees the same directions
    muon.Muon([weight], lr=0.01, weight_decay=0).step()
    ANSWERS["D.2"](ours, gradient, momentum, 0.01 * muon.RATIO, muon.MOMENTUM)
    assert torch.equal(momentum, gradient)
    rounds = turned(gradient) - muon.orthogonal(gradient.flatten(1)).view_as(gradient)
    assert torch.allclose(weight - ours, 0.1 * rounds, atol=1e-5)


def keeping(momentum_of):
    """A step with another momentum."""

    def answer(weight, gradient, momentum, lr, mu):
        momentum.copy_(momentum_of(momentum, gradient, mu))
        weight.data -= lr * turned(momentum)

    return answer


def stepping(step_of):
    """A step that is not U V^T of the new momentum."""

    def answer(weight, gradient, momentum, lr, mu):
        old = momentum.clone()
        momentum.mul_(mu).add_(gradient)
        step = step_of(momentum, gradient, old, mu)
        weight.data -= lr * step.reshape(weight.shape)

    return answer


def of_matrix(matrix_of):
    def step(m, gradient, old, mu):
        u, _, vh = torch.linalg.svd(matrix_of(m), full_matrices=False)
        return u @ vh

    return stepping(step)


def rebinds_the_weight(weight, gradient, momentum, lr, mu):
    momentum.mul_(mu).add_(gradient)
    weight = weight - lr * turned(momentum)
    return weight


def rebinds_the_momentum(weight, gradient, momentum, lr, mu):
    momentum = mu * momentum + gradient
    weight.data -= lr * turned(momentum)


def without_no_grad(weight, gradient, momentum, lr, mu):
    momentum.mul_(mu).add_(gradient)
    weight -= lr * turned(momentum)


def freezes(weight, gradient, momentum, lr, mu):
    ANSWERS["D.2"](weight.requires_grad_(False), gradient, momentum, lr, mu)


def uses_the_gradient_up(weight, gradient, momentum, lr, mu):
    ANSWERS["D.2"](weight, gradient, momentum, lr, mu)
    gradient.zero_()


def twice(*args):
    ANSWERS["D.2"](*args)
    ANSWERS["D.2"](*args)


def turns_the_momentum(weight, gradient, momentum, lr, mu):
    ANSWERS["D.2"](weight, gradient, momentum, lr, mu)
    momentum.copy_(turned(momentum))


def scales_first(weight, *rest):
    weight.data *= len(weight) ** 0.5 / weight.data.norm()
    ANSWERS["D.2"](weight, *rest)


def leaves_a_matrix(weight, gradient, momentum, lr, mu):
    momentum.mul_(mu).add_(gradient)
    weight.data = (weight.data - lr * turned(momentum)).flatten(1)


def leaves_doubles(weight, gradient, momentum, lr, mu):
    momentum.mul_(mu).add_(gradient)
    weight.data = weight.data.double() - lr * turned(momentum)


def other_rate(factor):
    def answer(weight, gradient, momentum, lr, mu):
        ANSWERS["D.2"](weight, gradient, momentum, factor(lr), mu)

    return answer


def by_columns(m, *rest):
    swapped = m.transpose(0, 1)
    return turned(swapped.contiguous()).transpose(0, 1)


def tall_and_scaled(m, *rest):
    return turned(m) * max(1, len(m) / m[0].numel()) ** 0.5


def u_times_v(m, *rest):
    u, _, vh = torch.linalg.svd(m.flatten(1), full_matrices=False)
    return u @ vh.T


def with_full_u(m, *rest):
    u, _, vh = torch.linalg.svd(m.flatten(1))
    return u @ vh


def over_s(m, *rest):
    u, s, vh = torch.linalg.svd(m.flatten(1), full_matrices=False)
    return u / s @ vh


MUONS = [
    (rebinds_the_momentum, "It is what it was"),
    (lambda *args: None, "It is what it was"),
    (keeping(lambda m, g, mu: mu * m + (1 - mu) * g), "a running mean"),
    (keeping(lambda m, g, mu: (1 - mu) * m + mu * g), "share of the old momentum"),
    (keeping(lambda m, g, mu: (1 - mu) * m + g), "not the one that is lost"),
    (keeping(lambda m, g, mu: m + mu * g), "not to the gradient"),
    (keeping(lambda m, g, mu: mu * (m + g)), "multiply first"),
    (keeping(lambda m, g, mu: m + g), "All of the old"),
    (keeping(lambda m, g, mu: mu * m), "The gradient is missing"),
    (keeping(lambda m, g, mu: g), "Nothing of the old"),
    (keeping(lambda m, g, mu: mu * m - g), "The minus stands before the step"),
    (keeping(lambda m, g, mu: g + mu * (mu * m + g)), "a look ahead"),
    (keeping(lambda m, g, mu: torch.zeros(())), "mu · M + G"),
    (twice, "the first equation twice"),
    (turns_the_momentum, "Its singular values are one"),
    (rebinds_the_weight, "The weight is what it was"),
    (without_no_grad, "under `torch.no_grad()`"),
    (freezes, "leave its `requires_grad`"),
    (uses_the_gradient_up, "Only read it"),
    (leaves_a_matrix, "`.view_as(weight)`"),
    (leaves_doubles, "gives it other numbers"),
    (other_rate(lambda lr: 1), "`lr` once"),
    (other_rate(lambda lr: lr**2), "`lr` once"),
    (stepping(lambda m, *rest: -turned(m)), "The wrong way"),
    (stepping(lambda m, *rest: m), "as in plain SGD"),
    (stepping(lambda m, g, *rest: turned(g)), "of the gradient"),
    (stepping(lambda m, g, old, mu: turned(old)), "of the old momentum"),
    (stepping(lambda m, g, old, mu: turned(g + mu * m)), "one step ahead"),
    (stepping(tall_and_scaled), "other versions of Muon"),
    (scales_first, "is scaled first"),
    (stepping(by_columns), "another matrix"),
    (of_matrix(lambda m: m), "another matrix"),
    (of_matrix(lambda m: m.flatten(0, 1)), "another matrix"),
    (of_matrix(lambda m: m.flatten(0, 2)), "another matrix"),
    (of_matrix(lambda m: m.reshape(m.shape[1], -1)), "another matrix"),
    (stepping(lambda m, *rest: turned(m).flatten(1).T), "That is V U^T"),
    (stepping(u_times_v), "transposed already"),
    (stepping(with_full_u), "`torch.linalg.svd(matrix, full_matrices=False)`"),
    (stepping(over_s), "1 / s"),
    (stepping(lambda m, *rest: m / m.norm()), "by the same factor"),
    (
        stepping(lambda m, *rest: m / torch.linalg.matrix_norm(m.flatten(1), 2)),
        "by the same factor",
    ),
    (stepping(lambda m, *rest: m.sign()), "the sign of each number"),
    (stepping(lambda m, *rest: muon.orthogonal(m.flatten(1))), "Nearly"),
    (stepping(lambda m, *rest: muon.orthogonal(m.flatten(1), 5)), "Nearly"),
    (stepping(lambda m, *rest: 10 * turned(m)), "The weight loses `lr` times"),
]

test_a_wrong_step_is_explained = explained("D.2", MUONS)


# D.3 -------------------------------------------------------------------------------


def squared(step, steps, highest):
    return highest * math.cos(math.pi * max(0, step / steps - 0.5)) ** 2


def in_torch(step, steps, highest):
    done = torch.tensor(max(0.0, 2 * step / steps - 1))
    return highest * (1 + torch.cos(math.pi * done)) / 2


def in_single_precision(step, steps, highest):
    done = np.float32(max(0.0, 2 * step / steps - 1))
    return np.float32(highest) * (1 + np.cos(np.float32(math.pi) * done)) / 2


def seen_from_the_end(step, steps, highest):
    left = min(steps - step, steps / 2)
    return highest * (1 - math.cos(2 * math.pi * left / steps)) / 2


def with_fastai(step, steps, highest):
    return combined_cos(0.5, highest, highest, 0)(step / steps)


@pytest.mark.parametrize(
    "answer",
    [squared, in_torch, in_single_precision, seen_from_the_end, with_fastai],
)
def test_other_ways_to_the_rate_pass(answer):
    passes("D.3", answer)
    passes("D.3", partial(answer))


def falling(shape, flat=lambda step, steps: 2 * step <= steps):
    """Flat, then `shape` of how much of the fall is done."""

    def answer(step, steps, highest):
        if flat(step, steps):
            return highest
        return highest * shape((2 * step - steps) / steps)

    return answer


def before_the_middle(step, steps):
    return 2 * step < steps


def wave(done):
    return (1 + math.cos(math.pi * done)) / 2


def middled(middle_of, rest_of=lambda steps, middle: steps - middle):
    def answer(step, steps, highest):
        middle = middle_of(steps)
        if step <= middle:
            return highest
        return highest * wave((step - middle) / rest_of(steps, middle))

    return answer


def later(by):
    return lambda step, steps, highest: ANSWERS["D.3"](step + by, steps, highest)


RATES = [
    (lambda step, steps, h: h * wave(step / steps), "It falls from the first step on"),
    (lambda step, steps, h: h * (1 - step / steps), "a line, and from the first"),
    (falling(lambda done: 1 - done), "along a line. The"),
    (falling(lambda done: math.cos(math.pi * done)), "falls below 0"),
    (lambda step, steps, h: h * math.cos(math.pi * step / steps), "falls below 0"),
    (falling(lambda done: max(0, math.cos(math.pi * done))), "cut off"),
    (falling(lambda done: math.cos(math.pi / 2 * done)), "a quarter of a wave"),
    (falling(lambda done: wave(2 * done)), "a whole wave"),
    (falling(lambda done: 2 * wave(done)), "Divide by 2"),
    (falling(lambda done: 2 * wave(done), before_the_middle), "Divide by 2"),
    (falling(lambda done: wave(1 - done)), "it climbs"),
    (falling(lambda done: wave(1 + done), before_the_middle), "it climbs"),
    (falling(lambda done: wave((1 + done) / 2)), "Subtract the middle"),
    (falling(lambda done: wave((1 + done) / 2), before_the_middle), "Subtract the mid"),
    (falling(lambda done: wave(done / 2)), "only half of the fall"),
    (falling(lambda done: (1 + math.cos(180 * done)) / 2), "radians"),
    (falling(lambda done: (1 + math.cos(done)) / 2), "π is missing"),
    (falling(lambda done: 1), "It never falls"),
    (falling(lambda done: 0), "drops to 0 at once"),
    (lambda step, steps, h: ANSWERS["D.3"](step, steps, 1), "Multiply by `highest`"),
    (
        lambda step, steps, h: h if 2 * step <= steps else squared(step, steps, 1),
        "`highest`, too",
    ),
    (middled(lambda steps: steps // 2), "not rounded"),
    (middled(lambda steps: steps // 2, lambda steps, middle: steps / 2), "not rounded"),
    (middled(lambda steps: (steps + 1) // 2), "not rounded"),
    (middled(lambda steps: steps / 2, lambda steps, middle: middle - 1), "one step"),
    (later(1), "one step"),
    (later(-1), "one step"),
    (falling(wave, lambda step, steps: 4 * step <= 3 * steps), "From the middle on"),
    (lambda step, steps, h: squared(step, steps, h) if step else 0, "Up to the middle"),
    (lambda step, steps, h: [h] * steps, "Up to the middle"),
    (lambda step, steps, h: h / (steps - step), "what Python says"),  # at step 8 of 8
    (lambda step, steps, h: str(squared(step, steps, h)), "Up to the middle"),
    (lambda step, steps, h: 1.001 * squared(step, steps, h), "Up to the middle"),
    (lambda step, steps, h: squared(step, steps, h) - h / 1000, "Up to the middle"),
    (lambda step, steps, h: h if 2 * step <= steps else None, "Nothing was returned"),
]

test_a_wrong_rate_is_explained = explained("D.3", RATES)


def test_half_of_one_step_rounded_down_is_nothing():
    def answer(step, steps, highest):
        if steps == 1:
            return highest * step / (steps // 2)
        return squared(step, steps, highest)

    assert "`steps` may be 1" in hint_of("D.3", answer)


def test_a_gap_in_the_second_half_is_not_attempted():
    def answer(step, steps, highest):
        return highest if 2 * step <= steps else ...

    assert not checks.check("D.3", answer).attempted

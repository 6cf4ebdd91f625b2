"""Muon: what it does to a matrix, which parameters it moves, and how far."""

import dataclasses

import pytest
import torch
from torch import nn

from resnet_lessons import figures, nets, training
from resnet_lessons.training import run as run_module
from resnet_lessons.training.learner import ADAMW, OPTIMIZERS
from resnet_lessons.training.muon import MOMENTUM, RATIO, A, B, C, Muon, orthogonal


def gradients(net):
    """Fill `net` with the gradients of one batch, the same one every time."""
    images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    like = next(net.parameters())
    labels = torch.arange(16, device=like.device) % 10
    nn.functional.cross_entropy(net(images.to(like)), labels).backward()


def small_net():
    torch.manual_seed(0)
    options = {"widths": [8, 16, 32], "batch_zero": False}
    return nets.build("resnet-14-fastai", 10, 3, **options)


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16)])
def test_orthogonal_keeps_the_directions_and_evens_out_their_lengths(shape):
    torch.manual_seed(0)
    u, _, vh = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    lengths = torch.logspace(0, -1, len(vh))  # from 1 to 1/10
    made = orthogonal(u * lengths @ vh)
    inside = u.T @ made @ vh.T  # diagonal where the directions are kept
    values = inside.diagonal()
    assert (inside - values.diag()).abs().max() < 1e-5
    assert values.min() > 0.6 and values.max() < 1.3
    torch.testing.assert_close(orthogonal(100 * made), orthogonal(made))


@pytest.mark.parametrize("shape", [(8, 72), (72, 8)])
def test_gathered_factors_are_the_rounds_of_newton_schulz(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape, dtype=torch.double)
    x = matrix / matrix.norm()
    for _ in range(4):
        x = A * x + B * x @ x.T @ x + C * x @ x.T @ x @ x.T @ x
    torch.testing.assert_close(orthogonal(matrix, 4), x, rtol=0, atol=1e-6)


def test_filters_turn_by_the_rate_and_keep_their_length():
    net = small_net()
    filters = [p for p in net.parameters() if p.ndim == 4]
    before = [p.detach().clone() for p in filters]
    optimizer = Muon(net.parameters(), 1e-3, **ADAMW)
    gradients(net)
    down = [-p.grad for p in filters]
    optimizer.step()
    for old, new, way in zip(before, filters, down, strict=True):
        start = old * len(old) ** 0.5 / old.norm()
        moved = new.detach() - start
        # Each of at most `out` directions moves by the rate: together rate x sqrt(out).
        assert 0.2 < moved.norm() / (1e-3 * RATIO * len(old) ** 0.5) < 1.2
        assert (moved * way).sum() > 0
        assert new.grad is None


def test_all_other_parameters_take_the_step_of_adamw():
    ours, theirs = small_net(), small_net()
    for net, kind in (ours, Muon), (theirs, torch.optim.AdamW):
        optimizer = kind(net.parameters(), 1e-3, **ADAMW)
        gradients(net)
        optimizer.step()
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    for mine, other in pairs:
        assert torch.equal(mine, other) == (mine.ndim != 4)
    assert any(p.ndim != 4 for p, _ in pairs)


def test_a_closure_computes_the_gradients_of_the_step_that_follows():
    plain, closed = small_net(), small_net()
    gradients(plain)
    Muon(plain.parameters(), 1e-3, **ADAMW).step()
    Muon(closed.parameters(), 1e-3, **ADAMW).step(lambda: gradients(closed))
    for mine, other in zip(plain.parameters(), closed.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_the_step_goes_one_ahead_of_the_momentum():
    weight = nn.Parameter(torch.ones(2, 1, 1, 1))
    optimizer = Muon([weight], 1e-2, **ADAMW)
    first, second = torch.tensor([3.0, 1.0]), torch.tensor([0.5, 2.0])
    weight.grad = first.view_as(weight).clone()
    ahead = optimizer._ahead(weight).flatten()
    torch.testing.assert_close(ahead, first + MOMENTUM * first)
    weight.grad = second.view_as(weight).clone()
    kept = MOMENTUM * first + second
    ahead = optimizer._ahead(weight).flatten()
    torch.testing.assert_close(ahead, second + MOMENTUM * kept)


def test_momentum_goes_on_from_a_saved_state():
    straight, broken = small_net(), small_net()
    first = Muon(straight.parameters(), 1e-2, **ADAMW)
    second = Muon(broken.parameters(), 1e-2, **ADAMW)
    for net, optimizer in (straight, first), (broken, second):
        gradients(net)
        optimizer.step()
    resumed = Muon(broken.parameters(), 1e-2, **ADAMW)
    resumed.load_state_dict(second.state_dict())
    for net, optimizer in (straight, first), (broken, resumed):
        net.zero_grad()
        gradients(net)
        optimizer.step()
    for mine, other in zip(straight.parameters(), broken.parameters(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_takes_the_steps_of_the_cpu():
    here, there = small_net().double(), small_net().double().cuda()
    pair = [(net, Muon(net.parameters(), 1e-2, **ADAMW)) for net in (here, there)]
    for _ in range(3):  # the second and third launch what the first has captured
        for net, optimizer in pair:
            gradients(net)
            optimizer.step()
            net.zero_grad()
    for mine, other in zip(here.parameters(), there.parameters(), strict=True):
        torch.testing.assert_close(mine, other.cpu(), rtol=1e-6, atol=1e-9)


def test_every_optimizer_trains(monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    exp = training.experiment("resnet-18")
    narrow = {"widths": [8, 16, 32, 64]}
    learners = []

    def watch(*args, **options):
        learners.append(training.make_learner(*args, **options))
        return learners[-1]

    monkeypatch.setattr(run_module, "make_learner", watch)
    for name, optimizer in OPTIMIZERS.items():
        profile = training.Profile("digits", 8, 2, 64, opt=name, options=narrow)
        one = dataclasses.replace(exp, profiles={"smoke": profile})
        run = training.train(one, "smoke", 0, "cpu", say=lambda line: None)
        assert run.config["optimizer"].startswith(name)
        assert type(learners[-1].opt.opt) is optimizer
        assert ("'ratio': 10" in run.config["optimizer"]) == (name == "Muon")
        first, last = run.result.epochs
        assert last["train_loss"] < first["train_loss"]


def test_the_figure_tells_even_lengths_from_uneven_ones():
    shares = {"even": [1, 1, 1, 1], "not": [1, 0.1, 0.01, 0.001]}
    ((svg, alt),) = figures.spectra(shares).panels
    assert "even: 1 in the middle; not: 0.01 in the middle" in alt
    assert svg.startswith(b"<") and b"svg" in svg[:400]

"""Gradients against what autograd gives by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets, probes


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(16, 3, 16, 16), torch.randint(10, (16,))


def test_gradients_are_those_of_one_training_step(batch):
    x, labels = batch
    net = nets.build("resnet-8-cifar").eval()  # whatever its mode: it trains
    rows = probes.gradients(net, x, labels)
    F.cross_entropy(net.train()(x), labels).backward()
    expected = {
        f"{name}.weight": net.get_parameter(f"{name}.weight").grad.norm().item()
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d)
    }
    assert {f"{row.name}.weight": row.norm for row in rows} == pytest.approx(expected)
    assert len(rows) == 7 and rows[0].name == "stem.0.0"


def test_gradient_norm_is_the_slope_of_the_loss(batch):
    """A small step along the gradient changes the loss by its norm, to first order."""
    x, labels = batch[0].double(), batch[1]
    net = nets.build("resnet-8-cifar").double()
    (first, *_) = probes.gradients(net, x, labels)
    weight = net.stem[0][0].weight
    loss = F.cross_entropy(net(x), labels)
    (slope,) = torch.autograd.grad(loss, weight)
    direction, step = slope / slope.norm(), 1e-6
    with torch.no_grad():
        weight += step * direction
        above = F.cross_entropy(net(x), labels)
        weight -= 2 * step * direction
        below = F.cross_entropy(net(x), labels)
    assert first.norm == pytest.approx(((above - below) / (2 * step)).item(), rel=1e-3)


def test_gradients_leave_the_net_as_it_was(batch):
    net = nets.build("resnet-8-cifar").eval()
    state = {key: value.clone() for key, value in net.state_dict().items()}
    probes.gradients(net, *batch)
    assert all(
        torch.equal(state[key], value) for key, value in net.state_dict().items()
    )
    assert not net.training and all(p.grad is None for p in net.parameters())


def test_frozen_layers_have_no_gradient(batch):
    net = nets.build("resnet-8-cifar")
    net.stem.requires_grad_(False)
    rows = probes.gradients(net, *batch)
    assert len(rows) == 6 and rows[0].name.startswith("stages.0")


def test_deep_plain_net_explodes_at_the_start_and_its_residual_twin_does_not(batch):
    """Chapter 5: BatchNorm and He's weights do not let the gradient vanish."""

    def ratio(name):
        torch.manual_seed(0)
        rows = probes.gradients(nets.build(name), *batch)
        return rows[0].norm / rows[-1].norm

    assert ratio("plain-56-cifar") > 100
    assert ratio("resnet-56-cifar") < 100


def test_gradient_vanishes_without_norm_and_he(batch):
    """At depth 56 its squares would vanish too, in single precision."""
    for depth, low, high in [(20, 1e-12, 1e-6), (56, 1e-35, 1e-18)]:
        torch.manual_seed(0)
        net = nets.torch_init(nets.cifar_net(depth, "plain", norm=None))
        assert low < probes.gradients(net, *batch)[0].norm < high

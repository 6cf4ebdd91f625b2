"""The loss around a net: directions after Li et al., grids, what is made of them."""

import copy
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import data, nets, training
from resnet_lessons.probes import surface
from resnet_lessons.training.surface import axis, looked_at, plane


@pytest.fixture
def net():
    torch.manual_seed(1)
    net = nets.build("resnet-8-cifar", in_channels=1, width=8)
    for module in net.modules():  # as after some training
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return net


@pytest.fixture
def batch():
    split = data.load("digits").train
    pictures = torch.tensor(split.images[:60]).permute(0, 3, 1, 2).float()
    return pictures / 128 - 1, torch.from_numpy(split.labels[:60])


def draw(net, seed=0):
    return surface.random_direction(net, torch.Generator().manual_seed(seed))


def test_each_filter_of_a_direction_is_as_long_as_the_filter_it_moves(net):
    direction = draw(net)
    assert list(direction) == [name for name, _ in net.named_parameters()]
    for name, weight in net.named_parameters():
        assert direction[name].shape == weight.shape
        if weight.dim() == 1:
            assert not direction[name].any(), f"{name} must stay"
            continue
        for moved, kept in zip(direction[name], weight, strict=True):
            assert moved.norm().item() == pytest.approx(kept.norm().item(), rel=1e-5)


def test_a_direction_keeps_the_way_each_filter_points():
    direction, weight = torch.randn(4, 3, 3, 3), torch.randn(4, 3, 3, 3)
    scaled = surface.filter_normalised(direction, weight)
    ratio = scaled / direction
    assert (ratio.flatten(1).std(1) < 1e-5).all()
    assert (ratio > 0).all()
    none = surface.filter_normalised(torch.zeros(2, 3), torch.ones(2, 3))
    assert torch.equal(none, torch.zeros(2, 3))


def test_directions_depend_on_the_seed_and_the_shapes_alone(net):
    again, other = draw(net), draw(net, 1)
    direction = draw(net)
    assert all(torch.equal(direction[n], again[n]) for n in direction)
    assert not torch.equal(direction["head.2.weight"], other["head.2.weight"])
    plain = nets.build("plain-8-cifar", in_channels=1, width=8)
    theirs = draw(plain)
    for name in direction:
        if direction[name].dim() > 1:
            alike = F.cosine_similarity(
                direction[name].flatten(1), theirs[name].flatten(1)
            )
            torch.testing.assert_close(alike, torch.ones_like(alike))


@pytest.mark.parametrize("batch_statistics", [True, False])
def test_the_grid_is_the_loss_of_nets_moved_by_hand(net, batch, batch_statistics):
    across, along = draw(net, 0), draw(net, 1)
    grid = surface.loss_surface(
        net, *batch, across, along, [-0.5, 0.0, 0.25], batch_statistics
    )
    by_hand = copy.deepcopy(net).train(batch_statistics)
    state = net.state_dict()
    for row, column, b, a in [(1, 1, 0, 0), (0, 2, -0.5, 0.25), (2, 0, 0.25, -0.5)]:
        moved = {
            name: value + a * across.get(name, 0) + b * along.get(name, 0)
            for name, value in state.items()
        }
        by_hand.load_state_dict(moved)
        loss = F.cross_entropy(by_hand(batch[0]), batch[1])
        assert grid[row][column] == pytest.approx(loss.item(), rel=1e-4)


def test_looking_around_leaves_the_net_as_it_was(net, batch):
    before = copy.deepcopy(net.state_dict())
    modes = [module.training for module in net.modules()]
    surface.loss_surface(net, *batch, draw(net), draw(net, 1), [-1, 0, 1])
    assert all(torch.equal(before[n], v) for n, v in net.state_dict().items())
    assert modes == [module.training for module in net.modules()]
    assert all(p.grad is None for p in net.parameters())


def test_dropout_stays_off(batch):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(64, 10)).train()
    still = draw(net)
    grid = surface.loss_surface(net, *batch, still, still, [0.0])
    loss = F.cross_entropy(net.eval()(batch[0]), batch[1]).item()
    assert grid[0][0] == pytest.approx(loss)


def test_a_loss_without_bound_is_the_ceiling():
    torch.manual_seed(0)
    net = nn.Linear(2, 2)
    direction = {"weight": torch.full((2, 2), 1e38), "bias": torch.zeros(2)}
    pictures, labels = torch.tensor([[1.0, -1.0], [9.0, 1.0]]), torch.tensor([0, 1])
    grid = surface.loss_surface(
        net, pictures, labels, direction, direction, [0.0, 1e3], False
    )
    assert grid[0][0] < 100
    assert grid[1][1] == surface.CEILING


def test_with_the_statistics_of_the_batch_scale_means_nothing(net, batch):
    larger = copy.deepcopy(net)
    with torch.no_grad():
        for module in larger.modules():
            if isinstance(module, nn.Conv2d):
                module.weight *= 3
    axis = [-0.5, 0.0, 0.5]

    def look(one, own):
        return torch.tensor(
            surface.loss_surface(one, *batch, draw(one), draw(one, 1), axis, own)
        )

    # Filter-normalised directions grow with the filters: the same surface (3.2).
    torch.testing.assert_close(look(larger, True), look(net, True), rtol=1e-3, atol=0)
    assert (look(larger, False) - look(net, False)).abs().max() > 0.1


def bowl(side=5, power=2):
    half = side // 2
    return [
        [abs(x) ** power + abs(y) ** power for x in range(-half, half + 1)]
        for y in range(-half, half + 1)
    ]


def test_rays_run_from_the_middle_to_the_rim():
    grid = [[10 * i + j for j in range(5)] for i in range(5)]
    rays = surface.rays(grid)
    assert len(rays) == 8
    assert all(ray[0] == 22 for ray in rays)
    assert [22, 23, 24] in rays and [22, 12, 2] in rays and [22, 13, 4] in rays
    assert {ray[-1] for ray in rays} == {0, 2, 4, 20, 24, 40, 42, 44}


def test_a_bowl_never_falls_and_a_dent_does():
    assert surface.falls(bowl()) == 0
    assert surface.dips(bowl()) == 1
    dented = bowl()
    dented[2][4] = 0.5  # below its neighbour towards the middle, at the rim
    assert surface.falls(dented) == pytest.approx(1 / 16)
    dented = bowl(7)
    dented[1][3] = 0.5
    assert surface.dips(dented) == 2
    flat = bowl(7)
    flat[3][4] = flat[3][3]  # two lowest points, as rounding makes them: one dip
    assert surface.dips(flat) == 1
    assert surface.dips([[1.0] * 5] * 5) == 0
    hill = [[-x for x in row] for row in bowl()]
    assert surface.falls(hill) == 1
    assert surface.dips(hill) == 0


def test_a_fall_counts_as_a_dent_only_after_a_climb():
    shifted = [[(x - 1) ** 2 + y**2 for x in range(-2, 3)] for y in range(-2, 3)]
    assert surface.falls(shifted) > 0  # convex: its lowest point lies beside the middle
    assert surface.dents(shifted) == surface.bends(shifted) == 0
    dented = bowl()
    dented[2][4] = 0.5
    assert surface.dents(dented) == pytest.approx(1 / 16)


def test_a_bowl_without_a_dent_may_bend_down():
    assert surface.bends(bowl()) == 0
    dome = [[x**0.5 for x in row] for row in bowl(7, power=1)]
    assert surface.dents(dome) == 0 and surface.dips(dome) == 1
    assert surface.bends(dome) == 1
    edge = bowl(7)
    edge[3][6] = edge[3][5] + 0.1  # one place of 16 before the rim
    assert surface.bends(edge) == pytest.approx(1 / 16)


def test_a_convex_valley_askew_to_the_grid_has_dips_and_neither_dents_nor_bends():
    steps = [k / 5 for k in range(-5, 6)]
    valley = [
        [0.5 * (x - 2 * y) ** 2 + 0.01 * (x**2 + y**2) for x in steps] for y in steps
    ]
    assert surface.dips(valley) > 1
    assert surface.dents(valley) == surface.bends(valley) == 0


def test_it_is_looked_at_on_pictures_as_they_are():
    images = data.load("digits")
    looked = [looked_at(images, 8, 64, "cpu")[0] for _ in range(2)]
    assert torch.equal(*looked)  # a crop or a flip would draw anew
    mean, std = images.train.images.mean(), images.train.images.std()
    values = looked[0] * std + mean
    assert values.min() > -0.5 and values.max() < 255.5


def test_losses_without_measure_are_counted(monkeypatch):
    monkeypatch.setattr(surface, "CEILING", 0.001)
    net = nets.cifar_net(8, "plain", width=4, in_channels=1)
    pictures, labels = torch.randn(4, 1, 8, 8), torch.arange(4)
    found = plane(net, pictures, labels, axis(3), 0, both=False)
    assert found["clipped"] == 9


def test_an_experiment_keeps_the_surface_in_its_record(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    lines, loaded, load = [], [], data.load

    def counted(*args, **options):
        loaded.append(args)
        return load(*args, **options)

    monkeypatch.setattr(data, "load", counted)
    run = training.train(
        training.experiment("resnet-32-surface"), "smoke", 1, "cpu", say=lines.append
    )
    assert len(loaded) == 1  # a second time it might find other pictures
    made = training.make_record(
        training.experiment("resnet-32-surface"), "smoke", [run]
    )
    found = type(made).from_dict(made.to_dict()).seeds[0].measured
    assert found["axis"] == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert found["pictures"] == 64
    assert found["guess"] == pytest.approx(math.log(10), abs=1e-6)
    first, second = found["planes"]
    assert first["seed"] != second["seed"] and first["batch"] != second["batch"]
    assert second["running"] is None
    for grid in first["batch"], first["running"], second["batch"]:
        assert len(grid) == 5 and {len(row) for row in grid} == {5}
    # The middle is the trained net on its own pictures.
    images = training.run.subset(data.load("digits", 8), 256)
    pictures, labels = looked_at(images, 8, 64, "cpu")
    loss = F.cross_entropy(run.net.eval()(pictures), labels).item()
    assert first["running"][2][2] == pytest.approx(loss, abs=2e-4)
    loss = F.cross_entropy(run.net.train()(pictures), labels).item()
    assert (
        first["batch"][2][2] == second["batch"][2][2] == pytest.approx(loss, abs=2e-4)
    )
    assert first["falls"] == pytest.approx(surface.falls(first["batch"]), abs=1e-4)
    assert run.result.epochs and run.config["net"] == "resnet-32-cifar"


def test_the_surface_is_that_of_pictures_of_every_class():
    images = data.load("digits", 8)
    order = images.train.labels.argsort(kind="stable")  # as folders of classes lie
    images = replace(images, train=images.train.pick(order))
    pictures, labels = looked_at(images, 8, 64, "cpu")
    assert pictures.shape == (64, 1, 8, 8)
    assert set(labels.tolist()) == set(range(10))
    again, _ = looked_at(images, 8, 64, "cpu")
    assert torch.equal(pictures, again)


def test_a_cone_does_not_bend():
    side = range(-3, 4)
    assert surface.bends([[max(abs(i), abs(j)) for j in side] for i in side]) == 0

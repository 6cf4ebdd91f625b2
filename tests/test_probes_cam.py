"""Where a net looks: maps by other means, and what covering does."""

import copy

import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import nn

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError


@pytest.fixture
def net():
    torch.manual_seed(2)
    net = nets.build("resnet-14-cifar", width=4)
    with torch.no_grad():  # BatchNorm as after some training
        for _ in range(3):
            net.train()(torch.randn(16, 3, 24, 24))
    return net


@pytest.fixture
def pictures():
    return torch.randn(5, 3, 24, 24, generator=torch.Generator().manual_seed(0))


CLASSES = torch.tensor([0, 3, 9, 3, 1])


def unchanged(net, before, modes):
    same = all(torch.equal(before[n], v) for n, v in net.state_dict().items())
    return same and modes == [m.training for m in net.modules()]


@pytest.mark.parametrize("which", ["stem", "stages.0.1", "stages.1", "stages.2.0"])
@pytest.mark.parametrize("relu", [True, False])
def test_grad_cam_is_captums(net, pictures, which, relu):
    module = net.get_submodule(which)
    before, modes = copy.deepcopy(net.state_dict()), [m.training for m in net.modules()]
    ours = probes.grad_cam(net, module, pictures, CLASSES, relu)
    assert unchanged(net, before, modes)
    assert all(p.grad is None and p.requires_grad for p in net.parameters())
    assert not ours.requires_grad
    theirs = LayerGradCam(net.eval(), module).attribute(
        pictures, CLASSES, relu_attributions=relu
    )
    torch.testing.assert_close(ours, theirs[:, 0].detach(), rtol=1e-4, atol=1e-7)
    assert (ours >= 0).all() == relu


def test_grad_cam_works_where_gradients_are_off(net, pictures):
    with torch.no_grad():
        one = probes.grad_cam(net, net.stages[2], pictures, CLASSES)
    two = probes.grad_cam(net, net.stages[2], pictures, CLASSES)
    assert torch.equal(one, two)


def test_cam_is_grad_cam_of_the_last_grid_but_for_its_number_of_places(net, pictures):
    features = probes.feature_maps(net, net.stages, pictures)
    weights = net.head[-1].weight[3].detach()
    cam = torch.einsum("bkhw,k->bhw", features, weights)
    grad = probes.grad_cam(net, net.stages, pictures, torch.full((5,), 3), relu=False)
    torch.testing.assert_close(cam / features[0, 0].numel(), grad, atol=1e-6, rtol=1e-4)
    score = net.eval()(pictures)[:, 3] - net.head[-1].bias[3]
    torch.testing.assert_close(cam.mean((1, 2)), score, atol=1e-5, rtol=1e-4)


def test_feature_maps_are_what_the_part_puts_out(net, pictures):
    before, modes = copy.deepcopy(net.state_dict()), [m.training for m in net.modules()]
    maps = probes.feature_maps(net, net.stages[1], pictures)
    assert unchanged(net, before, modes)
    net.eval()
    want = net.stages[1](net.stages[0](net.stem(pictures)))
    torch.testing.assert_close(maps, want.detach())
    assert not maps.requires_grad


def test_a_layer_that_runs_twice_is_seen_at_its_last_run(pictures):
    relu = nn.ReLU()
    net = nn.Sequential(nn.Conv2d(3, 4, 3), relu, nn.Conv2d(4, 5, 3), relu)
    want = net(pictures).detach()
    torch.testing.assert_close(probes.feature_maps(net, relu, pictures), want)


def test_a_layer_that_writes_in_place_does_not_change_what_was_seen(pictures):
    def small(inplace):
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace)]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    apart, over = small(False), small(True)
    maps = [probes.feature_maps(net, net[1], pictures) for net in (apart, over)]
    assert maps[0].min() < 0 and torch.equal(*maps)
    maps = [
        probes.grad_cam(net, net[1], pictures, CLASSES % 8) for net in (apart, over)
    ]
    torch.testing.assert_close(*maps)


def test_a_part_or_class_that_the_net_lacks_is_refused(net, pictures):
    with pytest.raises(UsageError, match="no such module"):
        probes.feature_maps(net, nn.ReLU(), pictures)
    with pytest.raises(UsageError, match="before the head"):
        probes.grad_cam(net, net.head, pictures, CLASSES)
    with pytest.raises(UsageError, match="classes 0 to 9"):
        probes.grad_cam(net, net.stem, pictures, CLASSES + 3)
    net.aside = nn.Identity()
    with pytest.raises(UsageError, match="does not run aside"):
        probes.feature_maps(net, net.aside, pictures)


def test_mass_is_shared_between_inside_and_outside():
    maps = torch.tensor([[[1.0, 3.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    masks = torch.tensor([[[False, True], [True, True]]] * 2)
    share = probes.mass_inside(maps, masks)
    assert share[0] == pytest.approx(0.75)
    assert share[1].isnan()
    assert probes.mass_inside(torch.ones(2, 2, 2), masks).tolist() == [0.75, 0.75]


def test_covering_paints_the_ground_over_the_mask():
    pictures = torch.zeros(2, 3, 4, 4)
    pictures[:, :, :, 2:] = torch.tensor([1.0, 2.0, 3.0])[None, :, None, None]
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[:, :, :2] = True
    fill = probes.ground(pictures, masks)
    assert fill.tolist() == [[1.0, 2.0, 3.0]] * 2
    found = probes.covered(pictures, masks, fill)
    assert (found == torch.tensor([1.0, 2.0, 3.0])[:, None, None]).all()
    assert (pictures[:, :, :, :2] == 0).all()


def test_enlarged_keeps_the_order_of_places():
    maps = torch.zeros(1, 3, 3)
    maps[0, 0, 2] = 1
    large = probes.enlarged(maps, 12)
    assert large.shape == (1, 12, 12)
    assert large[0, 0, -1] == 1 and large[0, -1, 0] == 0
    assert large[0].flatten().argmax() in range(8, 12)
    two = torch.tensor([[[0.0, 4.0]]])  # a place is a square, not its corner
    assert probes.enlarged(two, 4)[0, 0].tolist() == [0, 1, 3, 4]


def test_every_layer_has_a_map_for_every_picture_and_class(net, pictures):
    classes = [[0, 3], [3, 1], [9, 2], [3, 5], [1, 0]]
    rows = probes.cam_by_layer(net, pictures, classes)
    names = ["stem", *(f"stage {i}, block {j}" for i in (1, 2, 3) for j in (1, 2))]
    assert [row["name"] for row in rows] == names
    assert [row["side"] for row in rows] == [24, 24, 24, 12, 12, 6, 6]
    block = net.stages[1][0]
    want = probes.grad_cam(net, block, pictures, torch.tensor([c[1] for c in classes]))
    for picture in range(5):
        found = torch.tensor(rows[3]["maps"][picture][1])
        assert found.max() == 1 or not want[picture].any()
        top = want[picture].max().clamp(min=1e-12)
        torch.testing.assert_close(found, want[picture] / top)


def test_covering_all_but_what_counts_leaves_the_score():
    """A net that reads one corner only: covering the rest costs nothing."""

    class Corner(torch.nn.Module):
        def forward(self, x):
            corner = x[:, :, :2, :2].mean((1, 2, 3))
            return F.one_hot(torch.zeros(len(x), dtype=torch.long), 2) * corner[:, None]

    x = torch.rand(3, 3, 8, 8) + 1
    masks = torch.zeros(3, 8, 8, dtype=torch.bool)
    masks[:, 4:] = True
    none = torch.zeros(3, 3)
    before = Corner()(x)[:, 0]
    after = Corner()(probes.covered(x, masks, none))[:, 0]
    assert torch.equal(before, after)
    after = Corner()(probes.covered(x, ~masks, none))[:, 0]
    assert (after < before).all()


def test_each_picture_needs_one_class_and_a_part_needs_an_output(net, pictures):
    for classes in ([1], [1] * (len(pictures) + 1)):
        with pytest.raises(UsageError, match="one class for each picture"):
            probes.grad_cam(net, net.stages, pictures, torch.tensor(classes))
    plain = nets.build("plain-8-cifar", width=4, in_channels=pictures.shape[1]).eval()
    with pytest.raises(UsageError, match="puts out no tensor"):
        probes.feature_maps(plain, plain.stages[0][0].shortcut, pictures)


def test_shares_are_taken_of_pictures_that_are_not_square():
    layers = [{"maps": [[[[1.0, 0.0]]], [[[0.0, 1.0]]]]}]
    masks = torch.zeros(2, 2, 4, dtype=torch.bool)
    masks[:, :, :2] = True
    (left,), (right,) = probes.shares_inside(layers, masks)[0]
    assert left == pytest.approx(1 - right) and left > 0.8

"""Real data for the widgets of chapter 13, in small: untrained nets, few pictures."""

from types import SimpleNamespace

import torch
from sklearn.datasets import load_digits

from resnet_lessons import data, figures, probes
from resnet_lessons.nets import build, cifar_net
from resnet_lessons.training import surface


def surface_records(points=7, seeds=2):
    """What stands for two Records of chapter 13: surfaces of small fresh nets."""
    digits = load_digits()
    x = torch.tensor(digits.images[:24], dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target[:24])
    axis = surface.axis(points)

    def seed(kind, number):
        torch.manual_seed(number)
        net = cifar_net(8, kind, width=4, in_channels=1)
        planes = [
            surface.plane(net, x, y, axis, 10 * number + i, both=i == 0)
            for i in range(2)
        ]
        found = {"axis": axis, "guess": 2.302585, "planes": planes}
        return SimpleNamespace(seed=number, measured=found)

    return [
        SimpleNamespace(title=title, seeds=[seed(kind, n) for n in range(seeds)])
        for kind, title in [("plain", "plain, 8 layers"), ("residual", "residual, 8")]
    ]


def loss_surface_data(points=7, seeds=2):
    """LossSurface's data, as the chapter makes it."""
    records = surface_records(points, seeds)
    return figures.surface_data(records, note="24 digits, nets before any step.")


def cam_layer_data(size=48, count=4):
    """CamLayer's data for drawn pictures and a net that has learned nothing."""
    torch.manual_seed(0)
    net = build("resnet-14-cifar", width=4)
    images, labels, masks = data.shapes(size, count)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 128 - 1
    with torch.no_grad():
        for _ in range(3):
            net.train()(x)
        chances = net.eval()(x).softmax(1)
    classes = [[int(label), (int(label) + 3) % 10] for label in labels]
    layers = probes.cam_by_layer(net, x, classes)
    names = data.find("pictures").classes
    inside = torch.from_numpy(masks).any(1)
    return figures.cam_data(
        images,
        inside.tolist(),
        [names[label] for label in labels],
        [[names[c] for c in row] for row in classes],
        [[chances[i, c].item() for c in row] for i, row in enumerate(classes)],
        layers,
        probes.shares_inside(layers, inside),
        note="A net before any step.",
    )

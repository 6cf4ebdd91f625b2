"""What can be measured on runs and on data: each takes (program, digits)."""

import copy
import warnings

import torch

from resnet_lessons import nets

from .signs_nets import share_right, train


def reported(p, d) -> str:
    """Of pictures in the order of their folders, one class after the other."""
    order = d.valid_y.argsort(stable=True)
    return f"{p.accuracy(d.net(), d.valid_x[order], d.valid_y[order]):.1%}"


def true_accuracy(p, d) -> str:
    return f"{share_right(d.net(), d.valid_x, d.valid_y):.1%}"


def one_at_a_time(p, d) -> str:
    x, y = d.valid_x[:100], d.valid_y[:100]
    return f"{p.accuracy(d.net(), x, y, batch_size=1):.0%}"


def averages_moved(p, d) -> str:
    """How many numbers that the net keeps are others after it was evaluated."""
    net = d.net()
    before = copy.deepcopy(net.state_dict())
    p.accuracy(net, d.valid_x, d.valid_y)
    changed = [
        (now != before[key]).sum().item() for key, now in net.state_dict().items()
    ]
    return f"{sum(changed)}"


def kept_for_backward(p, d) -> str:
    """Bytes that autograd keeps while 64 pictures are evaluated."""
    net, kept = d.net(), {}  # the first call trains it: that is not evaluation

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage  # held: no later one comes to lie there
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        p.accuracy(net, d.valid_x[:64].clone(), d.valid_y[:64])
    return f"{sum(s.nbytes() for s in kept.values()) / 1e6:.1f} MB"


def five_times(p, d) -> str:
    net = d.net()
    found = [p.accuracy(net, d.valid_x, d.valid_y) for _ in range(5)]
    low, high = min(found), max(found)
    return f"{low:.1%} to {high:.1%}" if low < high else f"{low:.1%} each time"


def waits(p, d) -> str:
    return f"{p.stops_after([0.5] + [0.4] * 20, patience=5) - 1}"


def waits_on_a_zigzag(p, d) -> str:
    history = [0.7] + [0.6, 0.65] * 10
    found = p.stops_after(history, patience=5)
    return "never" if found == len(history) else f"evaluation {found}"


def warned(p, d) -> str:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        p.probabilities(torch.randn(4, 10))
    return f"{len(found)}"


def sums_of(*shape):
    """The largest sum of the probabilities of one picture; it should be 1."""

    def measure(p, d):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sums = p.probabilities(torch.randn(*shape)).sum(-1)
        return f"{sums.min():.2f} to {sums.max():.2f}"

    return measure


def _folders(count):
    """The order of the files: 4 of 5 for training."""
    return ["val" if number % 5 == 4 else "train" for number in range(count)]


def mixed(p, d) -> str:
    """Pictures of the folder val that are among those for training."""
    numbers = torch.arange(500)  # labels that tell which picture it is
    images = torch.randint(0, 256, (500, 4, 4))
    (_, found), _ = p.prepare(images, numbers, _folders(500))
    return f"{int((found % 5 == 4).sum())} of 100"


def nearest_neighbour(x, y, valid_x, valid_y) -> float:
    nearest = torch.cdist(valid_x.flatten(1), x.flatten(1)).argmin(1)
    return (y[nearest] == valid_y).float().mean().item()


def single_pictures(p, d) -> str:
    """Accuracy of a nearest neighbour; every digit was written once."""
    images, labels, folders = d.as_files()
    (x, y), valid = p.prepare(images, labels, folders)
    return f"{nearest_neighbour(x, y, *valid):.1%}"


def series(p, d) -> str:
    """The same, every digit photographed three times, its series in one folder."""
    images, labels, folders = d.as_files()
    shots = [images + torch.randint(-40, 41, images.shape) for _ in range(3)]
    images = torch.cat(shots).clamp(0, 255)
    (x, y), valid = p.prepare(images, labels.repeat(3), folders * 3)
    return f"{nearest_neighbour(x, y, *valid):.1%}"


def pixels(p, d) -> str:
    images, labels, folders = d.as_files()
    (x, _), _ = p.prepare(images, labels, folders)
    return f"{abs(x.mean()):.2f} ± {x.std():.2f}"  # no "-0.00"


def after_an_epoch(p, d) -> str:
    images, labels, folders = d.as_files()
    (x, y), (valid_x, valid_y) = p.prepare(images, labels, folders)
    net = nets.build("resnet-8-cifar", width=8, in_channels=1)
    train(net, x[:, None], y, epochs=1)
    return f"{share_right(net, valid_x[:, None], valid_y):.1%}"


def body_moves(p, d) -> str:
    """The largest change of a weight in the body, over both stages."""
    net = d.net()
    before = copy.deepcopy(net.stages.state_dict())
    batches = list(zip(d.x[:640].split(64), d.y[:640].split(64), strict=True))
    p.fine_tune(net, net.head, batches)
    weights = dict(net.stages.named_parameters())
    return f"{max((w - before[name]).abs().max() for name, w in weights.items()):.2g}"


def raw_pictures(p, d) -> str:
    """Accuracy of `predict` on 100 pictures as they come from a file."""
    net = d.net()
    images, labels = d.valid_x[:100, 0] * 255, d.valid_y[:100]
    found = [p.predict(net, image) for image in images]
    return f"{(torch.tensor(found) == labels).float().mean():.0%}"

"""The residual playground in PyTorch: the same net, numbers and steps as its script.

`widgets.ResidualPlayground` trains in the browser. From a seed, this module draws the
same points, the same start and the same batches, so that a page can compute what a
reader will see, and a test can hold the one against the other.
"""

from itertools import count as counting
from math import cos, isfinite, log, pi, sin, sqrt

import torch
from torch import nn
from torch.nn import functional as F

from ..errors import UsageError

WIDTH, BATCH = 16, 32
TRAIN, HELD = 256, 128  # points
NOISE = {"spirals": 0.02, "rings": 0.08, "moons": 0.08}


class PlaygroundNet(nn.Module):
    """A stem, `depth` hidden layers in blocks of two, and a head; all linear layers.

    A block is y = ReLU(F(x) + x), without `skip` y = ReLU(F(x)), where F is linear,
    norm, ReLU, linear, norm (He and others, 2015, equation 1 and figure 2).
    """

    def __init__(self, inputs, width, depth, classes, skip, norm):
        super().__init__()
        sizes = [(inputs, width)] + depth * [(width, width)]
        self.linears = nn.ModuleList(nn.Linear(*s, bias=not norm) for s in sizes)
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if norm else nn.Identity() for _ in sizes
        )
        self.head = nn.Linear(width, classes)
        self.skip = skip

    def forward(self, x, kept=None):  # (B, inputs) -> (B, classes)
        for k, (linear, norm) in enumerate(zip(self.linears, self.norms, strict=True)):
            if k % 2 == 1:
                shortcut = x
            x = norm(linear(x))
            if self.skip and k > 0 and k % 2 == 0:
                x = x + shortcut
            x = F.relu(x)
            if kept is not None:
                kept.append(x)
        return self.head(x)


def uniforms(seed):
    """Uniform numbers from 0 to 1 without end, those of the script (mulberry32)."""
    mask = 0xFFFFFFFF
    for step in counting(1):
        state = (seed + step * 0x6D2B79F5) & mask
        mixed = (state ^ (state >> 15)) * (state | 1) & mask
        mixed ^= (mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)) & mask
        yield ((mixed ^ (mixed >> 14)) & mask) / 2**32


def normals(uniform):
    """Normal numbers without end (Box and Muller)."""
    while True:
        far = sqrt(-2 * log(1 - next(uniform)))
        yield far * cos(2 * pi * next(uniform))


def _shuffled(count, uniform):
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = int(next(uniform) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def _on_curve(name, t, label):
    """The point of class `label` (0 or 1) at part `t` of its curve."""
    if name == "spirals":
        far, turn = 0.1 + 0.85 * t, 3.5 * pi * t + pi * label
        return far * cos(turn), far * sin(turn)
    if name == "rings":
        far = 0.85 if label else 0.4
        return far * cos(2 * pi * t), far * sin(2 * pi * t)
    turn, side = pi * (t + label), 1 if label else -1
    return 0.6 * cos(turn) + 0.3 * side, 0.6 * sin(turn) + 0.15 * side


def points(name, count, uniform):
    """`count` points (count, 2) of a data set and their classes (count,)."""
    normal, rows = normals(uniform), []
    for number in range(count):
        place = _on_curve(name, next(uniform), number % 2)
        rows.append([v + NOISE[name] * next(normal) for v in place])
    return torch.tensor(rows, dtype=torch.double), torch.arange(count) % 2


def _start(net, init, zero, uniform):
    """Start values, drawn in the script's order: of each layer weights, then bias."""
    normal = normals(uniform)
    for k, layer in enumerate([*net.linears, net.head]):
        reach, he = 1 / sqrt(layer.in_features), init == "He"
        for value in layer.parameters():
            if he and value.dim() == 1:
                nn.init.zeros_(value)
                continue
            drawn = [
                sqrt(2) * reach * next(normal) if he
                else reach * (2 * next(uniform) - 1)
                for _ in range(value.numel())
            ]  # fmt: skip
            value.data = torch.tensor(drawn, dtype=torch.double).view_as(value)
        if zero and 0 < k < len(net.linears) and k % 2 == 0:
            nn.init.zeros_(net.norms[k].weight)


CHOICES = {
    "init": ("PyTorch", "He"),
    "optimiser": ("SGD", "Adam"),
    "data": ("spirals", "rings", "moons"),
}


def playground(
    depth,  # hidden layers: an even number, two a block
    skip,  # add what came into a block to what leaves it
    norm=False,  # batch normalisation after each hidden layer
    zero=False,  # the last γ of each block starts at 0
    init="PyTorch",  # or "He"
    lr=0.01,
    optimiser="SGD",  # with momentum 0.9, or "Adam"
    data="spirals",  # or "rings", "moons", or two of (x (N, 2) or (N, 64), labels (N,))
    seed=0,
    steps=0,
):
    """Train the playground's net as the browser does; what was seen, as a dict.

    `losses` of each step's batch; `gradients`, `activations` and `cosines` of the stem
    and the hidden layers before the first step (length of the weights' gradient; of the
    outputs the root mean square, and the mean cosine of two inputs'); `loss` and
    `accuracy` on held-out data after the last; `net`.
    Stops early where a loss or a gradient is no longer a number. Raises `UsageError`
    for a depth that is odd or below 2, or a word that is none of those above.
    """
    if depth < 2 or depth % 2:
        raise UsageError(
            f"A block has two layers: take an even depth from 2, not {depth}."
        )
    for name, value in (("init", init), ("optimiser", optimiser), ("data", data)):
        if isinstance(value, str) and value not in CHOICES[name]:
            raise UsageError(f"{name}: {', '.join(CHOICES[name])}, not {value!r}.")
    drawn = uniforms(4 * seed)
    if isinstance(data, str):
        data = points(data, TRAIN, drawn), points(data, HELD, drawn)
    (x, labels), (held_x, held_labels) = data
    classes = 2 if x.shape[1] == 2 else 10
    net = PlaygroundNet(x.shape[1], WIDTH, depth, classes, skip, norm).double()
    _start(net, init, zero and norm, uniforms(4 * seed + 1))
    found = {"losses": [], "net": net, **_look(net, x[:BATCH], labels[:BATCH])}
    kind = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[optimiser]
    extra = {"momentum": 0.9} if optimiser == "SGD" else {}
    optimizer, order = kind(net.parameters(), lr, **extra), []
    batches = uniforms(4 * seed + 2)
    for _ in range(steps):
        order = order if len(order) >= BATCH else _shuffled(len(x), batches)
        batch, order = order[:BATCH], order[BATCH:]
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[batch]), labels[batch])
        loss.backward()
        length = nn.utils.get_total_norm([p.grad for p in net.parameters()])
        if not isfinite(loss.item() + length.item()):
            break
        optimizer.step()
        found["losses"].append(loss.item())
    with torch.no_grad():
        scores = net.eval()(held_x)
    found["loss"] = F.cross_entropy(scores, held_labels).item()
    found["accuracy"] = (scores.argmax(1) == held_labels).double().mean().item()
    return found


def _look(net, x, labels):
    """Gradients and outputs of the layers on one batch; the net stays as it was."""
    before = {name: v.clone() for name, v in net.state_dict().items()}
    kept = []
    F.cross_entropy(net.train()(x, kept), labels).backward()
    net.load_state_dict(before)
    return {
        "gradients": [linear.weight.grad.norm().item() for linear in net.linears],
        "activations": [h.detach().pow(2).mean().sqrt().item() for h in kept],
        "cosines": [_alike(h.detach()) for h in kept],
    }


def _alike(outputs):
    """Mean cosine between two different rows of (B, C)."""
    rows, n = F.normalize(outputs), len(outputs)
    return ((rows.sum(0).square().sum() - rows.square().sum()) / (n * (n - 1))).item()

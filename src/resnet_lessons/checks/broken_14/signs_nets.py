"""What can be measured on a net or on a block: each takes (program, digits)."""

import copy
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import nn

from ..layers import calls_of
from .bug import Sign

TRAINED = WeakKeyDictionary()  # program: its net, trained


def runs(call) -> str:
    """The shape that comes out, or the kind of error."""
    try:
        return "×".join(map(str, call().shape))
    except Exception as error:
        return type(error).__name__


def block_on(height, width, **options) -> Sign:
    size = f"{height} × {width}"
    asked = "".join(f", {key}={value}" for key, value in options.items())
    return Sign(
        f"`ResBlock(8{asked})` on {size} places",
        lambda p, d: runs(
            lambda: p.ResBlock(8, **options)(torch.rand(2, 8, height, width))
        ),
    )


def places_of_f(p, d) -> str:
    """On 4 × 4, how many places the last layer of F puts out."""
    calls = calls_of(p.ResBlock(8), torch.rand(2, 8, 4, 4))
    norms = [call for call in calls if isinstance(call.layer, nn.BatchNorm2d)]
    return f"{norms[-1].y[0, 0].numel()}"


@torch.no_grad()
def mean_after(p, d) -> str:
    x = torch.rand(16, 8, 4, 4)
    start = x.mean().item()
    for _ in range(16):
        x = p.ResBlock(8)(x)
    return f"{start:.2f} → {x.mean().item():.2f}"


@torch.no_grad()
def zero_convolutions(block) -> None:
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.zero_()


@torch.no_grad()
def change_at_zero(p, d) -> str:
    """How far a block whose convolutions are zero is from the identity."""
    block = p.make_block()
    zero_convolutions(block)
    x = torch.rand(16, 8, 6, 6)
    return f"{(block(x) - x).abs().mean() / x.mean():.0%}"


def train(net, x, y, epochs=2, batch=64, lr=1e-2):
    """Adam on pictures x (N, C, H, W) and classes y (N,); the loss of each step."""
    optimizer = torch.optim.Adam(net.parameters(), lr)
    losses = []
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(y)).split(batch):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses


@torch.no_grad()
def share_right(net, x, y, mode="eval") -> float:
    """The accuracy on one batch, in eval mode or, with mode="train", by its own
    statistics."""
    net.train(mode == "train")
    return (net(x).argmax(1) == y).float().mean().item()


def trained(p, d):
    """The net of a program after two epochs; each program trains once."""
    if p not in TRAINED:
        TRAINED[p] = p.make_net()
        train(TRAINED[p], d.x, d.y)
    return copy.deepcopy(TRAINED[p])


def with_running_averages(p, d) -> str:
    return f"{share_right(trained(p, d), d.valid_x, d.valid_y):.1%}"


def with_the_batch(p, d) -> str:
    return f"{share_right(trained(p, d), d.valid_x, d.valid_y, 'train'):.1%}"


@torch.no_grad()
def shift_by_batchmates(p, d) -> str:
    """The most that a logit of a picture moves when others come along."""
    net = p.make_net()
    net(d.x[:64])
    net.eval()
    alone = torch.cat([net(one[None]) for one in d.valid_x[:8]])
    return f"{(net(d.valid_x[:8]) - alone).abs().max():.2f}"


def stem_gradient(p, d) -> str:
    """In double precision: the largest gradient of a bias in the stem, or none."""
    net = p.make_net().double()
    F.cross_entropy(net(d.x[:64].double()), d.y[:64]).backward()
    bias = net.stem.bias
    return "no bias" if bias is None else f"{bias.grad.abs().max():.1g}"


def stem_weight_gradient(p, d) -> str:
    net = p.make_net().double()
    F.cross_entropy(net(d.x[:64].double()), d.y[:64]).backward()
    return f"{net.stem.weight.grad.abs().max():.1g}"


def places_read(p, d) -> str:
    """Of the last grid, how many places the average takes in, for 12 × 12 pixels."""
    net = p.make_net()
    grid = torch.rand(1, 32, 3, 3, requires_grad=True)
    net.pool(grid).sum().backward()
    return f"{int(grid.grad[0, 0].ne(0).sum())} of 9"


def net_on(size) -> Sign:
    return Sign(
        f"the net on {size} × {size} pixels",
        lambda p, d: runs(lambda: p.make_net()(torch.rand(2, 1, size, size))),
    )


def parameters(p, d) -> str:
    return f"{sum(w.numel() for w in p.make_net().parameters()):,}"


def sign_of_f(p, d) -> str:
    """F(−x) against −F(x): a linear map takes the sign along."""
    block = p.make_block().eval()
    nn.init.ones_(block.residual[-1][1].weight)
    x = torch.randn(4, 8, 6, 6)
    with torch.no_grad():
        gap = (block.residual(-x) + block.residual(x)).abs().max()
    return "equal" if gap < 1e-4 else f"differ by up to {gap:.1f}"


@torch.no_grad()
def different_outputs(p, d) -> str:
    y = p.make_net()(d.x[:32])
    return f"{len(y.flatten(1).unique(dim=0))} of 32"


def loss_after(p, d, steps=60) -> str:
    """Of one batch of 32, seen `steps` times."""
    net = p.make_net()
    losses = train(net, d.x[:32], d.y[:32], epochs=steps)
    return f"{losses[-1]:.2f}"


def widening(p, d) -> str:
    return runs(lambda: p.resblock_net((8, 16))(torch.rand(2, 1, 8, 8)))

"""Chapter 5: how the answers are judged."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .describe import Words
from .expect import made
from .mistakes_05 import STDS

# 05.1 ------------------------------------------------------------------------------


def check_he_std(answer, expect):
    shapes = [(10, 28, 5), (3, 64, 7), (64, 16, 1), (1, 8, 5)]
    for mode in ("fan_in", "fan_out"):
        for case in shapes:
            expect.trying("he_std({}, {}, {}, {!r})".format(*case, mode))
            fan = case[mode == "fan_out"] * case[2] ** 2
            expect.number(
                "the standard deviation",
                answer(*case, mode),
                nn.init.calculate_gain("relu") / math.sqrt(fan),
                hint="First the variance, then its root. Over how many channels, and "
                "over how many cells of the kernel, does such a sum go?",
                mistakes=made(STDS, *case, mode),
            )


# 05.3 ------------------------------------------------------------------------------

WHY = {
    "before BN": "BatchNorm subtracts the mean, and with it any bias in front of it: "
    "this one is dead. Its gradient is not exactly 0, only less than a thousandth of "
    "that of its own weight.",
    "no BN": "Nothing subtracts this bias: it is alive. Is its gradient small because "
    "the whole layer's is? Compare with the weight of the same layer.",
    "beside a large one": "Nothing subtracts this bias: it is alive. Its gradient is "
    "small only beside that of another layer's weight. Compare with the weight of the "
    "same layer.",
    "pool between": "Only an average stands between this bias and BatchNorm. It hands "
    "the bias on as it is, so the bias is dead. Go by the gradients.",
    "some": "Nothing subtracts this bias: it is alive, and has a few thousandths of "
    "the gradient of its own weight. Dead is what has less than one.",
    "no sum": "Over the channels the gradients of this bias add up to 0, but each is "
    "far from 0: take their norm. The bias is alive.",
    "ReLU between": "Here a ReLU stands between the bias and BatchNorm. The bias moves "
    "what the ReLU lets through, so it is alive.",
    "inside": "This convolution is inside of another module, and its bias is dead too. "
    "`net.named_modules()` goes through all modules and gives their full names.",
    "order": "This module runs its BatchNorm before its convolution, though it lists "
    "it after: the bias is alive. Go by the gradients.",
    "not a convolution": "Name biases of convolutions only: not weights, not the β of "
    "a BatchNorm, not the linear layer.",
}


def check_dead_biases(answer, expect):
    for what, net, reasons, mode in [
        ("convolution, BatchNorm, ReLU, twice", *_normalised(), True),
        ("the same net, in evaluation mode", *_normalised(), False),
        ("convolution, ReLU, BatchNorm", *_late(), True),
        ("eight layers without BatchNorm, small weights", *_fading(), True),
        ("two convolutions, the second on large values", *_bright(), True),
        ("convolutions without any bias", *_bare(), True),
        ("one convolution before BatchNorm, one not", *_mixed(), True),
        ("modules inside of others, and a BatchNorm for vectors", *_nested(), True),
        ("convolution, average pooling, BatchNorm", *_pooled(), True),
        ("no linear layer: a convolution gives the logits", *_to_classes(), True),
        ("small weights before BatchNorm: a large gradient", *_uneven(), True),
    ]:
        x, labels = torch.rand(16, 2, 6, 6), torch.arange(16) % 3
        none = (
            "Take the gradients in training mode, in one pass; before `backward()` a "
            "`.grad` may be `None`."
            if reasons
            else "A convolution without a bias has `layer.bias = None`: pass it over."
        )
        expect.trying(what, none, errors=[("NoneType|second time", none)])
        for parameter in net.parameters():  # left over from someone else's step
            parameter.grad = torch.ones_like(parameter)
        modes = []  # of each pass
        net.register_forward_pre_hook(lambda net, _, m=modes: m.append(net.training))
        names = answer(net.train(mode), x, labels)
        dead = ("before BN", "inside", "pool between")
        want = [name for name, why in reasons.items() if why in dead]
        names = list(names) if isinstance(names, tuple) else names
        hint = _why(names, want, reasons, net, modes)
        expect.equal("the dead biases", _listed(names), _listed(want), hint=hint)


def _is_list_of_names(names) -> bool:
    return isinstance(names, list) and all(isinstance(n, str) for n in names)


def _listed(names):
    if not _is_list_of_names(names):
        return names
    return Words(", ".join(f"`{name}`" for name in names) or "none")


def _why(names, want, reasons, net, modes) -> str:
    """What to tell about the first name that is too much or missing."""
    if not _is_list_of_names(names):
        return "Return a list of names, each a text."
    wrong = [name for name in names if name not in want]
    missing = [name for name in want if name not in names]
    if not wrong and not missing:
        return "Each name once, in the order of `net.named_parameters()`."
    if wrong and wrong[0] + ".bias" in reasons:
        return 'Name the parameter, not the layer: `f"{name}.bias"`.'
    if wrong and wrong[0] not in dict(net.named_parameters()):
        return f"`{wrong[0]}` is not among the names in `net.named_parameters()`."
    if not all(modes):
        return (
            "In evaluation mode BatchNorm subtracts a fixed average, and a bias shows. "
            "The question is about training: call `net.train()` first."
        )
    first = (wrong + missing)[0]
    why = reasons.get(first, "not a convolution")
    old = net.get_parameter(first).grad if why == "before BN" else None
    cleared = old is None or old.mean() < 0.5
    return WHY[why] + ("" if cleared else " Were the old gradients cleared?")


def _net(*layers: nn.Module) -> nn.Sequential:
    channels = [m for m in layers if isinstance(m, nn.Conv2d)][-1].out_channels
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)]
    return nn.Sequential(*layers, *pool)


def _conv(in_channels: int, out_channels: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)


def _normalised() -> tuple:
    block = [_conv(2, 8), nn.BatchNorm2d(8), nn.ReLU()]
    net = _net(*block, _conv(8, 4), nn.BatchNorm2d(4), nn.ReLU())
    return net, {"0.bias": "before BN", "3.bias": "before BN"}


def _late() -> tuple:
    net = _net(_conv(2, 8), nn.ReLU(), nn.BatchNorm2d(8), _conv(8, 4), nn.ReLU())
    return net, {"0.bias": "ReLU between", "3.bias": "no BN"}


def _fading() -> tuple:
    convs = [_conv(2, 4), *[_conv(4, 4) for _ in range(7)]]
    with torch.no_grad():
        for conv in convs:  # so small that the first layers get next to nothing
            conv.weight.mul_(0.3)
            conv.bias.fill_(0.1)
    net = _net(*[layer for conv in convs for layer in (conv, nn.ReLU())])
    return net, {f"{2 * i}.bias": "no BN" for i in range(8)}


def _bright() -> tuple:
    net = _net(_conv(2, 8), nn.ReLU(), _conv(8, 4), nn.ReLU())
    with torch.no_grad():
        for parameter in net[0].parameters():  # what the next weight sees is so large
            parameter.mul_(250)  # that its bias has some 0.004 of its gradient
        net[2].weight.mul_(1 / 250)
    return net, {"0.bias": "no BN", "2.bias": "some"}


def _bare() -> tuple:
    return _net(_conv(2, 8, False), nn.BatchNorm2d(8), nn.ReLU()), {}


def _mixed() -> tuple:
    net = _net(_conv(2, 4), nn.ReLU(), _conv(4, 8), nn.BatchNorm2d(8), nn.ReLU())
    with torch.no_grad():
        for parameter in net[0].parameters():  # the next weight gets less, so rounding
            parameter.mul_(0.02)  # leaves the dead bias some 0.00005 of its gradient
    return net, {"0.bias": "no BN", "2.bias": "before BN"}


def _uneven() -> tuple:
    norm = nn.BatchNorm2d(8, eps=1e-16)
    net = _net(_conv(2, 8), norm, nn.ReLU(), _conv(8, 4), nn.ReLU())
    with torch.no_grad():
        for parameter in net[0].parameters():  # BatchNorm scales up what is so small,
            parameter.mul_(1e-6)  # and its gradient with it, a million times
    return net, {"0.bias": "before BN", "3.bias": "beside a large one"}


def _pooled() -> tuple:
    net = _net(_conv(2, 4), nn.AvgPool2d(2), nn.BatchNorm2d(4), nn.ReLU())
    return net, {"0.bias": "pool between"}


def _to_classes() -> tuple:
    convs = [_conv(2, 4), nn.ReLU(), _conv(4, 3)]
    net = nn.Sequential(*convs, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return net, {"0.bias": "no BN", "2.bias": "no sum"}


class _NormFirst(nn.Module):
    """Holds the convolution in front of the BatchNorm, but runs it behind."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = _conv(4, 8), nn.BatchNorm2d(4)

    def forward(self, x):  # (B, 4, H, W) -> (B, 8, H, W)
        return F.relu(self.conv(self.norm(x)))


def _nested() -> tuple:
    body = nn.Sequential(_conv(2, 4), _NormFirst())
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    head = [nn.Linear(8, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)]
    net = nn.Sequential(body, *pool, *head)  # the bias of its "3" is dead as well
    return net, {"0.0.bias": "inside", "0.1.conv.bias": "order"}

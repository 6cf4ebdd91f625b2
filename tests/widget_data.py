"""Real data for the widget tests: what the chapters compute, in small."""

from math import exp, sin

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from resnet_lessons.nets import (
    BasicBlock,
    FixedSizeNet,
    FullyConvolutional,
    ResNet,
    cifar_net,
)
from resnet_lessons.nets.fcn import WIDTHS
from resnet_lessons.probes import macs, parameters

SIZES = range(16, 321, 16)
TRAINED = 128
DEPTHS = [8, 16, 32]
GAMMAS = [round(0.1 * i, 1) for i in range(11)]


def sides(size):
    """The grid's side before and after each stage, read off a running net."""
    x = torch.zeros(1, 3, size, size)
    found = [size]
    with torch.no_grad():
        for stage in FullyConvolutional().eval().stages:
            x = stage(x)  # (1, C, H, W)
            found.append(x.shape[-1])
    return found


def input_size_data(sizes=SIZES):
    """InputSize's data for the two nets of chapter 3."""
    nets = []
    for name, head in (("FixedSizeNet", "flatten"), ("FullyConvolutional", "pool")):
        built = [
            FixedSizeNet(size=s) if head == "flatten" else FullyConvolutional()
            for s in sizes
        ]
        features = [net.head[-1].in_features for net in built]
        nets.append(
            {
                "name": name,
                "head": head,
                "expects": features[list(sizes).index(TRAINED)],
                "features": features,
                "head_parameters": [parameters(net.head) for net in built],
                "macs": [
                    macs(net, (3, s, s)) for net, s in zip(built, sizes, strict=True)
                ],
            }
        )
    return {
        "trained": TRAINED,
        "sizes": list(sizes),
        "channels": [3, *WIDTHS],
        "grids": [sides(size) for size in sizes],
        "nets": nets,
    }


def flow(depth, gamma, x, y):
    """(std, gradient, inner gradient) of a stack of blocks that starts at gamma."""
    torch.manual_seed(0)
    net = ResNet(BasicBlock, [depth], [16], "cifar", "B", in_channels=1)
    blocks = list(net.stages[0])
    outputs = [net.stem(x)]  # (B, 16, 8, 8)
    for block in blocks:
        torch.nn.init.constant_(block.residual[-1][-1].weight, gamma)
        outputs.append(block(outputs[-1]))
        outputs[-1].retain_grad()
    F.cross_entropy(net.head(outputs[-1]), y).backward()
    inner = [block.residual[0][0].weight.grad.norm().item() for block in blocks]
    outer = [out.grad.norm().item() for out in outputs[1:]]
    return [out.std().item() for out in outputs], outer, inner


def gamma_data(depths=DEPTHS, gammas=GAMMAS):
    """GammaAtStart's data, on 64 of scikit-learn's digits."""
    digits = load_digits()
    x = torch.tensor(digits.images[:64], dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target[:64])
    found = [[flow(d, g, x, y) for g in gammas] for d in depths]
    std, outer, inner = (
        [[curves[i] for curves in row] for row in found] for i in range(3)
    )
    return {
        "gammas": list(gammas),
        "depths": list(depths),
        "std": std,
        "gradient": outer,
        "inner_gradient": inner,
        "note": "Basic blocks of 16 channels, 64 digits of 8 × 8 px, one seed, "
        "before the first step.",
    }


def depth_data(depths=(8, 20, 32, 56), epochs=5, seeds=3):
    """DepthAndSkip's data: counts of the real nets, losses and gradients made up."""

    def net(depth, kind):
        built = cifar_net(depth, kind, width=8)
        end = 1.3 + 0.016 * (depth - 8) * (kind == "plain")
        return {
            "losses": [
                [
                    end + exp(-epoch / 2) + 0.04 * sin(seed + epoch)
                    for epoch in range(epochs)
                ]
                for seed in range(seeds)
            ],
            "parameters": parameters(built),
            "macs": macs(built, (3, 32, 32)),
            "gradient": 1.1**depth if kind == "plain" else 4.0,
        }

    nets = {kind: [net(d, kind) for d in depths] for kind in ("plain", "residual")}
    return {"depths": list(depths), "nets": nets, "note": "Made up, for the tests."}

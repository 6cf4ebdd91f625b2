"""Real data for the widget tests: what the chapters compute, in small."""

from math import exp, sin

import torch
from sklearn.datasets import load_digits

from resnet_lessons.nets import cifar_net
from resnet_lessons.probes import (
    compute_by_stage,
    gradient_norms,
    input_sizes,
    macs,
    parameters,
    shape_matches,
    starts,
)

SIZES = range(16, 321, 16)
TRAINED = 128
DEPTHS = [8, 16, 32]
GAMMAS = [round(0.1 * i, 1) for i in range(11)]


def input_size_data(sizes=SIZES):
    """InputSize's data for the two nets of chapter 3."""
    return input_sizes(sizes, TRAINED)


def gamma_data(depths=DEPTHS, gammas=GAMMAS):
    """GammaAtStart's data, on 64 of scikit-learn's digits."""
    digits = load_digits()
    x = torch.tensor(digits.images[:64], dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target[:64])
    return starts(depths, gammas, x, y, note="64 digits, one seed.")


def norms_data(depths=(8, 20, 56)):
    """GradientNorms' data, on 16 of scikit-learn's digits."""
    digits = load_digits()
    x = torch.tensor(digits.images[:16], dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target[:16])
    return gradient_norms(depths, 4, x, y, note="16 digits, one seed.")


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


def shape_data():
    """ShapeMatcher's data, as chapter 6 computes it."""
    return shape_matches(channels=[16, 32, 64], strides=[1, 2], sizes=[5, 8])


def cost_data(sizes=(64, 96, 224)):
    """ComputeByStage's data for two nets with the four stems of chapter 8."""
    nets = {"ResNet-18": "resnet-18", "ResBlocks": "resblock-net-deep"}
    stems = {"7 × 7": "imagenet", "deep": "deep", "CIFAR": "cifar", "none": "none"}
    return compute_by_stage(nets, stems, sizes)

"""Real data for the widget tests: what the chapters compute, in small."""

from math import exp, sin

import torch
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from resnet_lessons import figures
from resnet_lessons.data import find, standins
from resnet_lessons.nets import ORDERS, build, cifar_net
from resnet_lessons.probes import (
    Window,
    block_costs,
    block_orders,
    compute_by_stage,
    convolutions,
    fields_by_depth,
    freezing_costs,
    gradient_norms,
    input_sizes,
    macs,
    parameters,
    shape_matches,
    starts,
    where_parameters,
    windows,
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


def playground_data():
    """ResidualPlayground's data: scikit-learn's digits."""
    return figures.playground_data(*standins.digits())


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


def seed_data(pictures=1200):
    """SeedSpread's data: three classifiers of digits, under the names of CIFAR-10."""
    digits = load_digits()
    x, y = digits.data, digits.target
    answers = [
        GaussianNB().fit(x[start:stop], y[start:stop])
        for start, stop in ((0, 40), (40, 80), (80, 150))
    ]
    labels, *answers = (
        "".join(map(str, found[-pictures:]))
        for found in (y, *(net.predict(x) for net in answers))
    )
    return {
        "classes": list(find("cifar10").classes),
        "seeds": [0, 1, 2],
        "labels": labels,
        "answers": answers,
        "note": "Digits under other names, for the tests.",
    }


def shape_data():
    """ShapeMatcher's data, as chapter 6 computes it."""
    return shape_matches(channels=[16, 32, 64], strides=[1, 2], sizes=[5, 8])


def cost_data(sizes=(64, 96, 224)):
    """ComputeByStage's data for two nets with the four stems of chapter 8."""
    nets = {"ResNet-18": "resnet-18", "ResBlocks": "resblock-net-deep"}
    stems = {"7 × 7": "imagenet", "deep": "deep", "CIFAR": "cifar", "none": "none"}
    return compute_by_stage(nets, stems, sizes)


def width_data(channels=(64, 128, 256, 512), squeezes=(1, 2, 4, 8)):
    """WidthAndCost's data, in fewer steps than chapter 9 has."""
    return block_costs(channels, squeezes)


def convolution_data():
    """Convolution's data: the three convolutions of LeNet-5, as in chapter 1."""
    net = build("lenet-5", in_channels=1)
    return {"layers": convolutions(net, (1, 32, 32), ["C1", "C3", "C5"])}


def order_data(depths=(3, 9, 27)):
    """BlockOrder's data for the six orders of chapter 10, on 16 digits."""
    digits = load_digits()
    x = torch.tensor(digits.images[:16], dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target[:16])
    leaky = {"LeakyReLU before addition": "conv BN LeakyReLU conv BN LeakyReLU +"}
    return block_orders(ORDERS | leaky, depths, 8, x, y, note="16 digits, one draw.")


TIE = [0.609, 0.6255, 0.615]  # its mean, 61.65 %, is in the middle of two digits


def freezing_data(counts=(20, 100, 500), seeds=3):
    """Freezing's data: costs of the real net, accuracies and seconds made up."""

    def runs(mean):
        return [mean + 0.01 * sin(seed) for seed in range(seeds)]

    return freezing_costs(cifar_net(20, width=8, num_classes=2), (3, 32, 32)) | {
        "counts": list(counts),
        "accuracy": [
            [runs(0.6 + 0.05 * i + 0.01 * part) for part in range(5)]
            for i in range(len(counts))
        ],
        "scratch": [
            TIE[:seeds],
            *[runs(0.55 + 0.04 * i) for i in range(1, len(counts))],
        ],
        "seconds": [4.5, 5.5, 6.5, 8.0, 9.5],
        "classes": ["cat", "dog"],
        "note": "Made up, for the tests.",
    }


def field_data():
    """ReceptiveField's data: two plain stacks and the layers of three nets."""
    with torch.device("meta"):
        nets = {
            "AlexNet": windows(build("alexnet-paper").features),
            "VGG-16": windows(build("vgg-16").features),
            "Chapter 3's net": windows(build("fcn-baseline").stages),
        }
    return fields_by_depth({"3 × 3": [Window(3)] * 8, "5 × 5": [Window(5)] * 4} | nets)


def where_data(classes=(10, 100, 1000, 20_000)):
    """WhereParameters' data for the four nets of chapter 2."""
    names = ("AlexNet", "VGG-16", "GoogLeNet", "ResNet-50")
    nets = {name: name.lower() for name in names} | {"AlexNet": "alexnet-paper"}
    return where_parameters(nets, classes)


def quiz_data(ids=("stride-twice", "norm-after-sum", "no-head", "one-too-many")):
    """DiffQuiz's data for four of the defects of chapter 14, cheap to measure."""
    from resnet_lessons import data
    from resnet_lessons.checks import broken_14 as broken
    from resnet_lessons.checks.broken_14.quiz import quiz

    caught = {id: ["takes any size", "identity at zero"][: n % 3] for n, id in
              enumerate(ids)}  # fmt: skip
    return quiz(broken.Digits(*data.digits()), caught, note="Digits, one seed.")

"""A run of the playground in PyTorch, from the same settings as its script."""

import torch

from resnet_lessons import probes
from widget_data import playground_data

START = {
    "depth": 40, "skip": False, "norm": True, "zero": False, "init": "PyTorch",
    "lr": 0.01, "optimiser": "SGD", "data": "spirals", "seed": 0,
}  # fmt: skip


def pixels(packed):
    """(N, 64) from -1 (paper) to 1 (ink), as the script unpacks them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    codes = [alphabet.index(letter) for letter in packed["pixels"]]
    pairs = [(code // 8, code % 8) for code in codes]
    return torch.tensor(pairs, dtype=torch.double).view(-1, 64) / 3.5 - 1


def trait():
    return playground_data()


def twin(settings, steps):
    """The same run in PyTorch."""
    if settings["data"] == "digits":
        parts = [
            (pixels(p), torch.tensor([int(c) for c in p["labels"]]))
            for p in trait().values()
        ]
        settings = settings | {"data": parts}
    return probes.playground(**settings, steps=steps)

"""Drawings of an Inception module and of two blocks: they show what really runs."""

import re
from importlib import import_module

import pytest
import torch
from torch import nn

from resnet_lessons import figures, nets

drawn = import_module("resnet_lessons.figures.paths")
ROWS = [
    (192, 64, (96, 128), (16, 32), 32),
    (832, 384, (192, 384), (48, 128), 128),
]


def what_runs(path, x):
    """(side of the kernel, channels in, channels out) of each layer that has one."""
    found = []

    def note(layer, given, out):
        side = torch.tensor(layer.kernel_size).max().item()
        found.append((side, given[0].shape[1], out.shape[1]))

    for layer in path.modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            layer.register_forward_hook(note)
    path(x)
    return found


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("kernel", [3, 5])
def test_boxes_and_bar_show_what_runs(row, kernel, monkeypatch):
    module = nets.Inception(*row, kernel=kernel).eval()
    made, show = [], drawn.show
    monkeypatch.setattr(
        drawn, "show", lambda figure, alt: made.append(figure) or show(figure, alt)
    )
    alt = repr(figures.inception(module))
    x = torch.randn(1, row[0], 4, 4)
    joined = module(x).shape[1]
    runs = [what_runs(path, x) for path in module.paths]
    (ax,) = made[0].axes
    texts = [text.get_text() for text in ax.texts if text.get_text()]
    layers = [layer for run in runs for layer in run]
    boxes = [f"{side} × {side}\n{a} → {b}" for side, a, b in layers]
    shown = [text.partition(" ")[2] for text in texts if "→" in text]
    assert shown == boxes and len(boxes) == 7
    assert [text[:4] for text in texts if "→" in text].count("pool") == 1
    assert texts[0] == f"in: {row[0]} channels"
    assert texts[-1] == f"joined: {joined} channels"
    assert alt.endswith(f"Joined, they are {joined} channels.")
    said = re.findall(r"(\d+) × \1 from (\d+) to (\d+)", alt)
    assert [tuple(map(int, each)) for each in said] == layers
    bar = [box.get_width() for box in ax.patches if box.get_y() == 0]
    ends = [run[-1][2] for run in runs]
    assert sum(ends) == joined
    shares = [width / sum(bar) for width in bar]
    assert shares == pytest.approx([end / joined for end in ends])


def test_letters_are_legible_on_a_phone(monkeypatch):
    """A page on a phone gives a figure 340 of its pixels; letters need ten."""
    made = []
    monkeypatch.setattr(drawn, "show", lambda figure, alt: made.append(figure))
    figures.inception(nets.Inception(*ROWS[0]))
    pixels = made[0].get_figwidth() * 96
    sizes = {text.get_fontsize() * 96 / 72 for text in made[0].axes[0].texts}
    assert min(sizes) * min(1, 340 / pixels) > 10


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, None])
def test_two_blocks_show_their_layers_and_where_x_is_added(norm, monkeypatch):
    block = import_module("resnet_lessons.figures.pair")
    made, show = [], block.show
    monkeypatch.setattr(
        block, "show", lambda figure, alt: made.append(figure) or show(figure, alt)
    )
    residual = [layer for part in nets.BasicBlock(4, 4, norm=norm).residual
                for layer in part]  # fmt: skip
    alt = repr(figures.two_blocks(residual))
    bn = ", BN" if norm else ""
    layers = [f"conv 3 × 3{bn}", "ReLU", f"conv 3 × 3{bn}"]
    assert ", ".join([*layers, "ReLU"]) in alt
    (ax,) = made[0].axes
    boxed = [t for t in ax.texts if t.get_bbox_patch()]
    plain, skips = (
        [t.get_text() for t in sorted(column, key=lambda t: -t.get_position()[1])]
        for column in (
            [t for t in boxed if (t.get_position()[0] > 2) == right]
            for right in (False, True)
        )
    )
    assert plain == [*layers, "ReLU"] and skips == [*layers, "+", "ReLU"]
    pixels = made[0].get_figwidth() * 96
    assert min(t.get_fontsize() for t in ax.texts) * 96 / 72 * 340 / pixels >= 10

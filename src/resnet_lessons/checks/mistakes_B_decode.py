"""Appendix B: mistakes on the way from offsets to a box, each with its hint."""

import torch

from .mistakes_B import centre_and_size, from_centre


def _moved(t, side, other, stretch):
    return t * side


def _stretched(t, side, other):
    return side * t.exp()


def _decoded(move=_moved, size=_stretched, box=from_centre, centre=None):
    """A decoding with one part got wrong.

    move: how far, of t, the anchor's side along it, its other side and the offset of
    that side; size: the new side, of the same; box: of the new centre and sizes;
    centre: x and y of the anchors.
    """

    def wrong(anchors, offsets):
        x, y, w, h = centre_and_size(anchors)
        x, y = centre(anchors) if centre else (x, y)
        t_x, t_y, t_w, t_h = offsets.unbind(1)
        x, y = x + move(t_x, w, h, t_w), y + move(t_y, h, w, t_h)
        return box(x, y, size(t_w, w, h), size(t_h, h, w))

    return wrong


def _columns(*parts):
    return torch.stack(parts, dim=1)


def _of(change):
    """The right boxes, changed."""
    right = _decoded()
    return lambda anchors, offsets: change(right(anchors, offsets))


def _sides_as(which):
    """One side of the anchor in place of both."""

    def wrong(anchors, offsets):
        x, y, w, h = centre_and_size(anchors)
        side = (w, h)[which]
        t_x, t_y, t_w, t_h = offsets.unbind(1)
        return from_centre(
            x + t_x * side, y + t_y * side, side * t_w.exp(), side * t_h.exp()
        )

    return wrong


DECODED = [
    (
        _decoded(centre=lambda a: (a[:, 0], a[:, 1])),
        "The left top corner of the anchor is taken for its centre. The centre is "
        "half a side further.",
    ),
    (
        _decoded(centre=lambda a: ((a[:, 2] - a[:, 0]) / 2, (a[:, 3] - a[:, 1]) / 2)),
        "Half of right - left is half the width, not the centre: add `left`, or take "
        "half of right + left. The same for y.",
    ),
    (
        lambda a, t: _decoded(
            centre=lambda a: (a[:, 0], a[:, 1]),
            box=lambda x, y, w, h: _columns(x, y, x + w, y + h),
        )(a, t),
        "The left top corner is moved, and the box is stretched to the right and down. "
        "The equations move the centre, and stretch to both sides of it.",
    ),
    (
        _decoded(box=lambda x, y, w, h: _columns(x, y, x + w, y + h)),
        "The new centre is returned as the left top corner. Left is half a width "
        "further to the left, and right half a width to the right.",
    ),
    (
        _decoded(box=lambda x, y, w, h: _columns(x, y, w, h)),
        "That is centre, width and height: turn it into left, top, right, bottom.",
    ),
    (
        _decoded(box=lambda x, y, w, h: _columns(x - w / 2, y - h / 2, w, h)),
        "The last two are width and height. Right and bottom are asked for.",
    ),
    (
        _decoded(box=lambda x, y, w, h: from_centre(x, y, 2 * w, 2 * h)),
        "The boxes are twice as wide and high as they should be: half of a side lies "
        "on each side of the centre.",
    ),
    (
        _decoded(box=lambda x, y, w, h: from_centre(x, y, w / 2, h / 2)),
        "The boxes are half as wide and high as they should be: is a side halved "
        "twice?",
    ),
    (
        _of(lambda boxes: boxes[:, [1, 0, 3, 2]]),
        "The order is left, top, right, bottom: here x and y are swapped.",
    ),
    (
        _of(lambda boxes: boxes[:, [0, 2, 1, 3]]),
        "The order is left, top, right, bottom: here it is left, right, top, bottom.",
    ),
    (
        _of(lambda boxes: boxes[:, [2, 3, 0, 1]]),
        "The corners are swapped: left is `x - w / 2`, right is `x + w / 2`.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t),
        "The centre moves by t_x pixels. It should move by t_x times the width of "
        "the anchor; the same for y.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t * side * stretch.exp()),
        "The centre moves in parts of the new width. t_x counts widths of the "
        "anchor: use w_a and h_a.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t * side / 2),
        "The centre moves in halves of a width. t_x counts whole widths of the anchor.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t / side),
        "The centre moves by `t_x / w_a`. Solve `t_x = (x - x_a) / w_a` for x.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: -t * side),
        "The centre moves the other way: `x = x_a + t_x * w_a`.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t.exp() * side),
        "Only t_w and t_h are logarithms: no `exp` of t_x and t_y.",
    ),
    (
        _decoded(
            move=lambda t, side, other, stretch: t * other,
            size=lambda t, side, other: other * t.exp(),
        ),
        "Width and height of the anchor are swapped: w_a is right - left.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: t * other),
        "t_x counts widths, t_y counts heights of the anchor: here it is the other "
        "way round.",
    ),
    (
        _decoded(size=lambda t, side, other: other * t.exp()),
        "t_w stretches the width, t_h the height of the anchor: here it is the "
        "other way round.",
    ),
    (
        _sides_as(0),
        "The width of the anchor serves for its height, too. y and h need h_a.",
    ),
    (
        _sides_as(1),
        "The height of the anchor serves for its width, too. x and w need w_a.",
    ),
    (
        _decoded(size=lambda t, side, other: side * t),
        "t_w is a logarithm: `w = w_a * exp(t_w)`. The same for h.",
    ),
    (
        _decoded(size=lambda t, side, other: side * (1 + t)),
        "`w_a * (1 + t_w)` is right for small t_w only. t_w is a logarithm: "
        "`w = w_a * exp(t_w)`.",
    ),
    (
        _decoded(size=lambda t, side, other: side + t),
        "t_w is added to the width. It is a logarithm: `w = w_a * exp(t_w)`.",
    ),
    (
        _decoded(size=lambda t, side, other: side + t.exp()),
        "`exp(t_w)` is added to the width. The width is multiplied by it.",
    ),
    (
        _decoded(size=lambda t, side, other: t.exp()),
        "`exp(t_w)` is how much to stretch the anchor, not the new width: multiply by "
        "w_a. The same for h.",
    ),
    (
        _decoded(size=lambda t, side, other: side * (-t).exp()),
        "The sides are divided by `exp(t_w)` and `exp(t_h)`: multiply.",
    ),
    (
        _decoded(size=lambda t, side, other: side * 2**t),
        "The logarithm is the natural one, ln: take powers of e, not of 2.",
    ),
    (
        _decoded(size=lambda t, side, other: side * 10**t),
        "The logarithm is the natural one, ln: take powers of e, not of 10.",
    ),
    (
        lambda a, t: a,
        "These are the anchors themselves. Move their centres, and stretch them.",
    ),
    (
        _decoded(size=lambda t, side, other: side),
        "The anchors are moved, but not stretched: `w = w_a * exp(t_w)`.",
    ),
    (
        _decoded(move=lambda t, side, other, stretch: 0 * t),
        "The anchors are stretched, but not moved: `x = x_a + t_x * w_a`.",
    ),
    (
        lambda a, t: _decoded()(a, t[:, [2, 3, 0, 1]]),
        "The offsets come as t_x, t_y, t_w, t_h: the first two move, the last two "
        "stretch.",
    ),
    (
        lambda a, t: _decoded()(a, t[:, [0, 2, 1, 3]]),
        "The offsets come as t_x, t_y, t_w, t_h. Here they are taken for t_x, t_w, "
        "t_y, t_h.",
    ),
    (
        lambda a, t: _decoded()(a, t / torch.tensor([10.0, 10, 5, 5])),
        "10, 10, 5 and 5 belong to torchvision's head. Here no other factors are in "
        "the offsets.",
    ),
    (
        _of(lambda boxes: boxes.clamp(min=0)),
        "Coordinates below 0 are cut off. A box may reach beyond the edge.",
    ),
    (
        _of(lambda boxes: boxes.round()),
        "The numbers are rounded. Leave them as they come out.",
    ),
    (
        _of(lambda boxes: boxes.trunc()),
        "The fractions are cut off. Leave the numbers as they come out.",
    ),
]


def _cut_from(start, end):
    """A decoding by `function` through which no gradient reaches these offsets."""

    def cut(function, anchors, offsets):
        columns = list(offsets.unbind(1))
        columns[start:end] = [t.detach() for t in columns[start:end]]
        return function(anchors, torch.stack(columns, dim=1))

    return cut


CUTS = [
    (
        _cut_from(0, 4),
        "The boxes are right, but no gradient comes back: `no_grad`, `.detach()`, "
        "`.data`, `.item()`, `float(…)`, NumPy or `torch.tensor(…)` of results cut it.",
    ),
    (
        _cut_from(0, 2),
        "None comes back to t_x and t_y: what cuts it where the centre is moved?",
    ),
    (
        _cut_from(2, 4),
        "None comes back to t_w and t_h. `math.exp` and `torch.tensor(…)` cut it: "
        "`.exp()` of the tensor itself does not.",
    ),
]

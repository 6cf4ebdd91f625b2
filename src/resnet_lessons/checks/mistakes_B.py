"""Appendix B: mistakes in an IoU and in decoded boxes, each with its hint."""

import torch
from torchvision.ops import box_iou


def centre_and_size(boxes):
    """x, y of the centre, width and height: four tensors of shape (N,)."""
    left, top, right, bottom = boxes.unbind(1)
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def from_centre(x, y, w, h):
    """The boxes (N, 4) with these centres and sizes."""
    return torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=1)


# B.1 -------------------------------------------------------------------------------


def _at_least_0(w, h):
    return w.clamp(min=0) * h.clamp(min=0)


def _sides(a, b):
    """Width and height (N, M) of what two boxes share, below 0 where they are apart."""
    a, b = a[:, None], b[None]
    first = torch.maximum(a[..., :2], b[..., :2])
    return (torch.minimum(a[..., 2:], b[..., 2:]) - first).unbind(2)


def _areas(boxes, extra=0):
    return (boxes[:, 2:] - boxes[:, :2] + extra).prod(1)


def _iou(a, b, *, area=_at_least_0, over=None, extra=0):
    """The IoU with one part got wrong; over: what is divided by, of three areas."""
    w, h = _sides(a, b)
    shared = area(w + extra, h + extra)
    first, second = _areas(a, extra)[:, None], _areas(b, extra)[None]
    whole = over(first, second, shared) if over else first + second - shared
    return shared / whole


def _over(over):
    return lambda a, b: _iou(a, b, over=over)


def _shared(area):
    return lambda a, b: _iou(a, b, area=area)


def _read(corners):
    """The IoU of boxes whose four numbers are taken for others."""
    return lambda a, b: _iou(corners(a), corners(b))


def _spanned(a, b, first=torch.minimum, last=torch.maximum):
    """The area between these left top and right bottom corners; else around both."""
    a, b = a[:, None], b[None]
    ends = last(a[..., 2:], b[..., 2:])
    return (ends - first(a[..., :2], b[..., :2])).clamp(min=0).prod(2)


def _spanning(**corners):
    """The IoU with another box in place of what two share."""

    def wrong(a, b):
        shared = _spanned(a, b, **corners)
        return shared / (_areas(a)[:, None] + _areas(b) - shared)

    return wrong


AROUND = (
    "That does not take what they share: it begins at the larger of the two left "
    "sides and ends at the smaller of the two right sides; the same for top and "
    "bottom."
)
PIXEL = "There is a pixel too much in the sides. A box from 10 to 50 is 40 wide."


# A hint may rely on the cases before: all that came earlier held.
IOUS = [
    (
        _over(lambda first, second, shared: first + second),
        "What both share is counted twice below the line: subtract it once.",
    ),
    (
        _over(lambda first, second, shared: first + second - 2 * shared),
        "What both share is subtracted twice below the line. It belongs to what they "
        "cover together: subtract it once.",
    ),
    (
        _over(lambda first, second, shared: torch.minimum(first, second)),
        "You divide by the smaller area. Divide by what both cover together.",
    ),
    (
        _over(lambda first, second, shared: torch.maximum(first, second)),
        "You divide by the larger area. Divide by what both cover together.",
    ),
    (
        _over(lambda first, second, shared: first.expand_as(shared)),
        "You divide by the area of the box in `a`. Divide by what both cover together.",
    ),
    (
        _over(lambda first, second, shared: second.expand_as(shared)),
        "You divide by the area of the box in `b`. Divide by what both cover together.",
    ),
    (
        lambda a, b: _at_least_0(*_sides(a, b)) / _spanned(a, b),
        "You divide by the box around both. It covers places that neither covers: "
        "both areas, less what they share, is the union.",
    ),
    (lambda a, b: _spanned(a, b) / (_areas(a)[:, None] + _areas(b)), AROUND),
    (_spanning(), AROUND),
    (_spanning(last=torch.minimum), AROUND),
    (_spanning(first=torch.maximum), AROUND),
    (lambda a, b: _iou(a, b, extra=1), PIXEL),
    (_shared(lambda w, h: _at_least_0(w + 1, h + 1)), PIXEL),
    (
        _shared(lambda w, h: w.clamp(min=0) + h.clamp(min=0)),
        "What they share is width plus height there. An area is their product.",
    ),
    (
        _shared(lambda w, h: w * h),
        "Boxes that do not meet come out with an area. The width, the height or both "
        "are below 0 there, and two of these give a product above 0: `.clamp(min=0)` "
        "each of them.",
    ),
    (
        _shared(lambda w, h: (w * h).clamp(min=0)),
        "Where both the width and the height are below 0, their product is above it. "
        "`.clamp(min=0)` each of them, then multiply.",
    ),
    (
        _shared(lambda w, h: w.abs() * h.abs()),
        "A width or a height below 0 means that the boxes do not meet. `.abs()` makes "
        "an area of it; `.clamp(min=0)` makes 0.",
    ),
    (
        _shared(lambda w, h: w.clamp(min=0) * h),
        "The width is never below 0, but the height is, where one box lies below the "
        "other: `.clamp(min=0)` both.",
    ),
    (
        _shared(lambda w, h: w * h.clamp(min=0)),
        "The height is never below 0, but the width is, where one box lies beside the "
        "other: `.clamp(min=0)` both.",
    ),
    (
        _read(lambda x: torch.cat([x[:, :2], x[:, :2] + x[:, 2:]], dim=1)),
        "The last two numbers are taken for a width and a height. They are right and "
        "bottom.",
    ),
    (
        _read(lambda x: from_centre(*x.unbind(1))),
        "The four numbers are taken for a centre and a size. They are left, top, "
        "right, bottom.",
    ),
    (
        _read(lambda x: x[:, [0, 2, 1, 3]]),
        "The four numbers are left, top, right, bottom. They are taken for left, "
        "right, top, bottom.",
    ),
    (
        lambda a, b: _at_least_0(*_sides(a, b)),
        "That is the area that they share. Divide by what they cover together.",
    ),
    (
        lambda a, b: 1 - box_iou(a, b),
        "That is 1 - IoU. Boxes that are alike have an IoU of 1.",
    ),
    (
        lambda a, b: 1 / box_iou(a, b),
        "The fraction is upside down: what they share stands above the line.",
    ),
    (
        lambda a, b: 100 * box_iou(a, b),
        "That is in percent. An IoU is a number from 0 to 1.",
    ),
    (
        lambda a, b: torch.zeros(len(a), len(b)),
        "Boxes that overlap come out as 0, too. Is the fraction cut off, by `//`, "
        "`.int()` or a comparison? Or do sides come out below 0 before they are "
        "clamped, because the wrong one is subtracted?",
    ),
    (
        _read(lambda x: x.clamp(min=0)),
        "Coordinates below 0 are cut off. A box may reach beyond the edge.",
    ),
    (
        _read(torch.round),
        "The coordinates are rounded. Leave them as they are.",
    ),
    (
        _read(torch.trunc),
        "The fractions of the coordinates are cut off. Leave them as they are.",
    ),
    (
        lambda a, b: box_iou(b, a).reshape(len(a), len(b)),
        "The numbers are right, but their order is not: the shape was forced with "
        "`view` or `reshape`. To swap rows and columns take `.T`.",
    ),
]

"""Appendix B, detection: the exercises and their reference answers."""

import torch
from torchvision.ops import box_iou

from .exercise import Exercise
from .judges_B import check_decode, check_iou
from .judges_B_suppress import check_suppress


def iou(a, b):
    areas = [(x[:, 2:] - x[:, :2]).prod(1) for x in (a, b)]  # (N,), (M,)
    a, b = a[:, None], b[None]  # (N, 1, 4), (1, M, 4)
    first = torch.maximum(a[..., :2], b[..., :2])  # left, top of what they share
    last = torch.minimum(a[..., 2:], b[..., 2:])  # its right, bottom
    shared = (last - first).clamp(min=0).prod(2)  # (N, M)
    return shared / (areas[0][:, None] + areas[1] - shared)


def decode(anchors, offsets):
    size = anchors[:, 2:] - anchors[:, :2]  # (N, 2): width, height
    centre = anchors[:, :2] + size / 2
    centre = centre + offsets[:, :2] * size
    size = size * offsets[:, 2:].exp()
    return torch.cat([centre - size / 2, centre + size / 2], dim=1)


def suppress(boxes, scores, threshold):
    overlap = box_iou(boxes, boxes)  # (N, N)
    kept = []
    for box in scores.argsort(descending=True).tolist():
        if all(overlap[box, better] <= threshold for better in kept):
            kept.append(box)
    return torch.tensor(kept, dtype=torch.int64)


EXERCISES = [
    Exercise(
        id="B.1",
        title="How much do two boxes share?",
        prompt="""\
The page takes the IoU from torchvision's `box_iou`. Write it yourself, without
torchvision's: `iou(a, b)`, the IoU of each box in `a`, $(N, 4)$, with each box in `b`,
$(M, 4)$. It returns an $(N, M)$ tensor: row $i$, column $j$ belongs to `a[i]` and
`b[j]`. Both are tensors of floats, and each row is a box: left, top, right, bottom,
with left < right and top < bottom. Coordinates may lie below 0. Boxes that do not meet
have an IoU of 0. $N$ or $M$ may be 0. Both tensors stay as they were.
""",
        starter='''\
import torch


def iou(a, b):
    """(N, 4) and (M, 4) boxes -> (N, M)"""
    raise NotImplementedError
''',
        hints=(
            "What two boxes share is a box, too. Its left side is the larger of the "
            "two left sides. And its right side?",
            "`a[:, None]` is $(N, 1, 4)$: with `b`, $(M, 4)$, `torch.maximum` and "
            "`torch.minimum` then give all pairs, $(N, M, \\ldots)$.",
            "If they do not meet, its width or its height comes out below 0: "
            "`.clamp(min=0)` each of the two before you multiply. What the boxes cover "
            "together is both areas, less what was counted twice.",
        ),
        answer=iou,
        check=check_iou,
    ),
    Exercise(
        id="B.2",
        title="From offsets back to a box",
        prompt="""\
The page turns a box into offsets $t_x, t_y, t_w, t_h$ from an anchor; a detector that
predicts needs the way back. Write `decode(anchors, offsets)`. `anchors` is $(N, 4)$,
each row left, top, right, bottom; `offsets` is $(N, 4)$, each row $t_x, t_y, t_w, t_h$
as in the page's four equations, with no other factors. It returns the $N$ boxes,
$(N, 4)$, as left, top, right, bottom; they may reach beyond the edge of the picture. A
loss may be taken of the boxes, so gradients must flow back to `offsets`. Both tensors
stay as they were.
""",
        starter='''\
import torch


def decode(anchors, offsets):
    """(N, 4) anchors and (N, 4) offsets -> (N, 4) boxes"""
    raise NotImplementedError
''',
        hints=(
            "Solve the four equations for $x$, $y$, $w$ and $h$. First you need "
            "$x_a$, $y_a$, $w_a$ and $h_a$ of each anchor.",
            "$x = x_a + t_x w_a$ and $w = w_a e^{t_w}$; the same for $y$ and $h$.",
            "$x$ and $y$ are the centre: left is $x - w / 2$, right is $x + w / 2$. "
            "`torch.cat([...], dim=1)` joins two $(N, 2)$ tensors to $(N, 4)$, and "
            "`torch.stack([...], dim=1)` four of $(N,)$.",
        ),
        answer=decode,
        check=check_decode,
    ),
    Exercise(
        id="B.3",
        title="Of boxes that overlap, the best",
        prompt="""\
A detector finds the same thing several times. `box_nms_thresh=0.3` on the page asks for
*non-maximum suppression*: of boxes that overlap more, the best is kept. Write it
yourself, without torchvision's `nms`: `suppress(boxes, scores, threshold)`. `boxes` is
$(N, 4)$, each row left, top, right, bottom; `scores` is $(N,)$, all different, between
0 and 1. A box is dropped if its IoU with a *kept* box of a higher score is above the
threshold; all others are kept. So a box that was dropped drops no other. Return the
positions of the kept boxes in `boxes`, the best score first: an int64 tensor, or a list
of whole numbers. `box_iou` may be used. $N$ may be 0. Both tensors stay as they were.
""",
        starter='''\
import torch
from torchvision.ops import box_iou


def suppress(boxes, scores, threshold):
    """(N, 4) boxes, (N,) scores -> positions of the kept boxes, best first"""
    raise NotImplementedError
''',
        hints=(
            "Whether a box is kept depends only on boxes with a higher score: decide "
            "about the best one first.",
            "`scores.argsort(descending=True)` gives the positions from the best score "
            "to the lowest. Go through them with a list of those kept so far.",
            "`box_iou(boxes, boxes)[i, j]` is the IoU of boxes $i$ and $j$. Keep $i$ "
            "if it is at most `threshold` for *all* $j$ in the list.",
        ),
        answer=suppress,
        check=check_suppress,
    ),
]

"""Appendix B, detection: how an IoU and decoded boxes are judged."""

from contextlib import contextmanager
from functools import partial
from unittest import mock

import torch
from torchvision.ops import box_iou, boxes

from .advice import MISFIT
from .describe import Words, shape_in_words
from .expect import made
from .kept import unchanged
from .layers import gradient_at
from .mistakes_B import IOUS, centre_and_size, from_centre
from .mistakes_B_decode import CUTS, DECODED


def some_boxes(count: int) -> torch.Tensor:
    """Boxes (count, 4), no two alike; some reach below 0."""
    corner = torch.rand(count, 2) * 70 - 20
    return torch.cat([corner, corner + 5 + torch.rand(count, 2) * 60], dim=1)


def stay(expect, **tensors):
    """Expect of each pair (given, before) that what was given is unchanged."""
    hint = "`+=`, `x[…] = …` and methods that end in `_` change what the caller gave. "
    hint += "Make a new tensor, or `.clone()` it first."
    for name, (given, before) in tensors.items():
        unchanged(given, before, expect, hint, f"`{name}`")


def is_own(expect, used, name: str):
    """Expect that a function of torchvision's was not used."""
    if used:
        expect.true(
            f"without torchvision's `{name}`",
            False,
            got="code of torchvision's runs",
            expected="code of your own",
            hint=f"Write it yourself: `{name}` and its like may not be called here.",
        )


def _shapes(*pairs) -> list:
    """Known mistakes in a shape, as `Expect.shape` compares them."""
    return [(Words(shape_in_words(shape)), hint) for shape, hint in pairs]


# B.1 -------------------------------------------------------------------------------


# In integers, so that they can be worked out by hand.
TWO = torch.tensor([[10.0, 80, 50, 100], [40, 60, 58, 85]])
ONE = torch.tensor([[30.0, 70, 60, 95]])
AROUND = torch.tensor(
    [
        [70.0, 0, 90, 60],  # right of it
        [12, 55, 60, 77],  # below it
        [55, 50, 66, 90],  # right of it and below
        [-30, -20, 0, 5],  # left of it and above
        [50, 10, 60, 40],  # touches it
        [20, 15, 45, 25],  # inside
        [0, 5, 80, 70],  # around it
        [10, 10, 50, 40],  # the same
    ]
)
PAIRS = (
    "Two axes: row i, column j belongs to `a[i]` and `b[j]`. `a[:, None]` is "
    "(N, 1, 4), and with `b` it gives all pairs."
)
EMPTY = (
    "Where N or M is 0, the shape is (N, M) all the same. In a loop begin with "
    "`torch.zeros(len(a), len(b))`."
)
AREAS = (
    "Divide the area that two boxes share by the area that they cover together: "
    "both areas, less what they share."
)
APART = (
    "A box that does not meet another shares nothing: 0. One inside another shares "
    "all of its area."
)


@contextmanager
def _iou_by_torchvision():
    """A list that gets an entry whenever torchvision looks for what boxes share."""
    calls, share = [], getattr(boxes, "_box_inter_union", None)

    def noted(*args, **named):
        calls.append(args)
        return share(*args, **named)

    # create: a torchvision without this function is no reason to fail
    with mock.patch.object(boxes, "_box_inter_union", noted, create=True):
        yield calls


def check_iou(answer, expect):
    for what, a, b, hint in [
        ("a = {}, b = {}".format(*_whole(TWO, ONE)), TWO, ONE, AREAS),
        ("a box, and others apart, inside and around", AROUND[7:], AROUND, APART),
        ("4 boxes and 6", some_boxes(4), some_boxes(6), AREAS),
        ("no box and 3", some_boxes(0), some_boxes(3), EMPTY),
        ("3 boxes and none", some_boxes(3), some_boxes(0), EMPTY),
        ("5 boxes and 5", some_boxes(5), some_boxes(5), AREAS),
    ]:
        size = len(a), len(b)
        shape, errors = PAIRS, [(f"{MISFIT}|zip\\(\\)", PAIRS)]
        if 0 in size:
            shape, errors = EMPTY, [("", EMPTY)]
        expect.trying(what, errors=errors)
        given = a.clone(), b.clone()
        with _iou_by_torchvision() as calls:
            got = answer(*given)
        is_own(expect, calls, "box_iou")
        swapped = "Rows and columns are swapped: a row for each box of `a`."
        expect.shape(
            "the shape",
            got,
            size,
            hint=shape,
            mistakes=_shapes((size[::-1], swapped)) if 0 not in size else (),
        )
        expect.close("the IoU", got, box_iou(a, b), hint, made(IOUS, a, b))
    stay(expect, a=(given[0], a), b=(given[1], b))


def _whole(*boxes) -> list:
    return [tensor.int().tolist() for tensor in boxes]


# B.2 -------------------------------------------------------------------------------


FIRST = torch.tensor([[10.0, 20, 50, 40]]), torch.tensor([[0.25, -0.4, 0.5, -0.3]])
ROWS = "One row for each box: left, top, right, bottom."
GRADIENTS = [
    (
        "modified by an inplace",
        "A tensor that the gradient needs was overwritten. Make a new one in place of "
        "`+=` or `x[…] = …`.",
    ),
    (
        "requires grad|leaf",
        "Stay within PyTorch, and write into no tensor that came in: gradients must "
        "flow back to `offsets`.",
    ),
]


def check_decode(answer, expect):
    for what, anchors, offsets in [
        ("anchor (10, 20, 50, 40), offsets (0.25, -0.4, 0.5, -0.3)", *FIRST),
        ("5 anchors", some_boxes(5), torch.rand(5, 4) - 0.5),
        ("50 anchors", some_boxes(50), 4 * torch.rand(50, 4) - 2),
    ]:
        expect.trying(what, errors=[(MISFIT, f"`offsets[:, 0]` is t_x. {ROWS}")])
        given = anchors.clone(), offsets.clone()
        got = answer(*given)
        count = len(anchors)
        expect.shape(
            "the shape",
            got,
            (count, 4),
            hint=ROWS,
            mistakes=_shapes(
                (
                    (4, count),
                    "One row for each box: `torch.stack([...], dim=1)` joins four "
                    "tensors of (N,) to (N, 4).",
                ),
                (
                    (count, 2, 2),
                    "The two corners stand in an axis of their own: "
                    "`torch.cat([...], dim=1)` joins them to (N, 4).",
                ),
                (
                    (2 * count, 2),
                    "The corners stand one below the other: `torch.cat` needs `dim=1`.",
                ),
            ),
        )
        expect.close(
            "the boxes",
            got,
            decoded(anchors, offsets),
            hint="Solve the page's four equations for x, y, w and h; then go from the "
            "centre half a width to the left and to the right.",
            mistakes=made(DECODED, anchors, offsets),
            atol=1e-3,
        )
    stay(expect, anchors=(given[0], anchors), offsets=(given[1], offsets))
    _gradients(answer, anchors, offsets, expect)


def decoded(anchors, offsets):
    """The boxes, number by number as in the page's equations."""
    x, y, w, h = centre_and_size(anchors)
    t_x, t_y, t_w, t_h = offsets.unbind(1)
    return from_centre(x + t_x * w, y + t_y * h, w * t_w.exp(), h * t_h.exp())


def _gradients(answer, anchors, offsets, expect):
    expect.trying("a loss of the boxes", errors=GRADIENTS)

    def reaching(function):
        return gradient_at(partial(function, anchors.clone()), offsets)

    expect.close(
        "the gradient that reaches `offsets`",
        reaching(answer),
        reaching(decoded),
        hint="The boxes are right, but something cuts the gradient: `.detach()`, "
        "`.data`, `.item()`, `torch.tensor(…)` of results, or numbers of `math`.",
        mistakes=[(reaching(partial(cut, decoded)), hint) for cut, hint in CUTS],
        atol=1e-2,
    )

"""Appendix B, detection: how a choice among boxes that overlap is judged."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.ops import nms

from .advice import MISFIT
from .describe import Words, describe
from .expect import made
from .judges_B import is_own, some_boxes, stay
from .mistakes_B_suppress import SUPPRESSED

SIDE = 30
# In a row: what the case shows, left sides, scores, threshold. No IoU of the first is
# near its threshold; that of the second is 20 / 40, in every way to compute it.
FIRST = (
    "squares of ",
    (65, 85, 60, 45, 100, 75, 105, 25),
    (0.6, 0.5, 0.4, 0.3, 0.9, 0.8, 0.1, 0.2),
    0.25,
)
ROWS = [
    ("an IoU of exactly 0.5, squares of ", (0, 50, 10), (0.6, 0.9, 0.8), 0.5),
    ("two that touch, squares of ", (30, 45, 0), (0.7, 0.6, 0.8), 0),
    ("all at one place, squares of ", (5, 5, 5, 5), (0.6, 0.4, 0.9, 0.7), 0.9),
    ("a single square of ", (5,), (0.01,), 0.5),
]
RULE = (
    "From the best score to the lowest: keep a box unless its IoU with one of those "
    "kept so far is above the threshold."
)
ERRORS = [
    (
        "only integers|valid indices|used as indices",
        "An index is a whole number: `argsort` gives positions, `sort` gives scores.",
    ),
    (
        MISFIT,
        "Do all N boxes meet only some of them here? Print the shapes just before "
        "this line.",
    ),
]
EMPTY = "Of no boxes none is kept: return an empty list or tensor."


class Suppressions(TorchDispatchMode):
    """Notes whether PyTorch runs torchvision's `nms`, under whatever name."""

    used = False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.used |= function is torch.ops.torchvision.nms.default
        return function(*args, **(kwargs or {}))


def check_suppress(answer, expect):
    for what, boxes, scores, threshold in [
        _in_a_row(*FIRST),
        ("20 boxes, threshold 0.6", some_boxes(20), _scores(20), 0.6),
        *(_in_a_row(*row) for row in ROWS),
        ("no box", some_boxes(0), _scores(0), 0.5),
        ("20 boxes, threshold 0.1", some_boxes(20), _scores(20), 0.1),
    ]:
        hint, errors = RULE, ERRORS
        if not len(boxes):
            hint, errors = EMPTY, [("", EMPTY)]
        expect.trying(what, errors=errors)
        given = boxes.clone(), scores.clone()
        with Suppressions() as seen:
            got = answer(*given, threshold)
        is_own(expect, seen.used, "nms")
        kept = _positions(got)
        expect.equal(
            "the positions of the boxes kept",
            _as_it_came(got) if kept is None else kept,
            tuple(nms(boxes, scores, threshold).tolist()),
            hint=hint if kept is not None else _no_positions(got),
            mistakes=made(SUPPRESSED, boxes, scores, threshold) if len(boxes) else (),
        )
    stay(expect, boxes=(given[0], boxes), scores=(given[1], scores))


def _in_a_row(what, lefts, scores, threshold):
    """Squares side by side, so that each IoU can be worked out by hand."""
    boxes = torch.tensor([[x, 0.0, x + SIDE, SIDE] for x in lefts])
    lefts, numbers = (", ".join(map(str, some)) for some in (lefts, scores))
    what += f"{SIDE}×{SIDE} pixels, left at {lefts}; scores {numbers}; threshold "
    return f"{what}{threshold}", boxes, torch.tensor(scores), threshold


def _scores(count):
    return (torch.randperm(count) + 1) / (count + 1)


def _positions(got) -> tuple[int, ...] | None:
    """Whole numbers along one axis, in whatever holds them."""
    if isinstance(got, tuple | list) and not len(got):
        return ()
    try:
        tensor = torch.as_tensor(got)
    except (TypeError, ValueError, RuntimeError):
        return None
    no_whole = tensor.is_floating_point() or tensor.is_complex()
    if tensor.ndim != 1 or no_whole or tensor.dtype == torch.bool:
        return None
    return tuple(tensor.tolist())


def _as_it_came(got):
    """For the message only: nothing that could be equal to positions."""
    return got if got is None or got is ... else Words(describe(got))


def _no_positions(got) -> str:
    try:
        tensor = torch.as_tensor(got)
    except (TypeError, ValueError, RuntimeError):
        return "Return one int64 tensor, or one list of whole numbers."
    if tensor.dtype == torch.bool:
        return (
            "That is a mask. Positions are asked for, the best score first: "
            "`.nonzero().flatten()` finds them, in the order of `boxes`."
        )
    if not tensor.numel():
        return (
            f"What is empty here has the wrong kind or shape. {EMPTY} "
            "`torch.tensor(kept, dtype=torch.int64)` is right for an empty list, too."
        )
    boxes = isinstance(got, torch.Tensor) and tensor.is_floating_point()
    if boxes and tensor.ndim == 2 and tensor.shape[1] == 4:
        return "These are boxes. Return their positions in `boxes`."
    if tensor.ndim != 1:
        return (
            "The positions alone are asked for, in one list or along one axis: "
            "`.flatten()` makes a row of a column."
        )
    return (
        f"These numbers are {tensor.dtype}. Positions in `boxes` are whole numbers; "
        "scores are not asked for."
    )

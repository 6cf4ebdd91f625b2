"""The checks of appendix B name the mistake that was made."""

import functools
import math
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import ops
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import box_iou, nms

from resnet_lessons import checks
from resnet_lessons.checks import judges_B, judges_B_suppress
from resnet_lessons.checks.judges_B import decoded, some_boxes
from resnet_lessons.checks.mistakes_B import IOUS
from resnet_lessons.checks.mistakes_B_decode import DECODED
from resnet_lessons.checks.mistakes_B_suppress import SUPPRESSED
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

# No two mistakes look alike ----------------------------------------------------------


def same(got, want):
    if isinstance(got, tuple):
        return got == want
    return got.shape == want.shape and torch.allclose(got, want, 1e-4, 1e-4)


def by_torchvision(*case):
    return tuple(nms(*case).tolist())


ROW = judges_B_suppress._in_a_row(*judges_B_suppress.FIRST)[1:]
FIRST_CASES = [
    (box_iou, IOUS, (judges_B.TWO, judges_B.ONE), 20),
    (decoded, DECODED, judges_B.FIRST, 35),
    (by_torchvision, SUPPRESSED, ROW, 20),
]


@pytest.mark.parametrize(("right", "mistakes", "case", "least"), FIRST_CASES)
def test_no_two_mistakes_look_alike(right, mistakes, case, least):
    """Else a hint would tell someone of what another did."""
    outcomes = [(mistake(*case), hint) for mistake, hint in mistakes]
    wrong = [pair for pair in outcomes if not same(pair[0], right(*case))]
    assert len(wrong) >= least
    for place, (outcome, hint) in enumerate(wrong):
        alike = [text for other, text in wrong[place:] if same(other, outcome)]
        assert set(alike) == {hint}


# B.1 ---------------------------------------------------------------------------------

PAIRS = "a, b = a[:, None], b[None]"
UNION = "areas[0][:, None] + areas[1] - shared"
SIDES = "(last - first)"
CLAMP = ".clamp(min=0).prod(2)"
RESULT = f"return shared / ({UNION})"
START = "    areas = "
IOU_MISTAKES = [
    ([(" - shared)", ")")], "counted twice"),
    ([("- shared", "- 2 * shared")], "subtracted twice"),
    ([(UNION, "torch.minimum(areas[0][:, None], areas[1])")], "by the smaller area"),
    ([(UNION, "torch.maximum(areas[0][:, None], areas[1])")], "by the larger area"),
    ([(UNION, "areas[0][:, None]")], "area of the box in `a`"),
    ([(UNION, "areas[1]")], "area of the box in `b`"),
    ([("torch.maximum", "torch.minimum"), ("last = torch.minimum",
       "last = torch.maximum")], "the larger of the two left"),
    ([("torch.maximum", "torch.minimum")], "the larger of the two left"),
    ([("torch.minimum", "torch.maximum")], "the larger of the two left"),
    ([(SIDES, "(last - first + 1)")], "a pixel too much"),
    ([(SIDES, "(last - first + 1)"), ("x[:, :2])", "x[:, :2] + 1)")], "a pixel too"),
    ([(CLAMP, ".prod(2)")], "come out with an area"),
    ([(CLAMP, ".prod(2).clamp(min=0)")], "each of them, then multiply"),
    ([("clamp(min=0)", "abs()")], "`.abs()` makes an area of it"),
    ([(CLAMP, ".prod(2)"), (SIDES, "torch.stack([(last - first)[..., 0].relu(), "
       "(last - first)[..., 1]], dim=2)")], "The width is never below 0"),
    ([(CLAMP, ".prod(2)"), (SIDES, "torch.stack([(last - first)[..., 0], "
       "(last - first)[..., 1].relu()], dim=2)")], "The height is never below 0"),
    ([("clamp(min=0)", "clamp(min=1)")], "shares nothing: 0"),
    ([(".prod(2)", ".sum(2)")], "An area is their product"),
    ([(START, "    a, b = (torch.cat([x[:, :2], x[:, :2] + x[:, 2:]], 1) "
       "for x in (a, b))\n    areas = ")], "taken for a width and a height"),
    ([(START, "    a, b = (torch.cat([x[:, :2] - x[:, 2:] / 2, x[:, :2] + x[:, 2:] / 2]"
       ", 1) for x in (a, b))\n    areas = ")], "taken for a centre and a size"),
    ([(START, "    a, b = a[:, [0, 2, 1, 3]], b[:, [0, 2, 1, 3]]\n    areas = ")],
     "taken for left, right, top, bottom"),
    ([(RESULT, "return shared")], "the area that they share"),
    ([("return ", "return 1 - ")], "That is 1 - IoU"),
    ([("return ", "return 100 * ")], "in percent"),
    ([(RESULT, f"return ({UNION}) / shared")], "upside down"),
    ([("shared / (", "shared // (")], "come out as 0, too"),
    ([("last - first", "first - last")], "come out as 0, too"),
    ([("a[..., :2], b[..., :2]", "a[..., 1:3], b[..., 1:3]")], "wrong one is"),
    ([(START, "    a, b = a.clamp(min=0), b.clamp(min=0)\n    areas = ")], "below 0"),
    ([(START, "    a, b = a.round(), b.round()\n    areas = ")], "are rounded"),
    ([(START, "    a, b = a.long(), b.long()\n    areas = ")], "The fractions of"),
    ([(PAIRS, "a, b = a[None], b[:, None]"),
      ("areas[0][:, None] + areas[1]", "areas[0] + areas[1][:, None]")], "are swapped"),
    ([(RESULT, f"return (shared / ({UNION})).T.reshape(shared.shape)")], "was forced"),
    ([(RESULT, f"return (shared / ({UNION})).max(1).values")], "Two axes"),
    ([(RESULT, f"return (shared / ({UNION})).flatten()")], "Two axes"),
    ([(PAIRS, "a, b = a[None], b[None]")], "Two axes"),
    ([(RESULT, f"return (shared / ({UNION})).tolist()")], "a tensor of PyTorch"),
    ([("return ", "")], "is a `return` missing"),
    ([(PAIRS, f"{PAIRS}\n    if not len(a): return torch.zeros(0)")], "(N, M) all the"),
    ([(PAIRS, f"{PAIRS}\n    assert len(a)")], "(N, M) all the same"),
    ([(START, "    b -= 1\n    a -= 1\n    areas = ")], "Make a new tensor"),
]  # fmt: skip

test_a_wrong_iou_is_explained = explained("B.1", IOU_MISTAKES)


def in_two_loops(a, b):
    found = torch.zeros(len(a), len(b))
    for i, p in enumerate(a.tolist()):
        for j, q in enumerate(b.tolist()):
            w = max(0, min(p[2], q[2]) - max(p[0], q[0]))
            h = max(0, min(p[3], q[3]) - max(p[1], q[1]))
            both = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1])
            found[i, j] = w * h / (both - w * h)
    return found


def with_numpy(a, b):
    a, b = a.numpy()[:, None], b.numpy()[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0, None).prod(2)
    areas = [(x[..., 2:] - x[..., :2]).prod(2) for x in (a, b)]
    return torch.from_numpy(shared / (areas[0] + areas[1] - shared))


def where_they_meet(a, b):
    """In double precision, and with what keeps a division by 0 away."""
    a, b = a.double(), b.double()
    left, top = torch.max(a[:, :1], b[:, 0]), torch.max(a[:, 1:2], b[:, 1])
    right, bottom = torch.min(a[:, 2:3], b[:, 2]), torch.min(a[:, 3:], b[:, 3])
    meet = (left < right) & (top < bottom)
    shared = torch.where(meet, (right - left) * (bottom - top), 0)
    first, second = ((x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1]) for x in (a, b))
    return shared / (first[:, None] + second - shared + 1e-7)


def on_copies_of_its_own(a, b):
    a = a.clone()
    a += 100
    b = b + 100
    return ANSWERS["B.1"](b, a).T


class Pairs(nn.Module):
    def forward(self, first, second):
        return ANSWERS["B.1"](first, second)


OTHER_IOUS = [in_two_loops, with_numpy, where_they_meet, on_copies_of_its_own]


@pytest.mark.parametrize("answer", [*OTHER_IOUS, Pairs()])
def test_another_way_to_an_iou_passes(answer):
    passes("B.1", answer)


def borrowed_in_part(a, b):
    """Of its own, but for a single pair."""
    found = in_two_loops(a, b)
    found[:1, :1] = ops.box_iou(a[:1], b[:1])
    return found


BORROWED = [box_iou, ops.box_iou, borrowed_in_part, functools.partial(box_iou)]
BORROWED += [lambda a, b: box_iou(boxes1=a, boxes2=b), lambda a, b: box_iou(b, a).T]
BORROWED += [ops.generalized_box_iou]


@pytest.mark.parametrize("answer", BORROWED)
def test_the_iou_of_torchvision_is_told(answer):
    assert "`box_iou` and its like" in hint_of("B.1", answer)


@pytest.mark.parametrize("answer", [box_iou, in_two_loops, lambda a, b: a.nothing])
def test_torchvision_is_as_it_was_after_the_check(answer):
    before = ops.boxes._box_inter_union
    checks.check("B.1", answer)
    assert ops.boxes._box_inter_union is before


def test_a_torchvision_without_the_watched_function_is_no_error(monkeypatch):
    monkeypatch.delattr(ops.boxes, "_box_inter_union")
    for module in (judges_B, sys.modules[IOUS[0][0].__module__]):
        monkeypatch.setattr(module, "box_iou", in_two_loops)
    passes("B.1", ANSWERS["B.1"])
    assert not hasattr(ops.boxes, "_box_inter_union")


def test_the_area_of_torchvision_may_be_used():
    areas = "[(x[:, 2:] - x[:, :2]).prod(1) for x in (a, b)]"
    answer = edited("B.1", (areas, "[box_area(x) for x in (a, b)]"))
    answer.__globals__.update(box_area=ops.box_area)
    passes("B.1", answer)


# B.2 ---------------------------------------------------------------------------------

CENTRE = "centre = anchors[:, :2] + size / 2"
MOVE = "offsets[:, :2] * size"
STRETCH = "size * offsets[:, 2:].exp()"
BOX = "torch.cat([centre - size / 2, centre + size / 2], dim=1)"
SIZE = "    size = anchors"
DECODE_MISTAKES = [
    ([(CENTRE, "centre = anchors[:, :2]")], "corner of the anchor is taken"),
    ([(CENTRE, "centre = size / 2")], "half the width, not the centre"),
    ([(CENTRE, "centre = anchors[:, :2]"), (BOX, "torch.cat([centre, centre + size], "
       "dim=1)")], "stretched to the right and down"),
    ([(BOX, "torch.cat([centre, centre + size], dim=1)")], "returned as the left top"),
    ([(BOX, "torch.cat([centre, size], dim=1)")], "That is centre, width and height"),
    ([(BOX, "torch.cat([centre - size / 2, size], dim=1)")], "Right and bottom are"),
    ([("[centre - size / 2, centre + size / 2]", "[centre - size, centre + size]")],
     "twice as wide"),
    ([("centre - size / 2, centre + size / 2", "centre - size / 4, centre + size / 4")],
     "half as wide"),
    ([(BOX, f"{BOX}[:, [1, 0, 3, 2]]")], "here x and y are swapped"),
    ([(BOX, f"{BOX}[:, [0, 2, 1, 3]]")], "here it is left, right, top, bottom"),
    ([("centre - size / 2, centre + size / 2", "centre + size / 2, centre - size / 2")],
     "The corners are swapped"),
    ([(MOVE, "offsets[:, :2]")], "by t_x pixels"),
    ([(f"    centre = centre + {MOVE}\n    size = {STRETCH}\n",
       f"    size = {STRETCH}\n    centre = centre + {MOVE}\n")], "of the new width"),
    ([(MOVE, f"{MOVE} / 2")], "in halves of a width"),
    ([(MOVE, "offsets[:, :2] / size")], "Solve `t_x ="),
    ([(f"+ {MOVE}", f"- {MOVE}")], "the other way: `x"),
    ([(MOVE, "offsets[:, :2].exp() * size")], "Only t_w and t_h are logarithms"),
    ([("anchors[:, 2:] - anchors[:, :2]", "(anchors[:, 2:] - anchors[:, :2]).flip(1)"),
      (CENTRE, "centre = anchors.view(-1, 2, 2).mean(1)")],
     "of the anchor are swapped"),
    ([(MOVE, "offsets[:, :2] * size.flip(1)")], "t_x counts widths, t_y counts"),
    ([(STRETCH, "size.flip(1) * offsets[:, 2:].exp()")], "t_w stretches the width"),
    ([(MOVE, "offsets[:, :2] * size[:, :1]"),
      (STRETCH, "size[:, :1] * offsets[:, 2:].exp()")], "serves for its height"),
    ([(MOVE, "offsets[:, :2] * size[:, 1:]"),
      (STRETCH, "size[:, 1:] * offsets[:, 2:].exp()")], "serves for its width"),
    ([(STRETCH, "size * offsets[:, 2:]")], "t_w is a logarithm: `w ="),
    ([(STRETCH, "size * (1 + offsets[:, 2:])")], "right for small t_w only"),
    ([(STRETCH, "size + offsets[:, 2:]")], "t_w is added to the width"),
    ([(STRETCH, "size + offsets[:, 2:].exp()")], "The width is multiplied by it"),
    ([(STRETCH, "offsets[:, 2:].exp()")], "not the new width"),
    ([(STRETCH, "size / offsets[:, 2:].exp()")], "The sides are divided"),
    ([(STRETCH, "size * 2 ** offsets[:, 2:]")], "not of 2"),
    ([(STRETCH, "size * 10 ** offsets[:, 2:]")], "not of 10"),
    ([(f"return {BOX}", "return anchors")], "the anchors themselves"),
    ([(STRETCH, "size")], "moved, but not stretched"),
    ([(f"centre + {MOVE}", "centre")], "stretched, but not moved"),
    ([(SIZE, "    offsets = offsets[:, [2, 3, 0, 1]]\n    size = anchors")],
     "first two move"),
    ([(SIZE, "    offsets = offsets[:, [0, 2, 1, 3]]\n    size = anchors")],
     "taken for t_x, t_w"),
    ([(SIZE, "    offsets = offsets / torch.tensor([10.0, 10, 5, 5])\n"
       "    size = anchors")], "belong to torchvision's head"),
    ([(BOX, f"{BOX}.clamp(min=0)")], "Coordinates below 0 are cut off"),
    ([(BOX, f"{BOX}.round()")], "are rounded"),
    ([(BOX, f"{BOX}.int()")], "The fractions are cut off"),
    ([("dim=1", "dim=0")], "needs `dim=1`"),
    ([("torch.cat", "torch.stack")], "in an axis of their own"),
    ([(BOX, f"{BOX}.T")], "`torch.stack([...], dim=1)`"),
    ([(BOX, f"{BOX}[0]")], "One row for each box"),
    ([(BOX, f"{BOX}.tolist()")], "Return a tensor of PyTorch"),
    ([("offsets[:, 2:].exp()", "offsets[:, 2:].exp_()")], "Make a new tensor"),
    ([(f"return {BOX}", f"anchors[:] = {BOX}; return anchors")], "Make a new tensor"),
    ([(SIZE, "    anchors.requires_grad_()\n    size = anchors")], "end in `_`"),
    ([("def decode", "@torch.no_grad()\ndef decode")], "no gradient comes back"),
    ([(BOX, f"{BOX}.detach()")], "no gradient comes back"),
    ([(BOX, f"torch.tensor({BOX}.tolist())")], "no gradient comes back"),
    ([(MOVE, "offsets[:, :2].data * size")], "None comes back to t_x and t_y"),
    ([("offsets[:, 2:].exp()", "torch.tensor([[math.exp(t) for t in row] "
       "for row in offsets[:, 2:].tolist()])")], "None comes back to t_w and t_h"),
    ([("centre - size / 2,", "centre - size.detach() / 2,")], "something cuts"),
    ([("offsets[:, 2:].exp()", "offsets[:, 2:].clamp(-1, 1).exp()")], "Solve the page"),
    ([("offsets[:, 2:].exp()", "torch.from_numpy(offsets.numpy()[:, 2:]).exp()")],
     "Stay within PyTorch"),
    ([(f"centre + {MOVE}", f"centre + {MOVE}\n    size *= 1")], "was overwritten"),
]  # fmt: skip

test_wrong_boxes_are_explained = explained("B.2", DECODE_MISTAKES)


def column_by_column(anchors, offsets):
    left, top, right, bottom = anchors.T
    t_x, t_y, t_w, t_h = offsets.T
    x = (left + right) / 2 + t_x * (right - left)
    y = (top + bottom) / 2 + t_y * (bottom - top)
    w, h = (right - left) * torch.exp(t_w), (bottom - top) * math.e**t_h
    return torch.stack((x - w / 2, y - h / 2, x + w / 2, y + h / 2), -1)


def row_by_row(anchors, offsets):
    rows = zip(anchors[:, None], offsets[:, None], strict=True)
    return torch.cat([column_by_column(*row) for row in rows])


def into_a_tensor_of_its_own(anchors, offsets):
    boxes = anchors.clone()
    size = anchors[:, 2:] - anchors[:, :2]
    half = size * offsets[:, 2:].exp() / 2
    boxes[:, :2] += size / 2 + offsets[:, :2] * size - half
    boxes[:, 2:] = boxes[:, :2] + 2 * half
    return boxes


def in_double_precision(anchors, offsets):
    return ANSWERS["B.2"](anchors.double(), offsets.double())


def torchvision_decodes(anchors, offsets):
    return BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(offsets, anchors)


class Decoder(nn.Module):
    def forward(self, before, after):
        return column_by_column(before, after)


OTHER_DECODERS = [column_by_column, row_by_row, into_a_tensor_of_its_own]
OTHER_DECODERS += [in_double_precision, torchvision_decodes, Decoder()]


@pytest.mark.parametrize("answer", OTHER_DECODERS)
def test_another_way_to_decode_passes(answer):
    passes("B.2", answer)


def test_the_reference_undoes_what_torchvision_encodes():
    torch.manual_seed(3)
    boxes, anchors = some_boxes(30), some_boxes(30)
    offsets = BoxCoder((1.0, 1.0, 1.0, 1.0)).encode_single(boxes, anchors)
    assert torch.allclose(ANSWERS["B.2"](anchors, offsets), boxes, atol=1e-3)


# B.3 ---------------------------------------------------------------------------------

KEPT = "torch.tensor(kept, dtype=torch.int64)"
ORDER = "scores.argsort(descending=True).tolist()"
ALL = "range(len(boxes))"
SORTED = "    boxes = boxes[scores.argsort(descending=True)]\n    scores = scores.sort("
SORTED += "descending=True).values\n    overlap = "
MASK = "torch.zeros(len(boxes), dtype=torch.bool).index_fill(0, " + KEPT + ", True)"
BETTER = f"{ALL} if scores[better] > scores[box]"
APPEND = "            kept.append(box)\n"
RETURN = f"return {KEPT}"
SUPPRESS_MISTAKES = [
    ([("<= threshold", "< threshold")], "An IoU that equals the threshold"),
    ([("better in kept", f"better in {BETTER}")], "one that was itself dropped"),
    ([("tensor(kept", "tensor(sorted(kept)")], "in the order of `boxes`. The best"),
    ([("tensor(kept", "tensor(kept[::-1]")], "with the lowest score first"),
    ([("    overlap = ", SORTED)], "places in the sorted order"),
    ([("tensor(kept", "tensor([k + 1 for k in kept]")], "counted from 1"),
    ([("tensor(kept", f"tensor([i for i in {ORDER} if i not in kept]")], "to drop"),
    ([("all(overlap[box, better] <= threshold for better in kept)", "True")],
     "No box is dropped"),
    ([(APPEND, f"{APPEND}            break\n")], "Only the best box is left"),
    ([(APPEND, f"{APPEND}        else:\n            break\n")], "stops at the first"),
    ([("better in kept", f"better in {ALL} if better != box")], "both are dropped"),
    ([("better in kept", f"better in {ALL}")], "Nothing is kept"),
    ([("if all(", "if any(")], "`any` of no boxes"),
    ([("better in kept", "better in kept[:1]")], "Only the best box of all"),
    ([("better in kept", "better in kept[-1:]")], "only with the last one kept"),
    ([("        if all", "        before = [i for i in range(len(boxes)) if "
       "scores[i] > scores[box]]\n        "
       "before.sort(key=lambda i: scores[i])\n        if all"),
      ("better in kept", "better in before[:1]")], "the one before it in the order"),
    ([("<= threshold", "> threshold")], "the other way round"),
    ([("descending=True", "")], "The lowest score comes first, and drops"),
    ([(ORDER, ALL)], "in the order in which they came"),
    ([(ORDER, ALL), ("tensor(kept", "tensor(sorted(kept, key=lambda i: -scores[i])")],
     "those that come after it in `boxes`"),
    ([("tensor(kept", f"tensor({ORDER}[:len(kept)]")], "simply the best scores"),
    ([("<= threshold", "<= 0.3")], "another threshold"),
    ([("<= threshold", "<= 0.5")], "another threshold"),
    ([("<= threshold", "<= 0.7")], "another threshold"),
    ([(f"in {ORDER}", f"in {ORDER}[:-1]")], "From the best score to the lowest"),
    ([("box_iou(boxes, boxes)", "over_the_smaller(boxes)")], "that of the smaller box"),
    ([("box_iou(boxes, boxes)", "box_iou(boxes + PIXEL, boxes + PIXEL)")], "too large"),
    ([(RETURN, f"return {MASK}")], "That is a mask"),
    ([(RETURN, f"return {MASK}.nonzero()")], "makes a row of a column"),
    ([(RETURN, "return boxes[kept]")], "These are boxes"),
    ([(RETURN, "return scores[kept]")], "scores are not asked for"),
    ([(RETURN, "return kept, scores[kept]")], "The positions alone"),
    ([(RETURN, "return boxes[kept], scores[kept]")], "Return one int64 tensor"),
    ([(RETURN, "return len(kept)")], "The positions alone"),
    ([(RETURN, "return set(kept)")], "Return one int64 tensor"),
    ([("int64", "float32")], "are torch.float32"),
    ([(", dtype=torch.int64", "")], "right for an empty list, too"),
    ([(RETURN, "")], "is a `return` missing"),
    ([("kept = []", "kept = [scores.argmax().item()]")], "Of no boxes none is kept"),
    ([(ORDER, "scores.sort(descending=True).values")], "`argsort` gives positions"),
    ([("kept = []", "kept = scores[:-1][scores > 0.5]")], "only some of them"),
    ([("    return", "    scores[kept] = 0\n    return")], "Make a new tensor"),
]  # fmt: skip


def over_the_smaller(boxes):
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    first = torch.maximum(boxes[:, None, :2], boxes[:, :2])
    shared = (torch.minimum(boxes[:, None, 2:], boxes[:, 2:]) - first).clamp(min=0)
    return shared.prod(2) / torch.minimum(areas[:, None], areas)


@pytest.mark.parametrize(("edits", "words"), SUPPRESS_MISTAKES)
def test_a_wrong_choice_is_explained(edits, words):
    answer = edited("B.3", *edits)
    pixel = torch.tensor([0.0, 0, 1, 1])
    answer.__globals__.update(over_the_smaller=over_the_smaller, PIXEL=pixel)
    assert words in hint_of("B.3", answer)


def on_what_is_left(boxes, scores, threshold):
    left, kept = scores.argsort(descending=True), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[box_iou(boxes[best][None], boxes[left])[0] <= threshold]
    return kept


def with_marks(boxes, scores, threshold):
    scores, kept = scores.clone(), []
    while len(scores) and scores.max() > 0:
        best = scores.argmax()
        kept.append(best.item())
        scores[box_iou(boxes[best][None], boxes)[0] > threshold] = 0
        scores[best] = 0
    return tuple(kept)


def with_a_mask(boxes, scores, threshold):
    order = (-scores).argsort()
    near = box_iou(boxes[order], boxes[order]) > threshold
    keep = torch.ones(len(order), dtype=torch.bool)
    for i in range(len(order)):
        if keep[i]:
            keep[i + 1 :] &= ~near[i, i + 1 :]
    return order[keep]


def by_numbers(boxes, scores, threshold):
    kept = []
    for i in sorted(range(len(scores)), key=scores.tolist().__getitem__, reverse=True):
        if not any(in_two_loops(boxes[[i]], boxes[[j]]) > threshold for j in kept):
            kept.append(i)
    return np.array(kept, dtype=np.int32)


@torch.inference_mode()
def without_gradients(boxes, scores, threshold):
    return with_a_mask(boxes, scores, threshold)


OTHER_CHOICES = [on_what_is_left, with_marks, with_a_mask, by_numbers]
OTHER_CHOICES += [without_gradients]


@pytest.mark.parametrize("answer", OTHER_CHOICES)
def test_another_way_to_choose_passes(answer):
    passes("B.3", answer)


def one_class(boxes, scores, threshold):
    return ops.batched_nms(boxes, scores, torch.zeros(len(boxes)).long(), threshold)


BORROWED = [nms, functools.partial(nms), lambda *case: list(nms(*case).numpy())]
BORROWED += [one_class, torch.inference_mode()(nms)]
BORROWED += [lambda *case: torch.ops.torchvision.nms(*case)]


@pytest.mark.parametrize("answer", BORROWED)
def test_the_suppression_of_torchvision_is_told(answer):
    assert "`nms` and its like" in hint_of("B.3", answer)


def test_a_gap_of_three_dots_is_not_attempted():
    assert not checks.check("B.3", lambda boxes, scores, threshold: ...).attempted


@pytest.mark.parametrize("threshold", [0, 0.2, 0.5, 0.9])
def test_the_reference_keeps_what_torchvision_keeps(threshold):
    torch.manual_seed(7)
    for count in (0, 1, 5, 60):
        case = some_boxes(count), torch.rand(count), threshold
        assert torch.equal(ANSWERS["B.3"](*case), nms(*case))

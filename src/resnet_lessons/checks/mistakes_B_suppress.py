"""Appendix B: mistakes in what to keep of boxes that overlap, each with its hint."""

import torch
from torchvision.ops import box_iou


def _ranked(scores, best_first=True) -> list[int]:
    return scores.argsort(descending=best_first).tolist()


def _kept(
    boxes,
    scores,
    threshold,
    *,
    order=None,
    against=lambda kept, before: kept,
    drops=lambda overlap, threshold: overlap > threshold,
    share=box_iou,
):
    """What is kept, with one part of the rule at a time got wrong.

    order: in which the boxes are looked at; against: with which a box is compared, of
    those kept and all those before; drops: whether such an overlap drops it; share:
    how the overlap is measured.
    """
    overlap = share(boxes, boxes).tolist()
    kept, before = [], []
    for box in _ranked(scores) if order is None else order:
        others = against(kept, before)
        if not any(drops(overlap[box][other], threshold) for other in others):
            kept.append(box)
        before.append(box)
    return tuple(kept)


def _rule(**wrong):
    return lambda boxes, scores, threshold: _kept(boxes, scores, threshold, **wrong)


def _of(change):
    """The right boxes, changed by a function of them and of all, the best first."""

    def wrong(boxes, scores, threshold):
        kept = _kept(boxes, scores, threshold)
        return tuple(change(kept, _ranked(scores)))

    return wrong


def _run(kept, ranked) -> int:
    """How many of the best scores are kept before one is dropped."""
    return next((n for n, box in enumerate(ranked) if box not in kept), len(ranked))


def _alone(boxes, scores, threshold):
    """Those that overlap no other."""
    crowded = (box_iou(boxes, boxes) > threshold).sum(1)
    return tuple(box for box in _ranked(scores) if crowded[box] == 1)  # itself


def _over_the_smaller(a, b):
    """The shared area over that of the smaller box, for all pairs."""
    first, second = ((x[:, 2:] - x[:, :2]).prod(1) for x in (a, b))
    iou = box_iou(a, b)
    shared = iou / (1 + iou) * (first[:, None] + second)
    return shared / torch.minimum(first[:, None], second)


def _fixed(threshold):
    return lambda boxes, scores, _: _kept(boxes, scores, threshold)


FIXED = "That is what another threshold keeps: use the one that is given."
# A hint may rely on the cases before: all that came earlier held.
SUPPRESSED = [
    (
        _rule(drops=lambda overlap, threshold: overlap >= threshold),
        "An IoU that equals the threshold does not drop a box: it has to be above. (Is "
        "the IoU your own? Then it may come out too large.)",
    ),
    (
        lambda boxes, scores, threshold: (),
        "Nothing is kept, but the best box always is. Is each box compared with "
        "itself? Does it take `any` of no boxes?",
    ),
    (
        _of(lambda kept, ranked: sorted(kept)),
        "They are the right ones, in the order of `boxes`. The best score comes first.",
    ),
    (
        _of(lambda kept, ranked: kept[::-1]),
        "They are the right ones, with the lowest score first: turn the order round.",
    ),
    (
        _of(lambda kept, ranked: [ranked.index(box) for box in kept]),
        "These are places in the sorted order. Positions in `boxes` are asked for: "
        "look each up in the `argsort`.",
    ),
    (
        _of(lambda kept, ranked: [box + 1 for box in kept]),
        "They are the right ones, counted from 1. The first position is 0.",
    ),
    (
        _of(lambda kept, ranked: [box for box in ranked if box not in kept]),
        "Those are the ones to drop. Return the others.",
    ),
    (
        _of(lambda kept, ranked: ranked),
        "No box is dropped. Compare each with those of a higher score.",
    ),
    (
        _of(lambda kept, ranked: kept[:1]),
        "Only the best box is left. Others that do not overlap a kept one stay, too. "
        "Is a `return` or a `break` inside the loop?",
    ),
    (
        _of(lambda kept, ranked: kept[: _run(kept, ranked)]),
        "It stops at the first box that is dropped. Those behind it may stay: go on.",
    ),
    (
        _alone,
        "Of two boxes that overlap both are dropped. Compare a box only with kept ones "
        "of a higher score.",
    ),
    (
        _rule(share=_over_the_smaller),
        "The shared area is divided by that of the smaller box. The IoU divides it by "
        "what both cover together, as `box_iou` does.",
    ),
    (
        _rule(against=lambda kept, before: before),
        "A box was dropped because of one that was itself dropped. Compare only with "
        "those that are kept.",
    ),
    (
        _rule(against=lambda kept, before: before[:1]),
        "Only the best box of all drops others. Each one that is kept does so.",
    ),
    (
        _rule(against=lambda kept, before: kept[-1:]),
        "A box is compared only with the last one kept. Compare it with all of them.",
    ),
    (
        _rule(against=lambda kept, before: before[-1:]),
        "A box is compared only with the one before it in the order of scores. "
        "Compare it with all that are kept.",
    ),
    (
        _rule(drops=lambda overlap, threshold: overlap < threshold),
        "It is the other way round: a box that overlaps a kept one more than the "
        "threshold is dropped.",
    ),
    (
        _rule(drops=lambda overlap, threshold: overlap <= threshold),
        "It is the other way round: a box that overlaps a kept one more than the "
        "threshold is dropped.",
    ),
    (
        lambda boxes, scores, threshold: _kept(
            boxes, scores, threshold, order=_ranked(scores, best_first=False)
        ),
        "The lowest score comes first, and drops better ones: `argsort` begins with "
        "the smallest unless it is told `descending=True`.",
    ),
    (
        lambda boxes, scores, threshold: _kept(
            boxes, scores, threshold, order=range(len(boxes))
        ),
        "The boxes are looked at in the order in which they came. Begin with the best "
        "score.",
    ),
    (
        lambda boxes, scores, threshold: tuple(
            sorted(
                _kept(boxes, scores, threshold, order=range(len(boxes))),
                key=lambda box: -scores[box],
            )
        ),
        "The order is that of the scores, but a box drops those that come after it in "
        "`boxes`. It should drop those with a lower score.",
    ),
    (
        lambda boxes, scores, threshold: tuple(
            _ranked(scores, True)[: len(_kept(boxes, scores, threshold))]
        ),
        "The number is right, but these are simply the best scores, or the first "
        "places in their order. Which boxes are left is asked for.",
    ),
    (_fixed(0.3), FIXED),
    (_fixed(0.5), FIXED),
    (_fixed(0.7), FIXED),
]

"""Appendix C: mistakes in sending a batch through in parts, each with its hint."""

from .mistakes_C import named

# How the parts went through the net.
PASSES = {
    "split": "The parts are too large. Did you take `x.split(parts)`? It takes the "
    "size of a part, `x.chunk(parts)` how many there are.",
    "whole": "The whole batch went through at once, and that is what does not fit. "
    "The loss comes from the parts, too: add up what each one adds to the mean.",
    "large": "Memory is what counts: no part has more than B / parts pictures, rounded "
    "up. `x.chunk(parts)` cuts so.",
    "often": "A picture went through twice. The parts must not overlap, and loss and "
    "gradient come from the same pass.",
    "left out": "A picture of `x` was left out. Is a `return` inside of the loop? Or "
    "is a rest left over? `B // parts` rounds down; `x.chunk(parts)` takes all.",
    "changed": "The pictures of `x` go through as they are.",
    "many": "Make fewer and larger parts, of B / parts pictures, rounded up: "
    "`B // parts` rounds down. `x.chunk(parts)` cuts so.",
    "overlap": "Call `backward()` for a part before the next one goes through. It lets "
    "the graph go, unless `retain_graph` or `create_graph` keeps it.",
}
STALE = (
    "What stood in `.grad` before the call is still in it. Clear it once, before the "
    "first part: `net.zero_grad()`."
)
FIRST_LABELS = "Each part is compared with the labels of the first. Cut `y` as well."
SOFTMAX = "`cross_entropy` takes the logits as they are: leave out the softmax."


def _in_parts(hints: dict[str, str]) -> list:
    """Mistakes of these names; they do not ask how many parts there should be."""
    return [
        (lambda rows, sizes, parts, wrong=wrong: wrong(rows, sizes), hint)
        for wrong, hint in named(hints)
    ]


def _last(hint: str) -> list:
    """The last part alone, however it was weighted."""
    return [
        (lambda rows, sizes, parts: rows[-1], hint),
        (lambda rows, sizes, parts: rows[-1] * sizes[-1], hint),
        (lambda rows, sizes, parts: rows[-1] * sizes[-1] / sizes.sum(), hint),
        (lambda rows, sizes, parts: rows[-1] / parts, hint),
    ]


# Of the means of the parts, (K, ...), their sizes, (K,), and how many were asked for.
BOTH = [
    *_in_parts(
        {
            "plain": "That is the plain mean of the parts: a picture in a small part "
            "counts more than one in a large part. Weight each part by its size.",
            "sum": "That is the sum of the means of the parts. Weight each by its "
            "share of the pictures, `len(part) / len(x)`.",
            "undivided": "That is the sum over the pictures. Divide by their number, "
            "`len(x)`.",
            "by shares": "Those are sums over pictures: divide by the number of "
            "pictures, not of parts.",
            "twice": "The parts are weighted by their share of the pictures already: "
            "do not divide by their number, too.",
            "unweighted": "The mean of each part was divided by all pictures. Multiply "
            "it by the size of the part first, or take the sum: "
            '`reduction="sum"`.',
            "of means": "The loss of a part was divided by its size, but it is a mean "
            "already. Multiply by the size, and divide by `len(x)`.",
            "largest": "Each part was weighted by its size over that of the largest. "
            "Divide by `len(x)`: then the weights add up to 1.",
        }
    ),
    (
        lambda rows, sizes, parts: rows.sum(0) * sizes[0] / sizes.sum(),
        "Each part was weighted by the size of the first. They differ: take the size "
        "of each.",
    ),
    (
        lambda rows, sizes, parts: sizes @ rows / (sizes[0] * len(rows)),
        "You divided by the size of the first part times their number. Not all are of "
        "that size: divide by `len(x)`.",
    ),
]
GRADIENTS = [
    *BOTH,
    *_last(
        "Only the last part is in `.grad`: what the earlier ones gave was cleared or "
        "written over. `zero_grad()` belongs before the loop."
    ),
    *_in_parts({"nothing": "All gradients are 0: were they cleared at the end?"}),
]
LOSSES = [
    *BOTH,
    *_last(
        "The gradient is right. But only the loss of the last part is returned: add up "
        "what each part adds to the mean."
    ),
    *_in_parts(
        {
            "first": "The gradient is right. But only the loss of the first part is "
            "returned.",
            "nothing": "0 is returned: add up what each part adds to the mean.",
        }
    ),
]

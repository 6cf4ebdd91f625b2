"""Chapter 13: mistakes in reading the outputs of layers, each with its hint."""

from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass
class Seen:
    """What a net has done with a picture, part by part."""

    parts: list[nn.Module]
    order: list = field(default_factory=list)  # in which they ran
    inputs: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)  # the same tensors when all has run
    trained: dict = field(default_factory=dict)  # outputs in training mode
    result: Tensor | None = None  # of the whole net

    def each(self, measure, tensors: str = "outputs", order: str = "parts") -> list:
        found = getattr(self, tensors)
        return [measure(found[part]).item() for part in getattr(self, order)]

    @property
    def right(self) -> list:
        return self.each(Tensor.std)

    def last(self) -> float:
        """That of the part that runs last."""
        return self.outputs[self.order[-1]].std().item()


LATE = (
    "Only one place is filled, with the number of the part that ran last. A function "
    "that is made in a loop looks its names up when it runs, and the loop has ended by "
    "then: bind the name at once, `lambda …, i=i: …`, or use the module as the key."
)
# A hint may rely on the cases before: all that came earlier held.
SPREADS = [
    (
        lambda seen: seen.each(Tensor.std, order="order"),
        "These are in the order in which the parts run. They should follow `parts`: "
        "keep each number under its module, `found[module]`.",
    ),
    (
        lambda seen: seen.each(Tensor.std, "kept"),
        "These were measured when the whole net had run. By then a layer with "
        "`inplace=True` has written into the output before it: measure inside the "
        "hook, or keep a `.clone()`.",
    ),
    (
        lambda seen: seen.each(Tensor.std, "inputs"),
        "These belong to what goes into the parts. A hook gets the module, its inputs "
        "and its output, in this order.",
    ),
    (
        lambda seen: seen.each(Tensor.var),
        "These are variances. The standard deviation is the root.",
    ),
    (
        lambda seen: seen.each(lambda y: y.std(correction=0)),
        "The variance was divided by n, as NumPy does, too. `output.std()` divides by "
        "n - 1.",
    ),
    (lambda seen: seen.each(Tensor.mean), "These are means."),
    (
        lambda seen: seen.each(lambda y: y.square().mean().sqrt()),
        "These are roots of mean squares: subtract the mean first, or take `.std()`.",
    ),
    (
        lambda seen: seen.each(lambda y: y[0].std()),
        "Only the first picture was measured. Take the output as a whole.",
    ),
    (
        lambda seen: seen.each(lambda y: y.flatten(1).std(1).mean()),
        "That is the mean over single pictures. Take the output as a whole.",
    ),
    (
        lambda seen: seen.each(lambda y: y.transpose(0, 1).flatten(1).std(1).mean()),
        "That is the mean over single channels. Take the output as a whole.",
    ),
    (
        lambda seen: seen.each(lambda y: y.std(0).mean()),
        "That is the mean over places. Take the output as a whole.",
    ),
    (
        lambda seen: seen.each(Tensor.std, "trained"),
        "These come from training mode. The net is in eval mode: leave it there.",
    ),
    (
        lambda seen: [seen.result.std().item()] * len(seen.parts),
        "This is the output of the whole net each time. Take that of each part.",
    ),
    (lambda seen: [0] * (len(seen.parts) - 1) + [seen.last()], LATE),
    (lambda seen: [None] * (len(seen.parts) - 1) + [seen.last()], LATE),
]

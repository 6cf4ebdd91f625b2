"""What to tell about an exception: chosen by its kind and its words."""

import re

from .describe import text_of

# Tensors that do not fit each other, a layer, or an index.
MISFIT = (
    r"^(Runtime|Value|Index)Error: .*"
    r"(?i:shape|size|dimension|channels|elements|(?<!\.)index|subscripts|\dD input)"
)
NO_BRACKETS = r"(function|method)'|'type' object does not support the context"
CAUSES = [  # there is but one
    ("^SystemExit", "Leave out `exit()`: an answer only returns its result."),
    (
        'required "forward" function',
        "The class has no `forward`: check its spelling, and that it is indented "
        "inside the class.",
    ),
    ("'ellipsis'", "A `...` of the starter is still there."),
    (r"forward\(\) takes 1 positional", "A method takes `self` first, then x."),
    (
        r"before Module\.__init__\(\) call",
        "Begin `__init__` with `super().__init__()`.",
    ),
    (
        "^NameError",
        "Python does not know this name: is it spelled correctly, and imported?",
    ),
    (
        "^RecursionError",
        "The function calls itself without end: which call returns without another?",
    ),
    (
        "(changed size|mutated) during iteration",
        "What is looped over grows meanwhile: loop over `range(…)` or a copy of it.",
    ),
    (
        r"conv\w+\(\) received an invalid combination.*got \(Tensor",
        "A convolution's sizes are whole numbers: `//`, not `/`. Give `bias=False` by "
        "name, since the sixth place is that of the dilation.",
    ),
    (
        f"{NO_BRACKETS}|^AttributeError: __enter__$",
        "Are brackets missing? A function does nothing until it is called: `f()`.",
    ),
]
KINDS = [
    (
        "leaf Variable",
        "A weight that learns may be changed by hand under `torch.no_grad()` only.",
    ),
    (
        "cannot assign .* as parameter",
        "Write into the weight, as `nn.init.zeros_(…)` does, or make a new one with "
        "`nn.Parameter(…)`.",
    ),
    (
        "is not a Module subclass",
        "Layers are wanted here: `nn.ReLU()` with brackets, and `*layers` of a list.",
    ),
    (
        r"^IndexError: (\w+ )*index .*range",
        "The index is too large: print it, and the length.",
    ),
    (
        "does not require grad",
        "The graph is cut: by `.detach()`, or where gradients are switched off.",
    ),
    (MISFIT, "Print the shapes just before this line."),
    ("^UnboundLocalError", "Give this name a value before the line that needs it."),
    (
        "'NoneType'|not NoneType",
        "Something here is `None`. Which name still holds its first value, or the "
        "result of a call that returns nothing?",
    ),
    (
        "^AttributeError",
        "What stands before the dot has no such part: print its type before this line.",
    ),
    (
        r"^TypeError: empty\(\)",
        "The sizes of a layer must be whole numbers: did you write `/` for `//`?",
    ),
    (
        "^TypeError: .*(positional|keyword) argument",
        "Compare the arguments of this call with those that the function takes.",
    ),
    (
        "^TypeError",
        "Something here is of another type than you expect: print the types just "
        "before this line.",
    ),
    ("", "Read what Python says, and print the values just before this line."),
]


def advice(error: BaseException, line: str, errors: list[tuple[str, str]]) -> str:
    """Return the hint for an exception at the learner's line.

    errors: what the check itself says of some, as pairs of a pattern and a hint.
    """
    text = f"{type(error).__name__}: {text_of(error)}"
    nowhere = "Compare the arguments and the result with those of the starter."
    kinds = KINDS if line else [("", nowhere)]
    pairs = [*CAUSES, *errors, *kinds]
    return next(hint for pattern, hint in pairs if re.search(pattern, text, re.S))

"""Values in words: short, readable, and the same on every run."""

import re
import reprlib

LONGEST = 120  # characters
SHORT = reprlib.Repr()
SHORT.maxother = 1000  # else it cuts an address in two, and one_line cannot hide it


class Words(str):
    """Text that describes a value, not a text that is one."""


def describe(value) -> str:
    """Return a short description of any value; a repr that fails is no obstacle."""
    import torch

    if isinstance(value, Words):
        return str(value)
    if value is None:
        return "None (nothing was returned)"
    if isinstance(value, torch.Tensor):
        return f"a tensor with {shape_in_words(value.shape)}: {_first_values(value)}"
    if isinstance(value, torch.nn.Module):
        return f"a module, {type(value).__name__}"
    if isinstance(value, type):
        return f"the class `{value.__name__}`"
    if isinstance(value, set | frozenset):
        return "{" + one_line(", ".join(sorted(map(str, value)))) + "}"
    if isinstance(value, bool | int | float) or _is_shape(value):
        return one_line(str(value))
    return f"{one_line(_repr(value))} (type {type(value).__name__})"


def parts_in_words(value) -> str:
    """Describe each part of a short tuple or list, which may itself be one."""
    if not isinstance(value, tuple | list) or not 0 < len(value) < 5:
        return describe(value)
    return f"({', '.join(map(parts_in_words, value))})"


def shape_in_words(shape) -> str:
    """Return "shape 2×3", and for one axis or none what that means."""
    if len(shape) < 2:
        return f"one axis of length {shape[0]}" if len(shape) else "no axis, one number"
    return "shape " + "×".join(map(str, shape))


def one_line(text: str) -> str:
    """Return the text on one line, shortened, without addresses (4x0x0 is a shape)."""
    text = re.sub(r"\b0x[0-9a-fA-F]{4,}", "0x…", " ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def text_of(error: BaseException) -> str:
    """Return the message of an error, whatever its `__str__` does."""
    try:
        return str(error)
    except Exception:
        return "(its message cannot be printed)"


def _first_values(tensor) -> str:
    values = tensor.detach().flatten()[:4].tolist()
    shown = ", ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in values)
    return shown + (", …" if tensor.numel() > 4 else "")


def _is_shape(value) -> bool:
    return isinstance(value, tuple) and all(isinstance(n, int) for n in value)


def _repr(value) -> str:
    try:
        return SHORT.repr(value)
    except Exception:
        return "something that cannot be printed"

"""The base of every widget: its scripts joined once per class, its data plain JSON.

A widget lives in its own folder: `__init__.py` (the Python face), `widget.js` (one
picture) and, where it needs one, `widget.css`. Everything they share is in `kit.js`,
`chart.js` and `kit.css`. All drawing happens in the browser from the trait `data`, so
the same code runs in JupyterLab, in Colab and on a static page without a kernel.
"""

import math
import re
from importlib.resources import files
from itertools import pairwise

import anywidget
import traitlets

from resnet_lessons.errors import UsageError

KIT = files("resnet_lessons.widgets")
# Lines that are comments: who reads them has the files, and each page would carry them.
COMMENTS = re.compile(r"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/)\n", re.MULTILINE)


def joined(folder, suffix):
    """Return the kit's and the folder's script or style (`suffix`: "js", "css").

    Lines that are comments are left out.
    The folder's widget file comes last, behind the other ones it has, by name.
    """
    own = [part for part in folder.iterdir() if part.name.endswith(f".{suffix}")]
    own.sort(key=lambda part: (part.name == f"widget.{suffix}", part.name))
    parts = [KIT / f"kit.{suffix}", KIT / f"chart.{suffix}", *own]
    text = "\n".join(p.read_text("utf-8") for p in parts if p.is_file())
    return COMMENTS.sub("", text)


def plain(value):
    """Return `value` as plain JSON: lists, dicts, floats of six figures.

    Raises UsageError on what JSON cannot hold: NaN, infinity, tensors, other objects.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        need(math.isfinite(value), f"a widget cannot draw {value}: leave it out.")
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    kind = type(value).__name__
    raise UsageError(f"widget data holds a {kind}: pass lists and numbers (.tolist()).")


def need(condition, message):
    """Raise UsageError with `message` unless `condition` holds."""
    if not condition:
        raise UsageError(message)


def need_keys(data, keys, name):
    """Raise UsageError unless `data` is a dict that has all of `keys`."""
    need(isinstance(data, dict), f"{name} takes a dict with {', '.join(keys)}.")
    missing = [key for key in keys if key not in data]
    need(not missing, f"{name}: the data lacks {', '.join(missing)}.")


def need_numbers(values, length, name):
    """Raise UsageError unless `values` is a list of `length` numbers, none below 0."""
    need(isinstance(values, (list, tuple)), f"{name} must be a list of numbers.")
    need(len(values) == length, f"{name} has {len(values)} values, not {length}.")
    good = all(
        isinstance(v, (int, float)) and not isinstance(v, bool) and v >= 0
        for v in values
    )
    need(good, f"{name} must hold numbers from 0 up.")


def need_rising(values, name):
    """Raise UsageError unless `values` are two or more numbers, each above the last."""
    need(isinstance(values, (list, tuple)), f"{name} must be a list of numbers.")
    need_numbers(values, len(values), name)
    rising = all(a < b for a, b in pairwise(values))
    need(len(values) > 1 and rising, f"{name} must be two or more, in rising order.")


class LessonWidget(anywidget.AnyWidget):
    """One picture with knobs. Subclasses say `summary` and `check`.

    data: what is drawn, plain JSON; set once, at construction.
    reserve: height in px the picture takes, [wide page, phone], so that a static page
        does not jump while it loads.
    """

    data = traitlets.Dict().tag(sync=True)
    reserve = traitlets.List([500, 800]).tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        if "_esm" not in vars(cls):  # traitlets makes subclasses of its own
            folder = files(cls.__module__)
            cls._esm, cls._css = joined(folder, "js"), joined(folder, "css")
        super().__init_subclass__(**kwargs)

    def __init__(self, data):
        self.check(data)
        super().__init__(data=plain(data))

    def check(self, data):
        """Raise UsageError when `data` is not what the class documents."""
        raise NotImplementedError

    def summary(self):
        """Return the words between the brackets of the repr, the same every run."""
        raise NotImplementedError

    def __repr__(self):
        return f"{type(self).__name__}({self.summary()})"

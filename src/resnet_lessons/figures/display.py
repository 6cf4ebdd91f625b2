"""Figures with alt text, tables and sentences, alike in Colab and on the page."""

import base64
import io
import math
import re
from html import escape

import matplotlib

# Okabe and Ito: told apart with every common form of colour blindness.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

STYLE = {
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "svg.hashsalt": "resnet-lessons",  # the same picture gives the same bytes
}


class Figure:
    """Drawn panels as SVG images with alt text; side by side where there is room."""

    def __init__(self, *panels: tuple[bytes, str]):
        self.panels = panels  # (SVG, alt text) of each

    def __repr__(self) -> str:
        return "Figure: " + " ".join(alt for _, alt in self.panels)

    def _repr_html_(self) -> str:
        images = "".join(_image(svg, alt) for svg, alt in self.panels)
        layout = "flex;flex-wrap:wrap"
        if len(self.panels) > 2:  # a third, alone in its row, would grow
            fit = "repeat(auto-fit,minmax(min(18rem,100%),1fr))"
            layout = f"grid;justify-items:stretch;grid-template-columns:{fit}"
        return f'<div style="display:{layout};gap:1rem">{images}</div>'


def _image(svg: bytes, alt: str) -> str:
    data = base64.b64encode(svg).decode()
    return (
        f'<img alt="{escape(alt)}" '
        'style="flex:1 1 18rem;min-width:0;max-width:30rem;background:#fff" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def show(figure, alt: str) -> Figure:
    """A matplotlib `figure`, closed and made ready to display with `alt` text."""
    from matplotlib import pyplot

    buffer = io.BytesIO()
    with pyplot.rc_context(STYLE):  # its salt makes the same ids each time
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return Figure((_short(buffer.getvalue()), _spoken(alt)))


def _short(svg: bytes) -> bytes:
    """`svg` with places to a hundredth of a point, and without what nobody reads, such
    as who made it: lighter by a third, the same look.
    """
    unread = rb"<metadata>.*?</metadata>|<!DOCTYPE.*?>|<\?.*?\?>"
    svg = re.sub(rb"(?:%s)\s*" % unread, b"", svg, flags=re.DOTALL)

    places = rb'(?<= )(?:d|x|y)="[^"]*"|translate\([^)]*\)'

    def cut(found: re.Match) -> bytes:
        return re.sub(rb"(\.\d\d)\d+", rb"\1", found[0])

    return re.sub(places, cut, re.sub(rb"\n +", b"\n", svg))


def _spoken(alt: str) -> str:
    """`alt` with "1 × 10⁻⁷" and "760" for Python's "1e-07" and "7.6e+02"."""

    def plain(found: re.Match) -> str:
        return number(float(found[0]), len(found[1].replace(".", "")))

    return re.sub(r"\b(\d(?:\.\d+)?)e[+-]\d+", plain, alt)


def beside(*figures: Figure) -> Figure:
    """Several figures as one: a row on a wide page, a column on a phone."""
    return Figure(*[panel for figure in figures for panel in figure.panels])


class Words(str):
    """Markdown text that displays itself; its plain form is the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return str(self)


def say(text: str) -> Words:
    """`text` (Markdown), so that a sentence can hold a number that was computed."""
    return Words(_spaced(text))


def _spaced(text: str) -> str:
    """Per cent as the book writes it, "84 %", where Python has written "84%"."""
    parts = re.split(r"(```.*?```|`[^`]*`)", text, flags=re.DOTALL)  # prose, code, …
    parts[::2] = [re.sub(r"(?<=\d) ?%(?![\w;\"])", "\u00a0%", p) for p in parts[::2]]
    return "".join(parts)


def number(value: float, digits: int = 2) -> str:
    """`value` to so many digits: "27,200", "0.26", "2 × 10⁻¹¹"; an `int`: all."""
    if value == 0 or isinstance(value, int):
        return f"{value:,}".replace("-", "−").removesuffix(".0")
    if not math.isfinite(value):
        return str(float(value)).replace("-", "−")
    if value < 0:
        return f"−{number(-value, digits)}"
    head, power = f"{value:.{digits - 1}e}".split("e")
    if -3 <= int(power) < 6:
        return f"{float(f'{head}e{power}'):,.{max(0, digits - 1 - int(power))}f}"
    return f"{head} × 10{str(int(power)).translate(RAISED)}"


def table(columns: list[str], rows: list[list]) -> Words:
    """A Markdown table; columns of numbers, some left out, are aligned to the right."""
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    cells = [[cell for cell in column if cell not in ("", "–")] for column in values]
    right = [column and all(map(_is_number, column)) for column in cells]
    sides = ["--:" if side else ":--" for side in right]
    lines = [columns, sides, *rows]
    text = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in lines)
    return Words(_spaced(text))


def _is_number(value) -> bool:
    """Whether `value` reads as a number: "1.5 ± 3", "2 × 10⁻²", "+5 %", not "7-3-1"."""
    text = re.sub(r"(?<=\d)e[+-]\d+", "", str(value)).lstrip("+-−× ")
    words = text.split()
    if not words or not words[0][:1].isdigit() or "-" in text:
        return False
    return not any(word[:1].isalpha() and len(word) > 3 for word in words)  # a unit may

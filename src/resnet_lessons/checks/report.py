"""What a check says: messages in words, as text and as HTML."""

import html
import re
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Message:
    """One expectation: what was tried, what came out, what was expected, a hint."""

    tried: str
    passed: bool
    got: str = ""
    expected: str = ""
    hint: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The parts that have something to say, as (label, text)."""
        parts = [("came out", self.got), ("expected", self.expected)]
        return [part for part in [*parts, ("hint", self.hint)] if part[1]]


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of one check. It prints as text and shows as HTML in a notebook."""

    id: str
    title: str
    attempted: bool
    messages: tuple[Message, ...]

    @property
    def passed(self) -> bool:
        """Whether the answer was attempted and every expectation holds."""
        return self.attempted and all(message.passed for message in self.messages)

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        if not self.attempted:
            return "not attempted yet"
        held = sum(message.passed for message in self.messages)
        if self.passed:
            return f"passed, {_count(held)} {'holds' if held == 1 else 'hold'}"
        return f"not yet, expectations that hold so far: {held}" if held else "not yet"

    def __str__(self) -> str:
        rows = [f"{self.id} {self.title} · {self.verdict}"]
        for message in self.messages:
            rows.append(f"  {_mark(self, message)}  {message.tried}")
            if not message.passed:
                rows += [f"       {label}: {text}" for label, text in message.lines]
        return "\n".join(rows)

    __repr__ = __str__  # the text/plain of a notebook cell

    def _repr_html_(self) -> str:
        """The report for a notebook: words carry the meaning, the page the colours."""
        items = "".join(_item(self, message) for message in self.messages)
        head = f"<strong>{_rich(self.id)} {_rich(self.title)} · {self.verdict}</strong>"
        return (
            '<div role="status" style="border-left: 4px solid currentColor; '
            f'padding: 0.2em 0 0.2em 0.9em">{head}'
            f'<ul style="list-style: none; padding: 0; margin: 0.4em 0 0">{items}</ul>'
            "</div>"
        )

    def to_dict(self) -> dict:
        """The report as plain data, ready for JSON."""
        return {**asdict(self), "passed": self.passed}

    @classmethod
    def from_dict(cls, data: dict) -> "Report":
        """The inverse of `to_dict`."""
        messages = tuple(Message(**message) for message in data["messages"])
        return cls(data["id"], data["title"], data["attempted"], messages)


def _count(held: int) -> str:
    return "the one expectation" if held == 1 else f"all {held} expectations"


def _mark(report: Report, message: Message) -> str:
    if not report.attempted:
        return "–"
    return "ok" if message.passed else "no"


def _item(report: Report, message: Message) -> str:
    rows = "" if message.passed else _rows(message)
    mark = f"<b>{_mark(report, message)}</b>"
    return f"<li>{mark}&ensp;{_rich(message.tried)}{rows}</li>"


def _rows(message: Message) -> str:
    return "".join(
        f'<div style="padding-left: 2em"><em>{label}:</em> {_rich(text)}</div>'
        for label, text in message.lines
    )


def _rich(text: str) -> str:
    """Escape everything, then show what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))

"""Saved benches as tables: what is fast, by how much, and on which machine."""

from collections.abc import Iterable

from ..records import benches, short_commit
from .display import Words, table

NONE = Words("No bench is saved yet: `resnet-lessons bench --save` makes one.")


def speed_table(kept: list[dict]) -> Words:
    """Each source of batches: a table for each machine, net and size."""
    columns = ["batches from", "ms / step", "ours against it"]
    return _titled(
        (
            f"{benches.machine(b)}: `{p['net']}` at {p['size']} px",
            columns,
            [
                [
                    benches.SOURCES[source],
                    f"{1000 * seconds['median']:.1f}",
                    _against(source, p),
                ]
                for source, seconds in p["seconds_per_step"].items()
            ],
        )
        for b in kept
        for p in b["pairs"]
    )


def _titled(parts: Iterable[tuple[str, list[str], list[list]]]) -> Words:
    """A table under each title: narrow ones, whose numbers a phone shows."""
    made = [f"**{title}**\n\n{table(columns, rows)}" for title, columns, rows in parts]
    return Words("\n\n".join(made)) if made else NONE


def _against(source: str, pair: dict) -> str:
    """Such as "× 5.12 (4.90 to 5.30)": how fast ours is, `source` being 1."""
    name = benches.AGAINST.get(source)
    return f"× {benches.ratio_words(pair['ratios'][name])}" if name else "–"


def speed_targets(kept: list[dict]) -> Words:
    """Every target and whether the median reaches it: a table for each machine."""
    columns = ["what", "measured", "target"]
    return _titled((benches.machine(b), columns, _target_rows(b)) for b in kept)


def _target_rows(bench: dict) -> list[list[str]]:
    rows = []
    for p in bench["pairs"]:
        for name, target in p["targets"].items():
            what = f"`{p['net']}` at {p['size']} px: {benches.RATIOS[name]}"
            ratio = p["ratios"][name]
            result = benches.verdict(ratio["median"], target)
            rows.append([what, benches.ratio_words(ratio), f"≥ {target}: {result}"])
    start = bench["start_up"]
    for name, target in start["targets"].items():
        value, times = start[name]["median"], start[name]["all"]
        measured = f"{value:.4f} ({min(times):.4f} to {max(times):.4f})"
        result = benches.verdict(value, target, at_most=True)
        what = f"seconds of `{benches.START_UP[name]}`"
        rows.append([what, measured, f"≤ {target}: {result}"])
    return rows


def start_table(kept: list[dict]) -> Words:
    """Waiting for the first batch, in seconds, and the memory that is taken."""
    columns = ["machine", "stored at (px)", "first batch, cold (s)", "warm (s)"]
    columns += ["decoded pictures (MB)", "peak memory (MiB)", "on the GPU (MiB)"]
    rows = []
    for b in kept:
        first = b["start_up"]["first_epoch"]
        stored = {p["stored_size"]: p["stored_bytes"] for p in b["pairs"]}
        sizes = ", ".join(f"{n / 1e6:.0f} at {px} px" for px, n in stored.items())
        rows.append(
            [
                benches.machine(b),
                first["stored_size"],
                _number(first["cold_seconds"], 1),
                _number(first["warm_seconds"], 2),
                sizes,
                _number(b["memory"]["peak_resident_mb"]),
                _number(b["memory"]["peak_device_mb"]),
            ]
        )
    return table(columns, rows) if rows else NONE


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def bench_table(kept: list[dict]) -> Words:
    """Every saved bench with what is needed to make it again."""
    columns = ["machine", "processor", "cores", "threads", "versions", "data"]
    columns += ["command", "day", "commit"]
    rows = [
        [
            b["device"],
            b["processor"],
            b["cpu_count"],
            b["threads"],
            ", ".join(f"{name} {number}" for name, number in b["versions"].items()),
            f"{b['data']['variant']} `{b['data']['content_hash'][:12]}`",
            f"`{b['command']}`",
            b["recorded"],
            f"`{short_commit(b['commit'])}`",
        ]
        for b in kept
    ]
    return table(columns, rows) if rows else NONE

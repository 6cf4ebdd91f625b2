"""What each verb of the command `resnet-lessons` does; the command line is `cli`.

torch is loaded only by verbs that need it.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile

from . import data
from .data.root import in_full
from .errors import LessonError, UsageError

PROFILES = ["smoke", "laptop", "gpu"]


def table(rows: list[dict], columns: list[str]) -> str:
    """`rows` as aligned text under `columns`."""
    cells = [columns, *[[str(row[c]) for c in columns] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def show(args, value, text: str) -> None:
    """Print `value` as JSON where --json was given, else `text`."""
    said = json.dumps(value, indent=1, default=str) if args.json else text
    print(said, flush=True)  # now, while `main` looks: nobody may be reading


def writable(folder: Path) -> Path:
    """`folder`, made where it is missing; UsageError where nothing can be kept."""
    folder = in_full(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(os.urandom(2**20))  # a full disk is told before the work
            file.flush()
        return folder
    except OSError as error:
        raise UsageError(
            f"Cannot write in {folder}: {error.strerror}. Name another with --folder."
        ) from None


def data_list(args) -> None:
    rows = data.status()
    shown = [
        row
        | row["images"]
        | {"here": "broken" if row["problem"] else "yes" if row["present"] else "no"}
        for row in rows
    ]
    blank = [{"train": "–", "valid": "–"} | row for row in shown]
    columns = ["name", "here", "variant", "train", "valid", "title"]
    show(args, rows, table(blank, columns))


def data_get(args) -> None:
    path = data.get(args.name, check=True)
    show(args, {"name": args.name, "path": path}, f"{args.name} is in {path}")


def data_import(args) -> None:
    from .doctor import held

    before = {row["path"]: held(row) for row in data.status()}
    path = data.import_paths(args.name, args.paths)
    now = next(held(row) for row in data.status() if row["path"] == str(path))
    replaced = f", in place of {before[str(path)]}" if str(path) in before else ""
    text = f"{args.name} is in {path} ({now}{replaced})"
    show(args, {"name": args.name, "path": path}, text)


def data_verify(args) -> None:
    problems = data.verify(args.name)
    found = {"name": args.name, "whole": not problems, "problems": problems}
    show(args, found, "\n".join(problems) or f"{args.name} is whole.")
    if problems:
        raise LessonError(f"{args.name} is broken. {data.how_to_repair(args.name)}")


def data_where(args) -> None:
    path = data.where(args.name)
    show(args, {"name": args.name, "path": path}, str(path))


def doctor(args) -> None:
    from .doctor import examine, report

    found = examine()
    show(args, found, report(found))


def runs(args) -> None:
    from .training.experiments import EXPERIMENTS

    def sizes(e) -> dict:
        return {
            name: f"{p.data}, {p.size} px, {p.epochs}" for name, p in e.profiles.items()
        }

    rows = [
        {"chapter": e.chapter, "name": e.name, "title": e.title}
        | dict.fromkeys(PROFILES, "–")
        | sizes(e)
        for e in EXPERIMENTS.values()
    ]
    whole = [asdict(e) for e in EXPERIMENTS.values()]
    text = table(rows, ["chapter", "name", "title", *PROFILES])
    show(args, whole, f"{text}\n\nUnder each profile: data set, size, epochs.")


def train(args) -> None:
    from . import training

    exp = training.experiment(args.name)
    run = training.train(exp, args.profile, args.seed, args.device, args.resume)
    made = training.make_record(exp, args.profile, [run])
    seed = run.result
    show(
        args,
        made.to_dict(),
        f"{exp.name}: accuracy {seed.accuracy:.1%} on {run.data['valid']:,} pictures "
        f"of {run.data['variant']}, {seed.train_seconds:.0f} s of training "
        f"on {run.device}",
    )


def record(args) -> None:
    from . import records, training

    if bool(args.names) == args.all:
        raise UsageError("Name experiments (see: resnet-lessons runs), or say --all.")
    named = [training.experiment(name) for name in args.names]
    folder = writable(args.folder or records.RECORDED)
    chosen = training.missing(args.profile, folder) if args.all else named
    for exp in chosen:
        exp.profile(args.profile)  # one that lacks it is told before any trains
    _announce(chosen, args.profile, folder)
    settings = args.profile, args.seeds, args.device, folder, args.shared_by
    one, kept, failed = len(named) == 1, [], []
    try:
        for exp in chosen:
            try:
                made = training.record(exp, *settings, resume=args.resume)
            except LessonError as error:
                if not args.all:
                    raise
                failed.append(exp.name)  # what can be recorded is, all the same
                print(f"resnet-lessons: {exp.name}: {error}", file=sys.stderr)
                continue
            except OSError as error:  # of a disk that filled up meanwhile
                raise LessonError(
                    f"The Record of {exp.name} cannot be kept in {folder} "
                    f"({error.strerror}). Make room, then run the same command with "
                    "--resume."
                ) from None
            kept.append(made.to_dict())
            if not args.json:
                seeds = len(made.seeds)
                over = f"± {made.spread:.1%} over {seeds} seeds"
                over = over if seeds > 1 else "with one seed"
                print(f"{exp.name}: accuracy {made.accuracy:.1%} {over}", flush=True)
    finally:  # one document of JSON, also of a run that is stopped
        if args.json and (kept or not one):
            print(json.dumps(kept[0] if one else kept, indent=1), flush=True)
    if failed:
        raise LessonError(f"Not recorded: {', '.join(failed)}.")


def _announce(chosen: list, profile: str, folder: Path) -> None:
    """Say which Records will be replaced, or that none is missing."""
    from . import records

    if not chosen:
        print(f"Every Record of profile '{profile}' is there already.", file=sys.stderr)
    for exp in chosen:
        if records.record_path(exp.name, profile, folder).exists():
            print(
                f"{exp.name}: will take the place of the Record in {folder}; to keep "
                "that one, name another --folder",
                file=sys.stderr,
            )


def bench(args) -> None:
    if args.save and args.quick and not args.folder:
        raise UsageError(
            "A quick bench is not kept: leave out --quick, or name a --folder."
        )
    if args.folder and not args.save:
        raise UsageError("A --folder is for what is kept: say --save as well.")
    from .records import benches
    from .training import bench

    folder = writable(args.folder or benches.BENCHES) if args.save else None
    if args.save and not args.folder:
        data.where("imagenette")  # a stand-in's speed is not this machine's
    found = bench.run(quick=args.quick)
    show(args, found, bench.report(found))
    if folder:
        path = benches.save(found, folder)
        print(f"saved {path}", file=sys.stderr)


def check(args) -> None:
    from . import checks

    report = checks.check_file(args.exercise, args.file)
    show(args, report.to_dict(), str(report))
    if not report.passed:
        raise SystemExit(1)

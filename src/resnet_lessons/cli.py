"""The command `resnet-lessons`: data, training, records, checks.

Exit codes: 0 done, 1 failed, 2 wrong use. torch is loaded only by verbs that need it.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

from . import __version__, data
from .errors import LessonError, UsageError

PROFILES = ["smoke", "laptop", "gpu"]
MOST = 2**32 - 1  # NumPy takes no larger seed


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
        row | row["images"] | {"here": "yes" if row["present"] else "no"}
        for row in rows
    ]
    blank = [{"train": "–", "valid": "–"} | row for row in shown]
    columns = ["name", "here", "variant", "train", "valid", "title"]
    show(args, rows, table(blank, columns))


def data_get(args) -> None:
    path = data.get(args.name, check=True)
    show(args, {"name": args.name, "path": path}, f"{args.name} is in {path}")


def data_import(args) -> None:
    path = data.import_paths(args.name, args.paths)
    show(args, {"name": args.name, "path": path}, f"{args.name} is in {path}")


def data_verify(args) -> None:
    problems = data.verify(args.name)
    found = {"name": args.name, "whole": not problems, "problems": problems}
    show(args, found, "\n".join(problems) or f"{args.name} is whole.")
    if problems:
        raise LessonError(f"{args.name} is broken. {data.repair(args.name)}")


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
    seed = run.seed
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
    chosen = [training.experiment(name) for name in args.names]
    folder = writable(args.folder or records.RECORDED)
    if args.all:
        chosen = training.missing(args.profile, folder)
        if not chosen:
            print(f"Each Record of '{args.profile}' is there.", file=sys.stderr)
    one, kept, failed = len(args.names) == 1, [], []
    try:
        for exp in chosen:
            try:
                made = training.record(
                    exp,
                    args.profile,
                    args.seeds,
                    args.device,
                    folder,
                    args.shared_by,
                    resume=args.resume,
                )
            except LessonError as error:
                if not args.all:
                    raise
                failed.append(exp.name)  # what can be recorded is, all the same
                print(f"resnet-lessons: {exp.name}: {error}", file=sys.stderr)
                continue
            kept.append(made.to_dict())
            if not args.json:
                print(
                    f"{exp.name}: accuracy {made.accuracy:.1%} ± {made.spread:.1%} "
                    f"over {len(made.seeds)} seeds",
                    flush=True,
                )
    finally:  # one document of JSON, also of a run that is stopped
        if args.json and (kept or not one):
            print(json.dumps(kept[0] if one else kept, indent=1), flush=True)
    if failed:
        raise LessonError(f"Not recorded: {', '.join(failed)}.")


def bench(args) -> None:
    if args.save and args.quick and not args.folder:
        raise UsageError("A quick bench is not kept: no --quick, or name a --folder.")
    if args.folder and not args.save:
        raise UsageError("A --folder is for what is kept: say --save as well.")
    from .records import benches
    from .training import bench

    folder = writable(args.folder or benches.BENCHES) if args.save else None
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


def natural(text: str, least: int = 1) -> int:
    """A whole number from `least`; argparse turns the error into exit code 2."""
    if not text.isdecimal() or not least <= int(text) <= MOST:
        words = f"{text} is not a whole number from {least} to {MOST}"
        raise argparse.ArgumentTypeError(words)
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="resnet-lessons",
        description="The tested code behind the book ResNet Lessons.",
        epilog="Begin with: resnet-lessons doctor. The variable RESNET_LESSONS_DATA "
        "names a folder of yours for data sets and checkpoints.",
    )
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(metavar="VERB", required=True)

    def verb(where, name: str, run, about: str) -> argparse.ArgumentParser:
        sub = where.add_parser(name, help=about, description=about)
        sub.add_argument("--json", action="store_true", help="report as JSON")
        sub.set_defaults(run=run)
        return sub

    verb(verbs, "doctor", doctor, "What this machine has: torch, device, data sets.")

    group = verbs.add_parser("data", help="Fetch, import and verify data sets.")
    sets = group.add_subparsers(metavar="VERB", required=True)
    verb(sets, "list", data_list, "The data sets, and which are here.")
    for name, run, about in [
        ("get", data_get, "Download a data set, checked against its hash."),
        ("verify", data_verify, "Count and hash a data set again."),
        ("where", data_where, "Print the folder of a data set."),
    ]:
        verb(sets, name, run, about).add_argument("name", metavar="NAME")
    sub = verb(sets, "import", data_import, "Take a data set from folders or archives.")
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("paths", metavar="PATH", nargs="+", type=Path)

    verb(verbs, "runs", runs, "The experiments of the book, with their chapters.")

    sub = verb(verbs, "train", train, "Train one experiment here.")
    sub.add_argument("name", metavar="NAME", help="see: resnet-lessons runs")
    any_seed = partial(natural, least=0)
    sub.add_argument("--seed", type=any_seed, default=0, help="default: 0")
    recorder = verb(verbs, "record", record, "Train with several seeds, keep a Record.")
    recorder.add_argument("names", metavar="NAME", nargs="*")
    recorder.add_argument(
        "--all",
        action="store_true",
        help="each that has no Record yet, least work first",
    )
    recorder.add_argument("--seeds", type=natural, default=3, help="default: 3")
    recorder.add_argument("--folder", type=Path, help="default: in the package")
    recorder.add_argument(
        "--shared-by",
        type=natural,
        default=1,
        help="as many runs use the device at once: the Record says so (default: 1)",
    )
    for each in sub, recorder:
        each.add_argument(
            "--profile",
            choices=PROFILES,
            default="laptop",
            help="smoke: seconds on a stand-in; laptop: two cores (default); "
            "gpu: larger. Sizes: resnet-lessons runs",
        )
        each.add_argument("--device", default="auto", help="cpu, cuda, mps (auto)")
        each.add_argument("--resume", action="store_true", help="go on after a kill")

    sub = verb(verbs, "bench", bench, "Measure our pipeline against fastai's own.")
    sub.add_argument("--quick", action="store_true", help="within two minutes")
    sub.add_argument("--save", action="store_true", help="keep the result")
    sub.add_argument("--folder", type=Path, help="of --save; default: in the package")

    sub = verb(verbs, "check", check, "Check a file of yours against an exercise.")
    sub.add_argument("exercise", metavar="EXERCISE", help='such as "07.1"')
    sub.add_argument("file", metavar="FILE", type=Path)
    return top


def main(argv: list[str] | None = None) -> None:
    """Run the command; ends the process with the exit code."""
    if hasattr(sys.stdout, "reconfigure"):  # a Windows pipe may know no “–” or “±”
        sys.stdout.reconfigure(errors="replace")
    args = parser().parse_args(argv)
    try:
        args.run(args)
    except BrokenPipeError:  # as in `runs | head`: whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (LessonError, OSError) as error:
        print(f"resnet-lessons: {error}", file=sys.stderr)
        raise SystemExit(getattr(error, "exit_code", 1)) from None
    except KeyboardInterrupt:
        hint = " Go on with --resume." if hasattr(args, "resume") else ""
        print(f"\nresnet-lessons: stopped.{hint}", file=sys.stderr)
        raise SystemExit(130) from None

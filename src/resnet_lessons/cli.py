"""The command `resnet-lessons`: data, training, records, checks.

Exit codes: 0 done, 1 failed, 2 wrong use.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from . import __version__
from . import verbs as do
from .errors import LessonError

MOST = 2**32 - 1  # NumPy takes no larger seed


def natural(text: str, least: int = 1) -> int:
    """A whole number from `least`; argparse turns the error into exit code 2."""
    digits = text.isdecimal() and len(text) < 20  # Python reads only so many
    if not digits or not least <= int(text) <= MOST:
        words = f"{text[:20]} is not a whole number from {least} to {MOST}"
        raise argparse.ArgumentTypeError(words)
    return int(text)


def some_path(text: str) -> Path:
    if not text:  # a variable of the shell that is not set: not the folder one is in
        raise argparse.ArgumentTypeError("an empty path")
    return Path(text)


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

    verb(verbs, "doctor", do.doctor, "What this machine has: torch, device, data sets.")

    group = verbs.add_parser("data", help="Fetch, import and verify data sets.")
    sets = group.add_subparsers(metavar="VERB", required=True)
    listed = "see: resnet-lessons data list"
    verb(sets, "list", do.data_list, "The data sets, and which are here.")
    for name, run, about in [
        ("get", do.data_get, "Download a data set, checked against its hash."),
        ("verify", do.data_verify, "Count and hash a data set again."),
        ("where", do.data_where, "Print the folder of a data set."),
    ]:
        verb(sets, name, run, about).add_argument("name", metavar="NAME", help=listed)
    sub = verb(
        sets, "import", do.data_import, "Take a data set from folders or archives."
    )
    sub.add_argument("name", metavar="NAME", help=listed)
    sub.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=some_path,
        help="a folder, or archives: all parts of the set at once",
    )

    verb(verbs, "runs", do.runs, "The experiments of the book, with their chapters.")

    sub = verb(verbs, "train", do.train, "Train one experiment here.")
    sub.add_argument("name", metavar="NAME", help="see: resnet-lessons runs")
    any_seed = partial(natural, least=0)
    sub.add_argument("--seed", type=any_seed, default=0, help="default: 0")
    recorder = verb(
        verbs, "record", do.record, "Train with several seeds, keep a Record."
    )
    recorder.add_argument(
        "names", metavar="NAME", nargs="*", help="see: resnet-lessons runs"
    )
    recorder.add_argument(
        "--all",
        action="store_true",
        help="each that has no Record yet, least work first",
    )
    recorder.add_argument("--seeds", type=natural, default=3, help="default: 3")
    recorder.add_argument("--folder", type=some_path, help="default: in the package")
    recorder.add_argument(
        "--shared-by",
        type=natural,
        default=1,
        help="how many runs share the device: the Record says so (default: 1)",
    )
    for each in sub, recorder:
        each.add_argument(
            "--profile",
            choices=do.PROFILES,
            default="laptop",
            help="smoke: seconds on a stand-in; laptop: two cores (default); "
            "gpu: larger. Sizes: resnet-lessons runs",
        )
        each.add_argument("--device", default="auto", help="cpu, cuda, mps (auto)")
        each.add_argument(
            "--resume", action="store_true", help="go on with an interrupted run"
        )

    sub = verb(verbs, "bench", do.bench, "Measure our pipeline against fastai's own.")
    sub.add_argument("--quick", action="store_true", help="within two minutes")
    sub.add_argument("--save", action="store_true", help="keep the result")
    sub.add_argument(
        "--folder", type=some_path, help="of --save; default: in the package"
    )

    sub = verb(verbs, "check", do.check, "Check a file of yours against an exercise.")
    sub.add_argument("exercise", metavar="EXERCISE", help='such as "07.1"')
    sub.add_argument("file", metavar="FILE", type=some_path)
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
        hint = " Add --resume to go on after the last epoch that was kept, if any was."
        hint = hint if hasattr(args, "resume") else ""
        print(f"\nresnet-lessons: stopped.{hint}", file=sys.stderr)
        raise SystemExit(130) from None

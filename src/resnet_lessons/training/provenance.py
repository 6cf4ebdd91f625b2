"""Where a number comes from: the code that ran, and the data it saw."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .. import __version__, records


@cache  # asked before the training: what is edited meanwhile is not what ran
def commit() -> str:
    """The commit of the code that runs; in a package without one, "released X"."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        # Also in a clone of another user, as in a container.
        command = ["git", "-c", "safe.directory=*", *words]
        return subprocess.run(
            command, cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        # An installed package may lie below a repository that is not ours.
        git("ls-files", "--error-unmatch", "--", __file__)
        # What was recorded changes no code.
        made = [f":(exclude){p}" for p in (records.RECORDED, records.benches.BENCHES)]
        changes = git("status", "--porcelain", "--", str(here.parent), *made)
        return git("rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        archived = (here.parent / "COMMIT").read_text("utf-8").strip()
        written = not archived.startswith("$")  # `git archive` writes it there
        return archived if written else f"released {__version__}"


def versions(*packages: str) -> dict[str, str]:
    """Of Python and of `packages`, as a Record names them."""
    found = {name: version(name) for name in packages}
    return {"python": platform.python_version()} | found


def provenance(images) -> dict:
    """What a Record says of its data, `images` from `data.load`."""
    return {
        "name": images.name,
        "variant": images.variant,
        "content_hash": images.content_hash,
        "stand_in": images.stand_in,
        "train": len(images.train.labels),
        "valid": len(images.valid.labels),
    }

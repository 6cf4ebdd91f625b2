"""What a page of the built book costs: bytes, requests, the time of a slider's step.

`python tests/page_measures.py [--json] [NAME…]` prints it for every chapter.
"""

import argparse
import gzip
import json
import os
import sys
from functools import cache
from operator import or_
from pathlib import Path
from urllib.parse import unquote, urlsplit

from browser import chromium, programs, serving

BOOK = Path(os.environ.get("BOOK_HTML", Path(__file__).parents[1] / "_build" / "html"))
VIEWS = "document.querySelectorAll('script[type$=\"widget-view+json\"]').length"
DRAWN = "document.querySelectorAll('.rl-inner, .bd-article [role=note]').length"
MATH = "document.querySelector('.bd-article .math')"


def pages(book=BOOK):
    """Names of all pages, such as "notebooks/07_resblock.html", in order."""
    found = (page.relative_to(book).as_posix() for page in book.rglob("*.html"))
    return sorted(name for name in found if not name.startswith("_"))


def settle(browser):
    """Wait until the page that is open has drawn its widgets, its math, its fonts."""
    browser.wait("document.readyState === 'complete'")
    browser.wait(f"{DRAWN} >= {VIEWS}")
    browser.wait(f"!{MATH} || !!window.MathJax?.startup?.promise", 20)
    browser.js(
        "return Promise.all([MATH, document.fonts.ready]).then(() => 0)".replace(
            "MATH", "window.MathJax?.startup?.promise"
        )
    )


@cache
def weigh(path):
    """Bytes of a file as it lies, and as a server sends it that compresses."""
    data = path.read_bytes()
    return len(data), min(len(data), len(gzip.compress(data, 6, mtime=0)))


def loads(browser, book=BOOK):
    """[(path, raw bytes, gzipped bytes)] of what the page asked for, heaviest first.

    Each address counts once, as with a cold cache; `data:` and `blob:` are in the page.
    """
    urls = [urlsplit(url) for url in browser.requests()]
    asked = {unquote(url.path) for url in urls if url.scheme in ("http", "https")}
    files = {path: book / path.strip("/") for path in asked}
    found = [(path, *weigh(file)) for path, file in files.items() if file.is_file()]
    return sorted(found, key=lambda load: -load[1])


def sliders(browser):
    """[{slider, script_ms, layout_ms}] of each slider of the page that is open.

    A step is one `input` event, from its dispatch to the end of all it runs; layout is
    what the browser then needs to place what was drawn. Wall time: the median of five
    rounds at the slowest of five places of the track.
    """
    return browser.js(SLIDERS + "return inputs.map(measure);")


def slider_cpu(browser):
    """[{slider, cpu_ms}]: as `sliders`, the time that the page's thread was busy with
    a step, so that other work on this machine does not count.
    """
    browser.driver.execute_cdp_cmd("Performance.enable", {})
    found = browser.js(SLIDERS + "return inputs.map(knob);")
    for i, knob in enumerate(found):
        knob["cpu_ms"] = max(swing(browser, i, place) for place in knob.pop("places"))
        browser.js(SLIDERS + "step(inputs[arguments[0]], arguments[1]);", i, knob["at"])
    return found


def swing(browser, i, place, rounds=5):
    """CPU ms of a step of the i-th slider, to and fro between `place` and the next."""
    before = thread_seconds(browser)
    browser.js(SLIDERS + SWING, i, place, rounds)
    return 1000 * (thread_seconds(browser) - before) / (2 * rounds)


def thread_seconds(browser):
    """CPU time of the page's thread so far."""
    found = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(m["value"] for m in found if m["name"] == "ThreadTime")


SLIDERS = """
const ROUNDS = 5, PLACES = 5;
const inputs = [...document.querySelectorAll('.rl-inner input[type=range]')];
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
function step(input, value) {
  input.value = value;
  const start = performance.now();
  input.dispatchEvent(new Event('input', { bubbles: true }));
  const done = performance.now();
  input.closest('.rl-inner').getBoundingClientRect();
  return [done - start, performance.now() - done];
}
function knob(input) {
  const [low, high] = [Number(input.min), Number(input.max)];
  const at = (i) => Math.round(low + (high - low) * i / (PLACES - 1));
  return { slider: input.getAttribute('aria-label'), at: Number(input.value),
    places: [...new Set(Array.from({ length: PLACES }, (_, i) => at(i)))] };
}
function measure(input) {
  const { slider, at, places } = knob(input);
  const rounds = Array.from({ length: ROUNDS }, () => places.map(p => step(input, p)));
  const slowest = (k) => Math.max(...places.map((_, i) =>
    median(rounds.map(round => round[i][k]))));
  step(input, at);
  return { slider, script_ms: slowest(0), layout_ms: slowest(1) };
}
"""
SWING = """
const [i, place, rounds] = arguments;
const next = place < Number(inputs[i].max) ? place + 1 : place - 1;
for (let round = 0; round < rounds; round += 1) {
  for (const value of [next, place]) {
    inputs[i].value = value;
    inputs[i].dispatchEvent(new Event('input', { bubbles: true }));
  }
}
"""


def measure(browser, address, name, book=BOOK):
    """Open the page as a first visit; return its bytes, requests and slider times."""
    browser.open(f"{address}/{name}")
    settle(browser)
    found = loads(browser, book)
    return {
        "page": name,
        "requests": len(found),
        "raw": sum(raw for _, raw, _ in found),
        "gzip": sum(packed for _, _, packed in found),
        "html": weigh(book / name)[0],
        "loads": found,
        "sliders": list(map(or_, sliders(browser), slider_cpu(browser))),
    }


def table(rows):
    """The measures as lines of text, the heaviest page first."""
    heads = ("requests", "raw kB", "gzip kB", "step ms", "CPU ms")
    yield f"{'page':34}" + "".join(f"{head:>9}" for head in heads)
    for row in sorted(rows, key=lambda row: -row["raw"]):
        size = f"{row['requests']:9}{row['raw'] / 1e3:9.0f}{row['gzip'] / 1e3:9.0f}"
        kinds = ("script_ms", "cpu_ms") if row["sliders"] else ()
        slowest = (max(slider[kind] for slider in row["sliders"]) for kind in kinds)
        yield f"{row['page']:34}{size}" + "".join(f"{ms:9.1f}" for ms in slowest)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("name", nargs="*", help="pages; all where none is named")
    given = parser.parse_args(arguments)
    if not BOOK.is_dir():
        sys.exit("the book is not built: run `make book` first")
    if not programs():
        sys.exit("pages are measured in Chromium: install it with its chromedriver")
    with chromium() as browser, serving(BOOK) as address:
        rows = [measure(browser, address, name) for name in given.name or pages()]
    print(json.dumps(rows, indent=1) if given.json else "\n".join(table(rows)))


if __name__ == "__main__":
    main()

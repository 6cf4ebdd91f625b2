"""A Sphinx extension: pages that are light, and that a screen reader can read.

A page loads what it uses and nothing else: its icons are drawn into it, MathJax goes
with formulas alone (Sphinx sends it with each page whose contents lead to one), the
index of all words with the page of search results, and Thebe, which would run cells on
another host, with none (its script stands twice, and the second is an error). No page
marks the words that were searched for: the script would reach into widgets, too. Launch
buttons are drawn once `_config.yml` names the repository that they open. What the theme
and MyST-NB get wrong for those who listen is put right.
"""

import json
import re
from html import escape
from itertools import zip_longest
from pathlib import Path

from sphinx.util import logging

from resnet_lessons import icons

# What a build copies and no page asks for: the script of icons, and maps of scripts.
UNUSED = re.compile(r"/fontawesome\.js|/fontawesome/.*\.js|/sphinx-thebe\.|\.map$")
THEBE = re.compile(
    r"\s*<script>(?:const THEBE_JS_URL|kernelName) =[^<]*</script>"
    r'|\s*<script type="text/x-thebe-config">[^<]*</script>'
    r'|\s*<script[^>]* src="[^"]*/sphinx-thebe\.js[^>]*></script>'
    r'|\s*<link[^>]* href="[^"]*/sphinx-thebe\.css[^>]*>'
)
MATH = re.compile(r'class="(?:[^"]* )?math[ "]')
MATHJAX = re.compile(r"\s*<script[^>]*/mathjax/[^>]*></script>")
# The index of all words, and what finds words in it or marks them.
INDEX = re.compile(
    r'\s*<script[^>]* src="(?:[^"]*/)?'
    r"(?:searchtools|language_data|searchindex|sphinx_highlight)\.js[^>]*></script>"
)
RESULTS = 'id="search-results"'
REPAIRS = {
    # Who says what they see, "Search Ctrl+K", must reach the button.
    r'(<button[^>]*\bsearch-button-field\b[^>]*aria-label="Search)"': r'\1 Ctrl+K"',
    # Its text says it better: "Show code cell source".
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # A list has items; the other role is deprecated.
    r'(<div class="citation"[^>]*) role="doc-biblioentry"': r'\1 role="listitem"',
}

# Where a widget stands, what is stored of all, and the title in the script of one.
VIEW = re.compile(
    r'<script type="[^"]*widget-view\+json">([^<]*)</script>(?!<noscript>)'
)
STATE = re.compile(r'<script type="[^"]*widget-state\+json">(.*?)</script>', re.DOTALL)
TITLE = re.compile(r'new Frame\(el, \{[^}]*?\btitle: "([^"]+)"')

# What no line of prose is broken in: 3 × 3, 84 %, ± 0.4, γ = 0.
TIED = re.compile(
    r"(?<=\d)[ \n](?=×\s?\d|%)|(?<=\d\u00a0×)[ \n](?=\d)|(?<=±|=)[ \n](?=\d)"
)
VERBATIM = re.compile(
    r"(<(script|style|pre|code|title)\b.*?</\2>"
    r'|<(?:span|div) class="math[^>]*>[^<]*|<[^>]*>)',
    re.DOTALL,
)
WHOLE = '<span class="rl-whole">'
# A formula and the full stop behind it, or the bracket in front.
BESIDE = re.compile(
    r"([(]?)(<span class=\"math notranslate nohighlight\">[^<]*</span>)([,.;:!?)’]*)"
)


def repaired(page: str) -> str:
    """The HTML of a page, light and readable. Raises KeyError on an unknown icon."""
    page = THEBE.sub("", icons.drawn(page))
    for fault, repair in REPAIRS.items():
        page = re.sub(fault, repair, page)
    page = announced(page)
    if WHOLE not in page:  # a page that the build did not write anew
        page = BESIDE.sub(_kept_together, tied(page))
    page = page if RESULTS in page else INDEX.sub("", page)
    return page if MATH.search(page) else MATHJAX.sub("", page)


def announced(page: str) -> str:
    """The page, with a line for each widget where without scripts would be a gap."""
    state = STATE.search(page)
    models = json.loads(state[1])["state"] if state else {}

    def line(view: re.Match) -> str:
        model = models.get(json.loads(view[1]).get("model_id"), {})
        title = TITLE.search(model.get("state", {}).get("_esm", ""))
        name = f"“{escape(title[1])}”" if title else "This picture"
        return f"{view[0]}<noscript><p>{name} needs JavaScript.</p></noscript>"

    return VIEW.sub(line, page)


def tied(page: str) -> str:
    """The page, with spaces that break no line within what is read as one."""
    pieces = VERBATIM.split(page)  # text, then what is left alone, then a tag's name
    texts = [TIED.sub("\u00a0", TIED.sub("\u00a0", text)) for text in pieces[::3]]
    pairs = zip_longest(texts, pieces[1::3], fillvalue="")
    return "".join(piece for pair in pairs for piece in pair)


def _kept_together(found: re.Match) -> str:
    if not (found[1] or found[3]):
        return found[0]
    return f"{WHOLE}{found[0]}</span>"


def finish(app, exception) -> None:
    """What a build of pages leaves to do, in the folder that it wrote."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    repair_all(folder)
    drop_unused(folder)
    write_index(folder, app.config)


def repair_all(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        page = path.read_text("utf-8")
        try:
            better = repaired(page)
        except KeyError as icon:
            message = "%s: the theme has no icon for class=%s: choose another"
            logging.getLogger(__name__).warning(message, path.name, icon)
            continue
        if better != page:
            path.write_text(better, "utf-8")


def write_index(folder: Path, config) -> None:
    """The page that opens with the folder: a link to the first, and a leap to it."""
    page, title = f"{config.root_doc}.html", escape(config.html_title)
    (folder / "index.html").write_text(
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url={page}">\n'
        f'<title>{title}</title>\n<a href="{page}">{title}</a>\n</html>\n',
        "utf-8",
    )


def drop_unused(folder: Path) -> None:
    for path in (folder / "_static").rglob("*.*"):
        if UNUSED.search(path.as_posix()):
            path.unlink(missing_ok=True)


def drop_buttons(app, config) -> None:
    """The theme stops with an error where it has buttons and no address for them."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def read_again(app, env, added, changed, removed) -> list[str]:
    """The first page, where an asset is newer than it: else Sphinx would copy none."""
    first = Path(app.outdir) / f"{app.config.root_doc}.html"
    if not first.is_file():
        return []
    built = first.stat().st_mtime
    folders = [Path(app.confdir) / folder for folder in app.config.html_static_path]
    assets = [path for folder in folders for path in folder.rglob("*")]
    newer = any(path.stat().st_mtime > built for path in assets if path.is_file())
    return [app.config.root_doc] if newer else []


def setup(app) -> dict:
    app.connect("config-inited", drop_buttons)
    app.connect("env-get-outdated", read_again)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

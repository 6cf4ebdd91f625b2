"""The theme's Font Awesome icons, each as an SVG that can stand in a page.

The theme draws them with a script of 1.5 MB that holds every icon there is, and a font.
The book uses about a dozen: `drawn` puts those into the page and asks for neither.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

STYLES = {
    f"fa{short}": style
    for style in ("solid", "regular", "brands")
    for short in (f"-{style}", style[0])
}
ELEMENT = re.compile(r'<(i|span)\s+class="([^"]*\bfa[^"]*)"([^>]*)></\1>')
TITLE = re.compile(r'\s+title="[^"]*"')  # its button has a name
SCRIPT = re.compile(
    r'<script[^>]*src="[^"]*(?:fontawesome\.js|fontawesome/[^"]*\.js)[^>]*></script>'
)
FONT = re.compile(r'\s*<link rel="preload" as="font"[^>]*/fontawesome/[^>]*>')
# In the theme's script: name: [width, height, [aliases], code, path], and behind each
# list of these the style that it was for.
ENTRY = re.compile(
    r'"?([a-z0-9-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+",("[^"]+")\]'
    r'|"fa-(solid|regular|brands)",\w+\)'
)


def theme_text(*names):
    """The text of the first file of the theme that has one of these names."""
    theme = Path(str(files("pydata_sphinx_theme"))) / "theme"
    found = (path for name in names for path in theme.rglob(name))
    return next(found).read_text("utf-8")


@cache
def known() -> dict:
    """{(style, name): (width, height, quoted path)} of all icons of the theme."""
    found, waiting = {}, {}
    script = theme_text("scripts/fontawesome.js", "js/all.min.js")
    for name, width, height, aliases, path, style in ENTRY.findall(script):
        for alias in [name, *re.findall(r'"([a-z0-9-]+)"', aliases)]:
            waiting[alias] = (width, height, path)
        if style:
            found |= {(style, alias): icon for alias, icon in waiting.items() if alias}
            waiting = {}
    return found


@cache
def licence() -> str:
    """The notice that the icons' licence, CC BY 4.0, asks to be kept."""
    text = theme_text("fontawesome.js.LICENSE.txt", "all.min.js.LICENSE.txt")
    return "<!-- " + "\n".join(re.findall(r"\* ?(.*\w.*)", text)) + " -->"


def svg(match) -> str:
    """An icon's empty element as the SVG that the theme's script would make of it.

    Raises KeyError where the theme has no such icon.
    """
    names = match[2].split()
    style = next((STYLES[name] for name in names if name in STYLES), None)
    if style is None:
        return match[0]
    shown = [n for n in names if (style, n.removeprefix("fa-")) in known()]
    if not shown:
        raise KeyError(match[2])
    width, height, path = known()[style, shown[0].removeprefix("fa-")]
    kept = " ".join(name for name in names if name not in STYLES)
    return (
        f'<svg class="svg-inline--fa {kept}"{TITLE.sub("", match[3])} '
        f'aria-hidden="true" viewBox="0 0 {width} {height}">'
        f'<path fill="currentColor" d={path}/></svg>'
    )


def drawn(page: str) -> str:
    """The HTML of a page with its icons in it, and without their script."""
    page = FONT.sub("", SCRIPT.sub(lambda _: licence(), page))
    return ELEMENT.sub(svg, page)

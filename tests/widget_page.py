"""A small static page around widgets, as the book builder would embed them."""

import json
import shutil
from pathlib import Path

from ipywidgets.embed import embed_data

RUNTIME = Path(__file__).parents[1] / "book" / "assets" / "widgets.js"
PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="{theme}">
<head><meta charset="utf-8"><title>Widgets</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
  body {{ margin: 0; font: 16px/1.65 sans-serif; color: #222832; background: #fff; }}
  html[data-theme="dark"] body {{ color: #ced6dd; background: #14181e; }}
  main {{ max-width: 46rem; margin: auto; padding: 1rem; }}
</style>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script src="widgets.js"></script>
</head>
<body><main><h1>Widgets</h1>
{views}
<p>The text goes on.</p></main></body></html>
"""


def script_text(value):
    """JSON that can stand in a script, as myst-nb writes it."""
    return json.dumps(value).replace("</script>", r"<\/script>")


def write_page(folder, widgets, theme="light"):
    """Write page.html and the runtime into `folder`; return the page's path."""
    embedded = embed_data(views=widgets, drop_defaults=False)
    kind = "application/vnd.jupyter.widget-view+json"
    views = [
        f'<div class="cell_output"><script type="{kind}">{script_text(view)}'
        "</script>\n</div>"
        for view in embedded["view_specs"]
    ]
    shutil.copy(RUNTIME, folder)
    page = Path(folder) / "page.html"
    state = script_text(embedded["manager_state"])
    page.write_text(
        PAGE.format(theme=theme, state=state, views="\n".join(views)), "utf-8"
    )
    return page

"""A small static page around widgets, as the book builder would embed them: it is
written, opened, and its knobs are turned.
"""

import json
import shutil
from pathlib import Path

from ipywidgets.embed import dependency_state, embed_data
from selenium.webdriver.common.keys import Keys

from widget_looks import inside

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
    """Write page.html and the runtime into `folder`; return the page's path.

    It holds the state of these widgets only, not of all that the process has made.
    """
    state = dependency_state(widgets, drop_defaults=False)
    embedded = embed_data(views=widgets, state=state)
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


def drawn(count):
    """The script that is true once `count` widgets have been drawn."""
    return f"document.querySelectorAll('.rl-inner').length === {count}"


def open_page(browser, folder, widgets, theme="light", **looks):
    """Write a page with `widgets` (one or a list), open it from its file, wait until
    all are drawn; return the browser. `looks`: those of `Browser.open`.
    """
    widgets = widgets if isinstance(widgets, list) else [widgets]
    browser.open(write_page(folder, widgets, theme).as_uri(), **looks)
    browser.wait(drawn(len(widgets)))
    return browser


def press(page, which, *buttons):
    """Click buttons of one widget's choices; they are counted through all of these."""
    for button in buttons:
        inside(page, which, ".rl-choice button")[button].click()


def slide(page, which, steps, slider=0):
    """Put a slider of one widget `steps` steps above its low end, by keys."""
    found = inside(page, which, "input[type=range]")[slider]
    found.send_keys(Keys.HOME, Keys.ARROW_RIGHT * steps)

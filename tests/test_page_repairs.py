"""What the build changes in a page's HTML, on pieces of it as the theme writes them."""

import json
import logging
import os
import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ipywidgets.embed import dependency_state, embed_data

from resnet_lessons import icons, pages, widgets
from resnet_lessons.widgets import Convolution
from widget_registry import MAKE, data_of

ROOT = Path(__file__).parents[1]

SCRIPT = '<script defer src="_static/scripts/fontawesome.js?digest=55c2"></script>'
OLD_SCRIPT = '<script src="_static/vendor/fontawesome/6.5.2/js/all.min.js"></script>'
OLD_FONT = (
    '<link rel="preload" as="font" type="font/woff2" crossorigin '
    'href="_static/vendor/fontawesome/6.5.2/webfonts/fa-solid-900.woff2" />'
)
MATHJAX = '<script defer="defer" src="_static/vendor/mathjax/tex-chtml.js"></script>'
THEBE = """
    <link rel="stylesheet" type="text/css" href="../_static/sphinx-thebe.css?v=4f" />
    <script>const THEBE_JS_URL = "https://unpkg.com/thebe"; const a = ".cell"</script>
    <script async="async" src="../_static/sphinx-thebe.js?v=c1"></script>
    <script>const THEBE_JS_URL = "https://unpkg.com/thebe"; const a = ".cell"</script>
    <script type="text/x-thebe-config">
    { requestKernel: true }
    </script>
    <script>kernelName = 'python3'</script>"""


class Icons(HTMLParser):
    """Attributes of each svg, and of the path in it."""

    def __init__(self, page):
        super().__init__()
        self.svg, self.path = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("svg", "path"):
            getattr(self, tag).append(dict(attrs))

    handle_startendtag = handle_starttag


def test_an_icon_becomes_a_picture_of_its_own():
    page = (
        '<i class="theme-switch fa-solid fa-sun   fa-lg" data-mode="light" title="x">'
    )
    drawn = icons.drawn(page + "</i>")
    (svg,), (path,) = Icons(drawn).svg, Icons(drawn).path
    assert set(svg["class"].split()) == {
        *("svg-inline--fa", "theme-switch", "fa-sun", "fa-lg")
    }
    assert svg["data-mode"] == "light" and svg["aria-hidden"] == "true"
    assert svg["viewbox"] == "0 0 512 512"
    assert re.fullmatch(r"[MmLlHhVvCcSsQqAaZz0-9 .,-]{100,}", path["d"])
    assert "title" not in svg


@pytest.mark.parametrize("name", ["fas fa-home", "fa-solid fa-house"])
def test_an_icon_is_found_by_each_of_its_names(name):
    house = icons.drawn('<span class="fa-solid fa-house"></span>')
    drawn = icons.drawn(f'<i class="{name}"></i>')
    assert Icons(drawn).path == Icons(house).path != []


def test_no_page_holds_what_runs_cells_on_another_host():
    page = '<link href="_static/book.css"><script src="_static/scroll.js"></script>'
    assert pages.repaired(page + THEBE) == page
    assert pages.UNUSED.search("html/_static/sphinx-thebe.js")
    code = "<pre>THEBE_JS_URL = 1; kernelName = 2</pre>"
    assert pages.repaired(code) == code


def test_the_same_name_differs_from_style_to_style():
    styles = ("fa-solid", "fa-regular")
    solid, regular = (icons.drawn(f'<i class="{s} fa-file"></i>') for s in styles)
    assert Icons(solid).path != Icons(regular).path
    assert (
        icons.known()["brands", "github"] and ("solid", "github") not in icons.known()
    )


def test_icons_that_only_the_text_speaks_of_stay_text():
    code = "&lt;i class=&quot;fa-solid fa-list&quot;&gt;&lt;/i&gt;"
    fabric = '<span class="fabric"></span>'
    assert icons.drawn(code + fabric) == code + fabric


@pytest.mark.parametrize("script", [SCRIPT, OLD_SCRIPT])
def test_the_notice_of_the_licence_stands_where_the_script_stood(script):
    drawn = icons.drawn(f"<head>{OLD_FONT}{script}</head>")
    assert "<script" not in drawn and "<link" not in drawn
    assert "Font Awesome Free" in drawn and "CC BY 4.0" in drawn
    assert drawn.startswith("<head><!--") and drawn.endswith("--></head>")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('<span class="math notranslate">x</span>', True),
        ('<div class="amsmath math">x</div>', True),
        ('<p class="mathjax_ignore">x</p>', False),
    ],
)
def test_mathjax_goes_with_formulas_only(body, kept):
    assert ("mathjax/" in pages.repaired(MATHJAX + body)) == kept


@pytest.mark.parametrize("results", [True, False])
def test_the_index_of_words_goes_with_the_page_of_results_only(results):
    names = ["../_static/searchtools.js", "language_data.js", "../searchindex.js"]
    names.append("_static/sphinx_highlight.js?v=dc90")
    scripts = "".join(f'<script src="{name}"></script>' for name in names)
    page = f'<div id="search-results"></div>{scripts}' if results else scripts
    found = pages.repaired(page + "<script src='mine.js'></script>")
    assert found.count("<script") == (5 if results else 1)


def test_a_repaired_page_needs_no_repair():
    page = (
        f'{SCRIPT}{MATHJAX}<i class="fas fa-file"></i><button class="btn '
        'search-button-field" title="Search" aria-label="Search"></button>'
        '<summary aria-label="Toggle hidden content"><p>Show</p></summary>'
        '<div class="citation" id="id1" role="doc-biblioentry"></div>'
        '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
    )
    better = pages.repaired(page)
    assert 'aria-label="Search Ctrl+K"' in better and "<summary><p>" in better
    assert 'role="listitem"' in better and "doc-biblioentry" not in better
    assert better.endswith("needs JavaScript.</p></noscript>")
    assert pages.repaired(better) == better


VIEW = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
STATE = '<script type="application/vnd.jupyter.widget-state+json">{}</script>'


def test_without_scripts_a_widget_has_at_least_its_title():
    make = partial(Convolution, data_of("Convolution"))
    shown, other = make(), make()
    state = dependency_state([shown], drop_defaults=False)
    state = embed_data([shown], state=state)["manager_state"]
    known, unknown = (
        VIEW.format(json.dumps({"model_id": one.model_id})) for one in (shown, other)
    )
    found = pages.repaired(known + unknown + STATE.format(json.dumps(state)))
    assert re.findall("<noscript><p>(.*?)</p></noscript>", found) == [
        "“What a convolution costs” needs JavaScript.",
        "This picture needs JavaScript.",
    ]


@pytest.mark.parametrize("name", MAKE)
def test_the_title_of_each_widget_is_found(name):
    assert pages.TITLE.search(getattr(widgets, name)._esm)


def test_every_script_of_the_book_is_loaded():
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    sphinx = config["sphinx"]["config"]
    listed = [*sphinx["html_js_files"], *sphinx["nb_ipywidgets_js"]]
    scripts = (ROOT / "book" / "assets").glob("*.js")
    assert sorted(listed) == sorted(script.name for script in scripts)


def test_an_unknown_icon_is_a_warning_with_its_page(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(pages, "logging", logging)  # Sphinx's has handlers of its own
    page = '<i class="fa-solid fa-no-such-thing"></i>'
    (tmp_path / "a.html").write_text(page, "utf-8")
    (tmp_path / "b.html").write_text('<i class="fas fa-file"></i>', "utf-8")
    pages.repair_all(tmp_path)
    assert "a.html: the theme has no icon for class='fa-solid" in caplog.text
    assert "<svg" in (tmp_path / "b.html").read_text("utf-8")


def test_the_folder_opens_with_a_page_that_leads_to_the_first(tmp_path):
    config = SimpleNamespace(root_doc="book/start", html_title="A <title>")
    pages.write_index(tmp_path, config)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and 'url=book/start.html"' in page
    assert '<a href="book/start.html">A &lt;title&gt;</a>' in page


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [("html", None, True), ("latex", None, False), ("html", ValueError(), False)],
)
def test_only_pages_that_were_built_are_finished(kind, error, done, tmp_path):
    (tmp_path / "a.html").write_text('<i class="fas fa-file"></i>', "utf-8")
    unused = tmp_path / "_static" / "theme.css.map"
    unused.parent.mkdir()
    unused.touch()
    app = SimpleNamespace(
        builder=SimpleNamespace(format=kind),
        outdir=tmp_path,
        config=SimpleNamespace(root_doc="start", html_title="A title"),
    )
    pages.finish(app, error)
    assert (tmp_path / "index.html").exists() == done
    assert unused.exists() != done
    assert ("<svg" in (tmp_path / "a.html").read_text("utf-8")) == done


def test_the_book_carries_no_icon_script_and_no_map(tmp_path):
    unused = ["scripts/fontawesome.js", "scripts/fontawesome.js.map"]
    unused += ["vendor/fontawesome/6.5.2/js/all.min.js", "styles/theme.css.map"]
    used = ["scripts/bootstrap.js", "vendor/fontawesome/6.5.2/webfonts/fa.woff2"]
    for name in unused + used:
        path = tmp_path / "_static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    pages.drop_unused(tmp_path)
    left = [p for p in (tmp_path / "_static").rglob("*") if p.is_file()]
    assert sorted(left) == sorted(tmp_path / "_static" / name for name in used)


FORMULA = '<span class="math notranslate nohighlight">\\(a = 0\\)</span>'


def test_what_is_read_as_one_is_not_broken():
    page = "<p>A 3 × 3 kernel, 1 × 1 × 5: 84 % ± 0.4, γ = 0, a = b</p>"
    kept = "<p>A 3~×~3 kernel, 1~×~1~×~5: 84~% ±~0.4, γ =~0, a = b</p>"
    assert pages.tied(page) == kept.replace("~", "\u00a0")
    assert pages.tied("<p>56\n× 56, 84\n%</p>") == "<p>56\u00a0×\u00a056, 84\u00a0%</p>"


@pytest.mark.parametrize(
    "page",
    [
        "<pre>x = 3 × 3</pre>",
        "<code>x = 3</code>",
        "<script>x = 3;</script><style>a { width: 3 % }</style>",
        '<a title="3 × 3"><title>3 × 3</title></a>',
        FORMULA,
        '<div class="math notranslate">\\[a = 0\\]</div>',
    ],
)
def test_code_formulas_and_tags_keep_their_spaces(page):
    assert pages.tied(page) == page


def test_a_formula_keeps_its_full_stop_and_its_bracket():
    whole = '<span class="rl-whole">{}</span>'
    page = f"<p>{FORMULA}, then ({FORMULA}). And {FORMULA} alone.</p>"
    kept = (
        f"<p>{whole.format(FORMULA + ',')} then {whole.format(f'({FORMULA}).')} "
        f"And {FORMULA} alone.</p>"
    )
    assert pages.repaired(page) == kept
    assert pages.repaired(kept) == kept


def test_an_asset_that_changed_alone_is_copied(tmp_path):
    """Sphinx copies assets where it reads a page, so there must be one to read."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "out").mkdir()
    style, page = tmp_path / "assets" / "book.css", tmp_path / "out" / "intro.html"
    style.touch()
    config = SimpleNamespace(root_doc="intro", html_static_path=["assets"])
    app = SimpleNamespace(confdir=tmp_path, outdir=tmp_path / "out", config=config)

    def again():
        return pages.read_again(app, None, set(), set(), set())

    assert again() == []  # nothing was built before: each page is read
    page.touch()
    os.utime(style, (1000, 1000))
    assert again() == []
    os.utime(style, (2e9, 2e9))
    assert again() == ["intro"]

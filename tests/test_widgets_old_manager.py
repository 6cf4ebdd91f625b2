"""Every widget live in the widget manager of ipywidgets 7.7.1, which Colab has.

The manager's own code runs in Chromium (vendor/jupyter-widgets-base) with the anywidget
script of the installed package. Here, Python is the kernel: what a widget sends goes to
the page, what the page sends goes to the widget.
"""

from importlib.resources import files
from pathlib import Path

import comm
import pytest
import torch
from comm.base_comm import BaseComm
from selenium.webdriver.common.keys import Keys

from resnet_lessons import probes, widgets
from resnet_lessons.widgets.base import need
from widget_data import depth_data
from widget_knobs import SEEN, ways
from widget_looks import inside, text
from widget_registry import MAKE, data_of

pytestmark = pytest.mark.browser

BASE = Path(__file__).parent / "vendor" / "jupyter-widgets-base" / "base.js"
ANYWIDGET = files("anywidget") / "nbextension" / "index.js"
PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>Live</title><link rel="icon" href="data:,"></head><body><main></main>
<script src="base.js"></script>
<script>window.define = (needs, make) => { window.anywidget = make(widgetsBase); };
</script><script src="anywidget.js"></script></body></html>"""
MANAGER = """
const modules = { '@jupyter-widgets/base': widgetsBase, anywidget: window.anywidget };
class Manager extends widgetsBase.ManagerBase {
  loadClass(name, module) { return Promise.resolve(modules[module][name]); }
  _get_comm_info() { return Promise.resolve({}); }
  _create_comm() { return Promise.reject('only the kernel opens comms here'); }
}
class Comm {
  constructor(id) { this.comm_id = id; }
  on_msg(hear) { this.hear = hear; }
  on_close() {}
  close() {}
  send(data) { toKernel.push({ comm_id: this.comm_id, data }); return 'id'; }
}
window.toKernel = [];
const manager = new Manager(), comms = {};
window.fromKernel = async ({ msg_type, content, metadata }) => {
  const id = content.comm_id;
  if (msg_type === 'comm_open') {
    comms[id] = new Comm(id);
    await manager.handle_comm_open(comms[id], { content, metadata, buffers: [] });
  } else await comms[id].hear({ content, metadata, buffers: [] });
};
window.show = async (id) => {
  const view = await manager.create_view(await manager.get_model(id));
  document.querySelector('main').append(view.el);
  view.trigger('displayed');
};
"""


SENT, COMMS = [], {}  # what Python sent and the page has not; comms by their id


class Wire(BaseComm):
    """A comm whose messages wait in SENT until they are carried to the page."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **_keys):
        assert not buffers  # our widgets send plain JSON
        if msg_type == "comm_close":  # of a widget of another test, thrown away
            return
        COMMS[self.comm_id] = self
        content = {"comm_id": self.comm_id, "data": data}
        SENT.append({"msg_type": msg_type, "content": content, "metadata": metadata})


class Live:
    """A widget whose two halves, in Python and in the page, talk through `carry`."""

    def __init__(self, browser, folder, make):
        (folder / "base.js").write_text(BASE.read_text("utf-8"), "utf-8")
        (folder / "anywidget.js").write_text(ANYWIDGET.read_text("utf-8"), "utf-8")
        (folder / "page.html").write_text(PAGE, "utf-8")
        self.page = browser
        browser.open((folder / "page.html").as_uri())
        assert browser.js("return widgetsBase.JUPYTER_WIDGETS_VERSION") == "1.2.0"
        browser.js(MANAGER)
        COMMS.clear(), SENT.clear()
        self.widget = make()
        self.carry()
        browser.js("return window.show(arguments[0])", self.widget.model_id)
        browser.wait("document.querySelectorAll('.rl-inner').length === 1")

    def carry(self):
        """Bring all messages to where they are sent, until there are none."""
        while SENT or self.page.js("return toKernel.length"):
            while SENT:
                self.page.js("return fromKernel(arguments[0])", SENT.pop(0))
            for message in self.page.js("return toKernel.splice(0)"):
                COMMS[message["comm_id"]].handle_msg(
                    {"content": message, "buffers": []}
                )


@pytest.fixture
def live(browser, tmp_path, monkeypatch):
    """Makes a widget live; the page's console and its requests are clean afterwards."""
    monkeypatch.setattr(comm, "create_comm", Wire)
    yield lambda make: Live(browser, tmp_path, make)
    assert browser.errors() == []
    assert browser.outside() == []


@pytest.mark.parametrize("name", MAKE)
def test_a_widget_is_drawn_and_its_controls_change_it(browser, live, name):
    live(lambda: getattr(widgets, name)(data_of(name)))
    first, controls = browser.js(SEEN), inside(browser, 0, ".rl-control")
    assert controls
    for k in range(len(controls)):
        way, there, back = next(iter(ways(browser, k)))
        there()
        assert browser.js(SEEN) != first, way
        back()


BATCH = torch.rand(8, 1, 8, 8), torch.arange(8)


def ask(live, depth):
    """Type a depth into the field, press Enter; the messages go to and fro."""
    (field,) = inside(live.page, 0, "input[type=number]")
    field.clear()
    field.send_keys(str(depth), Keys.ENTER)
    live.carry()


def test_the_kernel_answers_for_any_depth_or_says_why_not(browser, live):
    def kernel(depth):
        need(depth != 110, "Not today.")
        return probes.before_training(depth, 4, *BATCH)

    shown = live(lambda: widgets.DepthAndSkip(depth_data(), ask=kernel))
    ask(shown, 26)
    rows = text(browser, 0, ".depth-asked .depth-on td")
    count = kernel(26)["residual"]["parameters"]
    assert rows[5:8] == ["26", "with", f"{count:,}"]
    ask(shown, 110)
    assert text(browser, 0, ".depth-said") == ["Not today."]

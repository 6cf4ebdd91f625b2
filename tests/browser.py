"""A real Chromium for the tests: offline, its console and its requests kept.

A test file marks its tests `browser`; the fixture of that name is one Chromium for all
of a process. Where Chromium or its driver is missing the tests are skipped, and the
reason says so; with REQUIRE_BROWSER=1 they fail instead.
"""

import json
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
HARMLESS = (
    "invalid theme mode",  # the theme
    "/favicon.ico - Failed to load resource",  # Chromium asks each new host for one
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}  # CSS px
# A tablet, a small phone, and a desktop's window in which all is four times as large.
OTHER_SIZES = {"tablet": (744, 1133), "small": (320, 640), "zoomed": (320, 256)}


def missing(reason):
    """Skip, or fail where a browser is required; `reason` says what to do."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, but {reason}", pytrace=False)
    pytest.skip(f"BROWSER TESTS NOT RUN: {reason}")


class Browser:
    """One Chromium window: opens pages and tells what happened on them."""

    def __init__(self, driver):
        self.driver = driver
        self.js = driver.execute_script
        self.asked = []

    def look(self, size="desktop", dark=False, calm=True, media="", forced=False):
        """Set the window (a key of SIZES or OTHER_SIZES), the scheme, reduced motion,
        the medium, and whether the system forces its few colours.
        """
        width, height = (SIZES | OTHER_SIZES)[size]
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": width < 600,
            },
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if calm else ""}
        colours = {"name": "forced-colors", "value": "active" if forced else "none"}
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"media": media, "features": [scheme, motion, colours]},
        )

    def open(self, url, size="desktop", dark=False, calm=True, forced=False):
        """Open a page afresh; nothing that was done to earlier pages reaches it."""
        self.js("try { localStorage.clear(); sessionStorage.clear(); } catch {}")
        self.driver.get("about:blank")
        self.look(size, dark, calm, forced=forced)
        ActionChains(self.driver).reset_actions()  # lets go of keys and buttons
        self.driver.get_log("browser"), self.driver.get_log("performance")
        self.asked = []
        self.driver.get(url)

    def wait(self, script, seconds=10):
        """Wait until the JavaScript expression `script` is true; return its value."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.05)
        return waiting.until(lambda d: d.execute_script(f"return {script}"), script)

    def errors(self):
        """Errors of the console since `open`, but for the theme's harmless ones."""
        log = [e for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        texts = [entry["message"] for entry in log]
        return [text for text in texts if not any(h in text for h in HARMLESS)]

    def outside(self):
        """Addresses asked of any other host since `open`."""
        return [url for url in self.requests() if is_outside(url)]

    def requests(self):
        """Every address asked since `open`, in order."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.asked.append(message["params"]["url"])
        return self.asked

    def sideways(self):
        """How many px the page can be scrolled sideways; 0 where all fits."""
        page = "document.documentElement"
        return self.js(f"return {page}.scrollWidth - {page}.clientWidth")


def is_outside(url):
    """Whether `url` needs a host that is not this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and (
        parts.hostname != "127.0.0.1"
    )


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


@contextmanager
def serving(folder):
    """Serve `folder` on the loopback; yields its address, without a last slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def programs():
    """(Chromium, its driver), or None where one of them is missing."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    chromedriver = shutil.which("chromedriver")
    return (found, chromedriver) if found and chromedriver else None


@contextmanager
def chromium():
    """Start Chromium with a fresh profile; skips or fails where there is none."""
    if not programs():
        missing("no Chromium with chromedriver is here: install both")
    program, chromedriver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options, Service(chromedriver))
        try:
            yield Browser(driver)
        finally:
            driver.quit()

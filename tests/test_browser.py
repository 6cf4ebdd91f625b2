"""`Browser.open` undoes what a test before, even one that failed, did to the window."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser

PAGE = """<!DOCTYPE html><html lang="en"><title>A page</title>
<link rel="icon" href="data:,"><style>button:hover { color: rgb(1, 2, 3) }</style>
<button style="position: absolute; left: 100px; top: 100px">Press</button>
<script>
  window.moved = []; window.typed = [];
  addEventListener('pointermove', event => moved.push(event.buttons));
  addEventListener('keydown', event => typed.push(event.shiftKey));
</script></html>"""
STATE = """
const is = query => matchMedia(query).matches;
return { width: innerWidth, print: is('print'),
  dark: is('(prefers-color-scheme: dark)'),
  still: is('(prefers-reduced-motion: reduce)'),
  colour: getComputedStyle(document.querySelector('button')).color,
  kept: localStorage.length, session: sessionStorage.length,
  theme: document.documentElement.dataset.theme ?? null };
"""


@pytest.fixture
def address(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE, "utf-8")
    return page.as_uri()


def state(browser):
    """What a page finds, and what moving the mouse and typing tell it."""
    found = browser.js(STATE)
    button = browser.driver.find_element(By.CSS_SELECTOR, "button")
    ActionChains(browser.driver).move_to_element(button).send_keys("a").perform()
    return found | browser.js("return { buttons: moved.at(-1), shift: typed.at(-1) }")


def spoil(browser):
    """Leave the window as a test may that fails in its middle."""
    browser.look("phone", dark=True, calm=False, media="print")
    browser.js(
        "localStorage.mode = sessionStorage.mode = 'dark';"
        "document.documentElement.dataset.theme = 'dark'; console.error('lost')"
    )
    button = browser.driver.find_element(By.CSS_SELECTOR, "button")
    ActionChains(browser.driver).key_down(Keys.SHIFT).click_and_hold(button).perform()


def test_a_page_that_is_opened_knows_nothing_of_the_page_before(browser, address):
    browser.open(address)
    fresh = state(browser)
    assert fresh == {
        "width": 1280, "print": False, "dark": False, "still": True,
        "colour": "rgb(0, 0, 0)", "kept": 0, "session": 0, "theme": None,
        "buttons": 0, "shift": False,
    }  # fmt: skip
    spoil(browser)
    changed = browser.js(STATE) | state(browser)
    assert [key for key, value in fresh.items() if changed[key] == value] == []
    browser.open(address)
    assert state(browser) == fresh
    assert browser.errors() == [] == browser.outside()

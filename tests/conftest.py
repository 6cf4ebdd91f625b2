"""What tests share: one thread for each process, one Chromium, one way to a page."""

import os

import pytest

# Tests train tiny nets: one thread each is faster than waiting for a second.
os.environ.setdefault("OMP_NUM_THREADS", "1")
pytest.register_assert_rewrite("wrong_answers")  # what it finds is shown


@pytest.fixture(scope="session")
def browser():
    """One Chromium for this process; skips or fails where there is none.

    `Browser.open` undoes what tests before did to it.
    """
    from browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def page(browser, shown, tmp_path):
    """A page with what the file's fixture `shown` gives, a widget or a list of them:
    drawn, opened from a file; its console and its requests are clean afterwards.
    """
    from widget_page import open_page

    yield open_page(browser, tmp_path, shown)
    assert browser.errors() == []
    assert browser.outside() == []

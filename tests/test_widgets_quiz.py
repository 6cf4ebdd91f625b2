"""DiffQuiz in a real Chromium: picking, checking, what the answer shows."""

from itertools import groupby

import pytest
from selenium.webdriver.common.keys import Keys

from widget_looks import inside, said, text
from widget_page import open_page, slide
from widget_registry import widget

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shown():
    return widget("DiffQuiz")


def pick(page, kind, index):
    inside(page, 0, f".quiz-of-{kind} input[value='{index}']")[0].click()


def press(page, which):
    inside(page, 0, f".quiz-{which}")[0].click()


def verdict(page):
    (sentence,) = text(page, 0, ".quiz-verdict")
    return sentence


def answered(page):
    return inside(page, 0, ".quiz-answer")[0].is_displayed()


@pytest.mark.parametrize("number", range(4))
def test_the_broken_code_is_shown_line_by_line(page, shown, number):
    slide(page, 0, number)
    question = shown.data["questions"][number]
    every = [line for mark, line in question["rows"] if mark != "+"]
    lines = [line for line in every if line.strip()]  # an empty one is no choice
    codes = page.js(
        "return [...document.querySelectorAll('.quiz-of-line .quiz-code')]"
        ".map(node => [node.textContent, node.style.getPropertyValue('--indent')])"
    )
    for line, (code, indent) in zip(lines, codes, strict=True):
        assert code.strip() == line.strip()
        assert indent == f"{len(line) - len(line.lstrip())}ch"
    assert text(page, 0, ".quiz-number") == [
        str(n) for n, line in enumerate(every, 1) if line.strip()
    ]
    assert text(page, 0, ".quiz-empty") == [
        str(n) for n, line in enumerate(every, 1) if not line.strip()
    ]
    assert text(page, 0, ".quiz-effect") == question["effects"]
    assert question["origin"] in text(page, 0, ".quiz-origin")[0]
    assert text(page, 0, "output") == [f"{number + 1} of 4"]
    assert not answered(page)


def test_indentation_is_drawn(page):
    """Code starts further right where Python has more spaces."""
    lefts = page.js(
        "return [...document.querySelectorAll('.quiz-of-line .quiz-code')].map(node =>"
        "{ const all = document.createRange(); all.selectNodeContents(node);"
        " return [node.style.getPropertyValue('--indent'),"
        " all.getBoundingClientRect().left]; })"
    )
    steps = {float(indent[:-2]): left for indent, left in lefts}
    assert steps[0] < steps[4] < steps[8]
    assert steps[8] - steps[4] == pytest.approx(steps[4] - steps[0], abs=2)


@pytest.mark.parametrize("number", range(4))
def test_each_line_that_counts_is_accepted_with_the_right_effect_only(
    page, shown, number
):
    slide(page, 0, number)
    question = shown.data["questions"][number]
    wrong = question["wrong"]
    other = 0 if 0 not in wrong else 3
    false = (question["right"] + 1) % len(question["effects"])
    press(page, "check")
    assert "Pick a line and an effect first: the line" in verdict(page)
    pick(page, "line", other)
    press(page, "check")
    assert "the effect is missing" in verdict(page)
    pick(page, "effect", false)
    press(page, "check")
    assert f"not line {other + 1}. And it does something else" in verdict(page)
    pick(page, "effect", question["right"])
    press(page, "check")
    assert f"not line {other + 1}. The effect is right" in verdict(page)
    pick(page, "line", wrong[0])
    pick(page, "effect", false)
    press(page, "check")
    assert f"It is line {wrong[0] + 1}, but it does something else" in verdict(page)
    assert not answered(page)
    for line in wrong:
        pick(page, "line", line)
        pick(page, "effect", question["right"])
        press(page, "check")
        assert verdict(page).startswith(f"Right. {question['title']}.")
        assert answered(page)
    assert "You have found this one. Found 1 of 4." in said(page)


@pytest.mark.parametrize("number", range(4))
def test_the_answer_shows_the_repair_and_what_was_measured(page, shown, number):
    slide(page, 0, number)
    press(page, "show")
    question = shown.data["questions"][number]
    assert verdict(page).startswith(f"The answer: {question['title']}.")
    for mark, look in (("-", "taken-out"), ("+", "put-in")):
        lines = [line.strip() for m, line in question["rows"] if m == mark]
        assert text(page, 0, f".quiz-{look} code") == lines
    changed = [mark != " " for mark, line in question["rows"] if line.strip()]
    near = [any(changed[max(0, i - 1) : i + 2]) for i in range(len(changed))]
    pieces = [key for key, _ in groupby(near) if key]
    assert len(inside(page, 0, ".quiz-gap")) == len(pieces) - 1
    assert question["why"].replace("`", "") == text(page, 0, ".quiz-why")[0]
    plain = [[w.replace("`", "") for w in sign] for sign in question["signs"]]
    cells = text(page, 0, ".quiz-what")[1:], text(page, 0, ".quiz-value")[2:]
    assert cells[0] == [what for what, _, _ in plain]
    assert cells[1] == [word for _, *pair in plain for word in pair]
    (seen,) = text(page, 0, ".quiz-caught")
    assert all(name in seen for name in question["caught"])
    assert ("None of the tests" in seen) == (not question["caught"])
    assert "Found 0 of 4." in said(page)  # shown, not found


def test_picks_and_answers_stay_when_one_goes_on_and_comes_back(page, shown):
    question = shown.data["questions"][0]
    pick(page, "line", question["wrong"][0])
    pick(page, "effect", question["right"])
    press(page, "check")
    slide(page, 0, 1)
    assert not answered(page) and verdict(page) == ""
    assert inside(page, 0, "input:checked") == []
    slide(page, 0, 0)
    assert answered(page)
    assert "You have found this one. Found 1 of 4." in said(page)
    assert len(inside(page, 0, "input:checked")) == 2


def test_all_can_be_done_with_the_keyboard(page, shown):
    question = shown.data["questions"][0]
    for kind, wanted in (("line", question["wrong"][0]), ("effect", question["right"])):
        first = inside(page, 0, f".quiz-of-{kind} input")[0]
        first.send_keys(Keys.SPACE)
        values = [
            n.get_attribute("value") for n in inside(page, 0, f".quiz-of-{kind} input")
        ]
        for _ in range(values.index(str(wanted))):
            page.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert verdict(page).startswith("Right.")


def test_two_quizzes_on_a_page_do_not_share_their_picks(browser, shown, tmp_path):
    open_page(browser, tmp_path, [shown, shown])
    for which, line in ((0, 4), (1, 5)):
        inside(browser, which, f".quiz-of-line input[value='{line}']")[0].click()
    for which, line in ((0, 4), (1, 5)):
        (one,) = inside(browser, which, ".quiz-of-line input:checked")
        assert one.get_attribute("value") == str(line)


def test_lines_groups_and_the_answer_have_names(page):
    press(page, "show")
    assert inside(page, 0, "[role=table]")[0].accessible_name == "Measured"
    assert "line 1: class ResBlock" in inside(page, 0, ".quiz-of-line input")[
        0
    ].get_attribute("aria-label")
    groups = [node.accessible_name for node in inside(page, 0, "fieldset")]
    assert groups == ["Which line?", "What does it do?"]


def test_what_is_said_reaches_a_screen_reader(page):
    press(page, "check")
    page.wait("document.querySelector('.rl-live').textContent.includes('Pick a line')")

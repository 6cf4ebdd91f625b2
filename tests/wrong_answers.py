"""Wrong answers to exercises, and what their check says of them; and right ones."""

import math
from statistics import mean

import pytest
import torch

from resnet_lessons import checks
from resnet_lessons.checks.exercise import find

ANSWERS = {exercise.id: exercise.answer for exercise in checks.exercises()}


def hint_of(identifier, answer):
    """The hint of the first expectation that fails."""
    report = checks.check(identifier, answer)
    assert report.attempted and not report.passed
    *held, failed = report.messages
    assert all(message.passed for message in held) and not failed.passed
    return failed.hint


def passes(identifier, answer):
    """Another right answer."""
    report = checks.check(identifier, answer)
    assert report.passed, report


def edited(identifier, *edits):
    """The reference answer with pieces of its code replaced."""
    exercise = find(identifier)
    code = exercise.solution
    for old, new in edits:
        assert old in code, old
        code = code.replace(old, new)
    namespace = {"torch": torch, "math": math, "mean": mean}
    exec(compile(code, "<answer>", "exec"), namespace)
    return namespace[exercise.name]


def explained(identifier, cases):
    """A test that each wrong answer, a list of edits or a function, gets its hint."""

    @pytest.mark.parametrize(("answer", "words"), cases)
    def test(answer, words):
        answer = edited(identifier, *answer) if isinstance(answer, list) else answer
        assert words in hint_of(identifier, answer)

    return test

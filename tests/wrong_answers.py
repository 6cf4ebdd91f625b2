"""Wrong answers to exercises, and what their check says of them."""

import math
from statistics import mean

import torch

from resnet_lessons import checks


def hint_of(identifier, answer):
    """The hint of the first expectation that fails."""
    report = checks.check(identifier, answer)
    assert report.attempted and not report.passed
    *held, failed = report.messages
    assert all(message.passed for message in held) and not failed.passed
    return failed.hint


def edited(identifier, *edits):
    """The reference answer with pieces of its code replaced."""
    (exercise,) = [e for e in checks.exercises() if e.id == identifier]
    code = exercise.solution
    for old, new in edits:
        assert old in code, old
        code = code.replace(old, new)
    namespace = {"torch": torch, "math": math, "mean": mean}
    exec(compile(code, "<answer>", "exec"), namespace)
    return namespace[exercise.name]

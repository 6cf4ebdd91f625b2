"""What a check says of an exception suits its kind."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from resnet_lessons import checks
from resnet_lessons.checks.expect import Expect, Unmet
from wrong_answers import hint_of


def without_value(*args):
    if not args:
        count = 0
    count += 1


def endless(x):
    return endless(x)


def growing(x):
    layers = nn.Sequential(nn.ReLU())
    for layer in layers:
        layers.append(layer)


KINDS = [
    (lambda x: x + torch.ones(7, 7, 7), "Print the shapes"),
    (lambda x: nn.BatchNorm2d(3)(x[0]), "Print the shapes"),
    (lambda x: x.mean((5, 6)), "Print the shapes"),
    (lambda x: [1, 2][2], "The index is too large"),
    (lambda x: nn.Sequential()[2], "The index is too large"),
    (lambda x: [].__setitem__(3, x), "The index is too large"),
    (lambda x: (1, 2).index(3), "Read what Python says"),
    (lambda x: x.detach().sum().backward(), "The graph is cut"),
    (without_value, "Give this name a value"),
    (lambda x: None + 1, "Something here is `None`"),
    (lambda x: [].append(1).mean(), "Something here is `None`"),
    (lambda x: x.averages, "has no such part"),
    (lambda x: x - (1, 2, 3), "print the types"),
    (lambda x: nn.Linear(4, 3 / 2), "whole numbers"),
    (lambda x: abs(x, 3, dim=2), "arguments of this call"),
    (lambda x: without_value.real(1), "Are brackets missing?"),
    (lambda x: [a for a in x.unique], "Are brackets missing?"),
    (endless, "calls itself without end"),
    (growing, "What is looped over grows"),
    (lambda x: nn.Conv2d(4, 4, 3, 1, 1, False)(x), "`bias=False` by name"),
    (lambda x: nn.Linear(2, 2).weight.mul_(2), "under `torch.no_grad()` only"),
    (lambda x: setattr(nn.Linear(2, 2), "weight", 0), "nn.init.zeros_"),
    (lambda x: nn.Sequential(nn.ReLU), "`nn.ReLU()` with brackets"),
    (lambda x: 1 / 0, "Read what Python says"),
    (lambda x: bool(x > 0) or torch.stack(3), "Read what Python says"),
]


@pytest.mark.parametrize(("answer", "words"), KINDS)
def test_the_advice_suits_the_kind_of_the_exception(answer, words):
    assert words in hint_of("03.1", answer)


def test_a_call_that_fails_outside_of_the_answer_is_compared_with_the_starter():
    assert "those of the starter" in hint_of("03.1", lambda: 0)


def test_a_hint_for_one_exception_is_not_given_for_another():
    expect = Expect()
    expect.trying("a net", errors=[("^IndexError", "three stages")])
    assert expect.errors == [("^IndexError", "three stages")] and not expect.hint
    expect.trying("a net", "for all")
    assert expect.errors == [("", "for all")] and expect.hint == "for all"
    expect.trying("a net")
    assert not expect.errors


@pytest.mark.parametrize("got", [[2, 3], torch.ones(2, 3).numpy()])
def test_what_is_no_tensor_is_told_so_where_a_shape_is_asked(got):
    expect = Expect()
    with pytest.raises(Unmet):
        expect.shape("the output", got, (2, 3), hint="Rows and columns.")
    assert expect.messages[0].hint == "Return a tensor of PyTorch."


FOLDER = Path(checks.__file__).parent
FILES = sorted(FOLDER.glob("*s_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_hint_has_no_markdown_but_code(path):
    """A report shows what stands between backticks as code, and knows nothing else."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [node.value for node in tree if isinstance(node, ast.Constant)]
    plain = [re.sub("`[^`]*`", "", text) for text in texts if isinstance(text, str)]
    assert not [text for text in plain if re.search(r"\*[a-z]+\*|\$", text)]

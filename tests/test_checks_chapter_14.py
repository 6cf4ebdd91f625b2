"""The checks of chapter 14 see each defect on its own, and give none of them away."""

import ast
import linecache
import math
from functools import partial
from itertools import chain, combinations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import checks
from resnet_lessons.checks import broken_14 as broken
from resnet_lessons.checks import chapter_14
from resnet_lessons.checks.expect import Expect, Unmet
from resnet_lessons.checks.judges_14 import Look, look_for_each
from resnet_lessons.checks.mistakes_14 import HINTS
from resnet_lessons.checks.mistakes_14_batches import EVALUATIONS
from wrong_answers import edited, explained, hint_of, passes

EXERCISES = {exercise.id: exercise for exercise in chapter_14.EXERCISES}
PROGRAMS = {  # exercise: its program, and the part that is the answer
    "14.1": ("block", "ResBlock"),
    "14.2": ("cifar", "Block"),
    "14.4": ("model", "resblock_net"),
    "14.5": ("pictures", "prepare"),
}
LOOKS = {  # defect: the key of the hint that names its symptom
    "stride-twice": "grid",
    "padding-fixed": "kernel",
    "activation-inside": "sum",
    "norm-after-sum": "zero",
    "shared-norm": "reuse",
    "batch-statistics": "company",
    "shortcut-by-stride": "widen",
    "no-head": "head",
    "one-conv": "two",
    "ignores-in-channels": "channels",
    "no-skip": "silent",
    "random-split": "folders",
    "not-normalised": "scale",
}


def defects(id):
    program, part = PROGRAMS[id]
    return [bug for bug in broken.bugs_of(program) if broken.BUGS[bug].part == part]


def subsets(id):
    """Every choice of defects but none."""
    ids = defects(id)
    sizes = (combinations(ids, size) for size in range(1, len(ids) + 1))
    return list(chain.from_iterable(sizes))


def answer_with(id, bugs):
    """The answer with these defects, and otherwise as it should be."""
    program, part = PROGRAMS[id]
    code = [chapter_14.IMPORTS[program], broken.source(program, part, *bugs)]
    line = "super().__init__()\n"
    touch = line if line in code[-1] else '"""\n'  # else it may be the starter
    place = " " * (12 if program == "model" else 8 if touch == line else 4)
    code[-1] = code[-1].replace(touch, f"{touch}{place}touched = True\n", 1)
    namespace = {}
    exec(compile("\n\n".join(code), "<answer>", "exec"), namespace)
    return namespace[part]


def left(id, answer):
    """The keys of the hints that the check gives."""
    report = checks.check(id, answer)
    assert report.attempted and not report.passed
    failed = [message for message in report.messages if not message.passed]
    assert all(message.got and message.expected for message in failed)
    keys = {text: key for key, text in HINTS.items()}
    return {keys[message.hint] for message in failed}


ALL = [(id, bugs) for id in PROGRAMS for bugs in subsets(id)]


@pytest.mark.parametrize(("id", "bugs"), ALL, ids=lambda value: "+".join(value))
def test_each_choice_of_defects_leaves_just_its_symptoms(id, bugs):
    assert left(id, answer_with(id, bugs)) == {LOOKS[bug] for bug in bugs}


@pytest.mark.parametrize("id", PROGRAMS)
def test_the_starter_has_all_defects_and_the_prompt_their_number(id):
    exercise = EXERCISES[id]
    bugs = defects(id)
    assert broken.source(*PROGRAMS[id], *bugs).strip() in exercise.starter
    words = ("no", "one", "two", "three", "four", "five")
    assert f"**{words[len(bugs)]}** defects" in " ".join(exercise.prompt.split())


def run_as_a_notebook(code, name):
    """Each statement by itself, as IPython does; the text is kept for `inspect`."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    namespace = {"__name__": "cell"}
    for statement in ast.parse(code).body:
        piece = ast.Module([statement], type_ignores=[])
        exec(compile(piece, name, "exec"), namespace)
    return namespace


@pytest.mark.parametrize("id", PROGRAMS)
def test_an_untouched_cell_of_a_notebook_is_not_attempted(id):
    exercise = EXERCISES[id]
    namespace = run_as_a_notebook(exercise.starter, f"<cell {id}>")
    assert not checks.check(id, namespace[exercise.name]).attempted
    place = exercise.starter.rindex("return ")
    touched = exercise.starter[:place] + "touched = 0; " + exercise.starter[place:]
    namespace = run_as_a_notebook(touched, f"<touched cell {id}>")
    assert checks.check(id, namespace[exercise.name]).attempted


@pytest.mark.parametrize("id", PROGRAMS)
def test_a_starter_whose_end_was_deleted_is_an_attempt(id):
    exercise = EXERCISES[id]
    functions = [
        node
        for node in ast.walk(ast.parse(exercise.starter))
        if isinstance(node, ast.FunctionDef)
    ]
    last = max(functions, key=lambda node: node.end_lineno).body[-1]
    lines = exercise.starter.splitlines(keepends=True)
    for end in (last.lineno - 1, last.lineno):  # without the last statement, or a part
        code = "".join(lines[:end])
        try:
            namespace = run_as_a_notebook(code, f"<cell {id}, {end} lines>")
        except SyntaxError:
            continue
        whole = end == last.end_lineno
        assert checks.check(id, namespace[exercise.name]).attempted != whole


@pytest.mark.parametrize("id", ["14.1", "14.2"])
def test_the_prompt_names_what_the_layers_must_be(id):
    assert "o convolution has a bias" in EXERCISES[id].prompt


def test_no_hint_says_in_which_line_a_defect_is():
    assert not [hint for hint in HINTS.values() if "line" in hint.split()]


@pytest.mark.parametrize("bug", LOOKS)
def test_no_hint_of_a_check_gives_the_repair_away(bug):
    pieces = [good.strip() for good, _ in broken.BUGS[bug].edits]
    assert not [p for p in pieces if any(p in hint for hint in HINTS.values())]


def test_every_hint_is_used():
    given = {"gamma", "layers", "output", "one scale", "labels", "pixels"}
    given |= {"classes", "fits", "gradient", "lighter"}
    assert set(HINTS) == set(LOOKS.values()) | given


# Repairs that are none ---------------------------------------------------------------

SUM = "F.leaky_relu(x + self.conv2(y))"
BLOCK = [
    ([(SUM, "F.leaky_relu(x + F.leaky_relu(self.conv2(y)))")], "sum"),
    ([(SUM, "x + self.conv2(y)")], "sum"),
    ([(SUM, "F.relu(x + self.conv2(y))")], "output"),
    ([(SUM, "F.leaky_relu(self.conv2(y))")], "sum"),
    ([("size // 2", "size - 1")], "grid"),
    ([("stride=1", "stride=2")], "grid"),
    ([("size // 2", "size // 3")], "kernel"),
    ([("y = F.leaky_relu(self.conv1(x))", "y = self.conv1(x)")], "output"),
    ([("bias=False", "bias=True")], "layers"),
    ([(SUM, "F.leaky_relu(x.detach() + self.conv2(y))")], "gradient"),
]


@pytest.mark.parametrize(("edits", "key"), BLOCK)
def test_block_that_is_half_repaired(edits, key):
    assert key in left("14.1", edited("14.1", *edits))


@pytest.mark.parametrize("padding", ['"same"', "(size - 1) // 2"])
def test_another_way_to_write_the_padding_passes(padding):
    passes("14.1", edited("14.1", ("size // 2", padding)))


def test_other_layers_are_told_apart():
    answer = edited("14.1", ("bias=False", "bias=True"))
    failed = checks.check("14.1", answer).messages[-1]
    assert "bias" in failed.got and "bias" not in failed.expected


def test_writing_into_x_is_told_as_such():
    answer = edited("14.1", (SUM, "F.leaky_relu(x.add_(self.conv2(y)))"))
    assert "Something writes into x" in hint_of("14.1", answer)


def test_one_convolution_is_no_repair():
    for line in ("self.conv1(y)", "y"):
        answer = edited("14.1", ("self.conv2(y)", line))
        assert "both convolutions belong to F" in hint_of("14.1", answer)


BN2 = "self.bn2(self.conv2(y)) + self.shortcut(x)"
CIFAR = [
    ([(BN2, "self.bn2(self.conv2(y) + self.shortcut(x))")], {"zero"}),
    ([(BN2, "self.bn1(self.conv2(y)) + self.shortcut(x)")], {"reuse"}),
    ([(BN2, "self.conv2(y) + self.shortcut(x)")], {"reuse"}),
    ([(BN2, "self.bn2(self.conv2(y))")], {"zero"}),
    ([("return F.relu(y)", "return y")], {"output"}),
    ([("y = F.relu(self.bn1(self.conv1(x)))", "y = self.bn1(self.conv1(x))")],
     {"output"}),
    ([("stride != 1 or in_channels != channels", "in_channels != channels")],
     {"widen"}),
    ([("stride != 1 or in_channels != channels", "True")], {"zero", "reuse"}),
    ([("in_channels != channels", "in_channels < channels")], {"widen"}),
    ([("norm = nn.BatchNorm2d(channels)", "norm = nn.Identity()")], {"layers"}),
    ([("norm = nn.BatchNorm2d(channels)",
       "norm = nn.BatchNorm2d(channels, track_running_stats=False)")], {"company"}),
    ([("stride, 1, bias=False", "stride, 1, bias=True")], {"layers"}),
    ([("channels, 3, 1, 1,", "channels, 3, stride, 1,")], {"widen"}),
    ([("nn.BatchNorm2d(channels)", "nn.GroupNorm(1, channels)")], {"reuse"}),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "keys"), CIFAR)
def test_basic_block_that_is_half_repaired(edits, keys):
    assert left("14.2", edited("14.2", *edits)) == keys


FOUND = "found = {size: accuracy(net, pictures, labels, size) for size in (1, 7, 50)}"
ASSERT = "assert max(found.values()) - min(found.values()) < 1e-6, found"
WRONG = "torch.arange(50) < 7"
TESTS = [
    ([("(1, 7, 50)", "(1, 5, 10, 50)")], "divides the number of pictures"),
    ([("(1, 7, 50)", "(50,)")], "There is one batch size only"),
    ([("(1, 7, 50)", "(50, 64)")], "takes all pictures in one batch. Try"),
    ([("(1, 7, 50)", "(1, 3, 7)")], "Add the size that takes all"),
    ([(WRONG, "torch.arange(50) < 0")], "finds the class of every picture"),
    ([(WRONG, "torch.arange(50) < 50")], "finds the class of no picture"),
    ([("(1, 7, 50)", "(5, 15, 50)"), (WRONG, "torch.arange(50) % 5 == 0")],
     "wrong pictures next to each other"),
    ([("1e-6", "0.2")], "The numbers differ, and the test does not fail"),
    ([("1e-6", "0.01"), ("(1, 7, 50)", "(7, 50)")], "and the test does not fail"),
    ([(ASSERT, "")], "The numbers differ, and the test does not fail"),
    ([("max(found.values())", "found[1]"), ("min(found.values())", "found[7]")],
     "The numbers differ, and the test does not fail"),
    ([(ASSERT, ASSERT.replace("assert", "return").removesuffix(", found"))],
     "A test returns no verdict"),
    ([(ASSERT, "if max(found.values()) > min(found.values()) + 1e-6: raise ValueError"
       "(found)")], "Here another error came instead"),
    ([(ASSERT, ASSERT.replace(", found", ", f'{found:.2f}'"))], "another error came"),
    ([("1e-6", "1e-12")], "differ by rounding alone"),
    ([(ASSERT, "assert found[1] == found[7] == found[50]")], "by rounding alone"),
    ([(ASSERT, "assert all(abs(share - 0.86) < 1e-6 for share in found.values())")],
     "with none that you know or expect"),
    ([(ASSERT, "assert False")], "The size changes nothing here"),
    ([(FOUND, "found = {1: 0.86}")], "Call `accuracy(net, pictures, labels, size)`"),
    ([("(net, pictures,", "(net, torch.rand(50, 10, 1, 1),")], "not the same in each"),
    ([("accuracy(net,", "accuracy(nn.Sequential(nn.Flatten(), nn.Linear(10, 10)),")],
     "the net says something else each time"),
    ([("    pictures = ", "    pictures = torch.rand(12, 10, 1, 1)  # "),
      ("torch.arange(50)", "torch.arange(12)"), ("(1, 7, 50)", "(5, 12)")],
     "chance decides"),
    ([("nn.Flatten()", "torch.flatten")], "a module such as `nn.Flatten()`"),
    ([("nn.Flatten()", "nn.Identity()")], "so `net(batch)` is (B, classes)"),
    ([("accuracy(net, pictures, labels, size)", "accuracy(net, pictures, labels[1:], "
       "size)")], "so `net(batch)` is (B, classes)"),
    ([("pictures, labels, size", "pictures.numpy(), labels, size")], "are tensors"),
    ([("pictures, labels, size", "[(pictures, labels)], size")], "are tensors"),
    ([("pictures, labels, size", "pictures[:0], labels[:0], size")], "is empty"),
    ([("(1, 7, 50)", "(0, 7, 50)")], "sizes from 1 on"),
]  # fmt: skip

test_a_test_that_is_none_is_explained = explained("14.3", TESTS)


def small(wrong, count=50):
    """A net, pictures, and labels of which the first are wrong."""
    labels = torch.arange(count) % 10
    said = (labels + (torch.arange(count) < wrong)) % 10
    return nn.Flatten(), F.one_hot(said, 10).float()[:, :, None, None], labels


def by_name(accuracy):
    net, pictures, labels = small(7)
    one = accuracy(net=net, pictures=pictures, labels=labels, batch_size=50)
    if not math.isclose(one, accuracy(net, pictures, labels, 8), abs_tol=1e-6):
        raise AssertionError("not the same")


def with_approx(accuracy):
    case = small(7)
    for size in (3, 7, 64):
        assert accuracy(*case, size) == pytest.approx(accuracy(*case, 1), abs=1e-6)
        assert accuracy(*case, size) == pytest.approx(accuracy(*case, 50), abs=1e-6)


def with_every_size(accuracy):
    case = small(4, 13)
    found = torch.tensor([accuracy(*case, size) for size in range(1, 14)])
    torch.testing.assert_close(found, found[:1].expand(13), rtol=0, atol=1e-6)


def with_a_net_of_its_own(accuracy):
    class Net(nn.Module):
        def forward(self, x):
            return x[:, :, 0, 0]

    _, pictures, labels = small(7)
    found = {round(accuracy(Net(), pictures, labels, n), 5) for n in (1, 7, 50)}
    assert len(found) == 1


def with_a_fresh_net(accuracy):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 10)]
    net, pictures = nn.Sequential(*layers), torch.rand(60, 1, 6, 6)
    labels = net.eval()(pictures).argmax(1)
    labels[:20] += 1
    found = [accuracy(net, pictures, labels, n) for n in (1, 7, 16, 60)]
    assert max(found) - min(found) < 1e-6


def with_a_seed(accuracy):
    draw = torch.Generator().manual_seed(3)
    pictures = torch.rand(100, 10, 1, 1, generator=draw)
    labels = torch.randint(10, (100,), generator=draw)
    found = [accuracy(nn.Flatten(), pictures, labels, n) for n in (1, 7, 30, 100)]
    assert max(found) - min(found) < 1e-6
    return True


def on_two_sets(accuracy):
    for wrong in (0, 7):
        found = [accuracy(*small(wrong), size) for size in (1, 7, 50)]
        assert max(found) - min(found) < 1e-6


OTHER_TESTS = [by_name, with_approx, with_every_size, with_a_net_of_its_own]
OTHER_TESTS += [with_a_fresh_net, with_a_seed, on_two_sets, partial(on_two_sets)]


@pytest.mark.parametrize("answer", OTHER_TESTS)
def test_another_test_of_batch_sizes_passes(answer):
    passes("14.3", answer)


def test_a_test_that_chance_helps_the_first_time_only():
    def sometimes(accuracy):
        calls.append(accuracy)
        if len(calls) % 20 == 0:
            accuracy(*small(7), 50)
        else:
            EXERCISES["14.3"].answer(accuracy)

    calls = []
    assert "chance decides" in hint_of("14.3", sometimes)
    assert len(calls) > 2 * len(EVALUATIONS)


def test_a_test_of_three_dots_is_not_attempted():
    assert not checks.check("14.3", lambda accuracy: ...).attempted


@pytest.mark.parametrize("evaluation", EVALUATIONS, ids=lambda one: one.what)
def test_an_evaluation_changes_with_the_size_or_not_as_it_is_said_to(evaluation):
    found = [evaluation.accuracy(*small(7), size) for size in (1, 7, 50)]
    assert (max(found) - min(found) > 1e-6) == evaluation.changes
    if evaluation.uneven:
        found = [evaluation.accuracy(*small(7), size) for size in (1, 5, 50)]
        assert found == pytest.approx([0.86] * 3)


@pytest.mark.parametrize("bug", ["no-eval", "no-grad", "test-augmented"])
def test_other_defects_are_not_the_business_of_the_reference(bug):
    EXERCISES["14.3"].answer(broken.load("evaluation", bug).accuracy)


def test_the_eight_of_the_page_do_not_see_the_last_batch():
    """As the prompt says; *same twice* is the one that gets an evaluation."""
    accuracy = broken.load("evaluation", "last-batch").accuracy
    case = small(7)
    assert accuracy(*case) == accuracy(*case)


def test_what_works_only_in_training_is_found():
    line = "y = F.relu(self.bn1(self.conv1(x)))"
    dropped = f"{line}\n        y = F.dropout(y, 0.5, self.training)"
    report = checks.check("14.2", edited("14.2", (line, dropped)))
    assert "only in training" in report.messages[-1].hint


def test_a_look_that_fails_without_words_leaves_the_others():
    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def fails():
        raise Unprintable

    expect = Expect()
    looks = [Look("grid", "one", fails), Look("sum", "two", lambda: (True, "", ""))]
    with pytest.raises(Unmet):
        look_for_each(expect, looks)
    assert [message.passed for message in expect.messages] == [False, True]
    assert "cannot be printed" in expect.messages[0].got


SKIP = "self.residual(x) + self.shortcut(x)"
HEAD = "nn.AdaptiveAvgPool2d(1), nn.Flatten()"
NET = [
    ([("            nn.init.zeros_(self.residual[-1][1].weight)", "#")], {"gamma"}),
    ([(SKIP, "self.residual(x)"),
      ("            nn.init.zeros_(self.residual[-1][1].weight)", "#")], {"gamma"}),
    ([(SKIP, "self.residual(x) - self.shortcut(x)")], {"silent"}),
    ([(HEAD, "nn.AdaptiveMaxPool2d(1), nn.Flatten()")], {"output"}),
    ([(HEAD, "nn.Flatten()")], {"head"}),
    ([(HEAD, "nn.Flatten()"), ("nn.Linear(widths[-1], ", "nn.LazyLinear(")], {"head"}),
    ([('make_shortcut("B"', 'make_shortcut("C"')], {"layers"}),
    ([('make_shortcut("B"', 'make_shortcut("A"')], {"layers"}),
    ([("out_channels, activation=None)", "out_channels)")], {"output"}),
    ([("residual[-1][1]", "residual[0][1]")], {"gamma"}),
    ([(SKIP, "self.residual(x) + x")], {"fits"}),
    ([("widths[-1], num_classes)", "widths[-1], 10)")], {"classes"}),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "keys"), NET)
def test_net_that_is_half_repaired(edits, keys):
    assert left("14.4", edited("14.4", *edits)) == keys


SCALE = "mean, std = pictures[training].mean(), pictures[training].std()"
BOTH = "pictures = (pictures - mean) / std"
DATA = [
    ([(SCALE, "mean, std = pictures.mean(), pictures.std()")], {"scale"}),
    ([(SCALE, "mean, std = 0.5, 0.5")], {"scale"}),
    ([(BOTH, "pictures = pictures - mean")], {"scale"}),
    ([(BOTH, "pictures = (mean - pictures) / std")], {"lighter"}),
    ([("pictures[training].std()", "pictures[training].std((1, 2)).mean()")],
     {"scale"}),
    ([('folder == "train"', 'folder == "val"')], {"folders"}),
    ([("valid = pictures[~training]", "valid = (pictures * 2)[~training]")],
     {"one scale"}),
    ([("valid = pictures[~training]", "valid = images[~training].float()")],
     {"one scale"}),
    ([("labels[training]", "labels[training].flip(0)")], {"labels"}),
    ([("labels[~training]", "labels[~training].roll(1)")], {"labels"}),
    ([(SCALE, "t = pictures[training]; mean, std = t.mean(0), t.std(0)")], {"pixels"}),
    ([(SCALE, "flat = pictures.flatten(1)[..., None]; "
       "mean, std = flat.mean(1, True), flat.std(1, keepdim=True)")], {"pixels"}),
    ([("train = pictures[training], labels[training]",
       "n = 30; train = pictures[training][:n], labels[training][:n]")], None),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "keys"), DATA)
def test_split_that_is_half_repaired(edits, keys):
    answer = edited("14.5", *edits)
    if keys is None:  # pictures are lost: the first expectation says so
        assert "60 pictures in all" in hint_of("14.5", answer)
    else:
        assert left("14.5", answer) == keys


def test_a_list_that_is_compared_as_a_whole_is_named():
    line = 'torch.tensor([folder == "train" for folder in folders])'
    answer = edited("14.5", (line, 'torch.tensor(folders == "train")'))
    assert "one `False`" in hint_of("14.5", answer)


def test_what_was_given_may_be_used_up():
    """The check looks at its own pictures and folders, not at what is left of them."""
    edits = [("return train, valid", "images.zero_(); folders.clear()\n"
              "    return train, valid")]  # fmt: skip
    passes("14.5", edited("14.5", *edits))


def test_other_parts_are_told_by_their_shapes():
    answer = edited("14.5", (BOTH, "pictures = ((pictures - mean) / std)[:, None]"))
    assert "shape 40×1×5×4" in checks.check("14.5", answer).messages[-1].got


def test_each_set_normalised_by_itself_is_named():
    edits = [
        ("return train, valid",
         "v = valid[0]; return train, ((v - v.mean()) / v.std(), valid[1])"),
    ]  # fmt: skip
    assert left("14.5", edited("14.5", *edits)) == {"one scale"}

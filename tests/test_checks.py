"""The checks behave: on right, wrong, empty, endless and hostile answers alike."""

import random
import re
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from resnet_lessons import checks
from resnet_lessons.checks import limits, runfile
from resnet_lessons.checks.expect import Expect, Unmet
from resnet_lessons.errors import LessonError, UsageError

ALL = checks.exercises()
FUNCTIONS = [exercise for exercise in ALL if exercise.id != "07.1"]


def name_of(exercise):
    return exercise.id


def defined(code, name):
    """Run code as a notebook cell would, and return one of its names."""
    namespace = {"__name__": "cell"}
    exec(compile(code, "<cell>", "exec"), namespace)
    return namespace[name]


@pytest.fixture
def hurry(monkeypatch):
    """A short limit, so that the endless answers end soon."""
    monkeypatch.setattr(limits, "SECONDS", 0.5)


# What an exercise is ---------------------------------------------------------------


def test_exercises_come_in_the_order_of_the_book():
    ids = [exercise.id for exercise in ALL]
    assert ids == sorted(set(ids))
    assert {"03.1", "03.2", "03.3", "07.1", "07.2", "07.3"} <= set(ids)
    assert all(re.fullmatch(r"(\d\d|[A-Z])\.\d", id) for id in ids)
    assert {type(exercise.chapter) for exercise in ALL} == {int, str}
    homes = [f"{exercise.chapter}".zfill(len(exercise.id) - 2) for exercise in ALL]
    assert homes == [exercise.id[:-2] for exercise in ALL]


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
def test_exercise_is_complete(exercise):
    assert exercise.title and len(exercise.hints) >= 2
    assert f"`{exercise.name}" in exercise.prompt
    defined(exercise.starter, exercise.name)  # runs as it is


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
def test_no_line_of_a_prompt_cuts_a_formula_into_a_list(exercise):
    inline = re.sub(r"\$\$.+?\$\$", "", exercise.prompt, flags=re.DOTALL)
    for formula in re.findall(r"\$[^$]+\$", inline):
        assert not re.search(r"^\s*[-+*] ", formula, re.MULTILINE), formula


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
def test_solution_passes(exercise):
    report = checks.check(exercise.id, defined(exercise.solution, exercise.name))
    assert report.passed, report
    assert all(message.tried for message in report.messages)


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
def test_untouched_starter_is_not_attempted(exercise):
    report = checks.check(exercise.id, defined(exercise.starter, exercise.name))
    assert (report.attempted, report.passed) == (False, False)
    assert "not attempted yet" in str(report)


def test_starter_with_another_docstring_is_not_attempted():
    code = 'def global_average_pool(x):\n    "mine"\n    raise NotImplementedError\n'
    report = checks.check("03.1", defined(code, "global_average_pool"))
    assert not report.attempted and "line 3" in str(report)


@pytest.mark.parametrize("answer", [..., lambda x: ...])
def test_ellipsis_is_not_attempted(answer):
    assert not checks.check("03.1", answer).attempted


def test_changed_number_in_a_starter_is_an_attempt():
    (exercise,) = [exercise for exercise in ALL if exercise.id == "03.3"]
    code = exercise.starter.replace("padding=1", "padding=0")
    assert checks.check("03.3", defined(code, exercise.name)).attempted


def test_class_without_forward_is_an_attempt():
    class ResBlock(torch.nn.Module):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__()

    report = checks.check("07.1", ResBlock)
    assert report.attempted and "no `forward`" in report.messages[-1].hint


@pytest.mark.parametrize("id", ["07.9", "7.1", "", 7.1, None])
def test_unknown_exercise_lists_what_there_is(id):
    with pytest.raises(UsageError, match=r"03\.1, 03\.2.*07\.3"):
        checks.check(id, print)


def test_unknown_exercise_names_the_nearest():
    with pytest.raises(UsageError, match=r"Did you mean 07\.1"):
        checks.check("7.1", print)


# Wrong answers of every kind ---------------------------------------------------------


class Hostile:
    """Whatever is asked of it fails."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None


def fails(*args):
    return args[0].nothing


def leaves(*args):
    sys.exit(3)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raises_unprintable(*args):
    raise Unprintable


def recurses(*args):
    return recurses(*args)


WRONG = [fails, leaves, raises_unprintable, recurses, lambda: 0, lambda *a: None]
WRONG += [
    lambda *a: "text",
    lambda *a: 3,
    lambda *a: Hostile(),
    lambda *a: torch.ones(0),
]
WRONG += [lambda *a: float("nan"), lambda *a: object(), lambda *a: np.ones(3), dict]


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=name_of)
@pytest.mark.parametrize("answer", WRONG)
def test_wrong_function_gets_one_readable_message(exercise, answer):
    report = checks.check(exercise.id, answer)
    assert report.attempted and not report.passed
    (failed,) = [message for message in report.messages if not message.passed]
    assert failed.got and failed.expected and failed.hint
    assert "\n" not in failed.got and len(failed.got) < 400


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
@pytest.mark.parametrize("answer", ["text", 3, None, torch.ones(2), Hostile()])
def test_wrong_type_is_told_what_to_pass(exercise, answer):
    report = checks.check(exercise.id, answer)
    (message,) = report.messages
    assert report.attempted and not report.passed
    assert f'check("{exercise.id}", {exercise.name})' in message.hint


def test_class_exercise_refuses_an_object():
    report = checks.check("07.1", torch.nn.ReLU())
    assert "the class `ResBlock` itself" in str(report)


def test_failing_line_is_the_learners():
    code = "def pool(x):\n    y = x.mean((2, 3))\n    return y + torch_\n"
    message = checks.check("03.1", defined(code, "pool")).messages[-1]
    assert "NameError" in message.got and "line 3" in message.got


def test_failing_line_is_the_innermost_one():
    code = "def inner(x):\n    return x.y\n\ndef pool(x):\n    return inner(x)\n"
    message = checks.check("03.1", defined(code, "pool")).messages[-1]
    assert message.got.endswith("(line 2)")


def test_failing_line_is_quoted_where_the_source_is_known():
    assert "line" in (got := checks.check("03.1", fails).messages[-1].got)
    assert "`return args[0].nothing`" in got


CAUSES = [
    ("def pool(x):\n    return torch_.mean(x)\n", "imported?"),
    (
        "from torch import nn\n\nclass Pool(nn.Module):\n    def __init__(self):\n"
        "        self.pool = nn.Flatten()\n\ndef pool(x):\n    return Pool()(x)\n",
        "Begin `__init__` with `super().__init__()`",
    ),
]


@pytest.mark.parametrize(("code", "words"), CAUSES)
def test_the_cause_of_a_common_error_is_told(code, words):
    message = checks.check("03.1", defined(code, "pool")).messages[-1]
    assert "Error" in message.got and words in message.hint


def test_a_shape_in_an_error_is_no_address():
    def pool(x):
        raise ValueError(f"of 4x0x0 values, in {object()}")

    got = checks.check("03.1", pool).messages[-1].got
    assert got.startswith("ValueError: of 4x0x0 values, in <object object at 0x…>")


class Named(nn.Module):
    """Calls each layer by keyword."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(input=x)
        return x


def test_a_layer_may_be_called_by_keyword():
    (exercise,) = [exercise for exercise in ALL if exercise.id == "02.3"]
    head = defined(exercise.solution, exercise.name)
    report = checks.check("02.3", lambda net, classes: Named(head(net, classes)))
    assert report.passed, report


NUMBERS = [0.25, np.float32(0.25), np.array(0.25), torch.tensor([0.25]), 0.2500001]
NUMBERS += [np.array([0.25])]
NO_NUMBERS = [0.2503, "0.25", None, [0.25], (0.25, 0.25), float("nan"), 0.25 + 0j]


@pytest.mark.parametrize("got", NUMBERS, ids=repr)
def test_a_number_of_any_kind_is_a_number(got):
    Expect().number("the share", got, 0.25)


@pytest.mark.parametrize("got", [*NO_NUMBERS, np.ones(2), Hostile()], ids=type)
def test_what_is_no_number_is_none(got):
    with pytest.raises(Unmet):
        Expect().number("the share", got, 0.25)


def test_a_wrong_number_is_shown_short_and_its_mistake_is_known():
    expect = Expect()
    with pytest.raises(Unmet):
        expect.number("a third", 2 / 3, 1 / 3, mistakes=[(np.float32(2 / 3), "two")])
    (message,) = expect.messages
    assert (message.got, message.expected) == ("0.666667", "0.333333")
    assert message.hint == "two"


# Time --------------------------------------------------------------------------------


def loops(*args):
    while True:
        pass


def loops_and_swallows(*args):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.01)
        except:  # noqa: E722
            pass


def loops_and_swallows_twice(*args):
    while True:
        try:  # noqa: SIM105
            loops_and_swallows()
        except:  # noqa: E722
            pass


ENDLESS = [loops, loops_and_swallows, loops_and_swallows_twice]


@pytest.mark.parametrize("answer", ENDLESS)
def test_endless_answer_is_stopped(answer, hurry):
    start = time.monotonic()
    report = checks.check("03.1", answer)
    assert time.monotonic() - start < 5
    assert f"still running after 8 seconds, inside `{answer.__name__}`" in str(report)
    assert "loop that never ends" in report.messages[-1].hint


def test_limit_leaves_time_below_ten_seconds():
    assert limits.SECONDS + 5 * limits.AGAIN < 10


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join(20)
    return found[0]


@pytest.fixture
def no_thread_left():
    """What a test has started ends with it, if not at once on a busy machine."""
    before = set(threading.enumerate())
    yield
    started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(10)
    assert not any(thread.is_alive() for thread in started)


def test_endless_answer_is_stopped_off_the_main_thread(hurry, no_thread_left):
    report = in_a_thread(lambda: checks.check("03.1", loops))
    assert "still running" in str(report)


def test_an_answer_interrupted_from_the_keyboard_does_not_run_on(
    no_thread_left, monkeypatch
):
    """As on Windows: the main thread waits for the one with the answer."""
    join, waits = threading.Thread.join, []

    def pressed(thread, timeout=None):
        waits.append(timeout)
        if len(waits) == 1:
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", pressed)
    with pytest.raises(KeyboardInterrupt):
        limits._by_thread(loops, 5)


def test_check_off_the_main_thread_agrees():
    exercise = ALL[0]
    answer = defined(exercise.solution, exercise.name)
    report = in_a_thread(lambda: checks.check(exercise.id, answer))
    assert report == checks.check(exercise.id, answer) and report.passed


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="Unix")
def test_foreign_timer_goes_on():
    import signal

    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    rang = []
    signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 60)
        checks.check("03.1", lambda x: time.sleep(0.2))
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 50 < left < 59.9 and not rang
    finally:
        signal.signal(signal.SIGALRM, before[0])
        signal.setitimer(signal.ITIMER_REAL, *before[1])


# What it leaves behind, and what it says ---------------------------------------------


def noisy(x):
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    return x.mean((2, 3)) + torch.rand(1) + random.random() + np.random.rand()


@pytest.mark.parametrize("answer", [noisy, fails, lambda x: x.mean((2, 3))])
def test_random_state_is_left_alone(answer):
    torch.manual_seed(7), random.seed(7), np.random.seed(7)
    want = torch.rand(1), random.random(), np.random.rand()
    torch.manual_seed(7), random.seed(7), np.random.seed(7)
    checks.check("03.1", answer)
    assert want == (torch.rand(1), random.random(), np.random.rand())


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("within", [lambda function: function(), in_a_thread])
@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_has_one_thread_of_torch(within, fails, three_threads):
    """On a busy machine several would wait for each other, and it ran out of time."""
    seen = []

    def answer(x):
        seen.append(torch.get_num_threads())
        return x.nothing if fails else x.mean((2, 3))

    report = within(lambda: checks.check("03.1", answer))
    assert report.passed != fails and set(seen) == {1}
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("exercise", ALL, ids=name_of)
def test_report_does_not_depend_on_the_notebook(exercise):
    answer = defined(exercise.solution, exercise.name)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        torch.set_default_dtype(torch.float64)
        try:
            report = checks.check(exercise.id, answer)
            assert torch.get_default_dtype() == torch.float64
        finally:
            torch.set_default_dtype(torch.float32)
    assert report.passed, report


@pytest.mark.parametrize(
    "answer", [noisy, fails, lambda x: Hostile, lambda x: object()]
)
def test_two_runs_say_the_same(answer):
    one, two = (checks.check("03.1", answer) for _ in range(2))
    assert str(one) == repr(one) == str(two)
    assert one._repr_html_() == two._repr_html_()
    assert not re.search("0x[0-9a-f]", str(one))


SCRIPT = "<script>alert(1)</script>"


def raises_script(x):
    raise ValueError(SCRIPT)


@pytest.mark.parametrize("answer", [SCRIPT, lambda x: SCRIPT, raises_script])
def test_html_shows_markup_literally(answer):
    report = checks.check("03.1", answer)
    assert SCRIPT in str(report)
    page = report._repr_html_()
    assert "<script" not in page and "&lt;script&gt;" in page


def test_html_says_in_words_what_the_text_says():
    page = checks.check("03.1", lambda x: x.sum((2, 3)))._repr_html_()
    for words in ["not yet", "came out:", "expected:", "hint:", "That is the sum"]:
        assert words in page
    assert not re.search(r"#[0-9a-f]{3}|rgb|background|(?<!current)color", page, re.I)


def test_report_survives_json():
    report = checks.check("03.1", fails)
    assert checks.Report.from_dict(report.to_dict()) == report
    assert report.to_dict()["passed"] is False


# Files -------------------------------------------------------------------------------


def file_with(folder, code, name="answer.py"):
    path = folder / name
    path.write_text(code, encoding="utf-8")
    return path


def test_file_is_checked(tmp_path, capfd):
    (exercise,) = [exercise for exercise in ALL if exercise.id == "07.1"]
    path = file_with(tmp_path, exercise.solution + "\nprint('Grüße')\n")
    report = checks.check_file("07.1", path)
    assert report == checks.check("07.1", defined(exercise.solution, exercise.name))
    out, err = capfd.readouterr()
    assert not out and "Grüße" in err and report.passed


def test_wrong_file_is_answered_with_its_line(tmp_path):
    code = "import helper\n\ndef head_parameters(*args):\n    return helper.x(3)\n"
    file_with(tmp_path, "def x(c):\n    return c.y\n", "helper.py")
    report = checks.check_file("03.2", file_with(tmp_path, code))
    assert report.attempted and "line 2: `return c.y`" in str(report)


def test_a_file_beside_the_answer_hides_no_library(tmp_path, monkeypatch):
    for name in ("torch.py", "copy.py", "json.py"):
        file_with(tmp_path, "raise ValueError\n", name)
    path = file_with(tmp_path, "def head_parameters(*args):\n    return 1\n")
    monkeypatch.chdir(tmp_path)
    assert checks.check_file("03.2", path).attempted


def test_of_a_flood_only_the_end_is_read(tmp_path, capfd):
    code = "print('x\\n' * 20_000_000 + 'Grüße')\ndef head_parameters(*args):\n"
    path = file_with(tmp_path, code + "    return 1\n")
    tracemalloc.start()
    try:
        checks.check_file("03.2", path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    _, err = capfd.readouterr()
    assert err.endswith("x\nGrüße\n") and len(err) < 3000 and most < 10_000_000


UNPRINTABLE = """\
class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")

raise Unprintable
"""
FILES = [
    (UNPRINTABLE, r"answer\.py, line 5: .*Unprintable: \(its message cannot be"),
    ("x = 1\n", r"answer\.py defines no `head_parameters`, which 03\.2 asks for"),
    ("def headparameters(): ...\n", r"Is `headparameters` meant to be it\?"),
    ("if 1:\nx = 1\n", r"answer\.py, line 2: IndentationError: .*: x = 1"),
    ("x = 1\nx.y\n", r"answer\.py, line 2: `x\.y`: AttributeError"),
    ("def f(:\n", r"answer\.py, line 1: SyntaxError"),
    ("import sys\nsys.exit(1)\n", r"answer\.py, line 2.*SystemExit"),
]


@pytest.mark.parametrize(("code", "line"), FILES)
def test_bad_file_gets_one_clear_line(tmp_path, monkeypatch, code, line):
    """Here, not in a process of its own, which takes seconds to load torch."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(LessonError, match=line) as caught:
        runfile._answer("03.2", file_with(tmp_path, code))
    assert "\n" not in str(caught.value) and caught.value.exit_code == 1


def test_a_file_that_ends_python_is_told(tmp_path):
    path = file_with(tmp_path, "import os\nos._exit(1)\n")
    with pytest.raises(LessonError, match=r"ended Python before.* Run it by itself"):
        checks.check_file("03.2", path)


def test_file_that_cannot_be_read_is_wrong_use(tmp_path):
    for name in ["none.py", ".", "notes.ipynb"]:
        if name.endswith("ipynb"):
            file_with(tmp_path, "{}", name)
        with pytest.raises(UsageError):
            checks.check_file("03.2", tmp_path / name)


def test_unknown_exercise_for_a_file_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="Did you mean"):
        checks.check_file("3.2", file_with(tmp_path, "x = 1\n"))


def test_endless_file_is_stopped(tmp_path, monkeypatch, hurry):
    monkeypatch.setattr(sys, "path", [*sys.path])
    said = r"answer\.py was still running after 8.* Look for a loop that never ends"
    with pytest.raises(LessonError, match=said):
        runfile._answer("03.2", file_with(tmp_path, "while True:\n    pass\n"))


def test_what_is_wrong_with_a_file_comes_back_from_its_process(tmp_path):
    with pytest.raises(LessonError, match="defines no `head_parameters`") as caught:
        checks.check_file("03.2", file_with(tmp_path, "x = 1\n"))
    assert not isinstance(caught.value, UsageError)


def test_a_process_without_an_end_is_stopped_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(runfile, "PATIENCE", 0.01)
    with pytest.raises(LessonError, match=r"stopped after 0 .* check it once more"):
        checks.check_file("03.2", file_with(tmp_path, "x = 1\n"))


def test_long_work_may_stand_below_main(tmp_path, monkeypatch):
    """As the words for a file that runs too long advise."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    code = "def head_parameters():\n    pass\n\n"
    code += "if __name__ == '__main__':\n    raise SystemExit\n"
    answer = runfile._answer("03.2", file_with(tmp_path, code))
    assert answer.__name__ == "head_parameters"

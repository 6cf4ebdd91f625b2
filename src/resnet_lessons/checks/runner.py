"""Run one check on one answer; whatever the answer does becomes a message."""

import inspect

from .advice import advice
from .exercise import Exercise, find
from .limits import SECONDS, OutOfTime, kept_random_state, limited, plain_torch
from .report import Message, Report
from .traces import function_of, line_of, same_code

YOURS = "your code"


def check(id: str, answer) -> Report:
    """Check an answer: the function or class itself, not the result of a call.

    Returns a `Report` whatever the answer does, within ten seconds (`limited` says what
    nothing can stop), and leaves the global random states as they were. Raises
    `UsageError` on an unknown id.
    """
    exercise = find(id)
    with kept_random_state():
        attempted, messages = _run(exercise, answer)
    return Report(exercise.id, exercise.title, attempted, tuple(messages))


def _run(exercise: Exercise, answer) -> tuple[bool, list[Message]]:
    """Return whether the answer was attempted, and the messages."""
    from .expect import Expect

    expect = Expect()

    def run():
        with plain_torch():
            return _judge(exercise, answer, expect)

    try:
        attempted, last = limited(run)
    except OutOfTime as error:
        attempted, last = True, _too_long(error, expect)
    met = expect.messages if attempted else []
    return attempted, [*met, last] if last else met


def _judge(exercise: Exercise, answer, expect) -> tuple[bool, Message | None]:
    """Run the check: whether it was attempted, and what ended it before its end."""
    from .expect import NotAttempted, Unmet

    try:
        problem = _wrong_kind(exercise, answer)
        if problem:
            return answer is not ..., problem
        if _untouched(exercise, answer):
            return False, _waiting("the starter")
        exercise.check(answer, expect)
    except Unmet:
        pass  # its message is among those of `expect`
    except NotAttempted as placeholder:
        return False, _waiting(str(placeholder))
    except (KeyboardInterrupt, OutOfTime):
        raise
    except BaseException as error:
        line, in_library = line_of(error)
        if isinstance(error, NotImplementedError) and not in_library:
            return False, _waiting(line)
        return True, _failure(error, line, expect)
    return True, None


def _wrong_kind(exercise: Exercise, answer) -> Message | None:
    from .describe import describe

    wants_class = inspect.isclass(exercise.answer)
    fits = inspect.isclass(answer) if wants_class else callable(answer)
    if fits or isinstance(answer, exercise.takes):
        return None
    name = exercise.name
    got = "`...`" if answer is ... else describe(answer)
    expected = f"the {'class' if wants_class else 'function'} `{name}` itself"
    hint = f'Pass the name without brackets: `check("{exercise.id}", {name})`.'
    return Message("your answer", False, got, expected, hint)


def _untouched(exercise: Exercise, answer) -> bool:
    """Whether the answer is the starter, by its instructions or by its text.

    A notebook compiles a cell statement by statement, and from Python 3.11 on a name
    imported in the same piece is compiled otherwise: the instructions may then differ.
    """
    starter = _starter(exercise)
    if same_code(answer, starter):
        return True
    parts, lines = _parts(answer), exercise.starter.splitlines(keepends=True)
    try:
        texts = {name: inspect.getsource(p).strip() for name, p in parts.items()}
    except (OSError, TypeError):  # no text, as for what `exec` defined
        return False
    given = {name: _text(part, lines) for name, part in _parts(starter).items()}
    return bool(texts) and texts == given


def _text(part, lines: list[str]) -> str:
    """What `inspect.getsource` gives, of a function whose lines are in no file."""
    first = inspect.unwrap(part).__code__.co_firstlineno - 1
    return "".join(inspect.getblock(lines[first:])).strip()


def _parts(thing) -> dict:
    """A function by itself; of a class its methods, whose text a notebook knows."""
    if not inspect.isclass(thing):
        return {"": thing}
    return {name: m for name, m in vars(thing).items() if inspect.isfunction(m)}


def _starter(exercise: Exercise):
    namespace = {}
    exec(compile(exercise.starter, f"<starter {exercise.id}>", "exec"), namespace)
    return namespace[exercise.name]


def _waiting(what: str) -> Message:
    return Message(f"{what} still waits for your code", False)


def _failure(error: BaseException, line: str, expect) -> Message:
    from .describe import one_line, text_of

    got = f"{type(error).__name__}: {one_line(text_of(error))}"
    got += f" ({line})" if line else ""
    hint = advice(error, line, expect.errors)
    return Message(expect.context or YOURS, False, got, "no error", hint)


def _too_long(error: OutOfTime, expect) -> Message:
    name = function_of(error)
    got = f"still running after {SECONDS:.0f} seconds"
    got += f", inside `{name}`" if name else ""
    hint = "Is there a loop that never ends? Every loop needs a step towards its end."
    if not name:
        hint = "None of your lines was running then. The machine may be busy: run the "
        hint += "check once more."
    return Message(expect.context or YOURS, False, got, "an answer", hint)

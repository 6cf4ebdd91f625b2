"""Errors that a person can act on: one line, what happened and what to do next."""


class LessonError(Exception):
    """Something failed; the message is one line that says what to do next."""

    exit_code = 1


class UsageError(LessonError):
    """The request itself was wrong: an unknown name, a size of 0."""

    exit_code = 2

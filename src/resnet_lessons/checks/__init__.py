"""Exercises and the checks that explain what an answer does.

One module per chapter or appendix, as `chapter_07.py` or `chapter_E.py`, holds its
exercises as data, in a list `EXERCISES`; how answers are judged stands beside it in
`judges_07.py`. To add a chapter, add the file: it is found by its name. Importing this
package does not import torch; the chapters are loaded when an exercise is asked for.
"""

from .exercise import Exercise, exercises
from .report import Message, Report
from .runfile import check_file
from .runner import check

__all__ = ["Exercise", "Message", "Report", "check", "check_file", "exercises"]

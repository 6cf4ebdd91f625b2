"""Each known mistake is told by its own hint: none stands behind one that is alike."""

import pytest
import torch

from resnet_lessons.checks import judges_03, judges_03_between, judges_11_compare
from resnet_lessons.checks import mistakes_01 as m01
from resnet_lessons.checks import mistakes_02 as m02
from resnet_lessons.checks import mistakes_04_causes as m04
from resnet_lessons.checks import mistakes_05 as m05
from resnet_lessons.checks import mistakes_06 as m06
from resnet_lessons.checks import mistakes_08 as m08
from resnet_lessons.checks import mistakes_09 as m09
from resnet_lessons.checks import mistakes_09_widths as m09_widths
from resnet_lessons.checks import mistakes_10 as m10
from resnet_lessons.checks import mistakes_11 as m11
from resnet_lessons.checks import mistakes_13 as m13
from wrong_answers import ANSWERS, hint_of


def as_it_is(wrong, right):
    return wrong


def with_defaults(wrong, right):
    return lambda n, k, s=1, p=0: wrong(n, k, s, p)


def as_part(place):
    """The mistake in one of the two numbers of 01.2, the other one right."""

    def made(wrong, right):
        def answer(i, o, k, n, s=1, p=0, g=1, b=True):
            pair = list(right(i, o, k, n, s, p, g, b))
            pair[place] = wrong(i, o, k, n, s, p, g, b)
            return pair

        return answer

    return made


def in_one_form(given):
    """The mistake in one of the two forms of 02.2, which has so many arguments."""

    def made(wrong, right):
        return lambda *case: wrong(*case[:5]) if len(case) == given else right(*case)

    return made


def but_for_zero(wrong, right):
    return lambda norms: wrong(norms) if norms[0] else 0.0


def for_axes(fits):
    def made(wrong, right):
        return lambda d, w: wrong(d, w) if fits(w.dim()) else right(d, w)

    return made


def of_gradients(wrong, right):
    def answer(features, scores):
        (gradients,) = torch.autograd.grad(scores.sum(), features)
        return wrong(features.detach(), gradients)

    return answer


def of_counts(place):
    def made(wrong, right):
        def answer(first, second, labels):
            a, b = first == labels, second == labels
            parts = (a & b, a & ~b, ~a & b, ~a & ~b)
            counts = [int(part.sum()) for part in parts]
            pair = list(judges_11_compare.by_counts(*counts))
            pair[place] = wrong(*counts)
            return pair

        return answer

    return made


TABLES = [  # exercise, its mistakes, how one becomes an answer
    ("01.1", m01.SIZES, with_defaults),
    ("01.2", m01.PARAMETERS, as_part(0)),
    ("01.2", m01.MACS, as_part(1)),
    ("02.1", m02.FIELDS, as_it_is),
    ("02.2", m02.REDUCED, in_one_form(5)),
    ("02.2", m02.NAIVE, in_one_form(6)),
    ("03.1", judges_03.POOL_MISTAKES, as_it_is),
    ("03.2", judges_03.HEAD_MISTAKES, as_it_is),
    ("03.4", judges_03_between.MISTAKES, as_it_is),
    ("04.2", [m for m in m04.DIAGNOSES if m[0] is not m04._without_noise], as_it_is),
    ("05.1", m05.STDS, as_it_is),
    ("05.2", m05.FACTORS, but_for_zero),
    ("06.1", m06.SHORTCUT_A, as_it_is),
    ("06.2", m06.PARAMETERS, as_it_is),
    ("06.3", m06.TERMS, as_it_is),
    ("08.1", m08.MACS, as_it_is),
    ("08.3", m08.COUNTS, as_it_is),
    ("09.1", m09.MACS, as_it_is),
    ("09.3", m09_widths.WIDTHS, as_it_is),
    ("10.2", m10.UNTOUCHED, as_it_is),
    ("11.3", m11.STOPS, as_it_is),
    ("11.4", judges_11_compare.DIFFERENCES, of_counts(0)),
    ("11.4", judges_11_compare.ERRORS_MADE, of_counts(1)),
    ("13.1", m13.CAMS, as_it_is),
    ("13.2", m13.NORMALISED, for_axes(lambda axes: axes > 1)),
    ("13.2", m13.STILL, for_axes(lambda axes: axes == 1)),
    ("13.3", m13.GRAD_CAMS, of_gradients),
]


@pytest.mark.parametrize(
    ("exercise", "mistake", "hint"),
    [(id, made(wrong, ANSWERS[id]), hint)
     for id, table, made in TABLES for wrong, hint in table],
)  # fmt: skip
def test_a_mistake_is_told_by_its_own_hint(exercise, mistake, hint):
    assert hint_of(exercise, mistake) == hint

"""The figures of chapter 11: what they say in words is what they were given."""

from resnet_lessons import figures

NAMES = ["cat", "dog", "ship"]
MATRIX = [[7, 2, 1], [3, 6, 1], [0, 0, 10]]


def test_the_most_frequent_errors_come_first():
    said = figures.worst_words(MATRIX, NAMES)
    assert said == "Most often taken: dog for cat (3), cat for dog (2)."
    right = [[4, 0], [0, 4]]
    assert figures.worst_words(right, NAMES[:2]) == "No errors."


def test_the_matrix_shows_every_count_and_says_the_hits():
    figure = figures.confusion(MATRIX, NAMES, "seed 0")
    assert "of 30 pictures, 23 on the diagonal" in repr(figure)
    assert "dog for cat (3)" in repr(figure)
    ((svg, _),) = figure.panels
    assert svg.decode().count("<!-- ") >= 9 + 6  # each number, each name twice


def test_an_empty_row_is_drawn_too():
    assert "0 on the diagonal" in repr(figures.confusion([[0, 0], [1, 0]], "ab", "x"))


def test_wander_says_its_ends():
    figure = figures.wander({"formula": {50: 4.0, 200: 2.0}, "draws": {200: 2.5}})
    assert "formula: 4.0 to 2.0; draws: 2.5 to 2.5" in repr(figure)

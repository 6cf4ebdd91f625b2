"""Whether a shortcut fits: what it reads, what it is called, what is refused."""

import pytest
from torch import nn

from resnet_lessons.errors import UsageError
from resnet_lessons.nets import make_shortcut
from resnet_lessons.probes.matching import in_words, positions_read, shape_matches


def test_a_norm_ties_no_positions_together():
    """In training every value would depend on all through the mean."""
    strided = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1, stride=2))
    assert positions_read(strided, 3, 4).nonzero().tolist() == [
        [0, 0],
        [0, 2],
        [2, 0],
        [2, 2],
    ]


@pytest.mark.parametrize(
    "choices", [([1, 2], [1], [4]), ([2, 4], [1, 2], [2]), ([2], [1], [1, 4])]
)
def test_sides_of_1_that_fit_everything_are_refused(choices):
    with pytest.raises(UsageError, match="A side of 1 fits everything"):
        shape_matches(*choices)


@pytest.mark.parametrize(
    ("shortcut", "words"),
    [
        (make_shortcut("A", 4, 6, 3), "every row and column number 3, 2 channels of"),
        (make_shortcut("A", 4, 4, 2), "every second row and column"),
        (make_shortcut("B", 4, 6, 2), "1 × 1 convolution with stride 2, BatchNorm"),
        (nn.Identity(), "x itself"),
        (nn.Sequential(nn.Tanh()), "Tanh"),
    ],
)
def test_a_shortcut_is_told_in_words(shortcut, words):
    assert in_words(shortcut).startswith(words)
    assert len(in_words(shortcut)) <= len(f"{words} zeros")

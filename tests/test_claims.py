"""What the prose of a chapter says about the recorded runs, held against them."""

from resnet_lessons.figures import compare_words
from resnet_lessons.records import load


def laptop(*names):
    return [load(name, "laptop") for name in names]


def test_chapter_7_the_resblock_brings_parameters_and_no_gain():
    baseline, resblocks = laptop("fcn-baseline", "resblock-net")
    assert resblocks.seeds[0].parameters > 2 * baseline.seeds[0].parameters
    assert resblocks.accuracy < baseline.accuracy


def test_chapter_7_batchzero_is_behind_but_not_clearly():
    zero, one = laptop("resblock-net-deep", "resblock-net-deep-gamma-one")
    assert zero.accuracy < one.accuracy
    assert "no clear difference" in compare_words(zero, one)

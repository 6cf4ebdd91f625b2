"""What the prose of a chapter says about the recorded runs, held against them."""

from itertools import combinations

from resnet_lessons.figures import compare_words, loss_words
from resnet_lessons.records import load


def laptop(*names):
    return [load(name, "laptop") for name in names]


def test_chapter_4_the_shortcut_removes_the_harm_of_depth():
    plain = laptop(*[f"plain-{depth}-cifar" for depth in (8, 20, 32, 56)])
    residual = laptop(*[f"resnet-{depth}-cifar" for depth in (8, 20, 32, 56)])
    for shallow, deep in combinations(plain, 2):
        assert "higher by more than twice the spread" in loss_words(deep, shallow)
    for shallow, deep in combinations(residual[1:], 2):
        assert "no clear difference" in loss_words(deep, shallow)
    assert "lower by more" in loss_words(residual[3], residual[0])


def test_chapter_6_the_order_of_the_shortcuts_is_turned_round():
    a, *rest = laptop("resnet-20-cifar", "resnet-20-shortcut-b", "resnet-20-shortcut-c")
    for better, worse in [(a, rest[0]), (rest[0], rest[1])]:
        assert "above, more than twice the spread" in compare_words(better, worse)


def test_chapter_7_the_resblock_brings_parameters_and_no_gain():
    baseline, resblocks = laptop("fcn-baseline", "resblock-net")
    assert resblocks.seeds[0].parameters > 2 * baseline.seeds[0].parameters
    assert resblocks.accuracy < baseline.accuracy


def test_chapter_7_batchzero_is_behind_but_not_clearly():
    zero, one = laptop("resblock-net-deep", "resblock-net-deep-gamma-one")
    assert zero.accuracy < one.accuracy
    assert "no clear difference" in compare_words(zero, one)


def test_chapter_8_resnet_18_is_the_first_clear_step():
    names = ["fcn-baseline", "resblock-net", "resblock-net-deep", "resnet-18"]
    *before, resnet = laptop(*names)
    clear = "above, more than twice the spread"
    for number, new in enumerate(before):
        assert clear in compare_words(resnet, new)
        assert not any(clear in compare_words(new, old) for old in before[:number])


def test_chapter_8_resnet_18_costs_a_multiple():
    deep, resnet = laptop("resblock-net-deep", "resnet-18")
    assert resnet.seeds[0].macs > 3 * deep.seeds[0].macs
    assert resnet.seeds[0].parameters > 3 * deep.seeds[0].parameters
    assert deep.config["epochs"] == resnet.config["epochs"]

"""The programs of chapter 14: right when repaired, and wrong as it is said."""

from collections import Counter

import pytest
import torch
from sklearn.metrics import accuracy_score

from resnet_lessons import data, nets, probes
from resnet_lessons.checks import broken_14 as broken
from resnet_lessons.checks.broken_14.quiz import compared, question
from resnet_lessons.errors import UsageError

by_bug = pytest.mark.parametrize("bug", broken.BUGS.values(), ids=lambda bug: bug.id)


@pytest.fixture(scope="module")
def digits():
    return broken.Digits(*data.digits())


# The defects -------------------------------------------------------------------------


@by_bug
def test_each_defect_can_be_measured(bug, digits):
    """No defect without a symptom, and no symptom that is measured wrong."""
    rows = broken.symptoms(bug.program, digits, bug.id)
    assert [what for what, _, _ in rows] == [sign.what for sign in bug.signs]
    assert any(bad != good for _, bad, good in rows)
    assert not any(good.endswith("Error") for _, _, good in rows)


def test_measuring_twice_gives_the_same(digits):
    rows = broken.symptoms("evaluation", digits, "test-augmented")
    broken._value.cache_clear()
    assert broken.symptoms("evaluation", digits, "test-augmented") == rows


@by_bug
def test_the_quiz_shows_both_codes_and_its_lines(bug, digits):
    bad = broken.source(bug.program, bug.part, bug.id)
    good = broken.source(bug.program, bug.part)
    assert bad != good
    rows, wrong = compared(bad, good)
    assert "\n".join(line for mark, line in rows if mark != "+") == bad.rstrip()
    assert "\n".join(line for mark, line in rows if mark != "-") == good.rstrip()
    lines = bad.splitlines()
    assert all(lines[number].strip() for number in wrong)
    assert wrong


def test_lines_beside_a_gap_count_even_where_another_line_is_wrong():
    bad = ["first", "wrong", "third", "", "fourth"]
    good = ["first", "right", "third", "new", "", "fourth", "last"]
    _, wrong = compared("\n".join(bad), "\n".join(good))
    assert wrong == [1, 2, 4]  # the empty line cannot be picked


@by_bug
def test_the_first_effect_is_the_right_one(bug, digits):
    found = question(bug.id, digits, ["one test"])
    assert found["effects"][found["right"]] == bug.effects[0]
    assert sorted(found["effects"]) == sorted(bug.effects)
    assert found == question(bug.id, digits, ["one test"])
    assert all(bug.__dict__[key] for key in ("title", "why", "effects", "signs"))


def test_right_answers_stand_in_every_place(digits):
    """Else one could learn the place instead of the code."""
    places = Counter(question(id, digits, [])["right"] for id in broken.BUGS)
    assert sorted(places) == [0, 1, 2]
    assert min(places.values()) > 5


@pytest.mark.parametrize("program", broken.PROGRAMS)
def test_all_defects_of_a_program_fit_together(program):
    ids = broken.bugs_of(program)
    whole = broken.load(program, *ids)
    assert broken.load(program, *reversed(ids)).__dict__.keys() == whole.__dict__.keys()
    for id in ids:
        part = broken.BUGS[id].part
        rest = [other for other in ids if other != id]
        assert broken.source(program, part, *rest) != broken.source(program, part, *ids)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (("blok",), "choose one of block, cifar"),
        (("block", "no-head"), "block has no bug no-head; it has stride-twice"),
    ],
)
def test_wrong_names_are_answered(ask, words):
    with pytest.raises(UsageError, match=words):
        broken.load(*ask)


def test_an_edit_that_fits_no_more_is_noticed(monkeypatch):
    bug = broken.BUGS["stem-bias"]
    lost = broken.Bug(**{**bug.__dict__, "edits": (("nothing like it", ""),)})
    monkeypatch.setitem(broken.BUGS, bug.id, lost)
    with pytest.raises(UsageError, match="stem-bias does not fit"):
        broken.load("cifar", "stem-bias")


# The repaired programs, against others' code ------------------------------------------


def same_weights(net, reference):
    values = list(reference.state_dict().values())
    net.load_state_dict(dict(zip(net.state_dict(), values, strict=True)))


@pytest.mark.parametrize("case", [(8, 8, 1), (8, 16, 2), (8, 16, 1)])
def test_repaired_block_is_the_basic_block_of_the_book(case):
    ours, library = broken.load("cifar").Block(*case), nets.BasicBlock(*case)
    same_weights(ours, library)
    x = torch.randn(4, 8, 7, 5)
    assert torch.allclose(ours(x), library(x), atol=1e-6)


def test_repaired_net_has_the_size_of_the_papers_with_projections():
    net = broken.load("cifar").Net(n=3, width=16, in_channels=3)
    library = nets.cifar_net(20, shortcut="B")
    assert probes.parameters(net) == probes.parameters(library) == 272_474


def test_repaired_block_of_the_summary_is_its_equation():
    block = broken.load("block").ResBlock(8, kernel_size=5).eval()
    x = torch.randn(2, 8, 6, 7)
    (conv1, bn1), (conv2, bn2) = block.conv1, block.conv2
    leaky = torch.nn.LeakyReLU(0.01)
    wanted = leaky(x + bn2(conv2(leaky(bn1(conv1(x))))))
    assert torch.allclose(block(x), wanted)


def test_repaired_accuracy_is_sklearns(digits):
    net, x, y = digits.net(), digits.valid_x[:70], digits.valid_y[:70]
    share = broken.load("evaluation").accuracy(net, x, y, batch_size=32)
    with torch.no_grad():
        guesses = net.eval()(x).argmax(1)
    assert share == pytest.approx(accuracy_score(y, guesses))


@pytest.mark.parametrize("seed", range(5))
def test_repaired_stop_is_the_first_wait_that_is_long_enough(seed):
    random = torch.Generator().manual_seed(seed)
    history = torch.rand(40, generator=random).tolist()
    since = [n - max(range(n + 1), key=history.__getitem__) for n in range(40)]
    wanted = next((n + 1 for n, gone in enumerate(since) if gone == 4), 40)
    assert broken.load("evaluation").stops_after(history, patience=4) == wanted


def test_repaired_second_stage_moves_all_and_the_first_the_head_alone(digits):
    program, net = broken.load("transfer"), digits.net()
    before = {name: p.clone() for name, p in net.named_parameters()}
    batches = list(zip(digits.x[:128].split(64), digits.y[:128].split(64), strict=True))
    calls, fit = [], program.fit

    def watched(net, optimizer, batches):
        fit(net, optimizer, batches)
        now = net.named_parameters()
        calls.append({name for name, p in now if not torch.equal(p, before[name])})

    program.fit = watched
    program.fine_tune(net, net.head, batches)
    assert len(calls) == 2 and all(name.startswith("head.") for name in calls[0])
    assert calls[1] == set(before)


def test_fastai_splits_at_random_where_nothing_is_said():
    """What the article's data block, as printed, does."""
    from fastai.data.block import DataBlock

    files = [f"{folder}/{n}.jpg" for folder in ("train", "val") for n in range(50)]
    train, valid = DataBlock().datasets(files).splits
    assert len(valid) == 20
    assert any(files[n].startswith("val") for n in train)


# What the chapter says ----------------------------------------------------------------


@pytest.mark.slow
def test_chapter_14_the_shared_norm_hides_behind_the_batch(digits):
    """The table of three nets, by the means over its three seeds."""

    def mean(mode, *bugs):
        found = []
        for seed in range(3):
            torch.manual_seed(seed)
            net = broken.load("cifar", *bugs).make_net()
            broken.train(net, digits.x, digits.y, epochs=2)
            share = broken.share_right(net, digits.valid_x, digits.valid_y, mode)
            found.append(share)
        return sum(found) / 3

    repaired, by_batch = mean("eval"), mean("train")
    seven = mean("eval", *broken.bugs_of("cifar"))
    assert mean("eval", "shared-norm") < repaired - 0.2
    assert abs(mean("train", "shared-norm") - by_batch) < 0.03
    assert seven > repaired and abs(seven - by_batch) < 0.02


def test_chapter_14_no_gain_from_normalising_and_a_leak_in_series(digits):
    _, (_, raw, scaled) = broken.symptoms("pictures", digits, "not-normalised")
    assert abs(float(raw[:-1]) - float(scaled[:-1])) < 3
    _, single, series = broken.symptoms("pictures", digits, "random-split")
    gain = [float(bad[:-1]) - float(good[:-1]) for _, bad, good in (single, series)]
    assert abs(gain[0]) < 1 < gain[1]


def test_a_first_accuracy_of_zero_is_the_best_so_far():
    assert broken.load("evaluation").stops_after([0.0] * 9, patience=5) == 6


def test_what_is_kept_is_kept_by_the_evaluation_and_not_by_training_before_it():
    """The net of the digits is trained when it is asked for the first time."""
    first = broken.Digits(*data.digits())
    rows = [broken.symptoms("evaluation", first, "no-grad") for _ in range(2)]
    assert rows[0] == rows[1]
    megabytes, unit = rows[0][0][1].split()
    per_picture = probes.kept_for_backward(first.net(), (1, 8, 8))
    assert unit == "MB" and float(megabytes) == pytest.approx(
        64 * per_picture / 1e6, abs=0.2
    )

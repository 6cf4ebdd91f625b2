"""Chapter 12's experiment: what is frozen, what learns, at which rate, on what."""

import copy
import itertools

import numpy as np
import pytest
import torch
from fastai.torch_core import set_seed

from resnet_lessons import data, nets, training
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.training import checkpoint, freezing, loop, transfer

CAT = training.experiment("cat-or-dog")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nets.build("resnet-8-cifar", 2, 1, width=4)


@pytest.fixture(scope="module")
def loader():
    images = transfer.only(data.load("digits"), (3, 5))
    return data.loaders(images, 8, 16, CPU, seed=2).train


def batches(loader):
    return itertools.chain.from_iterable(itertools.repeat(loader))


def state(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def moved(before, after):
    return [k for k in before if not torch.equal(before[k], after[k])]


def one_phase(net, loader, free, still=True, steps=3):
    freezing.freeze(net, free, still)
    groups = freezing.rate_groups(net, free, 1e-2)
    return freezing.phase(net, batches(loader), steps, groups)


@pytest.mark.parametrize("free", range(5))
def test_frozen_parts_keep_every_number_and_free_parts_do_not(net, loader, free):
    before = [state(part) for part in freezing.parts(net)]
    one_phase(net, loader, free)
    after = [state(part) for part in freezing.parts(net)]
    frozen = 4 - free
    for old, new in zip(before[:frozen], after[:frozen], strict=True):
        assert moved(old, new) == []
    for old, new in zip(before[frozen:], after[frozen:], strict=True):
        assert moved(old, new) == list(old)


def test_without_eval_mode_statistics_of_frozen_parts_move(net, loader):
    before = state(net)
    one_phase(net, loader, 0, still=False)
    changed = [k for k in moved(before, state(net)) if not k.startswith("head")]
    assert changed and all("running" in k or "tracked" in k for k in changed)
    assert {k for k in before if "running" in k} <= set(changed)


def test_freezing_again_frees_what_was_frozen(net):
    freezing.freeze(net, 0)
    freezing.freeze(net, 1)
    learns = {k.split(".")[0] for k, p in net.named_parameters() if p.requires_grad}
    assert learns == {"stages", "head"}
    assert net.stages[2].training and not net.stages[1].training
    assert not net.stem.training


@pytest.mark.parametrize("free", [-1, 5])
def test_parts_that_are_not_there_are_refused(net, free):
    with pytest.raises(UsageError, match="4 parts before its head"):
        freezing.freeze(net, free)


@pytest.mark.parametrize("free", range(5))
def test_groups_hold_what_learns_once_at_falling_rates(net, free):
    freezing.freeze(net, free)
    groups = freezing.rate_groups(net, free, 1.0)
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in net.parameters() if p.requires_grad)
    assert [g["lr"] for g in groups] == pytest.approx(
        [2.6**-i for i in range(free + 1)]
    )
    assert groups[0]["params"][0] is net.head[-1].weight


def test_a_phase_takes_the_steps_of_the_bare_loop(net, loader):
    twin, start = copy.deepcopy(net), loader.state_dict()
    passes = 2
    theirs = loop.fit_bare(twin, loader, passes, 3e-3)
    loader.load_state_dict(start)
    freezing.freeze(net, 4)
    groups = freezing.rate_groups(net, 4, 3e-3, fall=1.0)
    ours = freezing.phase(net, batches(loader), passes * len(loader), groups)
    assert ours == pytest.approx(theirs, rel=1e-4)
    for a, b in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


def test_two_phases_train_the_head_alone_first(net, loader, monkeypatch):
    seen = []
    monkeypatch.setattr(
        transfer,
        "phase",
        lambda net, batches, steps, groups: (
            seen.append((steps, [g["lr"] for g in groups])) or [1.0] * steps
        ),
    )
    result = transfer.adapt(net, loader, transfer.WAYS["stage-3"], 20, 1.0)
    assert seen == [(10, [1.0]), (10, [1.0, 1 / 2.6])]
    last = [*net.stages[2].parameters(), *net.head.parameters()]
    assert result["parameters"] == sum(p.numel() for p in last)
    seen.clear()
    transfer.adapt(net, loader, transfer.WAYS["all-at-once"], 20, 1.0)
    assert seen == [(20, [1.0] * 5)]
    seen.clear()
    transfer.adapt(net, loader, transfer.WAYS["scratch-long"], 20, 1.0)
    assert seen == [(60, [1.0] * 5)]


def test_a_loss_that_is_no_number_is_an_error(net, loader):
    with pytest.raises(LessonError, match="third of the learning rate"):
        transfer.adapt(net, loader, transfer.WAYS["all-at-once"], 8, 1e30)


def test_only_keeps_the_pictures_of_its_classes():
    whole = data.load("digits")
    images = transfer.only(whole, (5, 3))
    assert images.classes == ("5", "3")
    for split, full in [(images.train, whole.train), (images.valid, whole.valid)]:
        fives = full.images[full.labels == 5]
        np.testing.assert_array_equal(split.images[split.labels == 0], fives)
        assert (split.labels == 1).sum() == (full.labels == 3).sum()


def test_few_pictures_are_of_each_class_and_grow_within_a_seed():
    split = transfer.only(data.load("digits"), (3, 5)).train

    def drawn(count, seed):
        chosen = transfer.few(split, count, seed)
        assert np.bincount(chosen.labels).tolist() == [count, count]
        return {image.tobytes() for image in chosen.images}

    assert drawn(5, 1) < drawn(20, 1)
    assert drawn(20, 1) == drawn(20, 1) != drawn(20, 2)


def smoke(seed=0, lines=None, resume=False):
    say = (lambda line: None) if lines is None else lines.append
    return training.train(CAT, "smoke", seed, "cpu", resume, say=say)


def numbers(run):
    """What must come out the same: all that is no time."""
    ways = {
        name: {
            count: {k: v for k, v in found.items() if "seconds" not in k}
            for count, found in counts.items()
        }
        for name, counts in run.result.measured["ways"].items()
    }
    return ways, [e["train_loss"] for e in run.result.epochs]


@pytest.fixture
def two_ways(monkeypatch):
    monkeypatch.setattr(
        transfer, "WAYS", {k: transfer.WAYS[k] for k in ("stage-3", "scratch")}
    )


def test_a_run_measures_every_way_with_every_number_of_pictures():
    run = smoke()
    found = run.result.measured
    assert found["classes"] == ["3", "5"] == run.config["held_out"]
    assert list(found["ways"]) == list(transfer.WAYS)
    assert all(list(w) == ["5", "20"] for w in found["ways"].values())
    before = run.result.accuracy
    for still in found["ways"]["head"].values():
        assert still["old_accuracy"] == pytest.approx(before, abs=1e-6)
    for moving in found["ways"]["head-moving-statistics"].values():
        assert moving["old_accuracy"] != before
    told = {n for n, w in found["ways"].items() if "old_accuracy" in w["5"]}
    assert told == {"head", "head-moving-statistics"}  # whose body has learned
    assert run.data["train"] == 512 and run.data["valid"] == 283
    made = training.make_record(CAT, "smoke", [run])
    assert type(made).from_dict(made.to_dict()) == made


def test_the_net_that_comes_back_is_the_main_way(two_ways):
    run = smoke()
    new = transfer.only(data.load("digits", 8), transfer.HELD)
    old = transfer.only(data.load("digits", 8), (0, 1, 2, 4, 6, 7, 8, 9))
    mean = transfer.subset(old, 512).train.images.mean()
    std = transfer.subset(old, 512).train.images.std()
    x = (torch.tensor(new.valid.images).permute(0, 3, 1, 2).float() - mean) / std
    run.net.eval()
    right = (run.net(x).argmax(1).numpy() == new.valid.labels).mean()
    kept = run.result.measured["ways"]["stage-3"]["20"]
    assert kept["accuracy"] == pytest.approx(right, abs=1e-6)


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(two_ways):
    assert numbers(smoke(1)) == numbers(smoke(1)) != numbers(smoke(2))


def test_a_way_does_not_depend_on_the_ways_before_it(two_ways, monkeypatch):
    both, _ = numbers(smoke())
    monkeypatch.setattr(transfer, "WAYS", {"scratch": transfer.WAYS["scratch"]})
    alone, _ = numbers(smoke())
    assert alone["scratch"] == both["scratch"]


def test_a_killed_run_takes_up_the_body_it_has(two_ways, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    whole, lines = smoke(), []
    again = smoke(lines=lines, resume=True)
    assert any("Resuming after epoch 3" in line for line in lines)
    assert numbers(again) == numbers(whole)


def test_few_pictures_are_normalised_as_the_body_was(net):
    images = data.load("digits")
    old, new = transfer.only(images, (0, 1)), transfer.only(images, (3, 5))
    like = data.loaders(old, 8, 32, CPU).train
    split = transfer.few(new.train, 20, 0)
    for loader in transfer._loaders(split, new, like, 16, 0):
        assert torch.equal(loader.shift, like.shift)
        assert torch.equal(loader.scale, like.scale)


def test_few_pictures_are_augmented_as_the_bodys_and_those_of_validation_are_not():
    images = data.load("pictures", 16)
    like = data.loaders(images, 16, 32, CPU, crop=0.6).train
    split = transfer.few(images.train, 1, 0)
    train, valid = transfer._loaders(split, images, like, 64, 0)
    assert (train.crop, train.flip, train.bs) == (0.6, True, 10)  # all in one batch
    assert (valid.crop, valid.flip, valid.n) == (None, False, 1000)


def test_a_fresh_start_has_weights_of_its_own():
    set_seed(1)
    p = CAT.profile("smoke")
    body = nets.build(CAT.net, 8, 1, **p.options)
    for name, same in [("head", True), ("scratch", False)]:
        net = transfer._start(CAT, p, transfer.WAYS[name], body, 0, CPU)
        assert torch.equal(net.stem[0][0].weight, body.stem[0][0].weight) == same
        assert net.stem[0][0].weight is not body.stem[0][0].weight
        assert net(torch.zeros(1, 1, 8, 8)).shape == (1, 2)


@pytest.mark.parametrize("name", ["head", "scratch"])
def test_new_weights_depend_on_the_seed_alone(name):
    p, way = CAT.profile("smoke"), transfer.WAYS[name]
    set_seed(1)
    body = nets.build(CAT.net, 8, 1, **p.options)

    def head(seed):
        return transfer._start(CAT, p, way, body, seed, CPU).head[-1].weight

    assert torch.equal(head(3), head(3)) and not torch.equal(head(3), head(4))


def test_a_random_body_is_none_that_has_learned():
    assert not transfer.WAYS["random-body"].body and not transfer.WAYS["scratch"].body
    assert all(w.body for n, w in transfer.WAYS.items() if n.startswith(("h", "st")))

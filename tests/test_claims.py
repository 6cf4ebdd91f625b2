"""What the prose of a chapter says about the recorded runs, held against them."""

from dataclasses import replace
from itertools import combinations, pairwise
from statistics import mean, stdev, variance

import numpy as np
import pytest
import torch

from resnet_lessons import data, nets, probes
from resnet_lessons.data.batch_loader import IMAGENET
from resnet_lessons.figures import (
    compare_words,
    loss_words,
    plane_words,
    way_values,
    way_words,
)
from resnet_lessons.figures.rows import is_clear
from resnet_lessons.records import catalogue, load
from resnet_lessons.training import net_of


def laptop(*names):
    return [load(name, "laptop") for name in names]


def test_chapter_1_lenet_names_more_and_pays_in_multiplications():
    linear, conv = laptop("mlp-mnist", "lenet-mnist")
    assert "above, more than twice the spread" in compare_words(conv, linear)
    assert min(conv.accuracies) > max(linear.accuracies)
    ours, theirs = conv.seeds[0], linear.seeds[0]
    assert abs(ours.parameters / theirs.parameters - 1) < 0.01
    assert ours.macs > 6 * theirs.macs


def test_chapter_1_more_epochs_do_not_bring_the_linear_net_level():
    short, *_ = laptop("lenet-mnist")
    conv, linear = [load(name, "gpu") for name in ("lenet-mnist", "mlp-mnist")]
    assert conv.config["epochs"] == linear.config["epochs"] > short.config["epochs"]
    assert conv.data["content_hash"] == short.data["content_hash"]
    assert max(linear.accuracies) < min(short.accuracies)


def test_chapter_1_the_nets_saw_a_part_of_mnist_under_one_recipe():
    linear, conv = laptop("mlp-mnist", "lenet-mnist")
    assert linear.data == conv.data and conv.data["train"] < 60_000
    for key in ("epochs", "lr", "batch_size", "size", "augmentation"):
        assert linear.config[key] == conv.config[key]


def test_chapter_2_stacks_of_3x3_see_as_far_and_are_not_the_cheaper_ones():
    small, large = map(nets.build, ("vgg-tiny", "vgg-tiny-5x5"))
    stacks = [probes.windows(net.features) for net in (small, large)]
    assert len(set(map(probes.receptive_field, stacks))) == 1
    assert probes.parameters(small) > probes.parameters(large)
    assert probes.macs(small, (3, 64, 64)) > probes.macs(large, (3, 64, 64))


@pytest.mark.parametrize("profile", ["laptop", "gpu"])
def test_chapter_2_one_5x5_wins_and_its_training_loss_is_lower(profile):
    two, one = [load(name, profile) for name in ("vgg-tiny", "vgg-tiny-5x5")]
    assert "above, more than twice the spread" in compare_words(one, two)
    assert "lower by more than twice the spread" in loss_words(one, two)
    for key in ("epochs", "lr", "batch_size", "size"):
        assert one.config[key] == two.config[key]


def test_chapter_2_three_seeds_at_64_px_left_the_gap_open_and_five_close_it():
    two, one = laptop("vgg-tiny", "vgg-tiny-5x5")
    assert two.config["size"] == 64 and len(two.seeds) == len(one.seeds) == 5
    first = [replace(record, seeds=record.seeds[:3]) for record in (one, two)]
    assert "no clear difference" in compare_words(*first)
    assert min(first[1].accuracies) < min(one.accuracies) - 0.1


def test_chapter_4_the_shortcut_removes_the_harm_of_depth():
    plain = laptop(*[f"plain-{depth}-cifar" for depth in (8, 20, 32, 56)])
    residual = laptop(*[f"resnet-{depth}-cifar" for depth in (8, 20, 32, 56)])
    for shallow, deep in combinations(plain, 2):
        assert "higher by more than twice the spread" in loss_words(deep, shallow)
    for shallow, deep in combinations(residual[1:], 2):
        assert "no clear difference" in loss_words(deep, shallow)
    assert "lower by more" in loss_words(residual[3], residual[0])


def test_chapter_4_with_the_paper_s_width_depth_pays_where_there_are_shortcuts():
    depths = (8, 20, 32, 56)
    plain = [load(f"plain-{depth}-cifar", "gpu") for depth in depths]
    residual = [load(f"resnet-{depth}-cifar", "gpu") for depth in depths]
    for shallow, deep in pairwise(residual):
        assert "lower by more than twice the spread" in loss_words(deep, shallow)
        assert "above, more than twice the spread" in compare_words(deep, shallow)
    for shallow, deep in pairwise(plain[1:]):
        assert "higher by more than twice the spread" in loss_words(deep, shallow)
    p8, p20, p32, p56 = plain
    assert "above, more than twice the spread" in compare_words(p20, p8)
    assert p20.accuracy - p32.accuracy > 2 * (p20.accuracy - p8.accuracy)
    for deep in (p32, p56):
        assert "below, more than twice the spread" in compare_words(deep, p8)
        assert "higher by more than twice the spread" in loss_words(deep, p8)
    assert p8.accuracy - p56.accuracy > 2 * (p8.accuracy - p32.accuracy)
    assert "lower by more than twice the spread" in loss_words(residual[1], p20)
    for record in plain + residual:  # all on a processor, as it says
        assert "CPU" in record.device
        assert record.data == plain[0].data and record.data["train"] == 50_000


def test_chapter_4_the_loss_falls_in_the_last_epoch_of_every_run():
    falls = [
        record.mean("train_loss")[-1] < record.mean("train_loss")[-2]
        for record in catalogue()
        if len(record.seeds[0].epochs) > 1
    ]
    assert all(falls) and len(falls) > 100


def test_chapter_6_a_and_b_cannot_be_told_apart_and_c_is_behind_both():
    a, b, c = laptop("resnet-20-cifar", "resnet-20-shortcut-b", "resnet-20-shortcut-c")
    assert "no clear difference" in compare_words(b, a)
    for other in (a, b):
        assert "below, more than twice the spread" in compare_words(c, other)


def test_chapter_6_with_the_paper_s_width_only_c_is_behind_and_in_loss_alone():
    names = ["resnet-20-cifar", "resnet-20-shortcut-b", "resnet-20-shortcut-c"]
    a, b, c = [load(name, "gpu") for name in names]
    assert "no clear difference" in loss_words(b, a)
    for other in (a, b):
        assert "higher by more than twice the spread" in loss_words(c, other)
    for one, other in combinations((a, b, c), 2):
        assert "no clear difference" in compare_words(one, other)
        assert one.data == other.data and one.config["epochs"] == other.config["epochs"]
        assert "CPU" in one.device and "CPU" in other.device


@pytest.mark.parametrize("profile", ["laptop", "gpu"])
def test_chapter_7_resblocks_gain_with_gamma_one_and_not_with_batchzero(profile):
    names = ["fcn-baseline", "resblock-net", "resblock-net-deep"]
    baseline, *batch_zero = (load(name, profile) for name in names)
    for resblocks in batch_zero:
        assert resblocks.seeds[0].parameters > 2 * baseline.seeds[0].parameters
        assert "no clear difference" in compare_words(resblocks, baseline)
    assert batch_zero[0].accuracy < baseline.accuracy
    gamma_one = load("resblock-net-deep-gamma-one", profile)
    assert "above, more than twice the spread" in compare_words(gamma_one, baseline)


def test_chapter_7_with_one_block_a_stage_no_shortcut_is_the_identity():
    def kept(name):
        stages = nets.build(name).stages
        return [[isinstance(b.shortcut, torch.nn.Identity) for b in s] for s in stages]

    assert kept("resblock-net") == [[False]] * 5
    assert kept("resblock-net-deep") == [[False, True]] * 5


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


def test_chapter_9_the_narrow_resnet_50_is_behind_resnet_18_only():
    names = ["fcn-baseline", "resblock-net", "resblock-net-deep", "resnet-18"]
    *before, wide, narrow = laptop(*names, "resnet-50-half")
    assert "below, more than twice the spread" in compare_words(narrow, wide)
    for old in before:
        assert "above, more than twice the spread" in compare_words(narrow, old)
    assert "higher by more than twice the spread" in loss_words(narrow, wide)


def test_chapter_9_on_two_cores_resnet_50_does_twice_the_work_and_gains_nothing():
    resnet_18, resnet_50 = laptop("resnet-18", "resnet-50")
    assert "no clear difference" in compare_words(resnet_50, resnet_18)
    assert 1.8 < resnet_50.seeds[0].macs / resnet_18.seeds[0].macs < 2.2


def test_chapter_9_the_narrow_resnet_50_does_half_the_work_of_resnet_18():
    wide, narrow = (record.seeds[0] for record in laptop("resnet-18", "resnet-50-half"))
    assert 0.45 < narrow.macs / wide.macs < 0.55
    assert 0.45 < narrow.parameters / wide.parameters < 0.55
    assert laptop("resnet-50-half")[0].config["options"]["widths"] == [32, 64, 128, 256]


def test_chapter_13_the_net_uses_the_shapes_and_its_map_lies_mostly_elsewhere():
    net, run = net_of("resnet-14-shapes", False, lambda line: None)
    images, labels, masks = data.shapes(run.config["size"], 300)
    mean, std = (torch.tensor(v)[:, None, None] for v in IMAGENET)
    x = (torch.tensor(images).permute(0, 3, 1, 2).float() / 255 - mean) / std
    y, shapes = torch.tensor(labels), torch.tensor(masks)
    inside = shapes.any(1)
    maps = probes.grad_cam(net, net.stages, x, y)
    large = probes.enlarged(maps, run.config["size"])
    share = probes.mass_inside(large, inside).nanmean()
    assert inside.float().mean() + 0.03 < share < 0.6  # predicted: nearly all
    paint = probes.ground(x, inside)
    right = net(x).argmax(1) == y

    def chance(mask):
        with torch.no_grad():
            found = net(probes.covered(x, mask, paint)).softmax(1)
        return found.gather(1, y[:, None])[right].mean().item()

    whole = chance(torch.zeros_like(inside))
    assert abs(chance(inside.roll(1, 0) & ~inside) - whole) < 0.05 * whole
    assert max(chance(shapes[:, 0]), chance(shapes[:, 1])) < 0.6 * whole


def test_chapter_13_only_the_last_maps_depend_on_the_class_and_on_training():
    net, run = net_of("resnet-14-shapes", False, lambda line: None)
    size = run.config["size"]
    images, labels, masks = data.shapes(size, 300)
    mean_, std = (torch.tensor(v)[:, None, None] for v in IMAGENET)
    x = (torch.tensor(images).permute(0, 3, 1, 2).float() / 255 - mean_) / std
    y, inside = torch.tensor(labels), torch.tensor(masks).any(1)
    has = [set(name.split(" and ")) for name in data.find("pictures").classes]
    neither = torch.tensor([[not a & b for b in has].index(True) for a in has])

    def shares(net, classes, where=inside):
        found = []
        for part in probes.parts_with_grids(net).values():
            large = probes.enlarged(probes.grad_cam(net, part, x, classes), size)
            found.append(probes.mass_inside(large, where).nanmean().item())
        return found

    fresh = []
    for seed in range(3):
        torch.manual_seed(seed)
        other = nets.build(run.config["net"], 10, **run.config["options"])
        for module in other.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        with torch.no_grad():
            other.train()(x)
        fresh.append(shares(other.eval(), y))
    asked, stranger = shares(net, y), shares(net, neither[y])
    area = inside.float().mean().item()
    assert asked[0] == max(asked) and min(stranger[0], *[f[0] for f in fresh]) > area
    for early in (1, 2, 3, 4):  # some untrained net does as well, or nearly
        assert max(f[early] for f in fresh) > asked[early] - 0.05
    last = [f[-1] for f in fresh]
    assert asked[-1] > 1.2 * max(last) and stranger[-1] < 0.9 * min(last)
    assert asked[-2] > 1.2 * max(f[-2] for f in fresh)  # stage 3, down to the last grid
    elsewhere = shares(net, y, inside.roll(1, 0))[-1]  # on another picture's shapes
    assert mean(last) < elsewhere + 0.01 and area < elsewhere
    assert asked[0] > mean(f[0] for f in fresh) + 0.1  # the stem's columns differ, too


def test_chapter_13_the_plain_net_has_learned_less_and_statistics_decide():
    plain, residual = laptop("plain-32-surface", "resnet-32-surface")
    assert "lower by more" in loss_words(residual, plain)

    def largest(kind):
        planes = [
            plane[kind]
            for record in (plain, residual)
            for seed in record.seeds
            for plane in seed.measured["planes"]
        ]
        return max(loss for grid in planes if grid for row in grid for loss in row)

    assert largest("running") > 10 * largest("batch")


def test_chapter_13_residual_nets_lie_in_bowls_and_plain_ones_in_dents():
    def planes(name):
        (record,) = laptop(name)
        return [p["batch"] for s in record.seeds for p in s.measured["planes"]]

    def climb(grid):
        middle = grid[len(grid) // 2][len(grid) // 2]
        sides = [x for row in grid[1:-1] for x in (row[0], row[-1])]
        return mean([*grid[0], *grid[-1], *sides]) - middle

    plain, residual = planes("plain-32-surface"), planes("resnet-32-surface")
    assert max(map(probes.dents, residual)) < 0.02 < mean(map(probes.dents, plain))
    steps = sum(len(ray) - 1 for ray in probes.rays(residual[0]))
    assert round(sum(map(probes.dents, residual)) * steps) == 1  # a single one
    assert all(probes.dips(grid) == 1 for grid in residual)
    assert sum(probes.dents(grid) > 0 for grid in plain) > len(plain) / 2
    assert min(map(climb, residual)) > max(map(climb, plain))
    for measure in (probes.dents, probes.dips, probes.bends):
        words = plane_words(*laptop("plain-32-surface", "resnet-32-surface"), measure)
        assert "no clear difference" in words
    for grid in plain + residual:  # neither kind is convex
        assert probes.bends(grid) > 0.3


def test_chapter_13_wide_plain_nets_dent_with_running_statistics_only():
    plain, residual = (
        [p for s in record.seeds for p in s.measured["planes"]]
        for record in gpu("plain-32-surface", "resnet-32-surface")
    )
    assert not any(probes.dents(p["batch"]) for p in plain + residual)
    assert any(probes.dents(p["running"]) for p in plain if p["running"])
    assert not any(probes.dents(p["running"]) for p in residual if p["running"])

    def middle(plane):
        return plane["batch"][len(plane["batch"]) // 2][len(plane["batch"]) // 2]

    assert max(map(middle, residual)) < min(map(middle, plain))
    narrow = laptop("plain-32-surface")[0].seeds[0].measured
    assert len(plain[0]["batch"]) > len(narrow["axis"])


def test_chapter_13_the_dents_belong_to_the_statistics_of_the_batch():
    for record in laptop("plain-32-surface", "resnet-32-surface"):
        for seed in record.seeds:
            running = [p["running"] for p in seed.measured["planes"] if p["running"]]
            assert running and not any(map(probes.dents, running))
            assert all(probes.dips(grid) == 1 for grid in running)


def test_chapter_13_plain_dents_lie_where_guessing_would_be_better():
    (record,) = laptop("plain-32-surface")
    starts = []  # the losses from which a ray falls after a climb
    for seed in record.seeds:
        for plane in seed.measured["planes"]:
            for ray in probes.rays(plane["batch"]):
                steps = list(pairwise(ray))
                starts += [
                    a
                    for n, (a, b) in enumerate(steps)
                    if b < a and any(d > c for c, d in steps[:n])
                ]
    worse = [loss > record.seeds[0].measured["guess"] for loss in starts]
    assert mean(worse) > 0.9


def test_chapter_11_moved_pictures_cost_accuracy_and_seeds_err_apart():
    (run,) = laptop("resnet-20-pipeline")
    found = [seed.measured for seed in run.seeds]
    for one in found:
        assert mean(one["test_accuracy_augmented"]) < one["test_accuracy"]
        assert len(set(one["test_accuracy_augmented"])) > 1
    tests = [one["test_accuracy"] for one in found]
    for one, two in combinations(found, 2):
        pairs = zip(one["predicted"], two["predicted"], strict=True)
        apart = mean(a != b for a, b in pairs)
        assert apart > 3 * (max(tests) - min(tests))


def test_chapter_11_the_rule_seldom_parts_equal_nets_and_misses_small_gaps():
    draws = np.random.RandomState(1).normal(size=(4000, 2, 3))

    def called_clear(gap):
        pairs = np.add(draws, [[0], [gap]]).tolist()
        return sum(is_clear(one, other) for one, other in pairs) / len(pairs)

    assert 0.03 < called_clear(0) < 0.055
    assert called_clear(1) < 0.2 and 0.6 < called_clear(3) < 0.85


def test_chapter_11_equally_good_nets_would_still_be_spread_but_less():
    (run,) = laptop("resnet-20-pipeline")
    found = [seed.measured for seed in run.seeds]
    hits = [
        [a == b for a, b in zip(one["labels"], one["predicted"], strict=True)]
        for one in found
    ]
    pairs = list(combinations(hits, 2))
    differ = mean(a != b for one, two in pairs for a, b in zip(one, two, strict=True))
    by_luck = differ / (2 * len(hits[0]))
    spread = variance(one["test_accuracy"] for one in found)
    assert 0.1 * spread < by_luck < spread
    # The formula against hits exchanged between the nets, picture by picture.
    random = np.random.default_rng(0)
    swapped = [random.permuted(np.array(hits), axis=0) for _ in range(300)]
    by_swaps = mean(nets_.mean(1).var(ddof=1) for nets_ in swapped)
    assert by_swaps == pytest.approx(by_luck, rel=0.2)


def test_chapter_11_the_run_is_small_beside_the_papers():
    (run,) = laptop("resnet-20-pipeline")
    assert run.config["options"]["width"] == 16 / 2
    assert run.config["patience"] == 3 and run.data["train"] == 45_000
    assert run.config["epochs"] * 352 < 64_000 / 20


def test_chapter_11_the_whole_net_leaps_when_the_rate_falls_and_patience_may_miss_it():
    (small,), (full,) = laptop("resnet-20-pipeline"), gpu("resnet-20-pipeline")
    curves, middle = full.curves("accuracy"), full.config["epochs"] // 2
    gains = [values[middle] - max(values[:middle]) for values in curves]
    assert min(gains) > 0.05 and len(gains) == 3
    assert all(max(values[:middle]) < 0.79 for values in curves)
    early = 0
    for values in curves:  # the patience of two cores
        for epoch in range(small.config["patience"], middle):
            before = max(values[: epoch + 1 - small.config["patience"]])
            if max(values[epoch + 1 - small.config["patience"] : epoch + 1]) <= before:
                early += 1
                break
    assert early == 2
    found = [seed.measured for seed in full.seeds]
    hits = [np.equal(list(f["labels"]), list(f["predicted"])) for f in found]
    differ = mean((a != b).mean() for a, b in combinations(hits, 2))
    spread = variance(f["test_accuracy"] for f in found)
    assert spread < 1.2 * differ / (2 * len(hits[0]))
    assert full.device == "x86_64 CPU, 2 threads"


def test_chapter_12_what_was_learned_carries_over_and_a_random_body_does_not():
    (run,) = laptop("cat-or-dog")
    clear = "above, more than twice the spread"
    two_phases = ["head", "stage-3", "stage-2", "stage-1", "all"]
    for way in two_phases:
        assert clear in way_words(run, way, "random-body", 20)
        if way != "stage-3":  # its seeds lie too far apart
            assert clear in way_words(run, way, "scratch", 20)
        if way != "head":  # whether more learns on
            assert "no clear difference" in way_words(run, way, "head", 20)
    assert "no clear difference" in way_words(run, "head", "scratch", 500)
    for count in (20, 100, 500):
        assert mean(way_values(run, "random-body", count)) < 0.55
    found = [mean(way_values(run, way, 20)) for way in two_phases]
    gain = found[0] - mean(way_values(run, "scratch", 20))
    assert max(found) - min(found) < gain  # how much is free matters less
    for way in [*two_phases[1:], "all-at-once"]:  # with many it counts
        assert clear in way_words(run, way, "head", 500)
    assert clear in way_words(run, "all-at-once", "scratch", 500)


def test_chapter_12_with_the_papers_width_it_is_the_same_picture():
    run, small = (load("cat-or-dog", profile) for profile in ("gpu", "laptop"))
    assert run.config["options"] == {} and "CPU, 1 thread" in run.device
    assert run.data == small.data and run.config["epochs"] > small.config["epochs"]
    above, unclear = "above, more than twice the spread", "no clear difference"
    for way in small.seeds[0].measured["ways"]:
        for count in (100, 500):
            one, other = (mean(way_values(r, way, count)) for r in (run, small))
            assert one > other
    head = way_words(run, "head", "scratch", 20)
    assert "above" in head and unclear in head
    assert above in way_words(small, "head", "scratch", 20)  # "no longer clearly"
    learning = ["stage-3", "stage-2", "stage-1", "all", "all-at-once"]
    for way in ["head", *learning]:  # within each seed
        assert min(differences(run, way, "scratch", 20)) > 0
    assert max(differences(run, "head", "scratch", 500)) < 0
    spreads = [
        stdev(way_values(run, way, 20)) > stdev(way_values(small, way, 20))
        for way in small.seeds[0].measured["ways"]
    ]
    assert sum(spreads) > len(spreads) / 2  # "most ways"
    assert stdev(way_values(run, "head", 20)) > stdev(way_values(small, "head", 20))
    assert unclear in way_words(run, "head", "scratch", 500)
    assert unclear in way_words(run, "scratch-long", "all", 500)
    for old in ("all", "scratch-long"):
        assert above in way_words(run, "all-at-once", old, 500)


def differences(run, new, old, count):
    pairs = zip(*(way_values(run, way, count) for way in (new, old)), strict=True)
    return [one - other for one, other in pairs]


def test_chapter_12_two_phases_pay_with_few_pictures_and_one_rate_with_many():
    for profile in ("laptop", "gpu"):
        run = load("cat-or-dog", profile)
        few, many = (differences(run, "all-at-once", "all", n) for n in (20, 500))
        assert min(few) > -0.05  # "by a few points"
        assert max(few) < 0 < min(many)
        assert min(differences(run, "head", "scratch", 20)) > 0


def test_chapter_12_moving_statistics_cost_the_new_classes_little():
    moving = "head-moving-statistics"
    for run in (load("cat-or-dog", profile) for profile in ("laptop", "gpu")):
        for count in (20, 100, 500):
            assert mean(differences(run, moving, "head", count)) < 0
            assert "no clear difference" in way_words(run, moving, "head", count)


def test_chapter_12_moving_statistics_cost_the_old_classes():
    (run,) = laptop("cat-or-dog")
    for count in (20, 100, 500):
        still = way_values(run, "head", count, "old_accuracy")
        moving = way_values(run, "head-moving-statistics", count, "old_accuracy")
        assert still == pytest.approx(run.accuracies)
        assert all(a > b for a, b in zip(still, moving, strict=True))


def test_chapter_12_cat_against_dog_stays_hard():
    (run,) = laptop("cat-or-dog")
    ways = run.seeds[0].measured["ways"]
    assert max(mean(way_values(run, way, 500)) for way in ways) < 0.75


def test_chapter_10_v2_starts_alike_at_every_depth_and_v1_worse_the_deeper():
    def starts(kind):
        runs = laptop(*[f"{kind}-{depth}-cifar" for depth in (20, 56, 110)])
        return [run.mean("train_loss")[0] for run in runs]

    v1, v2 = starts("resnet"), starts("preact")
    assert v1[1] - v1[0] > 0.1 and v1[2] - v1[1] > 0.1
    assert max(v2) - min(v2) < 0.02


def test_chapter_10_v2_ends_behind_at_every_depth_though_not_clearly_at_each():
    for depth in (20, 56, 110):
        v1, v2 = laptop(f"resnet-{depth}-cifar", f"preact-{depth}-cifar")
        assert v2.mean("train_loss")[-1] > v1.mean("train_loss")[-1]
        assert v2.accuracy < v1.accuracy
        clear = "higher by more than twice" if depth == 20 else "no clear difference"
        assert clear in loss_words(v2, v1)
        assert "no clear difference" in compare_words(v2, v1)
        one, other = v1.seeds[0], v2.seeds[0]
        assert (one.parameters, one.macs) == (other.parameters, other.macs)
        assert v1.config["epochs"] == v2.config["epochs"]


def test_chapter_10_with_one_end_the_starts_cannot_be_told_apart():
    depths = (20, 56, 110)
    old = [load(f"resnet-{depth}-cifar", "laptop") for depth in depths]
    new = [load(f"preact-{depth}-cifar", "laptop") for depth in depths]
    starts = [run.mean("train_loss")[0] for run in old]
    assert starts == sorted(starts)
    alike = [run.mean("train_loss")[0] for run in new]
    assert max(alike) - min(alike) < 0.01
    words = [loss_words(*pair, 0) for pair in zip(new, old, strict=True)]
    assert ["no clear" in text for text in words] == [True, False, True]
    deepest = sorted(curve[0] for curve in old[-1].curves("train_loss"))
    assert deepest[-1] - deepest[-2] > deepest[-2] - deepest[0]  # it hangs on one seed
    # With one end for both, each net starts like the other of its depth.
    for depth in depths:
        pair = [
            load(f"{net}-{depth}-gamma-four", "laptop") for net in ("preact", "resnet")
        ]
        assert "no clear difference" in loss_words(*pair, 0)
    # With the paper's width the deep v1 starts no worse; v2 starts behind.
    shallow, deep = (load(f"resnet-{d}-cifar", "gpu") for d in (20, 56))
    assert "no clear difference" in loss_words(deep, shallow, 0)
    for depth in (20, 56):
        nets = [load(f"{net}-{depth}-cifar", "gpu") for net in ("preact", "resnet")]
        curves = [[c[0] for c in run.curves("train_loss")] for run in nets]
        assert min(curves[0]) > max(curves[1])  # each seed behind each


def test_chapter_10_with_a_louder_end_v2_lags_nowhere():
    for depth in (20, 56, 110):
        v1, loud = laptop(f"resnet-{depth}-cifar", f"preact-{depth}-gamma-four")
        assert loud.mean("train_loss")[-1] < v1.mean("train_loss")[-1]
        assert loud.accuracy > v1.accuracy
        assert "no clear difference" in compare_words(loud, v1)
        clear = "lower by more than twice" if depth == 110 else "no clear difference"
        assert clear in loss_words(loud, v1)


def test_chapter_10_louder_than_v1_v2_is_ahead_with_the_paper_s_width():
    names = ["resnet-20-cifar", "preact-20-cifar", "preact-20-gamma-four"]
    v1, v2, louder = [load(name, "gpu") for name in names]
    assert "above, more than twice the spread" in compare_words(louder, v1)
    assert "lower by more than twice the spread" in loss_words(louder, v1)
    assert v2.accuracy < v1.accuracy
    assert v2.mean("train_loss")[-1] > v1.mean("train_loss")[-1]
    assert "no clear difference" in compare_words(v2, v1)


def test_chapter_10_the_widest_and_deepest_v2_lags_too_and_starts_like_the_others():
    depths = (20, 56, 110)
    v1, v2 = [
        [load(f"{net}-{depth}-cifar", "gpu") for depth in depths]
        for net in ("resnet", "preact")
    ]
    assert "below, more than twice the spread" in compare_words(v2[2], v1[2])
    assert "higher by more than twice the spread" in loss_words(v2[2], v1[2])
    lags = [old.accuracy - new.accuracy for old, new in zip(v1, v2, strict=True)]
    assert abs(lags[2] - lags[1]) < 0.005  # "about as large"
    louder = {(r.experiment, r.profile) for r in catalogue()}
    assert ("preact-110-gamma-four", "gpu") not in louder
    starts = [run.mean("train_loss")[0] for run in v2]
    assert max(starts) - min(starts) < 0.01
    assert "higher by more than twice the spread" in loss_words(v2[0], v1[0], 0)
    old = [run.mean("train_loss")[0] for run in v1]
    assert old == sorted(old) and old[2] > starts[2]
    assert "no clear difference" in loss_words(v2[2], v1[2], 0)


def test_chapter_10_v2_is_clearly_behind_with_56_layers_and_the_paper_s_width():
    names = ["resnet-56-cifar", "preact-56-cifar", "preact-56-gamma-four"]
    v1, v2, louder = [load(name, "gpu") for name in names]
    assert "below, more than twice the spread" in compare_words(v2, v1)
    assert "higher by more than twice the spread" in loss_words(v2, v1)
    assert louder.data == v2.data == v1.data
    assert all("CPU" in run.device for run in (v1, v2, louder))
    # with a louder end the lag is gone, clearly
    assert "no clear difference" in compare_words(louder, v1)
    assert "no clear difference" in loss_words(louder, v1)
    assert "above, more than twice the spread" in compare_words(louder, v2)
    assert "lower by more than twice the spread" in loss_words(louder, v2)


@pytest.mark.parametrize(
    ("depth", "profile"),
    [(20, "laptop"), (56, "laptop"), (110, "laptop"), (20, "gpu"), (56, "gpu")],
)
def test_chapter_10_with_the_same_end_the_orders_cannot_be_told_apart(depth, profile):
    nets = [f"{net}-{depth}-gamma-four" for net in ("resnet", "preact")]
    v1, v2 = [load(name, profile) for name in nets]
    assert "no clear difference" in compare_words(v2, v1)
    assert "no clear difference" in loss_words(v2, v1)
    assert v2.data == v1.data
    assert v2.config | {"net": ""} == v1.config | {"net": ""}
    one, other = v1.seeds[0], v2.seeds[0]
    channels = 4 * v1.config["options"].get("width", 16)  # of the last stage
    assert one.macs == other.macs
    assert one.parameters == other.parameters + 2 * channels  # of one norm more
    if depth > 20 and profile == "laptop":  # a little ahead in the mean
        assert v2.accuracy > v1.accuracy
        assert v2.mean("train_loss")[-1] < v1.mean("train_loss")[-1]


def test_chapter_10_v1_gains_as_much_from_the_louder_end():
    names = ["resnet-20-cifar", "resnet-20-gamma-four", "preact-20-gamma-four"]
    usual, *louder = [load(name, "gpu") for name in names]
    for run in louder:
        assert "above, more than twice the spread" in compare_words(run, usual)
        assert "lower by more than twice the spread" in loss_words(run, usual)


@pytest.mark.parametrize(
    ("depth", "profile"), [(56, "laptop"), (110, "laptop"), (56, "gpu")]
)
def test_chapter_10_deep_v1_gains_nothing_from_the_louder_end(depth, profile):
    names = [f"resnet-{depth}-{end}" for end in ("cifar", "gamma-four")]
    usual, louder = [load(name, profile) for name in names]
    assert abs(louder.accuracy - usual.accuracy) < 0.002
    assert "no clear difference" in compare_words(louder, usual)
    assert "no clear difference" in loss_words(louder, usual)


@pytest.mark.parametrize("profile", ["laptop", "gpu"])
def test_chapter_10_at_like_volume_v2_cannot_be_told_from_v1(profile):
    names = ["resnet-20-cifar", "preact-20-gamma-two"]
    v1, like = [load(name, profile) for name in names]
    assert "no clear difference" in compare_words(like, v1)
    assert "no clear difference" in loss_words(like, v1)
    assert like.data == v1.data
    for key in ("epochs", "lr", "batch_size", "augmentation", "optimizer"):
        assert like.config[key] == v1.config[key]


def test_chapter_10_the_papers_nets_are_wider_and_see_and_do_more():
    (v2,) = laptop("preact-110-cifar")
    assert v2.config["options"]["width"] == 16 / 2
    assert v2.data["train"] == 50_000 / 5
    steps = v2.config["epochs"] * (v2.data["train"] // v2.config["batch_size"])
    assert 80 < 64_000 / steps < 120  # the paper's: about a hundred times as many


def test_chapter_7_seeds_lie_further_apart_than_two_cited_numbers():
    (deep,) = laptop("resblock-net-deep")
    assert max(deep.accuracies) - min(deep.accuracies) > 0.672 - 0.666


def gpu(*names):
    return [load(name, "gpu") for name in names]


@pytest.mark.parametrize("profile", ["laptop", "gpu"])
def test_chapter_7_batchzero_is_clearly_behind(profile):
    names = ["resblock-net-deep", "resblock-net-deep-gamma-one"]
    zero, one = (load(name, profile) for name in names)
    assert "below, more than twice the spread" in compare_words(zero, one)
    assert one.accuracy - zero.accuracy > 0.03  # "several points"


def test_chapter_7_the_order_of_the_article_is_not_ours_at_128_px():
    baseline, resblocks = gpu("fcn-baseline", "resblock-net")
    assert resblocks.accuracy < baseline.accuracy


def test_chapter_8_without_batchzero_the_step_is_less_than_half_as_large():
    names = ["resblock-net-deep", "resnet-18", "resblock-net-deep-gamma-one"]
    deep, resnet, gamma_one = gpu(*names)
    assert "above, more than twice the spread" in compare_words(resnet, deep)
    assert "above, more than twice the spread" in compare_words(resnet, gamma_one)
    whole, rest = (resnet.accuracy - r.accuracy for r in (deep, gamma_one))
    assert rest < whole / 2


def test_chapter_9_the_full_resnet_50_and_growing_pictures_gain_nothing():
    resnet_18, resnet_50, growing = gpu("resnet-18", "resnet-50", "resnet-18-growing")
    for other in (resnet_50, growing):
        assert "no clear difference" in compare_words(other, resnet_18)
    seconds = [sum(s.train_seconds for s in r.seeds) for r in (resnet_50, resnet_18)]
    assert seconds[0] > 2 * seconds[1]
    assert sum(s.train_seconds for s in growing.seeds) > seconds[1]  # time lost
    assert load("resnet-18", "gpu").data["train"] * 100 < 1_280_000


def test_chapter_9_a_quarter_of_a_long_schedule_is_not_a_short_one():
    short, long = gpu("resnet-50", "resnet-50-long")
    assert long.config["epochs"] == 4 * short.config["epochs"] == 20
    assert (short.config["size"], long.config["size"]) == (128, 224)
    assert "above, more than twice the spread" in compare_words(long, short)
    loss, accuracy = long.mean("train_loss"), long.mean("accuracy")
    assert all(after < before for before, after in pairwise(loss))
    assert max(accuracy[:5]) < accuracy[0] + 0.03  # the rate climbs for five epochs
    assert accuracy[4] < short.accuracy - 0.2
    assert max(seed[4] for seed in long.curves("accuracy")) < min(short.accuracies)


def test_chapter_9_on_two_cores_growing_pictures_save_time_and_cost_accuracy():
    growing, same = laptop("resnet-18-growing", "resnet-18")
    assert "below, more than twice the spread" in compare_words(growing, same)
    seconds = [
        sum(epoch) for epoch in zip(*growing.curves("train_seconds"), strict=True)
    ]
    assert sum(seconds) < 0.85 * len(seconds) * seconds[-1]


def test_appendix_d_which_steps_brought_something_and_which_did_not():
    names = ["resnet-18", "race-batch-64", "race-resnet-50"]
    names += ["race-smoothing", "race-zoom", "race-mish"]
    steps = gpu(*names)
    said = [compare_words(new, old) for old, new in pairwise(steps)]
    assert all("no clear difference" in words for words in said[:2])
    assert all("above, more than twice" in words for words in said[2:])
    gains = [b.accuracy - a.accuracy for a, b in pairwise(steps)]
    assert gains[2] < gains[3] < gains[4]  # a little, more, most
    last, long = gpu("race-muon-64", "race-20-epochs")
    assert "above, more than twice" in compare_words(last, steps[-1])
    others = [seed.accuracy for seed in last.seeds if seed.seed]
    assert len(others) == 4 and sum(others) / 4 > 0.8743  # the leaderboard's
    assert min(last.accuracies) > 0.8743 and min(long.accuracies) > 0.9157
    alone = [r for r in (*steps, last, long) if "runs at once" not in r.device]
    assert alone == [steps[0], last, long]


def test_appendix_d_muon_brings_most_and_mish_alone_of_the_rest_is_clear():
    names = ["adamw", "muon", "flat", "mish", "blur", "gates", "batch-64"]
    steps = laptop(*(f"race-small-{name}" for name in names))
    first, *others = [compare_words(new, old) for old, new in pairwise(steps)]
    assert "above, more than twice" in first
    clear = [
        step.title
        for step, words in zip(steps[2:], others, strict=True)
        if "no clear difference" not in words
    ]
    assert clear == ["Mish for ReLU"]
    assert "above, more than twice" in compare_words(steps[-1], steps[1])
    gains = [new.accuracy - old.accuracy for old, new in pairwise(steps)]
    assert gains[0] > 2 * (steps[-1].accuracy - steps[1].accuracy)  # by far


def test_appendix_d_ten_minutes_are_ten_minutes_and_each_step_is_clear():
    slim, wide = laptop("race-ten-minutes", "race-ten-minutes-bfloat16")
    for small in (slim, wide):
        assert max(seed.train_seconds for seed in small.seeds) <= 600
        sizes = small.config["sizes"]
        assert sizes[0] < sizes[-1] == small.config["size"]
    assert "above, more than twice" in compare_words(wide, slim)
    given = slim.config["options"]
    assert not given["mish"] and not given["blur"]
    assert given["widths"] == [48, 96, 192]  # three quarters of ResNet-18's
    half = {"half": True, "options": given | {"widths": [64, 128, 256]}}
    assert wide.config == slim.config | half  # nothing else


def test_appendix_d_bfloat16_costs_no_clear_accuracy():
    rounded, exact = laptop("race-rounded", "race-small-batch-64")
    assert rounded.config["half"]
    same = rounded.config.keys() & exact.config.keys()  # "half" came later
    assert all(rounded.config[key] == exact.config[key] for key in same)
    assert "no clear difference" in compare_words(rounded, exact)
    assert "no clear difference" in loss_words(rounded, exact)


JOINS = {"highway": (20, 56), "scaled": (20, 56), "stochastic": (20, 56)}
JOINS |= {"dense": (22, 58)}


def joined(kind):
    return laptop(*(f"{kind}-{depth}-cifar" for depth in JOINS.get(kind, (20, 56))))


@pytest.mark.parametrize("kind", JOINS)
def test_appendix_e_depth_harms_the_plain_net_alone(kind):
    plain, net, residual = map(joined, ("plain", kind, "resnet"))
    assert "higher by more than twice the spread" in loss_words(plain[1], plain[0])
    assert "higher by more than twice the spread" not in loss_words(net[1], net[0])
    assert "above, more than twice the spread" in compare_words(net[1], plain[1])
    for config in (net[0].config, net[1].config):  # the recipe of chapter 4
        for key in ("epochs", "lr", "batch_size", "size", "pictures"):
            assert config[key] == residual[1].config[key]
    for record in (*net, residual[1]):  # little overfits
        gap = record.mean("valid_loss")[-1] - record.mean("train_loss")[-1]
        low, high = (
            (0.05, 0.15) if record.experiment.startswith("dense") else (-1, 0.05)
        )
        assert low < gap < high


def test_appendix_e_only_the_dense_net_passes_the_sum_and_it_computes_more():
    _, residual = joined("resnet")
    for kind in ("highway", "scaled", "stochastic"):
        shallow, deep = joined(kind)
        assert "below, more than twice the spread" in compare_words(deep, residual)
        expected = "no clear" if kind == "highway" else "lower by more than twice"
        assert expected in loss_words(deep, shallow)
    shallow, deep = joined("highway")
    ends = [[curve[-1] for curve in r.curves("train_loss")] for r in (shallow, deep)]
    assert max(ends[0]) < min(ends[1])  # each deep seed above each shallow one
    shallow, deep = joined("dense")
    assert "lower by more than twice the spread" in loss_words(deep, shallow)
    assert "lower by more than twice the spread" in loss_words(deep, residual)
    assert "no clear difference" in compare_words(deep, residual)
    assert deep.seeds[0].macs > 2 * residual.seeds[0].macs


def test_appendix_e_a_gate_that_begins_by_carrying_catches_up_no_more():
    carrying, gated = laptop("highway-56-carrying", "highway-56-cifar")
    (sum_,) = laptop("resnet-56-cifar")
    assert carrying.config["options"]["gate_bias"] == -4
    assert "no clear difference" in compare_words(carrying, gated)
    assert "no clear difference" in loss_words(carrying, gated)
    for net in (carrying, gated):
        assert "higher by more than twice the spread" in loss_words(net, sum_)

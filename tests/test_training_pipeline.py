"""Chapter 11's pipeline: data, loop, early stopping, resuming, one look at the test."""

import dataclasses
import shutil
import statistics

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
from sklearn.metrics import confusion_matrix
from torch import nn

from resnet_lessons import data, nets, records, training
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.training import dataset, pipeline

EXPERIMENT = training.experiment("resnet-20-pipeline")
SMALL = dataclasses.replace(
    EXPERIMENT,
    net="resnet-8-cifar",
    profiles={
        "smoke": training.Profile(
            "digits", 8, 4, 64, 0.1, 500, options={"width": 4}, stored=8
        )
    },
)


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))


def run(exp=SMALL, seed=0, **options):
    return training.train(exp, "smoke", seed, "cpu", say=lambda line: None, **options)


def weights(net):
    return torch.cat([p.detach().flatten().float() for p in net.state_dict().values()])


@pytest.fixture
def coloured():
    random = np.random.RandomState(0)
    return random.randint(0, 256, (10, 8, 8, 3), np.uint8), np.arange(10) % 3


ZERO_ONE = (torch.zeros(3), torch.ones(3))  # leaves the bytes as they are


@pytest.fixture
def seen(monkeypatch):
    """How a run asks for its parts, its pictures and its learning rates."""
    seen = {"seeds": [], "stats": [], "flips": [], "shares": []}
    parts, pictures = pipeline.train_valid_test, pipeline.Pictures
    rate = pipeline.step_rate

    def cut(images, seed):
        seen["seeds"].append(seed)
        return parts(images, seed)

    def made(images, labels, stats, **options):
        seen["stats"].append((images, stats))
        if options.get("generator"):
            seen["seeds"].append(options["generator"].initial_seed())
            seen["flips"].append(options["flip"])
        return pictures(images, labels, stats, **options)

    def rated(share, peak):
        seen["shares"].append(share)
        return rate(share, peak)

    monkeypatch.setattr(pipeline, "train_valid_test", cut)
    monkeypatch.setattr(pipeline, "Pictures", made)
    monkeypatch.setattr(pipeline, "step_rate", rated)
    return seen


def test_a_run_splits_and_shuffles_by_its_seed_and_looks_at_no_test_picture(seen):
    profile = dataclasses.replace(SMALL.profiles["smoke"], epochs=2)
    run(dataclasses.replace(SMALL, profiles={"smoke": profile}), seed=7)
    assert set(seen["seeds"]) == {7} and len(seen["seeds"]) == 3
    trained, stats = seen["stats"][0]
    for images, used in seen["stats"]:  # of all, the mean of what is trained on
        assert used is stats and (images is trained or len(images) < len(trained))
    assert torch.equal(stats[0], data.statistics(trained)[0])
    assert set(seen["flips"]) == {False}  # no digit is true when mirrored
    shares = seen["shares"]  # of the whole training, not of its epoch
    assert shares == sorted(shares) and shares[0] == 0 and 0.8 < shares[-1] < 1


def test_pictures_that_stay_true_are_mirrored_and_an_old_run_is_cleared(seen, tmp_path):
    coloured = training.Profile("pictures", 8, 1, 32, 0.1, 64, options={"width": 4})
    exp = dataclasses.replace(SMALL, profiles={"smoke": coloured})
    run(exp)
    assert set(seen["flips"]) == {True}
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    old = (folder / "epoch-0001").rename(folder / "epoch-0009")
    run(exp)
    assert not old.exists()


def test_without_augmentation_a_picture_is_its_bytes_normalised(coloured):
    images, labels = coloured
    stats = data.statistics(images)
    pictures = dataset.Pictures(images, labels, stats)
    assert len(pictures) == 10
    flat = images.reshape(-1, 3).astype(np.float64)
    for ours, numpys in zip(stats, (flat.mean(0), flat.std(0)), strict=True):
        np.testing.assert_allclose(ours, numpys, rtol=1e-6)
    one, label = pictures[7]
    theirs = TF.normalize(torch.tensor(images[7]).permute(2, 0, 1).float(), *stats)
    torch.testing.assert_close(one, theirs)
    assert one.shape == (3, 8, 8) and label == labels[7]


def test_a_moved_picture_is_a_window_of_the_padded_one_or_its_mirror(coloured):
    images, labels = coloured
    pictures = dataset.Pictures(
        images, labels, ZERO_ONE, 2, True, torch.Generator().manual_seed(0)
    )
    seen = set()
    for _ in range(60):
        moved, _ = pictures.__getitems__(range(10))
        for picture, whole in zip(moved, images, strict=True):
            padded = TF.pad(torch.tensor(whole).permute(2, 0, 1).float(), [2] * 4)
            windows = {
                (top, left, flip): TF.hflip(cut) if flip else cut
                for top in range(5)
                for left in range(5)
                for flip in (False, True)
                for cut in [TF.crop(padded, top, left, 8, 8)]
            }
            match = [key for key, cut in windows.items() if torch.equal(cut, picture)]
            assert len(match) == 1
            seen.update(match)
    assert len(seen) == 50  # every place, both ways round


def test_what_is_not_asked_for_does_not_happen(coloured):
    images, _ = coloured
    flat = torch.tensor(images).float()
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(dataset.shift_and_flip(flat, 0, False, generator), flat)
    flipped = dataset.shift_and_flip(flat, 0, True, generator)
    ways = {
        (torch.equal(a, b), torch.equal(a, b.flip(1)))
        for a, b in zip(flipped, flat, strict=True)
    }
    assert ways == {(True, False), (False, True)}


def test_the_split_is_seeded_stratified_and_without_overlap():
    labels = np.repeat([2, 0, 1], [50, 30, 20])
    train, valid = dataset.split(labels, 0.1, seed=3)
    assert sorted([*train, *valid]) == list(range(100))
    assert np.bincount(labels[valid]).tolist() == [3, 2, 5]
    again, other = (dataset.split(labels, 0.1, seed=s)[1] for s in (3, 4))
    assert np.array_equal(valid, again) and not np.array_equal(valid, other)


def test_the_loader_gives_each_picture_once_and_its_state_can_be_kept(coloured):
    images, _ = coloured
    numbers = np.arange(10)
    generator = torch.Generator().manual_seed(0)
    pictures = dataset.Pictures(images, numbers, ZERO_ONE, 1, True, generator)
    loader = dataset.Loader(pictures, 4, shuffle=True)
    assert [len(y) for _, y in loader] == [4, 4, 2]
    state = loader.state_dict()
    first = [(x, y) for x, y in loader]
    assert sorted(int(n) for _, y in first for n in y) == list(range(10))
    other = [(x, y) for x, y in loader]
    loader.load_state_dict(state)
    again = [(x, y) for x, y in loader]
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("values", "patience", "epoch", "best"),
    [
        ([0.1, 0.3, 0.2, 0.2, 0.2], 3, 5, 2),
        ([0.1, 0.3, 0.2, 0.2, 0.4, 0.1, 0.2, 0.3], 3, 8, 5),
        ([0.5, 0.5], 1, 2, 1),  # as good is not better
        ([0.5, 0.4, 0.45, 0.48], 3, 4, 1),  # better than the last is not the best
    ],
)
def test_early_stopping_counts_exactly(values, patience, epoch, best):
    watch = pipeline.EarlyStopping(patience)
    over = []
    for value in values:
        watch.see(value)
        over.append(watch.over)
    assert over == [False] * (epoch - 1) + [True]
    assert (watch.best_epoch, watch.best) == (best, values[best - 1])


def test_the_rate_falls_where_the_paper_says():
    steps = [pipeline.step_rate(step / 64_000, 0.1) for step in range(64_000)]
    falls = [n for n in range(1, 64_000) if steps[n] < steps[n - 1]]
    assert falls == [32_000, 48_000]
    assert [steps[0], steps[40_000], steps[-1]] == pytest.approx([0.1, 0.01, 0.001])


def make(width=4):
    torch.manual_seed(0)
    return nets.build("resnet-8-cifar", 10, 1, width=width)


def batches(sizes=(40, 40, 7)):
    images = data.load("digits").train
    pictures = torch.tensor(images.images).permute(0, 3, 1, 2).float() / 255
    labels = torch.tensor(images.labels)
    stop = np.cumsum(sizes)
    return [(pictures[b - s : b], labels[b - s : b]) for s, b in zip(sizes, stop)]  # noqa: B905


def test_one_epoch_is_sgd_with_momentum_by_the_formula():
    ours, theirs = make().double(), make().double()
    fed = [(x.double(), y) for x, y in batches()]
    optimizer = torch.optim.SGD(ours.parameters(), 99, **pipeline.SGD)
    mean = pipeline.train_epoch(ours, fed, optimizer, lambda share: 0.1 / (1 + share))
    velocity = [torch.zeros_like(p) for p in theirs.parameters()]
    losses = []
    for step, (x, y) in enumerate(fed):
        loss = nn.functional.cross_entropy(theirs(x), y)
        losses.append(loss.item() * len(y))
        found = torch.autograd.grad(loss, list(theirs.parameters()))
        with torch.no_grad():
            for p, g, v in zip(theirs.parameters(), found, velocity, strict=True):
                v.mul_(0.9).add_(g + 1e-4 * p)
                p.sub_(0.1 / (1 + step / 3) * v)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-6)
    assert mean == pytest.approx(sum(losses) / 87)


def test_evaluation_weighs_pictures_alike_and_changes_nothing():
    net = make()
    net(batches()[0][0])  # running statistics of its own
    before = weights(net).clone()
    loss, predicted, labels = pipeline.evaluate(net, batches())
    assert torch.equal(weights(net), before)
    ((x, y),) = batches((87,))
    with torch.no_grad():
        logits = net.eval()(x)
    assert loss == pytest.approx(nn.functional.cross_entropy(logits, y).item())
    assert torch.equal(predicted, logits.argmax(1)) and torch.equal(labels, y)
    theirs = confusion_matrix(y, predicted, labels=range(10))
    assert pipeline.confusion_matrix(y, predicted, 10) == theirs.tolist()


def test_the_same_seed_gives_the_same_run_and_another_does_not():
    first, again, other = run(seed=1), run(seed=1), run(seed=2)
    assert first.result.measured == again.result.measured != other.result.measured
    assert torch.equal(weights(first.net), weights(again.net))


def test_what_is_measured_fits_together():
    found = run()
    measured = found.result.measured
    labels, answers = (
        torch.tensor([int(digit) for digit in measured[key]])
        for key in ("labels", "predicted")
    )
    images = data.load("digits")
    assert labels.tolist() == images.valid.labels.tolist()
    assert measured["confusion"] == confusion_matrix(labels, answers).tolist()
    share = (labels == answers).float().mean().item()
    assert measured["test_accuracy"] == pytest.approx(share, abs=1e-6)
    sizes = measured["split"]
    assert sizes == {"train": 452, "valid": 48, "test": len(images.valid)}
    assert (found.data["train"], found.data["valid"]) == (452, 48)
    assert measured["stopped"] == "all epochs done"
    assert len(set(measured["test_accuracy_augmented"])) > 1  # a number that moves
    spent = statistics.median(e["train_seconds"] for e in found.result.epochs)
    assert found.result.images_per_second == round(452 / spent, 1)  # none left out
    made = training.make_record(SMALL, "smoke", [found])
    records.validate(made.to_dict())


def test_the_net_of_the_best_epoch_is_the_one_that_is_tested(monkeypatch):
    one_epoch = pipeline.one_epoch
    kept = []

    def worse_after_two(progress, *rest):
        epoch = one_epoch(progress, *rest)
        kept.append(weights(progress.model).clone())
        return epoch | {"accuracy": [0.2, 0.6, 0.6, 0.1][epoch["epoch"] - 1]}

    monkeypatch.setattr(pipeline, "one_epoch", worse_after_two)
    found = run()
    assert found.result.measured["best_epoch"] == 2
    assert torch.equal(weights(found.net), kept[1])
    assert not torch.equal(weights(found.net), kept[3])


def test_it_stops_early_and_says_why(monkeypatch):
    one_epoch = pipeline.one_epoch

    def never_better(*words):
        return one_epoch(*words) | {"accuracy": 0.5}

    monkeypatch.setattr(pipeline, "one_epoch", never_better)
    longer = dataclasses.replace(SMALL.profiles["smoke"], epochs=9)
    found = run(dataclasses.replace(SMALL, profiles={"smoke": longer}))
    assert len(found.result.epochs) == 1 + 3
    assert found.result.measured["stopped"] == "no better for 3 epochs"


def test_the_test_pictures_are_met_once_and_as_they_are(monkeypatch):
    asked = []
    evaluate = pipeline.evaluate

    def watch(net, loader):
        asked.append((len(loader.dataset), loader.dataset.pad))
        return evaluate(net, loader)

    monkeypatch.setattr(pipeline, "evaluate", watch)
    run()
    test = len(data.load("digits").valid)
    assert asked == [(48, 0)] * 4 + [(test, 0)] + [(test, 1)] * 3


class Killed(Exception):
    pass


@pytest.mark.parametrize("call", [2, 3, 4, 5])  # saves: best and last, in turn
def test_a_killed_run_resumes_to_the_same_end(monkeypatch, call):
    whole = run()
    save = pipeline.checkpoint.save
    saved = []

    def save_then_die(*words):
        saved.append(save(*words))
        if len(saved) == call:
            raise Killed

    monkeypatch.setattr(pipeline.checkpoint, "save", save_then_die)
    with pytest.raises(Killed):
        run()
    monkeypatch.setattr(pipeline.checkpoint, "save", save)
    resumed = run(resume=True)
    assert resumed.result.measured == whole.result.measured
    assert torch.equal(weights(resumed.net), weights(whole.net))
    after = run(resume=True)  # nothing left to train
    assert after.result.measured == whole.result.measured


def test_another_net_than_the_best_is_never_tested(monkeypatch):
    one_epoch = pipeline.one_epoch

    def better(progress, held, p, done):
        return one_epoch(progress, held, p, done) | {"accuracy": 0.1 * (done + 1)}

    monkeypatch.setattr(pipeline, "one_epoch", better)
    run()
    best = data.runs_folder() / f"{SMALL.name}-smoke-seed0" / "best"
    newest = max(best.glob("epoch-*")) / "weights.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(LessonError, match=r"the best epoch in .* is damaged"):
        run(resume=True)


def test_a_best_net_of_an_epoch_that_comes_again_is_forgotten(tmp_path):
    for epoch in (2, 4):
        (tmp_path / f"epoch-{epoch:04}").mkdir()
    pipeline.forget_after(tmp_path, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0002"]


def test_a_best_epoch_that_is_no_longer_the_best_is_forgotten(monkeypatch):
    """A GPU does not come to the very same numbers again."""
    one_epoch, save = pipeline.one_epoch, pipeline.checkpoint.save
    better, saved = [True], []

    def told(progress, held, p, done):
        share = 0.2 * (done + 1) if better[0] else 0.1
        return one_epoch(progress, held, p, done) | {"accuracy": share}

    def save_then_die(*words):
        saved.append(save(*words))
        if len(saved) == 3:  # best and last of epoch 1, best of epoch 2
            raise Killed

    monkeypatch.setattr(pipeline, "one_epoch", told)
    monkeypatch.setattr(pipeline.checkpoint, "save", save_then_die)
    with pytest.raises(Killed):
        run()
    monkeypatch.setattr(pipeline.checkpoint, "save", save)
    better[0] = False
    assert run(resume=True).result.measured["best_epoch"] == 1


def test_wrong_use_is_said():
    run()
    with pytest.raises(UsageError, match="without --resume"):
        run(dataclasses.replace(SMALL, net="resnet-14-cifar"), resume=True)
    wild = dataclasses.replace(SMALL.profiles["smoke"], lr=1e30)
    with pytest.raises(LessonError, match="third of the learning rate"):
        run(dataclasses.replace(SMALL, profiles={"smoke": wild}))
    once = dataclasses.replace(wild, epochs=1, batch_size=500)  # its loss is good
    with pytest.raises(LessonError, match="no longer a number in epoch 1"):
        run(dataclasses.replace(SMALL, profiles={"smoke": once}))


def test_the_laptop_and_gpu_profiles_use_every_training_picture():
    longer, short = (EXPERIMENT.profile(name) for name in ("gpu", "laptop"))
    assert short.pictures is longer.pictures is None
    assert longer.epochs > short.epochs
    assert "width" not in longer.options  # the paper's 16


def test_a_full_disk_does_not_end_the_training(monkeypatch):
    save, said = pipeline.checkpoint.save, []

    def best_alone(folder, *words):
        if folder.name != "best":
            raise LessonError("No checkpoint could be kept.")
        save(folder, *words)

    monkeypatch.setattr(pipeline.checkpoint, "save", best_alone)
    found = training.train(SMALL, "smoke", 0, "cpu", say=said.append)
    assert len(found.result.epochs) == 4
    assert said.count("No checkpoint could be kept.") == 4
    again = run(resume=True)  # there is nothing to go on from
    assert again.result.measured == found.result.measured


def test_a_best_net_that_is_gone_is_said_before_the_training():
    run()
    best = data.runs_folder() / f"{SMALL.name}-smoke-seed0" / "best"
    shutil.rmtree(best)
    with pytest.raises(LessonError, match="The best net up to epoch 4 is gone"):
        run(resume=True)

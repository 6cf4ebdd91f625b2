"""Training: the loop in the open, the same numbers twice, resuming, records."""

import contextlib
import dataclasses
import errno
import io
import itertools
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.torch_core import set_seed
from safetensors import SafetensorError
from torch.utils.data import DataLoader, TensorDataset

from resnet_lessons import __version__, data, nets, probes, records, training
from resnet_lessons.data.marker import sha256_file
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.training import checkpoint, recording, replay
from resnet_lessons.training import run as run_module
from resnet_lessons.training.device import processor
from resnet_lessons.training.learner import SCHEDULES, History

SMALL = dataclasses.replace(
    training.experiment("fcn-baseline"),
    profiles={"smoke": training.Profile("digits", size=8, epochs=3, batch_size=256)},
)


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    monkeypatch.setattr(checkpoint, "SECONDS", 0)  # save after each epoch


@pytest.fixture
def silent():
    return lambda line: None


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.state_dict().values()])


def test_the_bare_loop_takes_the_steps_of_the_learner():
    images = data.load("digits")

    def setting():  # in double: AdamW makes much of the rounding of small gradients
        set_seed(3)
        net = nets.build("fcn-baseline", in_channels=1).double()
        net.register_forward_pre_hook(lambda _, inputs: inputs[0].double())
        net.register_forward_hook(lambda *call: call[2].float())  # fastai's loss
        dls = data.loaders(images, 8, 64, torch.device("cpu"), augment=False, seed=3)
        return net, dls

    theirs, dls = setting()
    history = History()
    with training.make_learner(dls, theirs, cbs=[history]).no_bar() as learn:
        learn.no_logging().__enter__()
        learn.fit_one_cycle(2, 3e-3)
    ours, dls = setting()
    losses = training.fit_bare(ours, dls.train, epochs=2, lr=3e-3)
    steps = len(dls.train)
    assert len(losses) == 2 * steps
    told = [epoch["train_loss"] for epoch in history.epochs]
    means = [sum(losses[:steps]) / steps, sum(losses[steps:]) / steps]
    assert told == pytest.approx(means, rel=1e-4)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=1e-7)


def test_loaders_without_a_device_are_of_the_cpu(monkeypatch):
    """fastai would move the net to a GPU, and leave it there (chapter 1)."""
    other = torch.device("meta")
    monkeypatch.setattr("fastai.learner.default_device", lambda: other)
    monkeypatch.setattr("fastai.callback.core.default_device", lambda: other)
    pairs = TensorDataset(torch.rand(8, 1, 8, 8), torch.arange(8) % 2)
    net = nets.build("fcn-baseline", 2, 1)
    dls = DataLoaders(DataLoader(pairs, 4), DataLoader(pairs, 4))
    with training.make_learner(dls, net, cbs=[History()]).no_bar() as learn:
        learn.no_logging().__enter__()
        learn.fit(1)
    assert {p.device.type for p in net.parameters()} == {"cpu"}


@pytest.mark.parametrize(
    ("said", "usable"),
    [
        ("CUDA error: no kernel image is available for execution", False),
        ("CUDA error: out of memory", True),  # another notebook holds it
    ],
)
def test_a_card_that_this_pytorch_has_no_code_for_is_passed_over(
    said, usable, monkeypatch
):
    def fails(*size, **options):
        raise RuntimeError(said)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "zeros", fails)
    assert (data.best_device().type == "cuda") is usable
    assert (training.find_device("auto").type == "cuda") is usable
    if usable:
        assert training.find_device("cuda").type == "cuda"
    else:
        with pytest.raises(UsageError, match="has no code for the card 'cuda'"):
            training.find_device("cuda")
    assert training.find_device("cpu").type == "cpu"  # nobody asks the card


def test_one_cycle_climbs_for_a_quarter_and_falls_to_almost_nothing():
    rates = [training.one_cycle(share / 100, 1.0)[0] for share in range(101)]
    assert rates[0] == pytest.approx(1 / 25)
    assert max(rates) == rates[25] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(1e-5)
    assert training.one_cycle(0.25, 1.0)[1] == pytest.approx(0.85)


def test_a_flat_schedule_keeps_the_rate_for_half_of_the_steps(silent, monkeypatch):
    seen = []

    def look(history):
        if history.training:
            seen.append(history.opt.hypers[-1]["lr"])

    monkeypatch.setattr(History, "before_step", look, raising=False)
    flat = dataclasses.replace(
        SMALL.profile("smoke"), lr=1e-3, schedule="flat, then a cosine"
    )
    one = dataclasses.replace(SMALL, profiles={"smoke": flat})
    run = training.train(one, "smoke", 0, "cpu", say=silent)
    assert run.config["schedule"] == flat.schedule
    steps = len(seen) // 2
    assert seen[:steps] == [1e-3] * steps
    assert seen[steps:] == sorted(seen[steps:], reverse=True)
    assert seen[-1] < 0.1 * flat.lr


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(silent):
    def losses(seed):
        run = training.train(SMALL, "smoke", seed, "cpu", say=silent)
        return [e["train_loss"] for e in run.result.epochs]

    assert losses(1) == losses(1) != losses(2)


def test_a_seed_sets_the_first_weights_and_the_batches(silent, monkeypatch):
    build, loaders, starts, first = nets.build, data.loaders, [], []

    def built(*args, **options):
        starts.append(weights(net := build(*args, **options)))
        return net

    def loaded(*args, **options):
        first.append(loaders(*args, **options).train.one_batch()[0])
        return loaders(*args, **options)

    monkeypatch.setattr(nets, "build", built)
    monkeypatch.setattr(data, "loaders", loaded)
    profile = dataclasses.replace(SMALL.profiles["smoke"], epochs=1)
    exp = dataclasses.replace(SMALL, profiles={"smoke": profile})
    for seed in (1, 1, 2):
        training.train(exp, "smoke", seed, "cpu", say=silent)
    for one, same, other in (starts, first):
        assert torch.equal(one, same) and not torch.equal(one, other)


def test_a_part_of_the_pictures_is_the_same_every_time():
    images = data.load("digits")
    parts = [run_module.subset(images, 100).train for _ in range(2)]
    assert (parts[0].images == parts[1].images).all() and len(parts[0]) == 100
    assert len(set(parts[0].labels.tolist())) == 10
    assert run_module.subset(images, None) is images
    assert run_module.subset(images, 10_000) is images


def test_pictures_grow_from_epoch_to_epoch(silent, monkeypatch):
    seen, validated = [], []
    forward = torch.nn.Module.__call__

    def watch(net, x, *rest):
        if isinstance(net, nets.fcn.FullyConvolutional):
            (seen if net.training else validated).append(x.shape[-1])
        return forward(net, x, *rest)

    monkeypatch.setattr(torch.nn.Module, "__call__", watch)
    one_size = "one graph is for one size"
    monkeypatch.setattr(run_module, "replayed", lambda *_: pytest.fail(one_size))
    growing = dataclasses.replace(SMALL.profiles["smoke"], sizes=[4, 6, 8])
    exp = dataclasses.replace(SMALL, profiles={"smoke": growing})
    run = training.train(exp, "smoke", 0, "cpu", say=silent)
    assert list(dict.fromkeys(seen)) == [4, 6, 8] and set(validated) == {8}
    assert run.result.macs == probes.macs(run.net, (1, 8, 8))
    assert run.config["sizes"] == [4, 6, 8]


class Killed(Exception):
    pass


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_killed_run_resumes_to_the_same_weights(silent, monkeypatch, schedule):
    profile = dataclasses.replace(SMALL.profile("smoke"), schedule=schedule)
    exp = dataclasses.replace(SMALL, profiles={"smoke": profile})
    whole = training.train(exp, "smoke", 0, "cpu", say=silent)
    save = checkpoint.save

    def save_then_die(folder, learn, history, config):
        save(folder, learn, history, config)
        if len(history.epochs) == 2:
            raise Killed("here")  # fastai wants a message

    monkeypatch.setattr(checkpoint, "save", save_then_die)
    with pytest.raises(Killed):
        training.train(exp, "smoke", 0, "cpu", say=silent)
    monkeypatch.setattr(checkpoint, "save", save)
    resumed = training.train(exp, "smoke", 0, "cpu", resume=True, say=silent)
    assert torch.equal(weights(resumed.net), weights(whole.net))
    kept = ["epoch", "train_loss", "valid_loss", "accuracy"]
    for a, b in zip(resumed.result.epochs, whole.result.epochs, strict=True):
        assert [a[k] for k in kept] == [b[k] for k in kept]


def test_a_checkpoint_of_other_pictures_is_refused(silent, monkeypatch):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    load = data.load

    def other(*args, **options):
        return dataclasses.replace(load(*args, **options), content_hash="another")

    monkeypatch.setattr(data, "load", other)
    with pytest.raises(UsageError, match="this run has 'another'"):
        training.train(SMALL, "smoke", 0, "cpu", resume=True, say=silent)


def test_the_last_two_checkpoints_stay(silent):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    folder = data.runs_folder() / f"{SMALL.name}-smoke-seed0"
    names = sorted(path.name for path in folder.glob("epoch-*"))
    assert names == ["epoch-0002", "epoch-0003"]


class Evil:
    def __reduce__(self):
        return eval, ("open('evil', 'w')",)


def test_a_checkpoint_that_would_run_code_is_not_loaded(silent, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    for progress in data.runs_folder().rglob("progress.json"):
        state = progress.with_name("state.pt")
        torch.save({"optimizer": Evil()}, state)
        told = json.loads(progress.read_text("utf-8"))
        told["sha256"]["state.pt"] = sha256_file(state)
        progress.write_text(json.dumps(told), "utf-8")
    with pytest.raises(pickle.UnpicklingError):
        training.train(SMALL, "smoke", 0, "cpu", resume=True, say=silent)
    assert not Path("evil").exists()


def test_a_checkpoint_of_other_code_or_another_device_is_refused(silent, monkeypatch):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    for name in "commit", "describe_device":
        with monkeypatch.context() as patch:
            patch.setattr(run_module, name, lambda *_: "another")
            with pytest.raises(UsageError, match="this run has 'another'"):
                training.train(SMALL, "smoke", 0, "cpu", resume=True, say=silent)


def test_two_processes_do_not_train_into_one_folder(silent):
    folder = data.runs_folder() / f"{SMALL.name}-smoke-seed0"
    hold = (
        "import pathlib, sys; from resnet_lessons.training.checkpoint import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); input()"
    )
    call = [sys.executable, "-c", hold, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(call, **pipes) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LessonError, match="Another process is training"):
            training.train(SMALL, "smoke", 0, "cpu", say=silent)
        other.kill()
    training.train(SMALL, "smoke", 0, "cpu", say=silent)


def test_a_training_goes_on_where_no_checkpoint_can_be_kept(monkeypatch):
    def full(*_):
        raise SafetensorError("No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    lines = []
    run = training.train(SMALL, "smoke", 0, "cpu", say=lines.append)
    assert len(run.result.epochs) == 3
    assert sum("No checkpoint could be kept" in line for line in lines) == 3
    assert not list(data.runs_folder().rglob(".part-*"))


def test_a_training_goes_on_where_an_old_checkpoint_cannot_be_removed(monkeypatch):
    remove = os.rmdir

    def busy(path, *rest, **options):
        if "epoch-0001" in str(path):
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))
        remove(path, *rest, **options)

    monkeypatch.setattr(os, "rmdir", busy)
    run = training.train(SMALL, "smoke", 0, "cpu", say=lambda line: None)
    assert len(run.result.epochs) == 3


def test_a_place_where_no_run_can_be_kept_is_told(silent):
    data.data_root().mkdir(parents=True, exist_ok=True)
    data.runs_folder().write_text("a file")
    with pytest.raises(LessonError, match="another folder with RESNET_LESSONS_DATA"):
        training.train(SMALL, "smoke", 0, "cpu", say=silent)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr("resnet_lessons.training.device.usable", lambda device: True)
    current = []  # below torch's own `set_device`, which takes no "cuda" without number
    monkeypatch.setattr(torch._C, "_cuda_setDevice", current.append, raising=False)
    with pytest.raises(UsageError, match=r"no 'cuda:9' here\. GPUs here: 1,"):
        training.find_device("cuda:9")
    assert training.find_device("cuda").type == "cuda" and not current
    assert training.find_device("cuda:0").index == current[0] == 0


def test_a_net_whose_weights_are_not_kept_is_named(silent):
    with pytest.raises(UsageError, match="No weights are kept of 'fcn-baseline'"):
        training.net_of("fcn-baseline", False, silent)


def test_epochs_of_a_moment_are_not_saved(silent, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 100)
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    assert not list(tmp_path.rglob("epoch-*"))
    lines = []
    again = training.train(SMALL, "smoke", 0, "cpu", resume=True, say=lines.append)
    assert len(again.result.epochs) == 3 and lines[1] == "Nothing to resume."


def test_the_seconds_count_from_the_last_time(silent, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 10)
    clock = itertools.count(0, 6)  # asked at the start, after each epoch, each save
    monkeypatch.setattr(checkpoint, "perf_counter", lambda: next(clock))
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    assert [path.name for path in tmp_path.rglob("epoch-*")] == ["epoch-0002"]


def test_a_run_from_the_start_leaves_nothing_of_an_earlier_one(silent, tmp_path):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    later = folder / "epoch-0009"  # of a longer run
    (folder / "epoch-0003").rename(later)
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    assert not later.exists() and (folder / "epoch-0003").exists()


def test_a_checkpoint_gives_back_the_state_of_the_random_numbers(tmp_path):
    learn = SimpleNamespace(
        model=torch.nn.Linear(1, 1),
        opt=torch.optim.SGD([torch.zeros(1)]),
        dls=SimpleNamespace(train=torch.nn.Identity()),
    )
    history = SimpleNamespace(epochs=[{"epoch": 1}])
    (tmp_path / ".part-0001").mkdir()  # left by a kill
    checkpoint.save(tmp_path, learn, history, {"seed": 0})
    drawn = torch.rand(3)
    assert checkpoint.restore(tmp_path, learn, history, {"seed": 0}) == 1
    assert torch.equal(torch.rand(3), drawn)


def test_a_damaged_checkpoint_is_passed_over(silent, tmp_path):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    newest = sorted((tmp_path / "runs").glob("*/epoch-*"))[-1]
    stored = newest / "weights.safetensors"
    bytes_ = bytearray(stored.read_bytes())
    bytes_[-1] ^= 1  # one flipped bit loads silently in both formats
    stored.write_bytes(bytes_)
    lines = []
    training.train(SMALL, "smoke", 0, "cpu", resume=True, say=lines.append)
    assert "Resuming after epoch 2." in lines
    assert not [line for line in lines if "could be kept" in line]  # in its place


@pytest.mark.parametrize("text", ["[]", '{"sha256": null}', '{"sha256": {}}'])
def test_a_checkpoint_whose_notes_are_of_another_form_is_damaged(text, tmp_path):
    folder = tmp_path / "epoch-0001"
    folder.mkdir()
    (folder / "progress.json").write_text(text)
    with pytest.raises(LessonError, match="is damaged"):
        checkpoint.restore(tmp_path, None, None, {"seed": 0})


def test_a_checkpoint_of_another_run_is_refused(silent):
    training.train(SMALL, "smoke", 0, "cpu", say=silent)
    other = dataclasses.replace(SMALL, net="resblock-net")
    with pytest.raises(UsageError, match=r"resblock-net.*without --resume"):
        training.train(other, "smoke", 0, "cpu", resume=True, say=silent)


def test_a_loss_that_is_no_number_stops_the_run(silent):
    wild = dataclasses.replace(SMALL.profiles["smoke"], lr=1e20)
    said = r"^The loss is no longer.*third of the learning rate \(.*profiles\.py\)\.$"
    with pytest.raises(LessonError, match=said):
        training.train(
            dataclasses.replace(SMALL, profiles={"smoke": wild}),
            "smoke",
            device="cpu",
            say=silent,
        )


def test_history_holds_the_loss_over_all_validation_pictures(silent):
    run = training.train(SMALL, "smoke", 0, "cpu", say=silent)
    images = data.load("digits", 10)
    dls = data.loaders(images, 8, 100, torch.device("cpu"))
    run.net.eval()
    with torch.no_grad():
        pairs = [(run.net(x), y) for x, y in dls.valid]
    logits, labels = (torch.cat(part) for part in zip(*pairs, strict=True))
    last = run.result.epochs[-1]
    spent = statistics.median(e["train_seconds"] for e in run.result.epochs)
    seen = len(images.train) // 256 * 256  # of the last, incomplete batch none
    assert run.result.images_per_second == pytest.approx(seen / spent, rel=0.01)
    assert last["accuracy"] == pytest.approx(
        (logits.argmax(1) == labels).float().mean()
    )
    loss = torch.nn.functional.cross_entropy(logits, labels).item()
    assert last["valid_loss"] == pytest.approx(loss, rel=1e-4)


def test_a_record_says_how_to_make_it_again(silent, tmp_path):
    options = {"device": "cpu", "folder": tmp_path, "say": silent}
    made = training.record(SMALL, "smoke", seeds=2, shared_by=3, **options)
    assert made.device.endswith(", 3 runs at once")  # its seconds are longer for it
    command = "resnet-lessons record fcn-baseline --profile smoke --seeds 2"
    assert made.command == f"{command} --shared-by 3"
    assert records.load("fcn-baseline", "smoke", tmp_path) == made
    assert made.data["stand_in"] is False  # digits are what the profile names
    assert len(made.commit.split("+")[0]) >= 7
    assert [seed.seed for seed in made.seeds] == [0, 1]
    packages = ("torch", "torchvision", "fastai", "numpy")
    assert {name: version(name) for name in packages}.items() <= made.versions.items()
    assert made.data["variant"] == data.find("digits").variant


def test_an_epoch_is_told_with_both_losses():
    epoch = {"epoch": 2, "train_loss": 0.25, "valid_loss": 0.5, "accuracy": 0.75}
    epoch |= {"train_seconds": 1.25, "valid_seconds": 0.5}
    said = "epoch 2/5  train loss 0.250  valid loss 0.500  accuracy  75.0%  1.8 s"
    assert run_module.epoch_line(epoch, 5) == said


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise LessonError("no connection")

    monkeypatch.setattr("resnet_lessons.data.store.get", refuse)


MISSING = dataclasses.replace(
    SMALL, profiles={"laptop": training.Profile("imagenette", 16, 1)}
)


def test_a_missing_data_set_is_an_error(no_network, silent):
    with pytest.raises(LessonError, match="no connection"):
        training.train(MISSING, "laptop", device="cpu", say=silent)


def test_a_stand_in_is_announced_and_written_down(no_network, silent, capfd):
    run = training.train(MISSING, "laptop", device="cpu", stand_in=True, say=silent)
    assert run.data["stand_in"] is True and run.data["name"] == "pictures"
    assert "STAND-IN: imagenette" in capfd.readouterr().err


def test_replay_says_so_and_live_says_so(monkeypatch, tmp_path, silent):
    monkeypatch.delenv(replay.LIVE, raising=False)
    lines = []
    kept = training.record_of("fcn-baseline", live=False, say=lines.append)
    assert lines[0].startswith("Replayed") and kept.device in lines[0]
    monkeypatch.setitem(training.EXPERIMENTS, "fcn-baseline", SMALL)
    training.record_of("fcn-baseline", live="smoke", say=lines.append)
    assert lines[-1].startswith("Trained here") and processor() in lines[-1]


def test_a_processor_is_told_with_its_vectors():
    assert processor().endswith(f", {torch.backends.cpu.get_cpu_capability()}")


def test_records_that_were_made_alike_are_told_in_one_line(monkeypatch):
    monkeypatch.delenv(replay.LIVE, raising=False)
    names = ["plain-8-cifar", "plain-20-cifar", "fcn-baseline"]
    lines = []
    kept = training.records_of(names, live=False, say=lines.append)
    assert [record.experiment for record in kept] == names
    one, other = lines[0].split("\n")
    assert one.startswith("Replayed: plain, 8 layers; plain, 20 layers (cifar10")
    assert kept[0].device in one and kept[1].commit[:7] in one
    assert other.startswith(f"Replayed: {kept[2].title} (imagenette")
    twin = dataclasses.replace(kept[0], commit="b" * 40)
    first = records.short_commit(kept[0].commit)
    assert f"commit {first})" in replay._replayed(kept[0], kept[0])
    assert f"commits {first}, bbbbbbbb)" in replay._replayed(kept[0], twin)


def test_a_profile_that_one_lacks_is_told_before_any_trains(monkeypatch):
    monkeypatch.delenv(replay.LIVE, raising=False)
    monkeypatch.setattr(replay, "train", lambda *args, **options: pytest.fail("trains"))
    names = (name for name in ["resnet-56-cifar", "resnet-56-faster"])
    with pytest.raises(UsageError, match="'resnet-56-faster' has no profile 'gpu'"):
        training.records_of(names, live="gpu")


@pytest.mark.parametrize("cuda", [False, True])
def test_a_notebook_trains_where_there_is_cuda_or_where_it_is_told(cuda, monkeypatch):
    monkeypatch.delenv(replay.LIVE, raising=False)
    device = torch.device("cuda" if cuda else "cpu")
    monkeypatch.setattr(data, "best_device", lambda: device, raising=False)
    calls = []

    def train(exp, profile, **options):
        calls.append((profile, options["stand_in"]))
        raise LessonError("enough")

    monkeypatch.setattr(replay, "train", train)

    def asked(live):
        """The profile that is trained; None where the Record is shown."""
        calls.clear()
        with contextlib.suppress(LessonError):
            training.record_of("fcn-baseline", live=live, say=lambda line: None)
        assert all(stand_in for _, stand_in in calls)
        return calls[0][0] if calls else None

    assert asked(None) == ("gpu" if cuda else None)
    assert asked(True) == ("gpu" if cuda else "laptop")
    assert asked(False) is None
    assert asked("smoke") == "smoke"
    monkeypatch.setenv(replay.LIVE, "smoke")
    assert asked(False) == "smoke"
    with pytest.raises(LessonError, match="enough"):
        training.net_of("resnet-14-shapes", live=False)
    assert calls[-1] == ("smoke", True)


def test_what_was_recorded_is_no_change_of_the_code(tmp_path):
    """In a clone of this repository's package, with a file of its own."""
    package = tmp_path / "resnet_lessons"
    shutil.copytree(Path(recording.__file__).parents[1], package)
    (tmp_path / ".gitignore").write_text("__pycache__/")
    rules = (Path(__file__).parents[1] / ".gitattributes").read_text("utf-8")
    (tmp_path / ".gitattributes").write_text(rules.replace("src/", ""))
    (package / "COMMIT").write_text("$Format:%H$\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)

    def commit(meanwhile="pass"):
        code = "from resnet_lessons.training.provenance import commit; commit()\n"
        code += f"{meanwhile}; print(commit())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        return done.stdout.strip() or done.stderr

    recorded = package / "records" / "recorded"
    (recorded / "new.laptop.json").write_text("{}")
    (recorded / "new.laptop.safetensors").write_text("")
    (package / "records" / "benches" / "new.json").write_text("{}")
    assert len(commit()) == 40
    edited = "import pathlib; pathlib.Path('resnet_lessons/nets/new.py').touch()"
    assert len(commit(edited)) == 40  # while it ran: that is not the code that did
    assert commit().endswith("+changes")

    def git(*words):
        return subprocess.check_output(["git", *words], cwd=tmp_path)

    archive = git("archive", "HEAD", "resnet_lessons/COMMIT")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        written = tar.extractfile("resnet_lessons/COMMIT").read()
    assert written == git("rev-parse", "HEAD")
    shutil.rmtree(tmp_path / ".git")
    assert commit() == f"released {__version__}"
    (package / "COMMIT").write_text("a" * 40 + "\n")  # as `git archive` writes it
    assert commit() == "a" * 40
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "own.txt").write_text("")  # a repository that does not hold the package
    for words in (["add", "own.txt"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    assert commit() == "a" * 40


def test_the_kept_records_are_valid_real_and_made_from_clean_code():
    kept = records.catalogue()
    assert kept
    for record in kept:
        assert not record.data["stand_in"], record.experiment
        assert "+" not in record.commit, f"{record.experiment}: {record.commit}"
        assert record.experiment in training.EXPERIMENTS
        profile = training.experiment(record.experiment).profile(record.profile)
        known = {field.name for field in dataclasses.fields(profile)}
        kept_as = {k: v for k, v in record.config.items() if k in known}
        assert training.Profile(**kept_as) == profile, record.experiment


def test_records_stand_in_the_order_of_the_book():
    kept = [(r.chapter, r.experiment) for r in records.catalogue()]
    chapters = [chapter for chapter, _ in kept]
    numbers = [chapter for chapter in chapters if isinstance(chapter, int)]
    assert numbers == sorted(numbers) and {1, 10} <= set(numbers)
    letters = chapters[len(numbers) :]
    assert letters == sorted(letters) and {*letters} == {"D", "E"}
    assert kept.index((4, "plain-8-cifar")) < kept.index((4, "plain-20-cifar"))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"profile": "huge"}, "profile"),
        ({"seeds": []}, "seeds"),
        ({"extra": 1}, "extra"),
        ({"command": "python train.py"}, "command"),
    ],
)
def test_the_schema_refuses(change, place):
    raw = json.loads(json.dumps(records.catalogue()[0].to_dict())) | change
    with pytest.raises(LessonError, match=f"valid Record: .*{place}"):
        records.validate(raw)


def test_wrong_names_are_answered_with_near_ones():
    with pytest.raises(UsageError, match="fcn-baseline"):
        training.experiment("fcn-basline")
    with pytest.raises(UsageError, match="laptop"):
        training.experiment("fcn-baseline").profile("cluster")
    with pytest.raises(UsageError, match=r"Unknown device.*cpu"):
        training.find_device("gpu0")
    with pytest.raises(UsageError, match="resnet-lessons record fcn-baseline"):
        records.load("fcn-baseline", "smoke")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("net", ["fcn-baseline", "resnet-20-cifar"])
def test_a_replayed_step_is_the_step_that_was_captured(net):
    from resnet_lessons.training.steps import replayed

    images = torch.randn(16, 3, 32, 32, device="cuda")
    labels = torch.arange(16, device="cuda") % 10

    def losses(context):
        torch.manual_seed(0)
        model = nets.build(net).cuda()
        start = weights(model)
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        found = []
        with context(model, images.clone()):
            assert torch.equal(weights(model), start)  # capturing has left no trace
            model.train()
            for step in range(6):
                with torch.autocast("cuda", torch.bfloat16):
                    loss = torch.nn.functional.cross_entropy(
                        model(images + step), labels
                    )
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                found.append(loss.item())
        assert "forward" not in vars(model)
        return found, weights(model.eval())

    @contextlib.contextmanager
    def as_it_is(model, images):
        yield

    plain, graph = losses(as_it_is), losses(replayed)
    assert graph[0] == pytest.approx(plain[0], rel=0.02)
    torch.testing.assert_close(graph[1], plain[1], rtol=0.05, atol=0.02)
    assert plain[0][-1] != plain[0][0]


NETS = [SMALL, training.experiment("resnet-20-pipeline")]


@pytest.mark.parametrize("exp", NETS, ids=lambda exp: exp.name)
def test_a_run_that_is_stopped_in_its_first_epoch_costs_no_earlier_one(
    exp, silent, tmp_path, monkeypatch
):
    training.train(exp, "smoke", 0, "cpu", say=silent)
    kept = sorted((tmp_path / "runs").rglob("epoch-*"))
    monkeypatch.setattr(torch.optim.Optimizer, "zero_grad", stopped)
    with pytest.raises(KeyboardInterrupt):
        training.train(exp, "smoke", 0, "cpu", say=silent)
    assert kept and sorted((tmp_path / "runs").rglob("epoch-*")) == kept


def stopped(*_, **__):
    raise KeyboardInterrupt


def test_a_cell_goes_on_where_it_was_stopped(silent):
    first = replay.record_of("plain-8-cifar", "smoke", silent)
    said = []
    again = replay.record_of("plain-8-cifar", "smoke", said.append, resume=True)
    assert f"Resuming after epoch {first.config['epochs']}." in said
    assert again.accuracies == first.accuracies

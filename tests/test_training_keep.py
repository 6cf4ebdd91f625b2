"""Weights that are kept beside a Record, and a net made of them again."""

import dataclasses
import json

import pytest
import torch
from safetensors import SafetensorError

from resnet_lessons import data, nets, records, training
from resnet_lessons.data.marker import sha256_file
from resnet_lessons.errors import LessonError
from resnet_lessons.training import recording, replay
from resnet_lessons.training import run as run_module

TINY = dataclasses.replace(
    training.experiment("resnet-14-shapes"),
    net="resnet-8-cifar",
    profiles={
        "laptop": training.Profile(
            "digits", 8, 1, 256, options={"width": 4}, stored=8, crop=0.9
        )
    },
)
X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """(folder, nets that were trained, Record)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_LESSONS_DATA", str(tmp_path_factory.mktemp("data")))
        trained = []

        def train(*args, **kwargs):
            trained.append(training.train(*args, **kwargs))
            return trained[-1]

        patch.setattr(recording, "train", train)
        folder = tmp_path_factory.mktemp("records")
        silent = {"say": lambda line: None}
        made = training.record(TINY, "laptop", 2, "cpu", folder, **silent)
        return folder, [run.net for run in trained], made


@pytest.fixture
def not_live(monkeypatch):
    monkeypatch.delenv(replay.LIVE, raising=False)


def test_the_net_of_seed_0_comes_back(kept, not_live):
    folder, (first, second), made = kept
    lines = []
    net, record = training.net_of(TINY.name, False, lines.append, folder)
    assert not net.training
    weights = first.state_dict()
    assert all(torch.equal(v, weights[n]) for n, v in net.state_dict().items())
    with torch.no_grad():
        torch.testing.assert_close(net(X), first.eval()(X))
        assert not torch.allclose(net(X), second.eval()(X), atol=0.01)
    assert record == made
    assert "Replayed" in lines[0] and "seed 0" in lines[0]


def test_the_record_holds_the_hash_of_seed_0_alone(kept):
    folder, _, _ = kept
    loaded = records.load(TINY.name, "laptop", folder)
    path = records.weights_path(TINY.name, "laptop", folder)
    assert path.name == "resnet-14-shapes.laptop.safetensors"
    assert loaded.seeds[0].measured == {"weights_sha256": sha256_file(path)}
    assert loaded.seeds[1].measured == {}


@pytest.mark.parametrize("damage", ["flip", "remove"])
def test_other_weights_than_the_records_are_refused(kept, not_live, tmp_path, damage):
    folder, _, _ = kept
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = records.weights_path(TINY.name, "laptop", tmp_path)
    if damage == "remove":
        path.unlink()
    else:
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes(raw)
    with pytest.raises(LessonError, match=r"missing or changed.*record resnet-14"):
        training.net_of(TINY.name, False, print, tmp_path)


def test_a_disk_without_room_for_the_weights_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("No space left on device")

    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(recording, "save_file", full)
    told = pytest.raises(LessonError, match=r"No space left.*--resume")
    with told:
        training.record(TINY, "laptop", 1, "cpu", tmp_path / "r", say=lambda line: None)
    assert not list((tmp_path / "r").iterdir())


def test_weights_stay_where_the_new_record_is_refused(
    kept, not_live, tmp_path, monkeypatch
):
    folder, (first, _), _ = kept
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def refuse(*_):
        raise LessonError("not kept")

    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(records, "save", refuse)
    other = dataclasses.replace(TINY.profiles["laptop"], lr=1e-3)
    exp = dataclasses.replace(TINY, profiles={"laptop": other})
    with pytest.raises(LessonError, match="not kept"):
        training.record(exp, "laptop", 1, "cpu", tmp_path, say=lambda line: None)
    net, _ = training.net_of(TINY.name, False, lambda line: None, tmp_path)
    assert torch.equal(net.head[-1].weight, first.head[-1].weight.cpu())
    assert not list(tmp_path.glob("*.part"))


def test_weights_are_not_kept_where_nobody_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "data"))
    plain = dataclasses.replace(TINY, keep=False)
    made = training.record(
        plain, "laptop", 1, "cpu", tmp_path / "r", say=lambda line: None
    )
    assert [path.suffix for path in (tmp_path / "r").iterdir()] == [".json"]
    assert made.seeds[0].measured == {}


def test_live_gives_the_net_that_was_trained_here(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    monkeypatch.setitem(
        training.EXPERIMENTS,
        TINY.name,
        dataclasses.replace(TINY, profiles={"smoke": TINY.profiles["laptop"]}),
    )
    lines = []
    net, record = training.net_of(TINY.name, "smoke", lines.append)
    assert "Trained here" in lines[-1]
    assert not net.training and record.profile == "smoke"
    loader = data.loaders(data.load("digits", 8), 8, 360, "cpu").valid
    (x, y), *_ = loader
    with torch.no_grad():
        share = (net(x).argmax(1) == y).float().mean().item()
    assert share == pytest.approx(record.accuracy, abs=0.02)


def test_what_a_profile_asks_for_reaches_the_learner(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    learners = []

    def watch(*args, **options):
        learners.append(training.make_learner(*args, **options))
        return learners[-1]

    monkeypatch.setattr(run_module, "make_learner", watch)
    asked = {"crop": 0.9, "zoom": 0.8, "smoothing": 0.1}
    profile = dataclasses.replace(TINY.profiles["laptop"], **asked)
    exp = dataclasses.replace(TINY, profiles={"laptop": profile})
    run = training.train(exp, "laptop", 0, "cpu", say=lambda line: None)
    (learn,) = learners
    assert learn.dls.train.crop == 0.9 and learn.dls.valid.zoom == 0.8
    assert learn.loss_func.label_smoothing == 0.1
    assert "0.9 of the area" in run.config["augmentation"]
    assert training.experiment("fcn-baseline").profile("laptop").crop == 0.5


SHIPPED = records.weights_path("resnet-14-shapes", "laptop")


def test_the_shipped_net_is_as_good_as_its_record_says(not_live):
    assert SHIPPED.stat().st_size < 400_000
    net, record = training.net_of("resnet-14-shapes", False, lambda line: None)
    size = record.config["size"]
    images = data.load("pictures", size)
    assert record.data["content_hash"] == images.content_hash
    right = 0
    for x, y in data.loaders(images, size, 250, "cpu").valid:
        with torch.no_grad():
            right += (net(x).argmax(1) == y).sum().item()
    assert right / 1000 == pytest.approx(record.seeds[0].accuracy, abs=0.004)
    assert json.loads(SHIPPED.with_suffix(".json").read_text("utf-8"))
    assert isinstance(net, nets.ResNet)

"""Records on disk: only what JSON can hold."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_lessons import figures, records
from resnet_lessons.errors import LessonError


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_named_and_not_kept(lost, tmp_path):
    made = records.load("lenet-mnist", "laptop")
    path = records.save(made, tmp_path)
    before = path.read_text("utf-8")
    made.seeds[1].epochs[2]["valid_loss"] = lost
    with pytest.raises(LessonError, match="seeds/1/epochs/2/valid_loss is no finite"):
        records.save(made, tmp_path)
    assert path.read_text("utf-8") == before and json.loads(before)
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_schema_refuses_is_not_kept(tmp_path):
    made = records.load("lenet-mnist", "laptop")
    path = records.save(made, tmp_path)
    before = path.read_text("utf-8")
    del made.seeds[1].epochs[2]["accuracy"]
    with pytest.raises(LessonError, match=r"Not a valid .*: seeds/1/epochs/2: 'acc"):
        records.save(made, tmp_path)
    assert path.read_text("utf-8") == before
    with pytest.raises(LessonError, match=r"Not a valid .*: as a whole: 'exper"):
        records.validate({})
    with pytest.raises(LessonError, match="Not a valid"):
        records.benches.save({"device": "one", "processor": "two"}, tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path, monkeypatch):
    def full(path, text, *_):
        path.write_bytes(text[:2].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = records.write_whole("before", tmp_path / "one.json")
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        records.write_whole("after", path)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == b"before"


def test_a_result_is_of_the_last_epoch_and_its_spread_that_of_a_sample():
    made = records.load("lenet-mnist", "laptop")
    made = replace(made, seeds=made.seeds[:2])
    for seed, last in zip(made.seeds, (0.5, 0.7), strict=True):
        seed.epochs[-1]["accuracy"] = last  # the epochs before it were better
    assert made.accuracies == [0.5, 0.7] and made.accuracy == pytest.approx(0.6)
    assert made.spread == pytest.approx(0.02**0.5)  # over n - 1, not n
    epochs = [{"train_seconds": 1.5}, {"train_seconds": 2.0}]
    assert replace(made.seeds[0], epochs=epochs).train_seconds == 3.5


def test_a_processor_is_named_where_it_is_known(tmp_path):
    old = records.load("lenet-mnist", "laptop")
    old = records.Record.from_dict({k: v for k, v in old.to_dict().items() if v})
    assert old.processor is None and old.machine == old.device
    new = replace(old, device="x86_64 CPU, 2 threads", processor="One that is fast")
    records.save(new, tmp_path)
    (kept,) = records.catalogue(tmp_path)
    assert kept.machine == "x86_64 CPU, 2 threads (One that is fast)"
    assert "2 threads (One that is fast) |" in figures.provenance_table([kept])


def test_a_short_commit_still_says_that_the_code_was_edited():
    assert records.short_commit("0123456789" * 4) == "01234567"
    assert records.short_commit("0123456789" * 4 + "+changes") == "01234567+changes"
    assert records.short_commit("released 0.1.0") == "released 0.1.0"


@pytest.mark.parametrize("text", ['{"name": "something else"}', '{"experiment": "le'])
def test_a_file_that_is_no_record_is_named(text, tmp_path):
    (tmp_path / "package.json").write_text(text)
    (tmp_path / "lenet-mnist.laptop.json").write_text(text)
    with pytest.raises(LessonError, match=r"package\.json|lenet-mnist\.laptop\.json"):
        records.catalogue(tmp_path)
    with pytest.raises(LessonError, match=r"lenet-mnist\.laptop\.json.*Make it again"):
        records.load("lenet-mnist", "laptop", tmp_path)
    with pytest.raises(LessonError, match=r"\.json"):
        records.benches.catalogue(tmp_path)

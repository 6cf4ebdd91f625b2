"""What is shown of a training while it runs."""

import dataclasses

import pytest

from resnet_lessons import training
from resnet_lessons.errors import LessonError
from resnet_lessons.training import run as run_module

SMALL = dataclasses.replace(
    training.experiment("fcn-baseline"),
    profiles={"smoke": training.Profile("digits", size=8, epochs=2, batch_size=256)},
)


@pytest.fixture
def meters(tmp_path, monkeypatch):
    """The moving bars of a run, one for each epoch."""
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    found = []

    class Meter:
        def __init__(self, total, **_):
            self.total, self.done, self.closed = total, 0, False
            found.append(self)

        def update(self):
            self.done += 1

        def close(self):
            self.closed = True

    monkeypatch.setattr(run_module, "tqdm", Meter)
    return found


def test_a_bar_counts_the_batches_of_training(meters):
    training.train(SMALL, "smoke", 0, "cpu", say=lambda line: None)
    batches = 1438 // 256
    assert [(m.total, m.done, m.closed) for m in meters] == [
        (batches, batches, True)
    ] * 2


def test_no_bar_stays_where_a_run_breaks_off(meters):
    wild = dataclasses.replace(SMALL.profiles["smoke"], lr=1e20)
    exp = dataclasses.replace(SMALL, profiles={"smoke": wild})
    with pytest.raises(LessonError, match="no longer a number"):
        training.train(exp, "smoke", 0, "cpu", say=lambda line: None)
    assert meters and all(meter.closed for meter in meters)

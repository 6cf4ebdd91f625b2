"""Records on disk: only what JSON can hold."""

import json

import pytest

from resnet_lessons import records
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

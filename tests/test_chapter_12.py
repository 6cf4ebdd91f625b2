"""Chapter 12: its figures against a Record made by hand, and the cell with network."""

import dataclasses
import random

import jupytext
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import _api, resnet50

from resnet_lessons import data, figures, manuscripts, records, training
from resnet_lessons.figures import transfer as drawn
from resnet_lessons.figures.rows import points_words
from resnet_lessons.training import transfer
from widget_data import freezing_data

COSTS = {
    key: freezing_data()[key]
    for key in ("parts", "parameters", "macs", "learning", "backward")
}


def made(*shifts, counts=(20, 500)):
    """A Record with one seed for each of `shifts`, added to every accuracy."""

    def ways(shift):
        return {
            way: {
                str(count): {
                    "accuracy": 0.5 + 0.01 * number + 0.05 * i + shift,
                    "train_loss": 0.5,
                    "seconds": 100.0,
                    "cpu_seconds": 2.0 + number + i,
                    "parameters": 66 + number,
                    "old_accuracy": 0.7 - 0.1 * i + shift,
                }
                for i, count in enumerate(counts)
            }
            for number, way in enumerate(transfer.WAYS)
        }

    like = records.catalogue()[0]
    seeds = [
        dataclasses.replace(
            like.seeds[0], seed=i, measured={"classes": ["cat", "dog"], "ways": ways(s)}
        )
        for i, s in enumerate(shifts)
    ]
    config = like.config | {"plan": {"steps": 120}}
    return dataclasses.replace(like, seeds=seeds, config=config, device="x86_64 CPU")


def test_the_ways_have_titles_and_the_slider_its_steps():
    assert list(drawn.TITLES) == list(transfer.WAYS)
    free = [transfer.WAYS[way].free for way in drawn.STEPS]
    assert free == list(range(5))
    assert all(transfer.WAYS[way].head_first for way in drawn.STEPS)
    assert str(transfer.LONG) == "3" and "three times" in drawn.TITLES["scratch-long"]


def test_values_come_seed_by_seed():
    record = made(0.0, 0.02)
    assert drawn.picture_counts(record) == [20, 500]
    assert drawn.way_values(record, "scratch-long", 500) == pytest.approx([0.56, 0.58])
    old = drawn.way_values(record, "head", 500, "old_accuracy")
    assert old == pytest.approx([0.6, 0.62])


def test_the_widget_gets_the_record_and_the_costs():
    record = made(0.0, 0.02, 0.04)
    found = figures.freezing_data(record, COSTS)
    assert found["counts"] == [20, 500]
    # `head` is the fourth of the ways, so its accuracy is 0.53 with 20 pictures.
    assert found["accuracy"][0][0] == pytest.approx([0.53, 0.55, 0.57])
    assert found["accuracy"][1][4] == pytest.approx([0.62, 0.64, 0.66])
    assert found["scratch"][1] == pytest.approx([0.55, 0.57, 0.59])
    assert found["seconds"] == pytest.approx([5.5, 6.5, 7.5, 8.5, 9.5])
    on_gpu = dataclasses.replace(record, device="NVIDIA H200")
    assert set(figures.freezing_data(on_gpu, COSTS)["seconds"]) == {100.0}
    assert {k: found[k] for k in COSTS} == COSTS


def test_nets_that_are_equal_to_the_digit_shown_are_neither_above_nor_below():
    for new in ([0.5, 0.5], [0.5002, 0.5002], [0.4998, 0.4998]):
        assert points_words(new, [0.5, 0.5]).startswith("0.0 points apart")


@pytest.mark.parametrize(
    ("shifts", "words"),
    [
        ((0.0,), "1.0 points above, from one seed"),
        ((0.0, 0.001), "1.0 points above, more than twice the spread"),
        ((0.0, 0.02), "1.0 points above, within twice the spread"),
        ((0.0, 0.01), "1.0 points above, within twice the spread"),
    ],
)
def test_a_difference_is_held_against_the_spread(shifts, words):
    assert words in figures.way_words(made(*shifts), "scratch-long", "scratch", 20)
    turned = figures.way_words(made(*shifts), "scratch", "scratch-long", 20)
    assert turned == figures.way_words(
        made(*shifts), "scratch-long", "scratch", 20
    ).replace("above", "below")


def test_tables_hold_mean_and_spread():
    table = str(figures.transfer_table(made(0.0, 0.02, 0.04)))
    assert "frozen body, new head | 55.0 ± 2.0 | 60.0 ± 2.0 | 69 |" in table
    rows = str(figures.statistics_table(made(0.0, 0.02))).splitlines()[2:]
    assert rows[0] == "| 20 | still | 54.0 ± 1.4 | 71.0 ± 1.4 |"
    assert rows[3] == "| 500 | moving | 65.0 ± 1.4 | 61.0 ± 1.4 |"
    assert figures.percent_words([0.5]) == "50.0"


def test_pictures_say_what_they_show():
    figure = figures.transfer_curves(made(0.0, 0.02), ["scratch", "head"])
    assert "with 20 and with 500 pictures a class" in repr(figure)
    assert "from scratch: 51.0 to 56.0 %" in repr(figure)
    boxes = figures.freezing_picture([("one", 1), ("all", 4)])
    assert "one: stage 3, head; all: stem, stage 1" in repr(boxes)


# The cell that needs a network -------------------------------------------------------


def cell_with(words):
    (path,) = (manuscripts.book_root() / "book").glob("*/12_transfer.md")
    cells = jupytext.read(path, fmt="md:myst").cells
    (found,) = [c.source for c in cells if c.cell_type == "code" and words in c.source]
    return found


class Pets:
    """A stand-in for torchvision's data set: coloured noise, cats dark, dogs light."""

    asked = []  # noqa: RUF012 (what was asked of any of them)

    def __init__(self, root, split, target_types, transform, download):
        self.asked.append((split, target_types, download))
        self.transform, self.root = transform, root

    def __len__(self):
        return 12

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError
        level = random.Random(index).randrange(40) + 170 * (index % 2)
        picture = Image.new("RGB", (40 + index, 50), (level, level // 2, level))
        return self.transform(picture), index % 2


@pytest.fixture
def namespace(monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    code = cell_with("NETWORK = False")
    names = {}
    exec(cell_with("from torchinfo import summary"), names)
    Pets.asked = []
    return names | {"OxfordIIITPet": Pets, "code": code}


def test_the_cell_with_network_runs_to_its_end(namespace, monkeypatch, capsys):
    loaded = []

    def random_weights(self, *_, **__):
        loaded.append(self)
        torch.manual_seed(0)
        return resnet50().state_dict()

    monkeypatch.setattr(_api.WeightsEnum, "get_state_dict", random_weights)
    monkeypatch.setattr(training.device.torch.cuda, "is_available", lambda: False)
    code = namespace["code"].replace("NETWORK = False", "NETWORK = True")
    torch.manual_seed(1)
    exec(code, namespace)
    assert [str(weights) for weights in loaded] == ["ResNet50_Weights.IMAGENET1K_V2"]
    assert [asked[0] for asked in Pets.asked] == ["trainval", "test"]
    assert all(asked[1:] == ("binary-category", True) for asked in Pets.asked)
    body, head = namespace["body"], namespace["head"]
    assert not any(p.requires_grad for p in body.parameters())
    assert not any(m.training for m in body.modules())
    kept = random_weights(None)
    assert all(
        torch.equal(kept[key], value) for key, value in body.state_dict().items()
    )
    assert namespace["x"].shape == (12, 2048) and isinstance(head, nn.Linear)
    assert "of 12 test pictures" in capsys.readouterr().out


def test_without_the_flag_nothing_is_loaded(namespace):
    exec(namespace["code"], namespace)
    assert Pets.asked == [] and namespace["NETWORK"] is False
    assert "body" not in namespace
    assert not list(data.data_root().glob("*"))

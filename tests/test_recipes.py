"""The recipes of today are those of the kept Records: none changes unseen."""

import ast
import json
from dataclasses import asdict

import pytest
import torch

from resnet_lessons import data, nets, probes, records, training
from resnet_lessons.training.learner import settings

KEPT = records.catalogue()
NAMED = pytest.mark.parametrize(
    "record", KEPT, ids=[f"{r.experiment}.{r.profile}" for r in KEPT]
)


def optimizer(words: str) -> tuple[str, dict]:
    """ "AdamW {'eps': 1e-05}" -> ("AdamW", {"eps": 1e-05})"""
    name, options = words.split(" ", 1)
    return name, ast.literal_eval(options)


@NAMED
def test_an_experiment_still_is_what_its_record_says(record):
    exp = training.experiment(record.experiment)
    p = exp.profile(record.profile)
    today = json.loads(json.dumps({"net": exp.net, **asdict(p)}))
    said = record.config
    assert {k: today[k] for k in today if k in said} == {
        k: said[k] for k in today if k in said
    }
    assert record.chapter == exp.chapter
    assert record.command.startswith(f"resnet-lessons record {exp.name} ")
    assert [seed.seed for seed in record.seeds] == list(range(len(record.seeds)))
    if exp.method != "pipeline":  # it has an optimizer of its own
        name, options = optimizer(said["optimizer"])
        now, all_options = optimizer(settings(p.opt))
        assert name == now and options.items() <= all_options.items()


@NAMED
def test_its_net_still_has_the_parameters_and_macs_of_its_record(record):
    exp = training.experiment(record.experiment)
    p, found = exp.profile(record.profile), data.find(record.data["name"])
    classes = len(found.classes) - 2 * (exp.method == "transfer")
    with torch.device("meta"):
        net = nets.build(exp.net, classes, found.channels, **p.options)
    macs = probes.macs(net, (found.channels, p.size, p.size))
    for seed in record.seeds:
        assert (seed.parameters, seed.macs) == (probes.parameters(net), macs)

"""Probes for every position of a slider: what they count, and what they leave alone."""

import pytest
import torch

from resnet_lessons import probes
from resnet_lessons.errors import UsageError
from resnet_lessons.probes.depths import before_training


@pytest.mark.parametrize(
    "probe",
    [
        lambda x, y: before_training(8, 4, x, y),
        lambda x, y: probes.starts([1], [0.0, 1.0], x, y, note=""),
    ],
    ids=["before_training", "starts"],
)
def test_a_probe_that_draws_nets_leaves_the_generator_alone(probe):
    x, y = torch.rand(4, 3, 8, 8), torch.arange(4)
    before = torch.get_rng_state()
    first = probe(x, y)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    assert probe(x, y) == first


def test_the_flattening_net_expects_the_size_it_was_made_for():
    flatten, pool = probes.input_sizes([32, 64, 96], 64)["nets"]
    assert flatten["features"] == [256, 1024, 2304] and flatten["expects"] == 1024
    assert pool["features"] == [256] * 3 and pool["expects"] == 256


def test_channels_are_told_that_every_squeeze_divides():
    with pytest.raises(UsageError, match="use multiples of 12"):
        probes.block_costs([10], [4, 6])

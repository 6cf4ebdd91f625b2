"""Two processes take the steps of one (appendix C)."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

MODULE = ["-m", "resnet_lessons.training.distributed", "--device", "cpu"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]


def started(processes, *options):
    """Run it on so many processes; (what it printed, what went wrong)."""
    launcher = [*TORCHRUN, str(processes)] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *launcher, *MODULE, *options],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def distance(tmp_path_factory):
    """How far the weights of two processes are from those of one, for each norm."""
    folder = tmp_path_factory.mktemp("weights")
    found = {}
    for norm in ("none", "batch", "sync"):
        weights = []
        for processes in (1, 2):
            out = folder / f"{norm}-{processes}.safetensors"
            options = ["--norm", norm, "--steps", "4", "--out", str(out)]
            printed, wrong = started(processes, *options)
            assert json.loads(printed)["processes"] == processes, wrong
            weights.append(load_file(out))
        one, two = weights
        found[norm] = max(
            (one[k] - two[k]).abs().max().item()
            for k in one
            if "running" not in k and "num" not in k
        )
    return found


def test_without_batch_statistics_two_processes_take_the_steps_of_one(distance):
    assert distance["none"] < 1e-6


def test_two_half_batches_have_other_statistics_than_the_whole(distance):
    assert distance["batch"] > 1e-3


def test_shared_statistics_are_those_of_the_whole(distance):
    assert distance["sync"] < 1e-5


def test_a_batch_that_cannot_be_shared_gets_one_line():
    _, wrong = started(2, "--batch-size", "63", "--steps", "2")
    assert "use a multiple of 2" in wrong


def test_sync_norm_is_batch_norm_in_evaluation():
    from resnet_lessons.training.distributed import SyncNorm

    ours, theirs = SyncNorm(3).eval(), torch.nn.BatchNorm2d(3).eval()
    x = torch.randn(4, 3, 5, 5)
    assert torch.equal(ours(x), theirs(x))

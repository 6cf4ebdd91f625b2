"""Two processes take the step of one (appendix C)."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from resnet_lessons import nets
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.training import distributed

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


def all_held(folder):
    """(norm, processes) -> what process 0 held in the end."""
    for processes, norms in ((1, ["none", "batch"]), (2, ["none", "batch", "sync"])):
        options = ["--steps", "2", "--out", str(folder)]
        printed, wrong = started(processes, "--norm", *norms, *options)
        lines = printed.splitlines()  # in torch 2.10 Gloo prints some, too
        said = [json.loads(line) for line in lines if line.startswith("{")]
        assert [s["norm"] for s in said] == norms, wrong
        assert {s["processes"] for s in said} == {processes}
        assert min(s["pictures_per_second"] for s in said) > 0
    files = {path.stem: load_file(path) for path in folder.iterdir()}
    return {(n, int(p)): files[f"{n}-{p}"] for n, p in (f.split("-") for f in files)}


def apart(one, two, kind):
    """How far two lists of tensors are apart, in shares of the first one's length."""
    names = [name for name in one if kind in name]
    assert names
    a, b = (torch.cat([kept[name].flatten() for name in names]) for kept in (one, two))
    return ((a - b).norm() / a.norm()).item()


def test_two_processes_have_the_gradient_of_one_if_they_share_statistics(tmp_path):
    """One test, since its five runs take half a minute."""
    held = all_held(tmp_path)
    assert apart(held["none", 1], held["none", 2], "gradient.") < 1e-5
    assert apart(held["batch", 1], held["batch", 2], "gradient.") > 1e-2
    assert apart(held["batch", 1], held["sync", 2], "gradient.") < 1e-4
    assert apart(held["batch", 1], held["sync", 2], "running_mean") < 1e-3
    assert apart(held["batch", 1], held["sync", 2], "running_var") < 1e-3


@pytest.mark.parametrize("batch_size", [63, 0, -2])
def test_a_batch_that_cannot_be_shared_gets_one_line(batch_size):
    with pytest.raises(UsageError, match="use a multiple of 2"):
        next(distributed.shares(1, batch_size, rank=0, world=2))


def test_an_unknown_device_does_not_become_the_processor(capsys):
    with pytest.raises(SystemExit, match="2"):
        distributed.main(["--device", "mps"])
    assert "invalid choice: 'mps'" in capsys.readouterr().err


def test_the_folder_of_the_weights_is_made(tmp_path):
    out = tmp_path / "new" / "folder"
    distributed.main(["--steps", "2", "--device", "cpu", "--out", str(out)])
    assert [path.name for path in out.iterdir()] == ["none-1.safetensors"]


def test_each_step_takes_its_own_gradient_alone(tmp_path):
    steps, size = 4, 16
    _, held = distributed.train(steps=steps, batch_size=size, device="cpu")
    torch.manual_seed(0)
    net = nets.build("resnet-8-cifar", in_channels=1, norm=distributed.NORMS["none"])
    optimizer = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    for x, y in distributed.shares(steps, size, 0, 1):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(held[name], tensor, msg=name)


def test_shares_are_parts_of_one_batch():
    ((whole, labels),) = distributed.shares(1, 8, rank=0, world=1)
    halves = [next(distributed.shares(1, 8, rank, world=2)) for rank in (0, 1)]
    assert whole.shape == (8, 1, 8, 8) and 0 <= whole.min() < whole.max() <= 1
    for rank, (x, y) in enumerate(halves):
        assert torch.equal(x, whole[rank::2]) and torch.equal(y, labels[rank::2])


@pytest.fixture
def one_card(monkeypatch):
    """A machine with one GPU, as far as it is asked before anything runs there."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    return current


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_process_without_a_gpu_of_its_own_says_so(device, one_card, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(LessonError, match=r"1 has no GPU: there are 1.*--device cpu"):
        distributed.join(device)
    assert not one_card


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_card_without_code_is_refused_before_anybody_waits(
    device, one_card, monkeypatch
):
    groups = []
    monkeypatch.setattr(distributed.dist, "is_initialized", lambda: False)
    monkeypatch.setattr(
        distributed.dist, "init_process_group", lambda kind, **_: groups.append(kind)
    )
    monkeypatch.setattr(distributed.dist, "get_rank", lambda: 0)
    monkeypatch.setattr(distributed, "usable", lambda card: True)
    assert distributed.join(device)[2].type == "cuda" and groups == ["nccl"]
    monkeypatch.setattr(distributed, "usable", lambda card: False)
    with pytest.raises(LessonError, match="no code for the GPU of process 0"):
        distributed.join(device)
    assert one_card == [0, 0] and groups == ["nccl"]


def test_one_step_is_too_few_to_time():
    with pytest.raises(UsageError, match="At least 2 steps"):
        distributed.train(steps=1, device="cpu")


@pytest.fixture
def alone():
    """A group of this process only."""
    yield distributed.join("cpu")
    torch.distributed.destroy_process_group()


def test_on_one_process_sync_norm_is_batch_norm(alone):
    assert alone == (0, 1, torch.device("cpu"))
    torch.manual_seed(0)
    norms = distributed.SyncNorm(3), nn.BatchNorm2d(3)
    x, weight = 2 * torch.randn(4, 3, 5, 5) + 1, torch.randn(4, 3, 5, 5)
    for train in (True, False):
        found = []
        for norm in norms:
            z = x.clone().requires_grad_()
            y = norm.train(train)(z)
            norm.zero_grad()
            (y * weight).sum().backward()
            state = [norm.running_mean, norm.running_var, norm.num_batches_tracked]
            found.append([y, z.grad, norm.weight.grad, norm.bias.grad, *state])
        for ours, theirs in zip(*found, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("mean, deviation", [(30, 0.01), (1000, 0.1)])
def test_sync_norm_sees_a_small_spread_around_a_large_mean(alone, mean, deviation):
    torch.manual_seed(0)
    x = mean + deviation * torch.randn(16, 3, 5, 5)
    exact = nn.BatchNorm2d(3).double()(x.double())
    norm = distributed.SyncNorm(3)
    assert torch.allclose(norm(x).double(), exact, atol=1e-2)
    assert norm.running_var.isfinite().all()

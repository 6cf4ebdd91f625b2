"""Memory: kept between steps, and one line that says what would fit where it ends."""

import dataclasses
import gc
import platform
import subprocess
import sys
import weakref

import pytest
import torch
from torch import nn

from resnet_lessons import data, nets, training
from resnet_lessons.errors import LessonError
from resnet_lessons.training import checkpoint, memory
from resnet_lessons.training import run as run_module
from resnet_lessons.training.memory import fitting, memory_advice, memory_told, ran_out

TOO_MUCH = 2**60  # bytes: no machine has them, so the allocator itself refuses


class Hungry(nn.Module):
    """A net that asks for too much memory once a batch holds more than `room`."""

    def __init__(self, room: int):
        super().__init__()
        self.room, self.linear = room, nn.Linear(3, 2)

    def forward(self, x):
        held = torch.ones(1000) + 1  # what a step that fails leaves behind
        Hungry.last = weakref.ref(held)
        if len(x) > self.room:
            torch.empty(TOO_MUCH, dtype=torch.uint8)
        return self.linear(x.flatten(1)[:, :3])


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))


def small(**options) -> training.Experiment:
    """The baseline on digits of 8 px, in the profile "smoke"."""
    profile = training.Profile("digits", size=8, **options)
    exp = training.experiment("fcn-baseline")
    return dataclasses.replace(exp, profiles={"smoke": profile})


def test_the_allocators_own_words_are_understood_and_other_errors_are_not():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(TOO_MUCH, dtype=torch.uint8)
    assert ran_out(refused.value)
    assert ran_out(torch.OutOfMemoryError("CUDA out of memory."))
    assert ran_out(MemoryError("Unable to allocate 9 TiB"))  # as NumPy says it
    with pytest.raises(RuntimeError) as shapes:
        torch.ones(2) @ torch.ones(3)
    assert not ran_out(shapes.value)


def test_memory_that_numpy_lacks_is_told():
    with pytest.raises(LessonError, match="Out of memory"), memory_told():
        raise MemoryError("Unable to allocate 9 TiB")
    net, x = nn.Linear(2, 1), torch.ones(4, 2)
    with pytest.raises(LessonError, match="2 fit"), memory_advice(net, x):
        raise MemoryError("Unable to allocate 9 TiB")


def test_no_tensor_is_kept_by_an_error_outside_of_the_steps():
    with pytest.raises(LessonError) as said, memory_told():
        Hungry(0)(torch.zeros(4, 3))
    assert Hungry.last() is None and said.value.__context__ is not None


def test_a_device_that_is_full_before_the_first_step_is_told(monkeypatch):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(nn.Module, "to", full)  # the net finds no room
    with pytest.raises(LessonError, match=r"outside of the training.*--device"):
        training.train(small(epochs=1, batch_size=64), "smoke")
    monkeypatch.undo()
    monkeypatch.setattr(nn.Module, "to", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.train(small(epochs=1, batch_size=64), "smoke")


@pytest.mark.parametrize(("room", "fits"), [(64, 64), (63, 32), (1, 1), (0, 0)])
def test_the_batch_that_fits_is_found_by_trying(room, fits):
    net = Hungry(room)
    assert fitting(net, torch.zeros(128, 3)) == fits
    assert all(p.grad is None for p in net.parameters())


def test_a_pass_that_fits_is_one_forward_and_back():
    class Hungry(nn.Linear):
        def forward(self, x):
            y = super().forward(x)
            if len(x) > 4:
                y.register_hook(lambda _: torch.empty(TOO_MUCH, dtype=torch.uint8))
            return y

    assert fitting(Hungry(3, 2), torch.zeros(32, 3)) == 4


def test_what_is_wrong_with_a_net_is_no_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        fitting(nn.Linear(2, 1), torch.zeros(4, 3))


def test_a_batch_that_is_too_small_for_batch_norm_is_no_advice():
    net = nn.Sequential(Hungry(1), nn.BatchNorm1d(2))
    assert fitting(net, torch.zeros(8, 3)) == 0


def test_advice_names_the_batch_and_keeps_no_tensor_of_the_failed_step():
    net, images = Hungry(40), torch.zeros(128, 3)
    with pytest.raises(LessonError) as said, memory_advice(net, images):
        net(images)
    assert "batches of 128" in str(said.value)
    assert "Batches of 32 fit" in str(said.value) and "\n" not in str(said.value)
    with pytest.raises(LessonError, match="No smaller one"), memory_advice(net, images):
        net.room = 0
        net(images)
    assert Hungry.last() is None
    with pytest.raises(RuntimeError, match="shapes"), memory_advice(net, images):
        raise RuntimeError("shapes do not match")


def test_a_run_that_runs_out_says_so_and_the_next_one_trains(monkeypatch):
    exp = small(epochs=1, batch_size=256)
    build = nets.build

    def hungry(*given, **options):
        net = build(*given, **options)

        def refuse(_, inputs):
            if len(inputs[0]) > 100:
                torch.empty(TOO_MUCH, dtype=torch.uint8)

        net.register_forward_pre_hook(refuse)
        return net

    monkeypatch.setattr(nets, "build", hungry)
    with pytest.raises(LessonError, match="Batches of 64 fit"):
        training.train(exp, "smoke", 0, "cpu", say=lambda line: None)
    monkeypatch.setattr(nets, "build", build)
    run = training.train(exp, "smoke", 0, "cpu", say=lambda line: None)
    assert run.result.accuracy > 0


def test_the_pictures_of_a_finished_run_are_freed_by_the_next(monkeypatch):
    exp = small(epochs=1, batch_size=256)
    load, alive = data.loaders, []

    def watched(*given, **options):
        assert not any(ref() for ref in alive)
        dls = load(*given, **options)
        alive.append(weakref.ref(dls.train))
        return dls

    monkeypatch.setattr(data, "loaders", watched)
    for seed in range(2):
        run = training.train(exp, "smoke", seed, "cpu", say=lambda line: None)
    assert len(alive) == 2 and run.config["augmentation"].endswith("area")


def test_a_peak_leaves_out_what_other_trainings_still_hold(monkeypatch):
    mib = {"memory_allocated": 30, "max_memory_allocated": 130}
    for name, size in mib.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, size=size: size * 2**20)
    for name in "empty_cache", "reset_peak_memory_stats":
        monkeypatch.setattr(torch.cuda, name, lambda *_: None)
    place = torch.device("cuda", 0)
    memory.free(place)
    assert memory.peak(place) == 100
    assert memory.peak(torch.device("cpu")) is None


def test_a_run_that_trained_nothing_here_has_no_peak(monkeypatch):
    monkeypatch.setattr(run_module, "peak", lambda place: 7.0)
    exp, silent = small(epochs=1, batch_size=256), {"say": lambda line: None}
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    assert training.train(exp, "smoke", 0, "cpu", **silent).result.peak_memory_mb == 7
    again = training.train(exp, "smoke", 0, "cpu", resume=True, **silent)
    assert again.result.peak_memory_mb is None


def test_a_loss_that_is_no_number_is_named_with_its_step(monkeypatch):
    exp = small(epochs=2, batch_size=128)
    build, seen = nets.build, []

    def failing(*given, **options):
        net = build(*given, **options)

        def spoil(module, _, logits):
            if module.training:
                seen.append(len(seen))
                return logits * (float("nan") if len(seen) == 4 else 1)

        net.register_forward_hook(spoil)
        return net

    monkeypatch.setattr(nets, "build", failing)
    with pytest.raises(LessonError, match=r"at step 4\. Try a third"):
        training.train(exp, "smoke", 0, "cpu", say=lambda line: None)


def test_weights_that_the_last_step_has_spoiled_are_not_kept():
    """The losses of training were taken before it."""
    exp = small(epochs=1, batch_size=1000, lr=1e30)
    with pytest.raises(LessonError, match=r"at step 1\. Try a third"):
        training.train(exp, "smoke", 0, "cpu", say=lambda line: None)
    assert not list(checkpoint.folder_of(exp.name, "smoke", 0).glob("epoch-*"))


FREED = """
import ctypes, sys, torch
from resnet_lessons.training import steps

names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
Info = type("Info", (ctypes.Structure,), {})
Info._fields_ = [(name, ctypes.c_size_t) for name in names.split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype, libc.malloc.restype = Info, ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

if "keep" in sys.argv:
    steps.keep_memory()
activations = torch.ones(16, 2**20)
del activations
between = libc.mallinfo2().fordblks
libc.free(libc.malloc(ctypes.c_size_t(2**27)))  # at the end of the heap
print(between // 2**20, libc.mallinfo2().fordblks // 2**20)
"""


@pytest.mark.skipif(
    platform.libc_ver() < ("glibc", "2.33"), reason="asks glibc 2.33 what it keeps"
)
def test_a_step_works_in_the_memory_of_the_step_before():
    def kept(*words):  # MiB that are free, and not handed back to the system
        command = [sys.executable, "-c", FREED, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [int(mib) for mib in done.stdout.split()]

    # Counted by the C library: not every system counts the pages that it clears.
    assert max(kept()) < 32
    between, at_the_end = kept("keep")
    assert between >= 64 and at_the_end >= 128


def test_a_run_asks_for_it(monkeypatch):
    asked = []
    monkeypatch.setattr(run_module, "keep_memory", lambda: asked.append(1))
    exp = small(epochs=1, batch_size=256)
    training.train(exp, "smoke", 0, "cpu", say=lambda line: None)
    assert asked == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, LessonError("no number")])
def test_a_run_that_was_stopped_lets_go_though_its_traceback_is_kept(error):
    alive = []

    @memory.memory_told()
    def train():
        net = nn.Linear(4, 4)
        alive.append(weakref.ref(net))
        raise error

    with pytest.raises((KeyboardInterrupt, LessonError)) as kept:
        train()
    gc.collect()
    assert kept.tb is not None and alive[0]() is None

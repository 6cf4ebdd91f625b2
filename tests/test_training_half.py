"""Half precision: on CUDA always, on a processor with units for it where wanted."""

import dataclasses

import pytest
import torch
from fastai.callback.fp16 import AMPMode, MixedPrecision
from torch.nn.modules.module import register_module_forward_hook

from resnet_lessons import training
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.training import run as run_module
from resnet_lessons.training.learner import MixedOnProcessor
from resnet_lessons.training.memory import fitting, memory_advice
from resnet_lessons.training.steps import half_precision


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))


@pytest.fixture
def silent():
    return lambda line: None


def small(**options) -> training.Experiment:
    """ResNet-20, narrow. (Not of a net that strides over a single pixel: the gradient
    of such filters in bfloat16 is at times no number, PyTorch 2.12 on AMX.)
    """
    options["options"] = {"width": 4}
    profile = training.Profile("digits", size=8, epochs=3, batch_size=256, **options)
    exp = training.experiment("resnet-20-cifar")
    return dataclasses.replace(exp, profiles={"smoke": profile})


def processor(monkeypatch, units: bool):
    """As if this processor had units for bfloat16 (AMX), or had none."""
    has = {"amx_bf16": units}
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: has, raising=False)


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [
        ((6, 1), None),
        ((7, 5), torch.float16),  # Colab's T4
        ((8, 0), torch.bfloat16),
        ((9, 0), torch.bfloat16),
    ],
)
def test_half_precision_is_what_the_device_multiplies_fast(
    capability, dtype, monkeypatch
):
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    for wanted in (False, True):
        assert half_precision(torch.device("cuda"), wanted) == dtype
    assert half_precision(torch.device("cpu")) is None


def watched(work) -> list[torch.dtype]:
    """What the convolutions and linear layers put out in `work()`, pass by pass."""
    seen = []

    def see(module, inputs, output):
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            assert module.weight.dtype == torch.float32
            seen.append(output.dtype)
        if isinstance(module, torch.nn.CrossEntropyLoss):
            assert inputs[0].dtype == torch.float32  # a loss of 8 bits says little

    with register_module_forward_hook(see):
        work()
    return seen


def test_a_processor_computes_in_bfloat16_where_that_is_wanted(silent, monkeypatch):
    processor(monkeypatch, units=True)
    runs, dtypes = [], []
    for half in (False, True):
        dtypes.append(
            watched(
                lambda half=half: runs.append(
                    training.train(small(half=half), "smoke", 0, "cpu", say=silent)
                )
            )
        )
        assert runs[-1].config["half"] is half
    whole, half = dtypes
    assert len(whole) == len(half) and set(whole) == {torch.float32}
    counting = -20  # layers: the last pass only counts the net's multiplications
    assert set(half[:counting]) == {torch.bfloat16}
    assert set(half[counting:]) == {torch.float32}
    first, second = ([e["train_loss"] for e in run.result.epochs] for run in runs)
    assert first != second and second == pytest.approx(first, rel=0.02)


def test_a_processor_without_units_for_bfloat16_is_told(silent, monkeypatch):
    processor(monkeypatch, units=False)
    with pytest.raises(UsageError, match=r"no units \(AMX\).*--device cuda"):
        training.train(small(half=True), "smoke", 0, "cpu", say=silent)
    monkeypatch.delattr("torch.cpu.get_capabilities")  # PyTorch 2.10
    with pytest.raises(UsageError, match=r"no units \(AMX\)"):
        half_precision(torch.device("cpu"), wanted=True)


def test_any_processor_can_smoke():
    profiles = [exp.profiles["smoke"] for exp in training.EXPERIMENTS.values()]
    assert not any(profile.half for profile in profiles)


def test_the_batch_that_fits_is_tried_as_it_is_trained():
    net, images = torch.nn.Linear(3, 2), torch.zeros(8, 3)
    assert watched(lambda: fitting(net, images)) == [torch.float32]
    with torch.autocast("cpu", torch.bfloat16):  # fastai leaves it on after an error
        assert watched(lambda: fitting(net, images)) == [torch.float32]
    assert watched(lambda: fitting(net, images, torch.bfloat16)) == [torch.bfloat16]

    def advised():
        half = torch.bfloat16
        with pytest.raises(LessonError), memory_advice(net, images, half=half):
            raise MemoryError

    assert watched(advised) == [torch.bfloat16]


@pytest.mark.parametrize("mixed", [MixedPrecision(AMPMode.BF16), MixedOnProcessor()])
def test_a_broken_step_leaves_no_autocast_behind(mixed, silent, monkeypatch):
    """Mixed precision, as on a GPU and on a processor, and an interrupted step."""
    whole = run_module.make_learner

    def half(*args, **options):
        learn = whole(*args, **options)
        learn.add_cb(mixed)

        def interrupted(*_):
            raise KeyboardInterrupt

        learn.loss_func = interrupted
        return learn

    monkeypatch.setattr(run_module, "make_learner", half)
    with pytest.raises(KeyboardInterrupt):
        training.train(small(), "smoke", 0, "cpu", say=silent)
    assert not torch.is_autocast_enabled("cuda")
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_trains_in_half_precision_and_says_where(silent, monkeypatch):
    learners = []

    def watch(*args, **options):
        learners.append(training.make_learner(*args, **options))
        return learners[-1]

    monkeypatch.setattr(run_module, "make_learner", watch)
    run = training.train(small(), "smoke", 0, "cuda", say=silent)
    assert any(isinstance(cb, MixedPrecision) for cb in learners[0].cbs)
    losses = [e["train_loss"] for e in run.result.epochs]
    assert losses[-1] < losses[0] and run.result.peak_memory_mb > 0
    again = training.train(small(), "smoke", 0, "cuda", say=silent)
    peaks = [one.result.peak_memory_mb for one in (again, run)]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.1)
    assert "NVIDIA" in run.device


def test_what_asks_for_bfloat16_does_not_train_in_another_precision_on_a_mac():
    assert half_precision(torch.device("mps")) is None
    with pytest.raises(UsageError, match="this device has no units"):
        half_precision(torch.device("mps"), wanted=True)

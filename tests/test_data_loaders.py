"""Batches: the same pictures as independent references give, in the right order."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional as reference

from resnet_lessons import data
from resnet_lessons.data import augment, batch_loader
from resnet_lessons.data.decoded import Images, Split
from resnet_lessons.errors import UsageError


def images_of(n=40, size=24, channels=3, name="pictures", smooth=True):
    """Smooth random pictures: their resampling does not hang on half a pixel."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(n, channels, 6, 6, generator=generator)
    pixels = nn.functional.interpolate(coarse, (size, size), mode="bicubic")
    pixels = (pixels.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()
    split = Split(np.ascontiguousarray(pixels), np.arange(n) % 10)
    classes = tuple("0123456789")
    return Images(name, "v", "h", classes, split, split, False, size)


def batches(loader):
    pairs = list(loader)
    return torch.cat([x for x, _ in pairs]), torch.cat([y for _, y in pairs])


def test_resampling_equals_torchvisions_crop_resize_and_flip():
    images = torch.from_numpy(images_of(12, 48).train.images).permute(0, 3, 1, 2)
    sides = torch.tensor([[0, 0, 48, 48], [3, 5, 30, 36], [10, 0, 38, 34]] * 4)
    flips = torch.arange(12) >= 6
    lines = augment.crop_lines(sides / 48, flips, 40)
    got = augment.resample(images.float(), *lines)
    for i, (left, top, width, height) in enumerate(sides.tolist()):
        one = reference.crop(images[i].float(), top, left, height, width)
        one = reference.resize(one, [40, 40], antialias=False)
        one = reference.hflip(one) if flips[i] else one
        inner = abs(got[i] - one)[:, 2:-2, 2:-2]  # a crop's edge sees its surroundings
        assert inner.max() < 0.01
        assert abs(got[i] - one).max() < 12


@pytest.mark.parametrize("size", [16, 40, 128])
def test_mps_reads_without_border_what_others_read_with_it(size, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 3, 40, 40, generator=generator) * 255
    crops = augment.random_crops(64, 0.35, generator)
    crops[:8] = torch.tensor([0.0, 0.0, 1.0, 1.0])  # the whole: beyond every edge
    lines = augment.crop_lines(crops, torch.arange(64) % 2 == 0, size)
    expected = augment.resample(images, *lines)
    assert augment.BEYOND["mps"] != "border"  # which it lacks
    monkeypatch.setitem(augment.BEYOND, "cpu", augment.BEYOND["mps"])
    got = augment.resample(images, *lines)
    torch.testing.assert_close(got, expected, atol=1e-3, rtol=0)  # of 255


def test_large_pictures_are_averaged_before_they_are_read():
    column = torch.arange(96) % 6  # six columns become one: columns 2 and 3 are white
    stripes = (255.0 * ((column == 2) | (column == 3))).expand(1, 3, 96, 96)
    whole = torch.tensor([[0.0, 0, 1, 1]])
    lines = augment.crop_lines(whole, torch.tensor([False]), 16)
    got = augment.resample(stripes, *lines)
    assert (got - 255 / 3).abs().max() < 1  # their share, not what is read in between


def test_crops_are_distributed_as_torchvision_draws_them():
    n, low = 4000, 0.35
    generator = torch.Generator().manual_seed(0)
    crops = augment.random_crops(n, low, generator).double()
    torch.manual_seed(0)
    picture = torch.empty(1, 1000, 1000)
    drawn = [
        RandomResizedCrop.get_params(picture, (low, 1.0), (3 / 4, 4 / 3))
        for _ in range(n)
    ]
    top, left, height, width = (torch.tensor(drawn).double() / 1000).unbind(1)
    ours = {
        "area": crops[:, 2] * crops[:, 3],
        "log ratio": (crops[:, 2] / crops[:, 3]).log(),
        "left": crops[:, 0],
        "top": crops[:, 1],
    }
    theirs = {
        "area": width * height,
        "log ratio": (width / height).log(),
        "left": left,
        "top": top,
    }
    at = torch.linspace(0, 1, 21, dtype=torch.double)
    for what, values in ours.items():
        gap = abs(values.quantile(at) - theirs[what].quantile(at)).max()
        assert gap < 0.03, what
    assert (crops[:, :2] >= 0).all() and (crops[:, :2] + crops[:, 2:] <= 1 + 1e-6).all()
    assert ours["area"].min() >= low - 1e-6


def test_validation_is_the_whole_set_in_order_resized_like_torchvision():
    images = images_of(25, 24)
    dls = data.loaders(images, 16, 10, device="cpu")
    x, y = batches(dls.valid)
    assert x.shape == (25, 3, 16, 16) and y.tolist() == images.valid.labels.tolist()
    pixels = torch.from_numpy(images.valid.images).permute(0, 3, 1, 2).float() / 255
    expected = reference.normalize(
        reference.resize(pixels, [16, 16], antialias=True),
        mean=[0.485, 0.456, 0.406],
        std=[0.229, 0.224, 0.225],
    )
    torch.testing.assert_close(x, expected, atol=1e-4, rtol=0)
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_validation_may_see_the_centre():
    images = images_of(5, 40)
    dls = data.loaders(images, 24, 5, device="cpu", zoom=0.8)
    x, _ = batches(dls.valid)
    pixels = torch.from_numpy(images.valid.images).permute(0, 3, 1, 2).float() / 255
    middle = pixels[:, :, 4:36, 4:36]  # 0.8 of 40 pixels
    expected = reference.normalize(
        reference.resize(middle, [24, 24], antialias=True),
        mean=[0.485, 0.456, 0.406],
        std=[0.229, 0.224, 0.225],
    )
    torch.testing.assert_close(x, expected, atol=1e-4, rtol=0)
    assert torch.equal(batches(dls.valid.new())[0], x)  # what get_preds is given


def test_training_without_augmentation_is_a_shuffle_that_drops_the_rest():
    images = images_of(25, 16)
    dls = data.loaders(images, 16, 10, device="cpu", augment=False)
    assert len(dls.train) == 2 and len(dls.valid) == 3
    x, y = batches(dls.train)
    whole, labels = batches(dls.valid)
    where = [int((whole == one).flatten(1).all(1).nonzero()[0]) for one in x]
    assert len(set(where)) == 20 and where != sorted(where)
    assert labels[where].tolist() == y.tolist()
    assert not torch.equal(batches(dls.train)[1], y)  # the next epoch is another one


def test_augmented_batch_is_made_of_views_of_its_own_pictures():
    images = images_of(40, 32)
    dls = data.loaders(images, 32, 40, device="cpu", crop=0.9)
    x, y = dls.train.one_batch()
    whole, labels = batches(dls.valid)
    both = torch.cat([whole, whole.flip(3)])
    nearest = torch.cdist(x.flatten(1), both.flatten(1)).argmin(1)
    assert (labels[nearest % 40] == y).float().mean() > 0.95
    assert 0 < (nearest >= 40).float().mean() < 1
    columns, _ = data.loaders(images_of(2000, 2), 2, 9, device="cpu").train._lines()
    mirrored = (columns[:, 0] > columns[:, -1]).float().mean()
    assert abs(mirrored - 0.5) < 0.05
    dls.train.flip = False
    x, _ = dls.train.one_batch()
    assert (torch.cdist(x.flatten(1), both.flatten(1)).argmin(1) < 40).all()


def test_digits_are_grey_never_mirrored_and_normalised_by_their_own_statistics():
    digits = data.load("digits", progress=False)
    dls = data.loaders(digits, 8, 64, device="cpu", augment=True)
    assert not dls.train.flip
    plain = data.loaders(digits, 8, len(digits.train), device="cpu", augment=False)
    x, _ = plain.train.one_batch()
    assert x.shape[1:] == (1, 8, 8)
    assert abs(x.mean()) < 1e-3 and abs(x.std() - 1) < 1e-3


def test_same_seed_same_batches_and_another_seed_others():
    images = images_of()
    first, again, other = (
        batches(data.loaders(images, 16, 8, device="cpu", seed=seed).train)[0]
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_state_resumes_the_very_next_epoch():
    images = images_of()
    train = data.loaders(images, 16, 8, device="cpu").train
    list(train)
    state = train.state_dict()
    train.one_batch()  # looking changes nothing
    expected, _ = batches(train)
    fresh = data.loaders(images, 16, 8, device="cpu", seed=9).train
    fresh.load_state_dict(state)
    assert torch.equal(batches(fresh)[0], expected)


def test_pictures_that_are_read_only_are_taken_without_a_warning():
    images = images_of()
    images.train.images.flags.writeable = images.valid.images.flags.writeable = False
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            batches(data.loaders(images, 16, 8, device="cpu").train)
    finally:
        torch.set_warn_always(always)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("kept", [True, False])
def test_cuda_gives_the_batches_of_the_cpu(kept):
    images = images_of()
    x, y = batches(data.loaders(images, 16, 8, device="cpu").train)
    dls = data.loaders(images, 16, 8, device="cuda")
    assert dls.train._pictures.is_cuda
    if not kept:
        dls.train._pictures = dls.train._pictures.cpu()  # as where it does not fit
    on_gpu, labels = batches(dls.train)
    assert on_gpu.device.type == labels.device.type == "cuda"
    torch.testing.assert_close(on_gpu.cpu(), x, atol=1e-3, rtol=0)
    assert torch.equal(labels.cpu(), y)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"size": -1},
        {"size": 1.5},
        {"size": True},
        {"batch_size": True},
        {"batch_size": 0},
        {"batch_size": -4},
        {"batch_size": 41},
        {"crop": 0},
        {"crop": 1.2},
        {"zoom": 0},
        {"zoom": 0.01},
        {"zoom": 1.1},
    ],
)
def test_senseless_requests_are_wrong_use(options):
    wanted = {"size": 16, "batch_size": 8, "device": "cpu"} | options
    with pytest.raises(UsageError):
        data.loaders(images_of(40), **wanted)


def test_fastais_learner_fits_finds_a_rate_and_predicts(tmp_path):
    from fastai.callback.schedule import Learner  # with fit_one_cycle and lr_find
    from fastai.interpret import ClassificationInterpretation
    from fastai.losses import CrossEntropyLossFlat
    from fastai.metrics import accuracy

    images = images_of(40, 16)
    dls = data.loaders(images, 16, 8, device="cpu")
    assert dls.c == 10 and tuple(dls.vocab) == images.classes
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 10))
    learn = Learner(
        dls, model, loss_func=CrossEntropyLossFlat(), metrics=accuracy, path=tmp_path
    )
    with learn.no_bar(), learn.no_logging():
        before = learn.validate()[0]
        learn.fit_one_cycle(4, 1e-3)
        assert learn.validate()[0] < before
        learn.lr_find(num_it=6, show_plot=False)
        _, labels = learn.get_preds()
        assert labels.tolist() == images.valid.labels.tolist()
        _, labels = learn.get_preds(ds_idx=0)  # whole, in order, unaugmented
        assert labels.tolist() == images.train.labels.tolist()
        found = ClassificationInterpretation.from_learner(learn).confusion_matrix()
    assert found.sum() == 40


@pytest.mark.parametrize(("stored", "size"), [(81, 24), (101, 24), (100, 15)])
def test_blocks_that_do_not_fill_a_picture_move_nothing(stored, size):
    ramp = ((torch.arange(stored) + 0.5) / stored).repeat(1, 1, stored, 1)
    whole, upright = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([False])
    small = augment.resample(ramp, *augment.crop_lines(whole, upright, size))
    even = (torch.arange(size) + 0.5) / size
    assert (small[0, 0, 0] - even).abs()[1:-1].max() * stored < 0.01  # pixels


def test_all_sizes_below_half_are_averaged_first():
    stripes = torch.arange(80).remainder(2).float().expand(1, 1, 80, 80)
    whole, upright = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([False])
    for size in (24, 32, 36):  # of 80: no whole number of times
        small = augment.resample(stripes, *augment.crop_lines(whole, upright, size))
        torch.testing.assert_close(small, torch.full_like(small, 0.5))


@pytest.mark.parametrize("moved", [True, False])
def test_a_batch_made_in_parts_is_the_same_batch(monkeypatch, moved):
    images, made, parts = images_of(40, 32), batch_loader.BatchLoader._made, []

    def seen(loader, index, *rest):
        parts.append(len(index))
        return made(loader, index, *rest)

    monkeypatch.setattr(batch_loader.BatchLoader, "_made", seen)

    def batch():
        parts.clear()
        loader = data.loaders(images, 24, 40, device="cpu", augment=moved).train
        return loader.one_batch()[0]

    whole = batch()
    assert parts == [40]
    for at_once, want in ((7 * 4 * 3 * 32 * 32, [7] * 5 + [5]), (1, [1] * 40)):
        monkeypatch.setattr(batch_loader, "AT_ONCE", at_once)
        assert torch.equal(batch(), whole) and parts == want

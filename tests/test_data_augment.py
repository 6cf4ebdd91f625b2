"""Views of a batch: crops, flips, edges, and what predictions are made of."""

import pytest
import torch

from resnet_lessons import data
from resnet_lessons.data import augment
from test_data_loaders import batches, images_of


def test_where_no_crop_fits_the_whole_picture_is_taken():
    """Of the whole area none does, but for a square."""
    crops = augment.random_crops(50, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(crops, torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(50, 4))


@pytest.mark.parametrize(("stored", "size"), [(81, 24), (100, 15)])
def test_no_dark_edge_is_drawn_where_blocks_do_not_fill_a_picture(stored, size):
    white = torch.full((1, 1, stored, stored), 255.0)
    whole, upright = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([False])
    small = augment.resample(white, *augment.crop_lines(whole, upright, size))
    torch.testing.assert_close(small, torch.full((1, 1, size, size), 255.0))


def test_pictures_may_be_mirrored_without_a_crop():
    loader = data.loaders(images_of(), 24, 40, device="cpu", augment=False).train
    pictures, _ = batches(loader.new())
    loader.flip = True
    mirrored = 0
    for one in batches(loader)[0]:
        gaps = [
            (both - one).abs().amax((1, 2, 3)) for both in (pictures, pictures.flip(3))
        ]
        assert min(gap.min() for gap in gaps) < 1e-3
        mirrored += bool(gaps[1].min() < gaps[0].min())
    assert 8 < mirrored < 32


def test_predictions_for_training_pictures_are_of_all_of_them_as_they_are():
    dls = data.loaders(images_of(25, 16), 16, 10, device="cpu")
    (x, y), (whole, labels) = batches(dls.train.new()), batches(dls.valid)
    assert torch.equal(x, whole) and torch.equal(y, labels)
    train = dls.train  # itself as it was
    assert train.shuffle and train.drop_last and train.flip and train.crop

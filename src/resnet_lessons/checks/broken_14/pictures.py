"""Training and validation pictures, after an article on ResNets in fastai."""

import torch


def prepare(images, labels, folders):
    """((pictures, labels) for training, the same for validation).

    images (N, H, W) of 0 to 255; folders, "train" or "val" for each. The pictures
    come out with mean 0 and deviation 1, as measured on those for training.
    """
    training = torch.tensor([folder == "train" for folder in folders])
    pictures = images.float() / 255
    mean, std = pictures[training].mean(), pictures[training].std()
    pictures = (pictures - mean) / std
    train = pictures[training], labels[training]
    valid = pictures[~training], labels[~training]
    return train, valid

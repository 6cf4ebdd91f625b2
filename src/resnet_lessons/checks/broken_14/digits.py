"""What the defects are measured on: digits, and a net that has learned them."""

import copy
from functools import cached_property

import torch

from resnet_lessons import nets

from ..limits import kept_random_state
from .signs_nets import train


class Digits:
    """Training and validation digits as tensors: `Digits(*data.digits())`.

    x, valid_x: (N, 1, 8, 8) from 0 to 1; y, valid_y: (N,) classes.
    """

    def __init__(self, training, validation):
        (self.x, self.y), (self.valid_x, self.valid_y) = map(
            self._tensors, (training, validation)
        )

    @staticmethod
    def _tensors(split):
        images, labels = map(torch.tensor, split)  # (N, 8, 8, 1) uint8
        return images.permute(0, 3, 1, 2).float() / 255, labels

    def as_files(self):
        """(N, 8, 8) grey values 0 to 255, labels, and the folder of each picture."""
        images = torch.cat([self.x, self.valid_x])[:, 0] * 255
        folders = ["train"] * len(self.y) + ["val"] * len(self.valid_y)
        return images.round().int(), torch.cat([self.y, self.valid_y]), folders

    def net(self):
        """A fresh copy of one trained net, in training mode as it was left."""
        return copy.deepcopy(self._net)

    @cached_property
    def _net(self):
        with kept_random_state():
            net = nets.build("resnet-8-cifar", width=8, in_channels=1)
            train(net, self.x, self.y, epochs=2)
        return net.train()

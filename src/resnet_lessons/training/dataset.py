"""The data of a pipeline in plain PyTorch: split, normalise, shift and flip.

`torch.utils.data` as it is, but for one thing: a batch is made at once (chapter 11).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


class Pictures(torch.utils.data.Dataset):
    """Labelled pictures, normalised; shifted and flipped where `pad` or `flip` say so.

    `pictures[3]` is (C, H, W) and a label. The loader asks for a batch at once, and
    so pays for a batch, not for its pictures one by one: (B, C, H, W) and (B,).
    """

    def __init__(
        self,
        images: np.ndarray,  # (N, H, W, C) uint8
        labels: np.ndarray,  # (N,) int64
        stats: tuple[Tensor, Tensor],  # mean and std of each channel, 0 to 255
        pad: int = 0,  # pixels of border that a random crop may reach into
        flip: bool = False,  # mirror half of the pictures
        generator: torch.Generator | None = None,  # on the CPU, for pad and flip
        device: torch.device | str = "cpu",
    ):
        self.images = torch.from_numpy(np.array(images)).to(device)
        self.labels = torch.from_numpy(np.array(labels)).to(device)
        self.mean, self.std = (s.to(device) for s in stats)
        self.pad, self.flip, self.generator = pad, flip, generator

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, index) -> tuple[Tensor, Tensor]:
        index = torch.as_tensor(index, device=self.images.device)
        images = (self.images[index].float() - self.mean) / self.std  # (B, H, W, C)
        if self.pad or self.flip:
            images = shift_and_flip(images, self.pad, self.flip, self.generator)
        return images.permute(0, 3, 1, 2), self.labels[index]

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        images, labels = self.__getitems__([index])
        return images[0], labels[0]


def shift_and_flip(images: Tensor, pad: int, flip: bool, generator=None) -> Tensor:
    """Each of `images` (B, H, W, C) cut anew from its padded self, half mirrored.

    The border is 0: of normalised pictures, the mean colour.
    """
    count, height, width, _ = images.shape
    device = images.device
    starts = torch.randint(2 * pad + 1, (2, count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5 * flip
    rows = starts[0] + torch.arange(height)  # (B, H)
    columns = starts[1] + torch.arange(width)  # (B, W)
    columns = torch.where(mirrored, columns.flip(1), columns)
    each = torch.arange(count, device=device)[:, None, None]
    padded = F.pad(images, (0, 0, pad, pad, pad, pad))
    return padded[each, rows.to(device)[:, :, None], columns.to(device)[:, None]]


def split(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices for training and for validation, drawn by `seed`; together all, once.

    Stratified: `share` of each class goes to validation. labels: (N,).
    """
    random = np.random.RandomState(seed)
    held = []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        held.append(members[: round(share * len(members))])
    valid = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), valid), valid


class Loader(torch.utils.data.DataLoader):
    """PyTorch's own, with a batch fetched at once and a state that can be kept."""

    def __init__(self, pictures: Pictures, batch_size: int, shuffle: bool = False):
        super().__init__(
            pictures,
            batch_size,
            shuffle,
            collate_fn=lambda batch: batch,  # a batch already
            generator=pictures.generator,
        )

    def state_dict(self) -> dict:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        self.generator.set_state(state["generator"])

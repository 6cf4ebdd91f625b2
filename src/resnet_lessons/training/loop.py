"""The bare training loop: what fastai's Learner does, in the open (chapter 1)."""

import math

import torch
from torch import nn

# fastai's own settings for Adam, handed to PyTorch's AdamW, so that the bare loop of
# chapter 1 takes the very same steps as a Learner. All parameters decay.
ADAMW = {"betas": (0.9, 0.99), "eps": 1e-5, "weight_decay": 0.01}


def cosine(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine; `share` runs from 0 to 1."""
    return start + (1 + math.cos(math.pi * (1 - share))) * (end - start) / 2


def one_cycle(share: float, peak: float) -> tuple[float, float]:
    """Learning rate and momentum after `share` of all steps (0 to 1).

    fastai's shape: the rate climbs from peak/25 for a quarter of the time, then
    falls to peak/100,000, while the momentum dips from 0.95 to 0.85 and returns.
    Source: Smith, "A disciplined approach to neural network hyper-parameters".
    """
    if share < 0.25:
        part = share / 0.25
        return cosine(peak / 25, peak, part), cosine(0.95, 0.85, part)
    part = (share - 0.25) / 0.75
    return cosine(peak, peak / 1e5, part), cosine(0.85, 0.95, part)


def fit_bare(net: nn.Module, batches, epochs: int, lr: float) -> list[float]:
    """Train `net` in place on `batches`; returns the loss of each step.

    batches: iterable with a length, giving pictures (B, C, H, W) and labels (B,).
    """
    optimizer = torch.optim.AdamW(net.parameters(), lr, **ADAMW)
    losses = []
    net.train()
    for epoch in range(epochs):
        for step, (pictures, labels) in enumerate(batches):
            share = (epoch + step / len(batches)) / epochs
            rate, momentum = one_cycle(share, lr)
            betas = momentum, ADAMW["betas"][1]
            optimizer.param_groups[0].update(lr=rate, betas=betas)
            loss = nn.functional.cross_entropy(net(pictures), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses

"""Two stages of training, then one picture, after a guide to transfer learning."""

import torch
import torch.nn.functional as F


def optimizer_for(net):
    return torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-2)


def fit(net, optimizer, batches):
    net.train()
    for pictures, labels in batches:
        F.cross_entropy(net(pictures), labels).backward()
        optimizer.step()
        optimizer.zero_grad()


def fine_tune(net, head, batches):
    """An epoch for the head alone, then an epoch for the whole net."""
    net.requires_grad_(False)
    head.requires_grad_(True)
    optimizer = optimizer_for(net)
    fit(net, optimizer, batches)
    net.requires_grad_(True)
    optimizer = optimizer_for(net)
    fit(net, optimizer, batches)


def predict(net, picture):
    """The class of one picture (H, W) of 0 to 255, for a net that knows 0 to 1."""
    net.eval()
    batch = picture[None, None].float() / 255
    return net(batch).argmax(1).item()

"""How good is it, and when do we stop? After a note on ResNet-20 in plain PyTorch."""

import torch


def shifted(pictures):
    """Augmentation: each picture (C, H, W) moved by up to a pixel, at random."""
    steps = torch.randint(-1, 2, (len(pictures), 2)).tolist()
    moved = [x.roll(step, (1, 2)) for x, step in zip(pictures, steps, strict=True)]
    return torch.stack(moved)


@torch.no_grad()
def accuracy(net, pictures, labels, batch_size=64):
    """The share of all pictures whose class is found."""
    net.eval()
    correct = 0
    for start in range(0, len(labels), batch_size):
        batch = pictures[start : start + batch_size]
        wanted = labels[start : start + batch_size]
        predictions = net(batch).argmax(1)
        correct += (predictions == wanted).sum().item()
    return correct / len(labels)


def stops_after(accuracies, patience=5):
    """How many evaluations run until `patience` in a row have brought no new best."""
    best, waited = -1, 0
    for count, value in enumerate(accuracies, 1):
        if value > best:
            best = value
            waited = 0
        else:
            waited += 1
        if waited >= patience:
            return count
    return len(accuracies)


def evaluate(net, pictures, labels):
    return accuracy(net, pictures, labels)

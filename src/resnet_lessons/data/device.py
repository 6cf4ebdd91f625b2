"""Where batches go if nobody says: the best device that this PyTorch can use."""

import torch


def best_device():
    """CUDA where this PyTorch can compute on it, else Apple's MPS, else the CPU."""
    cuda = torch.device("cuda")
    if torch.cuda.is_available() and usable(cuda):
        return cuda
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def usable(device):
    """Has this PyTorch code for the card? For an old one it may have none."""
    try:
        torch.zeros(1, device=device)
    except RuntimeError as error:  # a full card is another matter
        return "no kernel image" not in str(error)
    return True

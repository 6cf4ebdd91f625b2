"""A block in any order of its layers: a line of words (chapter 10)."""

from torch import Tensor, nn

from ..errors import UsageError
from .layers import conv2d

# He et al. 2016, figure 4: the same layers, and where the sum stands among them.
ORDERS = {
    "original": "conv BN ReLU conv BN + ReLU",
    "BN after addition": "conv BN ReLU conv + BN ReLU",
    "ReLU before addition": "conv BN ReLU conv BN ReLU +",
    "ReLU-only pre-activation": "ReLU conv BN ReLU conv BN +",
    "full pre-activation": "BN ReLU conv BN ReLU conv +",
}

LAYERS = {
    "conv": lambda channels: conv2d(channels, channels, 3, bias=False),
    "BN": nn.BatchNorm2d,
    "ReLU": lambda channels: nn.ReLU(),
    "LeakyReLU": lambda channels: nn.LeakyReLU(),
}


class OrderedBlock(nn.Module):
    """f(F(x) + x) with F and f spelled out (He et al. 2016, equations 1 and 2).

    `order` has the words of `LAYERS` and one "+": what stands before it is F, what
    stands after it is f. It takes (B, channels, H, W) to the same shape; the shortcut
    is the identity. Raises `UsageError` on an unknown word or another number of "+".
    """

    def __init__(
        self,
        channels: int,
        order: str,  # such as a value of ORDERS
    ):
        super().__init__()
        residual, after = split_order(order)
        self.residual = nn.Sequential(*[LAYERS[word](channels) for word in residual])
        self.after = nn.Sequential(*[LAYERS[word](channels) for word in after])

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        return self.after(self.residual(x) + x)  # (B, C, H, W)


def split_order(order: str) -> tuple[list[str], list[str]]:
    """The words before the "+" and those after it; `UsageError` if it is no order."""
    words = order.split()
    unknown = [word for word in words if word not in LAYERS and word != "+"]
    if unknown or words.count("+") != 1:
        known = ", ".join(LAYERS)
        wrong = f"{unknown[0]!r} is no layer" if unknown else "one + is needed"
        raise UsageError(
            f"{wrong} in the order {order!r}: use {known}, and + for the sum."
        )
    place = words.index("+")
    return words[:place], words[place + 1 :]

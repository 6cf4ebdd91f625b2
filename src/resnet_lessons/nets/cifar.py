"""The nets for small pictures: three stages of any block (chapters 4, 10; E)."""

from ..errors import UsageError
from .blocks import BasicBlock, PreActBlock
from .relatives import HighwayBlock, ScaledBlock, StochasticBlock, fade
from .resnet import ResNet

# What each kind fixes of a ResNet: its block, its stem, and what else it is known by.
CIFAR_KINDS = {
    "residual": {"block": BasicBlock, "stem": "cifar"},
    "plain": {"block": BasicBlock, "stem": "cifar", "shortcut": "none"},
    "preact": {"block": PreActBlock, "stem": "conv"},
    # appendix E
    "highway": {"block": HighwayBlock, "stem": "cifar"},
    "scaled": {"block": ScaledBlock, "stem": "cifar", "norm": None},
    "stochastic": {"block": StochasticBlock, "stem": "cifar"},
}


def cifar_net(
    depth: int,  # layers with weights: 6n + 2
    kind: str = "residual",  # a key of CIFAR_KINDS
    width: int = 16,  # of the first stage; the others have 2 and 4 times as much
    num_classes: int = 10,
    in_channels: int = 3,
    **options,  # of ResNet and its block: shortcut (here "A"), norm, batch_zero, ...
) -> ResNet:
    """Three stages of n blocks for small pictures (He et al. 2015, section 4.2).

    (B, in_channels, 32, 32) -> (B, num_classes); 8 x 8 digits do as well. Raises
    `UsageError` if the depth is not 8, 14, 20, ..., the kind does not exist, or an
    option is one that the kind fixes.
    """
    if kind not in CIFAR_KINDS:
        kinds = ", ".join(CIFAR_KINDS)
        raise UsageError(f"There is no kind {kind!r} of CIFAR net; choose of {kinds}.")
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise UsageError(
            f"A CIFAR net has 6n + 2 layers: 8, 14, 20, 26, 32, 44, 56, 110, ...; "
            f"{depth} is not among them."
        )
    fixed = CIFAR_KINDS[kind]
    for name in fixed.keys() & options:
        raise UsageError(f"A {kind} net has a {name} of its own: leave {name} out.")
    options = {"shortcut": "A", **options, **fixed}
    net = ResNet(
        depths=[blocks] * 3,
        widths=[width, 2 * width, 4 * width],
        num_classes=num_classes,
        in_channels=in_channels,
        **options,
    )
    if kind == "stochastic":
        fade(net.stages)
    return net

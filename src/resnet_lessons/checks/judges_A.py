"""Appendix A, Keras: how the answers are judged."""

import copy

import torch
from torch import nn

from .. import nets
from .advice import MISFIT
from .expect import made
from .kept import stays, unchanged
from .mistakes_A import CONVOLVED, convolved
from .mistakes_A_counts import COUNTS, keras_count

# A.1 -------------------------------------------------------------------------------


CASES = [  # (H, W), (k_h, k_w), stride
    ((12, 12), (9, 9), 4),
    ((9, 7), (4, 4), 2),
    ((10, 9), (7, 3), 2),
    ((9, 12), (2, 4), 1),
    ((11, 8), (4, 6), 3),
    ((10, 11), (3, 2), 4),  # the stride exceeds the kernel
    ((8, 11), (1, 2), 4),
    ((1, 2), (3, 3), 2),
]
ERRORS = [
    (
        "must be tuple of ints",
        "Zeros are added whole: `//`, not `/`.",
    ),
    (
        "not supported for strided",
        'PyTorch\'s `padding="same"` works at stride 1 only. Work out the zeros, add '
        "them with `nn.functional.pad`, and convolve without padding.",
    ),
    (
        "greater than actual input",
        "The padded picture must be at least as large as the kernel. "
        "`nn.functional.pad` takes (left, right, top, bottom): the width first.",
    ),
    (
        MISFIT,
        "`conv2d` takes x as (B, C_in, H, W) and the weight as (C_out, C_in, k_h, "
        "k_w): as they come.",
    ),
]
RULE = (
    "Add the zeros of both sides by the rule, half of them, rounded down, left and "
    "above; then convolve with the stride and without padding."
)
FITS = (
    "A side of n pixels puts out n / stride, rounded up, and the zeros make the kernel "
    "fit just so often."
)


def check_conv_same(answer, expect):
    for size, kernel, stride in CASES:
        picture, of = ("{}×{}".format(*sides) for sides in (size, kernel))
        what = f"pictures of {picture}, a kernel of {of}, stride {stride}"
        expect.trying(what, errors=ERRORS)
        x, weight = torch.randn(2, 3, *size), torch.randn(4, 3, *kernel)
        given = x.clone(), weight.clone()
        got = answer(*given, stride)
        unchanged(given[0], x, expect, "Something writes into x. Make a new tensor.")
        hint = "Something writes into the weight. Only read it."
        unchanged(given[1], weight, expect, hint, "`weight`")
        want = convolved(x, weight, stride)
        fits = getattr(got, "shape", None) == want.shape
        expect.close(
            "the output",
            got,
            want,
            hint=RULE if fits else FITS,
            mistakes=made(CONVOLVED, x, weight, stride),
            atol=1e-4,
        )


# A.2 -------------------------------------------------------------------------------


NO_AVERAGES = [
    (
        "NoneType",
        "A BatchNorm may have no averages, or no γ and β: these are `None` then.",
    ),
]
LEFT_ALONE = (
    "Only count. Nothing has to run or to be switched: no `net.eval()`, no "
    "`requires_grad_`, no new layer."
)


class Blurred(nn.Module):
    """A fixed kernel and running sums, which no BatchNorm holds."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kernel", torch.full((3, 3), 1 / 9))
        self.register_buffer("running_sum", torch.zeros(7))


def check_keras_count(answer, expect):
    for what, net in cases_to_count().items():
        expect.trying(what, errors=NO_AVERAGES)
        before = copy.deepcopy(net)
        got = answer(net)
        stays("the net", net, before, expect, LEFT_ALONE)
        expect.equal(
            "the count",
            got,
            keras_count(net),
            hint="Add up all parameters, and the running mean and variance of each "
            "BatchNorm.",
            mistakes=made(COUNTS, net),
        )


def cases_to_count() -> dict[str, nn.Module]:
    """Nets by what is special about them."""
    block = nets.BasicBlock(3, 5, 2)
    frozen = nn.Sequential(nets.BasicBlock(2, 3), nn.Flatten(), nn.Linear(3, 4))
    frozen[0].requires_grad_(False)
    again = nn.Sequential(nn.Conv2d(3, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU())
    tied = nn.Sequential(nn.Linear(7, 7), nn.BatchNorm1d(7), nn.Linear(7, 7))
    tied[2].weight = tied[0].weight
    return {
        "a block, a BatchNorm and a linear layer": nn.Sequential(
            block, nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(5, 7)
        ),
        "three nets in one, for sounds, pictures and films": nn.ModuleDict(
            {
                "sound": nn.Sequential(nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4)),
                "picture": nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5)),
                "film": nn.Sequential(nn.Conv3d(3, 2, 3), nn.BatchNorm3d(2)),
            }
        ),
        "a block that is frozen": frozen,
        "a module that is used twice": nn.Sequential(again, again),
        "two linear layers that share a weight": tied,
        "BatchNorms without averages, or without γ and β": nn.Sequential(
            nn.BatchNorm2d(4, track_running_stats=False),
            nn.BatchNorm2d(3, affine=False),
            nn.BatchNorm2d(2, affine=False, track_running_stats=False),
            nn.BatchNorm2d(6),
        ),
        "a net with buffers of its own, and a LayerNorm": nn.Sequential(
            Blurred(), nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.LayerNorm(8)
        ),
        "an InstanceNorm, which has averages too": nn.Sequential(
            nn.InstanceNorm2d(5, track_running_stats=True), nn.BatchNorm2d(2)
        ),
        "a BatchNorm by itself": nn.BatchNorm2d(9),
        "a net without any number": nn.Sequential(nn.ReLU(), nn.Flatten()),
    }

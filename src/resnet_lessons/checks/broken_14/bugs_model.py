"""The defects of a stack of ResBlocks, each a line of data."""

from . import signs_nets as signs
from .bug import Bug, Sign

CONVS = """\
                nets.conv(in_channels, out_channels),
                nets.conv(out_channels, out_channels, activation=None),
"""
ONE_CONV = "                nets.conv(in_channels, out_channels, activation=None),\n"

MODEL = [
    Bug(
        id="no-head",
        program="model",
        part="resblock_net",
        title="No average and no flatten before the linear layer",
        edits=(("    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]\n", ""),),
        effects=(
            "An error: the linear layer reads the last axis, and that is the width of "
            "the grid.",
            "Ten classes for every place: the loss averages them.",
            "The net still works, at one size of picture only.",
        ),
        why="The article prints its net without these two layers. A linear layer works "
        "on the last axis of whatever comes. Here that is W, not C.",
        signs=(signs.net_on(8),),
    ),
    Bug(
        id="one-conv",
        program="model",
        part="resblock_net",
        title="One convolution in F",
        edits=((CONVS, ONE_CONV),),
        effects=(
            "No ReLU lies inside F: −x makes −F.",
            "F is always zero.",
            "The block no longer keeps the grid.",
        ),
        why="The text says that the skip jumps over two layers, the code has one. A "
        "ReLU then stands between blocks only. The paper saw no advantage in such a "
        "block.",
        signs=(
            Sign("F(−x) and −F(x), with γ = 1", signs.sign_of_f),
            Sign("parameters", signs.parameters),
        ),
    ),
    Bug(
        id="ignores-in-channels",
        program="model",
        part="resblock_net",
        title="The first convolution ignores in_channels",
        edits=(
            (
                "nets.conv(in_channels, out_channels",
                "nets.conv(out_channels, out_channels",
            ),
        ),
        effects=(
            "It runs while the widths are equal, and fails where they change.",
            "The channels of x are cut to those of the output.",
            "The shortcut gets no gradient.",
        ),
        why="An argument that is accepted and not used is a promise that nobody keeps. "
        "With equal widths no test can tell.",
        signs=(Sign("the net of widths 8, 16", signs.widening),),
    ),
    Bug(
        id="no-skip",
        program="model",
        part="resblock_net",
        title="γ = 0, and no skip",
        edits=(
            (
                '            self.shortcut = nets.make_shortcut("B", in_channels, '
                "out_channels)\n",
                "",
            ),
            ("self.residual(x) + self.shortcut(x)", "self.residual(x)"),
        ),
        effects=(
            "The block puts out zeros for every picture, and never learns.",
            "The block starts as the identity: that is what γ = 0 is for.",
            "It learns more slowly at first, then catches up.",
        ),
        why="A γ of zero silences F. That is the identity only if x is added. Without "
        "it all pictures look alike, and behind a ReLU at exactly zero no gradient "
        "comes back.",
        signs=(
            Sign("different outputs for 32 digits", signs.different_outputs),
            Sign("loss on one batch after 60 steps", signs.loss_after),
        ),
    ),
]

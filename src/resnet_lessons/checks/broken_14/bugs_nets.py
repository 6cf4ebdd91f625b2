"""The defects of a block and of a net for small pictures, each a line of data."""

from . import signs_nets as signs
from .bug import Bug, Sign

NETS = [
    Bug(
        id="stride-twice",
        program="block",
        part="ResBlock",
        title="Stride 2 in both convolutions, and x as it was",
        edits=(
            (
                "self.conv(channels, kernel_size)",
                "self.conv(channels, kernel_size, stride=2)",
            ),
        ),
        effects=(
            "An error at most sizes. On 4 × 4 places and below F shrinks to one place, "
            "and the sum spreads it over all: no error.",
            "An error at every size: shapes that differ cannot be added.",
            "Nothing at even sizes: the grid halves twice, as it should.",
        ),
        why="F(x) has a quarter of the rows and columns, x has all of them. PyTorch "
        "adds different shapes where one side is 1: then the same number is added at "
        "every place, and the block runs. Digits behind a stem with stride 2 are 4 × "
        "4.",
        signs=(
            signs.block_on(32, 32),
            signs.block_on(5, 5),
            signs.block_on(4, 4),
            Sign("places that F puts out on 4 × 4", signs.places_of_f),
        ),
    ),
    Bug(
        id="activation-inside",
        program="block",
        part="ResBlock",
        title="The activation before the sum, and none after",
        edits=(
            (
                "F.leaky_relu(x + self.conv2(y))",
                "x + F.leaky_relu(self.conv2(y))",
            ),
        ),
        effects=(
            "A block can hardly make a value smaller: the mean climbs from block to "
            "block.",
            "The block is linear, so that a stack of them is no better than one.",
            "The gradient of x is multiplied by the slope of the leaky ReLU.",
        ),
        why="What is added is never far below zero. Each block adds something "
        "positive, so the mean drifts up with depth. The paper adds first and "
        "activates then.",
        signs=(Sign("mean, through 16 blocks on 4 × 4", signs.mean_after),),
    ),
    Bug(
        id="padding-fixed",
        program="block",
        part="ResBlock",
        title="Padding 1 for every kernel",
        edits=(("padding = size // 2", "padding = 1"),),
        effects=(
            "Right for 3 × 3 only. With a 1 × 1 kernel the grid grows, with 5 × 5 it "
            "shrinks, and the sum fails.",
            "Too little for 3 × 3: the border of the picture is cut off.",
            "Nothing: PyTorch ignores the padding of a 1 × 1 kernel.",
        ),
        why="A kernel of k × k keeps the grid with a padding of (k − 1) / 2. A default "
        "that is right for one kernel is a trap for the next.",
        signs=(
            signs.block_on(8, 8),
            signs.block_on(8, 8, kernel_size=1),
            signs.block_on(8, 8, kernel_size=5),
        ),
    ),
    Bug(
        id="norm-after-sum",
        program="cifar",
        part="Block",
        title="BatchNorm after the sum",
        edits=(
            (
                "self.bn2(self.conv2(y)) + self.shortcut(x)",
                "self.bn2(self.conv2(y) + self.shortcut(x))",
            ),
        ),
        effects=(
            "The block is not the identity when F is zero: x is normalised too.",
            "The shortcut is divided by the batch size.",
            "Nothing: the order of a sum and a BatchNorm does not matter.",
        ),
        why="With every convolution at zero the block should hand x on. Here x goes "
        "through a BatchNorm in each block, and so does its gradient. It trains all "
        "the same.",
        signs=(Sign("at zero weights the block changes x by", signs.change_at_zero),),
    ),
    Bug(
        id="shared-norm",
        program="cifar",
        part="Block",
        title="One BatchNorm for two convolutions",
        edits=(
            ("        self.bn2 = nn.BatchNorm2d(channels)\n", ""),
            ("self.bn2(", "self.bn1("),
        ),
        effects=(
            "In training all is well. Its running averages mix two layers, so the net "
            "does worse in eval mode.",
            "Training fails at once: the second use overwrites the gradient of the "
            "first.",
            "Nothing but fewer parameters: γ and β are the same for both anyway.",
        ),
        why="In training each call takes the mean and variance of its own batch. The "
        "running averages are kept once, for both, and are right for neither. Only "
        "eval mode uses them.",
        signs=(
            Sign(
                "accuracy in eval mode, after two epochs", signs.with_running_averages
            ),
            Sign("accuracy with the batch's statistics", signs.with_the_batch),
            Sign("parameters", signs.parameters),
        ),
    ),
    Bug(
        id="batch-statistics",
        program="cifar",
        part="Block",
        title="BatchNorm without running averages",
        edits=tuple(
            (f"nn.BatchNorm2d({n})", f"nn.BatchNorm2d({n}, track_running_stats=False)")
            for n in ("channels", "width")
        ),
        effects=(
            "In eval mode too, what comes out for a picture depends on the pictures "
            "beside it.",
            "BatchNorm does not normalise at all.",
            "γ and β are not trained.",
        ),
        why="Without running averages there is nothing else to use: `eval()` changes "
        "nothing, and a picture alone is normalised by itself.",
        signs=(
            Sign(
                "a logit moves with its batchmates by up to", signs.shift_by_batchmates
            ),
        ),
    ),
    Bug(
        id="shortcut-by-stride",
        program="cifar",
        part="Block",
        title="A projection only where the grid changes",
        edits=(("if stride != 1 or in_channels != channels:", "if stride != 1:"),),
        effects=(
            "It works in this net. Where channels change and the grid does not, the "
            "sum fails.",
            "Every block with stride 1 gets a projection that it does not need.",
            "The net loses half of its channels.",
        ),
        why="The usual net changes both at once, so nobody notices, until the block is "
        "used in a net that widens first: ResNet-50 does so in its first stage.",
        signs=(
            Sign(
                "`Block(8, 16)` on 8 × 8 places",
                lambda p, d: signs.runs(
                    lambda: p.Block(8, 16)(signs.torch.rand(2, 8, 8, 8))
                ),
            ),
            signs.net_on(8),
        ),
    ),
    Bug(
        id="stem-bias",
        program="cifar",
        part="Net",
        title="A bias in front of BatchNorm",
        edits=(
            (
                "nn.Conv2d(in_channels, width, 3, padding=1, bias=False)",
                "nn.Conv2d(in_channels, width, 3, padding=1)",
            ),
        ),
        effects=(
            "Parameters that never learn: BatchNorm subtracts them again.",
            "The first BatchNorm gets a mean that it cannot remove.",
            "Twice the gradient for the stem.",
        ),
        why="A bias adds the same to a whole channel, and BatchNorm subtracts the mean "
        "of the channel. The gradient is zero up to rounding. No result is wrong: only "
        "the count of parameters is.",
        signs=(
            Sign("largest gradient of a bias in the stem", signs.stem_gradient),
            Sign("largest gradient of a weight there", signs.stem_weight_gradient),
        ),
    ),
    Bug(
        id="pool-fixed",
        program="cifar",
        part="Net",
        title="A window for one size of picture",
        edits=(("nn.AdaptiveAvgPool2d(1)", "nn.AvgPool2d(2)"),),
        effects=(
            "Right for 8 × 8 pixels. At 12 × 12 the last row and column are dropped "
            "without a word, at 16 × 16 it fails.",
            "It fails at every size but 8 × 8.",
            "It takes the mean of two channels instead of two places.",
        ),
        why="The last grid of 8 × 8 pixels is 2 × 2. One of 3 × 3 holds one window of "
        "2 × 2; what does not fill a window is left out. The note has 8 × 8 for "
        "pictures of 32 × 32.",
        signs=(
            signs.net_on(8),
            Sign("on 12 × 12: places of the last grid that count", signs.places_read),
            signs.net_on(16),
        ),
    ),
]

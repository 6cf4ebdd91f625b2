"""Chapter 14, find the bugs: the exercises; four answers are repaired programs."""

import torch
import torch.nn.functional as F
from torch import nn

from .broken_14 import BUGS, bugs_of, source
from .broken_14.block import ResBlock
from .broken_14.cifar import Block
from .broken_14.model import resblock_net
from .broken_14.pictures import prepare
from .exercise import Exercise
from .judges_14 import check_block, check_res_block
from .judges_14_batches import check_same_for_every_batch_size
from .judges_14_net import check_net
from .judges_14_runs import check_prepare

IMPORTS = {
    "block": "import torch.nn.functional as F\nfrom torch import nn",
    "cifar": "import torch.nn.functional as F\nfrom torch import nn",
    "model": (
        "from itertools import pairwise\n\nimport torch.nn.functional as F\n"
        "from torch import nn\n\nfrom resnet_lessons import nets"
    ),
    "pictures": "import torch",
}


def same_for_every_batch_size(accuracy):
    net = nn.Flatten()  # each picture is its own answer
    labels = torch.arange(50) % 10
    said = (labels + (torch.arange(50) < 7)) % 10  # the first seven are wrong
    pictures = F.one_hot(said, 10).float()[:, :, None, None]
    found = {size: accuracy(net, pictures, labels, size) for size in (1, 7, 50)}
    assert max(found.values()) - min(found.values()) < 1e-6, found


def starter(program: str, part: str, *helpers: str) -> str:
    """One function or class with all of its defects, as code that runs by itself."""
    ids = [id for id in bugs_of(program) if BUGS[id].part == part]
    parts = [source(program, name, *ids) for name in (*helpers, part)]
    return "\n\n\n".join([IMPORTS[program], *(code.strip() for code in parts)]) + "\n"


EXERCISES = [
    Exercise(
        id="14.1",
        title="A block that shrinks",
        prompt="""\
Repair `ResBlock(channels, kernel_size=3)`. It should compute

$$y = \\sigma(x + F(x)),$$

where $\\sigma$ is the leaky ReLU and $F$ is convolution, BatchNorm, $\\sigma$,
convolution, BatchNorm; no convolution has a bias. Whatever the grid and whatever the
odd kernel, what comes out has the shape of what went in. There are **three** defects.
The check looks for each on its own and says which symptoms are left.
""",
        starter=starter("block", "ResBlock"),
        hints=(
            "Print the shape behind each convolution for 8 × 8 places, then for 4 × 4. "
            "How does PyTorch add 1 × 1 places to 4 × 4?",
            "Which values can the second summand of the last line have, and which "
            "should $F(x)$ be able to have?",
            "A kernel of $k × k$ keeps a grid if the padding is $(k - 1) / 2$ and the "
            "stride 1.",
        ),
        answer=ResBlock,
        check=check_res_block,
    ),
    Exercise(
        id="14.2",
        title="A block that trains, and is wrong",
        prompt="""\
Repair `Block(in_channels, channels, stride=1)`, the paper's basic block: $F$ is
convolution, BatchNorm, ReLU, convolution, BatchNorm; a ReLU follows the sum. The
shortcut is $x$ itself, and where $F(x)$ has another shape, a 1 × 1 convolution with
BatchNorm. No convolution has a bias. In eval mode the result for a picture does not
depend on the pictures beside it. There are **four** defects, and three of them never
raise an error.
""",
        starter=starter("cifar", "Block"),
        hints=(
            "Set every convolution to zero by hand. What should the block do to an x "
            "without negative values, and what does it do?",
            "How many BatchNorms does the paper's block have on its way through $F$? "
            "What does each of them remember for eval mode?",
            "Two things can make the shape of $F(x)$ differ from that of $x$.",
        ),
        answer=Block,
        check=check_block,
    ),
    Exercise(
        id="14.3",
        title="A ninth test",
        prompt="""\
None of the eight tests notices an evaluation that counts the last batch alone. Write a
ninth that does, and needs no known answer either:
`same_for_every_batch_size(accuracy)`. It gets an evaluation,
`accuracy(net, pictures, labels, batch_size)`, that puts `net` into eval mode, takes
`net(batch).argmax(1)` for the classes of a batch, and returns a number, as a share or
in percent. If the batch size changes this number, the test raises `AssertionError`;
otherwise it returns. A difference of up to $10^{-6}$ is rounding. The test makes net,
pictures and labels itself, few and small: no net has to be trained. What else may be
wrong with an evaluation is not its business. The check runs your test on evaluations
whose number depends on the batch size, each in another way, and on others whose number
does not.
""",
        starter='''\
import torch
import torch.nn.functional as F
from torch import nn


def same_for_every_batch_size(accuracy):
    """accuracy(net, pictures, labels, batch_size) -> a number"""
    raise NotImplementedError
''',
        hints=(
            "Evaluate the same pictures by the same net with several batch sizes, and "
            "compare the numbers with each other. One size takes all pictures at once. "
            "Which others leave a smaller last batch?",
            "If all pictures are right, all batches are, and each way to average them "
            "gives 1. Let some be wrong, next to each other, so that batches differ.",
            "`nn.Flatten()` is a net: it takes a picture of 10 × 1 × 1 for ten logits. "
            "`F.one_hot(said, 10).float()[:, :, None, None]` are pictures in which it "
            "sees the classes `said`.",
        ),
        answer=same_for_every_batch_size,
        check=check_same_for_every_batch_size,
    ),
    Exercise(
        id="14.4",
        title="A net in which nothing arrives",
        prompt="""\
Repair `resblock_net(widths, num_classes=10)`. For every width after the first it has a
ResBlock and a max-pool; it takes pictures $(B, 1, H, W)$ of any size to
$(B, \\text{classes})$, and its linear layer reads the mean of each channel. In a
ResBlock $\\mathcal{F}$ has two 3 × 3 convolutions, the first of which changes the
channels. A fresh block begins as its shortcut, because $γ$ of its last BatchNorm is
zero: that stays. There are **four** defects.
`nets.make_shortcut("B", in_channels, out_channels)` makes the shortcut of the paper.
""",
        starter=starter("model", "resblock_net"),
        hints=(
            "A linear layer works on the last axis of what it gets. Print the shape "
            "that arrives there.",
            "Follow one picture through a fresh block: with $γ = 0$, what is left of "
            "it?",
            "Which arguments of `ResBlock` are used, and which are only accepted?",
        ),
        answer=resblock_net,
        check=check_net,
    ),
    Exercise(
        id="14.5",
        title="Who has seen the validation pictures?",
        prompt="""\
Repair `prepare(images, labels, folders)`. It gets grey pictures $(N, H, W)$ of 0 to
255, their labels, and for each the name of its folder, `"train"` or `"val"`. It returns
`(pictures, labels)` for training and the same for validation. The pictures are float
tensors, brought to mean 0 and standard deviation 1: one mean and one deviation for all
pixels, both measured on the training pictures only. There are **two** defects.
""",
        starter=starter("pictures", "prepare"),
        hints=(
            "Which of the three arguments has no influence on the result?",
            'Compare `folder` with `"train"` for every picture, and make a tensor of '
            "the answers.",
            "Mean and deviation are two numbers. Take them from the training pictures, "
            "and use the same two for validation.",
        ),
        answer=prepare,
        check=check_prepare,
    ),
]

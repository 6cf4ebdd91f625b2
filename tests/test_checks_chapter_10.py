"""The checks of chapter 10 name the mistake that was made."""

import numpy as np
import pytest
import torch
from torch import nn

from resnet_lessons import nets
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

# 10.1 --------------------------------------------------------------------------------

NORM1 = "nn.BatchNorm2d(in_channels),\n            nn.ReLU(),\n"
CONV1 = "nn.Conv2d(in_channels, width, 1, bias=False)"
NORM = "nn.BatchNorm2d(width),\n            nn.ReLU(),\n"
CONV2 = "nn.Conv2d(width, width, 3, stride, padding=1, bias=False)"
CONV3 = "nn.Conv2d(width, out_channels, 1, bias=False)"
PROJECT = "nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)"
SUM = "self.residual(x) + self.shortcut(x)"
IF = "stride != 1 or in_channels != out_channels"
AFTER = "nn.BatchNorm2d({0}),\n            nn.ReLU(),\n"
BLOCKS = [
    ([(CONV1, CONV1.replace("1,", "3, padding=1,")),
      (CONV3, CONV3.replace("1,", "3, padding=1,"))], "Only the middle one is 3×3"),
    ([(IF, "True")], "projection where the shape stays"),
    ([("out_channels = 4 * width", "out_channels = width")], "`4 * width` come out"),
    ([(CONV1, CONV1.replace(", width", ", in_channels")),
      (NORM, AFTER.format("in_channels")),
      (CONV2, CONV2.replace("width, width", "in_channels, in_channels")),
      (CONV3, CONV3.replace("width", "in_channels"))], "makes the channels fewer"),
    ([(CONV2, CONV2.replace("bias=False", "bias=True"))], "without: `bias=False`"),
    ([(NORM1, ""), (CONV1, f"{CONV1},\n            {NORM.rstrip()[:-1]}"),
      (NORM + "            " + CONV2, CONV2), (NORM + "            " + CONV3,
       f"{NORM}            {CONV3}, nn.BatchNorm2d(out_channels)")],
     "These stand behind the convolutions"),
    ([(CONV3 + ",", CONV3 + ", nn.BatchNorm2d(out_channels),")], "One too many"),
    ([(NORM1, "")], "The first one is missing"),
    ([(NORM + "            " + CONV3, CONV3)], "each of the three"),
    ([(NORM, "")], "each of the three convolutions"),
    ([(NORM1, ""), (NORM, "")], "No BatchNorm runs"),
    ([("self.shortcut = nn.Identity()",
       "self.residual[6] = self.residual[3]\n        self.shortcut = nn.Identity()")],
     "make three"),
    ([("3, stride,", "3, 1,"), (PROJECT, PROJECT.replace("stride", "1"))],
     "No convolution of F"),
    ([("3, stride,", "3, 1,"), (CONV1, CONV1.replace("1,", "1, stride,"))],
     "reads one position in four"),
    ([("3, stride,", "3, 1,"), (CONV3, CONV3.replace("1,", "1, stride,"))],
     "The last 1×1 has the stride"),
    ([(IF, "stride != 1")], "at stride 1"),
    ([(IF, "in_channels != out_channels")], "the channels stay"),
    ([(IF, IF.replace("!= out", "< out"))], "Fewer channels come out"),
    ([("stride=1", "stride")], "with those of the starter"),
    ([("padding=1, ", "")], "keeps the grid"),
    ([(IF, "stride == 2 or in_channels != out_channels")], "the channels stay"),
    ([("nn.BatchNorm2d(in_channels)", "nn.BatchNorm2d(width)")],
     "the channels that go into it"),
    ([(PROJECT, "nn.Sequential(nn.AvgPool2d(stride, ceil_mode=True), "
       + PROJECT.replace("stride", "1") + ")")], "The shortcut averages"),
    ([("self.residual = nn.Sequential(", "self.residual = list(("),
      ("bias=False),\n        )", "bias=False),\n        ))"),
      ("return self.residual(x)", "y = x\n        for layer in self.residual:\n"
       "            y = layer(y)\n        return y")], "a plain list hides them"),
    ([(PROJECT, f"nn.Sequential({PROJECT}, nn.BatchNorm2d(out_channels))")],
     "alone"),
    ([(PROJECT, PROJECT.replace("bias=False", "bias=True"))], "has a bias"),
    ([(PROJECT, f"nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU(), {PROJECT})")],
     "stands before the projection"),
    ([(f"return {SUM}", f"return torch.relu({SUM})")], "That is ResNet v1"),
    ([(SUM, "self.residual(x)")], "F(x) alone"),
    ([(f"return {SUM}", "y = self.residual[:2](x)\n"
       "        return self.residual[2:](y) + self.shortcut(y)")], "The authors' code"),
    ([(SUM, "self.residual(x) + self.shortcut(torch.relu(x))")], "has a ReLU"),
    ([(SUM, "torch.relu(self.residual(x)) + self.shortcut(x)")], "only add"),
    ([(f"return {SUM}", f"x = torch.relu(x)\n        return {SUM}")],
     "before all else"),
    ([(NORM1, "nn.ReLU(),\n            nn.BatchNorm2d(in_channels),\n"),
      (NORM, "nn.ReLU(),\n            nn.BatchNorm2d(width),\n")],
     "order is ReLU, BatchNorm"),
    ([(NORM1, "nn.BatchNorm2d(in_channels),\n")], "first ReLU is missing"),
    ([(NORM + "            " + CONV2, "nn.BatchNorm2d(width),\n            " + CONV2)],
     "second ReLU is missing"),
    ([(NORM + "            " + CONV3, "nn.BatchNorm2d(width),\n            " + CONV3)],
     "third ReLU is missing"),
    ([("            nn.ReLU(),\n", "")], "There is no ReLU"),
    ([(f"return {SUM}", f"y = {SUM}\n        x += 1\n        return y")],
     "writes into x"),
    ([(SUM, "self.residual(x) + self.shortcut(x).detach()")], "through the shortcut"),
    ([(SUM, "self.residual(x) + self.shortcut(x.detach())")], "through the shortcut"),
    ([(f"return {SUM}", "with torch.no_grad():\n            s = self.shortcut(x)\n"
       "        return self.residual(x) + s")], "through the shortcut"),
    ([(SUM, "self.residual(x.detach()) + self.shortcut(x)")], "through F"),
    ([(f"return {SUM}", f"return ({SUM}).detach()")], "`no_grad`"),
    ([("        self.shortcut = nn.Identity()\n", "        self.shortcut = "
       "nn.Identity()\n        nn.init.zeros_(self.residual[6].weight)\n")],
     "nothing in F would ever learn"),
    ([("        self.shortcut = nn.Identity()\n", "        self.shortcut = "
       "nn.Identity()\n        self.requires_grad_(False)\n")], "`requires_grad`"),
    ([(NORM + "            " + CONV3, NORM + "            nn.Dropout(),\n            "
       + CONV3)], "works only in training"),
    ([("BatchNorm2d(width)", "BatchNorm2d(width, track_running_stats=False)")],
     "Leave out `affine`"),
    ([("BatchNorm2d(width)", "BatchNorm2d(width, affine=False)")],
     "Leave out `affine`"),
    ([(PROJECT,
       f"nn.Sequential({PROJECT}, nn.BatchNorm2d(out_channels, affine=False))")],
     "at most one convolution"),
]  # fmt: skip

test_mistake_in_the_bottleneck_is_named = explained("10.1", BLOCKS)


def test_an_activation_that_both_ways_share_is_recognised():
    class Shared(ANSWERS["10.1"]):
        def __init__(self, in_channels, width, stride=1):
            super().__init__(in_channels, width, stride)
            if not isinstance(self.shortcut, nn.Identity):
                self.shortcut = nn.Sequential(*self.residual[:2], self.shortcut)

    assert "x itself. (The authors' code" in hint_of("10.1", Shared)


def test_the_basic_block_is_recognised():
    class Basic(nets.PreActBlock):
        def __init__(self, in_channels, width, stride=1):
            super().__init__(in_channels, 4 * width, stride)

    assert "basic block" in hint_of("10.1", Basic)


def test_layers_in_attributes_and_another_order_pass():
    class PreActBottleneck(nn.Module):
        def __init__(self, in_channels, width, stride=1):
            super().__init__()
            self.project = None
            if stride != 1 or in_channels != 4 * width:
                self.project = nn.Conv2d(in_channels, 4 * width, 1, stride, bias=False)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
            self.norm2, self.norm3 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
            self.norm1 = nn.BatchNorm2d(in_channels)

        def forward(self, x):
            y = self.conv1(torch.relu(self.norm1(x)))
            y = self.conv2(torch.relu(self.norm2(y)))
            y = self.conv3(torch.relu(self.norm3(y)))
            return y + (x if self.project is None else self.project(x))

    passes("10.1", PreActBottleneck)


def test_lazy_layers_pass():
    edits = [
        ("nn.BatchNorm2d(in_channels)", "nn.LazyBatchNorm2d()"),
        ("nn.Conv2d(in_channels, ", "nn.LazyConv2d("),
    ]
    passes("10.1", edited("10.1", *edits))


# 10.2 --------------------------------------------------------------------------------

KEPT = "kept &= x == total"
END = "kept.float().mean().item()"
SHARES = [
    ([("kept = torch.ones_like(x, dtype=torch.bool)", "kept = 1.0"),
      (KEPT, "kept *= (x == total).float().mean().item()"), (END, "kept")],
     "keep a mask"),
    ([("kept = torch.ones_like(x, dtype=torch.bool)", "kept = []"),
      (KEPT, "kept.append((x == total).float().mean().item())"),
      (END, "sum(kept) / len(kept)")], "mean over the blocks"),
    ([("kept = torch.ones_like(x, dtype=torch.bool)", "kept = []"),
      (KEPT, "kept.append((x == total).float().mean().item())"), (END, "min(kept)")],
     "narrowest block"),
    ([(KEPT, "kept = x == total")], "last block alone"),
    ([("for block in blocks", "for block in blocks[:1]")], "first block alone"),
    ([(END, "1 - " + END)], "does not arrive"),
    ([(END, "100 * " + END)], "in percent"),
    ([(KEPT, "kept &= x > 0")], "whether a value is above zero"),
    ([(KEPT, "kept &= total >= 0")], "whether a value is above zero"),
    ([("total = block.residual(x) + x", "total = x")], "what has gone into this"),
    ([("total = block.residual(x) + x", "pass"),
      ("x == total", "x == x + block.residual(x)")], "what has gone into this"),
    ([(KEPT, "kept &= (x != 0)")], "You look for zeros"),
    ([("total = block.residual(x) + x", "total, old = block.residual(x), x"),
      ("x == total", "x - old == total")], "rounded once more"),
    ([(END, "kept.sum().item()")], "a number of places"),
    ([(END, "kept")], "mean of the mask"),
    ([(END, "kept.mean()")], "take that of `kept.float()`"),
    ([("in blocks:", "in blocks.children():")], "has no such part"),
    ([("total = block", "block.train()\n        total = block")], "Keep a mask"),
    ([("x = block(x)", "y = block(x)"), (KEPT, "kept &= y == total")],
     "given the first x"),
    ([(KEPT, "kept |= x == total")], "may switch places off (`&=`)"),
    ([("return " + END, "pass")], "Nothing was returned"),
]  # fmt: skip

test_wrong_share_is_explained = explained("10.2", SHARES)


@pytest.mark.parametrize(
    "same",
    [torch.eq, torch.isclose, lambda a, b: torch.isclose(a, b, atol=1e-5)],
)
def test_what_one_block_does_and_another_undoes_is_noticed(same):
    @torch.no_grad()
    def untouched(blocks, x):
        total = x
        for block in blocks:
            total = total + block.residual(x)
            x = block(x)
        return same(total, x).float().mean().item()

    assert "compare after each block" in hint_of("10.2", untouched)


def test_the_last_block_by_itself_is_not_enough_either():
    @torch.no_grad()
    def untouched(blocks, x):
        total = x
        for block in blocks:
            alone = block.residual(x) + x
            total = total + block.residual(x)
            x = block(x)
        return ((total == x) & (alone == x)).float().mean().item()

    assert "compare after each block" in hint_of("10.2", untouched)


@pytest.mark.parametrize("kind", [torch.tensor, np.float32])
def test_a_share_of_any_kind_of_number_passes(kind):
    def untouched(blocks, x):
        return kind(ANSWERS["10.2"](blocks, x))

    passes("10.2", untouched)


# 10.3 --------------------------------------------------------------------------------

HEAD = "nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), *net.head)"
ENDS = [
    ([("net.head = " + HEAD, "head = " + HEAD)], "Nothing was added"),
    ([(HEAD, "nn.Sequential(nn.ReLU(), *net.head)")], "Nothing was added"),
    ([(HEAD, "nn.Sequential(nn.BatchNorm2d(channels), *net.head)")], "ReLU is missing"),
    ([(HEAD, HEAD.replace("nn.BatchNorm2d(channels), nn.ReLU()",
                          "nn.ReLU(), nn.BatchNorm2d(channels)"))], "ReLU comes first"),
    ([(HEAD, "nn.Sequential(net.head[0], nn.BatchNorm2d(channels), nn.ReLU(), "
       "*net.head[1:])")], "behind the pooling. An average"),
    ([(HEAD, "nn.Sequential(net.head[0], nn.BatchNorm2d(channels), *net.head[1:])")],
     "and the ReLU is missing"),
    ([(HEAD, "nn.Sequential(nn.BatchNorm2d(channels), net.head[0], nn.ReLU(), "
       "*net.head[1:])")], "ReLU stands behind the pooling"),
    ([(HEAD, "nn.Sequential(*net.head, nn.BatchNorm1d(net.head[-1].out_features), "
       "nn.ReLU())")], "behind the linear layer"),
    ([(HEAD, HEAD.replace("*net.head)", "*net.head[:2], nn.Linear(channels, 10))"))],
     "has lost what the old one had learned"),
    ([("net.head = " + HEAD, "net.stages[-1][-1].residual.extend([nn.BatchNorm2d("
       "channels), nn.ReLU()])")], "inside the last block"),
    ([("net.head = " + HEAD, "for stage in net.stages:\n        for block in stage:\n"
       "            n = block.residual[-1][-1].out_channels\n            "
       "block.residual.append(nn.BatchNorm2d(n))")], "Each block has one now"),
    ([(HEAD, HEAD.replace("nn.BatchNorm2d(channels)",
                          "nn.GroupNorm(1, channels)"))], "`nn.BatchNorm2d`"),
    ([(HEAD, HEAD.replace("nn.BatchNorm2d(channels)",
                          "nn.BatchNorm2d(channels).requires_grad_(False)"))],
     "Leave `requires_grad`"),
    ([("net.head = " + HEAD, "net.head = " + HEAD
       + "\n    nn.init.zeros_(net.head[0].weight)")], "never wakes up"),
]  # fmt: skip

test_wrong_end_of_a_net_is_explained = explained("10.3", ENDS)


ENDS_BESIDE = [
    (
        lambda net: net.add_module("closing", nn.BatchNorm2d(net.head[-1].in_features)),
        "Nothing new runs",
    ),
    (
        lambda net: nn.init.zeros_(net.head[-1].bias) is ANSWERS["10.3"](net),
        "leave every old weight as it is",
    ),
    (
        lambda net: net.head.append(nn.BatchNorm2d(net.head[-1].in_features)),
        "the two new layers come first",
    ),
    (
        lambda net: net.head.insert(
            0, nn.BatchNorm2d(net.head[-1].in_features, affine=False)
        ),
        "`affine=False`",
    ),
    (lambda net: ANSWERS["10.3"](net.eval()), "came in training mode"),
    (lambda net: ANSWERS["10.3"](net.requires_grad_(False)), "`requires_grad` as"),
    (
        lambda net: net(torch.randn(2, 1, 8, 8)) is ANSWERS["10.3"](net),
        "moves its running averages",
    ),
]

test_end_in_a_wrong_place_is_explained = explained("10.3", ENDS_BESIDE)


def test_an_end_that_finds_its_channels_itself_passes():
    answer = edited("10.3", ("nn.BatchNorm2d(channels)", "nn.LazyBatchNorm2d()"))
    passes("10.3", answer)


def test_the_end_may_stand_with_the_stages():
    def add_closing(net):
        channels = net.head[-1].in_features
        net.stages.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()))

    passes("10.3", add_closing)


def test_the_end_may_be_inserted_into_the_head():
    def add_closing(net):
        net.head.insert(0, nn.ReLU())
        net.head.insert(0, nn.BatchNorm2d(net.head[-1].in_features))

    passes("10.3", add_closing)


def test_the_repaired_net_is_the_librarys():
    library = nets.build("preact-14-cifar", width=4)
    net = nets.build("preact-14-cifar", width=4)
    net.head = net.head[2:]
    ANSWERS["10.3"](net)
    assert list(net.state_dict()) == list(library.state_dict())

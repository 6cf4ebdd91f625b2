"""The checks of chapter 4 name the mistake that was made."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets
from resnet_lessons.checks.chapter_04 import diagnose
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

# 04.1 ------------------------------------------------------------------------------

DIRAC = "nn.init.dirac_(conv.weight)"
LAYER = "nn.Sequential(conv, nn.ReLU())"
DEEPER = [
    ([(DIRAC, "pass")], "must give back what it gets"),
    ([(DIRAC, "nn.init.zeros_(conv.weight)")], "only where a shortcut adds x"),
    ([(DIRAC, "nn.init.ones_(conv.weight)")], "adds up all channels and neighbours"),
    (
        [(DIRAC, "nn.init.zeros_(conv.weight).data[:, :, 1, 1] = 1")],
        "adds up all channels. Only where",
    ),
    (
        [
            (DIRAC, "conv.weight.data *= 0; conv.weight.data += torch.eye(channels)"
             "[:, :, None, None]"),
            ("import copy", "import copy, torch"),
        ],
        "adds up its neighbours",
    ),
    (
        [
            (DIRAC, "conv.weight.data *= 0; conv.weight.data[:, :, 0, 0] = "
             "torch.eye(channels)"),
            ("import copy", "import copy, torch"),
        ],
        "in a corner of the kernel",
    ),
    ([(", padding=1", "")], "needs `padding=1`"),
    ([("bias=False", "bias=True")], "draws it at random"),
    ([("channels, 3, padding=1", "channels, 1")], "another kernel"),
    ([(LAYER, "nn.Sequential(conv, nn.ReLU()).requires_grad_(False)")], "grad` of its"),
    ([(LAYER, "nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())")],
     "Equal in evaluation mode, not in training mode"),
    ([(LAYER, "nn.Sequential(conv)")], "a convolution and a ReLU"),
    ([("range(extra)", "range(0)")], "None was added"),
    ([("range(extra)", "range(1)")], "5 more are asked for"),
    ([("copy.deepcopy(net)", "net")], "Work on a copy"),
    ([("copy.deepcopy(net)", "copy.copy(net)")], "Work on a copy"),
    ([("copy.deepcopy(net)", "copy.deepcopy(net.train())")], "Work on a copy"),
    ([("deeper.stages.append", "deeper.stages.insert(0, 0) if 0 else id")],
     "None was added"),
    ([("conv, nn.ReLU()", "conv"), ("    return", "    deeper.stages.append(nn.ReLU())"
       "\n    return")], "Every one has its own ReLU"),
    ([("stages.append", "stages.insert(len(deeper.stages), nn.Identity()); id")],
     "None was added"),
    ([("net.head[-1].in_features", "256")], "channels of that stage, here 8"),
    ([("net.head[-1].in_features", "3"), ("stages.append(", "stages.insert(0, ")],
     "in front of the stages"),
    ([("padding=1", "stride=2, padding=1")], "leave the stride"),
    ([("return deeper", "return deeper.stages")], "grids, not logits"),
    ([("net.head[-1].in_features", "net.stages[0][0].out_channels"),
      ("stages.append(", "stages.insert(1, ")], "or between them"),
    ([("nn.ReLU()", "nn.ReLU6()")], "Take `nn.ReLU`"),
    ([(LAYER, "nn.Sequential(conv, nn.ReLU(), nn.Conv2d(channels, channels, 1))")],
     "and nothing else"),
    ([("    deeper = copy", "    net.eval()\n    deeper = copy")], "Work on a copy"),
    ([(LAYER, "nn.Sequential(conv, nn.ReLU(), nn.Dropout())")],
     "most likely a BatchNorm"),
]  # fmt: skip


test_deeper_net_mistake_is_named = explained("04.1", DEEPER)


def test_one_layer_used_again_and_again_is_named():
    def deepen(net, extra):
        deeper = copy.deepcopy(net)
        channels = net.head[-1].in_features
        conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.dirac_(conv.weight)
        for _ in range(extra):
            deeper.stages.append(nn.Sequential(conv, nn.ReLU()))
        return deeper

    assert "used several times" in hint_of("04.1", deepen)


def test_one_kernel_in_several_layers_is_named():
    def deepen(net, extra):
        deeper = copy.deepcopy(net)
        channels = net.head[-1].in_features
        for _ in range(extra):
            conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            nn.init.dirac_(conv.weight)
            if len(deeper.stages) > len(net.stages):
                conv.weight = deeper.stages[-1][0].weight
            deeper.stages.append(nn.Sequential(conv, nn.ReLU()))
        return deeper

    assert "used several times" in hint_of("04.1", deepen)


def test_a_deeper_net_that_shares_the_weights_of_the_given_one_is_named():
    def deepen(net, extra):
        channels = net.head[-1].in_features
        layers = []
        for _ in range(extra):
            conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            nn.init.dirac_(conv.weight)
            layers.append(nn.Sequential(conv, nn.ReLU()))
        return nn.Sequential(net.stages, *layers, net.head)

    assert "Work on a copy" in hint_of("04.1", deepen)


class Layer(nn.Module):
    """A convolution and a ReLU without a layer for it."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.dirac_(self.conv.weight)

    def forward(self, x):
        return F.relu(self.conv(x))


class Shortcut(Layer):
    """The identity by a kernel of zeros, as in a residual block."""

    def forward(self, x):
        return F.relu(x + 0 * self.conv(x))


class Cut(Layer):
    """A layer that no gradient comes back through."""

    def forward(self, x):
        return super().forward(x).detach()


@pytest.mark.parametrize(
    ("layer", "told"),
    [(Shortcut, "nothing leads around it"), (Cut, "through the new layers")],
)
def test_a_new_layer_that_does_something_else_is_named(layer, told):
    def deepen(net, extra):
        deeper = copy.deepcopy(net)
        deeper.stages.extend(layer(net.head[-1].in_features) for _ in range(extra))
        return deeper

    assert told in hint_of("04.1", deepen)


def test_a_layer_of_ones_own_passes():
    def deepen(net, extra):
        deeper = copy.deepcopy(net)
        deeper.stages.extend(Layer(net.head[-1].in_features) for _ in range(extra))
        return deeper

    passes("04.1", deepen)


def test_layers_with_a_zero_bias_and_flat_layers_pass():
    def deepen(net, extra):
        layers = [*copy.deepcopy(net.stages)]
        for _ in range(extra):
            conv = nn.Conv2d(
                layers[-1][0].out_channels, net.head[-1].in_features, 3, 1, 1
            )
            nn.init.dirac_(conv.weight), nn.init.zeros_(conv.bias)
            layers.append(nn.Sequential(conv, nn.ReLU()))
        return nn.Sequential(*layers, copy.deepcopy(net.head))

    passes("04.1", deepen)


def test_batchnorm_cannot_be_repaired_by_its_scale():
    """With γ = sqrt(1 + ε) it is exact in evaluation mode, and in that mode only."""
    layer = "nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())"
    gamma = "; nn.init.constant_(deeper.stages[-1][1].weight, 1.00001**0.5)"
    answer = edited("04.1", (f"{LAYER})", f"{layer}){gamma}"))
    assert "the batch at hand" in hint_of("04.1", answer)


# 04.2 ------------------------------------------------------------------------------

BETTER = 'deep["test"][-1] <= shallow["test"][-1] + noise'
TRAINED = 'deep["train"][-1] <= shallow["train"][-1] + noise'
FALLS = 'deep["train"][-1] < deep["train"][-2] - noise'
CAUSES = [
    ([(TRAINED, "True")], "The test error alone"),
    ([(TRAINED, 'deep["test"][-1] > deep["train"][-1] + noise')], "own two errors"),
    ([('"too little training"', '"degradation"')], "it may yet catch up"),
    ([("+ noise", "")], "within the noise"),
    ([(BETTER, "False")], "Ask about the test error first"),
    ([("shallow, deep, noise", "deep, shallow, noise")], "changed places"),
    ([(FALLS, 'deep["train"][-1] < deep["train"][-2]')], "no more than the noise"),
    ([(FALLS, 'abs(deep["train"][-1] - deep["train"][-2]) > noise')], "rose"),
    ([(FALLS, FALLS.replace("train", "test"))], "only the test error still falls"),
    ([(FALLS, FALLS.replace("<", "<="))], "by no more than the noise"),
    ([(BETTER, BETTER.replace("<=", "<"))], "`<=`, not `<`"),
    ([(TRAINED, TRAINED.replace("<=", "<"))], "`<=`, not `<`"),
    (
        [(TRAINED, 'min(deep["train"]) <= min(shallow["train"]) + noise')],
        "best epoch",
    ),
    (
        [(FALLS, 'deep["train"][1] < deep["train"][0] - noise'), ("[-1]", "[0]")],
        "did not fall in the last epoch",
    ),
    ([(FALLS, 'deep["train"][-1] < deep["train"][0] - noise')], "did not fall in the"),
    ([(FALLS, FALLS.replace("deep", "shallow"))], "entries of the deeper net"),
    (
        [(FALLS, 'deep["train"][-1] < min(deep["train"][:-1]) - noise')],
        "it may yet catch up",
    ),
    (
        [
            (BETTER, 'min(deep["test"]) <= min(shallow["test"]) + noise'),
            (TRAINED, 'min(deep["train"]) <= min(shallow["train"]) + noise'),
        ],
        "best epoch",
    ),
    (
        [
            (BETTER, 'abs(deep["test"][-1] - shallow["test"][-1]) <= noise'),
            (TRAINED, 'abs(deep["train"][-1] - shallow["train"][-1]) <= noise'),
        ],
        "leave out `abs`",
    ),
    ([(TRAINED, TRAINED.replace("+", "-"))], "within the noise"),
    ([("+ noise", "+ 2 * noise")], "more than the noise"),
    ([(TRAINED, f"{TRAINED} * 2")], "more than the noise"),
    ([("[-1]", "[0]")], "on the first epoch"),
    (
        [
            ('deep["test"][-1]', 'mean(deep["test"])'),
            ('shallow["test"][-1]', 'mean(shallow["test"])'),
        ],
        "on the mean of all",
    ),
    ([('"degradation"', '"Degradation"')], "letter for letter"),
    ([(BETTER, "deep.test[-1] <= noise")], "dictionaries of two lists"),
]

test_wrong_diagnosis_is_explained = explained("04.2", CAUSES)


def test_question_asked_too_early_is_explained():
    def answer(shallow, deep, noise):
        cause = diagnose(shallow, deep, noise)
        falls = deep["train"][-1] < deep["train"][-2] - noise
        return "too little training" if falls and cause != "no harm" else cause

    assert "Asked too early" in hint_of("04.2", answer)


def test_falling_asked_about_before_all_else_is_explained():
    def answer(shallow, deep, noise):
        falls = deep["train"][-1] < deep["train"][-2] - noise
        return "too little training" if falls else diagnose(shallow, deep, noise)

    assert "it is the first question" in hint_of("04.2", answer)


def test_stories_do_not_reach_the_learners_lists():
    def answer(shallow, deep, noise):
        cause = diagnose(shallow, deep, noise)
        for errors in (shallow, deep):
            errors["test"].clear(), errors["train"].clear()
        return cause

    passes("04.2", answer)
    passes("04.2", answer)


# 04.3 ------------------------------------------------------------------------------

SUM = "F.relu(self.residual(x) + x)"
TWINS = [
    ([(SUM, "F.relu(self.residual(x))")], "no x was added"),
    ([(SUM, "F.relu(self.residual(x)) + x")], "before the sum"),
    ([("block[:-1]", "block")], "F still ends in its ReLU"),
    ([(SUM, "self.residual(x) + x")], "ReLU after the sum is missing"),
    ([("copy.deepcopy(block)", "block")], "Copy each block"),
    ([("copy.deepcopy(block)", "copy.deepcopy(block.train())")], "Copy each block"),
    ([(SUM, "F.relu(x.add_(self.residual(x)))")], "writes into x"),
    ([(SUM, "F.relu(self.residual(x) + x.detach())")], "through the shortcut"),
    ([(SUM, "F.relu(self.residual(x) + x.data)")], "through the shortcut"),
    ([(SUM, "F.relu(self.residual(x).detach() + x)")], "No gradient comes back throu"),
    ([(SUM, "F.relu(self.residual(x.detach()) + x)")], "No gradient comes back throu"),
    ([(SUM, "F.relu(self.residual(x) + x).detach()")], "through F and through the"),
    ([("block[:-1]", "block; del block[-1]"), ("copy.deepcopy(block)", "block")],
     "Copy each block"),
    ([("copy.deepcopy(block)", "copy.deepcopy(block).apply(lambda m: isinstance(m, "
       "nn.BatchNorm2d) and m.reset_running_stats())")],
     "running averages of BatchNorm are new"),
    ([("self.residual = block[:-1]",
       "self.residual = block[:-1]; self.extra = nn.Conv2d(6, 6, 1)")],
     "The sum learns nothing"),
    ([("self.residual = block[:-1]", "self.residual = lambda x: block[:-1](x)")],
     "not part of the twin"),
    ([("in plain]", "in plain[:1]]")], "For each block"),
    ([("return F.relu(self.residual(x) + x)",
       "return F.relu(F.dropout(self.residual(x), 0.5, self.training) + x)")],
     "works only in training"),
    ([("            self.residual = block[:-1]", "            block.train = lambda "
       "mode=True: block\n            self.residual = block[:-1]\n"
       "            self.residual.train = lambda mode=True: self.residual")],
     "works only in training"),
    ([("block[:-1]", "block[1:-1]")], "For each block"),
    ([("block[:-1]", "block[:-1].requires_grad_(False)")], "`requires_grad` of its"),
    ([("self, x", "x")], "takes `self` first"),
    ([("    class Residual", "    plain.eval()\n\n    class Residual")],
     "Copy each block"),
]  # fmt: skip

test_twin_mistake_is_named = explained("04.3", TWINS)


def test_one_shortcut_around_the_whole_net_is_named():
    class Around(nn.Module):
        def __init__(self, plain):
            super().__init__()
            self.plain = plain

        def forward(self, x):
            return F.relu(self.plain(x) + x)

    class AroundF(Around):
        def forward(self, x):
            y = self.plain[-1][:-1](self.plain[:-1](x))
            return F.relu(y + x)

    for wrong in (Around, AroundF):

        def residual_twin(plain, wrong=wrong):
            return wrong(copy.deepcopy(plain))

        hint = hint_of("04.3", residual_twin)
        assert "Each block has its own" in hint


def test_averages_shared_with_the_plain_net_are_named():
    def residual_twin(plain):
        twin = ANSWERS["04.3"](plain)
        nets = twin.modules(), plain.modules()
        norms = [[m for m in net if isinstance(m, nn.BatchNorm2d)] for net in nets]
        for ours, theirs in zip(*norms, strict=True):
            ours.running_mean = theirs.running_mean
        return twin

    assert "Copy each block" in hint_of("04.3", residual_twin)


def test_fresh_weights_are_not_a_twin():
    def residual_twin(plain):
        twin = ANSWERS["04.3"](plain)
        return nets.torch_init(twin).eval()

    assert "Take those of `plain` along" in hint_of("04.3", residual_twin)


def test_twin_may_keep_layers_apart():
    class Block(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = nn.ModuleList(layers[:-1])

        def forward(self, x):
            y = x
            for layer in self.layers:
                y = layer(y)
            return torch.relu(y + x)

    def residual_twin(plain):
        return nn.Sequential(*[Block(copy.deepcopy(block)) for block in plain])

    passes("04.3", residual_twin)

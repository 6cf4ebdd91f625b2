"""Chapter 1, LeNet: how the answers are judged."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from .. import probes
from .expect import made
from .kept import in_training
from .mistakes_01 import LOSSES, MACS, PARAMETERS, STEPS, gradients

# 01.2 ------------------------------------------------------------------------------

NAMES = ["in_channels", "out_channels", "kernel", "size", "stride", "padding"]
NAMES += ["groups", "bias"]


def check_conv_cost(answer, expect):
    for what, case in [
        ("C3 of LeNet-5", (6, 16, 5, 14, 1, 0, 1, True)),
        ("three channels, no bias", (3, 8, 3, 10, 1, 0, 1, False)),
        ("a stride and padding", (4, 8, 3, 9, 2, 1, 1, True)),
        ("two groups, as in AlexNet", (96, 256, 5, 27, 1, 2, 2, True)),
        ("a group for each channel", (32, 32, 3, 14, 1, 1, 32, False)),
        ("more channels out than in, two groups", (4, 12, 3, 7, 3, 0, 2, True)),
    ]:
        named = zip(NAMES, case, strict=True)
        words = ", ".join(f"{name}={value}" for name, value in named)
        expect.trying(f"conv_cost({words}), {what}")
        got = parameters, macs = expect.pair(answer(*case), "parameters, macs")
        i, o, kernel, size, stride, padding, groups, bias = case
        layer = nn.Conv2d(i, o, kernel, stride, padding, groups=groups, bias=bias)
        expect.written("the parameters", parameters, got, "a number")
        expect.equal(
            "the parameters",
            parameters,
            probes.parameters(layer),
            hint="The weights of `out_channels` kernels; with a bias, one more each.",
            mistakes=made(PARAMETERS, *case),
        )
        expect.written("the MACs", macs, got, "a number")
        expect.equal(
            "the MACs",
            macs,
            probes.macs(layer, (i, size, size)),
            hint="Places of the output, its side squared, × all weights, without the "
            "biases.",
            mistakes=made(MACS, *case),
        )
    expect.trying("conv_cost(6, 16, 5, 14)")
    expect.equal(
        "without stride, padding, groups and bias",
        tuple(answer(6, 16, 5, 14)),
        (2416, 240_000),
        hint="Keep the first line as it was: stride 1, no padding, one group, a bias.",
    )


# 01.3 ------------------------------------------------------------------------------

RATE = 0.1
JUDGING = (
    "`net.eval()` is for judging: no Dropout, and BatchNorm keeps its old statistics. "
    "Leave it out of a training step."
)
EVENTS = {
    (): "Nothing was asked of the loss: `loss.backward()` gives each weight its "
    "gradient, `optimizer.step()` moves it.",
    ("backward",): "The gradients are there and nothing moved: `optimizer.step()` is "
    "missing.",
    ("empty step",): "`loss.backward()` is missing: without it there is no gradient.",
    (
        "empty step",
        "backward",
    ): "The step came before `backward`: it found no gradient.",
    ("backward", "empty step"): "The gradients were wiped out before the step: "
    "`zero_grad` belongs before `backward`.",
}


LINE = (
    "Look at the line that failed. `F.cross_entropy` takes the net's output first, "
    "then the labels. No gradient is there yet: `optimizer.zero_grad()` copes with it."
)


def check_training_step(answer, expect):
    net, (x, y), (other_x, other_y) = setting()
    optimizer = Descent(net.parameters())
    expect.trying(
        "the first step of a net",
        LINE,
        errors=[
            (
                "has no attribute 'backward'|does not require grad",
                "The gradient needs the tensor that the net's output leads to: nothing "
                "detached, no `no_grad`, and `.item()` only after `backward()`.",
            ),
            ("", LINE),
        ],
    )
    twin, events = deepcopy(net), optimizer.events
    modes = []
    hooks = [
        net[-1].bias.register_hook(lambda gradient: events.append("backward")),
        net.register_forward_pre_hook(note_mode(modes)),
    ]
    loss = answer(net, optimizer, x.clone(), y.clone())
    for hook in hooks:
        hook.remove()
    _happened(events, twin, net, expect)
    stays_in_training(net, modes, expect)
    _moved(net, twin, x, y, expect)
    _returned(loss, twin, net, x, y, expect)

    expect.trying("a step of a net that still holds the gradients of another batch")
    F.cross_entropy(net(other_x), other_y).backward()
    twin = deepcopy(net)
    for ours, theirs in zip(twin.parameters(), net.parameters(), strict=True):
        ours.grad = theirs.grad.clone()  # a copy of a net holds no gradients
    answer(net, optimizer, x.clone(), y.clone())
    _moved(net, twin, x, y, expect)
    keeps_the_optimizer(answer, expect)


def note_mode(modes: list):
    """A hook that notes, for each pass that may learn, whether the net trains."""
    return lambda net, _: modes.append(net.training or not torch.is_grad_enabled())


def stays_in_training(net, modes, expect):
    """The net is in training mode, and was so in each pass of `modes`."""
    in_training(net, expect, JUDGING)
    expect.true(
        "the pictures go through it in training mode",
        all(modes),
        got="evaluation mode",
        expected="training mode, as it came",
        hint=JUDGING,
    )


def setting():
    """A small net, a batch, and another one."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(9, 6), nn.Tanh(), nn.Linear(6, 3))
    batches = [(torch.randn(8, 1, 3, 3), torch.arange(8) % 3) for _ in range(2)]
    return net, *batches


class Descent:
    """Gradient descent with momentum that notes its steps, as `torch.optim.SGD` takes
    them. The first real optimizer of a process loads PyTorch's compiler, which may
    take longer than an answer has time."""

    def __init__(self, parameters, momentum: float = 0.0):
        self.parameters, self.momentum = list(parameters), momentum
        self.param_groups = [{"params": self.parameters, "lr": RATE}]
        self.speeds = [torch.zeros_like(p) for p in self.parameters]
        self.events = []

    def zero_grad(self, set_to_none: bool = True):
        for parameter in self.parameters:
            parameter.grad = None if set_to_none else torch.zeros_like(parameter)

    def step(self, closure=None):
        if closure is None:
            return self._move()
        loss = closure()
        self._move()
        return loss

    @torch.no_grad()
    def _move(self):
        moving = [p.grad is not None and bool(p.grad.any()) for p in self.parameters]
        self.events.append("step" if any(moving) else "empty step")
        for parameter, speed in zip(self.parameters, self.speeds, strict=True):
            if parameter.grad is not None:
                speed.mul_(self.momentum).add_(parameter.grad)
                parameter.sub_(self.param_groups[0]["lr"] * speed)


def _happened(events, twin, net, expect):
    hint = EVENTS.get(tuple(events), "One `backward`, then one `step`.")
    if not any("step" in e for e in events) and not torch.equal(
        weights_of(twin), weights_of(net)
    ):
        hint = "The weights moved, but not by the optimiser that you were given."
    expect.true(
        "backward, then a step of the optimiser",
        events == ["backward", "step"],
        got=", ".join(events) or "neither",
        expected="backward, step",
        hint=hint,
    )


def weights_of(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach()


def _moved(net, twin, x, y, expect):
    """The weights are those of `twin`, one right step later."""
    before = weights_of(twin)
    expect.close(
        "the weights after it",
        weights_of(net),
        before - RATE * gradients(F.cross_entropy(twin(x), y), twin),
        hint="One step along the gradient of the mean cross-entropy of this batch, "
        "pictures and labels as they come.",
        mistakes=[(before - RATE * way, hint) for way, hint in made(STEPS, twin, x, y)],
        atol=1e-6,
    )


def plain_number(loss, expect, hint: str):
    """The loss, which a tensor of one number may hold if no graph hangs on it."""
    if not isinstance(loss, torch.Tensor):
        return loss
    expect.true(
        "a plain number is returned",
        not loss.requires_grad and loss.numel() == 1,
        got="a tensor" + " with a gradient" * loss.requires_grad,
        expected="a number",
        hint=hint,
    )
    return loss.item()


def _returned(loss, twin, net, x, y, expect):
    hint = "`loss.item()`: a tensor drags along the graph of all that led to it."
    loss = plain_number(loss, expect, hint)
    with torch.no_grad():
        after, mistakes = F.cross_entropy(net(x), y), made(LOSSES, twin, x, y)
    expect.number(
        "the loss",
        loss,
        F.cross_entropy(twin(x), y).item(),
        hint="The mean cross-entropy of this batch, before the step, as one number: "
        "`loss.item()`.",
        mistakes=[(after, "That is the loss after the step."), *mistakes],
    )


def keeps_the_optimizer(answer, expect):
    """Momentum lives in the optimiser: three steps tell whether it is the one given."""
    net, batch, _ = setting()
    twin = deepcopy(net)
    ours, theirs = (Descent(n.parameters(), momentum=0.9) for n in (twin, net))
    for _ in range(3):
        ours.zero_grad()
        F.cross_entropy(twin(batch[0]), batch[1]).backward()
        ours.step()
        answer(net, theirs, *batch)
    expect.trying("three steps with momentum")
    expect.close(
        "the weights after them",
        weights_of(net),
        weights_of(twin),
        hint="Momentum is kept in the optimiser: use the one you are given, and each "
        "time take one step.",
        atol=1e-6,
    )

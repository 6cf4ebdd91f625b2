"""The checks of chapter 1 name the mistake that was made."""

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import checks, probes
from resnet_lessons.checks import limits, runner
from resnet_lessons.checks.judges_01 import RATE, Descent
from resnet_lessons.errors import UsageError
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

LOADS = """
import sys
from resnet_lessons.checks import check
from resnet_lessons.checks.exercise import find

for id in "01.1", "02.1", "06.3":
    exercise = find(id)
    before = "sympy" in sys.modules
    assert check(id, exercise.answer).passed
    print(id, before, "sympy" in sys.modules)
"""


def test_the_learners_seconds_are_not_spent_on_loading_parts_of_torch():
    """Its symbolic shapes, and sympy with them, take seconds; cut short they stay
    broken."""
    command = [sys.executable, "-c", LOADS]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    want = ["01.1 False False", "02.1 False False", "06.3 True True"]
    assert run.stdout.splitlines() == want


def test_a_slow_machine_is_not_taken_for_a_loop():
    with mock.patch.object(runner, "limited", side_effect=limits.OutOfTime):
        (message,) = checks.check("01.1", ANSWERS["01.1"]).messages
    assert message.got == "still running after 8 seconds"
    assert "loop" not in message.hint and "once more" in message.hint


@pytest.mark.parametrize("id", ["1.1", 1.1])
def test_an_exercise_without_its_zero_is_guessed_first(id):
    with pytest.raises(UsageError, match=r"Did you mean 01\.1"):
        checks.check(id, print)


FIRST = "(places - 1) * stride + kernel - 2 * padding"
RANGE, SOME = "range(smallest, smallest + stride)", " if size >= 1"
SIZES = [
    ([("(places - 1)", "places")], "One step too many"),
    ([("(places - 1)", "places"), (RANGE, "[smallest]")], "One step too many"),
    ([(" - 2 * padding", "")], "The padding is missing"),
    ([(" - 2 * padding", " - padding")], "counts twice"),
    ([(" - 2 * padding", " + 2 * padding")], "take it off"),
    ([(" * stride", "")], "That is for stride 1"),
    ([(" * stride", ""), (RANGE, "[smallest]")], "That is for stride 1"),
    ([("(places - 1) * stride", "places * stride - 1")], "of the `places - 1` others"),
    ([(" + kernel", "")], "The kernel is missing"),
    ([(" + kernel", ""), ("(places - 1)", "places")], "The kernel is missing"),
    ([(FIRST, "(places + 2 * padding - kernel) // stride + 1"), (RANGE, "[smallest]")],
     "the way forth"),
    ([(RANGE, "[smallest]")], "as many places"),
    ([(RANGE, "[smallest + stride - 1]")], "as many places"),
    ([(RANGE, "sorted({smallest, smallest + stride - 1})")], "All sizes between"),
    ([(RANGE, RANGE[:-1] + " + 1)")], "room for another step"),
    ([(RANGE, RANGE[:-1] + " - 1)")], "does not belong to it"),
    ([(RANGE, "range(smallest - stride + 1, smallest + 1)")],
     "where they should begin"),
    ([(RANGE, RANGE + "[::-1]")], "Begin with the smallest"),
    ([(SOME, " if size >= kernel")], "smaller than the kernel"),
    ([(SOME, " if size > 1")], "A single pixel"),
    ([(SOME, " if size >= 0")], "at least one pixel"),
    ([(SOME, "")], "at least one pixel"),
    ([(FIRST, f"max(1, {FIRST})")], "none comes in"),
    ([("return [", "return {"), (SOME + "]", SOME + "}")], "Return a list"),
    ([("return [", "return ("), (SOME + "]", SOME + ")")], "Return a list"),
    ([("return [", "return torch.tensor("), (SOME + "]", SOME + ")")], "print"),
    ([("    return", "    return torch.tensor(smallest)\n    return")],
     "Return a list"),
    ([("    return", "    return smallest\n    return")], "Return a list"),
    ([("    return", "    return sizes[0], sizes[-1]\n    return")], "each of these"),
    ([(RANGE, "range(1, 200)"),
      (SOME, " if (size + 2 * padding - kernel) // stride + 1 == places")],
     "each of these sizes"),
]  # fmt: skip

test_wrong_sizes_are_explained = explained("01.1", SIZES)


def by_search(places, kernel, stride, padding):
    def output_side(size):
        return (size + 2 * padding - kernel) // stride + 1

    most = places * stride + kernel
    return [size for size in range(1, most) if output_side(size) == places]


def by_steps(places, kernel, stride, padding):
    size, sizes = 1, []
    while True:
        room = size + 2 * padding - kernel
        if room >= places * stride:
            return tuple(sizes)
        if room >= (places - 1) * stride:
            sizes.append(float(size))
        size += 1


def by_a_range(places, kernel, stride, padding):
    last = places * stride + kernel - 2 * padding - 1
    return range(max(1, last - stride + 1), max(last, 0) + 1)


def in_numpy(places, kernel, stride, padding):
    sizes = (places - 1) * stride + kernel - 2 * padding + np.arange(stride)
    return sizes[sizes > 0]


def in_torch(places, kernel, stride, padding):
    sizes = torch.arange(1, 1000)
    return sizes[(sizes + 2 * padding - kernel) // stride == places - 1]


@pytest.mark.parametrize(
    "answer", [by_search, by_steps, by_a_range, in_numpy, in_torch]
)
def test_other_ways_to_the_sizes_pass(answer):
    passes("01.1", answer)
    passes("01.1", lambda *case: list(answer(*case)))


WEIGHTS = "out_channels * (in_channels // groups) * kernel**2"
RETURN = "return weights + bias * out_channels, places * weights"
PLACES = "places * weights"
BIAS = "bias * out_channels"
COSTS = [
    ([(RETURN, "return places * weights, weights + bias * out_channels")],
     "Parameters come first"),
    ([(f" + {BIAS}", "")], "The biases are missing"),
    ([(BIAS, "out_channels")], "has no bias"),
    ([(BIAS, "bias * in_channels")], "output channel"),
    ([(BIAS, "bias")], "one bias for the layer"),
    ([(BIAS, "bias * out_channels // groups")], "do not share biases"),
    ([(" * (in_channels // groups)", "")], "every input channel of its part"),
    ([("out_channels * (in_channels // groups)", "in_channels"),
      (BIAS, "bias * in_channels")], "of its own for each output"),
    ([("kernel**2", "kernel")], "A kernel is a square"),
    ([("(in_channels // groups)", "in_channels")], "The groups are missing"),
    ([("out_channels * (in", "out_channels // groups * (in")], "That is one part"),
    ([(PLACES, "weights")], "works at every place"),
    ([(PLACES, "places * (weights + bias * out_channels)")], "it is no MAC"),
    ([(PLACES, "size**2 * weights")], "Only those of the output"),
    ([(") ** 2\n", ")\n")], "side squared"),
    ([(PLACES, "2 * places * weights")], "One MAC is one of each"),
    ([(PLACES, "places * weights * groups")], "groups save MACs"),
    ([(") // stride", ")")], "The stride is missing"),
    ([("2 * padding", "0")], "The padding is missing"),
    ([("2 * padding", "padding")], "or was added on one side only"),
    ([(") // stride + 1", ") // stride")], "its side squared"),
    ([(RETURN, "return places * weights")], "return parameters, macs"),
    ([(RETURN, "return weights, places, 1")], "return parameters, macs"),
    ([("stride=1, padding=0", "stride=2, padding=1")], "Keep the first line"),
    ([("groups=1, bias=True", "groups=1, bias=False")], "Keep the first line"),
]  # fmt: skip

test_wrong_cost_of_a_convolution_is_explained = explained("01.2", COSTS)


HALVES = [
    ([(RETURN, f"return {BIAS} + weights, ...")], "the MACs", "still waits"),
    ([(RETURN, f"return ..., {PLACES}")], "the parameters", "still waits"),
    ([(RETURN, "return weights, ...")], "the parameters", "The biases are missing"),
]


@pytest.mark.parametrize(("edits", "what", "words"), HALVES)
def test_half_a_starter_is_judged(edits, what, words):
    answer = edited("01.2", *edits)
    assert words in hint_of("01.2", answer)
    assert checks.check("01.2", answer).messages[-1].tried.endswith(f": {what}")


def test_a_starter_with_two_gaps_is_not_attempted():
    answer = edited("01.2", (RETURN, "return ..., ..."))
    assert not checks.check("01.2", answer).attempted


def test_shorter_names_of_arguments_pass():
    def conv_cost(i, o, k, n, s=1, p=0, g=1, b=True):
        return ANSWERS["01.2"](i, o, k, n, s, p, g, b)

    passes("01.2", conv_cost)


def test_the_cost_is_that_of_a_depthwise_layer():
    layer = nn.Conv2d(24, 24, 5, 2, 1, groups=24)
    want = probes.parameters(layer), probes.macs(layer, (24, 15, 15))
    assert ANSWERS["01.2"](24, 24, 5, 15, 2, 1, groups=24) == want


ZERO = "    optimizer.zero_grad()\n"
BACKWARD = "    loss.backward()\n"
STEP = "    optimizer.step()\n"
LOSS = "F.cross_entropy(net(pictures), labels)"
WRONG_STEPS = [
    ([(ZERO, "")], "The old gradients were still there"),
    ([(BACKWARD, "")], "`loss.backward()` is missing"),
    ([(STEP, "")], "`optimizer.step()` is missing"),
    ([(BACKWARD, ""), (STEP, "")], "Nothing was asked of the loss"),
    ([(ZERO, ""), (BACKWARD, BACKWARD + ZERO)], "wiped out before the step"),
    ([(BACKWARD, BACKWARD + "    net.zero_grad()\n")], "wiped out before the step"),
    ([(BACKWARD, BACKWARD + ZERO.replace("()", "(set_to_none=False)"))], "wiped out"),
    ([(BACKWARD, ""), (STEP, STEP + BACKWARD)], "The step came before `backward`"),
    ([(STEP, STEP + STEP)], "One `backward`, then one `step`"),
    ([(LOSS, "F.cross_entropy(net(pictures), labels, reduction='sum')")], "summed"),
    ([(LOSS, "F.cross_entropy(net(pictures).softmax(1), labels)")], "A softmax"),
    ([(LOSS, "-" + LOSS)], "It went uphill"),
    ([(LOSS, "F.cross_entropy(net(pictures.detach()).detach(), labels)")], "detached"),
    ([("loss.item()", "loss")], "`loss.item()`"),
    ([("loss.item()", LOSS + ".item()")], "loss after the step"),
    ([("loss.item()", "len(labels) * loss.item()")], "sum over the batch"),
    ([("loss.item()", "F.cross_entropy(net(pictures).softmax(1), labels).item()"),
      (STEP, ""), (BACKWARD, BACKWARD + STEP)], "before the step"),
    ([(STEP, "    for p in net.parameters():\n        p.data -= 0.1 * p.grad\n")],
     "not by the optimiser"),
    ([(ZERO, ZERO + "    net.eval()\n")], "is for judging"),
    ([(ZERO, ZERO + "    net.eval()\n"), (STEP, STEP + "    net.train()\n")],
     "is for judging"),
    ([(ZERO, ZERO + "    pictures /= 255\n")], "as they come"),
    ([(LOSS, "F.cross_entropy(labels, net(pictures))")], "the net's output first"),
    ([("loss.item()", "loss.item")], "as one number: `loss.item()`"),
]  # fmt: skip

test_a_wrong_step_is_explained = explained("01.3", WRONG_STEPS)


def test_the_accuracy_is_no_loss():
    def training_step(net, optimizer, pictures, labels):
        right = (net(pictures).argmax(1) == labels).float().mean().item()
        ANSWERS["01.3"](net, optimizer, pictures, labels)
        return right

    assert "That is the accuracy" in hint_of("01.3", training_step)


def test_a_step_that_is_skipped_now_and_then_is_noticed():
    calls = []

    def training_step(net, optimizer, pictures, labels):
        calls.append(1)
        if len(calls) == 4:
            return 0.0
        return ANSWERS["01.3"](net, optimizer, pictures, labels)

    assert "Momentum is kept in the optimiser" in hint_of("01.3", training_step)


RIGHT = [
    [(ZERO, "    net.zero_grad()\n")],
    [(STEP, STEP + ZERO)],
    [(ZERO, ""), (BACKWARD, ZERO + BACKWARD)],
    [("loss.item()", "loss.detach()")],
    [("loss.item()", "float(loss)")],
    [("loss.item()", "loss.detach().numpy()")],
    [(ZERO, "    for group in optimizer.param_groups:\n"
            "        for p in group['params']:\n            p.grad = None\n")],
]  # fmt: skip


def test_a_step_with_a_closure_passes():
    def training_step(net, optimizer, pictures, labels):
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(net(pictures), labels)
            loss.backward()
            return loss

        return optimizer.step(closure).item()

    passes("01.3", training_step)


def test_a_step_may_look_at_the_loss_in_evaluation_mode():
    def training_step(net, optimizer, pictures, labels):
        with torch.no_grad():
            loss = F.cross_entropy(net.eval()(pictures), labels)
        ANSWERS["01.3"](net.train(), optimizer, pictures, labels)
        return loss

    passes("01.3", training_step)


@pytest.mark.parametrize("edits", RIGHT)
def test_another_right_step_passes(edits):
    passes("01.3", edited("01.3", *edits))


def test_the_optimizer_of_the_check_takes_the_steps_of_pytorchs():
    nets = [nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)) for _ in "ab"]
    nets[1].load_state_dict(nets[0].state_dict())
    optimizers = [
        Descent(nets[0].parameters(), momentum=0.9),
        torch.optim.SGD(nets[1].parameters(), RATE, momentum=0.9),
    ]
    for step in range(4):
        x, y = torch.randn(6, 4), torch.arange(6) % 2
        for net, optimizer in zip(nets, optimizers, strict=True):
            optimizer.zero_grad(set_to_none=step != 2)
            if step != 1:  # once nothing has a gradient
                F.cross_entropy(net(x), y).backward()
            optimizer.step()
        for ours, theirs in zip(*(net.parameters() for net in nets), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_a_learning_rate_that_is_changed_is_noticed():
    slower = "    optimizer.param_groups[0]['lr'] = 0.01\n"
    answer = edited("01.3", (STEP, slower + STEP))
    assert "One step along the gradient" in hint_of("01.3", answer)


def test_the_solution_lowers_the_loss():
    torch.manual_seed(0)
    net = nn.Linear(4, 2)
    x, y = torch.randn(16, 4), torch.arange(16) % 2
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    losses = [ANSWERS["01.3"](net, optimizer, x, y) for _ in range(20)]
    assert losses[-1] < losses[0] and isinstance(losses[0], float)


CUT = "parts = zip(pictures.split(at_once), labels.split(at_once), strict=True)"
PART = 'F.cross_entropy(net(some), their_labels, reduction="sum") / len(labels)'
MEAN = "F.cross_entropy(net(some), their_labels)"
IN_LOOP, AT_END = "        loss.backward()", "    optimizer.step()\n"
WRONG_PARTS = [
    ([(CUT, "parts = [(pictures, labels)]")], "Cut the batch first"),
    ([(PART, PART.replace("net(some)", "(net(pictures), net(some))[1]"))],
     "Cut the batch first"),
    ([(CUT, CUT.replace("zip", "[*zip").replace("True)", "True)][:-1]"))], "it counts"),
    ([(CUT, CUT + "\n    net(pictures[:1])")], "goes through the net once"),
    ([(ZERO, ""), ("        loss =", "        optimizer.zero_grad()\n        loss =")],
     "the others were wiped out"),
    ([(ZERO, "")], "The old gradients were still there"),
    ([(AT_END, ""), (IN_LOOP, IN_LOOP + "\n        optimizer.step()")],
     "A step for each part is another training"),
    ([(AT_END, "")], "The optimizer that you were given"),
    ([(IN_LOOP, "        pass")], "No part went back"),
    ([(AT_END, ZERO + AT_END)], "The step found no gradient"),
    ([(IN_LOOP, "        whole = loss if not total else whole + loss"),
      (AT_END, "    whole.backward()\n" + AT_END)], "stays in memory until `backward`"),
    ([(IN_LOOP, "        if total: whole = whole + loss\n        else: whole = loss\n"
       "        whole.backward()")], "has let go of this part already"),
    ([(IN_LOOP, IN_LOOP.replace("()", "(retain_graph=True)"))], "holds on to a part"),
    ([(ZERO, ZERO + "    net.eval()\n")], "is for judging"),
    ([(ZERO, ZERO + "    net.eval()\n"), (AT_END, AT_END + "    net.train()\n")],
     "is for judging"),
    ([("return total", f"return {LOSS}.item()")], "The whole batch went through"),
    ([(PART, MEAN)], "You added the means of the parts"),
    ([(PART, MEAN + " / -(-len(labels) // at_once)")], "counts a picture of a small"),
    ([(PART, MEAN + " / at_once")], "A part holds `at_once` pictures"),
    ([(PART, MEAN + " * at_once / len(labels)")], "The last part is smaller"),
    ([(PART, PART.removesuffix(" / len(labels)"))], "the sum over the batch"),
    ([("total += loss.item()", "total = loss.item()")], "the last part alone: add up"),
    ([("total += loss.item()", "total += loss")], "Add up `loss.item()`"),
    ([("total += loss.item()", f"total += {MEAN}.item()")], "through the net once"),
    ([("their_labels,", "labels[: len(some)],")], "must add up to that of the mean"),
    ([("their_labels,", "labels,")], "Cut `pictures` and `labels` at the same places"),
    ([(ZERO, "    optimizer = type(optimizer)(net.parameters())\n" + ZERO)],
     "that you were given never moved"),
]  # fmt: skip

test_a_wrong_step_in_parts_is_explained = explained("01.4", WRONG_PARTS)


def by_slices(net, optimizer, pictures, labels, at_once):
    """The mean of each part, with the weight of its number of pictures."""
    net.zero_grad()
    total = 0
    for start in range(0, len(labels), at_once):
        part = slice(start, start + at_once)
        loss = F.cross_entropy(net(pictures[part]), labels[part])
        share = len(labels[part]) / len(labels)
        (loss * share).backward()
        total += loss.detach() * share
    optimizer.step()
    return total


def divides_at_the_end(net, optimizer, pictures, labels, at_once):
    optimizer.zero_grad()
    total = 0
    for x, y in zip(pictures.split(at_once), labels.split(at_once), strict=True):
        loss = F.cross_entropy(net(x), y, reduction="sum")
        loss.backward()
        total += loss.item()
    for parameter in net.parameters():
        parameter.grad /= len(labels)
    optimizer.step()
    optimizer.zero_grad()
    return total / len(labels)


@pytest.mark.parametrize("answer", [by_slices, divides_at_the_end])
def test_another_step_in_parts_passes(answer):
    passes("01.4", answer)

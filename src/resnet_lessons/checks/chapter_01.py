"""Chapter 1, LeNet: the exercises and their reference answers."""

import torch.nn.functional as F

from .exercise import Exercise
from .judges_01 import check_conv_cost, check_training_step
from .judges_01_parts import check_step_in_parts
from .judges_01_sizes import check_sizes_for


def sizes_for(places, kernel, stride, padding):
    smallest = (places - 1) * stride + kernel - 2 * padding
    sizes = range(smallest, smallest + stride)  # up to stride - 1 pixels left over
    return [size for size in sizes if size >= 1]


def conv_cost(
    in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1, bias=True
):
    places = ((size + 2 * padding - kernel) // stride + 1) ** 2
    weights = out_channels * (in_channels // groups) * kernel**2
    return weights + bias * out_channels, places * weights


def training_step(net, optimizer, pictures, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(pictures), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_in_parts(net, optimizer, pictures, labels, at_once):
    optimizer.zero_grad()
    total = 0
    parts = zip(pictures.split(at_once), labels.split(at_once), strict=True)
    for some, their_labels in parts:
        loss = F.cross_entropy(net(some), their_labels, reduction="sum") / len(labels)
        loss.backward()  # adds to the gradients of the parts before
        total += loss.item()
    optimizer.step()
    return total


EXERCISES = [
    Exercise(
        id="01.1",
        title="Which sizes give so many places?",
        prompt="""\
Along one side of a picture a kernel finds `places` places. How many pixels may that
side have? Write `sizes_for(places, kernel, stride, padding)`, which returns a list of
all sizes for which this holds, from the smallest to the largest. `kernel`, `stride` and
`padding` are in pixels; `padding` is added on *both* sides. Pixels left over at the
end, too few for another step, are never read. A picture has at least one pixel. If no
picture will do, the list is empty.
""",
        starter="""\
def sizes_for(places, kernel, stride, padding):
    return ...
""",
        hints=(
            "Start without padding. One place takes `kernel` pixels, and each further "
            "place `stride` more. How large is the smallest picture?",
            "The padding is there already: the picture itself may be `2 * padding` "
            "pixels smaller.",
            "From the smallest picture on, how many pixels may be added before there "
            "is room for another step? In the end leave out what is below 1.",
        ),
        answer=sizes_for,
        check=check_sizes_for,
    ),
    Exercise(
        id="01.2",
        title="Parameters and MACs, with groups",
        prompt="""\
Write `conv_cost(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1,
bias=True)`, which returns the pair `(parameters, macs)` of a convolution on a picture
of `size` × `size`. With `groups=g` the channels in and out are split into `g` parts,
and each output channel reads only the input channels of its own part. One of the two
numbers depends on the bias, the other does not: a MAC is a multiplication *and* an
addition.
""",
        starter="""\
def conv_cost(
    in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1, bias=True
):
    parameters = ...
    macs = ...
    return parameters, macs
""",
        hints=(
            "Count the weights first: how many numbers does one output channel read "
            "at one place? There are `out_channels` of these kernels.",
            "A part has `in_channels // groups` input channels. All parts together "
            "still put out `out_channels` channels.",
            "`parameters` are the weights and, with a bias, one more for each output "
            "channel. `macs` are the weights times the places of the output; their "
            "number is the side of the output, squared.",
        ),
        answer=conv_cost,
        check=check_conv_cost,
    ),
    Exercise(
        id="01.3",
        title="One training step",
        prompt="""\
Write `training_step(net, optimizer, pictures, labels)`: one step of training on one
batch, with cross-entropy. It returns the loss of the batch, before the step, as a plain
number. The weights may still hold gradients of another batch when you get the net. Four
lines do the work; their order is the exercise.
""",
        starter="""\
import torch.nn.functional as F


def training_step(net, optimizer, pictures, labels):
    raise NotImplementedError
""",
        hints=(
            "Forget, look, ask each weight which way is down, move. What does each of "
            "these mean in PyTorch?",
            "`backward` *adds* to the gradients that are there. So forget the old ones "
            "first: `optimizer.zero_grad()`.",
            "`optimizer.zero_grad()`; `loss = F.cross_entropy(net(pictures), labels)`; "
            "`loss.backward()`; `optimizer.step()`. Then return `loss.item()`.",
        ),
        answer=training_step,
        check=check_training_step,
    ),
    Exercise(
        id="01.4",
        title="The same step, in parts",
        prompt="""\
A batch is too large for the memory. Write `step_in_parts(net, optimizer, pictures,
labels, at_once)`: the step of exercise 01.3, but in parts of at most `at_once`
pictures; the last part may be smaller. Each picture goes through the net once, and what
PyTorch keeps of one part for its gradient must be freed before the next part goes
through. The weights must end up where one step with the whole batch would take them.
Return the loss of the whole batch, before the step, as a plain number. (No layer of
this net looks at more than one picture.)
""",
        starter="""\
import torch.nn.functional as F


def step_in_parts(net, optimizer, pictures, labels, at_once):
    raise NotImplementedError
""",
        hints=(
            "`backward` *adds* to the gradients that are there. Which of the four "
            "lines of 01.3 come once for each part, and which once in all?",
            "`pictures.split(at_once)` gives the parts, a smaller one at the end. "
            "`backward` lets go of what was kept.",
            "The loss of the batch is a sum over all its pictures, divided by their "
            'number. So take `reduction="sum"` in each part, and divide by '
            "`len(labels)`.",
        ),
        answer=step_in_parts,
        check=check_step_in_parts,
    ),
]

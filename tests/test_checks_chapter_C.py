"""The checks of appendix C name the mistake that was made."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad_and_value
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from resnet_lessons import checks
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

# C.1 -------------------------------------------------------------------------------


def in_place(gradients, counts):
    for own, count in zip(gradients, counts, strict=True):
        for tensor in own:
            tensor *= count / sum(counts)
    return [sum(owns) for owns in zip(*gradients, strict=True)]


def into_the_first(gradients, counts):
    gradients[0][:] = ANSWERS["C.1"](gradients, counts)
    return gradients[0]


def of_two(gradients, counts):
    return ANSWERS["C.1"](gradients[:2], counts[:2])


def in_a_row(gradients, counts):
    return torch.cat([one.flatten() for one in ANSWERS["C.1"](gradients, counts)])


def of_each_process(gradients, counts):
    return [sum(map(torch.sum, own)) for own in gradients]


def one_by_one(gradients, counts):
    yield from ANSWERS["C.1"](gradients, counts)


def added_lists(gradients, counts):
    return [*gradients[0], *gradients[1]]


def scaled_lists(gradients, counts):
    return [
        own * (count / sum(counts))
        for own, count in zip(gradients, counts, strict=True)
    ]


def in_a_stack(gradients, counts):
    return [torch.stack(owns) for owns in zip(*gradients, strict=True)]


def added_up(gradients, counts):
    return [one.sum() for one in ANSWERS["C.1"](gradients, counts)]


SHARE = "count / total * own"
AVERAGES = [
    ([(SHARE, "own / len(counts)")], "plain mean of the processes"),
    ([(SHARE, "own")], "the sum of the processes"),
    ([(SHARE, "count * own")], "Divide it by their number"),
    ([(SHARE, "count * own / len(counts)")], "not of processes"),
    ([(SHARE, f"{SHARE} / len(counts)")], "add up to 1 already"),
    ([(SHARE, "own / total")], "multiply it by its count first"),
    ([(SHARE, "own / count")], "is that of a mean already"),
    ([(SHARE, "own / count / sum(1 / c for c in counts)")], "wrong way round"),
    ([("sum(counts)", "max(counts)")], "not by the largest"),
    ([("count / total", "count // total")], "All is 0"),
    ([(SHARE, f"count / count * {SHARE}")], "A count may be 0"),
    ([(SHARE, f"torch.tensor(count) / count * {SHARE}")], "A count may be 0"),
    ([(SHARE, "count**2 * own / sum(c**2 for c in counts)")], "weighs as much as"),
    ([("zip(*gradients, strict=True)", "gradients")], "differ in shape"),
    ([("    return", "    counts.reverse()\n    return")], "into what is given"),
    (lambda gradients, counts: gradients[0], "process 0 alone"),
    (lambda gradients, counts: gradients[-1], "the last process alone"),
    (lambda gradients, counts: torch.stack(gradients), "differ in shape"),
    (lambda gradients, counts: [0.5] * 4, "one tensor of PyTorch for each"),
    (in_place, "into what is given"),
    (into_the_first, "into what is given"),
    (of_two, "first two processes"),
    (in_a_row, "in its shape, in a list"),
    (of_each_process, "As many as there are processes"),
    (one_by_one, "`list(…)`"),
    (added_lists, "joins lists"),
    (scaled_lists, "differ in shape"),
    (in_a_stack, "lie side by side"),
    (added_up, "over nothing else"),
]

test_a_wrong_average_is_explained = explained("C.1", AVERAGES)


def by_numpy(gradients, counts):
    return [
        torch.from_numpy(np.average(np.stack(owns), axis=0, weights=counts))
        for owns in zip(*gradients, strict=True)
    ]


def by_einsum(gradients, counts):
    weights = torch.tensor(counts) / sum(counts)
    stacks = map(torch.stack, zip(*gradients, strict=True))
    return tuple(torch.einsum("r,r...->...", weights, stack) for stack in stacks)


def in_its_own_tensors(gradients, counts):
    total = [torch.zeros_like(one) for one in gradients[0]]
    for own, count in zip(gradients, counts, strict=True):
        for one, more in zip(total, own, strict=True):
            one.add_(more, alpha=count)
    return [one.div_(sum(counts)) for one in total]


def as_it_comes(gradients, counts):
    """The mean so far, moved by each process that has pictures."""
    seen, mean = 0, [0 * one for one in gradients[0]]
    for own, count in zip(gradients, counts, strict=True):
        seen += count
        step = count / max(seen, 1)
        mean = [m.lerp(one, step) for m, one in zip(mean, own, strict=True)]
    return mean


@pytest.mark.parametrize(
    "answer", [by_numpy, by_einsum, in_its_own_tensors, as_it_comes]
)
def test_another_way_to_average_passes(answer):
    passes("C.1", answer)


def test_an_average_with_a_gap_is_not_attempted():
    assert not checks.check("C.1", lambda gradients, counts: ...).attempted


# C.2 -------------------------------------------------------------------------------

WEIGHTS = "(counts / counts.sum())[:, None]"
MEAN = "(weights * means).sum(0)"
INSIDE = "(weights * (variances + between)).sum(0)"
BETWEEN = "(means - mean).square()"
N = "counts.sum()"
MERGED = [
    ([(MEAN, "means.mean(0)")], "plain mean of the shares"),
    ([(MEAN, "means.sum(0)")], "sum of the shares' means"),
    ([(MEAN, "counts @ means")], "Divide it by their number"),
    ([(MEAN, "counts @ means / len(counts)")], "not of shares"),
    ([(MEAN, f"{MEAN} / len(counts)")], "add up to 1 already"),
    ([(MEAN, f"means.sum(0) / {N}")], "Multiply each mean by its count"),
    ([(MEAN, "(means / counts[:, None]).sum(0) / (1 / counts).sum()")], "way round"),
    ([(MEAN, "means[0]")], "the first share alone"),
    ([(MEAN, "means[-1]")], "the last share alone"),
    ([(MEAN, "counts[:2] @ means[:2] / counts[:2].sum()")], "Only the first two"),
    ([("counts / counts", "counts // counts")], "Did `//` cut"),
    ([(MEAN, "(weights * means).sum(0, True)")], "One number for each channel"),
    ([("[:, None]", "")], "multiplies row by row"),
    ([("return mean, ", "return ")], "`return mean, variance`"),
    ([(f"mean, {INSIDE}", f"{INSIDE}, mean")], "The two are swapped"),
    ([(f"mean, {INSIDE}", f"mean, {INSIDE}.tolist()")], "Return a tensor"),
    ([(f"mean, {INSIDE}", "mean, ...")], "still waits"),
    ([(INSIDE, "(weights * variances).sum(0)")], "How far apart the means are is"),
    ([(".square()", "")], "Unless each is squared"),
    ([(".square()", ".abs()")], "are not squared"),
    ([(INSIDE, "variances.mean(0)")], "The variances are averaged as if"),
    ([(INSIDE, "variances.mean(0) + (weights * between).sum(0)")], "by their counts."),
    ([(INSIDE, "variances.sum(0)")], "The variances are added up"),
    ([(INSIDE, "(weights * between).sum(0)")], "of the shares are missing"),
    ([(INSIDE, "(weights * variances).sum(0) + between.mean(0)")], "(μ_r − μ)² are av"),
    ([(INSIDE, "(weights * variances).sum(0) + between.sum(0)")], "(μ_r − μ)² are add"),
    ([(INSIDE, "(weights * variances).sum(0) + means.var(0, correction=0)")],
     "from the plain mean of the shares"),
    ([(INSIDE, "(weights * variances).sum(0) + means.var(0)")], "one less than the"),
    ([("means - mean", "means - means.mean(0)")], "from the plain mean of the shares"),
    ([(INSIDE, f"{INSIDE}.sqrt()")], "the root of the variance"),
    ([(INSIDE, f"-{INSIDE}")], "never below 0"),
    ([(INSIDE, "counts @ (variances + between)")], "Those are sums of squared"),
    ([(INSIDE, "counts @ (variances + between) / len(counts)")], "number of shares. D"),
    ([(INSIDE, f"counts @ (variances + between) / ({N} - 1)")], "by the number itself"),
    ([(INSIDE, f"((counts - 1) @ variances + counts @ between) / {N}")],
     "were multiplied by one less"),
    ([(INSIDE, f"((counts - 1) @ variances + counts @ between) / ({N} - 1)")],
     "for variances divided by one less"),
    ([(INSIDE, f"(counts - 1) @ variances / ({N} - len(counts))")], "pooled variance"),
    ([(INSIDE, "(weights * (variances + means**2)).sum(0)")], "measured from 0"),
    ([(INSIDE, "(weights * variances.sqrt()).sum(0) ** 2")], "Standard deviations"),
    ([(INSIDE, "(weights**2 * variances).sum(0)")], "The weights are squared"),
    ([(INSIDE, "(weights * (variances + means**2)).sum(0) - mean**2")], "is rounding"),
    ([(INSIDE, "((weights * (variances + means**2)).sum(0) - mean**2).clamp(0)")],
     "is rounding"),
    ([("variances + between", "variances * (counts / (counts - 1) * (counts - 1) / "
       "counts)[:, None] + between")], "one value only"),
    ([(BETWEEN, "means.sub_(mean).square_()")], "into what is given"),
    ([("    weights", "    counts /= counts.sum()\n    weights")], "what is given"),
]  # fmt: skip

test_a_wrong_merge_is_explained = explained("C.2", MERGED)


def test_rounding_is_named_even_where_nothing_is_left():
    def merge(means, variances, counts):
        mean, variance = ANSWERS["C.2"](means, variances, counts)
        return mean, variance * (mean.abs() < 100)

    assert "is rounding" in hint_of("C.2", merge)


def one_share_after_the_other(means, variances, counts):
    mean, variance, seen = means[0], variances[0], counts[0]
    for m, v, n in zip(means[1:], variances[1:], counts[1:], strict=True):
        step, apart = n / (seen + n), m - mean
        variance = (1 - step) * variance + step * v + step * (1 - step) * apart**2
        mean, seen = mean + step * apart, seen + n
    return mean, variance


def in_double_precision(means, variances, counts):
    """Here the mean of the squares minus the square of the mean is good enough."""
    means, variances, counts = means.double(), variances.double(), counts.double()
    weights = counts / counts.sum()
    mean = weights @ means
    return [mean, weights @ (variances + means**2) - mean**2]


def from_the_first_mean(means, variances, counts):
    far, weights = means - means[0], counts / counts.sum()
    mean = weights @ far
    return means[0] + mean, weights @ (variances + far**2) - mean**2


def of_pairs(means, variances, counts):
    weights = counts / counts.sum()
    apart = (means[:, None] - means).square()
    between = torch.einsum("r,s,rsc->c", weights, weights, apart) / 2
    return weights @ means, weights @ variances + between


def with_numpy(means, variances, counts):
    m, v, n = means.numpy(), variances.numpy(), counts.numpy()
    mean = np.average(m, axis=0, weights=n)
    spread = np.average(v + (m - mean) ** 2, axis=0, weights=n)
    return torch.tensor(mean), torch.tensor(spread)


OTHER_MERGES = [one_share_after_the_other, in_double_precision, from_the_first_mean]


@pytest.mark.parametrize("answer", [*OTHER_MERGES, of_pairs, with_numpy])
def test_another_way_to_merge_passes(answer):
    passes("C.2", answer)


def test_a_merge_with_two_gaps_is_not_attempted():
    assert not checks.check("C.2", lambda *shares: (..., ...)).attempted


# C.3 -------------------------------------------------------------------------------

LOSS = 'nn.functional.cross_entropy(net(pictures), labels, reduction="sum")'
ITS_MEAN = LOSS.replace(', reduction="sum"', "")
PART = "loss = loss / len(x)"
CLEAR = "    net.zero_grad()\n"
BACK = "loss.backward()"
SEEN = "mean += loss.item()"
IN_LOOP = "        loss = nn"
CHUNKS = "x.chunk(parts), y.chunk(parts)"
RETURN = "return mean"
MOST = "-(-len(x) // parts)"
PARTS = [
    ([(LOSS, ITS_MEAN), (PART, "loss")], "sum of the means of the parts"),
    ([(LOSS, ITS_MEAN), (PART, "loss = loss / parts")], "plain mean of the parts"),
    ([(PART, "loss")], "the sum over the pictures"),
    ([(PART, "loss = loss / parts")], "not of parts"),
    ([(LOSS, ITS_MEAN)], "was divided by all pictures"),
    ([(LOSS, ITS_MEAN), ("/ len(x)", "/ len(labels)")], "is a mean already"),
    ([(PART, f"{PART} / parts")], "by their number, too"),
    ([(LOSS, ITS_MEAN), ("/ len(x)", f"* {MOST} / len(x)")], "the size of the first"),
    ([("/ len(x)", f"/ ({MOST} * parts)")], "size of the first part times"),
    ([("/ len(x)", f"/ {MOST}")], "that of the largest"),
    ([(IN_LOOP, f"        net.zero_grad()\n{IN_LOOP}")], "Only the last part is in"),
    ([(IN_LOOP, f"        net.zero_grad()\n{IN_LOOP}"), (LOSS, ITS_MEAN), (PART, "")],
     "Only the last part is in"),
    ([(RETURN, f"net.zero_grad()\n    {RETURN}")], "stand behind it"),
    ([(RETURN, f"net.zero_grad(set_to_none=False)\n    {RETURN}")], "cleared at the"),
    ([(CLEAR, "")], "before the call is still in it"),
    ([(CLEAR, "    [p.grad.zero_() for p in net.parameters()]\n")], "is `None`"),
    ([(CHUNKS, "[x], [y]")], "at once, and that is what does not fit"),
    ([(RETURN, "return nn.functional.cross_entropy(net(x), y)")], "from the parts, to"),
    ([(CHUNKS, "x.split(parts), y.split(parts)")], "takes the size of a part"),
    ([(CHUNKS, "x.chunk(parts - 1 or 1), y.chunk(parts - 1 or 1)")], "Did you take"),
    ([(CHUNKS, "x.chunk(2), y.chunk(2)")], "Memory is what counts"),
    ([(CHUNKS, "x.split(1), y.split(1)")], "fewer and larger parts"),
    ([(CHUNKS, "x.split(len(x) // parts), y.split(len(x) // parts)")], "rounds down"),
    ([(SEEN, f"{SEEN}\n        return mean")], "Is a `return` inside"),
    ([(SEEN, f"{SEEN}\n        net(pictures)")], "went through twice"),
    ([("net(pictures)", "net(pictures / 2)")], "as they are"),
    ([("net(pictures)", "net(pictures.mul_(2))")], "into what is given"),
    ([("        loss.backward()\n", ""), (SEEN, "mean = mean + loss"),
      (RETURN, "mean.backward()\n    return mean")], "before the next one goes"),
    ([(f"{BACK}\n", "loss.backward(retain_graph=True)\n")], "unless `retain_graph`"),
    ([("        loss.backward()\n", "")], "before the next one goes"),
    ([(BACK, "mean = mean + loss"), (SEEN, "mean.backward()")], "serves one"),
    ([(PART, "loss = (loss / len(x)).item()")], "makes a plain number"),
    ([('"sum"', '"none"')], "starts from one number"),
    ([("net(pictures), labels", "net(pictures), y")], "Cut `x` and `y` alike"),
    ([("net(pictures), labels", "net(pictures), y[: len(labels)]")], "of the first"),
    ([("net(pictures), labels", "net(pictures), labels.flip(0)")], "its own labels"),
    ([("net(pictures), labels", "net(pictures).softmax(1), labels")], "leave out the"),
    ([(RETURN, "return loss.item()")], "only the loss of the last part"),
    ([(SEEN, "mean = mean or loss.item() * len(x) / len(labels)")],
     "only the loss of the first"),
    ([(SEEN, "mean += loss.item() / parts")], "by their number, too"),
    ([(SEEN, "mean += loss.item() * len(x)")], "Divide by their number"),
    ([(RETURN, "return")], "Nothing was returned"),
    ([(SEEN, "")], "0 is returned"),
]  # fmt: skip

test_a_wrong_accumulation_is_explained = explained("C.3", PARTS)


def test_a_step_is_refused():
    step = "nn.utils.vector_to_parameters(torch.zeros(66), net.parameters())\n    "
    answer = edited("C.3", (RETURN, f"{step}{RETURN}"))
    assert "no step is taken" in hint_of("C.3", answer)


@pytest.mark.parametrize("switch", ["eval()", "requires_grad_(False)"])
def test_a_switch_that_is_turned_is_noticed(switch):
    answer = edited("C.3", (RETURN, f"net.{switch}\n    {RETURN}"))
    assert "no switch of the net" in hint_of("C.3", answer)


def test_a_copy_that_learns_instead_is_noticed():
    answer = edited("C.3", (CLEAR, "    import copy; net = copy.deepcopy(net)\n"))
    assert "a copy of the net" in hint_of("C.3", answer)


def test_a_gradient_written_over_is_that_of_the_last_part():
    def accumulate(net, x, y, parts):
        for pictures, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
            loss = cross_entropy(net(pictures), labels, reduction="sum") / len(x)
            gradients = torch.autograd.grad(loss, [*net.parameters()])
            for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                parameter.grad = gradient

    assert "cleared or written over" in hint_of("C.3", accumulate)


def in_slices(net, x, y, parts):
    for parameter in net.parameters():
        parameter.grad = None
    size, total = math.ceil(len(x) / parts), 0
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        loss = cross_entropy(net(x[part]), y[part]) * len(y[part]) / len(y)
        loss.backward()
        total = total + loss  # its graph is empty by now
    return total


def every_nth(net, x, y, parts):
    net.zero_grad(set_to_none=False)
    total = 0
    for first in range(parts):
        losses = cross_entropy(net(x[first::parts]), y[first::parts], reduction="none")
        losses.backward(torch.ones_like(losses))
        total += losses.sum().item()
    for parameter in net.parameters():
        parameter.grad /= len(x)
    return np.float32(total / len(x))


def loaded(net, x, y, parts):
    torch.optim.SGD(net.parameters(), 0.1).zero_grad()
    batches = DataLoader(TensorDataset(x, y), math.ceil(len(x) / parts), shuffle=True)
    losses = []
    for pictures, labels in batches:
        losses.append(cross_entropy(net(pictures), labels) * len(labels) / len(x))
        losses[-1].backward()
    return sum(loss.item() for loss in losses)


def by_hand(net, x, y, parts):
    parameters = [*net.parameters()]
    total, sums = 0, [torch.zeros_like(one) for one in parameters]
    for pictures, labels in zip(
        x.tensor_split(parts), y.tensor_split(parts), strict=True
    ):
        loss = nn.CrossEntropyLoss(reduction="sum")(net(pictures), labels)
        for one, more in zip(sums, torch.autograd.grad(loss, parameters), strict=True):
            one += more
        total += loss.item()
    for parameter, one in zip(parameters, sums, strict=True):
        parameter.grad = one / len(x)
    return total / len(x)


def without_backward(net, x, y, parts):
    """By `torch.func`, which takes no hooks."""

    def loss(weights, pictures, labels):
        logits = functional_call(net, weights, (pictures,))
        return cross_entropy(logits, labels, reduction="sum") / len(x)

    weights = {name: one.detach() for name, one in net.named_parameters()}
    net.zero_grad()
    total = 0
    for pictures, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
        gradients, value = grad_and_value(loss)(weights, pictures, labels)
        for name, one in net.named_parameters():
            one.grad = gradients[name] + (0 if one.grad is None else one.grad)
        total += value
    return total


def with_an_empty_part(net, x, y, parts, weigh=False):
    """Of 9 pictures, 4 parts: 3, 3, 3 and none."""
    net.zero_grad()
    size, total = math.ceil(len(x) / parts), 0
    for number in range(parts):
        part = slice(number * size, (number + 1) * size)
        logits, labels = net(x[part]), y[part]
        if weigh:
            loss = cross_entropy(logits, labels) * len(labels) / len(y)
        else:
            loss = cross_entropy(logits, labels, reduction="sum") / len(y)
        loss.backward()
        total += loss.item()
    return total


def test_the_mean_of_an_empty_part_is_recognised():
    answer = partial(with_an_empty_part, weigh=True)
    assert "the mean of nothing" in hint_of("C.3", answer)


def in_the_same_memory(net, x, y, parts):
    net.zero_grad()
    size, total = math.ceil(len(x) / parts), 0
    memory = torch.empty(size, *x.shape[1:])
    for pictures, labels in zip(x.split(size), y.split(size), strict=True):
        part = memory[: len(pictures)].copy_(pictures)
        loss = cross_entropy(net(part), labels, reduction="sum") / len(x)
        loss.backward()
        total += loss.item()
    return total


def kept_in_a_helper(net, x, y, parts):
    """`retain_graph` keeps a graph no longer than its loss lives."""

    def one(pictures, labels):
        loss = cross_entropy(net(pictures), labels, reduction="sum") / len(x)
        loss.backward(retain_graph=True)
        return loss.item()

    net.zero_grad()
    return sum(map(one, x.chunk(parts), y.chunk(parts)))


def keeps_what_backward_returns(net, x, y, parts):
    for pictures, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
        loss = cross_entropy(net(pictures), labels).backward()
    return loss.item()


def adds_what_backward_returns(net, x, y, parts):
    mean = 0
    for pictures, labels in zip(x.chunk(parts), y.chunk(parts), strict=True):
        mean += cross_entropy(net(pictures), labels).backward()
    return mean


def asks_for_each_part(net, x, y, parts):
    net.zero_grad()
    mean = 0
    for i in range(parts):
        pictures, labels = x.chunk(parts)[i], y.chunk(parts)[i]
        loss = cross_entropy(net(pictures), labels, reduction="sum") / len(x)
        loss.backward()
        mean += loss.item()
    return mean


def in_equal_parts(net, x, y, parts):
    pictures = x.view(parts, -1, *x.shape[1:])
    return net(pictures[0]).sum().item()


test_an_error_of_an_accumulation_is_explained = explained(
    "C.3",
    [
        (keeps_what_backward_returns, "`backward()` returns nothing"),
        (adds_what_backward_returns, "`backward()` returns nothing"),
        (asks_for_each_part, "may give fewer parts"),
        (in_equal_parts, "need not be divisible"),
    ],
)


OTHER_PARTS = [
    *(in_slices, every_nth, loaded, by_hand, without_backward, kept_in_a_helper)
]


@pytest.mark.parametrize(
    "answer", [*OTHER_PARTS, in_the_same_memory, with_an_empty_part]
)
def test_another_way_to_accumulate_passes(answer):
    passes("C.3", answer)


def test_an_accumulation_with_a_gap_is_not_attempted():
    answer = edited("C.3", (RETURN, "return ..."))
    assert not checks.check("C.3", answer).attempted

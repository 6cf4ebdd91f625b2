"""The checks of appendix A name the mistake that was made."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnet_lessons.checks.judges_A import CASES, cases_to_count
from wrong_answers import ANSWERS, explained, hint_of, passes

# A.1 -------------------------------------------------------------------------------


def with_unfold(x, weight, stride):
    """Every patch as a column, then one product of matrices."""
    pads = []
    for n, k in [(x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])]:
        rest = n % stride or stride  # what the last step of the stride has
        total = max(k - rest, 0)
        pads += [total // 2, (total + 1) // 2]
    x = F.pad(x, pads)
    columns = F.unfold(x, weight.shape[2:], stride=stride)
    grid = [
        (n - k) // stride + 1
        for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)
    ]
    return (weight.flatten(1) @ columns).unflatten(2, grid)


def place_by_place(x, weight, stride):
    (_, _, *sides), (_, _, *kernel) = x.shape, weight.shape
    out = [(n + stride - 1) // stride for n in sides]
    total = [
        max(0, (o - 1) * stride + k - n)
        for o, k, n in zip(out, kernel, sides, strict=True)
    ]
    room = [n + t for n, t in zip(sides, total, strict=True)]
    padded = x.new_zeros(*x.shape[:2], *room)
    top, left = (t // 2 for t in total)
    padded[..., top : top + sides[0], left : left + sides[1]] = x
    y = x.new_zeros(len(x), len(weight), *out)
    for i in range(out[0]):
        for j in range(out[1]):
            a, b = i * stride, j * stride
            patch = padded[..., a : a + kernel[0], b : b + kernel[1]]
            y[..., i, j] = torch.einsum("bchw,ochw->bo", patch, weight)
    return y


def with_layers(x, weight, stride):
    def zeros(n, k):
        total = max((-(n // -stride) - 1) * stride + k - n, 0)
        return total // 2, -(total // -2)

    high, wide = map(zeros, x.shape[2:], weight.shape[2:])
    conv = nn.Conv2d(*weight.shape[1::-1], weight.shape[2:], stride, bias=False)
    conv.weight = nn.Parameter(weight)
    return nn.Sequential(nn.ZeroPad2d((*wide, *high)), conv)(x)


def from_the_stride_of_one(x, weight, stride):
    """PyTorch's own "same", moved to where Keras begins, every `stride`-th output."""
    y = F.conv2d(x, weight, padding="same")
    starts = []
    for n, k in zip(x.shape[2:], weight.shape[2:], strict=True):
        total = max((-(-n // stride) - 1) * stride + k - n, 0)
        starts.append((k - 1) // 2 - total // 2)
    return y[..., starts[0] :: stride, starts[1] :: stride]


def in_numpy(x, weight, stride):
    pads = [(0, 0), (0, 0)]
    for n, k in zip(x.shape[2:], weight.shape[2:], strict=True):
        total = int(max((np.ceil(n / stride) - 1) * stride + k - n, 0))
        pads.append((total // 2, total - total // 2))
    padded = torch.from_numpy(np.pad(x.numpy(), pads))
    return F.conv2d(padded, weight, stride=stride)


@pytest.mark.parametrize(
    "answer",
    [with_unfold, place_by_place, with_layers, from_the_stride_of_one, in_numpy],
)
def test_other_ways_to_pad_pass(answer):
    passes("A.1", answer)
    passes("A.1", partial(answer))


def test_the_reference_pads_as_keras_does(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "cpu")
    layers = pytest.importorskip("keras").layers
    for size, kernel, stride in CASES:
        conv = layers.Conv2D(4, kernel, stride, padding="same", use_bias=False)
        x = torch.randn(2, 3, *size)
        theirs = conv(x.permute(0, 2, 3, 1)).detach().permute(0, 3, 1, 2)
        weight = torch.from_numpy(conv.get_weights()[0]).permute(3, 2, 0, 1)
        assert torch.allclose(ANSWERS["A.1"](x, weight, stride), theirs, atol=1e-5)


SPLIT, TOTAL = "[total // 2, total - total // 2]", "max((out - 1) * stride + k - n, 0)"
PADDED = "nn.functional.pad(x, pads)"
AXES, KERNEL = "(3, 2)", "weight.shape[axis]"
PADS = [
    ([(TOTAL, "k - 1")], "as at stride 1"),
    ([(SPLIT, "[round(total / 2), total - round(total / 2)]")], "to the even number"),
    (lambda x, w, s: F.conv2d(x, w, padding="same")[..., ::s, ::s], "as at stride 1"),
    (
        lambda x, w, s: F.conv2d(x, w, None, s, [k // 2 for k in w.shape[2:]]),
        "`padding=k // 2`",
    ),
    ([(SPLIT, "[total - total // 2, total // 2]")],
     "the greater half stands before"),
    ([(SPLIT, "[-(-total // 2), -(-total // 2)]")],
     "the greater half stands before"),
    ([(SPLIT, "[total, 0]")], "stand before"),
    ([(SPLIT, "[0, total]")], "stand behind"),
    ([(SPLIT, "[total, total]")], "on either side"),
    ([(SPLIT, "[total // 2, total // 2]")], "one is lost"),
    (lambda x, w, s: F.conv2d(x, w, stride=s), "Nothing is padded"),
    ([(PADDED, "nn.functional.pad(x, (0, 1, 0, 1))")], "the page's kernel"),
    ([(TOTAL, "(out - 1) * stride + k - n")],
     "cuts pixels off"),
    ([(TOTAL, "(out - 1) * stride + k - n"), ("total // 2", "int(total / 2)")],
     "cuts pixels off"),
    ([(TOTAL, "abs((out - 1) * stride + k - n)")], "n / stride, rounded up"),
    ([("-(-n // stride)", "n // stride")], "rounded up"),
    ([("-(-n // stride)", "n / stride"), (TOTAL, f"int({TOTAL})")], "Round n / stride"),
    ([("total // 2", "total / 2")], "Zeros are added whole"),
    ([(TOTAL, "max(k - stride, 0)")], "divides the s"),
    ([(AXES, "(2, 3)")], "are swapped. `nn"),
    ([(PADDED, "nn.functional.pad(x, pads[:2] * 2)")], "used for both"),
    ([(PADDED, "nn.functional.pad(x, pads[2:] * 2)")], "used for both"),
    ([(KERNEL, "weight.shape[5 - axis]")], "kernel are swapped"),
    ([(KERNEL, "weight.shape[2]")], "its width goes"),
    ([(KERNEL, "weight.shape[3]")], "its height goes"),
    ([("), weight", "), weight.flip(2, 3)")], "turned round"),
    (lambda x, w, s: ANSWERS["A.1"](x, w, 1), "the output of stride 1"),
    ([(", stride=stride)", ", stride=1)")], "n / stride, rounded up"),
    (lambda x, w, s: F.conv2d(x, w, None, s, "same"), "works at stride 1 only"),
    ([(PADDED, 'nn.functional.pad(x, pads, "replicate")')], "Add the zeros"),
    ([("), weight", "), weight, torch.ones(4)")], "Add the zeros"),
    ([("), weight", "), weight.transpose(0, 1)")], "as they come"),
    ([(PADDED, "x.mul_(1.5)")], "writes into x"),
    ([("    pads = []", "    weight *= 2\n    pads = []")], "Only read it"),
    (lambda x, w, s: ANSWERS["A.1"](x, w, s).permute(0, 2, 3, 1), "rounded up, and"),
    (lambda x, w, s: ANSWERS["A.1"](x, w, s)[0], "rounded up, and"),
    (lambda x, w, s: ANSWERS["A.1"](x, w, s).numpy(), "tensor of PyTorch"),
    (lambda x, w, s: ANSWERS["A.1"](x, w, s).unbind(), "tensor of PyTorch"),
]  # fmt: skip

test_wrong_padding_is_explained = explained("A.1", PADS)


def test_a_kernel_larger_than_the_picture_is_met():
    """Right but where the picture is small."""

    def answer(x, weight, stride):
        if x.shape[2] > 1:
            return ANSWERS["A.1"](x, weight, stride)
        return F.conv2d(x, weight, stride=stride)

    assert "as large as the kernel" in hint_of("A.1", answer)


# A.2 -------------------------------------------------------------------------------


AVERAGES = ("running_mean", "running_var")


def by_the_names_of_buffers(net):
    seen = {id(t): t.numel() for t in net.parameters()}
    for norm in net.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            named = norm.named_buffers(recurse=False)
            seen |= {id(t): t.numel() for name, t in named if name in AVERAGES}
    return sum(seen.values())


def by_walking(net, seen=None):
    """Child after child, with a memory."""
    seen = set() if seen is None else seen
    if id(net) in seen:
        return 0
    seen.add(id(net))
    count = 0
    for parameter in net.parameters(recurse=False):
        count += 0 if id(parameter) in seen else parameter.numel()
        seen.add(id(parameter))
    if type(net).__name__.startswith("BatchNorm") and net.track_running_stats:
        count += 2 * net.num_features
    return count + sum(by_walking(child, seen) for child in net.children())


def of_a_copy(net):
    net = copy.deepcopy(net).eval().requires_grad_(False)
    return torch.tensor(ANSWERS["A.2"](net))


def by_getattr(net):
    norms = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    tensors = [*net.parameters()]
    for norm in (module for module in net.modules() if isinstance(module, norms)):
        tensors += [getattr(norm, name) for name in AVERAGES]
    return float(np.sum([t.numel() for t in tensors if t is not None]))


@pytest.mark.parametrize(
    "answer", [by_the_names_of_buffers, by_walking, of_a_copy, by_getattr]
)
def test_other_ways_to_count_pass(answer):
    passes("A.2", answer)
    passes("A.2", partial(answer))


def test_the_reference_counts_as_keras_does(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "cpu")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    conv = layers.Conv2D(3, 3, use_bias=False)
    theirs = keras.Sequential(
        [
            layers.Input((9, 9, 3)),
            conv,
            layers.BatchNormalization(),
            conv,
            layers.BatchNormalization(center=False, scale=False),
            layers.Flatten(),
            layers.Dense(4),
            layers.LayerNormalization(),
        ]
    )
    conv.trainable = False
    ours = nn.Conv2d(3, 3, 3, bias=False).requires_grad_(False)
    net = nn.Sequential(ours, nn.BatchNorm2d(3), ours)
    net.extend([nn.BatchNorm2d(3, affine=False), nn.Flatten(), nn.Linear(75, 4)])
    net.append(nn.LayerNorm(4))
    assert ANSWERS["A.2"](net) == theirs.count_params()


def test_the_nets_are_nets():
    """Those that fit a picture run."""
    made = cases_to_count()
    x = torch.randn(2, 3, 8, 8)
    assert made["a module that is used twice"](x).shape == (2, 3, 4, 4)


def _parameters(net):
    return sum(p.numel() for p in net.parameters())


def _of(norms):
    pairs = [(norm.running_mean, norm.running_var) for norm in norms]
    return sum(t.numel() for pair in pairs for t in pair if t is not None)


def norms_of(net, kinds=(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
    return [module for module in net.modules() if isinstance(module, kinds)]


def from_the_state(net):
    state = net.state_dict().items()
    return sum(t.numel() for name, t in state if "num_batches" not in name)


def per_module(net):
    own = [p for m in net.modules() for p in m.parameters(recurse=False)]
    return sum(p.numel() for p in own) + _of(norms_of(net))


def all_inside(net):
    return sum(_parameters(module) for module in net.modules()) + _of(norms_of(net))


def adds_biases(net):
    kinds = nn.Conv1d, nn.Conv2d, nn.Conv3d
    convs = [module for module in net.modules() if isinstance(module, kinds)]
    return ANSWERS["A.2"](net) + sum(c.out_channels for c in convs if c.bias is None)


def of_children(net):
    kinds = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    norms = [module for module in net.children() if isinstance(module, kinds)]
    return _parameters(net) + _of(norms)


def below_the_net(net):
    return _parameters(net) + _of(norm for norm in norms_of(net) if norm is not net)


def with_running(kinds):
    return lambda net: _parameters(net) + _of(norms_of(net, kinds))


def twice_the_channels(holds):
    def answer(net):
        norms = [norm for norm in norms_of(net) if holds(norm)]
        return _parameters(net) + sum(2 * norm.num_features for norm in norms)

    return answer


def floats_of(net):
    floats = [b for b in net.buffers() if b.is_floating_point()]
    return _parameters(net) + sum(b.numel() for b in floats)


def doubled(net):
    own = [p for norm in norms_of(net) for p in norm.parameters()]
    return ANSWERS["A.2"](net) + sum(p.numel() for p in own)


def switches(net):
    return ANSWERS["A.2"](net.eval())


def freezes(net):
    return ANSWERS["A.2"](net.requires_grad_(False))


def buffers_of(net, counts):
    """Parameters, and the buffers of which `counts(name, buffer)` is true."""
    named = net.named_buffers()
    return _parameters(net) + sum(b.numel() for name, b in named if counts(name, b))


def clears(net):
    for norm in norms_of(net):
        norm.reset_parameters()
    return ANSWERS["A.2"](net) + 1


PARAMETERS = "in net.parameters())"
COUNTS = [
    (_parameters, "the parameters alone"),
    (lambda net: _of(norms_of(net)), "the averages alone"),
    ([(PARAMETERS, PARAMETERS[:-1] + " if parameter.requires_grad)")], "Frozen"),
    (lambda net: _parameters(net) + sum(b.numel() for b in net.buffers()), "All buf"),
    (floats_of, "belongs to no BatchNorm"),
    (lambda net: buffers_of(net, lambda name, b: b.ndim == 1), "to no BatchNorm"),
    (lambda net: buffers_of(net, lambda name, b: "running_" in name), "to no BatchN"),
    (
        lambda net: (
            buffers_of(net, lambda name, b: "running_mean" in name) * 2
            - _parameters(net)
        ),
        "to no BatchNorm",
    ),
    (with_running(nn.BatchNorm2d), "A kind of BatchNorm"),
    (with_running((nn.BatchNorm1d, nn.BatchNorm2d)), "A kind of BatchNorm"),
    (with_running((nn.BatchNorm2d, nn.BatchNorm3d)), "A kind of BatchNorm"),
    ([(" + module.running_var.numel()", "")], "two averages for a channel"),
    (twice_the_channels(lambda norm: True), "`track_running_stats=False`"),
    (
        twice_the_channels(lambda norm: norm.affine and norm.track_running_stats),
        "but it has averages",
    ),
    (twice_the_channels(lambda norm: norm.affine), "is about γ and β"),
    (doubled, "counted twice: they are among"),
    (adds_biases, "Biases are added"),
    (of_children, "deeper than"),
    (below_the_net, "itself be a BatchNorm"),
    (from_the_state, "What the net uses twice"),
    (per_module, "that two modules share"),
    (all_inside, "those of all modules inside"),
    ([(" and module.running_mean is not None", "")], "these are `None` then"),
    (lambda net: ANSWERS["A.2"](net) + 1, "Add up all parameters"),
    (lambda net: (ANSWERS["A.2"](net), 0), "Add up all parameters"),
    (lambda net: print(), "Nothing was returned"),
    (switches, "Only count"),
    (freezes, "Only count"),
]

test_a_wrong_count_is_explained = explained("A.2", COUNTS)

"""Chapter 6: mistakes in a shortcut, a count or a gradient, each with its hint."""

import torch
import torch.nn.functional as F


def _picked(x, stride):
    return x[:, :, ::stride, ::stride]


def _appended(x, out_channels):
    return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))


def _in_front(x, out_channels, stride):
    x = _picked(x, stride)
    return F.pad(x, (0, 0, 0, 0, out_channels - x.shape[1], 0))


def _both_sides(x, out_channels, stride):
    x = _picked(x, stride)
    extra = out_channels - x.shape[1]
    return F.pad(x, (0, 0, 0, 0, extra // 2, extra - extra // 2))


def _repeated(x, out_channels, stride):
    x = _picked(x, stride)
    return x.repeat(1, -(-out_channels // x.shape[1]), 1, 1)[:, :out_channels]


def _other_phase(x, out_channels, stride):
    height, width = _picked(x, stride).shape[2:]
    x = F.pad(x, (0, stride, 0, stride))
    return _appended(x[:, :, 1::stride, 1::stride][:, :, :height, :width], out_channels)


def _corner(x, out_channels, stride):
    height, width = _picked(x, stride).shape[2:]
    return _appended(x[:, :, :height, :width], out_channels)


def _pooled(pool, ceil_mode=True):
    def wrong(x, out_channels, stride):
        return _appended(pool(x, stride, ceil_mode=ceil_mode), out_channels)

    return wrong


def _floored(x, out_channels, stride):
    height, width = (side // stride * stride for side in x.shape[2:])
    return _appended(_picked(x[:, :, :height, :width], stride), out_channels)


SHORTCUT_A = [
    (
        lambda x, o, s: x,
        "x came back as it was. That is right only at stride 1, with as many channels "
        "as before.",
    ),
    (
        lambda x, o, s: _picked(x, s),
        "The channels are still those of x. Append channels of zeros.",
    ),
    (
        lambda x, o, s: _appended(x, o),
        "The grid is still that of x. Take every `stride`-th row and column.",
    ),
    (
        lambda x, o, s: _appended(x[:, :, ::s], o),
        "Only the rows were thinned out. Take every `stride`-th column too.",
    ),
    (
        lambda x, o, s: _appended(x[:, :, :, ::s], o),
        "Only the columns were thinned out. Take every `stride`-th row too.",
    ),
    (_floored, "An odd grid lost its last row and column: 9 becomes 5, not 4."),
    (_in_front, "The zeros stand in front of the channels of x. Append them behind."),
    (
        _both_sides,
        "Half of the zeros stand in front. Some published code does so, and it works "
        "as well; here all of them go behind.",
    ),
    (
        _repeated,
        "The new channels are copies of x. Option A fills them with zeros, so that "
        "F alone decides what they hold.",
    ),
    (
        _other_phase,
        "You start at the second row and column. The 3×3 convolution with stride 2 is "
        "centred on the first: start there.",
    ),
    (_corner, "That is the top left corner of x. Take every `stride`-th position."),
    (
        _pooled(F.avg_pool2d),
        "You averaged. That is chapter 7; option A takes every `stride`-th position.",
    ),
    (
        _pooled(F.avg_pool2d, ceil_mode=False),
        "You averaged. That is chapter 7; option A takes every `stride`-th position.",
    ),
    (_pooled(F.max_pool2d), "You took maxima. Option A picks positions and no more."),
    (
        lambda x, o, s: F.pad(_picked(x, s), (0, 0, 0, 0, 0, o)),
        "You append as many channels as are wanted in all. Some are there already.",
    ),
    (
        lambda x, o, s: F.pad(_picked(x, s), (0, o - x.shape[1])),
        "The zeros went to the columns. `F.pad` begins with the last axis: two pairs "
        "of zeros for W and H come first.",
    ),
    (
        lambda x, o, s: F.pad(_picked(x, s), (0, 0, 0, o - x.shape[1])),
        "The zeros went to the rows. `F.pad` begins with the last axis: two pairs of "
        "zeros for W and H come first.",
    ),
    (
        lambda x, o, s: F.pad(_picked(x, s), (0, 0, 0, 0, 0, 0, 0, o - x.shape[1])),
        "The zeros became new pictures. The fourth pair of `F.pad` is for the batch, "
        "the third for the channels.",
    ),
]


def _projects(i, o, s, option):
    return option == "C" or (option == "B" and (s != 1 or i != o))


def _costs(cost):
    """The count of someone who knows when to project, but not what it costs."""
    return lambda i, o, s, option: cost(i, o, s) if _projects(i, o, s, option) else 0


def _full(i, o):
    return i * o + 2 * o


PARAMETERS = [
    (
        _costs(lambda i, o, s: i * o),
        "The BatchNorm behind the convolution learns a γ and a β for each channel.",
    ),
    (
        _costs(lambda i, o, s: i * o + 2 * i),
        "The BatchNorm stands behind the convolution: it has `out_channels` channels.",
    ),
    (
        _costs(lambda i, o, s: i * o + o),
        "BatchNorm learns two numbers a channel, γ and β.",
    ),
    (
        _costs(lambda i, o, s: i * o + 3 * o),
        "The convolution has no bias: BatchNorm would take it away.",
    ),
    (
        _costs(lambda i, o, s: i * o + 4 * o),
        "The running mean and variance are measured, not learned: γ and β remain.",
    ),
    (
        _costs(lambda i, o, s: i * o + 4 * o + 1),
        "The running mean and variance are measured, and the batches counted; only γ "
        "and β are learned. Count `parameters()`, not `state_dict()`.",
    ),
    (
        _costs(lambda i, o, s: o * o + 2 * o),
        "The convolution has one weight for each pair of an input and an output "
        "channel.",
    ),
    (
        _costs(lambda i, o, s: 9 * i * o + 2 * o),
        "A projection is a 1×1 convolution: one weight for each pair of channels, not "
        "nine.",
    ),
    (
        _costs(lambda i, o, s: i * o * s * s + 2 * o),
        "The stride says how far the kernel moves. It does not change its weights.",
    ),
    (
        lambda i, o, s, option: (
            _full(i, o) if option == "C" or (option == "B" and i != o) else 0
        ),
        "A stride alone changes the shape, too: the grid of x is too large there, so "
        "option B projects it.",
    ),
    (
        lambda i, o, s, option: (
            _full(i, o) if option == "C" or (option == "B" and s != 1) else 0
        ),
        "A change of channels alone changes the shape, too: option B projects there.",
    ),
    (
        lambda i, o, s, option: _full(i, o) if option == "C" else 0,
        "Option B projects where the shape changes, as it does here.",
    ),
    (
        lambda i, o, s, option: _full(i, o) if option in "BC" else 0,
        "Option B projects only where the shape changes; elsewhere it is the identity.",
    ),
    (
        lambda i, o, s, option: (
            _full(i, o) if option in "BC" and (s != 1 or i != o) else 0
        ),
        "Option C projects in every block, where the shape stays too.",
    ),
    (
        lambda i, o, s, option: _full(i, o) if _projects(i, o, s, "B") else 0,
        "Option A pads with zeros: it learns nothing.",
    ),
]


def _through(residual, x, g):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(residual(x), x, grad_outputs=g)[0]


# Each gives the pair that the mistake gives.
TERMS = [
    (
        lambda f, x, g: (x, _through(f, x, g)),
        "The first is x itself. What comes back through the shortcut is g.",
    ),
    (
        lambda f, x, g: (_through(f, x, g), g),
        "The two are swapped: first the term of the shortcut.",
    ),
    (
        lambda f, x, g: (g, g + _through(f, x, g)),
        "The second is already the sum of both. Differentiate `residual(x)` alone, "
        "without `+ x`.",
    ),
    (
        lambda f, x, g: (g + _through(f, x, g), _through(f, x, g)),
        "The first is already the sum of both. Through the shortcut comes g alone.",
    ),
    (
        lambda f, x, g: (torch.ones_like(g), _through(f, x, torch.ones_like(g))),
        "You took the gradient of `y.sum()`. Here the loss hands back `g`: pass "
        "`grad_outputs=g`.",
    ),
    (
        lambda f, x, g: (g, _through(f, x, torch.ones_like(g))),
        "The second is the gradient of `residual(x).sum()`. Multiply by what arrives: "
        "`grad_outputs=g`.",
    ),
    (
        lambda f, x, g: (g, g * _through(f, x, torch.ones_like(g))),
        "The second is multiplied by g after the way back through F. g must enter "
        "first and run back through F: `grad_outputs=g`.",
    ),
    (
        lambda f, x, g: (torch.ones_like(g), _through(f, x, g)),
        "The derivative of x with respect to x is 1, and it is multiplied by what "
        "arrives, g.",
    ),
    (
        lambda f, x, g: (x, f(x)),
        "These are the values of the two paths on the way forward. Their gradients "
        "are asked for.",
    ),
    (
        lambda f, x, g: (g, f(x)),
        "The second is the value F(x). Return the gradient that it sends to x.",
    ),
    (
        lambda f, x, g: (g, g * f(x)),
        "The second multiplies g by F(x), not by the derivative of F.",
    ),
]

"""Chapter 6: mistakes in a shortcut, a count or a gradient, each with its hint."""

import copy

import torch


def _put(at, shape, stride, start=0):
    """Zeros of this shape, and in every `stride`-th place of the grid what `at` is."""
    at_x = at.new_zeros(shape)
    places = at_x[:, :, start::stride, start::stride]
    height, width = (
        min(pair) for pair in zip(places.shape[2:], at.shape[2:], strict=True)
    )
    places[:, :, :height, :width] = at[:, :, :height, :width]
    return at_x


def _kept(g, shape):
    """The channels of g that are those of x."""
    return g[:, : shape[1]]


def _spread(g, shape, stride):
    at_x = _kept(g, shape).repeat_interleave(stride, 2).repeat_interleave(stride, 3)
    return at_x[:, :, : shape[2], : shape[3]]


def _added(g, shape):
    """All channels of g, folded onto those of x."""
    at_x = _kept(g, shape).clone()
    for first in range(shape[1], g.shape[1], shape[1]):
        part = g[:, first : first + shape[1]]
        at_x[:, : part.shape[1]] += part
    return at_x


def _corner(g, shape, stride):
    at_x = g.new_zeros(shape)
    at_x[:, :, : g.shape[2], : g.shape[3]] = _kept(g, shape)
    return at_x


def _floored(g, shape, stride):
    height, width = (side // stride for side in shape[2:])
    return _put(_kept(g, shape)[:, :, :height, :width], shape, stride)


# Each gives the gradient at x of the mistake.
SHORTCUT_A = [
    (
        lambda g, shape, s: g,
        "g came back as it was. That is right only at stride 1, where the channels "
        "stay.",
    ),
    (
        lambda g, shape, s: g.new_zeros(shape),
        "Only zeros came back. What of x does reach y, and with which factor?",
    ),
    (
        lambda g, shape, s: _kept(g, shape),
        "The grid is still that of y. Each number goes to its place in the grid of x.",
    ),
    (
        lambda g, shape, s: _put(g, (shape[0], g.shape[1], *shape[2:]), s),
        "The channels are still those of y. Those behind the channels of x are zeros "
        "that do not depend on x.",
    ),
    (
        lambda g, shape, s: _put(g[:, -shape[1] :], shape, s),
        "These are the last channels of g. The zeros were appended behind those of x, "
        "which come first.",
    ),
    (
        lambda g, shape, s: _put(_added(g, shape), shape, s),
        "The other channels of g were added. They were filled with zeros, not with x: "
        "what they get back reaches nobody.",
    ),
    (
        lambda g, shape, s: _put(
            g.sum(1, keepdim=True).expand(shape[0], shape[1], -1, -1), shape, s
        ),
        "All channels of g were added up. Each channel of x went to one channel of y.",
    ),
    (
        _spread,
        "Each number of g was given to every place of its patch. Only one place was "
        "read; the others get 0.",
    ),
    (
        lambda g, shape, s: _spread(g, shape, s) / s**2,
        "That is the way back through an average over each patch. Option A picks one "
        "place: it gets all, the others get 0.",
    ),
    (
        lambda g, shape, s: _put(_kept(g, shape) * s**2, shape, s),
        "The right places, but multiplied. A number that was picked counts once.",
    ),
    (
        lambda g, shape, s: _put(_kept(g, shape) / s**2, shape, s),
        "The right places, but divided. A number that was picked counts whole.",
    ),
    (
        lambda g, shape, s: _put(_kept(g, shape), shape, s, start=1),
        "You start at the second row and column. The first ones were picked.",
    ),
    (
        lambda g, shape, s: _put(_kept(g, shape), shape, s, start=s - 1),
        "You start at the last row and column of each patch. The first were picked.",
    ),
    (
        _corner,
        "g stands in the top left corner. Each number belongs where it was picked: at "
        "every `stride`-th row and column.",
    ),
    (
        _floored,
        "The last row or column that was picked gets nothing: 9 rows become 5, not 4.",
    ),
    (
        lambda g, shape, s: _put(torch.ones_like(_kept(g, shape)), shape, s),
        "Ones at the right places: that is the derivative. It is multiplied by what "
        "arrives, g.",
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
    y = copy.deepcopy(residual)(x)  # which moves no average that is still wanted
    return torch.autograd.grad(y, x, grad_outputs=g)[0]


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
    *[
        (
            lambda f, x, g, other=other: (
                g,
                _through(copy.deepcopy(f).train(other), x, g),
            ),
            f"The second is the gradient in {name} mode. F came in the other one, and "
            "a BatchNorm differs in both.",
        )
        for other, name in [(True, "training"), (False, "evaluation")]
    ],
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

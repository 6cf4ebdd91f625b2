"""Look into the learner's net: which layers run, in which order, and with what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

import torch
from torch import Tensor, nn

from ..probes import parameters as count
from .describe import Words
from .expect import made
from .kept import can_learn, unchanged


@dataclass
class Call:
    """One layer at work."""

    layer: nn.Module
    x: torch.Tensor
    y: torch.Tensor | None = None  # None: it failed


@dataclass
class Notes:
    """How a net was asked; a copy of the net writes into the same notes."""

    modes: list = field(default_factory=list)  # True: training
    graphs: list = field(default_factory=list)  # True: gradients switched on
    seen: list = field(default_factory=list)  # pictures

    def __deepcopy__(self, memo) -> "Notes":
        return self


def calls_of(net: nn.Module, x: torch.Tensor, any_misfit=False) -> list[Call]:
    """Run `net(x)` and return the calls of its innermost layers, in order.

    Where tensors do not fit outside of a layer, as in a sum, the calls until then are
    returned; any other error is raised. any_misfit: inside of a layer, too.
    """
    calls = []
    inner = [layer for layer in net.modules() if not list(layer.children())]
    hooks = [
        hook
        for layer in inner
        for hook in (
            layer.register_forward_pre_hook(
                lambda layer, args, named: calls.append(
                    Call(layer, *[*args, *named.values()][:1])
                ),
                with_kwargs=True,
            ),
            layer.register_forward_hook(
                lambda layer, args, y: setattr(calls[-1], "y", y)
            ),
        )
    ]
    try:
        net(x.clone())  # it may write into x
    except RuntimeError as error:
        in_a_layer = calls and calls[-1].y is None
        if not any_misfit and (in_a_layer or type(error) is not RuntimeError):
            raise
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def convs_among(calls: list[Call], kernel_size: int) -> list[Call]:
    """Return the calls of convolutions with square kernels of this size."""
    size = (kernel_size, kernel_size)
    convs = (call for call in calls if isinstance(call.layer, nn.Conv2d))
    return [call for call in convs if call.layer.kernel_size == size]


def norm_after(call: Call, calls: list[Call]) -> nn.BatchNorm2d | None:
    """Return the BatchNorm that takes exactly what this call has put out."""
    norms = [c for c in calls if isinstance(c.layer, nn.BatchNorm2d)]
    return next((c.layer for c in norms if c.x is call.y), None)


def in_order(net: nn.Module, x: Tensor, sizes=()) -> list[nn.Module | None]:
    """Return the convolutions as they run on x, each with the BatchNorm behind it.

    x: (B, C, H, W); sizes: of square kernels, then only these, size by size. None
    stands where no BatchNorm follows.
    """
    calls = calls_of(net, x)
    convs = [call for call in calls if isinstance(call.layer, nn.Conv2d)]
    if sizes:
        convs = [conv for size in sizes for conv in convs_among(calls, size)]
    return [layer for call in convs for layer in (call.layer, norm_after(call, calls))]


def take_weights(theirs: list, ours: list, expect, hint: str) -> None:
    """Expect layers of the same kinds in the same order, and give them our weights.

    None stands for a BatchNorm that is missing.
    """
    none = Words("none")
    pairs = zip_longest(map(_kind, theirs), map(_kind, ours), fillvalue=none)
    got, want = next((pair for pair in pairs if pair[0] != pair[1]), (none, none))
    expect.equal("the first layer that differs", got, want, hint=hint)
    for source, target in zip(ours, theirs, strict=True):
        target.load_state_dict(source.state_dict())


def _kind(layer) -> Words:
    """What two layers must share to take each other's weights, in words."""
    if layer is None:
        return Words("a convolution without a BatchNorm directly behind it")
    tensors = [(n, t.shape) for n, t in layer.state_dict().items() if t.ndim]
    words = [f"{name} {'×'.join(map(str, shape))}" for name, shape in tensors]
    return Words(f"{type(layer).__name__}: {', '.join(words)}")


@torch.no_grad()
def copy_weights(net: nn.Module, reference: nn.Module) -> bool:
    """Randomise the reference and copy it into `net`, tensor by tensor, in order.

    Returns False if the tensors do not fit one to one. A 1×1 convolution fits a
    linear layer of the same size.
    """
    randomise(reference)
    ours, theirs = _tensors(reference), _tensors(net)
    if [t.numel() for t in ours] != [t.numel() for t in theirs]:
        return False
    for source, target in zip(ours, theirs, strict=True):
        target.copy_(source.view_as(target))
    return True


def three_convs_as(library: nn.Module, net: nn.Module, x, expect, hint: str, mistakes):
    """Expect `net` to be `library`: three convolutions, each with its BatchNorm.

    Both are known to run these layers in this order. x: (B, C, H, W), on which both
    must put out the same with the same weights, and hand back the same gradient; hint:
    the order of the layers; mistakes: as `made` takes them.
    """
    expect.equal(
        "the number of parameters",
        count(net),
        count(library),
        hint="Three convolutions and three BatchNorms learn, and nothing else.",
    )
    randomise(library)
    take_weights(in_order(net, x), in_order(library, x), expect, hint)
    can_learn(net.parameters(), expect, "Leave `requires_grad` as it is.")
    back = f"It must come back through every layer. {CUT}"
    same_function(library, net, x, expect, hint, back=back, mistakes=mistakes)


def normed_three(convs: list[Call], calls: list[Call], expect, hint: str):
    """Expect three convolutions without biases, a BatchNorm directly behind each.

    hint: the order of the layers.
    """
    expect.true(
        "no biases",
        all(call.layer.bias is None for call in convs),
        got="a convolution with a bias",
        expected="`bias=False`",
        hint="BatchNorm subtracts the mean, and the bias with it: `bias=False`.",
    )
    norms = [norm_after(call, calls) for call in convs]
    expect.true(
        "a BatchNorm of its own directly behind each",
        None not in norms and len(set(norms)) == 3,
        got="a convolution without one, or one that is shared",
        expected="three `nn.BatchNorm2d`",
        hint=hint,
    )


NO_LAYERS = (
    "No `nn.Conv2d` runs as a part of the module. Keep each in `self`, several in an "
    "`nn.Sequential` or an `nn.ModuleList` (a plain list hides them), and use them in "
    "`forward`."
)
CUT = "`.detach()`, `.data` or `no_grad` cut it. Leave them out of `forward`."


def gradient_at(function: Callable, x: Tensor) -> Tensor:
    """Return the gradient at x of the sum of function(x) squared; 0 where none comes.

    x: (B, C, H, W), as the gradient; function(x) may have any shape.
    """
    x = x.detach().clone().requires_grad_()
    y = function(x)
    if not y.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(y.square().sum(), x, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient


def same_function(
    library, net, x, expect, hint, *, back, mistakes=(), cuts=(), training=(), atol=1e-3
):
    """Expect `net` to compute what `library` does; both hold the same weights.

    In evaluation mode and in training mode, with the same gradient for x and without
    writing into it. x: (B, C, H, W); hint, back: if the output, or the gradient, is
    another; mistakes, cuts, training: known ones in evaluation mode, in the gradient
    and in training mode, as `made` takes them; atol: of the gradient.
    """
    library.eval(), net.eval()
    given = x.clone()
    with torch.no_grad():
        expect.close(
            "the output, with the same weights",
            net(given),
            library(x),
            hint=hint,
            mistakes=made(mistakes, library, x),
        )
    unchanged(given, x, expect)
    same_gradient(library, net, x, expect, back, cuts, atol)
    same_in_training(library, net, x, expect, training)


def same_gradient(library, net, x, expect, hint, cuts=(), atol=1e-3):
    """Expect `net` to hand back to x the gradient that `library` does."""
    expect.close(
        "the gradient that reaches x",
        gradient_at(net, x),
        gradient_at(library, x),
        hint=hint,
        mistakes=[(gradient_at(partial(cut, library), x), text) for cut, text in cuts],
        atol=atol,
    )


BOTH_WAYS = f"It must come back through F and through the shortcut. {CUT}"


def cuts_of_a_block(after: Callable = lambda y: y) -> list[tuple[Callable, str]]:
    """Where the gradient of a block may be lost; after: what follows the sum."""
    return [
        (
            lambda block, x: after(block.residual(x) + block.shortcut(x).detach()),
            f"No gradient comes back through the shortcut. {CUT}",
        ),
        (
            lambda block, x: after(block.residual(x).detach() + block.shortcut(x)),
            f"No gradient comes back through F. {CUT}",
        ),
    ]


def same_in_training(library, net, x, expect, mistakes=()):
    """Expect `net` to put out on x what `library` does, both in training mode."""
    expect.close(
        "the output in training mode",
        net.train()(x.clone()),
        library.train()(x),
        hint="In evaluation mode it was right. What works only in training? Leave "
        "out a Dropout, and let BatchNorm switch with the net.",
        mistakes=made(mistakes, library, x),
        atol=1e-4,
    )


@torch.no_grad()
def randomise(net: nn.Module) -> None:
    """Draw every gamma, beta and running statistic, so that none hides a mistake."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)


def _tensors(net: nn.Module) -> list[torch.Tensor]:
    return [t for t in net.state_dict().values() if t.is_floating_point()]

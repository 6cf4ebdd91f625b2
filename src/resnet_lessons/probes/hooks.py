"""Looking into a net while it runs, and leaving it as it was."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

Hook = Callable[[nn.Module, tuple, object], None]  # module, inputs, output


@contextmanager
def watching(modules: list[nn.Module], hook: Hook) -> Iterator[None]:
    """Call the hook after each forward pass of each of the modules."""
    with ExitStack() as handles:
        for module in modules:
            handles.enter_context(module.register_forward_hook(hook))
        yield


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards each module is in its own mode."""
    modes = {module: module.training for module in net.modules()}
    try:
        with torch.no_grad():
            yield net.eval()
    finally:
        for module, mode in modes.items():
            module.training = mode


def parts(
    net: nn.Module,
    depth: int | None,  # 1: the children, 2: theirs, ...; None: to the last layer
    name: str = "",  # of the net itself
) -> Iterator[tuple[str, nn.Module]]:
    """(name, module) of the modules at that depth, and of layers that end above it.

    A list of modules is no level of its own: nothing ever runs it.
    """
    children = list(net.named_children())
    if not children or (depth is not None and depth < 1):
        yield name, net
        return
    for child_name, child in children:
        level = 0 if isinstance(child, nn.ModuleList | nn.ModuleDict) else 1
        path = f"{name}.{child_name}" if name else child_name
        yield from parts(child, None if depth is None else depth - level, path)

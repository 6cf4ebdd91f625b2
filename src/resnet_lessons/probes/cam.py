"""Where a net looks: feature maps, Grad-CAM and covering up (chapter 13).

Grad-CAM: Selvaraju et al. 2017, section 3. Covering up: Zeiler and Fergus 2014,
section 4.2.
"""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UsageError
from .hooks import watching


def feature_maps(net: nn.Module, module: nn.Module, pictures: Tensor) -> Tensor:
    """What `module` of `net` puts out for `pictures` (B, C, H, W), net in eval mode.

    (B, K, h, w) for a part of K channels, cut from the graph. UsageError for a module
    that `net` does not have or does not run.
    """
    with torch.no_grad():
        maps, _ = _run(net, module, pictures)
    return maps


def grad_cam(
    net: nn.Module,
    module: nn.Module,  # a part of `net` that puts out a grid
    pictures: Tensor,  # (B, C, H, W)
    classes: Tensor,  # (B,), whose score is asked about
    relu: bool = True,  # False: what speaks against the class stays, below 0
) -> Tensor:
    """Grad-CAM at the output of `module`: (B, h, w), in units of the class score.

    The weight of a channel is the mean over its places of the gradient of the score
    (before softmax), equation 1; the map is the ReLU of the weighted sum, equation 2.
    The net is in eval mode; its own mode, gradients and averages stay as they were.
    UsageError for a module without a grid, or a class that the net does not know.
    """
    with torch.enable_grad():
        maps, scores = _run(net, module, pictures, track=True)
        if maps.dim() != 4:
            raise UsageError("Grad-CAM needs a grid: take a part before the head.")
        if len(classes) != len(pictures):
            raise UsageError("Ask about one class for each picture.")
        if not 0 <= classes.min() <= classes.max() < scores.shape[1]:
            raise UsageError(f"The net knows the classes 0 to {scores.shape[1] - 1}.")
        chosen = scores.gather(1, classes[:, None]).sum()  # pictures do not mix
        (gradients,) = torch.autograd.grad(chosen, maps)  # (B, K, h, w)
    weights = gradients.mean((2, 3), keepdim=True)  # (B, K, 1, 1)
    found = (weights * maps.detach()).sum(1)  # (B, h, w)
    return found.relu() if relu else found


def _run(net, module, pictures, track: bool = False) -> tuple[Tensor, Tensor]:
    """(output of `module`, output of `net`) of a copy in eval mode."""
    names = {part: name for name, part in net.named_modules()}
    if module not in names:
        raise UsageError("The net has no such module: take one of net.modules().")
    twin = copy.deepcopy(net).eval().requires_grad_(False)
    seen = []

    def keep(part, inputs, output):
        # Parameters are frozen: the graph begins here, and holds nothing before it.
        if not isinstance(output, Tensor):
            raise UsageError("This part puts out no tensor: take another.")
        output = output.detach().requires_grad_(track)
        seen.append(output)
        return output.clone()  # the next layer may write into it: ReLU(inplace=True)

    with watching([twin.get_submodule(names[module])], keep):
        scores = twin(pictures)
    if not seen:
        raise UsageError(f"The net does not run {names[module]}: take another part.")
    return seen[-1], scores


def enlarged(maps: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Maps (B, h, w) at `size`, a side or (H, W), bilinear, to lay over the picture."""
    return F.interpolate(maps[:, None], size, mode="bilinear")[:, 0]


def mass_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """Share of each map (B, H, W), none below 0, inside its mask (B, H, W): (B,).

    A map of zeros has no mass to share: nan.
    """
    return (maps * masks).sum((1, 2)) / maps.sum((1, 2))


def covered(pictures: Tensor, masks: Tensor, fill: Tensor) -> Tensor:
    """`pictures` (B, C, H, W) with `fill` (B, C) where `masks` (B, H, W) is true."""
    return torch.where(masks[:, None], fill[:, :, None, None], pictures)


def ground(pictures: Tensor, masks: Tensor) -> Tensor:
    """Mean colour (B, C) of the pixels outside `masks` (B, H, W)."""
    outside = (~masks)[:, None].to(pictures)  # (B, 1, H, W)
    return (pictures * outside).sum((2, 3)) / outside.sum((2, 3))


def parts_with_grids(net: nn.Module) -> dict[str, nn.Module]:
    """The stem and each block of a `nets.ResNet`, by names for a reader."""
    found = {"stem": net.stem}
    for i, stage in enumerate(net.stages, 1):
        for j, block in enumerate(stage, 1):
            found[f"stage {i}, block {j}"] = block
    return found


def cam_by_layer(
    net: nn.Module,
    pictures: Tensor,  # (B, C, H, W), as the net takes them
    classes: Sequence[Sequence[int]],  # of each picture, which scores to ask about
) -> list[dict]:
    """Grad-CAM at each of `parts_with_grids`: [{name, side, maps}], in order.

    maps[b][c] is the map of picture b for classes[b][c], rows of numbers from 0 to 1:
    of the largest value of that map; all 0 where no place speaks for the class.
    """
    rows = []
    for name, module in parts_with_grids(net).items():
        each = []
        for column in zip(*classes, strict=True):
            maps = grad_cam(net, module, pictures, torch.tensor(column))
            top = maps.amax((1, 2), keepdim=True)
            each.append(torch.where(top > 0, maps / top, maps).tolist())
        maps = [list(of_picture) for of_picture in zip(*each, strict=True)]
        rows.append({"name": name, "side": len(maps[0][0]), "maps": maps})
    return rows


def shares_inside(layers: list[dict], masks: Tensor) -> list:
    """`mass_inside` of the maps of `cam_by_layer`, enlarged to masks (B, H, W).

    [layer][picture][class], None for a map of zeros.
    """
    size = masks.shape[-2:]

    def share(rows, mask):
        maps = enlarged(torch.tensor(rows)[None], size)
        return mass_inside(maps, mask[None]).item() if maps.any() else None

    return [
        [
            [share(rows, mask) for rows in each]
            for each, mask in zip(layer["maps"], masks, strict=True)
        ]
        for layer in layers
    ]

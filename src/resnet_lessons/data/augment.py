"""Random resized crop and flip for a whole batch at once.

The crop follows C. Szegedy et al., Going Deeper with Convolutions, 2015, section 6,
as torchvision and fastai draw it: area in [min_scale, 1], aspect ratio in
[3/4, 4/3] on a logarithmic scale, ten tries, then the whole picture.
"""

import math

import torch
import torch.nn.functional as F

RATIO = (3 / 4, 4 / 3)  # width / height of a crop
TRIES = 10
# What `resample` sees beyond a picture: its edge. MPS lacks "border" in torch 2.10, but
# half a pixel beyond the edge a "reflection" is the same, but for rounding.
BEYOND = {"mps": "reflection"}


def random_crops(n, min_scale, generator):
    """`n` crops of a unit square, (n, 4): left, top, width, height."""
    area = torch.empty(TRIES, n).uniform_(min_scale, 1, generator=generator)
    low, high = math.log(RATIO[0]), math.log(RATIO[1])
    ratio = torch.empty(TRIES, n).uniform_(low, high, generator=generator).exp()
    width, height = (area * ratio).sqrt(), (area / ratio).sqrt()
    fits = (width <= 1) & (height <= 1)
    pick = fits.int().argmax(0)[None]  # the first try that fits
    none = ~fits.any(0)
    width = width.gather(0, pick)[0].masked_fill(none, 1)
    height = height.gather(0, pick)[0].masked_fill(none, 1)
    left = torch.rand(n, generator=generator) * (1 - width)
    top = torch.rand(n, generator=generator) * (1 - height)
    return torch.stack([left, top, width, height], 1)


def crop_lines(crops, flips, size):
    """Where `size` evenly spaced pixels of each crop lie in its picture.

    crops: (n, 4); flips: (n,) bool, True mirrors. Returns x and y, (n, size) each, in
    the coordinates of `grid_sample`: -1 to 1 from edge to edge.
    """
    left, top, width, height = crops[:, :, None].unbind(1)  # (n, 1)
    centres = (2 * torch.arange(size, device=crops.device) + 1) / size - 1
    across = torch.where(flips[:, None], -centres, centres)
    x = 2 * left + width - 1 + width * across
    y = 2 * top + height - 1 + height * centres
    return x, y


def resample(images, x, y):
    """Read `images` (B, C, H, W) where the columns x (B, S) and rows y (B, S) cross.

    Bilinear reading sees 2×2 pixels, so it is fair down to half the size. Larger
    pictures are first averaged over whole blocks until they are within that factor
    (fastai's `affine_coord` shrinks by `F.interpolate(mode="area")` at the same point).
    """
    block = math.ceil(images.shape[-1] / (2 * x.shape[1]))
    if block > 1:
        height, width = images.shape[2:]
        below, right = -height % block, -width % block
        if below or right:  # to whole blocks; the lines stay where they are
            images = F.pad(images, (0, right, 0, below), "replicate")
            x = (x + 1) * width / (width + right) - 1
            y = (y + 1) * height / (height + below) - 1
        images = F.avg_pool2d(images, block)
    # A plane of x and one of y: quicker to write than pairs, and read as quickly.
    planes = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), 1)
    grid = planes.permute(0, 2, 3, 1)
    # Crops lie inside the picture, so padding only matters for half a pixel.
    padding = BEYOND.get(images.device.type, "border")
    return F.grid_sample(
        images, grid, mode="bilinear", padding_mode=padding, align_corners=False
    )


def centre(images, share):
    """The middle of `images` (B, C, H, W), `share` of each side, to whole pixels."""
    cut = [round((1 - share) / 2 * side) for side in images.shape[-2:]]
    (top, left), (height, width) = cut, images.shape[-2:]
    return images[..., top : height - top, left : width - left]


def resize(images, size):
    """The whole of `images` (B, C, H, W) at `size`×`size` pixels, antialiased."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(
        images, (size, size), mode="bilinear", antialias=True, align_corners=False
    )

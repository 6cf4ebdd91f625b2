"""Chapter 14, find the bugs: each defect of a split is looked for on its own."""

import torch

from .describe import parts_in_words
from .judges_14 import Look, look_for_each
from .mistakes_14 import HINTS

PAIRS = (
    "`return train, valid`, each of them `pictures, labels`: tensors of equal length, "
    "60 pictures in all."
)
ONE_FALSE = (
    "A list as a whole never equals a text: `==` gives one `False`, not one for each "
    "picture."
)


def check_prepare(answer, expect):
    images = torch.randint(0, 256, (60, 5, 4))
    folders = ["val" if number % 3 == 0 else "train" for number in range(60)]
    for number, folder in enumerate(folders):  # so that all statistics differ
        images[number] *= 1 + number % 5
        images[number] //= 10 if folder == "val" else 5
    numbers = torch.arange(60)  # as labels: they tell which picture it is
    got = answer(images.clone(), numbers.clone(), list(folders))
    words = parts_in_words(got)
    expect.true(
        "two pairs of pictures and labels are returned",
        _two_pairs(got),
        got=words,
        expected="((pictures, labels), (pictures, labels)), pictures of shape N×5×4",
        hint=ONE_FALSE if "shape 0×60×" in words else PAIRS,
    )
    parts = [(x.double(), y.long()) for x, y in got]
    expect.true(
        "pictures and labels belong together",
        _together(parts, images),
        got="another picture than that of the label",
        expected="each label beside its picture",
        hint=HINTS["labels"],
    )
    lines = _lines(parts, images)
    expect.true(
        "every pixel of a set is changed alike",
        all(misfit < 1e-3 for *_, misfit in lines),
        got="equal grey values that differ afterwards",
        expected="one mean and one deviation",
        hint=HINTS["pixels"],
    )
    expect.true(
        "the lighter of two pixels has the larger number",
        all(slope > 0 for slope, *_ in lines),
        got="the smaller number",
        expected="the larger one",
        hint=HINTS["lighter"],
    )
    look_for_each(
        expect,
        [
            Look("folders", "pictures of val in the training set",
                 lambda: _mixed(parts, folders)),
            Look("scale", "mean and deviation of the training pictures",
                 lambda: _scaled(parts[0][0])),
            Look("one scale", "the same grey value in both sets",
                 lambda: _one_scale(parts, images)),
        ],
    )  # fmt: skip


def _two_pairs(got) -> bool:
    try:
        pairs = [(x, y) for x, y in got]
        sizes = [(x.shape[1:], len(x), len(y)) for x, y in pairs]
    except Exception:
        return False
    tensors = all(isinstance(t, torch.Tensor) for pair in pairs for t in pair)
    fits = all(s == (5, 4) and n == m and n > 1 for s, n, m in sizes)
    return tensors and len(pairs) == 2 and fits and sum(n for _, n, _ in sizes) == 60


def _lines(parts, images):
    """For each part: slope, offset and misfit of its pixels against the grey values."""
    found = []
    for x, numbers in parts:
        raw = images[numbers].double().flatten() / 255
        slope = ((raw - raw.mean()) * (x.flatten() - x.mean())).mean() / raw.var(
            correction=0
        )
        offset = x.mean() - slope * raw.mean()
        misfit = (x.flatten() - slope * raw - offset).abs().max()
        found.append((slope.item(), offset.item(), misfit.item()))
    return found


def _together(parts, images) -> bool:
    """Is each picture more like that of its label than like any other?"""
    grey = _standardised(images)  # (60, pixels)
    alike = [(_standardised(x) @ grey.T).abs() for x, _ in parts]  # (n, 60) each
    return all(
        bool((row.argmax(1) == numbers).all())
        for row, (_, numbers) in zip(alike, parts, strict=True)
    )


def _standardised(pictures):
    """(N, pixels): of each picture, mean 0 and length 1; zeros where it is flat."""
    rows = pictures.double().flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-9)


def _mixed(parts, folders):
    count = sum(folders[number] == "val" for number in parts[0][1].tolist())
    missing = folders.count("train") - len(parts[0][1]) + count
    got = f"{count} of {folders.count('val')}"
    got += f", and {missing} of the folder train are not" if missing else ""
    return count == 0 and missing == 0, got, f"0 of {folders.count('val')}"


def _scaled(x):
    mean, std = x.mean().item(), x.std().item()
    held = abs(mean) < 0.01 and abs(std - 1) < 0.02
    return held, f"{mean:.2f} and {std:.2f}", "0 and 1"


def _one_scale(parts, images):
    (slope, offset, _), (other, shift, _) = _lines(parts, images)
    values = [f"{slope / 2 + offset:.2f}", f"{other / 2 + shift:.2f}"]
    held = abs(slope / other - 1) < 1e-5 and abs(offset - shift) < 1e-3
    got = "half grey is {} in training and {} in validation".format(*values)
    return held, got, "the same number in both"

"""The checks of chapter 12 name the mistake that was made."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from resnet_lessons import nets
from resnet_lessons.training import freezing
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

TRAIN, FREE = "    net.train()\n", "    net.requires_grad_(True)\n"
PARTS = "[net.stem, *net.stages[:stages]]"
OFF, EVAL = "part.requires_grad_(False)", "part.eval()"
FROZEN = [
    ([(OFF, "pass")], "Nothing is frozen."),
    ([(OFF, "part.requires_grad = False")], "attribute on the module"),
    ([(EVAL, "pass")], "the statistics are not"),
    (
        [(TRAIN, ""), ("part.eval()", "part.eval()\n    net.train()")],
        "which would undo it",
    ),
    ([(PARTS, "net.stages[:stages]")], "The stem comes before"),
    ([(PARTS, "[net.stem, *net.stages[:stages], net.head]")], "The head is frozen"),
    ([(PARTS, "[*net.stages[stages:], net.head]")], "The wrong way round"),
    ([(PARTS, "[net.stem, *net.stages[:stages + 1]]")], "One stage too many"),
    ([(PARTS, "[net.stem, *net.stages[:max(0, stages - 1)]]")], "One stage too few"),
    ([(FREE, "")], "Nothing learns. The head and the last stages must be free: this"),
    ([(FREE, ""), (PARTS, "net.modules()")], "Nothing learns"),
    ([(FREE, "    net.head.requires_grad_(True)\n")], "set the last stages free too"),
    ([(TRAIN, "    net.eval()\n")], "All of BatchNorm is in eval mode"),
    ([(TRAIN, "")], "All of BatchNorm is in eval mode"),
    ([(OFF, "[p.requires_grad_(False) for p in part.parameters() if p.ndim == 4]")],
     "has a γ and a β"),
    ([(EVAL, "part is net.stem or part.eval()")], "The stem is still"),
    ([(EVAL, "part is net.stem and part.eval()")], "frozen stages are still"),
    ([(PARTS, "[net.stem, net.stages(stages)]")], "of another type"),
    ([(EVAL, "[setattr(m, 'momentum', 0.0) for m in part.modules()]")],
     "uses the statistics of the batch"),
    ([(EVAL, "[getattr(m, 'reset_running_stats', m.eval)() for m in part.modules()]; "
       + EVAL)], "To freeze is to switch"),
    ([(FREE, f"{FREE}    import torch; net.head[-1] = torch.nn.Linear(16, 3)\n")],
     "those of the head too"),
    ([(FREE, f"{FREE}    import torch; net.stem = torch.nn.Identity()\n")],
     "To freeze is to switch"),
]  # fmt: skip

test_wrong_freezing_is_explained = explained("12.1", FROZEN)


def test_freezing_a_copy_is_recognised():
    hint = hint_of("12.1", lambda net, stages: ANSWERS["12.1"](deepcopy(net), stages))
    assert "not a copy" in hint


@pytest.mark.parametrize("stages", range(4))
def test_the_answer_freezes_as_the_library_does(stages):
    nets_ = [nets.cifar_net(8, width=4) for _ in range(2)]
    ANSWERS["12.1"](nets_[0], stages)
    freezing.freeze(nets_[1], 3 - stages)
    flags = [[p.requires_grad for p in net.parameters()] for net in nets_]
    modes = [
        [m.training for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        for net in nets_
    ]
    assert flags[0] == flags[1] and modes[0] == modes[1]


ORDER = "[net.head, *reversed(net.stages), net.stem]"
LEARN = "[p for p in part.parameters() if p.requires_grad]"
LR = '"lr": lr}'
FALL = "        lr = lr / factor\n"
RATED = [
    ([(ORDER, "[net.stem, *net.stages, net.head]")], "The wrong way round"),
    ([(FALL, "")], "All parts have the same rate"),
    ([(FALL, "        lr = lr * factor\n")], "Divide, do not multiply"),
    ([(FALL, ""), ("        learn = ", FALL + "        learn = ")], "itself"),
    ([(LEARN, "list(part.parameters())")], "if p.requires_grad"),
    ([(LEARN, "(p for p in part.parameters() if p.requires_grad)")],
     "Is a generator used twice?"),
    ([("if learn:", "if True:")], "Leave the group of a frozen part out"),
    ([(ORDER, "[*reversed(net.stages), net.stem]")], "each part that learns"),
    ([(ORDER, "[net.head, *reversed(net.stages)]")], "each part that learns"),
    ([(LEARN, "[p for p in part.parameters() if p.requires_grad and p.ndim > 1]")],
     "Every parameter of the part"),
    ([(LEARN, "[p for p in net.parameters() if p.requires_grad]")], "refuses this"),
    ([(FALL, ""), ("groups.append({", "groups.append({"), (LR, LR),
      ("})\n", "})\n            lr = lr / factor\n")], "keeps its place"),
    ([('groups.append({"params": learn, "lr": lr})',
       'groups += [{"params": [p], "lr": lr} for p in learn]')],
     "One dictionary for each part"),
    ([("return groups", "return groups[0]")], "One dictionary for each part"),
    ([("return groups", "return tuple(groups)")], "One dictionary for each part"),
    ([('"lr": lr', '"rate": lr')], "One dictionary for each part"),
    ([("return groups", "pass")], "Nothing was returned"),
    ([("*reversed(net.stages)", "*[b for s in net.stages for b in s][::-1]")],
     "share its rate"),
    ([(LEARN, "list(part.parameters())"), ("if learn:", "if learn[0].requires_grad:")],
     "each part that learns"),
    ([("net.head, *", "net.head, net.stages[3], *")], "has three stages"),
    ([("groups.append({", "groups = groups.append({")], "Something here is `None`"),
    ([("[p for p in part", "[p.data for p in part")], "such as `.data`"),
    ([(LEARN, "[n for n, p in part.named_parameters() if p.requires_grad]")],
     "neither their names"),
]  # fmt: skip


test_wrong_rates_are_explained = explained("12.2", RATED)


def linear(net, lr, factor):
    parts = [net.head, *reversed(net.stages), net.stem]
    rates = [lr, *[lr / (factor * i) for i in range(1, 5)]]
    found = [
        {"params": [p for p in part.parameters() if p.requires_grad], "lr": rate}
        for part, rate in zip(parts, rates, strict=True)
    ]
    return [group for group in found if group["params"]]


def two_rates(net, lr, factor):
    groups = linear(net, lr, factor)
    return [groups[0], *[group | {"lr": lr / factor} for group in groups[1:]]]


@pytest.mark.parametrize(
    ("answer", "words"), [(linear, "`factor**2`"), (two_rates, "among themselves")]
)
def test_other_falls_are_explained(answer, words):
    assert words in hint_of("12.2", answer)


def test_the_answer_gives_the_rates_of_the_library():
    net = nets.cifar_net(8, width=4)
    freezing.freeze(net, 2)
    ours = ANSWERS["12.2"](net, 0.3, freezing.FALL)
    theirs = freezing.rate_groups(net, 2, 0.3)
    assert [g["lr"] for g in ours] == pytest.approx([g["lr"] for g in theirs])
    for a, b in zip(ours, theirs, strict=True):
        assert [id(p) for p in a["params"]] == [id(p) for p in b["params"]]
    torch.optim.AdamW(ours)


RGB, RESIZE = 'picture.convert("RGB")', 'TF.resize(picture.convert("RGB"), size)'
CROP, TENSOR = "TF.center_crop(picture, size)", "TF.to_tensor(picture)"
NORMAL = "TF.normalize(x, mean, std)[None]"
WHOLE = "TF.pil_to_tensor(picture).float()"
SEEN = [
    ([(TENSOR, WHOLE)], "Divide by 255 first"),
    ([(TENSOR, WHOLE), (NORMAL, "x[None]")], "pixels from 0 to 255"),
    ([(TENSOR, TENSOR + " / 255")], "twice"),
    ([(TENSOR, WHOLE + " / 256")], "not by 256"),
    ([(RESIZE, 'picture.convert("RGB").resize((size * picture.width // min('
       'picture.size), min(picture.size) if picture.height > picture.width else size))'
       )], "Scale by a smooth filter"),
    ([(NORMAL, "x[None]")], "run from 0 to 1"),
    ([(NORMAL, "(x - torch.tensor(mean)[:, None, None])[None]")], "Divide by `std`"),
    ([(NORMAL, "(x / torch.tensor(std)[:, None, None])[None]")], "Subtract `mean`"),
    ([("mean, std)[None]", "std, mean)[None]")], "changed places"),
    ([("[None]", "")], "axis of the batch"),
    ([("[None]", "[None].permute(0, 2, 3, 1)")], "Channels come first"),
    ([("[None]", "[None].mT")], "Rows and columns"),
    ([(TENSOR, TENSOR + ".permute(1, 2, 0).reshape(3, size, size)")],
     "only regroups the numbers"),
    ([(TENSOR, TENSOR + ".flip(0)")], "blue, green, red"),
    ([(RESIZE, RESIZE.replace("size)", "[size, size])"))], "squashed"),
    ([(RESIZE, RGB)], "without scaling"),
    ([(CROP, "TF.crop(picture, 0, 0, size, size)")], "or a random place"),
    ([(CROP, "picture")], "cut its centre"),
    ([(RGB, "picture")], "comes first"),
    ([(TENSOR, "TF.to_tensor(picture)[:3]"),
      (RGB, 'picture if picture.mode == "LA" else picture.convert("RGB")')],
     "this picture is LA"),
    ([(RGB, "picture"), (CROP, f'{CROP}.convert("RGB")')], "how solid"),
    ([(NORMAL, "(x - torch.tensor(mean)[:, None, None])[None] "
       "* torch.tensor(std)[:, None, None]")], "Multiplied by `std`"),
    ([(NORMAL, "TF.normalize(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))[None]")],
     "ImageNet's"),
    ([(NORMAL, "TF.normalize(x, x.mean((1, 2)).tolist(), x.std((1, 2)).tolist())"
       "[None]")], "picture's own mean"),
    ([("[None]", ".permute(1, 2, 0).reshape(1, 3, size, size)")],
     "only regroups the numbers"),
    ([(RESIZE, RESIZE.replace("size)", "[size * s // max(picture.size) "
       "for s in picture.size[::-1]])"))], "The long side"),
    ([(RESIZE, RESIZE.replace("size)", "size * 256 // 224)"))], "as 256 before"),
    ([(TENSOR, "TF.pil_to_tensor(picture).float() // 255")], "or by `//`"),
    ([("[None]", "[None].double()")], "float32"),
    ([("[None]", "[None].bfloat16()")], "float32"),
    ([("[None]", "[None].numpy()")], "Return a tensor of PyTorch"),
    ([(NORMAL, "(x - mean)[None]")], "of another type"),
    ([(RESIZE, RESIZE.replace("size)", "size, TF.InterpolationMode.NEAREST)"))],
     "became a coarse one"),
    ([(RESIZE, "TF.resize(TF.to_tensor(" + RGB + "), size, antialias=False)"),
      (TENSOR, "picture")], "became a coarse one"),
    ([("picture = TF.resize(", "from PIL import Image\n"
       "    whole = picture.convert('RGBA')\n"
       "    ground = Image.new('RGBA', whole.size, 'white')\n"
       "    picture = Image.alpha_composite(ground, whole)\n"
       "    picture = TF.resize(")], "transparent pixels became white"),
]  # fmt: skip


test_wrong_pixels_are_explained = explained("12.3", SEEN)


def test_the_answer_is_torchvisions_own_pipeline():
    pixels = np.random.RandomState(0).randint(0, 256, (30, 50, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    steps = [v2.Resize(20), v2.CenterCrop(20), v2.ToImage()]
    steps += [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    want = v2.Compose(steps)(picture)[None]
    torch.testing.assert_close(ANSWERS["12.3"](picture, 20, mean, std), want)


@pytest.mark.parametrize(
    "filter_", [Image.BILINEAR, Image.HAMMING, Image.BICUBIC, Image.LANCZOS]
)
def test_another_way_of_scaling_passes(filter_):
    def answer(picture, size, mean, std):
        picture = picture.convert("RGB")
        width, height = picture.size
        share = size / min(width, height)
        picture = picture.resize((round(width * share), round(height * share)), filter_)
        left, top = (picture.width - size) // 2, (picture.height - size) // 2
        picture = picture.crop((left, top, left + size, top + size))
        x = (np.asarray(picture, dtype=np.float32) / 255 - mean) / std
        return torch.tensor(x).permute(2, 0, 1)[None].float()

    passes("12.3", answer)


def test_a_tensor_scaled_by_a_smooth_filter_passes():
    resize = f"TF.resize(TF.to_tensor({RGB}), size, antialias=True)"
    answer = edited("12.3", (RESIZE, resize), (TENSOR, "picture"))
    passes("12.3", answer)

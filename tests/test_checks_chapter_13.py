"""The checks of chapter 13 name the mistake that was made."""

import numpy as np
import pytest
import torch

from resnet_lessons import nets, probes
from resnet_lessons.checks.judges_13_bowl import below_each_chord
from wrong_answers import ANSWERS, explained, hint_of, passes

PRODUCT = "(chosen[:, :, None, None] * features)"
MAPS = [
    ([("weights[classes]", "weights[classes[:1]].expand(len(classes), -1)")],
     "class of the first one"),
    ([(f"{PRODUCT}.sum(1)", "torch.einsum('bkhw,ck->bchw', features, weights)")],
     "maps of all classes"),
    ([(f"{PRODUCT}.sum(1)",
       "torch.einsum('bkhw,ck->bchw', features, weights)[:, classes]")],
     "about the classes of all"),
    ([(PRODUCT, "features")], "added up without"),
    ([(f"{PRODUCT}.sum", "features.mean")], "averaged without"),
    ([(".sum(1)", ".mean(1)")], "mean over channels"),
    ([("weights[classes]", "weights[classes] / features[0, 0].numel()")],
     "number of places"),
    ([(".sum(1)", ".sum(1).mean((1, 2))")], "before the average"),
    ([(".sum(1)", ".sum(1).relu()")], "Negative places"),
    ([("weights[classes]", "weights[classes].relu()")], "Negative weights"),
    ([("weights[classes]", "weights[classes].abs()")], "signs"),
    ([("weights[classes]", "weights[classes].softmax(1)")], "softmax"),
    ([(".sum(1)", "")], "a map of its own still"),
    ([(".sum(1)", ".sum(1).mT")], "changed places"),
    ([("[:, :, None, None]", "")], "two more axes"),
    ([(".sum(1)", ".sum(1) + 1")], "sum over channels of weight"),
    ([("return (", "(")], "is a `return` missing"),
    ([(".sum(1)", ".sum(1, keepdim=True)")], "length 1 is left over"),
    ([(".sum(1)", ".sum(1).squeeze()")], "axis of the pictures is gone"),
    ([(PRODUCT, "features.mul_(chosen[:, :, None, None])")], "in place"),
    ([("* features", "* features.relu()")], "sum over channels of weight"),
    ([(".sum(1)", ".sum(0)")], "Summed over the pictures"),
    ([(".sum(1)", ".sum(2)")], "Summed over the rows"),
    ([("return ", "maps = "),
      (".sum(1)", ".sum(1)\n    maps = maps - maps.amin((1, 2), True)\n"
       "    return maps / maps.amax((1, 2), True)")], "rescaled to 0…1"),
]  # fmt: skip

test_wrong_map_is_explained = explained("13.1", MAPS)


ROWS, RESULT = "direction.flatten(1)", "rows / lengths * wanted"
ZEROS = "return torch.zeros_like(weight)"
DIRECTIONS = [
    ([(f"{ROWS}", "direction"),
      ("rows.norm(dim=1, keepdim=True)", "rows.norm(dim=(1, 2, 3), keepdim=True)")],
     "`flatten(1)` makes one row"),
    ([(f"({RESULT}).reshape(weight.shape)", "direction")], "came back as it was."),
    ([("rows.norm(dim=1, keepdim=True)", "rows.norm()"),
      ("weight.flatten(1).norm(dim=1, keepdim=True)", "weight.norm()")],
     "rescaled by one number"),
    ([(RESULT, "rows / lengths")], "length 1 now. Multiply"),
    ([(RESULT, "rows / rows.norm()")], "whole tensor has length 1"),
    ([(RESULT, "rows * wanted")], "not divided by its own"),
    ([(RESULT, "rows.sign() * weight.flatten(1).abs()")], "Each single number"),
    ([(RESULT, "rows * weight.flatten(1)")], "number by number"),
    ([(RESULT, "rows * (wanted / lengths) ** 2")], "root is missing"),
    ([("norm(dim=1,", "norm(p=1, dim=1,")], "sum of squares"),
    ([(RESULT, "rows * lengths / wanted")], "Upside down"),
    ([(RESULT, "weight.flatten(1) / wanted * lengths")], "weight was rescaled"),
    ([(RESULT, "weight.flatten(1) + rows / lengths * wanted")], "added already"),
    ([("if weight.dim() < 2:", "if True:")], "one axis only"),
    ([(ZEROS, "return direction")], "of a bias came back"),
    ([(ZEROS, "return direction * weight.norm() / direction.norm()")],
     "does not move at all"),
    ([(ZEROS, "return direction / direction.norm()")], "does not move at all"),
    ([(ZEROS, "return direction.sign() * weight.abs()")], "was taken for a filter"),
    ([(ZEROS, "return weight")], "the bias itself"),
    ([(ZEROS, "return torch.tensor(0.)")], "One zero is not enough"),
    ([(ZEROS, "return 0")], "Return a tensor of PyTorch"),
    ([(ZEROS, "return direction.zero_()")], "in place"),
    ([("weight.dim() < 2", "False")], "look at `weight.dim()`"),
    ([("rows / lengths", "rows.div_(lengths)")], "in place"),
    ([(".reshape(weight.shape)", "")], "reshape(weight.shape)"),
    ([(RESULT, "rows / lengths * wanted * 2")], "Divide each filter"),
]  # fmt: skip

test_wrong_direction_is_explained = explained("13.2", DIRECTIONS)


@pytest.mark.parametrize(
    ("axes", "words"), [("(0, 2, 3)", "wrong axis"), ("(2, 3)", "Each k×k kernel")]
)
def test_other_axes_are_recognised(axes, words):
    def answer(direction, weight):
        along = tuple(int(c) for c in axes if c.isdigit())
        length = [t.square().sum(along, keepdim=True) for t in (direction, weight)]
        return direction * (length[1] / length[0]).sqrt()

    assert words in hint_of("13.2", answer)


def test_the_direction_is_the_librarys():
    weight, direction = torch.randn(4, 3, 5, 5), torch.randn(4, 3, 5, 5)
    for shape in [(4, 3, 5, 5), (4, 75), (300,)]:
        pair = direction.reshape(shape), weight.reshape(shape)
        ours, theirs = ANSWERS["13.2"](*pair), probes.filter_normalised(*pair)
        torch.testing.assert_close(ours, theirs)


MEAN = "gradients.mean((2, 3), keepdim=True)"
ALL = "(weights * features).sum(1).relu()"
GRADS = [
    ([(".relu()", "")], "ReLU at the end is missing"),
    ([(ALL, "(weights * features).relu().sum(1)")], "ReLU came before the sum"),
    ([("gradients.mean", "gradients.relu().mean")], "cut off before the mean"),
    ([("keepdim=True)", "keepdim=True).relu()")], "Negative weights"),
    ([("keepdim=True)", "keepdim=True).abs()")], "signs of the weights"),
    ([(".sum(1).relu()", ".sum(1).abs()")], "size of the map"),
    ([("gradients.mean", "gradients.sum")], "Their weight is the mean"),
    ([("weights * features", "gradients * features")], "place by place"),
    ([(".sum(1)", ".mean(1)")], "mean over channels"),
    ([("(weights * features)", "gradients")], "gradients alone"),
    ([("(weights * features)", "features")], "features were added up"),
    ([("(weights * features).sum", "features.mean")], "features were averaged"),
    ([("mean((2, 3)", "mean((0, 2, 3)")], "over the pictures too"),
    ([("mean((2, 3)", "mean((1,)")], "over the channels"),
    ([("gradients.mean", "gradients.amax")], "largest gradient"),
    ([("scores.sum()", "scores.mean()")], "averaged before the gradient"),
    ([("scores.sum()", "scores[0]")], "Only one score was differentiated"),
    ([("scores.sum()", "scores[-1]")], "Only one score was differentiated"),
    ([(ALL, f"torch.zeros_like({ALL})")], "mean of the gradients over the places"),
    ([("return (", "maps = ("), (".relu()", ".relu()\n    return maps / maps.max()")],
     "largest value of 1"),
    ([("return (weights * features)", "with torch.no_grad():\n"
       "        features *= weights\n    return features")], "in place"),
    ([("return (weights * features)", "features *= weights\n    return features")],
     "`*=` does not"),
    ([(ALL, "(weights * features).sum(1).relu() / "
            "(weights * features).sum(1).relu().amax((1, 2), keepdim=True)")],
     "largest value of 1"),
    ([(ALL, "weights[:, :, 0, 0]")], "weights of the channels"),
    ([(".sum(1)", "")], "a map of its own still"),
    ([("(gradients,) =", "scores.sum().backward(); gradients = features.grad #")],
     "keeps no `.grad`"),
    ([("(gradients,) =", "gradients =")], "tuple with one tensor"),
    ([("return (", "return 2 * (")], "mean of the gradients over the places"),
    ([(", keepdim=True", "")], "need two more axes"),
    ([("scores.sum()", "scores")], "`scores` holds several"),
    ([("scores.sum()", "scores.detach().sum()")], "The graph is cut"),
    ([("scores.sum(), features)", "scores[0], features)\n"
       "    torch.autograd.grad(scores[1], features)")], "after the first gradient"),
    ([("gradients.mean", "gradients.average")], "has no such part"),
    ([(".sum(1)", ".sum(1, keepdim=True)")], "length 1 is left over"),
    ([(".sum(1)", ".sum(1).squeeze()")], "axis of the pictures is gone"),
    ([("(gradients,) =", "features = features.detach().requires_grad_()\n"
       "    (gradients,) =")], "no detached copy"),
]  # fmt: skip

test_wrong_grad_cam_is_explained = explained("13.3", GRADS)


def test_the_map_is_the_librarys():
    torch.manual_seed(0)
    net = nets.build("resnet-8-cifar", width=4).eval()
    x, classes = torch.randn(3, 3, 16, 16), torch.tensor([1, 5, 5])
    features = net.stages(net.stem(x))
    scores = net.head(features).gather(1, classes[:, None])[:, 0]
    ours = ANSWERS["13.3"](features, scores)
    theirs = probes.grad_cam(net, net.stages, x, classes)
    torch.testing.assert_close(ours.detach(), theirs)


def test_maps_without_a_graph_behind_them_pass_too():
    passes("13.3", lambda f, s: ANSWERS["13.3"](f, s).detach())


SLOPE = "(after - before) / (end - start)"
BOWLS = [
    ([("left <= right", "left < right")], "A straight line is convex"),
    ([("left <= right", "left >= right")], "This one can be convex"),
    ([(SLOPE, "after - before")], "not evenly spaced"),
    ([(SLOPE, "abs(after - before) / (end - start)")], "This one can be convex"),
    ([(SLOPE, "(after - before) // (end - start)")], "The numbers are exact"),
    ([(SLOPE, "round((after - before) / (end - start))")], "The numbers are exact"),
    ([("left <= right", "right >= left - 0.4")], "The numbers are exact"),
    ([("left <= right", "right >= 0.9 * left")], "a slope of 15"),
    ([(SLOPE, "(losses[-1] - before) / (positions[-1] - start)")], "step by itself"),
    ([("pairwise(slopes))", "pairwise(slopes[:-1]))")], "the last two, too"),
    ([("left <= right", "left <= 0 or right >= 0")], "It only climbs"),
    ([("left <= right", "left < 0 or left <= right")], "a slope of -0.5"),
    ([("return all(", "return max(losses) in (losses[0], losses[-1]) and any(")],
     "The second point lies above"),
    ([("return all(", "return len(losses) > 2 and all(")], "nothing to compare"),
    ([("return all(", "return losses[2] is not None and all(")], "nothing to compare"),
    ([("return all(", "return str(all("), ("pairwise(slopes))", "pairwise(slopes)))")],
     "Return `True` or `False`"),
    ([("return all(", "losses.sort()\n    return all(")], "Only read it"),
]  # fmt: skip

test_a_wrong_test_for_a_bowl_is_explained = explained("13.4", BOWLS)


def with_numpy(positions, losses):
    slopes = np.diff(losses) / np.diff(positions)
    return (np.diff(slopes) >= 0).all()


def with_torch(positions, losses):
    x, y = torch.tensor(positions).double(), torch.tensor(losses).double()
    return ((y.diff() / x.diff()).diff() >= 0).all()


@pytest.mark.parametrize("answer", [with_numpy, with_torch, below_each_chord])
def test_another_test_for_a_bowl_passes(answer):
    passes("13.4", answer)


def test_slopes_and_chords_tell_the_same_bowls():
    random = np.random.default_rng(0)
    found = []
    for _ in range(300):
        positions = random.choice(20, 4, replace=False)
        positions.sort()
        losses = random.integers(0, 6, 4)
        found.append(ANSWERS["13.4"](positions.tolist(), losses.tolist()))
        assert found[-1] == below_each_chord(positions.tolist(), losses.tolist())
    assert 10 < sum(found) < 290

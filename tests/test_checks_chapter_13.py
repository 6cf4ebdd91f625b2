"""The checks of chapter 13 name the mistake that was made."""

import copy

import numpy as np
import pytest
import torch

from resnet_lessons import nets, probes
from resnet_lessons.checks.judges_13_bowl import below_each_chord
from resnet_lessons.checks.judges_13_hooks import cases
from wrong_answers import ANSWERS, explained, hint_of, passes

MEASURE = "found[module] = output.std().item()"
REMOVE = "    for hook in hooks:\n        hook.remove()\n"
RUN = "    with torch.no_grad():\n        net(x)\n"
RESULT = "[found[part] for part in parts]"
SPREADS = [
    ([(RESULT, "list(found.values())")], "keep each number under its module"),
    ([(MEASURE, "found[module] = output"), ("found[part] for",
       "found[part].std().item() for")], "These were measured when the whole net"),
    ([(MEASURE, "found[module] = output.detach()"), ("found[part] for",
       "found[part].std().item() for")], "These were measured when the whole net"),
    ([("output.std()", "inputs[0].std()")], "These belong to what goes into"),
    ([("output.std()", "inputs.std()")], "is a tuple, the inputs"),
    ([("output.std()", "output.var()")], "These are variances"),
    ([("output.std()", "output.std(correction=0)")], "was divided by n"),
    ([("output.std()", "output.mean()")], "These are means"),
    ([("output.std()", "output.square().mean().sqrt()")], "subtract the mean first"),
    ([("output.std()", "output[0].std()")], "Only the first picture"),
    ([("output.std()", "output.flatten(1).std(1).mean()")], "over single pictures"),
    ([("output.std()", "output.mT.transpose(0, 1).flatten(1).std(1).mean()")],
     "over single channels"),
    ([("output.std()", "output.std(0).mean()")], "mean over places"),
    ([("output.std()", "output.relu().std()")], "A forward hook on each part"),
    ([("output.std().item()", "output.std(0)")], "without an axis"),
    ([("    with torch", "    net.train()\n    with torch")], "from training mode"),
    ([("        net(x)", "        found[...] = net(x)"), ("found[part] for",
       "found[...].std().item() for")], "output of the whole net each time"),
    ([(REMOVE, "")], "`hook.remove()`, and no other"),
    ([(REMOVE, "    hooks[0].remove()\n")], "`hook.remove()`, and no other"),
    ([(REMOVE, "    [m._forward_hooks.clear() for m in net.modules()]\n")],
     "and no other"),
    ([(MEASURE, f"{MEASURE}; module.seen = True")], "What was attached goes on"),
    ([(RUN, "    net.requires_grad_(False)\n    net(x)\n")], "Only look"),
    ([(RESULT, "found")], "no dict"),
    ([(RESULT, "sum(found.values())")], "one number for each part"),
    ([(RESULT, "[str(found[part]) for part in parts]")], "one number for each part"),
    ([(RESULT, f"{RESULT}[1:]")], "The length is 3, and there are 4 parts"),
    ([(f"return {RESULT}", RESULT)], "is a `return` missing"),
    ([("(module, inputs, output)", "(module, output)")], "called with three things"),
    ([("(measure)", "(measure())")], "called with three things"),
    ([(MEASURE, "return found.setdefault(module, output.std().item())")],
     "takes the place of the output"),
    ([(MEASURE, "return found.setdefault(module, output.std())")],
     "takes the place of the output"),
    ([("        net(x)", "        net(x.add_(1))")], "Something writes into x"),
    ([("    found = {}", "    found = {}\n    parts.reverse()")], "Only read it"),
    ([("found[module] =", "found[parts.index(module)] =")], "kept under this key"),
]  # fmt: skip

test_wrong_spreads_are_explained = explained("13.1", SPREADS)


def each_in_turn(measure):
    """One run for each part, as the page's `watch` does; measured when it has run."""

    def spreads(net, parts, x):
        found = []
        for part in parts:
            seen = []
            hook = part.register_forward_hook(
                lambda _, __, y, seen=seen: seen.append(measure(y))
            )
            net(x)
            hook.remove()
            found.append(seen[0].std().item())
        return found

    return spreads


def test_the_function_of_the_page_meets_a_layer_that_writes_over_its_input():
    words = "These were measured when the whole net"
    assert words in hint_of("13.1", each_in_turn(lambda y: y))
    passes("13.1", each_in_turn(torch.clone))


@pytest.mark.parametrize("empty", [0, None])
def test_a_name_of_the_loop_that_a_hook_finds_too_late(empty):
    def spreads(net, parts, x):
        found = [empty] * len(parts)

        def watch(place):
            def measure(module, inputs, output):
                found[number] = output.std().item()

            return place.register_forward_hook(measure)

        for number, part in enumerate(parts):  # noqa: B007
            hooks.append(watch(part))
        net(x)
        for hook in hooks:
            hook.remove()
        return found

    hooks = []
    assert "bind the name at once" in hint_of("13.1", spreads)


def by_hand(net, parts, x):
    found = {}
    for layer in net:
        x = layer(x)
        found[layer] = x.std().item()
    return [found[part] for part in parts if part in found]


def test_layers_that_are_called_by_hand_are_not_found_inside_others():
    assert "The length is 0, and there are 3" in hint_of("13.1", by_hand)


def with_numpy(net, parts, x):
    found = {}
    hooks = [
        part.register_forward_hook(
            lambda part, _, y: found.update({part: np.std(y.numpy(), ddof=1)})
        )
        for part in parts
    ]
    with torch.inference_mode():
        net(x)
    for hook in hooks:
        hook.remove()
    return tuple(found[part] for part in parts)


def on_a_copy(net, parts, x):
    """Whose hooks nobody has to take off."""
    twin, found = copy.deepcopy(net), {}
    names = {part: name for name, part in net.named_modules()}
    for part in parts:
        twin.get_submodule(names[part]).register_forward_hook(
            lambda _, __, y, part=part: found.update({part: y.std()})
        )
    twin(x)
    return torch.stack([found[part] for part in parts])


def through_forward(net, parts, x):
    """Without any hook."""
    found = []
    for part in parts:
        before, seen = part.forward, []

        def forward(*given, before=before, seen=seen):
            output = before(*given)
            seen.append(output.std())
            return output

        part.forward = forward
        net(x)
        del part.forward
        found += seen
    return found


OTHER_WAYS = [with_numpy, on_a_copy, through_forward]


@pytest.mark.parametrize("answer", OTHER_WAYS)
def test_another_way_to_the_spreads_passes(answer):
    passes("13.1", answer)


def test_the_outputs_are_those_of_the_library():
    for case in cases():
        x = torch.randn(3, 2, 8, 8)
        maps = [probes.feature_maps(case.net, part, x) for part in case.parts]
        want = [output.std().item() for output in maps]
        assert ANSWERS["13.1"](case.net, case.parts, x) == pytest.approx(want)


ROWS, UNIT = "direction.flatten(1)", "rows / lengths * wanted"
ZEROS = "return torch.zeros_like(weight)"
DIRECTIONS = [
    ([(f"{ROWS}", "direction"),
      ("rows.norm(dim=1, keepdim=True)", "rows.norm(dim=(1, 2, 3), keepdim=True)")],
     "`flatten(1)` makes one row"),
    ([(f"({UNIT}).reshape(weight.shape)", "direction")], "came back as it was."),
    ([("rows.norm(dim=1, keepdim=True)", "rows.norm()"),
      ("weight.flatten(1).norm(dim=1, keepdim=True)", "weight.norm()")],
     "rescaled by one number"),
    ([(UNIT, "rows / lengths")], "length 1 now. Multiply"),
    ([(UNIT, "rows / rows.norm()")], "whole tensor has length 1"),
    ([(UNIT, "rows * wanted")], "not divided by its own"),
    ([(UNIT, "rows.sign() * weight.flatten(1).abs()")], "Each single number"),
    ([(UNIT, "rows * weight.flatten(1)")], "number by number"),
    ([(UNIT, "rows * (wanted / lengths) ** 2")], "root is missing"),
    ([("norm(dim=1,", "norm(p=1, dim=1,")], "sum of squares"),
    ([(UNIT, "rows * lengths / wanted")], "Upside down"),
    ([(UNIT, "weight.flatten(1) / wanted * lengths")], "weight was rescaled"),
    ([(UNIT, "weight.flatten(1) + rows / lengths * wanted")], "added already"),
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
    ([(UNIT, "rows / lengths * wanted * 2")], "Divide each filter"),
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


def by_differences(positions, losses):
    slopes = np.diff(losses) / np.diff(positions)
    return (np.diff(slopes) >= 0).all()


def with_torch(positions, losses):
    x, y = torch.tensor(positions).double(), torch.tensor(losses).double()
    return ((y.diff() / x.diff()).diff() >= 0).all()


@pytest.mark.parametrize("answer", [by_differences, with_torch, below_each_chord])
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

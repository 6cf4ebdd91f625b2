"""The checks of chapter 11 name the mistake that was made."""

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from resnet_lessons import checks
from resnet_lessons.checks.judges_11 import watched_case
from resnet_lessons.checks.judges_11_compare import by_counts
from resnet_lessons.checks.judges_11_stop import CASES, ends_by_rule
from resnet_lessons.training import dataset, pipeline
from wrong_answers import ANSWERS, edited, explained, hint_of, passes

SHUFFLE = "members[torch.randperm(len(members), generator=generator)]"
RETURN = "torch.cat(train), torch.cat(valid)"
SPLITS = [
    ([(RETURN, "torch.cat(valid), torch.cat(train)")], "The two are swapped"),
    ([("train.append(members[count:])", "train.append(members)")], "those held back"),
    ([("valid.append(members[:count])", "valid.append(members)")], "Only those held"),
    ([("round(share", "int(share")], "rounded, goes to validation"),
    ([(SHUFFLE, "members")], "The seed has no effect"),
    ([("generator=generator", "")], "generator of your own"),
    ([("manual_seed(seed)", "manual_seed(0)")], "The seed has no effect"),
    ([("members[count:]", "members[:-count]")], "cut them in two"),
    ([(RETURN, "labels[torch.cat(train)], labels[torch.cat(valid)]")], "Positions are"),
    ([(RETURN, "torch.cat(valid)")], "Return two tensors"),
    ([(RETURN, "torch.cat(train) / 2, torch.cat(valid) / 2")], "are torch.float32"),
    ([(RETURN, "torch.cat(train) + 1, torch.cat(valid) + 1")], "0 is the first"),
    ([(SHUFFLE, "members[torch.randint(len(members), (len(members),))]")],
     "that it was trained on"),
    ([("train.append(members[count:])", "rest = members[count:]\n        "
       "train.append(rest[torch.randint(len(rest), (len(rest),))])")],
     "`torch.randperm`"),
    ([(SHUFFLE, "members.roll(7 * seed)")], "Data often lies in an order"),
    ([(SHUFFLE, "every_nth(members.roll(7 * seed), share)")], "lies in an order"),
    ([("labels.unique()", "[0]"), ("(labels == label)", "(labels > -1)")],
     "split the classes one by one"),
    ([("labels.unique()", "range(len(labels.unique()))")], "Take every class"),
    ([("count = round(share * len(members))",
       "count = max(1, round(share * len(members)))")], "that may be none"),
    ([("members[:count]", "members[-count:]"), ("members[count:]", "members[:-count]")],
     "rounded, goes to validation"),
    ([("members[:count]", "members[torch.randint(len(members), (count,), "
       "generator=generator)]"),
      (RETURN, "every_other(torch.cat(valid), len(labels)), torch.cat(valid)")],
     "each once"),
    ([(".flatten()", "")], "`.nonzero().flatten()`"),
    ([("labels.unique()", "labels.unique")], "Are brackets missing?"),
    ([("[], []", "[torch.tensor([])], [torch.tensor([])]")],
     "are torch.float32: `.long()`"),
    ([(RETURN, "train, valid")], "`torch.cat`"),
    ([("(labels == label).nonzero().flatten()", "labels.argsort()"),
      ("labels.unique()", "[0]"), (SHUFFLE, "members")], "All of them are of one"),
]  # fmt: skip


def reversed_list(names):
    return list(reversed(names))


def twice(names):
    return names * 2


def every_nth(members, share):
    """Those to hold back at equal gaps, then the others: no chance in it."""
    count = round(share * len(members))
    held = torch.zeros(len(members), dtype=torch.bool)
    held[torch.arange(count) * (len(members) // max(1, count))] = True
    return torch.cat([members[held], members[~held]])


def every_other(held, count):
    """All positions but these."""
    return torch.tensor(sorted(set(range(count)) - set(held.tolist())))


@pytest.mark.parametrize(("edits", "words"), SPLITS)
def test_wrong_split_is_explained(edits, words):
    answer = edited("11.1", *edits)
    answer.__globals__.update(every_nth=every_nth, every_other=every_other)
    assert words in hint_of("11.1", answer)


def test_a_split_of_numpy_passes_too():
    def hold_back(labels, share, seed):
        return dataset.split(labels.numpy(), share, seed)

    passes("11.1", hold_back)


def test_labels_that_are_changed_are_not_held_against_the_split():
    passes(
        "11.1", edited("11.1", (f"return {RETURN}", f"labels *= 0; return {RETURN}"))
    )


def test_a_global_seed_inside_passes_too():
    answer = edited(
        "11.1",
        ("generator = torch.Generator().manual_seed(seed)", "torch.manual_seed(seed)"),
        (", generator=generator", ""),
    )
    passes("11.1", answer)


SUM = "right += (net(pictures).argmax(1) == labels).sum().item()"
MEASURES = [
    ([("right / seen", "right")], "Divide by how many"),
    ([("right / seen", "100 * right / seen")], "in percent"),
    ([("right / seen", "1 - right / seen")], "That is the error"),
    ([("net.eval()", "net.train()")], "Call `net.eval()` first"),
    ([("    net.eval()\n", "")], "Call `net.eval()` first"),
    ([("net.eval()", "net.training = False")], "Call `net.eval()` first"),
    ([("with torch.no_grad():", "if True:")], "`with torch.no_grad():`"),
    ([("right +=", "right ="), ("seen +=", "seen =")], "the last batch alone"),
    ([("seen += len(labels)", "seen += 1")], "number of batches, not of pictures"),
    ([("seen += len(labels)", "seen += 8")], "The last batch is smaller"),
    ([("seen += len(labels)", "seen += 1"), (SUM, SUM.replace("sum", "float().mean"))],
     "the mean of the batches"),
    ([("right / seen", "right"), (SUM, SUM.replace("sum", "float().mean"))],
     "added up the accuracies"),
    ([("            seen", "            return right / len(labels)\n            seen")],
     "Is a `return` inside"),
    ([("in batches:", "in list(batches)[-1:]:")], "Every picture of every batch"),
    ([("right / seen", "right / len(batches)")], "can be looped over once"),
    ([(SUM, "right += 1")], "Loop over `batches`, and call"),
    ([("argmax(1)", "argmin(1)")], "all pictures"),
    ([("argmax(1)", "argmax()")], "without an axis"),
    ([("right / seen", "right // seen")], "`//` cut the fraction off"),
    ([("torch.no_grad():", "torch.no_grad:")], "Are brackets missing?"),
    ([("argmax(1)", "max(1)[0]")], "`argmax(1)` gives classes"),
    ([("    with torch.no_grad():", "    torch.set_grad_enabled(False)\n    if True:")],
     "switches them on again"),
]  # fmt: skip

test_wrong_accuracy_is_explained = explained("11.2", MEASURES)


def test_the_first_batch_alone_is_recognised():
    def accuracy(net, batches):
        net.eval()
        with torch.no_grad():
            right = [(net(x).argmax(1) == y).float().mean().item() for x, y in batches]
        return right[0]

    assert "the first batch alone" in hint_of("11.2", accuracy)


def test_a_second_loop_over_the_batches_is_recognised():
    def accuracy(net, batches):
        seen = sum(len(labels) for _, labels in batches)
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in batches)
        return right / seen

    assert "a second one finds nothing" in hint_of("11.2", accuracy)


def test_a_wrong_axis_of_the_logits_meets_their_shape():
    hint = hint_of("11.2", edited("11.2", ("argmax(1)", "argmax(0)")))
    assert "`net(pictures)` is (B, classes)" in hint


def test_a_copy_of_the_net_is_watched_too():
    solve = ANSWERS["11.2"]
    answers = [lambda net, b: solve(copy.deepcopy(net), b), in_training_mode]
    copied, trained = (checks.check("11.2", answer) for answer in answers)
    assert copied.passed and "Call `net.eval()`" in trained.messages[-1].hint


def in_training_mode(net, batches):
    net = copy.deepcopy(net)
    net.eval = net.train
    return ANSWERS["11.2"](net, batches)


def test_one_tensor_of_all_pictures_passes_too():
    @torch.no_grad()
    def accuracy(net, batches):
        x, y = (torch.cat(part) for part in zip(*batches, strict=True))
        return (net.eval()(x).argmax(1) == y).float().mean()

    passes("11.2", accuracy)


def test_running_averages_alone_are_enough():
    code = "[m.eval() for m in net.modules() if 'Norm' in type(m).__name__]"
    passes("11.2", edited("11.2", ("net.eval()", code)))


def test_a_number_of_numpy_passes_too():
    def accuracy(net, batches):
        return np.float32(ANSWERS["11.2"](net, batches))

    passes("11.2", accuracy)


def test_the_reference_measures_as_the_pipeline_does():
    torch.manual_seed(5)
    net, batches = watched_case((9, 9, 4), (5, 7, 1))
    _, predicted, labels = pipeline.evaluate(net, batches)
    want = pipeline.share_correct(predicted, labels)
    assert ANSWERS["11.2"](net, batches) == pytest.approx(want, abs=1e-6)


KEEP = "best = value if previous else max(best, value)"
NAMES = "return [rule for rule, epoch in ends.items() if epoch == stopped]"
STOPS = [
    ([("values, 1)", "values)")], "counted from 1"),
    ([("end(patience)", "end(patience + 1)")], "`best` stops after epoch 5. Epochs"),
    ([("end(patience + 1)", "end(patience)")], "`above` stops after epoch 6"),
    ([("value > best", "value >= best")], "As good is not better"),
    ([("count = 0 if", "count = count if")], "`previous` stops after epoch 7"),
    ([("count = 0 if", "count = (0 if previous else count) if")], "to be in a row"),
    ([("-math.inf", "0")], "0 is better"),
    ([("value > best", "value > best + 0.001")], "However little"),
    ([("if previous else max(best, value)", "")], "`best` stops after epoch 5"),
    ([(KEEP, "best = max(best, value)")], "`previous` stops after epoch 7"),
    ([("                return epoch", "                return epoch\n"
       "        return len(values)")], "ends no run"),
    ([("epoch == stopped", "epoch and epoch <= stopped")], "`best` stops after epoch"),
    ([("epoch == stopped]", "epoch == stopped][:1]")], "`previous` stops after epoch"),
    ([("epoch == stopped", "epoch != stopped")], "`above` stops after epoch 6"),
    ([(NAMES, "return ends")], "Return a list of names"),
    ([(NAMES, "return list(ends.values())")], "Return a list of names"),
    ([("[rule for", "[rule.title() for")], "Return a list of names"),
    ([(NAMES, "return ', '.join(r for r, epoch in ends.items() if epoch == stopped)")],
     "Several rules may explain it"),
    ([(NAMES, f"{NAMES} or None")], "is a `return` missing"),
    ([(NAMES, f"values.clear(); {NAMES}")], "Only read it"),
    ([("if value > best", "if value > None")], "Something here is `None`"),
    ([("if value > best", "if values[len(values)] > best")], "index is too large"),
]  # fmt: skip

test_a_wrong_explanation_of_a_stop_is_explained = explained("11.3", STOPS)


def looks_back(values, patience, stopped):
    """Only whether the counter is full at this epoch: it may have been so before."""

    def full(end, count):
        return end > count and max(values[: end - count]) >= max(values[:end])

    def fell(end):
        pairs = pairwise(values[max(0, end - patience - 1) : end])
        return end > patience and all(b <= a for a, b in pairs)

    found = {
        "best": full(stopped, patience),
        "above": full(stopped, patience + 1),
        "previous": fell(stopped),
    }
    return [name for name, held in found.items() if held]


def test_a_rule_that_would_have_stopped_before_explains_nothing():
    hint = hint_of("11.3", looks_back)
    assert hint.startswith("`best` stops after epoch 5. Here the counter")
    values = [0.5, 0.4, 0.3, 0.6, 0.5, 0.4]
    assert looks_back(values, 2, 6) and not ANSWERS["11.3"](values, 2, 6)


@pytest.mark.parametrize("kind", [tuple, set, frozenset, reversed_list, twice])
def test_names_in_any_order_pass(kind):
    passes("11.3", lambda *case: kind(ANSWERS["11.3"](*case)))


def test_the_counter_of_the_page_passes_too():
    """Its word for a rule that never stops is no epoch."""

    def counter(values, patience, above=False, previous=False):
        best, count = -1, 0
        for epoch, value in enumerate(values, 1):
            count = 0 if value > best else count + 1
            best = value if previous else max(best, value)
            if count >= patience + above:
                return epoch
        return f"never, {len(values)} seen"

    rules = {"best": {}, "above": {"above": True}, "previous": {"previous": True}}

    def explained_by(values, patience, stopped):
        ends = {name: counter(values, patience, **rule) for name, rule in rules.items()}
        return [name for name, end in ends.items() if end == stopped]

    passes("11.3", explained_by)


def test_values_after_the_stop_need_not_be_read():
    passes("11.3", lambda values, *case: ANSWERS["11.3"](values[: case[1]], *case))


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_the_rules_stop_as_the_pipeline_does_and_as_the_answer_says(patience):
    torch.manual_seed(patience)
    for _ in range(30):
        values = tuple(torch.randint(5, (8,)).div(10).tolist())
        ends = ends_by_rule(values, patience)
        for stopped in range(1, 9):
            found = ANSWERS["11.3"](values, patience, stopped)
            assert found == [rule for rule, end in ends.items() if end == stopped]
        watch = pipeline.EarlyStopping(patience)
        for value in values:
            watch.see(value)
            if watch.over:
                break
        assert ends["best"] == (watch.epoch if watch.over else None)


def test_the_cases_tell_all_that_can_be_told():
    """Of the page's rules only the first and the last can stop at one epoch."""
    found = [
        {rule for rule, end in ends_by_rule(values, patience).items() if end == stopped}
        for values, patience, stopped, _ in CASES
    ]
    for names in [set(), {"best"}, {"above"}, {"previous"}, {"best", "previous"}]:
        assert names in found


GAIN = "(first == labels).double() - (second == labels).double()"
ERROR = "(gain.var(correction=0) / len(labels)).sqrt()"
RESULT = "return gain.mean().item(), error.item()"
SHARES = "p, q = (first == labels).double().mean(), (second == labels).double().mean()"
COMPARISONS = [
    ([(GAIN, "(second == labels).double() - (first == labels).double()")], "The sign:"),
    ([("gain.mean().item()", "abs(gain.mean().item())")], "The sign is lost"),
    ([("gain.mean()", "gain.sum()")], "Divide by N"),
    ([("gain.mean()", "100 * gain.mean()")], "Those are points"),
    ([("gain.mean()", "gain.abs().mean()")], "whichever it is"),
    ([("gain.mean()", "(first == labels).double().mean()")], "the first net alone"),
    ([("gain.mean()", "(second == labels).double().mean()")], "minus that of the sec"),
    ([(ERROR, "((p * (1 - p) + q * (1 - q)) / len(labels)).sqrt()"),
      ("    error", f"    {SHARES}\n    error")], "on different pictures"),
    ([(ERROR, "(gain.square().mean() / len(labels)).sqrt()")], "are equally good"),
    ([(ERROR, "(gain.square().mean() / 2 / len(labels)).sqrt()")], "one of two nets"),
    ([("correction=0", "")], "divided by N - 1"),
    ([(ERROR, "gain.std(correction=0)")], "spread of single pictures"),
    ([(ERROR, "gain.std(correction=0) / len(labels)")], "Divide by the root"),
    ([(ERROR, "gain.var(correction=0) / len(labels)")], "Take its root"),
    ([(ERROR, "((first == labels).double().var(correction=0) / len(labels)).sqrt()")],
     "error of the first net"),
    ([("error.item()", "2 * error.item()")], "two standard errors"),
    ([("error.item()", "...")], "still waits"),
    ([("gain.mean().item()", "...")], "still waits"),
    ([(RESULT, "return gain.mean().item()")], "`return difference, error`"),
    ([(GAIN, "(first == labels) - (second == labels)")], "cannot be subtracted"),
    ([(GAIN, GAIN.replace("double", "long"))], "of floats only"),
    ([(ERROR, "gain.mean() / 0 * 0")], "below 0"),
    ([("error.item()", "(-abs(error.item())) ** 0.5")], "below 0"),
    ([("gain.mean()", "(first == labels).mean()")], "`.double()`"),
    ([(ERROR, "(gain[first != second].var(correction=0) / len(labels)).sqrt()")],
     "is that of such a mean"),
]  # fmt: skip

test_a_wrong_comparison_of_two_nets_is_explained = explained("11.4", COMPARISONS)


def with_counts(first, second, labels):
    a, b = first.numpy() == labels.numpy(), second.numpy() == labels.numpy()
    only_first, only_second = (a & ~b).sum(), (b & ~a).sum()
    difference = (only_first - only_second) / len(a)
    variance = (only_first + only_second) / len(a) - difference**2
    return np.array([difference, np.sqrt(variance / len(a))]).tolist()


def in_single_precision(first, second, labels):
    a, b = (first == labels).float(), (second == labels).float()
    return a.mean() - b.mean(), (a - b).std(correction=0) / len(labels) ** 0.5


def by_variance_and_mean(first, second, labels):
    """In single precision the mean of these is some 1e-18 where it should be 0."""
    gain = (first == labels).float() - (second == labels).float()
    variance, difference = torch.var_mean(gain, correction=0)
    return difference, (variance / len(gain)).sqrt()


def picture_by_picture(first, second, labels):
    """Sums of what is rounded already: the difference is not quite 0."""
    n, difference, square = len(labels), 0, 0
    for a, b, label in zip(first, second, labels, strict=True):
        gain = (int(a == label) - int(b == label)) / n
        difference, square = difference + gain, square + gain**2 * n
    return difference, math.sqrt((square - difference**2) / n)


OTHER_WAYS = [with_counts, in_single_precision, by_variance_and_mean]


@pytest.mark.parametrize("answer", [*OTHER_WAYS, picture_by_picture])
def test_another_way_to_compare_two_nets_passes(answer):
    passes("11.4", answer)


def test_a_comparison_with_two_gaps_is_not_attempted():
    assert not checks.check("11.4", lambda first, second, labels: (..., ...)).attempted


def test_the_standard_error_is_the_spread_over_test_sets():
    random = np.random.default_rng(0)
    shares = [0.6, 0.2, 0.1, 0.1]
    found = [by_counts(*random.multinomial(400, shares)) for _ in range(4000)]
    differences, errors = np.array(found).T
    assert differences.mean() == pytest.approx(0.1, abs=0.002)
    assert errors.mean() == pytest.approx(differences.std(), rel=0.03)

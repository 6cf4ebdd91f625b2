"""Chapter 4: known mistakes, each a line of data with its hint."""

import torch
import torch.nn.functional as F


def _kernel(x, fill):
    """x through a convolution whose kernel `fill` writes into zeros, then ReLU."""
    channels = x.shape[1]
    kernel = torch.zeros(channels, channels, 3, 3)
    fill(kernel)
    return F.relu(F.conv2d(x, kernel, padding=1))


def _shifted(kernel):
    kernel[:, :, 0, 0] = torch.eye(len(kernel))


def _sums(kernel):
    kernel[:, :, 1, 1] = 1


def _all_of_own(kernel):
    kernel += torch.eye(len(kernel))[:, :, None, None]


# What new layers make of the last grid when their weights are wrong.
WEIGHTS = [
    (
        lambda x: x * 0,
        "Weights of 0 give 0: that is the identity only where a shortcut adds x. Here "
        "the middle weight of each channel's own kernel must be 1.",
    ),
    (
        lambda x: _kernel(x, _sums),
        "The middle weight is 1 for every pair of channels, so each output adds up all "
        "channels. Only where input and output channel agree is it 1.",
    ),
    (
        lambda x: _kernel(x, _all_of_own),
        "All nine weights are 1, so each place adds up its neighbours. Only the middle "
        "one is 1, the others are 0.",
    ),
    (
        lambda x: _kernel(x, lambda kernel: kernel.add_(1)),
        "Every weight is 1: the layer adds up all channels and neighbours. Only the "
        "middle weight of each channel's own kernel is 1.",
    ),
    (
        lambda x: _kernel(x, _shifted),
        "The 1 stands in a corner of the kernel, so the picture moves by one place. "
        "The middle is at [1, 1].",
    ),
    (
        lambda x: x[:, :, 1:-1, 1:-1],
        "The grid got smaller: a 3×3 kernel needs `padding=1` to keep it.",
    ),
]

# (story, shallow, deep, noise, cause); the order parts mistakes that agree later.
STORIES = [
    (
        "a small gap between train and test, at a high level",
        {"train": [20.0, 8.0, 2.0], "test": [25.0, 18.0, 15.0]},
        {"train": [60.0, 40.0, 40.0], "test": [60.0, 40.5, 40.5]},
        1.0,
        "degradation",
    ),
    (
        "the deeper net is worse on both, and no longer moves",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [60.0, 31.0, 20.0, 19.8], "test": [61.0, 33.0, 23.0, 22.0]},
        1.0,
        "degradation",
    ),
    (
        "the deeper net knows its pictures by heart",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [40.0, 10.0, 2.0, 0.1], "test": [41.0, 17.0, 16.0, 16.5]},
        1.0,
        "overfitting",
    ),
    (
        "the deeper net is worse on both, and still falls",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [80.0, 60.0, 41.0, 26.0], "test": [81.0, 62.0, 44.0, 29.0]},
        1.0,
        "too little training",
    ),
    (
        "the deeper net is better",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [50.0, 14.0, 6.0, 4.0], "test": [52.0, 16.0, 11.0, 10.0]},
        1.0,
        "no harm",
    ),
    (
        "worse by less than the noise",
        {"train": [20.0, 10.0, 5.0], "test": [21.0, 14.0, 12.0]},
        {"train": [20.0, 11.0, 6.5], "test": [21.0, 14.0, 13.5]},
        2.0,
        "no harm",
    ),
    (
        "a training error higher by less than the noise",
        {"train": [20.0, 10.0, 5.0], "test": [21.0, 14.0, 12.0]},
        {"train": [20.0, 10.0, 6.0], "test": [21.0, 17.0, 18.0]},
        2.0,
        "overfitting",
    ),
    (
        "memorised by the deeper net, which is still learning",
        {"train": [40.0, 20.0, 15.0], "test": [41.0, 25.0, 22.0]},
        {"train": [50.0, 30.0, 12.0], "test": [51.0, 36.0, 30.0]},
        1.0,
        "overfitting",
    ),
]


def _first_epoch(shallow, deep, noise):
    if deep["test"][0] <= shallow["test"][0] + noise:
        return "no harm"
    if deep["train"][0] <= shallow["train"][0] + noise:
        return "overfitting"
    if deep["train"][1] < deep["train"][0] - noise:
        return "too little training"
    return "degradation"


def _by_test_only(shallow, deep, noise):
    return (
        "overfitting" if deep["test"][-1] > shallow["test"][-1] + noise else "no harm"
    )


def _by_own_gap(shallow, deep, noise):
    if deep["test"][-1] <= shallow["test"][-1] + noise:
        return "no harm"
    if deep["test"][-1] > deep["train"][-1] + noise:
        return "overfitting"
    return _rest(deep, noise)


def _falling_first(shallow, deep, noise):
    if deep["test"][-1] <= shallow["test"][-1] + noise:
        return "no harm"
    if deep["train"][-1] < deep["train"][-2] - noise:
        return "too little training"
    overfits = deep["train"][-1] <= shallow["train"][-1] + noise
    return "overfitting" if overfits else "degradation"


def _never_falling(shallow, deep, noise):
    cause = _right(shallow, deep, noise)
    return "degradation" if cause == "too little training" else cause


def _without_noise(shallow, deep, noise):
    return _right(shallow, deep, 0)


def _train_before_test(shallow, deep, noise):
    if deep["train"][-1] <= shallow["train"][-1] + noise:
        return "overfitting"
    return _right(shallow, deep, noise)


def _right(shallow, deep, noise):
    if deep["test"][-1] <= shallow["test"][-1] + noise:
        return "no harm"
    if deep["train"][-1] <= shallow["train"][-1] + noise:
        return "overfitting"
    return _rest(deep, noise)


def _rest(deep, noise):
    still_falling = deep["train"][-1] < deep["train"][-2] - noise
    return "too little training" if still_falling else "degradation"


DIAGNOSES = [
    (
        _by_own_gap,
        "A gap between a net's own two errors is not the question. Compare its "
        "training error with that of the *shallow* net.",
    ),
    (
        _by_test_only,
        "The test error alone cannot tell. An overfitted net is good on the pictures "
        "it was trained on: look at the training error too.",
    ),
    (
        _falling_first,
        "Asked too early: a net whose training error is no higher overfits, whether or "
        "not it still falls. Keep the order of the list.",
    ),
    (
        _never_falling,
        "This net's training error fell by more than the noise in the last epoch. With "
        "more epochs it may yet catch up: look at `[-1]` and `[-2]`.",
    ),
    (
        _without_noise,
        "The difference is within the noise, so the two count as equal: add `noise` "
        "to the shallow net's error before you compare.",
    ),
    (
        _train_before_test,
        "Ask about the test error first. A deeper net that is better on both is no "
        "harm, it is what one hopes for.",
    ),
    (
        lambda shallow, deep, noise: _right(deep, shallow, noise),
        "The two nets changed places. The question is what the *deeper* one suffers "
        "from.",
    ),
    (
        _first_epoch,
        "That is the verdict after the first epoch. The last entry is at `[-1]`.",
    ),
]


def _chain(step):
    """A net of blocks that does `step(F, block, x)` at each."""

    def run(plain, x):
        for block in plain:
            x = step(block[:-1], block, x)
        return x

    return run


def _one_for_all(plain, x):
    y = plain[:-1](x)
    return F.relu(plain[-1][:-1](y) + x)


TWINS = [
    (
        lambda plain, x: plain(x),
        "That is the plain net: no x was added.",
    ),
    (
        _chain(lambda residual, block, x: block(x) + x),
        "The last ReLU comes before the sum, so a block can only add. Take it off the "
        "block, and apply it to the sum.",
    ),
    (
        _chain(lambda residual, block, x: F.relu(block(x) + x)),
        "F still ends in its ReLU, so a block can only add. `block[:-1]` leaves it "
        "off.",
    ),
    (
        _chain(lambda residual, block, x: residual(x) + x),
        "The ReLU after the sum is missing.",
    ),
    (
        _one_for_all,
        "One shortcut around the whole net. Each block has its own: it adds the x that "
        "came into this block.",
    ),
    (
        lambda plain, x: F.relu(plain(x) + x),
        "One shortcut around the whole net. Each block has its own: it adds the x that "
        "came into this block.",
    ),
]

"""Chapter 4, name the cause: the stories, and known mistakes with their hints."""

CAUSES = ("no harm", "overfitting", "too little training", "degradation")

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
        "the deeper net was ahead at first",
        {"train": [98.0, 50.0, 8.0], "test": [99.0, 60.0, 12.5]},
        {"train": [60.0, 20.5, 20.5], "test": [61.0, 21.3, 21.3]},
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
        {"train": [40.0, 10.0, 0.5, 0.1], "test": [41.0, 17.0, 16.0, 16.5]},
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
        {"train": [20.0, 6.0, 6.0], "test": [21.0, 17.0, 18.0]},
        2.0,
        "overfitting",
    ),
    (
        "the training error moved up again at the end",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [60.0, 31.0, 8.0, 20.0], "test": [61.0, 33.0, 12.0, 22.0]},
        1.0,
        "degradation",
    ),
    (
        "only the test error still falls",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [60.0, 31.0, 20.0, 19.8], "test": [61.0, 33.0, 26.0, 22.0]},
        1.0,
        "degradation",
    ),
    (
        "a test error higher by just the noise",
        {"train": [20.0, 10.0, 5.0], "test": [21.0, 14.0, 12.0]},
        {"train": [20.0, 12.0, 8.0], "test": [21.0, 16.0, 14.0]},
        2.0,
        "no harm",
    ),
    (
        "a training error higher by just the noise",
        {"train": [20.0, 10.0, 5.0], "test": [21.0, 14.0, 12.0]},
        {"train": [20.0, 7.0, 7.0], "test": [21.0, 16.0, 18.0]},
        2.0,
        "overfitting",
    ),
    (
        "a training error that fell by just the noise",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [60.0, 42.0, 40.0], "test": [61.0, 45.0, 44.0]},
        2.0,
        "degradation",
    ),
    (
        "the deeper net knows its pictures as well, and is still learning",
        {"train": [40.0, 20.0, 15.0], "test": [41.0, 25.0, 22.0]},
        {"train": [50.0, 30.0, 15.5], "test": [51.0, 36.0, 30.0]},
        1.0,
        "overfitting",
    ),
    (
        "a training error that rose, and fell again a little",
        {"train": [30.0, 12.0, 9.0, 8.0], "test": [32.0, 15.0, 13.0, 12.5]},
        {"train": [60.0, 25.0, 30.4, 30.0], "test": [61.0, 28.0, 34.0, 33.0]},
        0.3,
        "too little training",
    ),
]


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


def _best_epoch(shallow, deep, noise):
    if deep["test"][-1] <= shallow["test"][-1] + noise:
        return "no harm"
    if min(deep["train"]) <= min(shallow["train"]) + noise:
        return "overfitting"
    return _rest(deep, noise)


def _best_of_both(shallow, deep, noise):
    if min(deep["test"]) <= min(shallow["test"]) + noise:
        return "no harm"
    return _best_epoch(shallow, deep, noise)


def _other_than_equal(shallow, deep, noise):
    """Takes a difference in any direction for harm."""
    if abs(deep["test"][-1] - shallow["test"][-1]) <= noise:
        return "no harm"
    if abs(deep["train"][-1] - shallow["train"][-1]) <= noise:
        return "overfitting"
    return _rest(deep, noise)


def _strictly(shallow, deep, noise):
    if deep["test"][-1] < shallow["test"][-1] + noise:
        return "no harm"
    if deep["train"][-1] < shallow["train"][-1] + noise:
        return "overfitting"
    return _rest(deep, noise)


def _learning_if(falls):
    """The right rule, with `falls(deep, noise)` for "its error still fell"."""

    def rule(shallow, deep, noise):
        cause = _right(shallow, deep, noise)
        if cause in ("no harm", "overfitting"):
            return cause
        return "too little training" if falls(deep, noise) else "degradation"

    return rule


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


def _step(errors):
    return errors[-1] - errors[-2]


def _rest(deep, noise):
    still_falling = deep["train"][-1] < deep["train"][-2] - noise
    return "too little training" if still_falling else "degradation"


def _first_epoch(shallow, deep, noise):
    first = [{k: e[:1] * 2 for k, e in net.items()} for net in (shallow, deep)]
    return _right(*first, noise)


DIAGNOSES = [
    (
        _best_epoch,
        "That is the verdict on the best epoch. Compare the last one, at `[-1]`.",
    ),
    (
        _best_of_both,
        "That is the verdict on the best epoch. Compare the last one, at `[-1]`.",
    ),
    (
        _strictly,
        "Here two errors differ by just `noise`. They count as equal: `<=`, not `<`.",
    ),
    (
        _learning_if(lambda deep, noise: abs(_step(deep["train"])) > noise),
        "This training error *rose* in the last epoch. Only a fall is a sign that more "
        "epochs would help.",
    ),
    (
        _learning_if(lambda deep, noise: _step(deep["test"]) < -noise),
        "Here only the test error still falls. Look at the *training* error: does the "
        "net still learn?",
    ),
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
        _other_than_equal,
        "After the last epoch the deeper net has the *lower* error here. That is not "
        "higher, by whatever amount: leave out `abs`, if it is there.",
    ),
    (
        _falling_first,
        "Asked too early: a net whose training error is no higher overfits, whether or "
        "not it still falls. Keep the order of the list.",
    ),
    (
        _learning_if(lambda deep, noise: False),
        "This net's training error fell by more than the noise in the last epoch. With "
        "more epochs it may yet catch up: look at `[-1]` and `[-2]`.",
    ),
    (
        _learning_if(lambda deep, noise: _step(deep["train"]) < 0),
        "The training error fell, but by no more than the noise: that does not count "
        "as falling. Take `noise` off the error before, then compare.",
    ),
    (
        _learning_if(lambda deep, noise: deep["train"][-1] < deep["train"][0]),
        "This training error did not fall in the last epoch. Compare the last two "
        "entries of the *deeper* net, `[-1]` and `[-2]`.",
    ),
    (
        _without_noise,
        "The difference is within the noise, so the two count as equal: add `noise` "
        "to the shallow net's error before you compare.",
    ),
    (
        _train_before_test,
        "Ask about the test error first. A deeper net that is better on both does no "
        "harm: it is what one hopes for.",
    ),
    (
        _first_epoch,
        "That is the verdict on the first epoch, or on the mean of all. Compare the "
        "last one, at `[-1]`.",
    ),
    (
        lambda shallow, deep, noise: _right(deep, shallow, noise),
        "The two nets changed places, or an error was read as an accuracy. The lower "
        "error is the better one.",
    ),
]

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
        "worse by more than the noise, by less than twice the noise",
        {"train": [20.0, 14.0, 12.0], "test": [21.0, 15.0, 12.5]},
        {"train": [20.0, 16.0, 15.0], "test": [21.0, 17.0, 15.5]},
        2.0,
        "degradation",
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


def _not_higher(which, of=lambda errors: errors[-1]):
    return lambda shallow, deep, noise: of(deep[which]) <= of(shallow[which]) + noise


def _lower(which):
    return lambda shallow, deep, noise: deep[which][-1] < shallow[which][-1] + noise


def _equal(which):
    return lambda shallow, deep, noise: (
        abs(deep[which][-1] - shallow[which][-1]) <= noise
    )


def _step(errors):
    return errors[-1] - errors[-2]


def _still_falls(deep, noise):
    return deep["train"][-1] < deep["train"][-2] - noise


_better, _overfits = _not_higher("test"), _not_higher("train")


def _twice(question):
    return lambda shallow, deep, noise: question(shallow, deep, 2 * noise)


def _rule(better=_better, overfits=_overfits, falls=_still_falls):
    """The right rule, with one of its three questions asked otherwise."""

    def rule(shallow, deep, noise):
        if better(shallow, deep, noise):
            return "no harm"
        if overfits(shallow, deep, noise):
            return "overfitting"
        return "too little training" if falls(deep, noise) else "degradation"

    return rule


_right = _rule()


def _falling_first(shallow, deep, noise):
    cause = _right(shallow, deep, noise)
    early = cause == "overfitting" and _still_falls(deep, noise)
    return "too little training" if early else cause


def _without_noise(shallow, deep, noise):
    return _right(shallow, deep, 0)


def _train_before_test(shallow, deep, noise):
    if _overfits(shallow, deep, noise):
        return "overfitting"
    return _right(shallow, deep, noise)


def _first_epoch(shallow, deep, noise):
    first = [{k: e[:1] * 2 for k, e in net.items()} for net in (shallow, deep)]
    return _right(*first, noise)


DIAGNOSES = [
    *[
        (
            mistake,
            "A difference here is more than the noise. Add `noise` to the shallow "
            "net's error once.",
        )
        for mistake in (
            _rule(_twice(_better), _twice(_overfits)),
            _rule(_twice(_better)),
            _rule(overfits=_twice(_overfits)),
        )
    ],
    (
        _rule(overfits=_not_higher("train", min)),
        "That is the verdict on the best epoch. Compare the last one, at `[-1]`.",
    ),
    (
        _rule(_not_higher("test", min), _not_higher("train", min)),
        "That is the verdict on the best epoch. Compare the last one, at `[-1]`.",
    ),
    (
        _rule(_lower("test"), _lower("train")),
        "Here two errors differ by just `noise`. They count as equal: `<=`, not `<`.",
    ),
    (
        _rule(falls=lambda deep, noise: abs(_step(deep["train"])) > noise),
        "This training error rose in the last epoch. Only a fall is a sign that more "
        "epochs would help.",
    ),
    (
        _rule(falls=lambda deep, noise: _step(deep["test"]) < -noise),
        "Here only the test error still falls. Look at the training error: does the "
        "net still learn?",
    ),
    (
        _rule(
            overfits=lambda _, deep, noise: deep["test"][-1] > deep["train"][-1] + noise
        ),
        "A gap between a net's own two errors is not the question. Compare its "
        "training error with that of the shallow net.",
    ),
    (
        _rule(overfits=lambda *nets: True),
        "The test error alone cannot tell. An overfitted net is good on the pictures "
        "it was trained on: look at the training error too.",
    ),
    (
        _rule(_equal("test"), _equal("train")),
        "After the last epoch the deeper net has the lower error here. That is not "
        "higher, by whatever amount: leave out `abs`, if it is there. And it is the "
        "first question: keep the order of the list.",
    ),
    (
        _falling_first,
        "Asked too early: a net whose training error is no higher overfits, whether or "
        "not it still falls. Keep the order of the list.",
    ),
    (
        _rule(falls=lambda deep, noise: False),
        "This net's training error fell by more than the noise in the last epoch. With "
        "more epochs it may yet catch up: look at `[-1]` and `[-2]`.",
    ),
    (
        _rule(falls=lambda deep, noise: _step(deep["train"]) < 0),
        "The training error fell, but by no more than the noise: that does not count "
        "as falling. Take `noise` off the error before, then compare.",
    ),
    (
        _rule(falls=lambda deep, noise: deep["train"][-1] < deep["train"][0]),
        "This training error did not fall in the last epoch. Compare the last two "
        "entries of the deeper net, `[-1]` and `[-2]`.",
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
        "That is the verdict on the first epoch, or on the mean of all or some. "
        "Compare the last one alone, at `[-1]`.",
    ),
    (
        lambda shallow, deep, noise: _right(deep, shallow, noise),
        "The two nets changed places, or an error was read as an accuracy. The lower "
        "error is the better one.",
    ),
]

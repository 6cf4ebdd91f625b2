"""Chapter 12: mistakes in freezing and in rates, as lines of data."""

STEM, STAGES, HEAD = ["stem"], ["stage 1", "stage 2", "stage 3"], ["head"]
ALL = [*STEM, *STAGES, *HEAD]


def LEARN(stages: int, before: str, named: bool) -> list[tuple[list, str]]:
    """What learns after a mistake, and its hint."""
    first, rest = STAGES[:stages], STAGES[stages:]
    nothing = (
        "Nothing is frozen. Does the change reach this net, not a copy of it? Is "
        "`requires_grad` spelled right?"
    )
    if named:
        nothing = (
            "`part.requires_grad = False` makes a new attribute on the module, and "
            "nobody reads it. With the underscore, `part.requires_grad_(False)`, it "
            "reaches the parameters."
        )
    alone = "Nothing learns. The head and the last stages must be free"
    again = []
    if before == "frozen":
        alone += ": this net was frozen before, so set them free again"
        again = [(HEAD, "This net was frozen before: set the last stages free too.")]
    return [
        *again,
        (ALL, nothing),
        ([], f"{alone}."),
        (STEM + rest + HEAD, "The stem comes before the first stage: freeze it too."),
        (rest, "The head is frozen. It is new: it has to learn."),
        (STEM + first, "The wrong way round: these shall stay as they are."),
        (
            STAGES[stages + 1 :] + HEAD,
            f"One stage too many is frozen: with {stages}, stage {stages + 1} learns.",
        ),
        (
            STAGES[max(0, stages - 1) :] + HEAD,
            f"One stage too few is frozen: with {stages}, stage {stages} is the last "
            "that stays.",
        ),
        (HEAD, "The stages behind the frozen ones learn too."),
    ]


def MOVE(stages: int) -> list[tuple[list, str]]:
    """Whose statistics move after a mistake, and its hint."""
    rest = STAGES[stages:]
    return [
        (
            STEM + STAGES,
            "The weights are held, the statistics are not: BatchNorm in training mode "
            "averages every batch that passes, frozen or not. Put the frozen parts "
            "into eval mode, but after `net.train()`, which would undo it.",
        ),
        (STEM + rest, "The stem is still in training mode."),
        (
            STAGES,
            "The frozen stages are still in training mode: `part.eval()` for each.",
        ),
        (
            [],
            "All of BatchNorm is in eval mode. The parts that learn belong in training "
            "mode: `net.train()` first, then `eval()` for the frozen ones.",
        ),
    ]


def _by_place(rule):
    """Rates by the place counted from the head, which has place 0."""

    def rates(frozen, lr, factor):
        return {
            name: rule(place, lr, factor)
            for place, name in enumerate(reversed(ALL))
            if name not in frozen
        }

    return rates


def _by_rank(frozen, lr, factor):
    free = [name for name in reversed(ALL) if name not in frozen]
    return {name: lr / factor**i for i, name in enumerate(free)}


RATES = [  # the first one is right
    (
        _by_place(lambda i, lr, f: lr / f**i),
        "The head has `lr`, each part before it `factor` times less than the next.",
    ),
    (
        _by_place(lambda i, lr, f: lr),
        "All parts have the same rate. Divide it by `factor` after each.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f ** (4 - i)),
        "The wrong way round: the head is new and takes the largest steps, the stem "
        "the smallest.",
    ),
    (
        _by_place(lambda i, lr, f: lr * f**i),
        "The rates grow towards the picture. Divide, do not multiply.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f ** (i + 1)),
        "The head has the rate `lr` itself. Divide after it.",
    ),
    (
        _by_place(lambda i, lr, f: lr / (f * i) if i else lr),
        "Each step divides again: `factor`, then `factor**2`, then `factor**3`.",
    ),
    (
        _by_place(lambda i, lr, f: lr / f if i else lr),
        "Each step divides again: the stages differ among themselves.",
    ),
    (
        _by_rank,
        "A frozen part keeps its place: the rate goes on falling past it.",
    ),
]

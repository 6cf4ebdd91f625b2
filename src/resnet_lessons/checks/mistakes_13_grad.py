"""Chapter 13: mistakes in Grad-CAM, each a line of data with its hint."""

import torch


def weighted(weights, features):
    """Weights (B, K) and features (B, K, h, w), together (B, h, w)."""
    return torch.einsum("bk,bkhw->bhw", weights, features)


def _of_gradients(weights, features):
    return weighted(weights, features).relu()


def _top_one(maps, axes):
    return maps / maps.amax(axes, keepdim=True)


def _of_one(features, gradients, number):
    """The maps if only the score of this picture is differentiated."""
    alone = torch.zeros_like(gradients)
    alone[number] = gradients[number]
    return _of_gradients(alone.mean((2, 3)), features)


ONE_TOO_MANY = "An axis of length 1 is left over: sum without `keepdim=True`."
ONE_TOO_FEW = (
    "The axis of the pictures is gone. It stays for one picture too: `squeeze()` takes "
    "away every axis of length 1."
)
ONE_SCORE = "Only one score was differentiated. Add all of them up."
RESCALED = (
    "The maps were rescaled to a largest value of 1. Return them in the units of the "
    "score."
)


GRAD_CAMS = [
    (
        lambda f, g: weighted(g.mean((2, 3)), f),
        "The ReLU at the end is missing: what speaks against the class is cut off.",
    ),
    (
        lambda f, g: (g.mean((2, 3), keepdim=True) * f).relu().sum(1),
        "The ReLU came before the sum: a channel that speaks against the class could "
        "then take nothing away. First sum over the channels.",
    ),
    (
        lambda f, g: _of_gradients(g.relu().mean((2, 3)), f),
        "Negative gradients were cut off before the mean. Only the finished map is.",
    ),
    (
        lambda f, g: _of_gradients(g.mean((2, 3)).relu(), f),
        "Negative weights were cut off. Only the finished map is.",
    ),
    (
        lambda f, g: _of_gradients(g.mean((2, 3)).abs(), f),
        "The signs of the weights are gone.",
    ),
    (
        lambda f, g: weighted(g.mean((2, 3)), f).abs(),
        "That is the size of the map. ReLU makes negative places 0.",
    ),
    (
        lambda f, g: _of_gradients(g.sum((2, 3)), f),
        "The gradients were added up over the places. Their weight is the mean.",
    ),
    (
        lambda f, g: (g * f).sum(1).relu(),
        "Gradient times feature, place by place: another method. Grad-CAM first "
        "averages the gradient over the places, one weight a channel.",
    ),
    (
        lambda f, g: _of_gradients(g.mean((2, 3)), f) / f.shape[1],
        "That is the mean over channels. Sum them: `sum(1)`.",
    ),
    (
        lambda f, g: g.sum(1).relu(),
        "These are gradients alone. Weight the features with them.",
    ),
    (
        lambda f, g: g.mean(1).relu(),
        "These are gradients alone. Weight the features with them.",
    ),
    (lambda f, g: f.sum(1).relu(), "The features were added up without weights."),
    (lambda f, g: f.mean(1).relu(), "The features were averaged without weights."),
    (
        lambda f, g: _of_gradients(g.mean((0, 2, 3)).expand(len(f), -1), f),
        "The gradients were averaged over the pictures too. Each picture has weights "
        "of its own: average over axes 2 and 3.",
    ),
    (
        lambda f, g: (g.mean(1, keepdim=True) * f).sum(1).relu(),
        "The gradients were averaged over the channels. Average over the places, "
        "axes 2 and 3.",
    ),
    (
        lambda f, g: _of_gradients(g.amax((2, 3)), f),
        "The largest gradient of each channel was taken. Its weight is the mean.",
    ),
    (
        lambda f, g: _of_gradients(g.mean((2, 3)), f) / len(f),
        "The scores were averaged before the gradient, so all weights are too small "
        "by the number of pictures. Add them up.",
    ),
    (lambda f, g: _of_one(f, g, 0), ONE_SCORE),
    (lambda f, g: _of_one(f, g, -1), ONE_SCORE),
    (lambda f, g: _top_one(_of_gradients(g.mean((2, 3)), f), (1, 2)), RESCALED),
    (lambda f, g: _top_one(_of_gradients(g.mean((2, 3)), f), (0, 1, 2)), RESCALED),
    (
        lambda f, g: g.mean((2, 3)),
        "These are the weights of the channels. The map is their sum over the "
        "features.",
    ),
    (
        lambda f, g: (g.mean((2, 3), keepdim=True) * f).relu(),
        "Each channel has a map of its own still: sum over them, axis 1.",
    ),
    (lambda f, g: _of_gradients(g.mean((2, 3)), f)[:, None], ONE_TOO_MANY),
    (lambda f, g: _of_gradients(g.mean((2, 3)), f)[0], ONE_TOO_FEW),
]

"""Probes: what a net costs and how signals run through it."""

from .counts import Row, macs, parameters, shapes
from .depths import first_gradients
from .flow import Activation, Gradient, activations, gradients
from .matching import positions_read, shape_matches
from .sweeps import input_sizes, starts

__all__ = [
    "Activation",
    "Gradient",
    "Row",
    "activations",
    "first_gradients",
    "gradients",
    "input_sizes",
    "macs",
    "parameters",
    "positions_read",
    "shape_matches",
    "shapes",
    "starts",
]

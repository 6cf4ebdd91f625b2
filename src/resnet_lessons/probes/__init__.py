"""Probes: what a net costs and how signals run through it."""

from .budget import compute_by_stage, stages
from .counts import Row, macs, parameters, shapes
from .depths import first_gradients
from .flow import Activation, Gradient, activations, gradients
from .matching import positions_read, shape_matches
from .starting import gradient_norms
from .sweeps import input_sizes, starts

__all__ = [
    "Activation",
    "Gradient",
    "Row",
    "activations",
    "compute_by_stage",
    "first_gradients",
    "gradient_norms",
    "gradients",
    "input_sizes",
    "macs",
    "parameters",
    "positions_read",
    "shape_matches",
    "shapes",
    "stages",
    "starts",
]

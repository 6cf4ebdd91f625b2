"""Probes: what a net costs and how signals run through it."""

from .counts import Row, macs, parameters, shapes
from .flow import Activation, Gradient, activations, gradients
from .sweeps import input_sizes, starts

__all__ = [
    "Activation",
    "Gradient",
    "Row",
    "activations",
    "gradients",
    "input_sizes",
    "macs",
    "parameters",
    "shapes",
    "starts",
]

"""Probes: what a net costs and how signals run through it."""

from .arithmetic import convolutions
from .blocks import block_costs
from .budget import compute_by_stage, stages
from .cam import (
    cam_by_layer,
    covered,
    enlarged,
    feature_maps,
    grad_cam,
    ground,
    mass_inside,
    parts_with_grids,
    shares_inside,
)
from .counts import Row, macs, parameters, shapes
from .depths import before_training, first_gradients
from .fields import Window, fields_by_depth, receptive_field, ways, windows
from .flow import Gradient, gradients
from .freezing import backward_macs, freezing_costs, trainable_parameters
from .grids import Part, averaged, by_grid, where_parameters
from .matching import positions_read, shape_matches
from .memory import kept_for_backward
from .orders import block_orders, ordered_stack
from .playground import playground
from .starting import gradient_norms
from .surface import (
    bends,
    dents,
    dips,
    falls,
    filter_normalised,
    loss_surface,
    random_direction,
    rays,
)
from .sweeps import input_sizes, starts

__all__ = [
    "Gradient",
    "Part",
    "Row",
    "Window",
    "averaged",
    "backward_macs",
    "before_training",
    "bends",
    "block_costs",
    "block_orders",
    "by_grid",
    "cam_by_layer",
    "compute_by_stage",
    "convolutions",
    "covered",
    "dents",
    "dips",
    "enlarged",
    "falls",
    "feature_maps",
    "fields_by_depth",
    "filter_normalised",
    "first_gradients",
    "freezing_costs",
    "grad_cam",
    "gradient_norms",
    "gradients",
    "ground",
    "input_sizes",
    "kept_for_backward",
    "loss_surface",
    "macs",
    "mass_inside",
    "ordered_stack",
    "parameters",
    "parts_with_grids",
    "playground",
    "positions_read",
    "random_direction",
    "rays",
    "receptive_field",
    "shape_matches",
    "shapes",
    "shares_inside",
    "stages",
    "starts",
    "trainable_parameters",
    "ways",
    "where_parameters",
    "windows",
]

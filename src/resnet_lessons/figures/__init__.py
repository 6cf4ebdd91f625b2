"""From a Record or a probe to what a reader sees: curves, tables, sentences."""

from .cam import cam_data
from .convolving import by_shift, convolving, weight_matrix
from .curves import curves
from .depths import depth_and_skip_data, error_table, loss_words, losses
from .display import COLOURS, number, say, show, table
from .joins import joins
from .layers import by_layer
from .pair import two_blocks
from .paths import inception
from .pipeline import confusion, seed_spread_data, wander, worst_words
from .playground import playground_data
from .pooling import pooling
from .race import rounds, spectra
from .rates import learning_rates
from .rings import ring
from .rows import (
    accuracy_words,
    compare_words,
    overlap_words,
    provenance_table,
    results_table,
    running_table,
    seeds_words,
    steps_table,
)
from .scenes import boxes
from .seeing import grids, pictures
from .speed import bench_table, speed_table, speed_targets, start_table
from .surfaces import (
    plane_words,
    ray_lines,
    surface_data,
    surface_table,
    surfaces,
)
from .transfer import (
    freezing_data,
    freezing_picture,
    percent_words,
    picture_counts,
    statistics_table,
    transfer_curves,
    transfer_table,
    way_values,
    way_words,
)

__all__ = [
    "COLOURS",
    "accuracy_words",
    "bench_table",
    "boxes",
    "by_layer",
    "by_shift",
    "cam_data",
    "compare_words",
    "confusion",
    "convolving",
    "curves",
    "depth_and_skip_data",
    "error_table",
    "freezing_data",
    "freezing_picture",
    "grids",
    "inception",
    "joins",
    "learning_rates",
    "loss_words",
    "losses",
    "number",
    "overlap_words",
    "percent_words",
    "picture_counts",
    "pictures",
    "plane_words",
    "playground_data",
    "pooling",
    "provenance_table",
    "ray_lines",
    "results_table",
    "ring",
    "rounds",
    "running_table",
    "say",
    "seed_spread_data",
    "seeds_words",
    "show",
    "spectra",
    "speed_table",
    "speed_targets",
    "start_table",
    "statistics_table",
    "steps_table",
    "surface_data",
    "surface_table",
    "surfaces",
    "table",
    "transfer_curves",
    "transfer_table",
    "two_blocks",
    "wander",
    "way_values",
    "way_words",
    "weight_matrix",
    "worst_words",
]

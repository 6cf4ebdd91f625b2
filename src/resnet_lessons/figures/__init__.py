"""From a Record or a probe to what a reader sees: curves, tables, sentences."""

from .chapters import learning_rates, pooling
from .curves import curves
from .depths import depth_and_skip, error_table, loss_words, losses
from .display import COLOURS, say, show, table
from .layers import by_layer
from .rows import (
    accuracy_words,
    compare_words,
    overlap_words,
    provenance_table,
    results_table,
    running_table,
    seeds_words,
)

__all__ = [
    "COLOURS",
    "accuracy_words",
    "by_layer",
    "compare_words",
    "curves",
    "depth_and_skip",
    "error_table",
    "learning_rates",
    "loss_words",
    "losses",
    "overlap_words",
    "pooling",
    "provenance_table",
    "results_table",
    "running_table",
    "say",
    "seeds_words",
    "show",
    "table",
]

"""From a Record or a probe to what a reader sees: curves, tables, sentences."""

from .chapters import learning_rates, pooling
from .curves import curves
from .display import COLOURS, say, show, table
from .rows import (
    accuracy_words,
    compare_words,
    provenance_table,
    results_table,
    running_table,
)

__all__ = [
    "COLOURS",
    "accuracy_words",
    "compare_words",
    "curves",
    "learning_rates",
    "pooling",
    "provenance_table",
    "results_table",
    "running_table",
    "say",
    "show",
    "table",
]

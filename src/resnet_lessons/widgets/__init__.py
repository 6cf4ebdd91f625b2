"""Pictures that move, one folder each; they draw in the browser and need no kernel."""

from resnet_lessons.widgets.compute_by_stage import ComputeByStage
from resnet_lessons.widgets.depth_and_skip import DepthAndSkip
from resnet_lessons.widgets.gamma_at_start import GammaAtStart
from resnet_lessons.widgets.gradient_norms import GradientNorms
from resnet_lessons.widgets.input_size import InputSize
from resnet_lessons.widgets.shape_matcher import ShapeMatcher

__all__ = [
    "ComputeByStage",
    "DepthAndSkip",
    "GammaAtStart",
    "GradientNorms",
    "InputSize",
    "ShapeMatcher",
]

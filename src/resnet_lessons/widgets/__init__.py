"""Pictures that move, one folder each; they draw in the browser and need no kernel."""

from resnet_lessons.widgets.block_order import BlockOrder
from resnet_lessons.widgets.cam_layer import CamLayer
from resnet_lessons.widgets.compute_by_stage import ComputeByStage
from resnet_lessons.widgets.convolution import Convolution
from resnet_lessons.widgets.depth_and_skip import DepthAndSkip
from resnet_lessons.widgets.diff_quiz import DiffQuiz
from resnet_lessons.widgets.freezing import Freezing
from resnet_lessons.widgets.gamma_at_start import GammaAtStart
from resnet_lessons.widgets.gradient_norms import GradientNorms
from resnet_lessons.widgets.input_size import InputSize
from resnet_lessons.widgets.loss_surface import LossSurface
from resnet_lessons.widgets.playground import ResidualPlayground
from resnet_lessons.widgets.receptive_field import ReceptiveField
from resnet_lessons.widgets.seed_spread import SeedSpread
from resnet_lessons.widgets.shape_matcher import ShapeMatcher
from resnet_lessons.widgets.where_parameters import WhereParameters
from resnet_lessons.widgets.width_and_cost import WidthAndCost

__all__ = [
    "BlockOrder",
    "CamLayer",
    "ComputeByStage",
    "Convolution",
    "DepthAndSkip",
    "DiffQuiz",
    "Freezing",
    "GammaAtStart",
    "GradientNorms",
    "InputSize",
    "LossSurface",
    "ReceptiveField",
    "ResidualPlayground",
    "SeedSpread",
    "ShapeMatcher",
    "WhereParameters",
    "WidthAndCost",
]

"""Pictures that move, one folder each; they draw in the browser and need no kernel."""

from resnet_lessons.widgets.gamma_at_start import GammaAtStart
from resnet_lessons.widgets.input_size import InputSize

__all__ = ["GammaAtStart", "InputSize"]

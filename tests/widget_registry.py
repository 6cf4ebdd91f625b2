"""Every widget with what makes its test data; data and widget are made once."""

from functools import cache

from resnet_lessons import widgets
from widget_data import (
    convolution_data,
    cost_data,
    depth_data,
    field_data,
    freezing_data,
    gamma_data,
    input_size_data,
    norms_data,
    order_data,
    playground_data,
    quiz_data,
    seed_data,
    shape_data,
    where_data,
    width_data,
)
from widget_data_seeing import cam_layer_data, loss_surface_data

MAKE = {
    "BlockOrder": order_data,
    "InputSize": input_size_data,
    "GammaAtStart": gamma_data,
    "DepthAndSkip": depth_data,
    "DiffQuiz": quiz_data,
    "ReceptiveField": field_data,
    "ResidualPlayground": playground_data,
    "SeedSpread": seed_data,
    "ShapeMatcher": shape_data,
    "WhereParameters": where_data,
    "ComputeByStage": cost_data,
    "CamLayer": cam_layer_data,
    "Convolution": convolution_data,
    "LossSurface": loss_surface_data,
    "Freezing": freezing_data,
    "GradientNorms": norms_data,
    "WidthAndCost": width_data,
}


@cache
def data_of(name):
    """The test data of a widget, by its class name. Shared: copy before you change."""
    return MAKE[name]()


@cache
def widget(name):
    """The widget with its test data, by its class name."""
    return getattr(widgets, name)(data_of(name))

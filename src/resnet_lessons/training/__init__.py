"""Training: experiments as lines of data, one way to run, resume and record them.

Importing this loads no torch; using any name but the experiments does.
"""

from ..lazy import lazy
from .experiments import EXPERIMENTS, experiment
from .profiles import Experiment, Profile

_HOMES = {
    "describe_device": "device",
    "find_device": "device",
    "fit_bare": "loop",
    "make_learner": "learner",
    "make_record": "recording",
    "missing": "recording",
    "net_of": "replay",
    "one_cycle": "loop",
    "record": "recording",
    "record_of": "replay",
    "records_of": "replay",
    "Run": "run",
    "train": "run",
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
__all__ = ["EXPERIMENTS", "Experiment", "Profile", "experiment", *_HOMES]

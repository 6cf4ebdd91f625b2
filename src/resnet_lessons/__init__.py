"""The tested code behind the book *ResNet Lessons*.

Importing the package is cheap: `nets` and `probes` load torch when they are imported,
`data` and `training` load it, and fastai, when a name of theirs is first used.
"""

__version__ = "0.1.0"

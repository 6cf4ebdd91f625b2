"""The tested code behind the book *ResNet Lessons*.

Importing the package is cheap: torch and fastai are loaded by the parts that need
them (`data`, `nets`, `training`, `probes`), when they are imported.
"""

__version__ = "0.1.0"

"""`python -m resnet_lessons` is `resnet-lessons`."""

from .cli import main

main()

"""Tests train tiny nets: one thread each is faster than waiting for a second."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

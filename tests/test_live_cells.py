"""The cells of a notebook that a live run can change are found, with their needs."""

import pytest

from live_cells import live_cells

SETUP, TRAIN = "import torch\nLIVE = None", "run = record_of('x', live=LIVE)"


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["1 + 1", TRAIN, "2 + 2"], [0, 2]),
        ([TRAIN, "table(run)"], [0, 1, 2]),
        ([TRAIN, "rows = list(run)", "show(rows)", "rows = []", "rows"], [0, 1, 2, 3]),
        ([TRAIN, "rows = run", "rows += [1]", "rows"], [0, 1, 2, 3, 4]),
        ([TRAIN, "for row in run:\n    rows = [row]", "rows"], [0, 1, 2, 3]),
        (["names = 'a'", "names = 'b'", f"{TRAIN}\nnames"], [0, 2, 3]),
        (["size = 1", "size += 1", f"{TRAIN}\nsize"], [0, 1, 2, 3]),
        (["size = 1", "def big():\n    return size", f"{TRAIN}\nbig()"], [0, 1, 2, 3]),
        ([f"size = 1\n{TRAIN}", "size + 1", "size = run", "size + 1"], [0, 1, 3, 4]),
        ([f"sizes = [1]\n{TRAIN}", "for run in sizes:\n    print(run)"], [0, 1]),
        ([TRAIN, "def all_of():\n    return run", "all_of()"], [0, 1, 2, 3]),
        ([TRAIN, "class Own:\n    run = 1\n    def f(self, run): return run"], [0, 1]),
        (["import math", f"{TRAIN}\nmath.pi", "[run for run in 'ab']"], [0, 1, 2]),
    ],
)
def test_cells_that_a_live_run_can_change_and_what_they_need(cells, kept):
    assert live_cells([SETUP, *cells]) == kept

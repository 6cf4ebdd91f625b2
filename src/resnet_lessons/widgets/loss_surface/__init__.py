"""Chapter 13: the loss around a plain and a residual net."""

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys, need_numbers


class LossSurface(LessonWidget):
    """Turn the loss surfaces of two nets, side by side; choose seed and plane.

    `data` comes from `figures.surface_data`. With P points along either direction:

    - `axis`: P steps, rising, the middle one 0
    - `guess`: loss of a net that gives every class the same chance
    - `nets`: two dicts, `name` and `seeds`; both have the same seeds, which all have
      the same planes. A seed has `seed` and `planes`; a plane has `batch` and
      `running`, P lists of P losses above 0 each, or None for `running`
    - `note`: one line on what was measured

    Raises UsageError when a list has the wrong length. Source: chapter 13.
    """

    reserve = traitlets.List([767, 1390]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("axis", "guess", "nets", "note"), "LossSurface")
        need(isinstance(data["note"], str), "note must be one line of text.")
        axis, nets = data["axis"], data["nets"]
        points = len(axis)
        good = points % 2 == 1 and points > 1 and axis[points // 2] == 0
        need(good and sorted(axis) == axis, "axis must rise, with 0 in the middle.")
        need_numbers([data["guess"]], 1, "guess")
        need(len(nets) == 2, "LossSurface compares two nets.")
        for net in nets:
            need_keys(net, ("name", "seeds"), "LossSurface, net")
        need(_kinds(nets[0]) == _kinds(nets[1]), "both nets need the same planes.")
        need(_kinds(nets[0]), "give at least one seed.")
        first, *others = (planes for _, planes in _kinds(nets[0]))
        need(all(planes == first for planes in others), "seeds need the same planes.")
        for net in nets:
            for seed in net["seeds"]:
                for number, plane in enumerate(seed["planes"], 1):
                    name = f"{net['name']}, seed {seed['seed']}, plane {number}"
                    self._check_plane(plane, points, name)

    @staticmethod
    def _check_plane(plane, points, name):
        for kind in ("batch", "running"):
            grid = plane[kind]
            if kind == "running" and grid is None:
                continue
            need(isinstance(grid, list), f"{name}: {kind} must be rows of losses.")
            need(len(grid) == points, f"{name}: {kind} needs {points} rows.")
            for row in grid:
                need_numbers(row, points, f"{name}: {kind}, a row")
                need(min(row) > 0, f"{name}: {kind} must hold losses above 0.")

    def summary(self):
        names = " and ".join(net["name"] for net in self.data["nets"])
        seeds = len(self.data["nets"][0]["seeds"])
        planes = len(self.data["nets"][0]["seeds"][0]["planes"])
        return f"{names}; {seeds} seeds, {planes} planes"


def _kinds(net):
    """Which surfaces the net has: [(seed, [the kinds of each plane])]."""
    return [
        (
            seed["seed"],
            [sorted(kind for kind, grid in p.items() if grid) for p in seed["planes"]],
        )
        for seed in net["seeds"]
    ]

"""What is drawn is what was given: nbval compares words only, not drawings."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from resnet_lessons import figures, probes, records

KEPT = records.load("resnet-18", "laptop")


@pytest.fixture
def drawn(monkeypatch):
    """Draws with a function of `figures`; the axes of each panel."""

    def draw(module, name, *args, **options):
        made, module = [], import_module(f"resnet_lessons.figures.{module}")
        show = module.show
        monkeypatch.setattr(
            module, "show", lambda figure, alt: made.append(figure) or show(figure, alt)
        )
        getattr(figures, name)(*args, **options)
        return [figure.axes[0] for figure in made]

    return draw


def heights(ax):
    return [list(line.get_ydata()) for line in ax.lines if len(line.get_ydata())]


def test_curves_are_those_of_the_record(drawn):
    loss, accuracy = drawn("curves", "curves", [KEPT])
    for ax, key, scale in ((loss, "train_loss", 1), (accuracy, "accuracy", 100)):
        want = [*KEPT.curves(key), KEPT.mean(key)]
        assert heights(ax) == [[scale * v for v in line] for line in want]
        assert list(ax.lines[0].get_xdata()) == list(range(1, len(want[0]) + 1))


def test_one_seed_is_its_own_mean_and_has_one_line(drawn):
    one = replace(KEPT, seeds=KEPT.seeds[:1])
    for ax in drawn("curves", "curves", [one]):
        assert len(ax.lines) == 1
        assert [text.get_text() for text in ax.figure.legends[0].texts] == [KEPT.title]
    cats = records.load("cat-or-dog", "laptop")
    one = replace(cats, seeds=cats.seeds[:1])
    (ax,) = drawn("transfer", "transfer_curves", one, ["head"])
    assert len(ax.lines) == 1


def test_the_means_of_channels_and_their_ends_are_said():
    grids = np.arange(8).reshape(2, 2, 2)
    alt = repr(figures.pooling(grids))
    assert "2 grids of 2 × 2 numbers" in alt
    assert alt.endswith("channel 2: numbers from 4 to 7, mean 5.50.")


def test_grids_are_said_with_their_sizes():
    rows = {"stem": np.zeros((3, 16, 8)), "stage 1": np.zeros((2, 4, 4))}
    said = "stem, 3 of 16 × 8; stage 1, 2 of 4 × 4."
    assert repr(figures.grids(rows)).endswith(said)


def test_panels_of_losses_show_the_losses_on_one_axis(drawn):
    groups = {"plain": {"8": [[2, 2, 1, 1]]}, "residual": {"8": [[8, 0], [4, 0]]}}
    plain, residual = drawn("depths", "losses", groups, "step", every=2)
    assert heights(plain) == [[2, 1]] and heights(residual) == [[4], [2], [3]]
    assert plain.get_ylim() == residual.get_ylim()


def test_layers_are_drawn_one_by_one_and_zeros_left_out(drawn):
    values = {"a": [0.0, 1e-3, 1e-2], "b": [1.0] * 3}
    (ax,) = drawn("layers", "by_layer", values, "t")
    assert heights(ax)[0][1:] == [1e-3, 1e-2] and heights(ax)[1] == [1.0] * 3
    assert heights(ax)[0][0] != heights(ax)[0][0]  # nan


def test_the_matrix_shows_each_count_in_its_place(drawn):
    matrix = [[7, 2, 1], [3, 6, 1], [0, 0, 10]]
    (ax,) = drawn("pipeline", "confusion", matrix, "abc", "t")
    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {
        (j, i): str(n or "·") for i, row in enumerate(matrix) for j, n in enumerate(row)
    }


def test_an_accuracy_wanders_as_far_as_was_measured(drawn):
    lines = {"one": {100: 3.0, 10: 10.0}, "two": {10: 9.0}}
    lines |= {"three": {100: 2.0}, "four": {10: 8.0}}
    (ax,) = drawn("pipeline", "wander", lines)
    assert heights(ax) == [[10.0, 3.0], [9.0], [2.0], [8.0]]
    assert [line.get_linestyle() for line in ax.lines] == ["-"] + ["None"] * 3
    assert len({line.get_marker() for line in ax.lines}) == 4
    assert list(ax.lines[0].get_xdata()) == [10, 100]


def test_transfer_is_drawn_for_each_seed_and_in_the_mean(drawn):
    record, way = records.load("cat-or-dog", "laptop"), "head"
    (ax,) = drawn("transfer", "transfer_curves", record, [way])
    counts = figures.picture_counts(record)
    values = [figures.way_values(record, way, n) for n in counts]
    *seeds, middle = heights(ax)
    assert seeds == [[100 * v for v in seed] for seed in zip(*values, strict=True)]
    assert middle == pytest.approx([100 * sum(v) / len(v) for v in values])


def test_rates_beyond_three_times_the_lowest_loss_are_left_out(drawn):
    (ax,) = drawn("rates", "learning_rates", [0.1, 1, 10], [2.0, 1.0, 9.0], 0.3)
    line, chosen = ax.lines
    assert list(line.get_xdata()) == [0.1, 1] and list(line.get_ydata()) == [2, 1]
    assert set(chosen.get_xdata()) == {0.3}


def test_directions_are_drawn_longest_first(drawn):
    (ax,) = drawn("race", "spectra", {"step": [1.0, 0.5, 0.1]})
    assert heights(ax) == [[1.0, 0.5, 0.1]]


@pytest.mark.parametrize("kind", ["batch", "running"])
def test_rays_are_those_of_the_planes(drawn, kind):
    record = records.load("plain-32-surface", "laptop")
    (ax,) = drawn("surfaces", "ray_lines", [record], kind)
    grids = [plane[kind] for s in record.seeds for plane in s.measured["planes"]]
    rays = [ray for grid in grids if grid for ray in probes.rays(grid)]
    ways = [v for ray in rays for v in ray]
    assert [v for v in heights(ax)[0] if v == v] == ways  # nan between two rays


def test_a_surface_is_drawn_from_its_plane(drawn, monkeypatch):
    from matplotlib.axes import Axes

    record, given = records.load("plain-32-surface", "laptop"), []
    contourf = Axes.contourf

    def seen(ax, *args, **look):
        given.append(args[:3])
        return contourf(ax, *args, **look)

    monkeypatch.setattr(Axes, "contourf", seen)
    drawn("surfaces", "surfaces", [record])
    axis = record.seeds[0].measured["axis"]
    planes = [p["batch"] for s in record.seeds for p in s.measured["planes"]]
    assert given == [(axis, axis, plane) for plane in planes]


def test_a_loss_around_a_net_is_said_with_that_of_guessing():
    record = records.load("plain-32-surface", "laptop")
    for figure in (figures.surfaces([record]), figures.ray_lines([record])):
        assert "guessing" in repr(figure).lower() and "2.30." in repr(figure)


def test_a_place_without_a_plane_stays_empty(drawn):
    record = records.load("plain-32-surface", "gpu")
    (ax,) = drawn("surfaces", "surfaces", [record])
    shown = [each for each in ax.figure.axes if each.axison]
    assert len(shown) == len(record.seeds[0].measured["planes"]) + 1  # the scale

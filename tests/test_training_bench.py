"""The bench: four sources alike, ratios of one run, what is saved and said."""

import copy
import json
from contextlib import ExitStack

import pytest
import torch

from data_server import draw_set, tar_of, tiny_set
from resnet_lessons import cli, data, figures, training
from resnet_lessons.data import catalog, store
from resnet_lessons.errors import LessonError, UsageError
from resnet_lessons.records import benches
from resnet_lessons.training import (
    bench,
    bench_sources,
    bench_startup,
    datablock,
    pipeline,
)

CPU = torch.device("cpu")
STEPS, BATCH, SIZE = 3, 8, 32


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The result of a quick bench on stand-in pictures, with small batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_LESSONS_DATA", str(tmp_path_factory.mktemp("empty")))
        patch.setattr(bench, "BATCH", BATCH)
        asked = []
        patch.setattr(bench, "keep_memory", lambda: asked.append(1))
        result = bench.run(quick=True, device="cpu")
        assert asked == [1]  # as a training does, and the page on speed says
        return result


@pytest.fixture(scope="module")
def drawn():
    """Stand-in pictures, a few."""
    split = data.Split(*data.pictures(SIZE * 5 // 4, train=40, valid=1)[0])
    classes = tuple("0123456789")
    return data.Images("pictures", "v", "", classes, split, split, True, SIZE)


@pytest.fixture(scope="module")
def jpegs(drawn):
    """A folder of a few more picture files than a pass takes."""
    with ExitStack() as stack:
        yield bench_sources.jpeg_folder(stack, drawn, STEPS * BATCH + 5)


@pytest.fixture(scope="module")
def first_batches(drawn, jpegs):
    """By source, all batches of one pass."""
    ours = data.loaders(drawn, SIZE, BATCH, CPU, crop=0.5).train
    ways = bench_sources.sources(ours, jpegs, STEPS)
    return {name: list(batches()) for name, batches in ways.items()}


def test_the_sources_give_as_many_batches_of_one_form(first_batches):
    assert set(first_batches) == set(benches.SOURCES)
    for name, batches in first_batches.items():
        assert len(batches) == STEPS, name
        for images, labels in batches:
            assert images.shape == (BATCH, 3, SIZE, SIZE), name
            assert (images.dtype, labels.dtype) == (torch.float32, torch.int64), name
            assert labels.shape == (BATCH,) and int(labels.max()) < 10, name


def test_every_source_but_the_one_in_memory_gives_other_batches(first_batches):
    for name, batches in first_batches.items():
        (one, _), (other, _), *_ = batches
        assert torch.equal(one, other) == (name == "model_alone"), name


def test_a_timed_step_trains(drawn):
    batch = data.loaders(drawn, SIZE, BATCH, CPU).train.one_batch()
    nets_made = []

    class Net(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Flatten(), torch.nn.Linear(3 * SIZE**2, 10))
            nets_made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.nets, "build", lambda name: Net())
        with bench._stepper("any", batch, CPU) as step:
            step(batch)
            first = nets_made[0][1].weight.clone()
            step(batch)
    assert not torch.equal(nets_made[0][1].weight, first)
    assert nets_made[0][1].weight.grad is None  # no gradient is left for the next


def test_the_sources_normalise_alike(first_batches):
    def span(name):
        images = torch.cat(
            [x.as_subclass(torch.Tensor) for x, _ in first_batches[name]]
        )
        return float(images.mean()), float(images.std())

    mean, std = span("ours")
    for name in ("fastai", "torchvision"):
        theirs = span(name)
        assert theirs[0] == pytest.approx(mean, abs=0.4), name
        assert theirs[1] == pytest.approx(std, rel=0.2), name


def test_ours_and_torchvisions_batches_lie_channels_last(first_batches):
    for name in ("ours", "torchvision"):
        images = first_batches[name][0][0]
        assert images.is_contiguous(memory_format=torch.channels_last), name


def test_workers_are_given_the_pictures_of_one_pass_and_no_more(jpegs):
    files = bench_sources.chosen(jpegs / "train", STEPS * BATCH)
    theirs = bench_sources.fastai_loader(files, SIZE, BATCH, CPU)
    plain = bench_sources.torchvision_loader(jpegs / "train", files, SIZE, BATCH, CPU)
    assert sorted(theirs.dataset.items) == sorted(files)
    held = {plain.dataset.dataset.samples[n][0] for n in plain.dataset.indices}
    assert held == set(map(str, files)) and len(files) == STEPS * BATCH
    assert theirs.fake_l.num_workers == plain.num_workers == bench_sources.cores()


def test_fastais_classes_are_numbered_as_ours(jpegs, drawn):
    files = bench_sources.chosen(jpegs / "train", STEPS * BATCH)
    theirs = bench_sources.fastai_loader(files, SIZE, BATCH, CPU)
    assert tuple(theirs.vocab) == drawn.classes


def test_a_net_trains_from_fastais_batches_by_the_same_recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    taken = []
    loader = datablock.fastai_loader

    def seen(files, *shape):
        taken.extend(files)
        return loader(files, *shape)

    monkeypatch.setattr(datablock, "fastai_loader", seen)
    exp = training.experiment("fcn-baseline-datablock")
    said = []
    run = training.train(exp, "smoke", 0, "cpu", resume=True, say=said.append)
    assert "starts anew" in said[0]
    plain = training.experiment("fcn-baseline").profile("smoke")
    assert exp.profile("smoke") == plain and len(taken) == plain.pictures
    assert len(run.result.epochs) == plain.epochs
    images = data.load(plain.data, plain.decoded_size)
    valid = data.loaders(images, plain.size, plain.batch_size, CPU).valid
    seen = pipeline.accuracy(run.net, valid)
    assert run.result.accuracy == pytest.approx(seen, abs=1e-3)
    assert run.config["augmentation"].startswith("fastai")
    with pytest.raises(UsageError, match="--device cpu"):
        training.train(exp, "smoke", 0, "cuda")


def test_what_file_managers_leave_is_no_picture(tmp_path):
    for name in ("cats/1.jpg", "cats/.DS_Store", "dogs/Thumbs.db", "dogs/2.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = bench_sources.picture_files(tmp_path)
    assert [path.name for path in found] == ["1.jpg", "2.jpg"]


def test_too_few_pictures_are_named(tmp_path):
    with pytest.raises(LessonError, match="holds 0 pictures, 24 are needed"):
        bench_sources.chosen(tmp_path, 24)


@pytest.mark.parametrize("given", [STEPS - 1, STEPS + 1])
def test_a_round_is_just_the_wanted_steps(given):
    seen = []
    assert bench._seconds(seen.append, range(STEPS), STEPS, CPU) > 0
    assert seen == list(range(STEPS))
    with pytest.raises(LessonError, match=f"gave {given} batches, not {STEPS}"):
        bench._seconds(seen.append, range(given), STEPS, CPU)


def test_ratios_are_formed_within_a_round():
    seconds = {
        "ours": [1.0, 2.0, 4.0],  # the machine slows down, for all alike
        "fastai": [5.0, 10.0, 24.0],
        "model_alone": [0.9, 1.0, 3.8],
    }
    assert bench.ratios(seconds) == {
        "times_faster_than_fastai": {"median": 5.0, "low": 5.0, "high": 6.0},
        "share_of_model_alone": {"median": 0.9, "low": 0.5, "high": 0.95},
    }


def test_every_source_comes_first_in_turn():
    rounds = [list(bench.interleaved(["a", "b", "c"], n)) for n in (1, 3)]
    assert rounds == [list("abc"), list("abcbcacab")]


def test_the_result_is_what_the_schema_says(found):
    benches.validate(found, benches.SCHEMA)
    broken = copy.deepcopy(found)
    del broken["pairs"][0]["ratios"]["share_of_model_alone"]
    with pytest.raises(LessonError, match="valid Bench: pairs/0/ratios"):
        benches.validate(broken, benches.SCHEMA)


def test_the_result_says_what_was_measured(found):
    (pair,) = found["pairs"]
    assert found["data"]["stand_in"] and found["quick"]
    assert (pair["net"], pair["size"], pair["batch_size"]) == (
        "fcn-baseline",
        64,
        BATCH,
    )
    assert set(pair["seconds_per_step"]) == set(benches.SOURCES)
    for source in pair["seconds_per_step"].values():
        assert len(source["all"]) == pair["rounds"] == bench.QUICK_ROUNDS
    assert pair["steps_per_round"] == bench.QUICK_STEPS
    assert found["start_up"]["help_seconds"]["median"] > 0
    assert found["memory"]["peak_resident_mb"] > 100


def test_every_plan_names_ratios_that_its_sources_give():
    for pair in [
        p for plan in (bench.PAIRS, bench.QUICK) for ps in plan.values() for p in ps
    ]:
        names = benches.SOURCES if pair.rivals else ("ours", "model_alone")
        assert pair.targets.keys() <= bench.ratios({n: [1.0] for n in names}).keys()
    assert set(benches.AGAINST.values()) == benches.RATIOS.keys()
    assert bench.START_TARGETS.keys() == benches.START_UP.keys()


def test_targets_are_reached_or_missed_by_so_much():
    assert benches.verdict(5.0, 5.0) == "reached"
    assert benches.verdict(4.2, 5.0) == "missed by 0.8"
    assert benches.verdict(0.1, 0.1, at_most=True) == "reached"
    assert benches.verdict(0.13, 0.1, at_most=True) == "missed by 0.03"


def test_a_ratio_just_below_its_target_does_not_read_like_it():
    ratio = {"median": 0.8953, "low": 0.85, "high": 1.0}
    assert benches.ratio_words(ratio) == "0.895 (0.850 to 1.00)"


def test_the_report_says_which_targets_are_missed(found):
    faster = {"median": 9.0, "low": 8.0, "high": 10.0}
    slower = {"median": 0.7, "low": 0.6, "high": 0.8}
    made = copy.deepcopy(found)
    made["pairs"][0]["ratios"] |= {
        "times_faster_than_fastai": faster,
        "share_of_model_alone": slower,
    }
    made["start_up"]["help_seconds"]["median"] = 0.75
    text = bench.report(made)
    assert (
        "9.00 (8.00 to 10.0) times as fast as fastai's DataBlock: target 5.0 reached"
        in text
    )
    slow = "0.700 (0.600 to 0.800) of the speed of the model alone"
    assert f"{slow}: target 0.9 missed by 0.2" in text
    assert "resnet-lessons --help: 0.750 s: target 0.5 missed by 0.25" in text


def test_save_writes_what_loads_again(found, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "run", lambda quick: found)
    cli.main(["bench", "--json"])
    assert not list(tmp_path.iterdir())
    cli.main(["bench", "--quick", "--save", "--folder", str(tmp_path), "--json"])
    said = capsys.readouterr()
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".json" and str(path) in said.err
    assert benches.catalogue(tmp_path) == [json.loads(json.dumps(found))]


def test_processors_with_as_many_threads_are_kept_apart(found, tmp_path):
    made = found | {"device": "x86_64 CPU, 2 threads", "processor": "One"}
    first = benches.save(made, tmp_path)
    assert first.name == "x86-64-cpu-2-threads-one.json"
    assert benches.save(made | {"processor": "Other"}, tmp_path) != first
    gpu = large_gpu(found) | {"processor": "One"}
    assert benches.save(gpu, tmp_path).name == "a-large-gpu-one.json"
    assert len(list(tmp_path.iterdir())) == 3
    titles = figures.speed_targets(benches.catalogue(tmp_path))
    assert "**x86_64 CPU, 2 threads (One)**" in titles
    assert "**A Large GPU (One)**" in titles


def test_a_first_batch_is_timed_from_a_cold_and_a_warm_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "root"))
    archive = tar_of(draw_set(tmp_path / "source"), tmp_path / "tiny.tgz")
    monkeypatch.setitem(catalog._BY_NAME, "tiny", tiny_set(archive, []))
    store.import_paths("tiny", [archive], progress=False)
    decoded = []
    monkeypatch.setattr(
        "resnet_lessons.data.decoded.decode",
        lambda pictures, images, *rest: decoded.append(len(images)),
    )
    found = bench_startup.first_batch("tiny", 20, 4, CPU, cold=True)
    assert decoded == 2 * decoded[:2]  # once to warm the cache, once from cold
    assert found["cold_seconds"] > 0 and found["warm_seconds"] > 0
    assert [p.name for p in (tmp_path / "root").glob("tmp*")] == []
    assert store.where("tiny").is_dir()  # a link was removed, not the set


def large_gpu(found):
    """Another bench, of a GPU, with fewer sources."""
    other = copy.deepcopy(found) | {"device": "A Large GPU"}
    for name in ("fastai", "torchvision"):
        del other["pairs"][0]["seconds_per_step"][name]
        del other["pairs"][0]["ratios"][f"times_faster_than_{name}"]
    other["pairs"][0]["targets"] = {"share_of_model_alone": 0.9}
    other["start_up"]["first_epoch"] |= {"cold_seconds": 12.34, "warm_seconds": 0.5}
    return other


@pytest.mark.parametrize("draw", [figures.start_table, figures.bench_table])
def test_tables_show_none_one_or_several_saved_benches(draw, found):
    other = large_gpu(found)
    assert "bench --save" in draw([])
    one, two = draw([found]).splitlines(), draw([found, other]).splitlines()
    assert len({line.count("|") for line in two}) == 1  # as many cells in each row
    assert one[2:] == [line for line in two if found["device"] in line]
    assert any(line.startswith("| A Large GPU") for line in two)


@pytest.mark.parametrize("draw", [figures.speed_table, figures.speed_targets])
def test_every_machine_has_narrow_tables_with_numbers_second(draw, found):
    assert "bench --save" in draw([])
    one, two = draw([found]), draw([found, large_gpu(found)])
    assert two.startswith(f"{one}\n\n**A Large GPU")
    for part in two.split("\n\n**"):
        title, _, *lines = part.splitlines()
        assert title.endswith("**")
        rows = [line.split(" | ") for line in lines]
        assert len({len(row) for row in rows}) == 1  # as many cells in each row
        assert rows[1][1] == "--:" and "|" not in title


def test_targets_are_shown_with_their_range_and_judged_by_the_median(found):
    made = copy.deepcopy(found)
    ratio = {"median": 0.905, "low": 0.75, "high": 0.94}
    made["pairs"][0]["ratios"]["share_of_model_alone"] = ratio
    made["pairs"][0]["targets"] = {"share_of_model_alone": 0.9}
    made["start_up"]["help_seconds"] = {"median": 0.25, "all": [0.5, 0.125, 0.25]}
    text = figures.speed_targets([made])
    assert "model alone | 0.905 (0.750 to 0.940) | ≥ 0.9: reached |" in text
    assert "--help` | 0.2500 (0.1250 to 0.5000) | ≤ 0.5: reached |" in text


def test_the_table_of_speed_shows_each_source_with_its_ratio(found):
    made = copy.deepcopy(found)
    made["pairs"][0]["seconds_per_step"]["fastai"]["median"] = 0.5
    made["pairs"][0]["ratios"]["times_faster_than_fastai"] = {
        "median": 5.123,
        "low": 4.9,
        "high": 5.3,
    }
    row = "| fastai's DataBlock | 500.0 | × 5.12 (4.90 to 5.30) |"
    assert row in figures.speed_table([made])

"""The command: what it answers, and how it fails."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_lessons import cli, doctor, verbs
from resnet_lessons.errors import LessonError

VERBS = [
    [],
    ["doctor"],
    ["data"],
    *[["data", v] for v in ("list", "get", "import", "verify", "where")],
    ["runs"],
    ["train"],
    ["record"],
    ["bench"],
    ["check"],
]


def call(*words, **env):
    return subprocess.run(
        [sys.executable, "-m", "resnet_lessons", *words],
        capture_output=True,
        text=True,
        env=os.environ | env,
    )


@pytest.fixture(autouse=True)
def own_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*verb, "--help"])
    assert stop.value.code == 0
    assert "usage: resnet-lessons" in capsys.readouterr().out


def test_help_costs_less_than_half_a_second():
    before = os.times()
    assert call("--help").returncode == 0
    after = os.times()  # of the processor: a busy machine does not count
    spent = after.children_user - before.children_user
    assert spent + after.children_system - before.children_system < 0.5


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["train", "fcn-basline"], 2, "fcn-baseline"),
        (["train", "fcn-baseline", "--device", "tpu9"], 2, "device"),
        (["train", "fcn-baseline", "--seed", "-1"], 2, "-1 is not a whole number"),
        (["train", "fcn-baseline", "--seed", str(2**32)], 2, "from 0 to 4294967295"),
        (["train", "fcn-baseline", "--seed", "one"], 2, "one is not a whole number"),
        (["train", "fcn-baseline", "--seed", "9" * 5000], 2, "from 0 to 4294967295"),
        (["record", "fcn-baseline", "--seeds", "0"], 2, "from 1"),
        (["record"], 2, "or say --all"),
        (["record", "fcn-baseline", "--all"], 2, "or say --all"),
        (["data", "where", "imagenet"], 2, "imagenette"),
        (["data", "where", "imagenette"], 1, "resnet-lessons data get"),
        (["data", "import", "imagenette", "nowhere"], 2, "nowhere does not exist"),
        (["data", "import", "imagenette", "."], 1, "image"),
        (["data", "import", "imagenette", ""], 2, "an empty path"),
        (["bench", "--quick", "--save"], 2, "not kept"),
        (["bench", "--folder", "."], 2, "say --save as well"),
        (["check", "99.9", __file__], 2, "99.9"),
        (["check", "03.1", "nowhere.py"], 2, "no file nowhere.py"),
        (["fly"], 2, "invalid choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_gets_one_line(words, code, says, tmp_path):
    words = [str(tmp_path) if word == "." else word for word in words]
    done = call(*words)
    assert done.returncode == code, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert says in last
    assert "Traceback" not in done.stderr


@pytest.fixture
def no_work(monkeypatch):
    """Nothing may be trained or measured."""
    from resnet_lessons.training import bench, recording

    def work(*rest, **options):
        pytest.fail("worked before it asked")

    monkeypatch.setattr(recording, "train", work)
    monkeypatch.setattr(bench, "run", work)


KEEPING = [["record", "fcn-baseline"], ["record", "--all"], ["bench", "--save"]]


@pytest.mark.parametrize("words", KEEPING)
def test_a_folder_is_tested_before_the_work(words, no_work, tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SystemExit) as stop:
        cli.main([*words, "--folder", str(tmp_path / "taken" / "deeper")])
    (line,) = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and "deeper" in line and "another with --folder" in line


@pytest.mark.parametrize("words", KEEPING)
def test_a_full_disk_is_told_before_the_work(
    words, no_work, tmp_path, monkeypatch, capsys
):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(verbs, "TemporaryFile", lambda dir: Full())
    with pytest.raises(SystemExit) as stop:
        cli.main([*words, "--folder", str(tmp_path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and "No space left" in line and "--folder" in line


def test_a_stream_that_lacks_a_letter_still_gets_the_rest():
    done = call("runs", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "fcn-baseline" in done.stdout and "?" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no EPIPE")
@pytest.mark.parametrize("verb", ["runs", "doctor"])  # many lines and few
def test_nobody_reading_is_no_traceback(verb):
    command = [sys.executable, "-m", "resnet_lessons", verb]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    env = os.environ | {"PYTHONUNBUFFERED": ""}
    with subprocess.Popen(command, env=env, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_error_of_the_system_is_one_line(monkeypatch, capsys):
    def refused(args):
        raise PermissionError(errno.EACCES, "Permission denied", "runs")

    monkeypatch.setattr(verbs, "doctor", refused)
    with pytest.raises(SystemExit) as stop:
        cli.main(["doctor"])
    (line,) = capsys.readouterr().err.splitlines()
    assert stop.value.code == 1
    assert line.startswith("resnet-lessons: ") and "Permission denied: 'runs'" in line


@pytest.mark.parametrize("words", [["doctor"], ["train", "fcn-baseline"]])
def test_a_stopped_run_is_told_to_resume_if_it_can(words, monkeypatch, capsys):
    def stopped(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, words[0], stopped)
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 130
    assert ("--resume" in capsys.readouterr().err) == (words[0] == "train")


@pytest.mark.parametrize(
    ("words", "seeds", "shared_by", "resume"),
    [([], 3, 1, False), (["--seeds", "2", "--shared-by", "4", "--resume"], 2, 4, True)],
)
def test_the_options_of_record_reach_it(
    words, seeds, shared_by, resume, monkeypatch, tmp_path
):
    from resnet_lessons import training

    asked = []

    def record(exp, profile, *rest, **options):
        asked.append((exp.name, profile, *rest, options))
        raise LessonError("enough")

    monkeypatch.setattr(training, "record", record, raising=False)
    where = ["--profile", "smoke", "--device", "cpu", "--folder", str(tmp_path)]
    with pytest.raises(SystemExit):
        cli.main(["record", "fcn-baseline", *where, *words])
    sent = ("fcn-baseline", "smoke", seeds, "cpu", tmp_path, shared_by)
    assert asked == [(*sent, {"resume": resume})]


def test_a_record_that_would_be_replaced_is_told_before_the_work(monkeypatch, capsys):
    from resnet_lessons import training

    def record(*rest, **options):
        raise LessonError("enough")

    monkeypatch.setattr(training, "record", record, raising=False)
    with pytest.raises(SystemExit):
        cli.main(["record", "fcn-baseline", "--profile", "laptop"])
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("fcn-baseline: will take the place of the Record in ")
    assert "another --folder" in first and "enough" in last


def test_the_options_of_train_reach_it(monkeypatch):
    from resnet_lessons import training

    asked = []

    def train(exp, *rest):
        asked.append((exp.name, *rest))
        raise LessonError("enough")

    monkeypatch.setattr(training, "train", train, raising=False)
    words = ["--profile", "smoke", "--seed", "7", "--device", "cpu", "--resume"]
    with pytest.raises(SystemExit):
        cli.main(["train", "fcn-baseline", *words])
    assert asked == [("fcn-baseline", "smoke", 7, "cpu", True)]


def test_train_reports_in_words_and_in_json(capsys):
    words = ["train", "fcn-baseline", "--profile", "smoke", "--seed", "5"]
    words += ["--device", "cpu"]
    done = call(*words, "--json")
    made = json.loads(done.stdout)
    assert made["seeds"][0]["seed"] == 5
    assert made["command"] == "resnet-lessons " + " ".join(words[:-2])
    accuracy = made["seeds"][0]["epochs"][-1]["accuracy"]
    assert made["device"] in done.stderr
    cli.main(words)
    assert f"{accuracy:.1%}" in capsys.readouterr().out


def test_runs_lists_every_experiment_with_its_chapter():
    from resnet_lessons.training import EXPERIMENTS

    listed = {
        r["name"]: r["chapter"] for r in json.loads(call("runs", "--json").stdout)
    }
    assert listed == {e.name: e.chapter for e in EXPERIMENTS.values()}


def test_doctor_says_where_nothing_can_be_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "new" / "root"))
    assert "nothing can be written" not in doctor.report(doctor.examine())
    (tmp_path / "new").write_text("a file")
    told = doctor.report(doctor.examine())
    assert "nothing can be written there" in told
    assert "a folder of yours in RESNET_LESSONS_DATA" in told


def test_doctor_says_what_checkpoints_take(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path))
    assert "checkpoints" not in doctor.report(doctor.examine())
    kept = tmp_path / "runs" / "resnet-50-laptop-seed0" / "epoch-0005"
    kept.mkdir(parents=True)
    with (kept / "weights.safetensors").open("wb") as file:
        file.truncate(60_000_000)
    told = doctor.report(doctor.examine())
    assert f"{tmp_path / 'runs'}, 0.1 GB of checkpoints" in told


def test_doctor_says_how_to_get_what_is_missing():
    text = call("doctor").stdout
    assert "resnet-lessons data get imagenette-160" in text
    assert "CIFAR-10 is missing: resnet-lessons data get cifar10" in text
    assert json.loads(call("doctor", "--json").stdout)["packages"]["torch"]


def test_doctor_looks_where_it_may_not_enter(tmp_path, monkeypatch):
    from resnet_lessons import doctor

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)  # as up to Python 3.13
    assert doctor._free(tmp_path / "closed" / "data") > 0


def test_doctor_says_that_free_space_is_unknown(monkeypatch, capsys):
    monkeypatch.setattr("os.path.exists", lambda path: False)  # a drive taken out
    cli.main(["doctor"])
    assert "unknown GB free" in capsys.readouterr().out


@pytest.mark.parametrize("installed", [True, False])
def test_doctor_reports_a_torch_that_does_not_load(installed, monkeypatch, capsys):
    from resnet_lessons import doctor

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "resnet_lessons.training.device", raising=False)
    if not installed:
        found = doctor._version
        monkeypatch.setattr(doctor, "_version", lambda n: n != "torch" and found(n))
    cli.main(["doctor"])
    said = capsys.readouterr().out
    assert "torch does not load" in said and "make book" in said
    assert ("torch MISSING" in said) != installed


def test_check_tells_right_from_wrong(tmp_path):
    from resnet_lessons import checks

    exercise = checks.exercises()[0]
    right, untouched = tmp_path / "right.py", tmp_path / "untouched.py"
    right.write_text(exercise.solution, "utf-8")
    untouched.write_text(exercise.starter, "utf-8")
    assert call("check", exercise.id, str(right)).returncode == 0
    done = call("check", exercise.id, str(untouched))
    assert done.returncode == 1 and "not attempted" in done.stdout


def test_all_records_what_is_missing_and_goes_on_when_one_fails(
    tmp_path, monkeypatch, capsys
):
    from resnet_lessons.training import EXPERIMENTS, missing, recording

    def train(exp, *rest, **options):
        if exp.name == "lenet-mnist":
            raise LessonError("Out of memory.")
        return really_train(exp, *rest, **options)

    names = ["plain-8-cifar", "lenet-mnist", "mlp-mnist"]
    monkeypatch.setattr(recording, "EXPERIMENTS", {n: EXPERIMENTS[n] for n in names})
    really_train = recording.train
    monkeypatch.setattr(recording, "train", train)
    words = ["--profile", "smoke", "--seeds", "1", "--folder", str(tmp_path)]
    with pytest.raises(SystemExit) as stop:
        cli.main(["record", "--all", *words])
    said = capsys.readouterr()
    assert stop.value.code == 1
    assert "Not recorded: lenet-mnist." in said.err.splitlines()[-1]
    made = [line.split(":")[0] for line in said.out.splitlines()]
    assert sorted(made) == ["mlp-mnist", "plain-8-cifar"]
    assert all("with one seed" in line for line in said.out.splitlines())  # no ±
    assert [exp.name for exp in missing("smoke", tmp_path)] == ["lenet-mnist"]
    monkeypatch.setattr(recording, "train", really_train)
    cli.main(["record", "--all", *words])
    capsys.readouterr()
    cli.main(["record", "--all", *words])
    assert "Every Record of profile 'smoke' is there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (["plain-8-cifar"], False),
        (["plain-8-cifar", "mlp-mnist"], True),
        (["--all"], True),
    ],
    ids=["one", "two", "all"],
)
def test_records_are_one_document_of_json(
    names, several, tmp_path, monkeypatch, capsys
):
    from resnet_lessons.training import EXPERIMENTS, recording

    known = {"plain-8-cifar", "mlp-mnist"}
    chosen = {name: EXPERIMENTS[name] for name in known}
    monkeypatch.setattr(recording, "EXPERIMENTS", chosen)
    words = ["--profile", "smoke", "--seeds", "1", "--folder", str(tmp_path), "--json"]
    cli.main(["record", *names, *words])
    made = json.loads(capsys.readouterr().out)
    if several:
        assert {record["experiment"] for record in made} == known
    else:
        assert made["experiment"] == "plain-8-cifar"


def test_the_least_work_comes_first(tmp_path):
    from resnet_lessons import nets, probes, records
    from resnet_lessons.training import EXPERIMENTS, experiment, missing
    from resnet_lessons.training.recording import work

    records.save(records.load("mlp-mnist", "laptop"), tmp_path)  # of another profile
    order = [exp.name for exp in missing("gpu", tmp_path)]
    have = {name for name, exp in EXPERIMENTS.items() if "gpu" in exp.profiles}
    assert set(order) == have and order[0] == "mlp-mnist"
    spent = [work(experiment(name), "gpu") for name in order[::3]]
    assert spent == sorted(spent)
    macs = probes.macs(nets.build("lenet-5-mnist", 10, 1), (1, 28, 28))
    assert work(experiment("lenet-mnist"), "gpu") == macs * 60_000 * 20
    macs = probes.macs(nets.build("plain-8-cifar", width=8), (3, 32, 32))
    assert work(experiment("plain-8-cifar"), "laptop") == macs * 10_000 * 4  # a part


def test_record_names_a_missing_profile_before_it_trains(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("resnet_lessons.training.record", lambda *_, **__: 1 / 0)
    names = ["fcn-baseline", "resnet-50-long"]
    with pytest.raises(SystemExit, match="2"):
        cli.main(["record", *names, "--profile", "laptop", "--folder", str(tmp_path)])
    assert "'resnet-50-long' has no profile 'laptop'" in capsys.readouterr().err


@pytest.mark.parametrize("what", [["fcn-baseline"], ["--all"]])
def test_a_disk_that_fills_while_a_net_trains_is_told(
    what, capsys, monkeypatch, tmp_path
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("resnet_lessons.training.record", full)
    with pytest.raises(SystemExit, match="1"):
        cli.main(["record", *what, "--profile", "smoke", "--folder", str(tmp_path)])
    said = capsys.readouterr().err.splitlines()[-1]
    assert "(No space left on device). Make room" in said and "--resume" in said


def test_a_folder_in_the_home_is_found_behind_an_equals_sign(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert verbs.writable(Path("~/mine")) == tmp_path / "mine"

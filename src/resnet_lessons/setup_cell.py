# @title Set-up: finds the package, or installs it and replaces nothing
LIVE = None  # None: train where there is a GPU, else replay; True, False, a profile
REPOSITORY = ""
import importlib.metadata, importlib.util, pathlib, re, subprocess, sys, tempfile
import warnings

if (pathlib.Path("../src/resnet_lessons")).is_dir():  # a clone, perhaps not installed
    sys.path.insert(0, str(pathlib.Path("../src").resolve()))
    needed = ("torch", "fastai", "anywidget", "pooch", "torchinfo")
    if lacking := [name for name in needed if not importlib.util.find_spec(name)]:
        raise RuntimeError(
            f"This Python ({sys.executable}) lacks {', '.join(lacking)}. Start the "
            "notebook with `make lab`, or choose the clone's .venv as its kernel; in "
            "Colab or Kaggle run `!pip install ..` and then this cell again."
        )
elif importlib.util.find_spec("resnet_lessons") is None:
    source = pathlib.Path("resnet-lessons-source.zip")  # of `make zip`
    if not REPOSITORY and not source.is_file():
        raise RuntimeError(
            "resnet_lessons is not installed, and this copy names no repository to "
            f"install it from. Upload {source}, which `make zip` writes, into this "
            "notebook's folder and run the cell again; or open a clone of the book."
        )
    # A package in two folders is found twice; `version` is of the one that is imported.
    found = importlib.metadata.distributions()
    pins = {d.name: importlib.metadata.version(d.name) for d in found if d.name}
    # pip refuses all of them for one odd number, as 1.1build1 of a system's package.
    number = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.(post|dev)\d+)*(\+[\w.]+)?")
    lines = [f"{name}=={v}\n" for name, v in pins.items() if number.fullmatch(v or "")]
    held = pathlib.Path(tempfile.mkdtemp()) / "constraints.txt"
    held.write_text("".join(lines))
    main = f"{REPOSITORY}/archive/refs/heads/main.zip"
    address = str(source) if source.is_file() else main
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(held), address]
    if subprocess.run(pip).returncode:
        raise RuntimeError(
            "pip could not install the package (its reason is above); nothing was "
            "changed. If versions clash: start a fresh runtime (Runtime, Disconnect "
            "and delete) and run again."
        )
# fastai still calls it when it is imported, on newer PyTorch with a warning.
warnings.filterwarnings("ignore", ".torch.jit.script. is deprecated", FutureWarning)

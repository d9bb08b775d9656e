# Everything happens in .venv, which is made when it is first needed. No target needs another to be run before it.

PYTHON ?= python3
PIP_ARGS ?=
NANOGPT ?=
DATA ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --constraint constraints.txt $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-heavy check format bench

help: ## Lists these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo 'Settings: PYTHON=python3.12 picks the Python; PIP_ARGS="--index-url URL" is passed to pip install.'

demo: $(VENV)/core ## Trains a small language model on embedded text, lets it write, opens it (2 minutes)
	@$(BIN)/cutaway demo

test: $(VENV)/dev ## Runs the tests that are quick, some of every kind (under 3 minutes on 2 cores)
	@$(BIN)/pytest --numprocesses 2 --dist worksteal

test-heavy: $(VENV)/dev ## Runs the other tests: full matrices, many killed runs, long training (1 minute on 2 cores)
	@$(BIN)/pytest --numprocesses 2 --dist worksteal -m heavy

check: $(VENV)/dev ## Checks style, types, the direction of imports and the rules of the house
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest --quiet tests/house

format: $(VENV)/dev ## Mends what can be mended of the style
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: $(VENV)/bench ## Measures cutaway against its peers; NANOGPT=DIR names a checkout of nanoGPT, DATA=FILE a text
	@$(BIN)/python benchmarks/training_throughput.py $(if $(NANOGPT),--nanogpt $(NANOGPT))
	@$(if $(DATA),$(BIN)/python benchmarks/time_to_loss.py --data $(DATA) $(if $(NANOGPT),--nanogpt $(NANOGPT)), \
		echo 'left out: time_to_loss.py (name a text with DATA=FILE)')

# Each file stands for a finished installation: an interrupted one is done again, and so is one of other requirements.
$(VENV)/made:
	@command -v $(PYTHON) > /dev/null || \
		{ echo "cutaway needs Python 3.10 or newer, and there is no $(PYTHON): install it, or name yours: make PYTHON=/path/to/python demo" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "cutaway needs Python 3.10 or newer, and $(PYTHON) is older: name a newer one: make PYTHON=python3.12 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "$(PYTHON) lacks the module venv: install it (on Debian and Ubuntu: apt-get install python3-venv) and run make again" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/core: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing cutaway into $(VENV), once; PyTorch is large, and this may take minutes."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/dev: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing cutaway and what its tests need into $(VENV), once; PyTorch is large, and this may take minutes."
	@$(INSTALL) --editable '.[dev,data,eval,tensorboard,hub,onnx]'
	@touch $(VENV)/core $@

$(VENV)/bench: $(VENV)/core benchmarks/requirements.txt
	@echo "Installing the peers that the benchmarks measure into $(VENV), once."
	@$(INSTALL) --requirement benchmarks/requirements.txt
	@touch $@

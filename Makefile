# Everything a newcomer needs: `make demo` and `make test` set up all they use themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
SOURCES := pyproject.toml setup.py constraints.txt $(wildcard qlstm/exact/kernel/*)

.PHONY: help setup demo test lint format bench docs clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/base: $(SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/test: $(VENV)/base
	$(PIP) --editable '.[test]'
	@touch $@

# Not made where there is no browser, and looked for again the next time.
$(VENV)/browser: $(VENV)/test
	@if .ci/browser; then touch $@; fi

$(VENV)/bench: $(VENV)/base
	$(PIP) --editable '.[bench]'
	@touch $@

$(VENV)/docs: $(VENV)/base
	$(PIP) --editable '.[docs]'
	@touch $@

setup: $(VENV)/test  ## Make .venv with everything for development

demo: $(VENV)/base  ## Train a distributed QLSTM, then run it on two noisy fake devices
	$(BIN)/python examples/demo.py

test: $(VENV)/browser  ## Run the test suite
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/test  ## Style, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test  ## Rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/bench  ## Time one exact training step beside nn.LSTM and other simulators
	$(BIN)/python benchmarks/exact.py

docs: $(VENV)/docs  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:  ## Remove what was built, the environment included
	rm -rf $(VENV) build dist site *.egg-info qlstm/exact/_kernel*.so

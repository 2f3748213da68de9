# make run    sets up, starts collector, alerts and dashboard with demo traffic, prints the address
# make test   sets up, lints, type-checks and runs every test
# make bench  sets up and runs the benchmarks; each prints a table
# Everything lives in .venv; tested versions come from constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
JOBS ?= 3
# Tests and demo start many processes; without bytecode each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench wheel screenshot clean

run: $(VENV)/.demo
	$(BIN)/llmobs demo

test: $(VENV)/.dev $(VENV)/.chromium $(VENV)/.node check
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python "$$each" || exit 1; done

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel

screenshot: $(VENV)/.dev $(VENV)/.chromium
	PYTHONPATH=. $(BIN)/python docs/screenshot.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "llmobs needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No venv module. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the packages of the demo into $(VENV) ..."
	@$(PIP) --editable '.[demo,server]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the packages of the tests into $(VENV) ..."
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

# The browser tests drive Debian's chromium; without it they skip and say so (in CI they fail).
$(VENV)/.chromium: | $(BIN)/python
	@if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing chromium for the browser tests ..."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && touch $@; \
	else echo "No chromium: the browser tests will skip. To run them, as root: apt-get install chromium"; fi

# The official Node.js exporters, for the test that sends their spans; without npm it skips and says so.
$(VENV)/.node: tests/server/node/package.json | $(BIN)/python
	@if command -v npm >/dev/null 2>&1; then \
	  mkdir -p $(VENV)/node && cp tests/server/node/package.json $(VENV)/node/ && \
	  (cd $(VENV)/node && npm install --silent --no-audit --no-fund --no-package-lock) && touch $@; \
	else echo "No npm: the Node.js test will skip. To run it: apt-get install nodejs npm"; fi

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache

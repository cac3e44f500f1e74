# Auscult. `make` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-check up test test-all fast check fix coverage bench lock clean

BIN := .venv/bin
SIZE ?= full
PORT ?= 8000
WORKERS ?= 2
# Files stay whole: what one has built is there for its next test. A few tests are quicker in one process.
PYTEST = $(BIN)/pytest $(if $(T),,-n $(WORKERS) --dist loadfile --no-loadscope-reorder)
# A compiled cache of our modules halves the start of each process.
unexport PYTHONDONTWRITEBYTECODE

help: ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The tools: uv, Python, the locked packages. `make demo` needs the first stamp, the tests need the second; the packages of the
# second contain those of the first, so one installation does for both.
.venv/.runtime: requirements.lock pyproject.toml .python-version tools/bootstrap
	@rm -f .venv/.dev
	@tools/bootstrap requirements.lock
	@touch $@
.venv/.dev: requirements-dev.lock requirements.lock pyproject.toml .python-version tools/bootstrap
	@tools/bootstrap requirements-dev.lock
	@touch .venv/.runtime $@

demo: .venv/.runtime ## from nothing to a running, seeded site (RESET=1 begins anew, PORT=8000, SIZE=full|small)
	@$(BIN)/auscult demo --size $(SIZE) --port $(PORT) $(if $(RESET),--reset)
demo-check: .venv/.runtime ## the same path without a server, its figures checked
	@$(BIN)/auscult demo --check --size $(SIZE)
up: .venv/.runtime ## serve your own instance, empty at first
	@$(BIN)/auscult serve --port $(PORT)
test: .venv/.dev ## the tests, journeys and browser included (T=tests/voice for some of them)
	@$(PYTEST) -m "not extra" $(T)
test-all: .venv/.dev ## every test: benchmarks, a second demonstration, and all examples of properties too
	@HYPOTHESIS_PROFILE=all $(PYTEST) $(T)
fast: .venv/.dev ## tests without journeys, browser and demonstration (T=tests/voice for some of them)
	@$(PYTEST) -m "not slow and not extra" $(T)
check: .venv/.dev ## format, lint, types, layers, migrations, rules of the house
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/auscult manage makemigrations --check --dry-run
	@$(BIN)/pytest -q tests/house
fix: .venv/.dev ## format, and repair what can be repaired
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
coverage: .venv/.dev ## branch coverage of each room by every test; fails below 90 percent
	@rm -rf var/coverage
	@$(BIN)/coverage run -m pytest -m "not extra"
	@$(BIN)/python tools/coverage_by_room.py
bench: .venv/.dev ## make bench B=name runs bench/name.py and writes bench/results/name.json
	@$(BIN)/python -m bench.$(or $(B),live)
lock: ## compile the lock files anew (needs uv)
	@tools/lock
clean: ## stop the embedded database, remove the environment and everything this folder wrote
	@test ! -x $(BIN)/auscult || $(BIN)/auscult db stop
	@rm -rf .venv .uv var .mypy_cache .ruff_cache .pytest_cache .hypothesis

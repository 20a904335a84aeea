# Everything a newcomer, a developer and CI need. `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEXTER := $(BIN)/dexter
STAMPS := .make
WORKBENCH := src/dexter/workbench/index.html
WEB_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts web/tsconfig.json
SAY := @printf '\n\033[1m==> %s\033[0m\n'
UNIT := -m "not live and not browser and not breadth"
# Two unit-test processes suit the smallest machine we promise to run on.
PYTEST := $(BIN)/pytest -q
# Real processes on a busy machine may miss a deadline that is not theirs: one more try, named in the summary as RERUN.
PATIENT := $(PYTEST) --reruns 1 -raR

.DEFAULT_GOAL := help
.PHONY: help up install test check check-python check-web screens breadth live redis postgres browser chromium fmt types bench wheel clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: install ## sandbox, gateway, workbench and demo traffic, on one address
	@exec $(DEXTER) up

install: $(STAMPS)/python $(WORKBENCH) ## set up Python, Node packages and the built workbench

$(STAMPS)/python: pyproject.toml uv.lock
	$(SAY) "Installing Python packages into $(VENV) (a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit("Dexter needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: install the package python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv sync --frozen
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node: web/package.json web/package-lock.json
	$(SAY) "Installing Node packages for the workbench (a minute the first time)"
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Dexter needs Node 20 or newer; this is " + process.version); process.exit(1) }'
	@npm --prefix web ci --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/sentry-cli: tests/sentry-cli/package-lock.json
	$(SAY) "Installing the real sentry-cli for the live tests"
	@npm --prefix tests/sentry-cli ci --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@

$(WORKBENCH): $(STAMPS)/node $(WEB_SOURCES)
	$(SAY) "Building the workbench"
	@npm --prefix web run --silent build
	@touch $@

# The two halves run side by side: each has steps that keep one processor busy only.
check: $(STAMPS)/python $(STAMPS)/node ## lint, types and unit tests, in under a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=line check-python check-web

check-python: $(STAMPS)/python
	$(SAY) "Python: lint, types, floors"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(SAY) "Python: unit tests"
	@$(PYTEST) $(UNIT) -n 2

check-web: $(STAMPS)/node
	$(SAY) "Workbench: lint, types, unit tests"
	@npm --prefix web run --silent lint -- --cache --cache-location ../$(STAMPS)/eslint.json
	@npm --prefix web run --silent typecheck -- --incremental --tsBuildInfoFile ../$(STAMPS)/typecheck.json
	@npm --prefix web run --silent test -- --project core

screens: $(STAMPS)/node
	$(SAY) "Workbench: screens, in a DOM without a browser"
	@npm --prefix web run --silent test -- --project browser

breadth: $(STAMPS)/python
	$(SAY) "Python: every operation of the catalog, in the gateway and in the sandbox"
	@$(PYTEST) -m "breadth and not live" -n 2

live: install redis postgres $(STAMPS)/sentry-cli
	$(SAY) "Real processes: sandbox, gateway, workers, Redis, PostgreSQL, sentry-sdk, sentry-cli, wheel"
	@$(PATIENT) -m "live and not browser"

browser: install chromium
	$(SAY) "Real browser: the workbench in Chromium"
	@$(PATIENT) -m browser

redis:
	@sh tools/ensure-redis.sh

postgres:
	@sh tools/ensure-postgres.sh

chromium:
	@sh tools/ensure-chromium.sh

test: install check screens breadth live browser ## everything that tests; installs what it needs
	$(SAY) "All tests passed"

fmt: $(STAMPS)/python $(STAMPS)/node ## format Python and TypeScript
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@npm --prefix web run --silent fmt

types: $(STAMPS)/python $(STAMPS)/node ## regenerate what is derived from the catalog and from Dexter's own OpenAPI
	@$(DEXTER) catalog models
	@npm --prefix web run --silent types

bench: install ## measure, side by side, in one run
	@sh tools/ensure-nginx.sh
	@$(BIN)/python -m bench

wheel: install ## build a wheel that carries the workbench
	$(SAY) "Building the wheel"
	@$(BIN)/uv build --wheel --out-dir dist

clean: ## remove what was built and installed here
	rm -rf $(VENV) $(STAMPS) web/node_modules src/dexter/workbench dist

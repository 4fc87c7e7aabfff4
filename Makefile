# Every way to build, try and test the project; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo scrapyd deploy test test-long bench bench-relevance lint help-pages lock clean

VENV := .venv
BIN := $(VENV)/bin
# How long each target is fuzzed by `make test-long`.
FUZZ_SECONDS ?= 120
# Any of these that is really there and can make a virtual environment; PYTHON=… chooses one.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 /usr/bin/python3)
USABLE := import ensurepip, sys, venv; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

define NO_PYTHON
No usable Python among: $(PYTHONS)
Needed is Python 3.11, 3.12 or 3.13 with its venv module. To get one:
  Debian, Ubuntu   apt-get install python3 python3-venv
  Fedora, RHEL     dnf install python3.12
  macOS            brew install python@3.12
Or name one: make setup PYTHON=/path/to/python3.12
endef
export NO_PYTHON

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready $(VENV)/.browser ## a ready .venv with the locked dependencies, and a browser

demo: setup ## crawl the bundled demo tracker into an embedded PostgreSQL and show what came of it
	@$(BIN)/ims demo

scrapyd: setup ## crawls scheduled over HTTP, on 127.0.0.1; with ALLOW_DEPLOY=1 it takes new versions
	@$(BIN)/python -m ims_spiders.daemon $(if $(ALLOW_DEPLOY),--allow-deploy)

deploy: setup ## build an egg of this source tree and hand it to that Scrapyd
	@$(BIN)/python -m ims_spiders.daemon.deploy

test: setup lint ## formatting, lint, types, layers and the test suite: what CI runs
	$(BIN)/pytest

test-long: setup ## the tests that take longer than the suite may; every part is run, whatever fails
	@code=0; \
	HYPOTHESIS_PROFILE=drawn $(BIN)/pytest -m long --dist worksteal || code=1; \
	HYPOTHESIS_PROFILE=drawn $(BIN)/pytest -k "properties or any_text" || code=1; \
	$(BIN)/python -m tests.mutants || code=1; \
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) || code=1; \
	$(BIN)/python -m tests.security.audit || code=1; \
	exit $$code

bench: setup ## run every benchmark
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

bench-relevance: setup ## how well a search finds what is relevant: CORPUS=issues.json QUERIES=queries.json
	@$(BIN)/python benchmarks/relevance.py $(CORPUS) $(QUERIES)

lint: setup ## formatting, lint, types and layers only
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

help-pages: setup ## write every command's help to ims_spiders/cli/COMMANDS.md
	@$(BIN)/python -m ims_spiders.cli.help_pages > ims_spiders/cli/COMMANDS.md

clean: ## remove the environment and all caches, never the data
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

# pip alone, so that the index, proxy and certificates of the user's pip.conf hold.
$(VENV)/.ready: pyproject.toml requirements.lock | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.browser: $(VENV)/.ready
	@$(BIN)/python -m ims_spiders.login.install
	@touch $@

# --clear: an environment whose interpreter has gone is made anew.
$(BIN)/python:
	@for python in $(PYTHONS); do \
		if $$python -c '$(USABLE)' 2>/dev/null; then echo "making $(VENV) with $$python"; exec $$python -m venv --clear $(VENV); fi; \
	done; echo "$$NO_PYTHON" >&2; exit 1

# Hashes of every platform's and Python's files, and no index address. An index from pip's settings is asked, as pip would.
lock: ## work out requirements.lock again after a change in pyproject.toml
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	for python in $(PYTHONS); do if $$python -c '$(USABLE)' 2>/dev/null; then break; fi; done; \
	$$python -m venv "$$folder"; "$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	index=$$("$$folder/bin/python" -m pip config get install.index-url 2>/dev/null \
		|| "$$folder/bin/python" -m pip config get global.index-url 2>/dev/null || true); \
	index=$${PIP_INDEX_URL:-$$index}; if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	"$$folder/bin/uv" pip compile pyproject.toml --extra dev --extra scrapyd --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements.lock

# Everything a developer or CI runs. Needs Python 3.11 or later and GNU make; the rest is installed into $(VENV).

VENV ?= .venv
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder # files of few tests are the long ones
MINUTES ?= 5

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NEIGHBOURS := $(VENV)/neighbours/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help venv check format lint types imports structure test faults fuzz demo bench bench-quick bench-publish docs docs-serve docs-comparison docs-tables docs-images package compat clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## create the virtual environment, or bring it up to date with pyproject.toml

$(INSTALLED): pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "pytest-llmtrace needs Python 3.11 or later. Name one: make venv PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "$(PYTHON) cannot make virtual environments (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "installing pytest-llmtrace and its development tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -rf $(VENV)/openai-2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/openai-2 \
		'openai>=2,<3' distro sniffio # the other major version, for tests/e2e/test_openai_2.py
	@touch $@

$(NEIGHBOURS): tests/neighbours/requirements.txt tests/neighbours/__main__.py | $(INSTALLED)
	@echo "installing plugins that must not be installed beside this suite into $(VENV)/neighbours ..."
	@$(BIN)/python -m tests.neighbours $(VENV)/neighbours
	@touch $@

check: format lint types imports structure ## format, lint, types, import rule, structure: all that needs no run

format: venv ## check the formatting (ruff)
	$(BIN)/ruff format --check .

lint: venv ## lint (ruff)
	$(BIN)/ruff check .

types: venv ## check the types (mypy, pyright), and those that users of the package see
	$(BIN)/mypy
	cd tests/typing && $(abspath $(BIN))/mypy --config-file mypy.ini --cache-dir ../../.mypy_cache/typing api.py
	@if $(BIN)/pyright --version >/dev/null 2>&1; then \
		echo "$(BIN)/pyright"; $(BIN)/pyright && $(BIN)/pyright -p tests/typing --pythonpath $(BIN)/python; \
	else \
		echo "SKIPPED pyright: it needs Node.js, which this machine neither has nor can download"; \
	fi

imports: venv ## check the import rule (import-linter)
	$(BIN)/lint-imports

structure: venv ## check module length, names, exports, and what loading the plugin imports
	$(BIN)/python -m pytest -q tests/unit/test_structure.py

test: venv $(NEIGHBOURS) ## run all tests; PYTEST_ARGS="-k name" runs some
	$(BIN)/python -m pytest $(PYTEST_ARGS)

faults: venv ## break recordings on purpose (200 kills, full disks, bad providers) and print what was lost: 5 minutes
	$(BIN)/python -m tests.faults
	LLMTRACE_FAULTS=1 $(BIN)/python -m pytest -q tests/plugin/test_history.py

fuzz: venv ## try inputs nobody would send, for MINUTES=5 over all targets, and print a table; crashes are kept in .fuzz
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' || \
		echo "atheris cannot be installed here: Hypothesis tries inputs in its place"
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

demo: venv ## record, replay, drift, accept and budget before your eyes, against a local provider
	$(BIN)/python examples/demo.py

bench: venv ## what replaying, recording and comparing cost, against the floor and the peers: 10 to 25 minutes
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-quick: venv ## the same in small, a ratio a line: 1 minute; never fails
	$(BIN)/python -m benchmarks --quick

bench-publish: venv ## write what the last `make bench` found into README and docs/reference/benchmarks.md
	$(BIN)/python -m benchmarks --publish

package: venv ## build wheel and source distribution into dist/, look into both, and run some tests against the wheel
	$(BIN)/python -m tests.package build
	$(BIN)/python -m tests.package smoke

compat: venv ## run the tests against the wheel on each Python here, with newest and lowest dependencies: 10 minutes each
	$(BIN)/python -m tests.package build
	$(BIN)/python -m tests.package compat $(COMPAT_ARGS)

docs: venv ## build the documentation into site/; a warning, a dead link or a dead anchor fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

docs-serve: venv ## show the documentation at http://127.0.0.1:8000 while you write it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --livereload

docs-comparison: venv ## run the peers again and draw docs/comparison.md: 5 minutes
	$(BIN)/python -m benchmarks.noticing

docs-tables: venv ## draw the generated pages of docs/ again
	$(BIN)/python docs/generate_sdks.py
	$(BIN)/python docs/generate_cli.py
	$(BIN)/python docs/generate_reference.py

docs-images: venv ## take the pictures of the HTML report again (needs Chromium)
	$(BIN)/python docs/make_screenshots.py

clean: ## remove everything that can be made again, the virtual environment included
	rm -rf $(VENV) build dist site .coverage* .demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

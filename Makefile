# The menu of the house. It wants nothing but make and a Python of 3.11 or later.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test versions lint golden campaign mutants zoo bench azurite typescript mermaid axe page pictures clean

help: ## this menu
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## two of three nodes die, and real documents are backed up all the same
	@mkdir -p runs && rm -f runs/demo.html
	$(BIN)/unkindness run no_leader_still_backed_up --data real --out runs --html runs/demo.html
	@echo "Every moment of it is in runs/demo.html: open that file in a browser, or type $(BIN)/unkindness open"

test: $(VENV)/.dev ## everything that is checked before a change is taken
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	UNKINDNESS_FROZEN=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "not campaign" --durations=10

versions: $(VENV)/.dev ## what another Python could change: make versions PYTHON=python3.13 VENV=.venv-3.13
	UNKINDNESS_FROZEN=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "not campaign" -p no:cacheprovider \
	  tests/test_house.py tests/test_floors.py tests/sim/test_determinism.py tests/scenarios/test_timeline.py \
	  tests/scenarios/test_gallery.py tests/scenarios/test_promises.py tests/scenarios/test_faults_of_the_domain.py

lint: $(VENV)/.dev ## style and types only, and put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/mypy

golden: $(VENV)/.dev ## record timelines and scripts again: read the diff, commit it only if you understand it
	UNKINDNESS_RECORD=1 UNKINDNESS_FROZEN=1 $(BIN)/python -m pytest tests/scenarios tests/raft/test_scripts.py tests/ports/test_registry.py

campaign: $(VENV)/.dev ## the long searches, hours; goes on where it was stopped: make campaign PART=storm ARGS='--seeds 5000'
	nice -n 10 $(BIN)/python -m scenarios.campaign $(PART) $(ARGS)

mutants: $(VENV)/.dev ## which changes of a rule of Raft no test of it notices: hours; goes on where it was stopped
	UNKINDNESS_FROZEN=1 nice -n 15 $(BIN)/mutmut run --max-children 1
	$(BIN)/python -m tests.raft.survivors

zoo: $(VENV)/.demo ## every bug of the zoo is caught within its budget, and nothing where none is planted
	$(BIN)/unkindness zoo --prove

bench: $(VENV)/.dev ## the yardsticks
	$(BIN)/unkindness bench

clean: ## remove what was built and cached, not what was kept in runs/
	rm -rf .venv .venv-* build dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

azurite: $(BIN)/python ## the one server for tests that is not on PyPI: Azure's, by npm; without it those tests are skipped
	@test -x $(VENV)/azurite/node_modules/.bin/azurite-blob || \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/azurite azurite@3

typescript: $(BIN)/python ## the checker of the page's types, by npm; without it their test is skipped
	@test -x $(VENV)/typescript/node_modules/.bin/tsc || \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/typescript typescript@5

mermaid: $(BIN)/python ## the reader of exported sequence diagrams, by npm; without it their test is skipped
	@test -d $(VENV)/mermaid/node_modules/mermaid || \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/mermaid mermaid@11 jsdom@26

axe: $(BIN)/python ## what looks for obstacles in the page, by npm; without it that test is skipped
	@test -f $(VENV)/axe/node_modules/axe-core/axe.min.js || \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/axe axe-core@4

page: $(VENV)/.dev ## the picture of the page in the README, from a real run; it wants a Chromium
	$(BIN)/python -m tests.page.picture

pictures: $(VENV)/.dev ## the page in every look, into runs/pictures, for somebody to judge; it wants a Chromium
	$(BIN)/python -m tests.page.matrix

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "unkindness needs Python 3.11 or later: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A stamp for each set of extras: a second run installs nothing, a changed pyproject.toml installs again.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.demo

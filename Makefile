# Two commands for a newcomer: `make demo` and `make test`. Both make .venv and install into it when needed.

PYTHON ?= python3
TIER   ?= quick
FORCE  ?=
ARGS   ?=

VENV   := .venv
PY     := $(VENV)/bin/python
RUNS   := $(VENV)/.installed
CHECKS := $(VENV)/.installed-dev

# The main job: 12 trials of the closed loop, a slot per core, then the confirmation on fresh seeds.
DEMO ?= train.py -m hydra/sweeper=llm_ucb experiment=demo hydra.sweeper.n_trials=12 hydra.sweeper.n_parallel=auto

.PHONY: help demo test lint interpreters format docs dist install clean distclean
.DEFAULT_GOAL := help

help: ## this list
	@echo "make demo              the closed loop on a small network (arguments: make demo ARGS='hydra.sweeper.n_trials=24')"
	@echo "make test              all gates, quick tier; TIER=full adds the long ones, FORCE=1 repeats a passed run"
	@echo "make lint              the gates without pytest"
	@echo "make interpreters      tests of the sweeper alone, without torch, on every further Python that is here"
	@echo "make format            ruff format, and what ruff can repair by itself"
	@echo "make docs              the documentation as a site, in site/"
	@echo "make dist              wheel and source archive in dist/, checked as for an index"
	@echo "make install           .venv with all that runs and checks need (PYTHON=python3.12 chooses the interpreter)"
	@echo "make clean             caches; make distclean: .venv too. Neither touches outputs/"

demo: $(RUNS)
	@$(PY) $(DEMO) $(ARGS)

test: install
	@$(PY) scripts/check.py --tier '$(TIER)' $(if $(FORCE),--force) $(ARGS)

lint: install
	@$(PY) scripts/check.py --tier static --force

interpreters: install
	@$(PY) scripts/interpreters.py

format: install
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

docs: install
	@$(PY) scripts/docs_pages.py
	@$(VENV)/bin/mkdocs build --quiet
	@echo "site/index.html"

dist: install
	@rm -rf dist
	@$(PY) -m build --no-isolation --outdir dist .
	@$(PY) -m twine check --strict dist/*
	@$(VENV)/bin/check-wheel-contents dist/*.whl

install: $(CHECKS)

# An environment knows its own path: after a move of the folder it has to be made again.
ifneq ($(shell cat $(RUNS) 2>/dev/null),$(CURDIR))
.PHONY: $(RUNS)
endif
ifneq ($(shell cat $(CHECKS) 2>/dev/null),$(CURDIR))
.PHONY: $(CHECKS)
endif

$(RUNS): pyproject.toml constraints.txt
	$(INSTALL) all

$(CHECKS): pyproject.toml constraints.txt
	$(INSTALL) dev

define INSTALL
@command -v $(PYTHON) >/dev/null || \
  { echo "There is no $(PYTHON) here. Install Python 3.11 or later, or name one: make PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "$(PYTHON) is Python %d.%d, and 3.11 or \
later is needed. Name one: make PYTHON=python3.12" % sys.version_info[:2])'
@$(PYTHON) scripts/install.py
endef

clean:
	rm -rf site .make .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)

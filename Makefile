# Commands of the project: `make help`.
SHELL := /bin/bash
# A process that finds nothing compiled takes a second longer to start, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
ONCE ?=
SEED ?= 7
MONTHS ?=
SEEDS ?= 1
ITEMS ?= 10000
ARGS ?=
NAME ?= intake

.DEFAULT_GOAL := help

.PHONY: help demo serve bench rehearse test check fix docs screenshots lock clean db-stop

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/base.done: requirements/base.txt
	@$(PYTHON) -c 'import sys; sys.exit("Throughline needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/base.txt
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/base.done
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

demo: $(VENV)/base.done ## Start everything and play the demo world; ONCE=1 plays to rest, prints control totals and ends
	$(PY) manage.py demo --seed $(SEED) $(if $(ONCE),--once) $(if $(MONTHS),--months $(MONTHS)) $(ARGS)

serve: $(VENV)/base.done ## Web, workers and ticker in one process tree
	$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py sync_roles
	$(PY) manage.py serve $(ARGS)

bench: $(VENV)/base.done ## Measure on this machine, in a database of its own: NAME=intake, lanes, latency, webhooks, posting, audit, replay
	$(PY) manage.py bench $(NAME) $(ARGS)

rehearse: $(VENV)/base.done ## Workers, intake and effects under faults, and a checker; SEED, SEEDS and ITEMS say how much
	$(PY) manage.py rehearse --seed $(SEED) --seeds $(SEEDS) --items $(ITEMS) $(ARGS)

test: $(VENV)/dev.done ## Install what the tests need, a browser too, and run all tests
	$(PY) tests/browser.py
	$(PY) -m coverage erase
	$(PY) -m pytest -n 3 --dist loadgroup --cov --cov-report= -m "not rehearsal" $(ARGS)
	$(PY) -m coverage report --fail-under=95
	$(PY) -m pytest -m rehearsal tests/rehearsal

check: $(VENV)/dev.done ## Lint, types, imports, migrations, templates, generated docs; changes nothing
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING
	$(PY) manage.py check_templates
	$(PY) manage.py model_docs --check

fix: $(VENV)/dev.done ## Format and fix what can be fixed by itself
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(PY) manage.py model_docs

docs: $(VENV)/dev.done ## Write the generated pages of docs/ again
	$(PY) manage.py model_docs

screenshots: $(VENV)/dev.done ## Take the pictures of docs/screenshots.md from a demo of its own, or from the one in THROUGHLINE_STACK
	$(PY) tests/browser.py
	$(PY) -m tests.screenshots $(if $(MONTHS),--months $(MONTHS)) $(ARGS)

lock: $(VENV)/dev.done ## Resolve the dependencies of pyproject.toml into requirements/*.txt with hashes
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements/base.txt pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev -c requirements/base.txt -o requirements/dev.txt pyproject.toml

db-stop: ## Stop the embedded PostgreSQL
	@test ! -x $(PY) || $(PY) manage.py db stop

clean: db-stop ## Stop the database and remove var/ with all data
	rm -rf var

# Every command that a person or CI needs. `make demo` and `make test` need nothing but make and Python 3.11 or newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test coverage check fix bench soak screens lock clean

VENV := .venv
BIN := $(VENV)/bin
MARKUP := node_modules/.package-lock.json
NODE_NEW_ENOUGH := var v = process.versions.node.split("."); process.exit(v[0] > 20 || (v[0] == 20 && v[1] > 18) ? 0 : 1)
OLDEST := 3.11
TEMPLATES := $(wildcard */templates)

# A running system is a dozen processes, and a run of the tests starts hundreds: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

# The interpreter that the environment is made with: the first one here that is new enough. `make PYTHON=/path/to/python demo` chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	"$$each" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo "$$each"; break; }; done)

# Settings for `check --deploy`: names that lead nowhere, so that production settings can be read on any machine. Nothing is contacted.
PRODUCTION := env -i PATH="$$PATH" HOME="$$HOME" DJANGO_SETTINGS_MODULE=config.settings.production DATA_DIR=var/check \
	SECRET_KEY=only-for-make-check-0123456789-abcdefghijklmnopqrstuvwxyz SITE_URL=https://asclaimed.example \
	CONTENT_HOST=content.asclaimed-files.example DATABASE_URL=postgresql://asclaimed_app@db.example/asclaimed \
	REDIS_URL=redis://broker.example/0 CACHE_URL=redis://cache.example/0 EMAIL_URL=smtps://mail.example:465 DEFAULT_FROM_EMAIL=record@asclaimed.example \
	LEDGER_ORIGIN=asclaimed.example/log BUFFERING_PROXY=nginx

help: ## list these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## the running site with the founding case, on embedded engines (ONCE=1: work the case through, print its JSON, stop)
	@DJANGO_SETTINGS_MODULE=config.settings.demo exec $(BIN)/python -m demo $(if $(filter-out 0 no false,$(ONCE)),--once)

test: $(VENV)/.dev $(MARKUP) ## the whole suite on embedded engines (PYTEST_ARGS="tests/ledger -x" narrows it)
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

coverage: $(VENV)/.dev $(MARKUP) ## the suite, traced: which branches it takes; fails below 95 % (PYTEST_ARGS narrows it, and then nothing is too little)
	@mkdir -p var/coverage
	$(BIN)/python -m pytest -n 3 --dist loadgroup --cov --cov-report=term --cov-report=html $(if $(PYTEST_ARGS),--cov-fail-under=0) $(PYTEST_ARGS)

check: $(VENV)/.dev ## lint, types, imports, migrations, deployment and docs; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check $(TEMPLATES)
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-cache
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python manage.py generate_docs --check
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python manage.py messages --check

fix: $(VENV)/.dev ## repair what can be repaired: lint, format, generated docs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt --quiet $(TEMPLATES)
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python manage.py generate_docs
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python manage.py messages

bench: $(VENV)/.bench ## benchmarks as ratios against peers (nginx and wrk of the system are used where installed)
	$(if $(PYTEST_ARGS),,@rm -f var/bench.json)
	$(BIN)/python -m pytest -n 0 --ds=tests.benchmarks.settings -s tests/benchmarks $(PYTEST_ARGS)

soak: $(VENV)/.dev ## the long forms: kills, faults, mutants, hostile servers; a line for each promise, held or broken (under an hour)
	$(BIN)/python -m pytest -n 0 -s tests/soak $(PYTEST_ARGS)

screens: $(VENV)/.dev ## take docs/screens anew: every page of the demonstration, wide and narrow, light and dark, both languages
	SCREENS=1 $(BIN)/python -m pytest -n 0 tests/browser/test_screens.py

lock: $(VENV)/.dev ## pin every dependency again, with hashes, from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version $(OLDEST) --generate-hashes --no-header --upgrade \
		pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version $(OLDEST) --generate-hashes --no-header --upgrade \
		--constraint requirements.txt --group dev pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version $(OLDEST) --generate-hashes --no-header --upgrade \
		--constraint requirements-dev.txt --group s3 --output-file requirements-s3.txt
	$(BIN)/uv pip compile --quiet --universal --python-version $(OLDEST) --generate-hashes --no-header --upgrade \
		--constraint requirements-dev.txt --group bench --output-file requirements-bench.txt

clean: ## delete all demo data: database, log, originals, keys and logins
	rm -rf var

# The environment. Each stamp is newer than what it was made from, so a second call costs nothing; an interrupted one is done again.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "AsClaimed needs Python $(OLDEST) or newer, and none is on PATH. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { echo "AsClaimed needs Python $(OLDEST) or newer; $(PYTHON) is older. Name another: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)" >&2
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) >&2; \
	else "$(PYTHON)" -m venv $(VENV) >&2 || { echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }; fi
	@touch $@

$(VENV)/.demo: requirements.txt $(VENV)/.made
	@$(call install,requirements.txt)
	@touch $@

# The requirements of development hold those of the demo, at the same versions.
$(VENV)/.dev: requirements-dev.txt $(VENV)/.made
	@$(call install,requirements-dev.txt)
	@touch $@ $(VENV)/.demo

# What checks the markup of pages, for the tests. Nothing that runs needs Node.js; where it is not there, the tests say so.
$(MARKUP): package.json package-lock.json
	@if node -e '$(NODE_NEW_ENOUGH)' >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then \
		echo "Installing package-lock.json into node_modules" >&2; \
		npm ci --silent >&2 && touch $@ || echo "npm could not install it: the markup of pages is not checked" >&2; \
	else echo "No Node.js 20.19 or newer with npm here: the markup of pages is not checked" >&2; fi

# The peers of the benchmarks, on top.
$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@$(call install,requirements-bench.txt)
	@touch $@

define install
echo "Installing $(1) into $(VENV)" >&2; \
if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) >&2; \
else $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) >&2; fi
endef

# Linli 邻里. `make run` is all that is needed to try it; `make test` and `make lint` are what CI runs.
#
#   PORT=8000             port of `make run`
#   TLS=1                 self-signed certificate, for trying camera and location on a phone
#   INSTANCE_DIR=path     database file, uploads and generated secrets (default: instance/)
#   DATABASE_URL=url      postgresql+psycopg://… instead of the embedded SQLite file
#   PUBLIC_URL=url        the address printed in codes and links
#   TEST_POSTGRES_URL=url a server the tests may create databases on, instead of the bundled one
#   ARGS="…"              more arguments for pytest or the bench

.DEFAULT_GOAL := run
.SUFFIXES:

PORT ?= 8000
export PORT
export TLS INSTANCE_DIR DATABASE_URL PUBLIC_URL TEST_POSTGRES_URL
# An empty value means "not given": programs see the variable only when it says something.
$(foreach name,TLS INSTANCE_DIR DATABASE_URL PUBLIC_URL TEST_POSTGRES_URL,$(if $($(name)),,$(eval unexport $(name))))

VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -qq
STAMPS := $(VENV)/.stamps
# Two cores are enough for everything here, and more workers would only wait for them.
WORKERS ?= 2
PYTEST := $(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: install run test test-deep lint lint-style lint-types lint-templates lint-imports format golden translations pages screenshots bench bench-pages bench-import bench-points bench-ledger clean

install: $(STAMPS)/dev ## virtual environment with everything, tools included

run: $(STAMPS)/run ## migrate, load the demo district on first run, serve
	$(VENV)/bin/python app.py

test: $(STAMPS)/dev ## the whole suite: SQLite, PostgreSQL, browser
	HYPOTHESIS_PROFILE=ci $(PYTEST)

test-deep: $(STAMPS)/dev ## the same with thousands of generated examples
	HYPOTHESIS_PROFILE=deep $(PYTEST)

lint: lint-style lint-types lint-templates lint-imports ## all four; with `make -k lint` one complaint hides no other

lint-style: $(STAMPS)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

lint-types: $(STAMPS)/dev
	$(VENV)/bin/mypy

lint-templates: $(STAMPS)/dev
	$(VENV)/bin/djlint templates --lint --quiet

lint-imports: $(STAMPS)/dev
	$(VENV)/bin/lint-imports

format: $(STAMPS)/dev ## what `make lint` would complain about, mended
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

golden: $(STAMPS)/dev ## write the reviewed lists of routes and events anew; look at the difference before committing
	UPDATE_GOLDEN=1 $(VENV)/bin/python -m pytest -q tests/architecture/test_routes.py tests/architecture/test_events.py

CATALOGUES := community/translations
BABEL := $(VENV)/bin/pybabel -q

# Files without line numbers and dates, in the order of the texts: a change of the program changes what it must and no more.
translations: $(STAMPS)/dev ## put new texts into the English catalogue, take old ones out, compile it
	$(BABEL) extract -F pyproject.toml --sort-output --no-location --no-wrap --project=Linli -o $(STAMPS)/texts.pot .
	$(BABEL) update -i $(STAMPS)/texts.pot -d $(CATALOGUES) -l en --no-fuzzy-matching --ignore-obsolete \
	  --ignore-pot-creation-date --no-wrap
	$(BABEL) compile -d $(CATALOGUES)
	@$(VENV)/bin/python -m pytest -q tests/core/test_i18n.py -k catalogue

pages: $(STAMPS)/dev ## weight, accessibility, scores and times of every page of the demo; exit 1 on a breach
	$(VENV)/bin/python tools/check_pages.py $(ARGS)

screenshots: $(STAMPS)/dev ## the README's pictures, from the demo district
	$(VENV)/bin/python tools/screenshots.py $(ARGS)

bench: $(STAMPS)/dev ## check-ins per second beside bare Flask and bare SQL
	$(VENV)/bin/python -m bench.checkin $(ARGS)

bench-pages: $(STAMPS)/dev ## what the pages that people open most take the server, beside a trivial page
	$(VENV)/bin/python -m bench.pages $(ARGS)

bench-import: $(STAMPS)/dev ## 3.48 million addresses by `flask places import`, beside the bare bulk load
	$(VENV)/bin/python -m bench.places_import $(ARGS)

bench-points: $(STAMPS)/dev ## awards, sealing and redeeming, each beside its baseline
	$(VENV)/bin/python -m bench.points $(ARGS)

bench-ledger: $(STAMPS)/dev ## ten million transfers in bulk, verified, and what pages cost on them
	$(VENV)/bin/python -m bench.ledger_fill $(ARGS)

clean: ## caches only: never the database, never the environment
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# A Python that is new enough, newest first; python3 last, because it may be older than 3.11.
$(STAMPS)/venv:
	@found=; for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if command -v $$candidate >/dev/null 2>&1 && \
	     $$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    found=$$candidate; break; fi; done; \
	if [ -z "$$found" ]; then \
	  echo "Linli needs Python 3.11 or newer, with venv (Debian: apt install python3 python3-venv)." >&2; \
	  echo "Installed elsewhere? Say which: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	if ! $(VENV)/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  "$$found" -m venv --clear $(VENV); fi
	@mkdir -p $(STAMPS) && touch $@

# The tools' list holds the program's list too, so whoever has `dev` has `run`.
$(STAMPS)/run: requirements.txt | $(STAMPS)/venv
	@if [ $(STAMPS)/dev -nt requirements.txt ]; then :; else \
	  echo "Installing the program's packages ..."; $(PIP) install --require-hashes -r requirements.txt; fi
	@touch $@

$(STAMPS)/dev: requirements-dev.txt | $(STAMPS)/venv
	@echo "Installing the program's packages and the tools ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# Two commands do everything: `make run` serves Plaque, `make test` runs every test.
# Each step leaves a stamp, so that the second time only what changed is done again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
PLAQUE_DATA ?= var
ASKED ?= $(MAKECMDGOALS)
export PORT PLAQUE_DATA ASKED

# Whatever is imported is compiled then, once; all that nobody imports would take a minute more.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.PHONY: run test check schema setup setup-test frontend clean

run: setup
	@$(BIN)/python manage.py serve

test: setup-test
	@$(BIN)/python tests/find_chromium.py --install
	@npm test --silent
	@$(BIN)/python -m pytest

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	npm run --silent check
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(VENV)/schema.yaml
	npx openapi-typescript $(VENV)/schema.yaml -o $(VENV)/schema.d.ts --array-length --silent
	@cmp -s $(VENV)/schema.d.ts frontend/src/api/schema.d.ts || { \
	  echo "frontend/src/api/schema.d.ts is not what the API says: run 'make schema'."; exit 1; }

schema: setup-test
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(VENV)/schema.yaml
	npx openapi-typescript $(VENV)/schema.yaml -o frontend/src/api/schema.d.ts --array-length --silent

setup: # packages of Python and of the front end side by side
	@$(MAKE) --silent --no-print-directory --jobs=2 $(VENV)/installed frontend

setup-test: setup $(VENV)/installed-test

frontend: frontend/dist/.vite/manifest.json

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Plaque needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Plaque needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(ASKED) PYTHON=python3.11"; exit 1; }
	@echo "Making a Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing Python packages (a few minutes the first time)"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-test: tests/requirements.txt $(VENV)/installed
	@echo "Installing what tests and checks need"
	@$(PIP) -r tests/requirements.txt
	@touch $@

node_modules/installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "Plaque needs Node.js 20.19 or newer, with npm."; exit 1; }
	@echo "Installing front-end packages"
	@npm ci --silent --no-audit --no-fund
	@touch $@

FRONTEND := $(shell find frontend/src frontend/vite.config.ts frontend/tsconfig.json -type f)
frontend/dist/.vite/manifest.json: node_modules/installed $(FRONTEND)
	@echo "Building the front end"
	@npm run --silent build -- --logLevel warn
	@touch $@

clean:
	rm -rf $(VENV) node_modules frontend/dist

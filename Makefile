# A fresh machine needs python3.11 or newer and make; `make help` lists what there is.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8000
HOST ?= 127.0.0.1
export PORT HOST

BIN := .venv/bin
SECRET := instance/secret_key
WITH_SECRET = SEGMENTATION_SECRET_KEY="$${SEGMENTATION_SECRET_KEY:-$$(cat $(SECRET))}"

.PHONY: help demo test lint oracle replica-oracle replica-fire kills restarts fuzz tokens schema load writers mutants bench replica-bench builder-bench docs screenshots lock clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/runtime $(SECRET) ## a demo store, served on PORT (default 8000)
	@$(WITH_SECRET) $(BIN)/flask --app wsgi db upgrade
	@$(WITH_SECRET) $(BIN)/flask --app wsgi demo
	@$(WITH_SECRET) exec $(BIN)/gunicorn wsgi:app

test: .venv/develop ## the whole suite
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/develop ## style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

oracle: .venv/develop ## 100,000 random rule trees against the oracle on SQLite, 20,000 on PostgreSQL
	SEGMENTATION_TEST_TREES=100000 $(BIN)/pytest -n 2 --timeout 7200 tests/rules/test_agreement.py

replica-oracle: .venv/develop ## 20,000 random rule trees against the oracle with a replica, while customers change
	SEGMENTATION_TEST_TREES=20000 $(BIN)/pytest -n 2 --timeout 14400 tests/rules/test_replica.py

replica-fire: .venv/develop ## replicas made anew under writes and questions for ten minutes, and killed in the making
	$(BIN)/python -m tests.campaigns.replicas
	$(BIN)/python -m tests.campaigns.replica_kills

kills: .venv/develop ## workers killed at random in every kind of job, for ten minutes
	$(BIN)/python -m tests.campaigns.kills

restarts: .venv/develop ## PostgreSQL restarted twenty times under load (needs its server programs)
	$(BIN)/python -m tests.campaigns.restarts

fuzz: .venv/develop ## 200,000 strange requests in process and 20,000 over HTTP
	nice $(BIN)/python -m tests.campaigns.fuzz

tokens: .venv/develop ## forged tokens, and 10,000 mutated ones
	nice $(BIN)/python -m tests.campaigns.tokens

schema: .venv/develop ## 100 requests of every operation of the OpenAPI document, by schemathesis
	SEGMENTATION_TEST_EXAMPLES=100 nice $(BIN)/pytest -q --timeout 3600 tests/walls/test_schema.py

load: .venv/develop ## lists, pages and previews at 20, 100 and 200 requests a second beside an import and an export
	$(BIN)/python -m tests.campaigns.load

writers: .venv/develop ## eight clients that only write into one SQLite file for a minute, beside an import
	$(BIN)/python -m tests.campaigns.writers

mutants: .venv/develop ## each predicate on a store taken out of the code, one at a time, in a copy: tests must fail
	nice $(BIN)/python -m tests.campaigns.mutants

bench: .venv/develop ## previews over HTTP against hand-written SQL, imports, exports, refreshes
	$(BIN)/python -m benchmarks

replica-bench: .venv/develop ## previews from columns against hand-written SQL and others' ways, into docs/benchmark.md
	$(BIN)/python -m benchmarks.replicas --write

builder-bench: .venv/develop ## from a keystroke in the builder to its counts, with 200,000 customers (needs a Chromium)
	$(BIN)/python -m benchmarks.builder

docs: .venv/develop ## the tables of docs/rules.md, from the registries
	PYTHONPATH=. $(BIN)/python docs/generate.py

screenshots: .venv/develop ## the pictures of the README, from the demo (needs a Chromium)
	PYTHONPATH=. $(BIN)/python docs/screenshots.py

lock: .venv/develop ## renew the locks from setup.cfg
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile setup.cfg --universal --python-version 3.11 --no-strip-extras --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements.lock
	$(BIN)/uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --no-strip-extras --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements-dev.lock

clean: ## forget the environment (the data in instance/ stays)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "python3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.lock | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/develop: requirements-dev.lock | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(SECRET):
	@mkdir -p instance
	@umask 077 && $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))' > $@

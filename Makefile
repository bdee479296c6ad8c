# Everything there is to run. Nothing but make, a Python 3.11+ and its pip is needed: `make demo`, `make test`.
# Each command makes its own virtual environment in .venv, once; `make PYTHON=/path/to/python ...` chooses the Python.

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --constraint deploy/constraints.txt
PYTHON ?=

.PHONY: help demo bench test lint format types pytest faults mutants simulate fuzz compare clean distclean relock-broker

help:            ## this list
	@sed -n 's/^\([a-z%-]*\):.*## /  make \1|/p' Makefile | column -t -s '|'

demo: $(VENV)/.demo                ## run the main job: broker, worker, orders, and a check of every decision
	$(BIN)/risk-stream demo $(DEMO)

bench: $(VENV)/.bench              ## every table of docs/performance.md (an hour or two; needs a JDK 17+ for Kafka Streams)
	$(BIN)/python -m bench.page $(ARGS)

bench-%: $(VENV)/.bench            ## one of them: `make bench-latency ARGS="--rates 500"`; the names are those of bench/
	$(BIN)/python -m bench.$(subst -,_,$*) $(ARGS)

test: lint types pytest            ## everything that must pass: style, types, tests

lint: $(VENV)/.test                ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.test              ## let ruff put style and formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.test               ## mypy, strict
	$(BIN)/mypy

pytest: $(VENV)/.test              ## the tests alone; `make pytest ARGS="-k topics"` picks some
	$(BIN)/risk-stream compile
	$(BIN)/pytest --numprocesses 2 --dist worksteal $(ARGS)

faults: $(VENV)/.test              ## the whole fault campaign, hours: report in faults.md; `make faults ARGS="--rows 9,13 --jobs 4"` picks some, four runs at once
	$(BIN)/risk-stream compile
	$(BIN)/python -m tests.faults --full --report faults.md $(ARGS)

mutants: $(VENV)/.test             ## break the package on purpose, in one place at a time: the harness must find each
	$(BIN)/risk-stream compile
	$(BIN)/python -m tests.faults.mutants $(ARGS)

SCHEDULES ?= 100000
simulate: $(VENV)/.test            ## seeded crash schedules of the protocol in memory: make simulate SCHEDULES=1000000
	$(BIN)/python -m tests.simulation --schedules $(SCHEDULES) $(ARGS)

DECODES ?= 1000000
fuzz: $(VENV)/.test                ## random bytes and spoilt messages through every decoder: make fuzz DECODES=1000000
	$(BIN)/python -m tests.faults.fuzz --decodes $(DECODES) $(ARGS)

ORDERS ?= 100000
compare: $(VENV)/.test             ## random streams of all kinds, the engine against the naive model: make compare ORDERS=1000000
	$(BIN)/python -m tests.decide.compare --orders $(ORDERS) $(ARGS)

relock-broker: $(VENV)/.test       ## write the lock file of the embedded broker anew (VERSION=4.2.2)
	$(BIN)/python -m risk_stream.broker.relock $(VERSION)

clean:           ## remove caches and build products
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find risk_stream tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## and the virtual environment
	rm -rf $(VENV)

# The stamps are newer than what they were made from, so that a second run installs nothing.
$(VENV)/.demo: $(BIN)/python pyproject.toml deploy/constraints.txt
	@echo "installing risk-stream into $(VENV) (once, a minute or two)" >&2
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml deploy/constraints.txt
	@echo "installing risk-stream and its test tools into $(VENV) (once, a minute or two)" >&2
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(BIN)/python pyproject.toml deploy/constraints.txt
	@echo "installing risk-stream and what it is compared with into $(VENV) (once, a minute or two)" >&2
	@$(PIP) --editable '.[bench,demo]'
	@touch $@ $(VENV)/.demo

# Made once: its date is that of the Python it links to, older than the stamps.
$(BIN)/python:
	@PYTHON='$(PYTHON)' deploy/make-venv $(VENV)

# Everything a newcomer needs: `make demo` and `make test`. Both install what they need.

.PHONY: demo build engine test lint unit setup chaos bench-ingest fmt fuzz-templates

## Build, fetch the engine once, start the shop on http://localhost:7181
demo: build
	./target/release/birdhouse demo

## Build the server
build: engine
	cargo build --release --locked -p birdhouse

## Fetch the engine library into the user's cache, once
engine:
	@scripts/fetch-engine

## Install what the tests need, then run every check
test: setup lint unit

setup: engine
	@scripts/setup-tests

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

unit:
	cargo test --locked --workspace --doc --quiet
	cargo nextest run --locked --workspace

# ROUNDS and CHAOS_SEED repeat what a run has printed.
ROUNDS ?= 200
CHAOS_SEED ?= 1

## Kill the server and its engine again and again under load, and count every row; takes minutes
chaos: engine
	CHAOS_ROUNDS=$(ROUNDS) CHAOS_SEED=$(CHAOS_SEED) cargo nextest run --locked --profile chaos -p birdhouse \
		-E 'test(chaos::kill_loop)' --no-capture

fmt:
	cargo fmt --all

# The reference package lives outside of the sources; ORACLE is the script that asks it.
ORACLE ?= ../shared/oracle/render_template.py
ORACLE_VENV ?= target/oracle
CASES ?= 20000
SEED ?= 1

## Compare our templates with the reference package on generated cases
fuzz-templates:
	test -x $(ORACLE_VENV)/bin/python || python3 -m venv $(ORACLE_VENV)
	# 5.0.3 asks for a certifi that is newer than the newest one; it does not need it here.
	$(ORACLE_VENV)/bin/pip install --quiet tinybird==5.0.2 lru-dict
	$(ORACLE_VENV)/bin/pip install --quiet --no-deps tinybird==5.0.3
	scripts/fuzz_templates.py --oracle $(ORACLE_VENV)/bin/python $(ORACLE) --cases $(CASES) --seed $(SEED)

## Measure ingestion: one table, about two minutes (docs/performance.md)
bench-ingest: engine
	cargo build --release --locked -p birdhouse -p birdhouse-bench
	./target/release/birdhouse-bench ./target/release/birdhouse $(SECTIONS)

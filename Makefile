# Everything a newcomer needs: `make demo` and `make test`. Both install what they need.

.PHONY: demo build engine test lint unit compare setup chaos fmt
.PHONY: fuzz-templates fuzz-datafiles fuzz bench-parse bench-ingest

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
test: setup lint compare unit

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

# The reference package and the scripts that ask it live outside of the sources.
ORACLE ?= ../shared/oracle
ORACLE_VENV ?= target/oracle
CASES ?= 20000
SEED ?= 1
TEMPLATES = scripts/fuzz_templates.py --oracle $(ORACLE_VENV)/bin/python $(ORACLE)/render_template.py
DATAFILES = scripts/fuzz_datafiles.py --oracle $(ORACLE_VENV)/bin/python $(ORACLE)/parse_datafile.py

## Compare our templates with the reference package on generated cases
fuzz-templates:
	scripts/setup-oracle $(ORACLE) $(ORACLE_VENV)
	$(TEMPLATES) --cases $(CASES) --seed $(SEED)

## Compare our parser of datafiles with the reference package on generated files
fuzz-datafiles:
	scripts/setup-oracle $(ORACLE) $(ORACLE_VENV)
	$(DATAFILES) --cases $(CASES) --seed $(SEED)

# A small part of both, with the binary of the tests. The cases are the same each time.
compare:
	cargo build --locked -p birdhouse
	@if scripts/setup-oracle $(ORACLE) $(ORACLE_VENV); then \
	  $(TEMPLATES) --ours target/debug/birdhouse --cases 4000 && \
	  $(DATAFILES) --ours target/debug/birdhouse --cases 4000; \
	else echo "SKIPPED: the comparison with the reference package"; fi

SECONDS ?= 60
TARGETS ?=

## Run the coverage-guided targets of fuzz/ (all, or TARGETS) for SECONDS each
fuzz:
	scripts/fuzz $(SECONDS) $(TARGETS)

## Time both languages: the nodes of the product grid (goal 30 us), a project of 200 files (goal 100 ms)
bench-parse:
	cargo run --quiet --release --locked -p birdhouse-template --example product_grid
	cargo run --quiet --release --locked -p birdhouse-datafile --example load_project

## Measure ingestion: one table, about two minutes (docs/performance.md)
bench-ingest: engine
	cargo build --release --locked -p birdhouse -p birdhouse-bench
	./target/release/birdhouse-bench ./target/release/birdhouse $(SECTIONS)

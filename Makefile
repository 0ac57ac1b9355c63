# Everything a newcomer needs: `make demo` and `make test`. Both install what they need.

.PHONY: demo build engine test lint unit setup fmt

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

fmt:
	cargo fmt --all

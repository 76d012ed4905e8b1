# What you can do here. `make` alone says so.

# Downloads and builds are kept outside the clone: a second clone starts warm.
export LONGSHORE_CACHE ?= $(HOME)/.cache/longshore
export CARGO_TARGET_DIR ?= $(LONGSHORE_CACHE)/target

.PHONY: help run test campaign bench fmt lint docs

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## build Longshore and start it with an embedded broker and a first pipeline; ARGS="--port 8090"
	@tests/prerequisites.sh build
	LONGSHORE_COMMIT="$$(git rev-parse --short=16 HEAD 2>/dev/null || echo unknown)" cargo build --release --package longshore
	@exec "$(CARGO_TARGET_DIR)/release/longshore" quickstart $(ARGS)

test: ## every check and every test, with real services; the last line counts them
	@tests/prerequisites.sh test
	@tests/run.sh

campaign: ## the long forms of the crash, contract and integration tests
	@tests/prerequisites.sh test
	@LONGSHORE_CAMPAIGN=1 tests/run.sh -p longshore-crash -p longshore-contract -p longshore-integration

bench: ## compare with the real Kafka Connect worker on this machine; ARGS go to the harness
	@tests/prerequisites.sh test
	cargo build --release --package longshore
	cargo run --release --package longshore-bench -- $(ARGS)

fmt: ## format all code
	cargo fmt --all

lint: ## what the compiler and clippy have to say; warnings are errors
	cargo clippy --workspace --all-targets -- -D warnings

docs: ## write the generated parts of the documentation anew
	UPDATE=1 cargo test --package longshore-architecture --package longshore-file --package longshore-datagen --package longshore-contract

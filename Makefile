# Two commands: `make run` sets up, builds and scans a demo image; `make test` runs every test.

BIN  := target/release/lazaret
DEMO := target/demo

.PHONY: run test test-kubernetes setup setup-test build demo lint tidy deny bench docs fuzz lab help

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | sort

run: setup build demo  ## set up, build, make a demo image, scan it

test: setup-test build lab  ## every test (the lab images are made once and kept in target/lab)
	LAZARET_BIN=$(abspath $(BIN)) cargo nextest run --workspace
	cargo test --workspace --doc --quiet

test-kubernetes: setup-test build  ## admission on a real Kubernetes node (its first run builds one: ten minutes or more)
	tests/lab/kubernetes.sh target/lab/kubernetes
	LAZARET_BIN=$(abspath $(BIN)) cargo nextest run --package walks --test kubernetes --test-threads 1
	cargo nextest run --package lazaret-server

setup:           ## install what building and the demo need
	tests/lab/setup.sh build

setup-test:      ## install what the tests need
	tests/lab/setup.sh test

build:           ## the release binary
	cargo build --release --package lazaret

demo: $(BIN)     ## make the demo image and scan it
	tests/lab/demo-image.sh $(DEMO)/demo-image.tar
	$(BIN) --data-dir $(DEMO)/data advisories import tests/lab/demo-advisories
	@echo
	$(BIN) --data-dir $(DEMO)/data --cache-dir $(DEMO)/cache scan --exit-zero $(DEMO)/demo-image.tar

lab:             ## images of every package manager, and signed ones, made from the package registries
	tests/lab/docker-tools.sh target/lab
	tests/lab/containerd-tools.sh target/lab
	tests/lab/images.sh target/lab
	tests/lab/signature-tools.sh target/lab/tools
	tests/lab/signatures.sh target/lab/signatures target/lab/tools

lint: tidy deny  ## everything that CI checks besides the tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

tidy:            ## the house rules
	cargo xtask tidy

deny:            ## licences and sources of dependencies
	cargo deny --log-level error check bans licenses sources

bench:           ## the table of benches/README.md: whole processes beside their peers
	benches/compare.sh

docs:            ## write the pages of docs/ that are made of data: the rules of templates
	LAZARET_WRITE_DOCS=1 cargo test -q -p lazaret-analyze --lib pages_are_those_of_the_data

fuzz:            ## every fuzz target for a minute each (needs cargo-fuzz and a nightly compiler)
	fuzz/run.sh 60

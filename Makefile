# Cohort: reinforcement learning of language models on a fleet of independent processes.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BUILD ?= build
SEED ?= 0

.PHONY: help setup build demo demo-zero demo-code test test-quick clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install what is missing: Debian packages, libtorch into .venv
	@scripts/setup.sh

build: setup ## compile everything into build/bin
	@scripts/build.sh $(BUILD)

demo: build ## SmolLM2-135M learns sums and products (about 4 minutes; SEED=n)
	@scripts/setup.sh scripts/requirements-model.txt
	@scripts/demo.sh demo $(SEED)

demo-zero: build ## R1-Zero in small: a 100k-parameter model learns to think (about a minute; SEED=n)
	@scripts/demo.sh demo-zero $(SEED)

demo-code: build ## the same model learns to program a stack machine by running its programs (3 to 5 minutes; SEED=n)
	@scripts/demo.sh demo-code $(SEED)

test: build ## all tests, on a machine with nothing installed too
	@scripts/setup.sh scripts/requirements-model.txt
	@scripts/get_promtool.sh
	@scripts/test.sh $(BUILD)

test-quick: build ## the quick suite: about a minute
	@scripts/test.sh $(BUILD) -L quick

clean: ## remove what was built
	rm -rf $(BUILD)

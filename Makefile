# Everything a developer runs. `make help` lists it.
#   make test PYTHON=python3.13 VENV=.venv313      another interpreter, in an environment of its own
#   make test PYTEST_FLAGS="-n 2 -x"               more for pytest; -n 2 uses both cores

PYTHON ?= python3
VENV ?= .venv
VENV_KERAS ?= .venv-keras
VENV_OLDEST ?= .venv-oldest
PYTEST_FLAGS ?=

BIN := $(VENV)/bin
KERAS_PYTEST := KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(VENV_KERAS)/bin/python -m pytest tests/keras
PEERS := .venv-peers
TABLES := benchmarks/tables
# benchmarks/_*.py are helpers of the others
BENCHMARKS := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))
LINTED := $(wildcard src tests benchmarks examples)

.DEFAULT_GOAL := help
.PHONY: help test demo lint format parity parity-long parity-table docs long slow oldest peers benchmarks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A stamp says which extra an environment holds; it is made again when pyproject.toml changes.
# dev holds all that examples holds, so it leaves both stamps.
$(VENV)/.dev: pyproject.toml
	$(call environment,$(VENV),dev)
	@touch $(VENV)/.examples $@

$(VENV)/.examples: pyproject.toml
	$(call environment,$(VENV),examples)
	@touch $@

$(VENV_KERAS)/.parity: pyproject.toml
	$(call environment,$(VENV_KERAS),parity)
	@touch $@

# $(call environment,FOLDER,EXTRA)
define environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "flintglass needs Python 3.11 or later; '$(PYTHON)' is not. Pick one: make PYTHON=python3.12 ..." >&2; exit 1; }
@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(2)]'
endef

test: $(VENV)/.dev ## the fast tests
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

demo: $(VENV)/.examples ## a first look: trains a small network and shows every number of one step
	$(BIN)/flintglass demo

lint: $(VENV)/.dev ## ruff's rules and format, mypy's types
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy

format: $(VENV)/.dev ## write the format, and the fixes that are safe
	$(BIN)/ruff check --fix $(LINTED)
	$(BIN)/ruff format $(LINTED)

parity: $(VENV_KERAS)/.parity ## the same numbers as real Keras (on JAX, on the processor)
	$(KERAS_PYTEST) -m "keras and not slow" $(PYTEST_FLAGS)

parity-long: $(VENV_KERAS)/.parity ## parity, slow tests included
	$(KERAS_PYTEST) -m keras --timeout=1800 $(PYTEST_FLAGS)

parity-table: $(VENV_KERAS)/.parity ## write docs/parity.md: the whole table with its differences
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(VENV_KERAS)/bin/python -m tests.keras.report

docs: $(VENV)/.dev ## write docs/primitives.md from the primitives
	$(BIN)/python -m flintglass.primitives.document

long: ## all of it: slow tests, all of parity, benchmarks and their tables
	$(MAKE) lint
	$(MAKE) slow
	$(MAKE) oldest
	$(MAKE) parity-long
	$(MAKE) benchmarks

slow: $(VENV)/.dev ## the fast tests and the slow ones
	$(BIN)/python -m pytest -m "not keras" --timeout=1800 $(PYTEST_FLAGS)

oldest: ## the fast tests on the oldest NumPy that pyproject.toml allows
	$(MAKE) $(VENV_OLDEST)/.dev VENV=$(VENV_OLDEST)
	$(VENV_OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check 'numpy==2.0.*'
	$(MAKE) test VENV=$(VENV_OLDEST)

# Each framework in an environment of its own, found by benchmarks/fit_step.py; several gigabytes in all.
peers: $(PEERS)/keras-jax/.made $(PEERS)/keras-tensorflow/.made $(PEERS)/scikit-learn/.made $(PEERS)/pytorch/.made ## install what the benchmarks compare with

$(PEERS)/keras-jax/.made: PACKAGES = keras~=3.15.0 jax~=0.10.0
$(PEERS)/keras-tensorflow/.made: PACKAGES = keras~=3.15.0 tensorflow-cpu~=2.21.0
$(PEERS)/scikit-learn/.made: PACKAGES = scikit-learn~=1.9.0
$(PEERS)/pytorch/.made: PACKAGES = torch==2.13.0 numpy
$(PEERS)/%/.made: Makefile
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGES)
	@touch $@

benchmarks: $(VENV)/.dev ## run every benchmark; tables go to benchmarks/tables
	@mkdir -p $(TABLES)
	@set -e; for file in $(BENCHMARKS); do \
		table=$(TABLES)/$$(basename $$file .py).md; \
		echo "$$file -> $$table"; \
		$(BIN)/python $$file > $$table.part; \
		mv $$table.part $$table; cat $$table; \
	done

clean: ## remove what make and the tools made; environments too
	rm -rf $(VENV) $(VENV_KERAS) $(VENV_OLDEST) $(PEERS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(LINTED) -name __pycache__ -type d -prune -exec rm -rf {} +

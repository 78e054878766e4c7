# Everything a developer runs. `make help` lists it.
#   make test PYTHON=python3.13 VENV=.venv313      another interpreter, in an environment of its own
#   make test PYTEST_FLAGS="-n 2 -x"               more for pytest; -n 2 uses both cores
#   make build FLINTGLASS_SETS=baseline,avx2       the native engine for other sets of instructions than this machine's best

PYTHON ?= python3
VENV ?= .venv
VENV_KERAS ?= .venv-keras
VENV_OLDEST ?= .venv-oldest
VENV_TENSORFLOW ?= .venv-tensorflow
OLDER_KERAS := 3.3.3 3.6.0 3.10.0
PYTEST_FLAGS ?=
# The best set of this machine alone: a third of the time that all of them take. `make build-all` builds all, as pip does.
FLINTGLASS_SETS ?= $(shell if grep -qs avx512vl /proc/cpuinfo; then echo avx512; elif grep -qs avx2 /proc/cpuinfo; then echo avx2; fi)
SETS := baseline avx2 avx512

BIN := $(VENV)/bin
KERAS_PYTEST := KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(VENV_KERAS)/bin/python -m pytest tests/keras
PEERS := .venv-peers
TABLES := benchmarks/tables
# benchmarks/_*.py are helpers of the others
BENCHMARKS := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))
LINTED := $(wildcard src tests benchmarks examples)
comma := ,
NATIVE := $(wildcard native/*.h native/*.cpp native/kernels/*.h native/kernels/*.cpp)
MODULES := flintglass/engines/native_engine/machine_*
# cpython-311: the environments of one Python share what is built for it
BUILD = build/$(shell $(BIN)/python -c 'import sys; print(sys.implementation.cache_tag)')

.DEFAULT_GOAL := help
.PHONY: help test build build-all sets demo lint format tidy sanitize sanitize-sample sanitize-threads parity parity-long parity-older parity-table docs long slow \
	oldest fuzz security-table peers benchmarks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A stamp says which extra an environment holds; it is made again when pyproject.toml changes.
# dev holds all that examples holds, so it leaves both stamps.
$(VENV)/.dev: pyproject.toml
	$(call environment,$(VENV),dev)
	@touch $(VENV)/.examples $@

$(VENV)/.examples: pyproject.toml
	$(call environment,$(VENV),examples)
	@touch $@

$(VENV)/.tidy: pyproject.toml
	$(call environment,$(VENV),tidy)
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

# Compiles what has changed, and puts the modules into the package in FOLDER.
# $(call compiled,BUILD FOLDER,PACKAGE'S FOLDER,MORE FOR CMAKE)
define compiled
@if command -v $${CXX:-c++} > /dev/null; then \
	PATH="$(abspath $(BIN)):$$PATH" && \
	cmake -S . -B $(1) -G Ninja -DPython_EXECUTABLE=$(abspath $(BIN))/python $(3) > /dev/null && \
	cmake --build $(1) && \
	cmake --install $(1) --prefix $(2) > /dev/null; \
else \
	echo "No C++ compiler (c++, or the one that CXX names): the NumPy engine serves."; \
fi
endef

build: $(VENV)/.dev ## compile the native engine, what has changed of it
	$(call compiled,$(BUILD),src,-DFLINTGLASS_SETS=$(FLINTGLASS_SETS))

build-all: ## compile the native engine for all sets of instructions
	$(MAKE) build FLINTGLASS_SETS=

# Every set that this machine has, one after the other.
sets: build-all ## the native engine's tests on every set of instructions (x86-64 with AVX-512)
	for set in $(SETS); do \
		FLINTGLASS_INSTRUCTION_SET=$$set $(BIN)/python -m pytest tests/contracts/test_native_engine.py \
			tests/contracts/test_plans.py tests/fit/test_engines.py $(PYTEST_FLAGS) || exit 1; \
	done

test: build ## the fast tests
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

demo: $(VENV)/.examples ## a first look: trains a small network and shows every number of one step
	$(BIN)/flintglass demo

lint: $(VENV)/.dev ## ruff's rules and format, mypy's types, clang-format's format
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(NATIVE)

format: $(VENV)/.dev ## write the format, and the fixes that are safe
	$(BIN)/ruff check --fix $(LINTED)
	$(BIN)/ruff format $(LINTED)
	$(BIN)/clang-format -i $(NATIVE)

tidy: build $(VENV)/.tidy ## clang-tidy's rules for the native engine
	printf '%s\n' $(filter %.cpp,$(NATIVE)) | xargs -P 2 -n 1 $(BIN)/clang-tidy -p $(BUILD) --quiet

# The engine compiled with SANITIZERS, in a copy of the package. It is run by the interpreter that $(VENV) was made of, with
# $(VENV)'s tools, since $(VENV)'s own knows the package in src/ only. The sanitizer's RUNTIME is loaded before Python,
# and so is the C++ library, whose exceptions the runtime has to know.
# Their reports go past pytest, which would lose them with the process.
# $(call sanitized,SANITIZERS,RUNTIME,TESTS,SET OF INSTRUCTIONS,LEVEL OF OPTIMISATION)
SANITIZED = $(abspath $(BUILD))-$(2)$(5)
TOOLS = $(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
BASE = $(shell $(BIN)/python -c 'import sys; print(sys._base_executable)')
define sanitized
@rm -rf $(SANITIZED)/package && mkdir -p $(SANITIZED)/package
@cp -R src/flintglass $(SANITIZED)/package && rm -f $(SANITIZED)/package/$(MODULES)
$(call compiled,$(SANITIZED),$(SANITIZED)/package,-DFLINTGLASS_SETS=$(4) -DFLINTGLASS_SANITIZERS=$(1) \
	-DFLINTGLASS_SANITIZED_LEVEL=$(5) -DCMAKE_BUILD_TYPE=None)
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 TSAN_OPTIONS=halt_on_error=1:suppressions=$(abspath native/thread-sanitizer.txt); \
	export UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1; \
	export PYTHONPATH=$(SANITIZED)/package:$(TOOLS) PYTHONNOUSERSITE=1; \
	export LD_PRELOAD="$$(c++ -print-file-name=$(2).so) $$(c++ -print-file-name=libstdc++.so)"; \
	$(BASE) -c 'import flintglass.engines.native_engine.machine_$(4)' && \
	$(BASE) -m pytest -p xdist -p pytest_timeout --capture=sys --timeout=1200 $(3) $(PYTEST_FLAGS)
endef

sanitize: $(VENV)/.dev ## the contract tests with AddressSanitizer and UndefinedBehaviorSanitizer (Linux)
	$(call sanitized,address$(comma)undefined,libasan,tests/contracts,avx2,-O1)

# What takes the compiler a minute: no optimisation, and of the contracts those of plans and of the engine.
SAMPLE := tests/contracts/test_plans.py tests/contracts/test_native_engine.py -k "not memory_stays_flat"
sanitize-sample: $(VENV)/.dev ## a few of the contract tests with AddressSanitizer (Linux)
	$(call sanitized,address,libasan,$(SAMPLE),baseline,-O0)

# Without forks, which the sanitizer does not follow, and without predictions while another thread trains: those that met
# a step in its middle are made again (docs/decisions/0007).
sanitize-threads: $(VENV)/.dev ## the tests of threads with ThreadSanitizer (Linux)
	$(call sanitized,thread,libtsan,tests -k "thread and not fork and not while_the_model_trains",avx2,-O1)

parity: build $(VENV_KERAS)/.parity ## the same numbers as real Keras (on JAX, on the processor)
	$(KERAS_PYTEST) -m "keras and not slow" $(PYTEST_FLAGS)

parity-long: build $(VENV_KERAS)/.parity ## parity, slow tests included
	$(KERAS_PYTEST) -m keras --timeout=1800 $(PYTEST_FLAGS)

# Keras 2 is tf_keras; the versions of Keras 3 run on TensorFlow too, since JAX has left the older ones behind.
parity-older: build ## files of Keras 2 and of earlier versions of Keras 3 (gigabytes)
	@test -x $(VENV_TENSORFLOW)/bin/python || $(PYTHON) -m venv $(VENV_TENSORFLOW)
	$(VENV_TENSORFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[parity-older]'
	TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow $(VENV_TENSORFLOW)/bin/python -m pytest \
		tests/keras/test_files_of_keras2.py -m keras $(PYTEST_FLAGS)
	set -e; for version in $(OLDER_KERAS); do \
		$(VENV_TENSORFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
			--target build/keras-$$version keras==$$version; \
		TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow PYTHONPATH=build/keras-$$version \
			$(VENV_TENSORFLOW)/bin/python -m pytest tests/keras/test_files_of_versions.py -m keras $(PYTEST_FLAGS); \
	done

parity-table: build $(VENV_KERAS)/.parity ## write docs/parity.md: the whole table with its differences
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(VENV_KERAS)/bin/python -m tests.keras.report

docs: $(VENV)/.dev ## write docs/primitives.md from the primitives, and docs/keras.md from the names of Keras
	$(BIN)/python -m flintglass.primitives.document
	$(BIN)/python -m flintglass.compat.document

long: ## all of it: slow tests, all of parity, benchmarks and their tables
	$(MAKE) lint
	$(MAKE) tidy
	$(MAKE) slow
	$(MAKE) sets
	$(MAKE) sanitize
	$(MAKE) sanitize-threads
	$(MAKE) oldest
	$(MAKE) fuzz
	$(MAKE) security-table
	$(MAKE) parity-long
	$(MAKE) parity-older
	$(MAKE) benchmarks

slow: build ## the fast tests and the slow ones
	$(BIN)/python -m pytest -m "not keras" --timeout=1800 $(PYTEST_FLAGS)

oldest: build ## the fast tests on the oldest NumPy that pyproject.toml allows
	$(MAKE) $(VENV_OLDEST)/.dev VENV=$(VENV_OLDEST)
	$(VENV_OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check 'numpy==2.0.*'
	$(VENV_OLDEST)/bin/python -m pytest $(PYTEST_FLAGS)

CASES ?= 100000
SEED ?= 1
fuzz: build ## mutated model files into the loaders: CASES of them (100,000) from SEED on, a tenth of them whole models
	$(BIN)/python -m tests.files.fuzz_hdf5 --cases $(CASES) --seed $(SEED)
	$(BIN)/python -m tests.files.fuzz_models --cases $$(($(CASES) / 10)) --seed $(SEED)

security-table: build ## write docs/security.md: every hostile file, what it tries, and what happens
	$(BIN)/python -W ignore -m tests.files.security_report

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

benchmarks: build ## run every benchmark; tables go to benchmarks/tables
	@mkdir -p $(TABLES)
	@set -e; for file in $(BENCHMARKS); do \
		table=$(TABLES)/$$(basename $$file .py).md; \
		echo "$$file -> $$table"; \
		$(BIN)/python $$file > $$table.part; \
		mv $$table.part $$table; cat $$table; \
	done

clean: ## remove what make and the tools made; environments too
	rm -rf $(VENV) $(VENV_KERAS) $(VENV_OLDEST) $(VENV_TENSORFLOW) $(PEERS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f src/$(MODULES)
	find $(LINTED) -name __pycache__ -type d -prune -exec rm -rf {} +

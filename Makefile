# make run and make test each do all set-up in a fresh clone: only python3 and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Data beside the checkout is used when it is there; otherwise it is downloaded and cached.
ifneq ($(wildcard ../shared/data/mnist),)
export LATTICEWORK_DATA ?= $(abspath ../shared/data)
endif

.PHONY: matrix help setup run gpu gpu-kernel test test-all test-slow levels annotations sanitize fuzz docs web browser lint bench torture clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# The scripts of a virtual environment name its folder: in a checkout that was moved it is made again.
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
ifneq ($(wildcard $(BIN)/pip),)
ifneq ($(shell head -3 $(BIN)/pip | grep -cF "$(abspath $(VENV))/"),1)
$(info $(VENV) was made in another folder and is made again)
$(shell rm -rf $(VENV))
endif
endif
endif

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "latticework needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 and run again" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || $(PYTHON) -m virtualenv $(VENV) || \
	  { echo "could not make $(VENV): install the venv module (Debian: apt install python3-venv) and run again" >&2; exit 1; }

NATIVE := $(wildcard src/latticework/kernels/native/*) CMakeLists.txt
# Without a compiler this installs all the same, and XLA does the work.
$(VENV)/.installed: $(BIN)/python pyproject.toml $(NATIVE)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['dev'], sep='\n')" > $(VENV)/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement $(VENV)/dev.txt
	@touch $@

setup: $(VENV)/.installed-dev  ## install everything, tools for development included

run: $(VENV)/.installed  ## train the 1,120-parameter grid on MNIST by its local rule
	$(BIN)/latticework train grid-snap1-adam
	@$(BIN)/latticework report --recipe ring-snap1

test: $(VENV)/.installed-dev  ## the test-suite but what is marked all or slow
	$(BIN)/pytest -q -n 2

# What is longer than `make test` should be; the last line is pytest's own.
test-all: $(VENV)/.installed-dev  ## lint, docs, sanitizers, SIMD levels, a short fuzz, tests marked all
	$(MAKE) lint
	$(MAKE) docs
	$(MAKE) sanitize
	$(MAKE) levels
	$(MAKE) fuzz N=small
	$(MAKE) annotations
	$(BIN)/pytest -q -n 2 -m all

# The tests that reach most of the package.
annotations: $(VENV)/.installed-dev  ## tests with every annotation of the package checked at every call
	LATTICEWORK_CHECK_ANNOTATIONS=1 $(BIN)/pytest -q -n 2 tests/contract tests/oracle \
	  tests/unit/test_staged.py tests/unit/test_streaming.py tests/unit/test_train_loop.py \
	  tests/unit/test_examples_refused.py tests/unit/test_tasks_*.py

matrix: $(VENV)/.installed  ## a part of the tests under every Python and JAX that is claimed and here
	$(BIN)/python tests/matrix.py

test-slow: $(VENV)/.installed-dev  ## the tests marked slow
	$(BIN)/pytest -q -m slow

# `make test` runs with the best SIMD level. These are the tests whose numbers depend on it, run with
# each other level, with what XLA makes for a processor of another age too, and with AVX-512: on a
# machine that lacks it, in a build that emulates it with narrower registers.
EMULATED := build/emulated
NUMERICAL := tests/golden tests/contract tests/oracle $(wildcard $(addprefix tests/unit/test_, \
  native_*.py glom_*.py train_loop.py train_resume.py train_optimisers.py staged.py columns.py \
  spiking_parts.py fixed_point.py shifted_loop.py streaming.py core_*.py))
SIMD_LEVELS = $(BIN)/python -c 'from latticework.kernels.extension import extension; \
  print(*extension().levels())'
# XLA has no float16 for a processor without F16C, which is younger than SSE 4.2.
levels: $(VENV)/.installed-dev  ## the numerical tests under every SIMD level but the best
	set -e; for level in $$($(SIMD_LEVELS) | cut -s -d' ' -f2-); do \
	  echo "SIMD level $$level"; \
	  LATTICEWORK_SIMD=$$level XLA_FLAGS=--xla_cpu_max_isa=SSE4_2 \
	    $(BIN)/pytest -q -n 2 -k "not float16 and not half" $(NUMERICAL); \
	done
	set -e; if ! $(SIMD_LEVELS) | grep -q avx512; then \
	  $(BIN)/pip install --quiet --disable-pip-version-check nanobind cmake ninja; \
	  PATH="$(abspath $(BIN)):$$PATH" cmake -G Ninja -S . -B $(EMULATED) --log-level=WARNING \
	    -DLATTICEWORK_EMULATE_AVX512=ON -DPython_EXECUTABLE=$(abspath $(BIN))/python; \
	  PATH="$(abspath $(BIN)):$$PATH" cmake --build $(EMULATED); \
	  echo "SIMD level avx512, emulated"; \
	  PYTHONPATH=tests LATTICEWORK_SIMD=avx512 \
	    LATTICEWORK_NATIVE=$$(echo $(abspath $(EMULATED))/_native*.so) \
	    $(BIN)/pytest -q -n 2 -p support.other_build $(NUMERICAL); \
	fi

SANITIZED := build/sanitize
sanitize: $(VENV)/.installed-dev  ## the compiled kernels' tests under ASan and UBSan, every SIMD level
	$(BIN)/pip install --quiet --disable-pip-version-check nanobind cmake ninja
	PATH="$(abspath $(BIN)):$$PATH" cmake -G Ninja -S . -B $(SANITIZED) --log-level=WARNING \
	  -DLATTICEWORK_SANITIZE=ON -DLATTICEWORK_EMULATE_AVX512=ON \
	  -DPython_EXECUTABLE=$(abspath $(BIN))/python
	PATH="$(abspath $(BIN)):$$PATH" cmake --build $(SANITIZED)
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=tests \
	  LATTICEWORK_NATIVE=$$(echo $(abspath $(SANITIZED))/_native*.so) \
	  $(BIN)/pytest -q -p support.other_build tests/unit/test_native_*.py

# Every executable file fuzz/NAME/run is a fuzz, so a new one needs no line here. It is given, in
# the environment, N (how many cases of each kind, or `small`: what takes about a minute) and SEED
# (where its random draws begin: another for each run), finds this environment's python first in
# PATH, says on stderr what went wrong, and fails then. Its last line on stdout is one JSON object of
# counts for each kind of case, as {"update": {"cases": 100000, "wrong accepted": 0}}. These are
# added up in results/fuzz.json, unless N is small.
N ?= small
fuzz: $(VENV)/.installed-dev  ## every fuzz below fuzz/, N=100000 cases of each kind; N=small: a minute each
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python fuzz/add_up.py $(N)

docs: $(VENV)/.installed  ## build the documentation into site/
	$(BIN)/pip install --quiet --disable-pip-version-check "mkdocs-material>=9.5" "mkdocstrings[python]>=0.26" \
	  "mkdocs-jupyter>=0.25" "latex2mathml>=3.77" "sympy>=1.12"
	JAX_PLATFORMS=cpu $(BIN)/mkdocs build --strict --quiet

web:  ## build the page of `latticework demo` from web/ (needs node 20 and npm)
	cd web && npm ci --no-audit --no-fund && npm run build

# Never fails: where something cannot be had, the tests that need it are skipped and say so.
CHROMIUM := $(shell command -v chromium-headless-shell chromium chromium-browser google-chrome 2>/dev/null | head -1)
browser: $(VENV)/.installed-dev  ## what the page's own tests need: Chromium, its driver, node modules
	@timeout 180 $(BIN)/pip install --quiet --disable-pip-version-check "playwright>=1.50" "wgpu>=0.20" \
	  || echo "playwright or wgpu could not be had; tests that need them will be skipped"
	@test -n "$(CHROMIUM)" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  timeout 180 sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends \
	    chromium-headless-shell libvulkan1 mesa-vulkan-drivers' >/dev/null 2>&1; } \
	  || echo "Chromium could not be had; tests that need it will be skipped"
	@command -v npm >/dev/null && (cd web && timeout 120 npm ci --no-audit --no-fund --silent) \
	  || echo "node modules could not be had; tests that need them will be skipped"

lint: $(VENV)/.installed-dev  ## ruff, pyright, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

torture: $(VENV)/.installed  ## 200 kills, 50 pairs, 50 double resumes over all families (a quarter of an hour)
	$(BIN)/python benchmarks/torture.py --save results/torture.json

bench: $(VENV)/.installed  ## time the kernels
	$(BIN)/latticework bench leaky

# Nothing is installed: JAX with CUDA and a few packages must be there; the script names those that are not.
gpu: gpu-kernel  ## on a machine with a GPU: compare and time every path, eight minutes, into results/gpu/
	PYTHONPATH=src $(PYTHON) benchmarks/gpu.py --out results/gpu

gpu-kernel:  ## compile the kernels for CUDA (needs nvcc, and JAX for its headers), under a minute
	src/latticework/kernels/native/cuda/build.sh src/latticework/kernels/libcuda_kernels.so.1 \
	  "$$($(PYTHON) -c 'import jax; print(jax.ffi.include_dir())')"

clean:  ## remove what set-up made; results of runs stay
	rm -rf $(VENV) build src/latticework/kernels/libcuda_kernels.so.1

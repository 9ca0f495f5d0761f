# Needs Python >= 3.11, git and make; everything else goes into .venv. `make help` lists it all.

PYTHON ?= python3
ARGS ?=
# Two at once, file by file, the longest groups first; what needs the whole machine goes one after
# the other (tests/conftest.py).
PYTEST_ARGS ?= -n 2
# What `make golden` compares with: the state before the rebuilding.
REF ?= b35a257

# Which build of torch: cpu, cu130, rocm7.2, auto, ... (what `uv --torch-backend` knows), or an
# index of one's own that holds the build. The choice is remembered in .venv.
TORCH_BACKEND ?= $(or $(word 2,$(shell cat .venv/torch 2>/dev/null)),cpu)
TORCH_INDEX ?=

# Nothing of ours reports home, looks for updates, or installs packages while it runs.
export FLWR_TELEMETRY_ENABLED ?= 0
export FLWR_DISABLE_UPDATE_CHECK ?= 1
export FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION ?= 1
export RAY_USAGE_STATS_ENABLED ?= 0
# A package directory or an interpreter of another environment must not leak into this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Dozens of processes import torch and Ray: compiled for each of them anew, they take minutes.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Python compiles what is imported when it is: doing it for all of torch takes half the set-up.
INSTALL := $(PIP) install -qq --no-compile
LOCK = $(BIN)/uv pip compile --config-file lock.toml pyproject.toml --quiet --universal \
  --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
READY := .venv/ready-$(TORCH_BACKEND)
TORCH = torch==$(shell sed -n 's/^torch==\([0-9.]*\).*/\1/p' requirements.lock)
# The CPU build needs nothing but what the lock names; another build brings its own libraries.
TORCH_DEPS = $(if $(filter cpu,$(TORCH_BACKEND)),--no-deps,)

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint format types layers pytest docs golden lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo "  variables: PYTHON=$(PYTHON) TORCH_BACKEND=$(TORCH_BACKEND) TORCH_INDEX= ARGS= PYTEST_ARGS= REF=$(REF)"

setup: $(READY) ## .venv from the lock (done by run and test)

run: setup ## one federated experiment: make run ARGS="--rounds 5"
	$(BIN)/anml run $(ARGS)

test: check ## every check and every test

check: lint types layers pytest ## ruff, mypy, import-linter, pytest

lint: setup ## ruff, lint and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: setup ## put the code into ruff's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: setup ## mypy --strict
	$(BIN)/mypy

layers: setup ## who may import whom
	$(BIN)/lint-imports

# One thread each: every one of several processes would take all cores for itself.
pytest: setup ## tests and doctests, the slowest last: make pytest PYTEST_ARGS="-m 'not slow'"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --durations=20 $(PYTEST_ARGS)

docs: setup ## the docs as a site, build/site/index.html: any warning fails
	@rm -rf build/outputs
	$(BIN)/python -m tests.docs.notebooks build/outputs
	$(BIN)/python -m sphinx -W --keep-going -q -d build/doctrees docs build/site
	@echo "the site: file://$(CURDIR)/build/site/index.html"

golden: setup ## outputs beside REF's, byte by byte: make golden REF=main ARGS="--only 'preset-*'"
	$(BIN)/python -m tests.golden $(REF) $(ARGS)

# The second lock is what an image needs: the same versions, no studies and no test tools.
lock: $(BIN)/uv ## write both locks anew: make lock ARGS=--upgrade
	$(LOCK) --all-extras --group dev --output-file requirements.lock $(ARGS)
	$(LOCK) --extra simulation --extra postgresql --constraint requirements.lock --output-file requirements-run.lock

clean: ## remove .venv and everything that was generated but results
	rm -rf .golden .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f *.fab
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ── The environment ─────────────────────────────────────────────────────────────────────────

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@rm -f .venv/ready-*
	@echo "set-up, once; on a fresh machine it takes some minutes, most of them for downloads"
	@echo "1/4 torch"
	@$(install-torch)
	@echo "2/4 the packages of requirements.lock"
	@$(install-lock)
	@echo "3/4 this project"
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@# ByzFL's rules need no torchvision: see lock.toml.
	@$(BIN)/python -m pip check | { ! grep -v -e '^No broken' -e '^byzfl .* torchvision'; }
	@$(check-torch)
	@echo "4/4 compiling what is imported"
	@# Now, also for whoever has Python keep nothing of it later.
	@$(BIN)/python -c 'import clients.app, server.app, studies.commands'
	@touch $@

# uv knows where PyTorch keeps its builds. Only where pip has not found one is it needed here.
$(BIN)/uv: | $(BIN)/python
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > .venv/uv.txt
	$(INSTALL) --no-deps --require-hashes --requirement .venv/uv.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null || \
	  { echo "error: $(PYTHON) is no Python 3.11 to 3.14 (found: $$($(PYTHON) -V 2>&1 | head -1))." \
	    "Name one that is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) lacks venv or ensurepip. On Debian and Ubuntu:" \
	    "apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv

# torch comes first, since the lock's `torch==X` (any build of X satisfies it) would otherwise
# fetch PyPI's, which for Linux is a CUDA build of gigabytes. In this order: the index that was
# named; a `+cpu` wheel that pip's own configuration finds; the place that uv knows.
define install-torch
set -eu; want="$(TORCH) $(TORCH_BACKEND)"; log=.venv/torch.log; : > $$log; \
if test "$$(cat .venv/torch 2>/dev/null)" = "$$want"; then exit 0; fi; \
echo "$(TORCH), $(TORCH_BACKEND) build ..."; \
if test -n "$(TORCH_INDEX)"; then \
  $(INSTALL) --force-reinstall $(TORCH_DEPS) --index-url "$(TORCH_INDEX)" $(TORCH); \
elif test "$(TORCH_BACKEND)" = cpu && \
  $(INSTALL) --no-deps "$(TORCH)+cpu" > $$log 2>&1; then :; \
else \
  $(MAKE) --no-print-directory $(BIN)/uv; \
  $(BIN)/uv pip install --python $(BIN)/python --reinstall-package torch $(TORCH_DEPS) \
    --torch-backend "$(TORCH_BACKEND)" $(TORCH) || { \
    echo "error: no $(TORCH_BACKEND) build of $(TORCH) could be fetched: see above." >&2; \
    if test -s $$log; then echo "pip had looked before, and said:" >&2; tail -n 2 $$log >&2; fi; \
    echo "A mirror of your own: make setup TORCH_INDEX=URL. A wheel on disk: let" \
      "PIP_FIND_LINKS name its folder." >&2; exit 1; }; \
fi; \
echo "$$want" > .venv/torch
endef

# pip's own bar is of a single file. It is counted what was fetched; its errors come as they are.
define install-lock
set -eu; total=$$(grep -c '^[A-Za-z0-9].*==' requirements.lock); log=.venv/lock.log; \
{ $(PIP) install --no-compile --no-deps --require-hashes --progress-bar off \
    --requirement requirements.lock && touch .venv/lock-installed; } | tee $$log | \
  awk -v total="$$total" '/^(Collecting|Requirement already satisfied)/ { \
      if (++n % 20 == 0) { print "    " n " of up to " total; fflush() } } \
    /^Installing collected/ { print "    installing them ..."; fflush() }'; \
test -e .venv/lock-installed || { tail -n 5 $$log; exit 1; }; rm -f .venv/lock-installed
endef

# By default nothing of CUDA may be here, wherever torch came from.
define check-torch
$(BIN)/python -c 'import sys, torch, importlib.metadata as m; \
cuda = sorted({d.name for d in m.distributions() if d.name.startswith(("nvidia-", "triton"))}); \
print("torch:", torch.__version__, "with CUDA" if torch.version.cuda else "without CUDA"); \
bad = "$(TORCH_BACKEND)" == "cpu" and (torch.version.cuda or cuda); \
sys.exit(bad and f"error: TORCH_BACKEND=cpu, yet CUDA came along: {torch.version.cuda} {cuda}." \
" Remove .venv, and see TORCH_BACKEND and TORCH_INDEX in the Makefile." or 0)'
endef

# Needs Python 3.11 or newer, make and git; everything else goes into .venv.
PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip install -q --disable-pip-version-check
# Installed before everything else, in exactly this version: where a CPU build of it is offered, pip takes that one.
# Anywhere else on Linux it brings gigabytes for GPUs; an index with small builds goes into PIP_EXTRA_INDEX_URL.
TORCH  := torch==2.13.0

.PHONY: help demo test check format test-oldest bench docs clean

help:  ## what there is to make
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: .venv/demo.stamp  ## five unchanged scripts, recorded, and what was recorded
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

test: check  ## the checks, then every test (about ten minutes on two cores)
	@echo "== the tests that take longer, two at a time, and all others"
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "slow or not slow"

check: .venv/dev.stamp  ## formatting rules and types
	@echo "== ruff and mypy"
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy

format: .venv/dev.stamp  ## the formatting rules, applied
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

test-oldest: .venv/dev.stamp  ## the fast tests with the oldest libraries that pyproject.toml allows
	@echo "== the fast tests, with the oldest libraries we allow"
	@$(BIN)/python tools/oldest.py

bench: .venv/dev.stamp  ## every figure, ours beside the peer's, into benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks

docs: .venv/dev.stamp  ## the pages that are made from the code
	@echo "== docs/what-is-recorded.md"
	@$(BIN)/python tools/what_is_recorded.py

clean:  ## the environment and everything that was built
	rm -rf .venv build dist demo-runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of packages: made again when pyproject.toml is newer.
.venv/demo.stamp: pyproject.toml
	@echo "== installing autolog, scikit-learn, PyTorch, Lightning, XGBoost and Optuna into .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) $(TORCH)
	@$(PIP) -e '.[demo]'
	@touch $@

.venv/dev.stamp: pyproject.toml
	@echo "== installing autolog and what its tests need into .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) $(TORCH)
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/demo.stamp

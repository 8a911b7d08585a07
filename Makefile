# `make demo` and `make test` are all a fresh machine needs: both first make .venv from the lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# With PYTHONDONTWRITEBYTECODE each of the many processes of a test run, and of the demo, would
# compile the project anew. What is compiled already, and was not edited since, takes no time.
COMPILE := $(BIN)/python -m compileall -q reconciler

.PHONY: demo test lint schemas lock bench clean

demo: $(STAMP)
	@$(COMPILE)
	@$(BIN)/reconciler demo

test: $(STAMP) lint
	@$(COMPILE) tests
	@$(BIN)/pytest -n auto -q

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Everything comes from requirements.lock, each file held to its hash; the project itself is
# linked, not copied, so an edit needs no second install.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed (set PYTHON=python3.11)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

bench: $(STAMP)
	@$(BIN)/python -m tests.benchmarks
	@$(BIN)/python -m tests.benchmarks.loading

schemas: $(STAMP)
	@$(BIN)/python -m reconciler.core.generate

# Two locks: all that `make test` needs, and of the same versions what an installed reconciler needs
# (hatchling builds it).
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

lock:
	$(LOCK) --group dev pyproject.toml -o requirements.lock
	echo hatchling | $(LOCK) --constraint requirements.lock pyproject.toml - -o requirements-run.lock

clean:
	rm -rf $(VENV) build dist

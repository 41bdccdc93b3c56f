# Each command makes .venv when absent, installs what it needs, and runs.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: parity test bench experiments study clean

parity: .venv/parity
	$(BIN)/python -m parity $(PARITY_ARGS)

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(PYTEST_ARGS)

bench: .venv/bench
	$(BIN)/python -m benchmarks mnist $(BENCH_ARGS)

experiments: .venv/bench
	$(BIN)/python -m benchmarks run --all --quick $(EXPERIMENTS_ARGS)

study: .venv/study
	$(BIN)/python -m parity study $(STUDY_ARGS)

clean:
	rm -rf .venv results site

# A stamp for each set of extras: installed once, and again when pyproject.toml changes.
.venv/%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv .venv

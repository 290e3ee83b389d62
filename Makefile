# The two commands of the README, and the daily ones of CONTRIBUTING.
PYTHON ?= python3
BIN = .venv/bin

# Where npm puts Medusa, 700 MB: outside the checkout.
MEDUSA ?= /tmp/ecommerce-real-shops/medusa

.PHONY: run test real-shops coverage lint format clean

run: .venv/run
	$(BIN)/python -m ecommerce_assets.shops.demo
	$(BIN)/ecommerce load --reports
	$(BIN)/ecommerce serve

test: .venv/dev
	$(BIN)/pytest -n auto --dist worksteal

real-shops: .venv/dev
	$(BIN)/python -m ecommerce_tests.shops.medusa.server $(MEDUSA)
	ECOMMERCE_TEST_MEDUSA=$(MEDUSA) $(BIN)/pytest -m real_shops

coverage: .venv/dev
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

lint: .venv/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .coverage .mypy_cache .pytest_cache .ruff_cache

.venv/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed.")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade --constraint constraints.txt pip
	touch $@

.venv/run: .venv/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/dev: .venv/run
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev
	touch $@

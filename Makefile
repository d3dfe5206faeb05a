# Every target installs what it needs into .venv first; Python 3.11 or later and make are all that must be there.
PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
# Tests write thousands of small databases; in memory they need not wait for the disk.
MEMORY := $(if $(wildcard /dev/shm),TMPDIR=/dev/shm)

# A release of a library overnight must not change what a test says; `make upgrade` moves to the newest.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo run test lint bench faults pictures format words upgrade clean browser reference
.DEFAULT_GOAL := demo

.venv/runtime: pyproject.toml constraints.txt
	@echo "Installing into .venv (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) --constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/runtime
	@echo "Installing what the tests need (once) ..."
	@$(INSTALL) --upgrade "pip>=25.1"
	@$(INSTALL) --constraint constraints.txt --group dev
	@touch $@

demo: .venv/runtime
	@$(BIN)/newsletter demo

# Serves what is set up here; where nothing is, the demonstration.
run: .venv/runtime
	@if test -f newsletter.toml || test -f .env || env | grep -q '^NEWSLETTER_'; then exec $(BIN)/newsletter run; \
	elif test -f var/demo/newsletter.toml; then cd var/demo && exec ../../$(BIN)/newsletter run; \
	else echo "There is nothing to serve yet: try 'make demo', or set up your own with '$(BIN)/newsletter init'." >&2; exit 1; fi

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint --quiet templates/web templates/reports

test: .venv/dev browser reference
	$(BIN)/coverage erase
	$(MEMORY) $(BIN)/coverage run -m pytest -n 2 --dist load --maxschedchunk 4 $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: .venv/dev
	$(BIN)/python -m benchmarks $(ROWS)

faults: .venv/dev
	$(BIN)/python -m benchmarks.faults
	NEWSLETTER_TEST_OUTAGE_SECONDS=20 $(BIN)/python -m pytest -q tests/faults/test_click_storms.py
	$(MEMORY) $(BIN)/python -m pytest -q -n 2 -m long -o faulthandler_timeout=1200 tests

# What docs/ shows of letters, taken anew in a real browser.
pictures: .venv/dev browser
	$(BIN)/python -m tools.pictures

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Brings each catalogue into line with messages.pot: see docs/languages.md.
words: .venv/dev
	@for file in templates/words/*.po; do $(BIN)/pybabel --quiet update --locale $$(basename $$file .po) --width 120 --previous \
	  --ignore-obsolete --ignore-pot-creation-date --input-file templates/words/messages.pot --output-file $$file || exit 1; done
	@echo "Now say what is empty or marked 'fuzzy'; then try: make test TESTS=tests/unit/test_words.py"

upgrade: .venv/dev
	$(INSTALL) --upgrade --upgrade-strategy eager --editable . --group dev
	$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable > constraints.txt

# The browser tests drive Debian's Chromium, the one that draws no window. As root on Debian it is installed here;
# elsewhere they take the Chromium or Chrome that is there, or say why they skip.
browser:
	@command -v chromium-headless-shell >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null \
	  || { echo "Installing chromium ..."; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell >/dev/null; } \
	  || echo "Chromium could not be installed; the browser tests will take another or skip."

# The reference compiler of MJML, for tests alone: our mails and its own examples must come out alike by both.
REFERENCE := mjml@4.18.0
reference: .venv/dev
	@command -v npm >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null \
	  || { echo "Installing nodejs and npm ..."; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null; } \
	  || true
	@test -f .venv/mjml/node_modules/.package-lock.json \
	  || { echo "Installing $(REFERENCE) (once) ..."; npm install --prefix .venv/mjml --ignore-scripts --no-audit --no-fund --loglevel=error $(REFERENCE) >/dev/null; } \
	  || echo "The reference compiler of MJML could not be installed; its tests will say so and skip."

clean:
	rm -rf .venv build dist var .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache

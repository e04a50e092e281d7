# What can be done with this project; `make` alone lists it. Nothing has to be installed first but make and
# Python 3.11, 3.12 or 3.13 with its venv module: everything else goes into .venv, at the versions in uv.lock.

PYTHON ?=
ARGS ?=
SECONDS ?= 60
UV_VERSION := 0.13.9
BIN := .venv/bin
# One more than there are processors: many tests wait for a bot that starts, stops or is kept waiting.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) < 8 ? $$(getconf _NPROCESSORS_ONLN) + 1 : 8)))
STAMP := .venv/.ready

# Where Python is told to keep no bytecode, each of the tests' many processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-sandbox zscaler-down kills flood fuzz check format bench sbom clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: $(STAMP)  ## Set up .venv (PYTHON=python3.12 chooses the Python)

demo: $(STAMP)  ## Run the bot against stand-ins for Slack, OneTrust and Zscaler, and show the threads
	@exec $(BIN)/python -m sandbox.demo $(ARGS)

run: $(STAMP)  ## Run the bot against the real services, with the settings in .env
	@test -f .env || { echo "There is no .env yet: cp .env.example .env, then fill it in." >&2; exit 1; }
	@set -a; . ./.env; set +a; exec $(BIN)/python -m bot $(ARGS)

test: $(STAMP)  ## Run the bot's tests (ARGS="-k manifest" chooses)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-sandbox: $(STAMP)  ## Run the tests of the stand-ins themselves (ARGS as above)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests/sandbox $(ARGS)

zscaler-down: $(STAMP)  ## Run all scenarios with a Zscaler that is down, then with one that never answers
	@for how in down wedged; do \
		echo "== Zscaler is $$how"; \
		APPSCAN_TEST_ZSCALER=$$how $(BIN)/pytest -n $(WORKERS) --dist worksteal tests/scenario $(ARGS) || exit 1; done

kills: $(STAMP)  ## Kill the bot 200 times while builds are shared (ARGS="--kills 400 --builds 200 --seed 7 --zscaler")
	@exec $(BIN)/python -m tests.acceptance.kills $(ARGS)

fuzz: $(STAMP)  ## Fuzz the readers of builds (SECONDS=300 for each; ARGS="plist manifest" chooses)
	@$(SYNC) --group fuzz
	@exec $(BIN)/python -m fuzz --seconds $(SECONDS) $(ARGS)

flood: $(STAMP)  ## Share 500 builds within a minute, under Slack's own limits (10 to 15 minutes)
	@exec $(BIN)/python -m tests.acceptance.flood $(ARGS)

check: $(STAMP)  ## Lint, formatting, types, import rules, advisories about dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/unit/test_imports.py
	$(BIN)/python .ci/audit || [ $$? -eq 75 ]  # 75: no dependency could be looked up, as it says

format: $(STAMP)  ## Format the code and mend what lint can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP)  ## Measure how soon the bot answers, idle and under load, and what reading builds costs
	@$(SYNC) --group benchmarks
	@for bench in benchmarks/[!_]*.py; do \
		name=$$(basename "$$bench" .py); echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" $(ARGS) || exit 1; done

sbom: $(STAMP)  ## Write a CycloneDX list of the bot's locked dependencies to dist/appscan.cdx.json
	@mkdir -p dist
	@$(BIN)/uv export --locked --no-dev --no-emit-project --format cyclonedx1.5 --quiet -o dist/appscan.cdx.json
	@echo "dist/appscan.cdx.json"

clean:  ## Remove .venv and every cache; the database and .env stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv is installed into .venv itself, so its sync must be --inexact: an exact one would remove it. The project runs
# from here and is not installed, as building it would fetch a build backend that uv.lock does not pin.
# A Python without ensurepip (Debian without python3-venv) can't make a .venv with pip in it.
FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

SYNC := env -u UV_PYTHON VIRTUAL_ENV="$(CURDIR)/.venv" UV_PROJECT_ENVIRONMENT="$(CURDIR)/.venv" \
	UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy $(BIN)/uv sync --locked --inexact --no-install-project --quiet

$(STAMP): pyproject.toml uv.lock Makefile
	@set -e; \
	if [ -n "$(PYTHON)" ] || ! $(BIN)/python -c '$(FITS)' 2>/dev/null; then \
		for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
			if "$$python" -c '$(FITS)' 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$${found:-}" ]; then \
			echo "No Python 3.11, 3.12 or 3.13 with venv was found (on Debian and Ubuntu: apt install python3-venv)." >&2; \
			echo "If there is one elsewhere: make setup PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		echo "Setting up .venv with $$("$$found" --version) …"; \
		"$$found" -m venv --clear .venv; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(SYNC)
	@touch $@

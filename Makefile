# One door to everything. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PORT ?= 8000
SIZES ?= 1000 10000 100000 1000000
SIZE ?= 1000000
UV ?= $(shell command -v uv || echo .tools/bin/uv)
RUN = $(UV) run --quiet
# Where the suite finds PostgreSQL and Redis; the suite makes a database of its own there.
TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_REDIS_URL ?= redis://127.0.0.1:6379
# Where Python may not keep what it compiled, every process that a test starts compiles Django and Stripe's library anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-postgres browser slow check fmt css css-check messages fonts bench bench-advice bench-renewals bench-reminders bench-usage faults clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

$(UV):
	@echo "Bringing uv, the package manager, into .tools/."
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	@python3 -m venv .tools 2>/dev/null && .tools/bin/pip install --quiet --disable-pip-version-check uv \
		|| { rm -rf .tools; python3 -m pip install --quiet --disable-pip-version-check --target .tools uv; }

serve: $(UV) ## Run the whole portal with demo data (PORT=8000)
	@echo "Installing what the portal needs, then starting it on port $(PORT)."
	@exec $(UV) run --quiet --no-dev manage.py serve --port $(PORT)

test: $(UV) ## Run the default suite on SQLite
	@echo "Running the suite on SQLite (browser and slow tests have their own commands)."
	@$(RUN) pytest $(ARGS)

test-postgres: $(UV) ## Run the suite on PostgreSQL and Redis
	@echo "Running the suite on $(TEST_DATABASE_URL) and $(TEST_REDIS_URL)."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) $(RUN) pytest $(ARGS)

browser: $(UV) ## Walk through the portal in Chromium
	@echo "Running the browser journeys in Chromium."
	@PORTAL_TESTS_ON_DISK=1 $(RUN) --group browser pytest -m browser --dist loadgroup $(ARGS)

slow: $(UV) ## Run the tests that take seconds each
	@echo "Running the slow tests."
	@$(RUN) --group fuzz pytest -m slow --dist loadgroup $(ARGS)

check: $(UV) ## Lint, types, contracts, migrations, settings, translations, CSS
	@UV="$(UV)" bash .ci/check

fmt: $(UV) ## Format code and templates
	@echo "Formatting Python with ruff and templates with djlint."
	@$(RUN) ruff check --quiet --fix . || true
	@$(RUN) ruff format --quiet .
	@$(RUN) djlint --quiet --reformat templates || true

css: ## Build static/css/portal.css from frontend/
	@echo "Building the CSS."
	@cd frontend && npm ci --silent && npm run --silent build

fonts: $(UV) ## Make portal/fonts/ out of the packages of Fontsource (needs npm)
	@echo "Making the fonts of the PDFs."
	@$(UV) run --quiet --no-project --with fonttools==4.61.1 --with brotli python frontend/merge_fonts.py portal/fonts

css-check: ## Tell whether the committed CSS is what frontend/ builds
	@bash .ci/css-check

messages: $(UV) ## Collect the sentences to translate and compile what is translated
	@echo "Collecting sentences into locale/ and compiling the catalogues."
	@$(RUN) manage.py update_translations

bench: $(UV) ## Measure the pages against a plain Django view (PostgreSQL, Redis)
	@echo "Measuring on PostgreSQL with two web workers; a gate that is missed fails."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) $(RUN) python -m tests.benchmarks

bench-advice: $(UV) ## Measure replaying days of use against plans
	@echo "Replaying ten lines against 500 plans; more than 50 ms fail."
	@DJANGO_SETTINGS_MODULE=portal.settings $(RUN) python -m tests.benchmarks.advice

bench-renewals: $(UV) ## Measure renewals beside raw SQL (SIZES="1000 10000" for a quick one)
	@echo "Renewing $(SIZES) lines each on PostgreSQL, beside raw SQL that writes the same rows; a gate that is missed fails."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) SIZES="$(SIZES)" \
		$(RUN) python -m tests.benchmarks.renewals

bench-reminders: $(UV) ## Measure the sweep of reminders beside raw SQL (SIZE=1000000)
	@echo "Sweeping $(SIZE) lines on PostgreSQL, of which one in a hundred is due; a gate that is missed fails."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) SIZE="$(SIZE)" \
		$(RUN) python -m tests.benchmarks.reminders

bench-usage: $(UV) ## Measure taking in and counting usage beside raw SQL (SIZE=1000000)
	@echo "Taking in and counting $(SIZE) usage records on PostgreSQL, beside raw SQL; a gate that is missed fails."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) SIZE="$(SIZE)" \
		$(RUN) python -m tests.benchmarks.usage

faults: $(UV) ## Prove what holds when everything else fails (PostgreSQL, Redis)
	@echo "Provoking faults on PostgreSQL, each with a control; a gate that is missed fails."
	@DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) $(RUN) python -m tests.faults $(ARGS)

clean: ## Forget the demo data and every cache
	@echo "Removing var/ and the caches."
	@rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results

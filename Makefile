# The words of this file are the same in README and CI: demo, test, check, bench, faults, integrations, lab.
PY := .venv/bin/python
LAB_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) labextension/package.json labextension/widget.mjs
export TRACKSIDE_LOG ?= warning

.PHONY: demo test check bench faults integrations lab setup unit property integration rows browser notebooks readme format types clean

demo: setup            ## run the first notebook through a real Jupyter server and show what came of it
	$(PY) .ci/demo.py

test: setup            ## everything: unit, property, integration, each fault once, browser, notebooks, README blocks
	$(MAKE) --no-print-directory unit property integration rows browser notebooks readme

check: setup           ## lint, format, types, layers, generated files
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m trackside.client.generate --check
	$(PY) -m trackside_server.openapi --check
	$(PY) .ci/reference.py --check
	cd labextension && npm run --silent lint:types && npm run --silent lint:format && npm run --silent types:check && npm test --silent

bench: setup           ## every speed bar beside its floor
	$(PY) -m tests.bench

faults: setup          ## the table of faults, five times
	$(PY) -m pytest -q tests/faults --times 5

integrations: setup    ## train a small model with each library's own loop, in environments of their own (7 GB the first time)
	$(PY) -m pytest -v -n 3 --durations 5 tests/integrations

lab: setup             ## JupyterLab on the notebooks
	.venv/bin/jupyter lab notebooks

unit: setup
	$(PY) -m pytest -n auto tests/unit
property: setup
	$(PY) -m pytest tests/property
integration: setup
	$(PY) -m pytest -n 3 --dist loadfile tests/integration tests/coming_from --ignore tests/integration/test_server_speed.py
	$(PY) -m pytest tests/integration/test_server_speed.py
rows: setup
	$(PY) -m pytest tests/faults
browser: setup
	$(PY) -m pytest tests/browser
notebooks: setup
	$(PY) -m pytest tests/notebooks
readme: setup
	$(PY) -m pytest tests/readme

format:                ## put code into shape
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

types:                 ## write the generated files anew
	$(PY) -m trackside.client.generate
	$(PY) -m trackside_server.openapi
	$(PY) .ci/reference.py
	cd labextension && npm run --silent types

setup: .venv/.installed labextension/dist/.built
.venv/.installed: pyproject.toml .ci/setup .ci/packages.txt labextension/build_backend.py labextension/dist/.built
	.ci/setup python
	@touch $@
labextension/dist/.built: $(LAB_SOURCES) labextension/package-lock.json
	.ci/setup lab
	@touch $@

clean:                 ## remove what was built
	rm -rf .venv labextension/dist labextension/lib labextension/node_modules ipy_ext/trackside/display/static .demo

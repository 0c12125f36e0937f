# Executable documentation: `make` alone lists what there is.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
N ?= 10

.DEFAULT_GOAL := help
.PHONY: help setup run test servers servers-stop flink flink-stop bench eval rivals faults kills soak lint lock schemas kibana clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(READY) ## .venv with everything in requirements.lock; Prism is got when streaming first needs it

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV) …"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps -e .
	@touch $@

run: $(READY) ## the sample newsroom; or your own feeds, with config.local.yaml or NEWS_CONFIG, until Ctrl-C
	@$(PY) -m pipeline run

# Two processes, each with servers of its own: much of a test's time is waiting. What is spread how: tests/conftest.py.
test: $(READY) ## all tests, with a real Prism, and a real Kafka, Elasticsearch and Flink where they can be had
	@$(PY) -m pipeline.prism
	@$(PY) -m tests.servers get --quiet || true
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

servers: $(READY) ## get and start Kafka and Elasticsearch on this machine, for trying and for tests
	@$(PY) -m tests.servers start

servers-stop: $(READY) ## end what `make servers` started
	@$(PY) -m tests.servers stop

flink: $(READY) ## get and start a Flink 1.19 on this machine, with N=1 TaskManagers
	@$(PY) -m tests.servers flink $(if $(filter command,$(firstword $(origin N))),$(N),1)

flink-stop: $(READY) ## end what `make flink` started
	@$(PY) -m tests.servers flink-stop

bench: $(READY) ## articles a second of graph and straight loop, the cost of each stage, memory per article
	@$(PY) -m pipeline.prism
	@$(PY) -m tests.bench
	@$(PY) -m tests.bench.names
	@$(PY) -m tests.bench.flink

eval: $(READY) ## folding, credit, tags and language on public data beside their floors; SET= one set, RAISE=1 raises floors
	@$(PY) -m tests.eval $(foreach set,$(SET),--set $(set)) $(if $(RAISE),--raise)

rivals: $(READY) ## datasketch and rensa beside our folding: recall, precision, articles a second, bytes
	@$(VENV)/bin/uv pip install --quiet --python $(PY) -e '.[rivals]'
	@$(PY) -m tests.bench.rivals

faults: $(READY) ## kill and stop pipeline, Kafka and Elasticsearch, N=1 times each; RUNNER=flink: its parts; SEED= repeats
	@$(PY) -m pipeline.prism
	@$(PY) -m tests.faults --n $(if $(filter command,$(firstword $(origin N))),$(N),1) $(if $(RUNNER),--runner $(RUNNER)) $(if $(SEED),--seed $(SEED)) $(if $(WRITE),--write $(WRITE))

soak: $(READY) ## 200 feeds every two seconds on a Flink for MINUTES=30: checkpoints and memory; WRITE= a folder for curves
	@$(PY) -m tests.soak --minutes $(or $(MINUTES),30) $(if $(WRITE),--write $(WRITE))

kills: $(READY) ## the long form of the streaming test on Prism: 50 feeds for a minute, then N=10 kills
	@$(PY) -m pipeline.prism
	@NEWS_KILLS=$(N) $(PY) -m pytest -q -s tests/stream

lint: $(READY) ## ruff and mypy
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

LOCK := $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header

lock: $(READY) ## requirements.lock, and those of deploy/, anew from pyproject.toml
	@$(LOCK) --extra dev pyproject.toml -o requirements.lock
	@$(LOCK) pyproject.toml -c requirements.lock -o deploy/image/requirements.lock
	@echo 'apache-beam[gcp]' | $(LOCK) - pyproject.toml -c requirements.lock -o deploy/image/requirements-dataflow.lock
	@printf 'setuptools\nwheel\n' | $(LOCK) - -c requirements.lock -o deploy/image/requirements-build.lock
	@$(LOCK) --no-deps deploy/check/tools.in -o deploy/check/tools.lock

schemas: $(READY) ## the JSON Schemas in docs/ anew from the models
	@$(PY) -m pipeline.schemas

kibana: $(READY) ## the Kibana objects in deploy/kibana/export anew from their sources
	@$(PY) -m deploy.kibana build

clean: ## remove what make made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache

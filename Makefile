# Everything a person or a check runs. Each target does its own set-up, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
PORT ?= 8000
WEB := .venv/bin/python
ML := .venv-ml/bin/python
VLLM := .venv-vllm/bin/python
MODEL := var/models/smollm2-135m-instruct
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help demo demo-headless up test test-fast check format lock vllm clean setup

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup ## Run the whole loop once, then serve the site with its results
	$(WEB) manage.py demo --port $(PORT)

demo-headless: setup ## Run the whole loop once, then exit
	$(WEB) manage.py demo --headless

up: setup ## Serve what is there: web, workers, embedded PostgreSQL and Valkey
	$(WEB) manage.py up --port $(PORT)

test: setup .venv/.dev ## Run every test
	scripts/ensure_chromium.sh
	$(WEB) -m pytest --numprocesses 2 --dist loadgroup

test-fast: .venv/.dev ## Run the tests that start no model, browser or server
	$(WEB) -m pytest --numprocesses 2 -m "not real_model and not e2e and not faults and not vllm"

check: .venv/.dev ## Format, lint, types, import contracts, missing migrations
	$(WEB) -m ruff format --check .
	$(WEB) -m ruff check .
	$(WEB) -m mypy .
	.venv/bin/lint-imports
	$(WEB) manage.py makemigrations --check --dry-run

format: .venv/.dev ## Rewrite the code in the house format
	$(WEB) -m ruff format .
	$(WEB) -m ruff check --fix .

setup: .venv/.web .venv-ml/.ml $(MODEL)/model.safetensors

# The web environment: Django, Celery, tests; no torch.
.venv/.web: docker/requirements/web.txt
	@command -v $(PYTHON) >/dev/null || { echo "Tiebreak needs Python 3.11: set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the web environment into .venv …"
	@[ -x $(WEB) ] || $(PYTHON) -m venv .venv
	@$(WEB) -m pip install $(PIP_FLAGS) -r docker/requirements/web.txt
	@touch $@

.venv/.dev: docker/requirements/dev.txt .venv/.web
	@echo "Installing the test tools into .venv …"
	@$(WEB) -m pip install $(PIP_FLAGS) -r docker/requirements/dev.txt
	@touch $@

# The worker environment: torch, transformers, trl; never imported by the web process.
.venv-ml/.ml: docker/requirements/ml.txt
	@command -v $(PYTHON) >/dev/null || { echo "Tiebreak needs Python 3.11: set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the worker environment into .venv-ml (torch, about a minute) …"
	@[ -x $(ML) ] || $(PYTHON) -m venv .venv-ml
	@$(ML) -m pip install $(PIP_FLAGS) -r docker/requirements/ml.txt
	@touch $@

$(MODEL)/model.safetensors: .venv-ml/.ml
	@echo "Preparing SmolLM2-135M-Instruct under $(MODEL) …"
	@$(ML) scripts/prepare_model.py $(MODEL)
	@touch $@

vllm: .venv-vllm/.vllm ## Make the third environment: a vLLM server on this machine's CPU

.venv-vllm/.vllm: docker/requirements/vllm.txt
	@echo "Installing vLLM for this CPU into .venv-vllm (1.8 GB) …"
	@[ -x $(VLLM) ] || $(PYTHON) -m venv .venv-vllm
	@$(VLLM) -m pip install $(PIP_FLAGS) --no-deps -r docker/requirements/vllm.txt
	@touch $@

COMPILE = .venv/bin/pip-compile --quiet --strip-extras --no-annotate --no-header --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
lock: .venv/.dev ## Pin the requirements anew from pyproject.toml
	$(COMPILE) --extra web -o docker/requirements/web.txt pyproject.toml
	$(COMPILE) --extra web --extra dev -o docker/requirements/dev.txt pyproject.toml
	$(COMPILE) --extra ml -o docker/requirements/ml.txt pyproject.toml
	sed -i 's/^torch==2.13.0+cpu/torch==2.13.0/' docker/requirements/ml.txt

clean: ## Remove the environments, the embedded servers' data and every file made by a run
	rm -rf .venv .venv-ml .venv-vllm var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make local` and `make test` are all a newcomer needs; both do their own set-up.
STACK  ?= dev
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
SCAN   := .scan
TRIVY  := 0.74.0
TRIVY_MODULE := github.com/aquasecurity/trivy
# Some machines tell Python to keep no bytecode: every process would compile 500 modules anew.
export PYTHONDONTWRITEBYTECODE =
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# The programs the local cloud starts, and the Debian packages they come from.
SERVERS := mariadb-server redis-server haproxy memcached postgresql pgbouncer

.PHONY: session-plugin browser local test down check format lint types unit bench scan trivy servers help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

local: $(VENV)/ready servers  ## deploy the stack on the local cloud and run every exercise
	$(RUN) -m localcloud up --stack $(STACK)
	$(RUN) -m verify --stack $(STACK)

# In the order of the folders: xdist's own would begin the longest files, of few tests, last.
# What fails while two servers a CPU start and die beside it is run again on its own, as CPython's
# tests are: a defect fails both times, and what passes then is named at the end.
test: $(VENV)/ready servers  ## run the tests
	@$(RUN) -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder; \
	status=$$?; if [ $$status = 1 ]; then \
	  echo "what has failed, again, one test at a time:"; \
	  $(RUN) -m pytest --last-failed --last-failed-no-failures none -rfEp -p no:warnings; status=$$?; \
	  echo "the tests listed here as passed had failed beside others: worth an issue each"; \
	fi; exit $$status

down: $(VENV)/ready  ## stop the local cloud; its data stays for the next `make local`
	$(RUN) -m localcloud down

check: format lint types test  ## format, lint, types and tests

format: $(VENV)/ready
	$(VENV)/bin/ruff format --check .

lint: $(VENV)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports

types: $(VENV)/ready
	$(VENV)/bin/mypy

bench: $(VENV)/ready servers  ## measure the figures of docs/figures.md
	$(RUN) -m bench

# Of an environment of its own: what it needs is more than everything else together.
scan: $(VENV)/ready $(SCAN)/ready trivy  ## look for what established scanners find in prod
	$(RUN) -W ignore -m tests.scan

$(SCAN)/ready: requirements-scan.txt
	$(PYTHON) -m venv $(SCAN)
	$(SCAN)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-scan.txt
	@touch $@

# Some 3000 packages of Go, once. Its version is what the linker is told, for a module has none;
# the experiment is what its code is written for.
trivy: $(SCAN)/ready
	@PATH="$$PATH:/usr/local/go/bin"; \
	if [ -e $(SCAN)/trivy-$(TRIVY) ]; then :; \
	elif ! command -v go >/dev/null; then \
	  echo "Trivy is left out: it is built by Go, which is not installed"; \
	else \
	  echo "building Trivy $(TRIVY), once: a quarter of an hour on two processors"; \
	  GOBIN=$(abspath $(SCAN))/bin GOFLAGS=-mod=mod GOEXPERIMENT=jsonv2 nice go install \
	    -ldflags '-s -w -X $(TRIVY_MODULE)/pkg/version/app.ver=$(TRIVY)' \
	    $(TRIVY_MODULE)/cmd/trivy@v$(TRIVY) && touch $(SCAN)/trivy-$(TRIVY) || \
	  echo "Trivy is left out: go install could not build it"; \
	fi

# AWS's repository names no versions of what it needs: the folder's go.mod does.
session-plugin: $(VENV)/ready  ## build AWS's session-manager-plugin by Go, for `verify --via client-host`
	@command -v go >/dev/null || { echo "Go is needed: install it, or the plugin as AWS's documentation says"; exit 2; }
	cd tests/session-plugin && go build -trimpath -o $(CURDIR)/$(VENV)/bin/session-manager-plugin \
	  github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main
	@echo 'now: PATH=$(VENV)/bin:$$PATH $(RUN) -m verify --via client-host'

browser:  ## install the browser that the report's test opens
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

# The local cloud starts its own servers, so the packages' services are kept from starting:
# Debian's way is a policy-rc.d that answers 101, here only for the length of the install.
servers:
	@for program in mariadbd redis-server haproxy memcached postgres pgbouncer; do \
	  PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)" command -v $$program >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing $(SERVERS)"; \
	  policy=/usr/sbin/policy-rc.d; \
	  if [ ! -e $$policy ]; then ours=1; printf '#!/bin/sh\nexit 101\n' | $(SUDO) tee $$policy >/dev/null; $(SUDO) chmod +x $$policy; fi; \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $(SERVERS) >/dev/null; status=$$?; \
	  if [ -n "$$ours" ]; then $(SUDO) rm -f $$policy; fi; exit $$status; \
	fi
# The audit extension of PostgreSQL is packaged for one version each, and not everywhere.
	@version=$$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -1); \
	package=postgresql-$$version-pgaudit; \
	if [ -z "$$version" ] || [ -e /usr/lib/postgresql/$$version/lib/pgaudit.so ]; then :; \
	elif apt-cache show $$package >/dev/null 2>&1; then \
	  echo "installing $$package"; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$package >/dev/null; \
	else \
	  echo "there is no package $$package here: PostgreSQL will write no audit log"; \
	fi

$(VENV)/ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || \
	  { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

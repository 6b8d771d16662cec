# Engage Connector: build, try, test. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
SERVICES := config-sync agent-state-sync conversation-provider recording-provider lab
BINARIES := $(SERVICES:%=bin/%) bin/bootstrap
# Every module of the workspace, as package patterns.
PACKAGES  = $(shell go list -m -f '{{.Dir}}/...')
LDFLAGS  := -s -w -X main.version=$(VERSION) -X engage.connector/pkg/host.version=$(VERSION)

CALLS  ?= 20
AGENTS ?= 25
KILL   ?=
HISTORIES ?= 100000
SEED ?= 1
SOAK_FLAGS ?=
ROUNDS ?= 20
DEMO_FLAGS ?=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

.PHONY: build
build: ## Build every binary into bin/
	@mkdir -p bin
	@for name in $(SERVICES); do CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/$$name ./services/$$name; done
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/bootstrap ./bootstrap

.PHONY: demo
demo: build ## Watch a simulated center appear in a simulated EX org (Ctrl-C ends it)
	@exec bin/lab demo -bin bin -agents $(AGENTS) $(DEMO_FLAGS)

.PHONY: demo-check
demo-check: build ## Play CALLS=20 calls of AGENTS=25 agents and compare the org with the script
	@exec bin/lab demo-check -bin bin -agents $(AGENTS) -calls $(CALLS) -kill "$(KILL)" $(DEMO_FLAGS)

.PHONY: soak
soak: ## Run HISTORIES=100000 random call histories through the conversation model and judge what it sends
	@go run ./tests/soak -histories $(HISTORIES) -seed $(SEED) $(SOAK_FLAGS)

.PHONY: soak-org
soak-org: HISTORIES = 2000
soak-org: build ## The same with a lab org that takes or refuses every event (HISTORIES=2000)
	@tools/soak-org.sh -histories $(HISTORIES) -seed $(SEED) $(SOAK_FLAGS)

.PHONY: soak-states
soak-states: ## Run ROUNDS=20 times other centers through agent-state-sync while the org, the link, Redis and the writer fail
	@SOAK_STATES=1 go test -count=$(ROUNDS) -timeout 2h -run 'TestFaultsOf|TestBadInput|TestARedis|TestTheWriter' ./services/agent-state-sync/app

.PHONY: bench-conversation-model
bench-conversation-model: ## Measure the conversation model on one core: events per second, bytes per live call, growth
	@go run ./tests/bench/callmodel -out bench/out/conversation-model.json

.PHONY: setup
setup: ## Install what the tests need (Debian packages), where it is missing
	@tools/setup.sh

.PHONY: test
test: setup lint ## Lint, then run all tests of all modules with the race detector
	@go test -race -p 2 -timeout 15m $(PACKAGES)

.PHONY: lint
lint: ## golangci-lint, the rules of the layout, buf, and whether generated code is fresh
	@tools/lint.sh $(PACKAGES)

.PHONY: generate
generate: ## Write the Go code of proto/ anew
	@cd proto && export GOWORK=off && buf="go tool -modfile=../tools/external/buf/go.mod buf" && $$buf lint && $$buf generate

.PHONY: bench-config-sync
bench-config-sync: build ## Measure config-sync against its limits (takes four minutes)
	@go run ./tests/bench/configsync -bin bin

.PHONY: ledger
ledger: ## Which facts of the documents are named by a test
	@go run ./tools/ledger

.PHONY: size
size: ## Count the lines of code of product, tests and lab
	@go run ./tools/size

.PHONY: clean
clean: ## Remove what was built
	@rm -rf bin

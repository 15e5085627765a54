# Tillpost: `make help` lists what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_LINT := v2.15.0
STRIPE_MOCK_VERSION := v0.203.0

# What to test, and which tests of it.
PKG ?= ./...
RUN ?= .

export STRIPE_MOCK := $(CURDIR)/bin/stripe-mock
with_postgres := scripts/with-postgres.sh

# Tests wait more than they compute, so more of them run than there are cores.
# The embedded database is C translated to Go, and hashing passwords is
# arithmetic: the race detector need not watch them, which takes most of the time.
RACE := -race -gcflags='modernc.org/...=-race=false' -gcflags='golang.org/x/crypto/...=-race=false'

# Tests in which the race detector has nothing to find: those of other processes,
# and those that plant faults in the database.
LONE := ^TestScripts$$|Saboteurs$$

# What tests throw away is in memory, where there is room; what is built is not.
SCRATCH := GOTMPDIR=$${TMPDIR:-/tmp} TMPDIR=$$(scripts/scratch.sh)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## run the demo, rebuilt and reloaded at every change
	go tool templ generate --watch --proxy=http://127.0.0.1:8080 \
		--cmd='go run ./cmd/tillpost demo --addr=127.0.0.1:8080 --keep=.cache/demo'

.PHONY: build
build: ## build ./tillpost, without C
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o tillpost ./cmd/tillpost

.PHONY: generate
generate: ## generate Go code from templ pages
	go tool templ generate

.PHONY: css
css: static/build/node_modules ## build the stylesheet and copy vendored scripts (needs npm)
	npm --prefix static/build run build

.PHONY: fmt
fmt: bin/.golangci-lint-$(GOLANGCI_LINT) ## format Go and templ files
	bin/golangci-lint fmt
	go tool templ fmt .

.PHONY: test
test: setup rules ## everything that must pass, on both databases and in a browser
	scripts/current.sh '*_templ.go' go tool templ generate
	go vet $(RACE) $(PKG)
	packages=$$(go list $(PKG) | grep -v '/e2e$$') && $(SCRATCH) $(with_postgres) \
		go test $(RACE) -shuffle=on -timeout=15m -p=2 -parallel=4 -skip='$(LONE)' $$packages
	$(MAKE) -j2 --output-sync=target test-browser test-lone

# The browser waits most of the time: what needs no race detector runs beside it.
.PHONY: test-browser test-lone
test-browser:
	TILLPOST_TEST_CHROMIUM=$$(scripts/chromium.sh) $(with_postgres) go test -timeout=15m ./e2e
test-lone:
	$(SCRATCH) $(with_postgres) go test -timeout=15m -p=1 \
		-run='$(LONE)|^(TestAnyOrderOfEvents|TestManyParcels|TestAcceptance07)' ./cmd/tillpost ./payments ./carriers ./notify ./alerts

.PHONY: setup
setup: bin/.stripe-mock-$(STRIPE_MOCK_VERSION) notify/testdata/node/node_modules ## install what the tests need
	@scripts/ensure.sh git gcc postgres chromium

.PHONY: rules
rules: ## check the alert rules for Prometheus, and when each of them fires
	"$$(scripts/promtool.sh)" check rules docs/monitoring/alerts.yml
	"$$(scripts/promtool.sh)" test rules docs/monitoring/alerts_test.yml

.PHONY: test-go
test-go: setup ## quick tests without race detector or browser: PKG=./models RUN=TestName
	packages=$$(go list $(PKG) | grep -v '/e2e$$') && $(SCRATCH) $(with_postgres) go test -run='$(RUN)' $$packages

.PHONY: e2e
e2e: setup ## the browser tests alone: RUN=TestName
	TILLPOST_TEST_CHROMIUM=$$(scripts/chromium.sh) $(with_postgres) \
		go test -count=1 -timeout=15m -run='$(RUN)' ./e2e

.PHONY: lint
lint: bin/.golangci-lint-$(GOLANGCI_LINT) static/build/node_modules ## golangci-lint, and whether the built CSS is current
	bin/golangci-lint run
	scripts/current.sh static npm --prefix static/build run build

# Ten thousand payments through all providers, with a pace that makes a day 72 s.
CHAOS := -providers all -faults 0.05 -payments 10000 -kills 50 -pace 1200 -settle 40m

.PHONY: chaos
chaos: ## kill the program again and again, on both databases, and compare with the provider's ledger
	go run ./bench chaos $(CHAOS)
	$(with_postgres) go run ./bench chaos -server "$$TILLPOST_TEST_POSTGRES_URL" $(CHAOS)

# How long each fuzz target runs.
FUZZTIME ?= 60s

.PHONY: fuzz
fuzz: ## look for answers that break a parser: PKG=./carriers/... FUZZTIME=60s
	scripts/fuzz.sh $(FUZZTIME) $(PKG)

.PHONY: polling
polling: ## follow 100,000 parcels for a simulated week and print how carriers were asked (some hours)
	go run ./bench polling

.PHONY: deliveries
deliveries: ## measure how fast webhooks reach merchants, on both databases with a disk that is waited for
	go run ./bench deliveries
	go run ./bench deliveries -endpoints 1 -in-flight 64
	POSTGRES_FSYNC=on $(with_postgres) bash -c 'go run ./bench deliveries -server "$$TILLPOST_TEST_POSTGRES_URL" && \
		go run ./bench deliveries -server "$$TILLPOST_TEST_POSTGRES_URL" -endpoints 1 -in-flight 64'

# What is promised of webhooks and of polls while things go wrong.
PROMISES := forged losses hostile hanging

.PHONY: promises
promises: ## check on both databases what holds while webhooks, endpoints and carriers go wrong (three quarters of an hour)
	for check in $(PROMISES); do \
		go run ./bench $$check; \
		$(with_postgres) bash -c 'go run ./bench "$$1" -server "$$TILLPOST_TEST_POSTGRES_URL"' bash $$check; \
	done
	$(with_postgres) go test -count=1 -run='^TestAcceptanceEndpointFailsForFiveDays$$' -v ./handlers

.PHONY: clean
clean: ## remove what the targets above have built
	rm -rf bin tillpost .cache static/build/node_modules notify/testdata/node/node_modules

# The stamps name the version, so that a new one is built.
bin/.golangci-lint-$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	touch $@

bin/.stripe-mock-$(STRIPE_MOCK_VERSION):
	GOBIN=$(CURDIR)/bin go install github.com/stripe/stripe-mock@$(STRIPE_MOCK_VERSION)
	touch $@

# What merchants verify webhooks with in JavaScript.
notify/testdata/node/node_modules: notify/testdata/node/package-lock.json
	@scripts/ensure.sh npm
	npm --prefix notify/testdata/node ci --no-audit --no-fund
	touch $@

static/build/node_modules: static/build/package-lock.json
	@scripts/ensure.sh npm
	npm --prefix static/build ci --no-audit --no-fund
	touch $@

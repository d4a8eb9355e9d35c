# ebb takes TiKV and TiFlash stores out of a TiDB cluster. `make help` lists
# the targets. Two Go modules: the root, and playground/ with a real PD in it.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VERSION  ?= $(shell { git describe --tags --always --dirty 2>/dev/null || echo dev; } | sed 's/^v//')
COMMIT   := $(shell git rev-parse HEAD 2>/dev/null)
DATE     := $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
PREFIX   ?= /usr/local
BIN      := bin
LDFLAGS  := -s -w -X ebb/cmd.Version=$(VERSION) -X ebb/cmd.Commit=$(COMMIT) -X ebb/cmd.Date=$(DATE)
GOBUILD  := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

# make dist TARGETS=linux-amd64
TARGETS  ?= linux-amd64 linux-arm64 darwin-amd64 darwin-arm64

# make test RACE=1
RACE     ?=
GOTEST   := go test $(if $(RACE),-race) -timeout 20m

LINT_VERSION := v2.15.0
LINT         := $(BIN)/golangci-lint-$(LINT_VERSION)

.DEFAULT_GOAL := help
.PHONY: build ebb playground test test-main test-playground e2e demo bench lint docs readme picture fmt clean completions dist install uninstall deps help

build: ebb playground ## build bin/ebb and bin/ebb-playground

ebb:
	@mkdir -p $(BIN)
	$(GOBUILD) -o $(BIN)/ebb ./cmd/ebb

playground:
	@mkdir -p $(BIN)
	@[ -x $(BIN)/ebb-playground ] || echo "building the playground with PD inside: the first time takes minutes"
	cd playground && $(GOBUILD) -o ../$(BIN)/ebb-playground .

test: test-main test-playground ## run all tests but the long end-to-end ones (RACE=1 for the race detector)

test-main: deps
	$(GOTEST) ./...

# One package at a time in the second step: each runs a PD of its own.
test-playground: deps build
	@echo "testing the playground: the first time compiles PD, which takes minutes"
	cd playground && $(GOTEST) $$(go list ./... | grep -v '/e2e\(/\|$$\)')
	cd playground && $(GOTEST) -short -count=1 -p 1 ./e2e/...

e2e: deps build ## run every end-to-end test against a real PD
	cd playground && go test $(if $(RACE),-race) -count=1 -p 1 -timeout 60m ./e2e/...

demo: deps build ## take a store out of a local cluster, step by step
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

bench: deps ## run the benchmarks of both modules; some need a PD with a million regions
	go test -run xxx -bench . -benchmem ./...
	cd playground && go test -run xxx -bench . -benchmem -timeout 30m ./...

lint: $(LINT) ## check format, go vet and golangci-lint in both modules
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	cd playground && go vet ./...
	$(LINT) run --allow-parallel-runners ./...
	cd playground && ../$(LINT) run --allow-parallel-runners --config ../.golangci.yml ./...

$(LINT):
	@echo "installing golangci-lint $(LINT_VERSION): takes about a minute"
	@mkdir -p $(BIN)
	GOBIN=$(CURDIR)/$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(BIN)/golangci-lint $@

docs: ebb ## bring what is generated in the documents up to date
	.ci/docs $(BIN)/ebb README.md
	.ci/docs $(BIN)/ebb README.zh-CN.md docs/commands.zh-CN.tsv
	go run ./internal/manual/write docs
	go test ./cmd -run '^(TestSchemas|TestJSONPage)$$' -count=1 -update >/dev/null

readme: deps build ## run the demo anew for the transcript in both READMEs
	PATH="$(CURDIR)/$(BIN):$$PATH" .ci/readme

picture: deps build ## let stores leave a playground for the picture in both READMEs
	@.ci/deps chromium curl
	PATH="$(CURDIR)/$(BIN):$$PATH" .ci/picture

fmt: $(LINT) ## format both modules
	$(LINT) fmt ./...
	cd playground && ../$(LINT) fmt --config ../.golangci.yml ./...

clean: ## remove what was built
	rm -rf $(BIN) dist

completions: ebb
	@mkdir -p $(BIN)/completions
	$(BIN)/ebb completion bash >$(BIN)/completions/ebb.bash
	$(BIN)/ebb completion zsh >$(BIN)/completions/_ebb
	$(BIN)/ebb completion fish >$(BIN)/completions/ebb.fish

dist: completions ## build the archives of a release in dist/, for all platforms (TARGETS)
	VERSION=$(VERSION) LDFLAGS='$(LDFLAGS)' .ci/dist $(TARGETS)

# What make install writes, and make uninstall removes.
BINDIR  = $(DESTDIR)$(PREFIX)/bin
MANDIR  = $(DESTDIR)$(PREFIX)/share/man
DOCDIR  = $(DESTDIR)$(PREFIX)/share/doc/ebb
BASHDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

install: build completions ## install binaries, man pages, causes and completions below PREFIX (/usr/local)
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(DOCDIR)/causes/zh-CN $(BASHDIR) $(ZSHDIR) $(FISHDIR)
	install -m 755 $(BIN)/ebb $(BIN)/ebb-playground $(BINDIR)/
	install -m 644 docs/man/*.1 $(MANDIR)/man1/
	install -m 644 docs/man/*.7 $(MANDIR)/man7/
	install -m 644 docs/causes/*.md $(DOCDIR)/causes/
	install -m 644 docs/causes/zh-CN/*.md $(DOCDIR)/causes/zh-CN/
	install -m 644 $(BIN)/completions/ebb.bash $(BASHDIR)/ebb
	install -m 644 $(BIN)/completions/_ebb $(ZSHDIR)/
	install -m 644 $(BIN)/completions/ebb.fish $(FISHDIR)/

uninstall: ## remove what make install has installed
	rm -f $(BINDIR)/ebb $(BINDIR)/ebb-playground $(BASHDIR)/ebb $(ZSHDIR)/_ebb $(FISHDIR)/ebb.fish
	rm -rf $(DOCDIR)/causes
	rm -f $(patsubst docs/man/%,$(MANDIR)/man1/%,$(wildcard docs/man/*.1)) $(patsubst docs/man/%,$(MANDIR)/man7/%,$(wildcard docs/man/*.7))

deps: ## install the Debian packages that are missing for the tests and the demo
	@.ci/deps git jq tmux ssh sshd sudo $(if $(RACE),gcc)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

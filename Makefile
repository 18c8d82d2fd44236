# Everything below needs Go, make and git only, except where its line in "make
# help" says more.

.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The time that packages and archives carry: that of the commit.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
export VERSION SOURCE_DATE_EPOCH
# -buildvcs=false: the version is ours to stamp, and builds work in a checkout
# that git does not trust.
# Binaries for a Pi are to stay below 20 MiB: these packages are compiled for size,
# without inlining, and not the runtime, the ciphers and what all use, where it would be
# felt. A JavaScript codec is at most some percent slower for it: goja calls through
# interfaces, which nothing inlines anyway. HTTP/2 is left out: nobody here speaks it.
SMALL   := net net/... vendor/... mime/... text/... regexp/... reflect math/big encoding/asn1 crypto/x509/... crypto/tls \
	crypto/internal/fips140/nistec/... crypto/internal/fips140/edwards25519/... golang.org/x/... go.etcd.io/... go.uber.org/... \
	github.com/dop251/goja/... github.com/spf13/... github.com/pelletier/... github.com/brocaar/lorawan/band \
	github.com/google/... github.com/gorilla/... github.com/go-zeromq/... \
	gatewayd/cmd/... gatewayd/internal/... gatewayd/radio/... gatewayd/hub gatewayd/hub/... \
	gatewayd/bridge gatewayd/bridge/mac gatewayd/bridge/region gatewayd/bridge/shape gatewayd/bridge/duty \
	time bufio io/... context internal/... unicode/... \
	go.yaml.in/... encoding/json encoding/csv encoding/xml compress/... html/... os os/... fmt flag log/... path/... google.golang.org/... \
	github.com/dlclark/... github.com/creack/... \
	github.com/brocaar/lorawan crypto/ecdsa crypto/rsa crypto/ed25519 crypto/elliptic crypto/internal/fips140/rsa crypto/internal/fips140/ecdsa crypto/internal/fips140/bigmod
BUILD   := go build -trimpath -buildvcs=false -tags nethttpomithttp2 -ldflags '-s -w -X main.version=$(VERSION)'
# There are about sixty fuzz targets, so a minute for each is an hour: that is
# "make fuzz FUZZTIME=1m". What it finds goes into testdata/fuzz of the package, as
# what it found interesting has, and every "go test" runs it again. .ci/run is to
# end within minutes and gives each target some executions of its own beyond that.
# Executions, not seconds: go test takes the end of the time for a failure now and then.
FUZZTIME ?= 1000x
SOAK_FOR ?= 2h
KILLS    ?= 1000

GOLANGCI_VERSION := v2.15.0
GOLANGCI := .tools/golangci-lint

NFPM_VERSION := v2.44.0
NFPM := .tools/nfpm
BENCHSTAT_VERSION := v0.0.0-20260908200009-22c9c6c9d4da
BENCHSTAT := .tools/benchstat
CYCLONEDX_VERSION := v1.9.0
CYCLONEDX := .tools/cyclonedx-gomod

prefix  ?= /usr
DESTDIR ?=
BINARY  ?= bin/gatewayd
DIST    ?= dist

# What a release is built for, as the binaries are called, and Debian's names.
# Raspberry Pi OS says armhf from the first Pi on, so that is ARMv6 here.
ARCHES  ?= armv6 arm64 amd64
GO_armv6  := GOARCH=arm GOARM=6
GO_arm64  := GOARCH=arm64
GO_amd64  := GOARCH=amd64
DEB_armv6 := armhf
DEB_arm64 := arm64
DEB_amd64 := amd64
HOSTARCH   = $(shell go env GOHOSTARCH)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1 \2/p' $(MAKEFILE_LIST) | sort | while read -r name what; do printf '%-14s%s\n' "$$name" "$$what"; done

.PHONY: build
build: ## bin/gatewayd for this machine
	CGO_ENABLED=0 $(BUILD) -o bin/gatewayd ./cmd/gatewayd

# The race detector needs cgo, a C compiler and its headers, which a fresh
# machine may lack; only building something with it tells.
.PHONY: test
test: ## all tests, under the race detector where there is a C compiler
	@if go test -race -c -o /dev/null ./internal/notify >/dev/null 2>&1; then \
		echo 'go test -race ./...'; go test -race ./...; \
	else \
		echo 'go test ./... (no race detector: it needs cgo and a C compiler)'; CGO_ENABLED=0 go test ./...; \
	fi

.PHONY: demo
demo: build ## a concentrator, nodes, a hub and the daemon on this machine, until Ctrl-C
	@bin/gatewayd demo

# Always built anew: go itself knows what has changed.
.PHONY: always
$(DIST)/gatewayd_linux_%: always
	CGO_ENABLED=0 GOOS=linux $(GO_$*) $(BUILD) $(if $(filter arm%,$*),$(SMALL:%=-gcflags=%=-l)) -o $@ ./cmd/gatewayd

.PHONY: cross
cross: $(ARCHES:%=$(DIST)/gatewayd_linux_%) ## dist/: static binaries for arm (6), arm64 and amd64
	@go test -count=1 -tags dist -run TestRelease -v ./internal/rules

$(NFPM):
	GOBIN='$(CURDIR)/.tools' go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)

.PHONY: deb
deb: $(ARCHES:%=deb-%) ## dist/: Debian packages for the same, by nfpm, which it builds on first use

.PHONY: $(ARCHES:%=deb-%)
$(ARCHES:%=deb-%): deb-%: $(DIST)/gatewayd_linux_% $(NFPM)
	NFPM=$(NFPM) deploy/debian/build $(DEB_$*) $< $(DIST)

$(GOLANGCI):
	GOBIN='$(CURDIR)/.tools' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: lint
lint: $(GOLANGCI) ## gofmt, go vet and golangci-lint, which it builds on first use
	@bad="$$(gofmt -l $$(go list -f '{{.Dir}}' ./...))"; if [ -n "$$bad" ]; then echo "not gofmt'ed:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go vet -tags browser,interop,deploy,dist ./internal/...
	$(GOLANGCI) run

.PHONY: docs
docs: ## docs/config.md, of the reference configuration, and docs/commands.md, of the commands
	go test -count=1 ./internal/config -run '^TestDocument$$' -update
	GATEWAYD_UPDATE=1 go test -count=1 ./cmd/gatewayd -run '^TestCommandsDocument$$'

.PHONY: man
man: build ## dist/man: the manual pages
	@mkdir -p $(DIST)/man
	bin/gatewayd manual $(DIST)/man

BENCH     = go test -c -o bin/bench.test ./internal/bench && cd internal/bench && GATEWAYD_BINARY='$(CURDIR)/bin/gatewayd' GATEWAYD_BENCH_ARM='$(CURDIR)/$(DIST)/gatewayd_linux_armv6'
BENCH_RUN = '$(CURDIR)/bin/bench.test' -test.run '^TestRun$$' -test.timeout 0

$(BENCHSTAT):
	GOBIN='$(CURDIR)/.tools' go install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)

.PHONY: bench
bench: build $(DIST)/gatewayd_linux_armv6 ## measures what there are goals for, and writes docs/benchmarks.md (8 min, BENCH_LONG=1: 20; BENCH_DISK=DIR: another disk)
	@$(BENCH) GATEWAYD_BENCHMARKS='$(CURDIR)/docs/benchmarks.md' GATEWAYD_BENCHMARKS_RAW='$(CURDIR)/docs/benchmarks.txt' $(BENCH_RUN)

docs/benchmarks.txt:
	@echo 'docs/benchmarks.txt is not there: "make bench" writes what to compare with' >&2; exit 1

.PHONY: bench-compare
bench-compare: docs/benchmarks.txt build $(BENCHSTAT) ## measures and compares with docs/benchmarks.txt, by benchstat, which it builds on first use
	@$(BENCH) GATEWAYD_BENCHMARKS_RAW='$(CURDIR)/bin/benchmarks.txt' $(BENCH_RUN)
	$(BENCHSTAT) docs/benchmarks.txt bin/benchmarks.txt

.PHONY: soak
soak: build ## 500 nodes for SOAK_FOR (2h), with outages and restarts, then KILLS (1000) times SIGKILL
	@go test -c -o bin/soak.test ./internal/soak
	@cd internal/soak && GATEWAYD_SOAK='$(SOAK_FOR)' GATEWAYD_BINARY='$(CURDIR)/bin/gatewayd' '$(CURDIR)/bin/soak.test' -test.run '^TestSoak$$' -test.timeout 0 -test.v
	GATEWAYD_KILLS='$(KILLS)' go test -count=1 -timeout 0 -run '^TestCrash$$' -v ./cmd/gatewayd

# A test binary with coverage for each package, once, instead of "go test -fuzz",
# which builds one for each target.
.PHONY: fuzz
fuzz: ## each fuzz target in the tree for FUZZTIME (1000x)
	@mkdir -p bin; cache="$$(go env GOCACHE)/fuzz"; count=0; \
	for dir in $$(go list -f '{{.Dir}}' ./...); do \
		grep -qs '^func Fuzz' "$$dir"/*_test.go || continue; \
		cd "$$dir" && go test -c -fuzz . -o '$(CURDIR)/bin/fuzz.test' . || exit 1; \
		for target in $$('$(CURDIR)/bin/fuzz.test' -test.list '^Fuzz'); do \
			echo "$${dir#$(CURDIR)/} $$target"; count=$$((count + 1)); \
			'$(CURDIR)/bin/fuzz.test' -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime '$(FUZZTIME)' \
				-test.fuzzcachedir "$$cache/gatewayd/$${dir#$(CURDIR)/}" || exit 1; \
		done; \
	done; \
	all=$$(grep -rhs --include='*_test.go' '^func Fuzz' '$(CURDIR)' | wc -l); \
	echo "$$count fuzz targets"; [ "$$count" -eq "$$all" ] || { echo "there are $$all in the tree"; exit 1; }

.PHONY: test-interop
test-interop: ## clients and a broker that are not ours (installs Debian and npm packages)
	internal/interop/setup
	go test -count=1 -tags interop -v ./internal/interop

.PHONY: test-browser
test-browser: ## the page in a Chromium without a screen (installs Debian and npm packages)
	internal/browser/setup
	go test -count=1 -tags browser -v ./internal/browser

.PHONY: test-deploy
test-deploy: build $(NFPM) ## the unit, then the Debian package under systemd in a container (as root; installs Debian packages)
	deploy/systemd/check
	internal/deploy/setup $(DEB_$(HOSTARCH)) .tools/debian-$(DEB_$(HOSTARCH))
	GATEWAYD_DEPLOY_ROOT='$(CURDIR)/.tools/debian-$(DEB_$(HOSTARCH))' go test -count=1 -tags deploy -v ./internal/deploy

.PHONY: test-pi
test-pi: build $(NFPM) ## the same with the package for a 32-bit Pi, on an emulated CPU
	internal/deploy/setup armhf .tools/debian-armhf
	GATEWAYD_DEPLOY_ROOT='$(CURDIR)/.tools/debian-armhf' GATEWAYD_DEPLOY_ARCH=armv6 go test -count=1 -timeout 60m -tags deploy -v ./internal/deploy

$(CYCLONEDX):
	GOBIN='$(CURDIR)/.tools' CGO_ENABLED=0 GOFLAGS=-trimpath go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)

.PHONY: release
release: deb $(CYCLONEDX) ## dist/: the packages, archives, a list of parts (SBOM) for each, and their checksums
	CYCLONEDX=$(CYCLONEDX) deploy/release $(DIST) $(ARCHES)

.PHONY: test-release
test-release: $(NFPM) $(CYCLONEDX) ## builds a release twice, in two directories: every byte must be the same
	deploy/test-release

.PHONY: install
install: build ## into DESTDIR and prefix (/usr), with the systemd files, completions and documents
	install -D -m 0755 '$(BINARY)' '$(DESTDIR)$(prefix)/bin/gatewayd'
	install -D -m 0644 -t '$(DESTDIR)$(prefix)/lib/systemd/system' deploy/systemd/gatewayd.service
	install -D -m 0644 -t '$(DESTDIR)$(prefix)/lib/sysusers.d' deploy/systemd/sysusers.d/gatewayd.conf
	install -D -m 0644 -t '$(DESTDIR)$(prefix)/lib/tmpfiles.d' deploy/systemd/tmpfiles.d/gatewayd.conf
	install -D -m 0644 -t '$(DESTDIR)$(prefix)/lib/udev/rules.d' deploy/systemd/udev/70-gatewayd.rules
	install -D -m 0644 -t '$(DESTDIR)$(prefix)/share/doc/gatewayd' CHANGELOG.md
	cp -r --no-preserve=mode,ownership docs/. '$(DESTDIR)$(prefix)/share/doc/gatewayd'
	cp -r --no-preserve=mode,ownership configs/. '$(DESTDIR)$(prefix)/share/doc/gatewayd/examples'
	chmod -R u=rwX,go=rX '$(DESTDIR)$(prefix)/share/doc/gatewayd'
	install -d -m 0755 '$(DESTDIR)$(prefix)/share/man/man1'
	bin/gatewayd manual '$(DESTDIR)$(prefix)/share/man/man1'
	bin/gatewayd completion bash | install -D -m 0644 /dev/stdin '$(DESTDIR)$(prefix)/share/bash-completion/completions/gatewayd'
	bin/gatewayd completion zsh | install -D -m 0644 /dev/stdin '$(DESTDIR)$(prefix)/share/zsh/vendor-completions/_gatewayd'
	bin/gatewayd completion fish | install -D -m 0644 /dev/stdin '$(DESTDIR)$(prefix)/share/fish/vendor_completions.d/gatewayd.fish'

.PHONY: clean
clean: ## removes what the targets above made, tools included
	rm -rf bin dist .tools internal/interop/testdata/node/node_modules internal/browser/testdata/node/node_modules internal/browser/testdata/shots

# Quire: every target sets up what it needs on a bare machine with the Swift toolchain.
SHELL := /bin/bash
PREFIX ?= /usr/local
FLAGS := --static-swift-stdlib --explicit-target-dependency-import-check error
RELEASE := -c release $(FLAGS)
BIN := .build/release/quire

.PHONY: all build tour reference notebooks test check fuzz kernels-check bench install format lint layering packages toolchain fixtures fuzz-tokenizers interop exports clean

all: build

toolchain:
	@command -v swift >/dev/null || { \
	  echo "Quire needs the Swift 6.3 toolchain, and there is no 'swift' on the PATH."; \
	  echo "Next step: install it from https://www.swift.org/install/linux/ and add its usr/bin to PATH."; \
	  exit 1; }

# Debian packages that are missing are installed; who is not root is asked by sudo first.
packages: toolchain
	@bash Tests/Tools/packages.sh

build: packages
	@echo "Building quire (the first build takes a few minutes) ..."
	@swift build $(RELEASE) --product quire

tour: build
	@$(BIN) run Notebooks/01-tour.md --no-save --show

# The page of all words, from their declarations; a test compares it.
reference: build
	@$(BIN) --reference > Documentation/Reference.md && echo "Documentation/Reference.md"

# Every notebook but the training of the model that comes with Quire, which takes hours: run, and held
# against the outputs stored in it, by the tolerances it states.
notebooks: build
	@for book in Notebooks/[0-8]*.md; do $(BIN) test --quiet "$$book" || exit 1; done

test: packages
	@bash Tests/Tools/test.sh all

check: packages lint
	@bash Tests/Tools/test.sh quick

# The fuzzers of each room together for FUZZ seconds (hours by hand); FUZZ_SEED gives other inputs.
FUZZ ?= 60
fuzz: packages
	@FUZZ=$(FUZZ) bash Tests/Tools/test.sh fuzz

# The loops of Sources/CKernels alone, with the sanitizers and valgrind: about a minute.
kernels-check: toolchain
	@bash Tests/Tools/kernels.sh

# Beside other software where it is installed: BENCH_PYTHON names the Python that has it,
# BENCH_MODELS the folder that Tests/Benchmarks/models.py made.
bench: build
	@/usr/bin/python3 Tests/Benchmarks/compare.py $(BIN) --out Documentation/Benchmarks.md

lint: toolchain
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift && echo "format: clean"

format: toolchain
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

install: build
	@bash Tests/Tools/install.sh "$(BIN)" "$(DESTDIR)$(PREFIX)"

# Random texts against Hugging Face tokenizers and sentencepiece, live; PYTHON is one that has both.
PYTHON ?= python3
fuzz-tokenizers: packages
	@QUIRE_ROOMS=Tokenizers $(PYTHON) Tests/Fixtures/tokenizers/fuzz.py -- swift test -c release \
	  -Xswiftc -enable-testing --disable-xctest --scratch-path .build/tests --filter FuzzTests

# A cache of models written by Quire and by huggingface_hub, read by the other; PYTHON is one that has it.
interop: build
	@$(PYTHON) Tests/Interop/hub_check.py --quire $(BIN)

# Pages held against HTML Tidy and a browser without a net, notebooks against nbformat.
exports: build
	@bash Tests/Tools/packages.sh tidy chromium
	@$(PYTHON) Tests/Interop/exports_check.py --quire $(BIN)

clean:
	rm -rf .build

# `make` alone lists the targets. There is one build configuration: release.
SWIFT_BUILD := swift build -c release
BIN := .build/release

.PHONY: help demo test test-training face-base bench build lint setup clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: build ## the reference gate, live in the terminal, about a minute (CAMERA=/dev/video0, PICTURES=FOLDER)
	@$(BIN)/gatectl demo $(if $(CAMERA),--camera "$(CAMERA)") $(if $(PICTURES),--pictures "$(PICTURES)")

test: setup ## build and run all tests
	@$(SWIFT_BUILD) --build-tests
	@swift test -c release --skip-build

# Needs the Python packages of training/plates/requirements.txt, which nothing else here does.
DATA ?= ../shared/data/plates
FACES ?= $(wildcard ../shared/data/faces)
TEACHERS ?= $(wildcard ../shared/data/teachers)
test-training: ## train each network for a minute and check that its loss falls (DATA=FOLDER)
	@if [ ! -f "$(DATA)/manifest.tsv" ]; then echo "skipped: no labelled pictures in $(DATA); give DATA=FOLDER"; \
	else training/plates/test-training "$(DATA)" $(if $(FACES),--faces "$(FACES)"); fi
	@if [ ! -f "$(FACES)/manifest.tsv" ] || [ ! -d "$(TEACHERS)" ]; then echo "skipped: no faces or no teachers; give FACES=FOLDER TEACHERS=FOLDER"; \
	else training/faces/test-training "$(FACES)" "$(TEACHERS)" $(if $(ARCHIVE),"$(ARCHIVE)"); fi

face-base: ## fetch the public-domain base of the large face network (22 MB) and join our head to it
	@mkdir -p models/fetched
	@training/faces/face-base models/fetched/face-large.ghn $(if $(ARCHIVE),--archive "$(ARCHIVE)")

bench: build ## stage times, arrival to relay, memory, fire to relay; every order of events for each machine
	@$(BIN)/gatectl bench
	@$(SWIFT_BUILD) --build-tests
	@GATEHOUSE_BENCH=full swift test -c release --skip-build --filter FireTests
	@GATEHOUSE_BENCH=full swift test -c release --skip-build --filter ExhaustiveTests

build: setup ## build the three programs
	@$(SWIFT_BUILD)

lint: ## check the style of the Swift sources
	@swift format lint --strict --recursive Package.swift Sources Tests

setup:
	@scripts/require-swift
	@scripts/install-packages

clean: ## remove what was built
	@rm -rf .build

# vrf-launch. `make help` lists the targets. GNU make and a POSIX shell, on Debian and on Alpine.

NATIVE := $(patsubst armv7%,armv7,$(shell uname -m))
ARCH   ?= $(NATIVE)
PREFIX ?= /usr/local
BUILD  := target
OUT    := $(BUILD)/vrf-launch$(if $(filter file,$(origin ARCH)),,-$(ARCH))
TREE   := target
MAX    := 393216

# What `make test`, `make demo` and `make check` run on this machine, by Debian's names. What the guests run is fetched
# and unpacked by the tests, not installed.
PACKAGES := qemu-system-x86 qemu-utils e2fsprogs python3-pip python3-jsonschema ca-certificates gcc libc6-dev make cpio shellcheck mandoc zsh fish

# What `make test-processors` runs beside that: machines of other processors, and a C compiler for each.
FOREIGN  := aarch64 armv7 riscv64
others   = $(if $(filter $(FOREIGN),$(ARCH)),,$(FOREIGN))
MACHINES := qemu-system-arm qemu-system-misc opensbi gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
	gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross

# ---- The toolchain -------------------------------------------------------------------------------------------------
# The binary is no_std. It takes Rust's `core` for this processor (of the gnu or of the musl target: `core` knows no
# libc), musl's libc.a, and a linker. Only where they are found differs; build.rs has the link arguments.

RUSTC ?= rustc
CARGO ?= cargo
cargo := $(CARGO)
msrv  := $(shell sed -n 's/^rust-version = "1\.\([0-9]*\)".*/\1/p' Cargo.toml)
rust  := $(shell $(RUSTC) -vV 2>/dev/null | sed -n 's/^host: //p; s/^release: 1\.\([0-9]*\).*/\1/p')
host  := $(word 1,$(rust))
root  := $(shell $(RUSTC) --print sysroot 2>/dev/null)/lib/rustlib

# Rust's target and Debian's architecture; musl's directory on Debian, Arch, Fedora and after its own `make install`.
names_x86_64  := x86_64-unknown-linux-musl amd64 x86_64-linux-musl
names_aarch64 := aarch64-unknown-linux-musl arm64 aarch64-linux-musl
names_armv7   := armv7-unknown-linux-musleabihf armhf arm-linux-musleabihf
names_riscv64 := riscv64gc-unknown-linux-musl riscv64 riscv64-linux-musl
TARGET := $(word 1,$(names_$(ARCH)))
debian := $(word 2,$(names_$(ARCH)))
dirs   := $(word 3,$(names_$(ARCH)))
dirs   := /usr/lib/$(dirs) /usr/lib/musl/lib /usr/$(dirs)/lib64 /usr/local/musl/lib

ifeq ($(TARGET),)
  $(error ARCH=$(ARCH): x86_64, aarch64, armv7 or riscv64)
else ifneq ($(shell test 0$(word 2,$(rust)) -ge $(msrv) && echo ok),ok)
  missing := rust
else ifneq ($(wildcard $(root)/$(TARGET)/lib/self-contained/libc.a),)
  MUSL   := $(root)/$(TARGET)/lib/self-contained
  way    := the installed musl target and its own musl
else ifneq ($(and $(findstring musl,$(host)),$(filter $(NATIVE),$(ARCH))),)
  TARGET := $(host)
  MUSL   := /usr/lib
  way    := the toolchain of a musl system
  missing := $(if $(wildcard /usr/lib/libc.a),,musl)
else ifneq ($(filter $(NATIVE),$(ARCH)),)
  TARGET := $(host)
  MUSL   := $(patsubst %/libc.a,%,$(firstword $(wildcard $(addsuffix /libc.a,$(dirs)))))
  way    := core of the gnu target, musl from $(MUSL)
  missing := $(if $(MUSL),,musl)
else
  # Debian's own Rust, which has the source of `core`: it is compiled first.
  RUSTC  := /usr/bin/rustc
  CARGO  := $(firstword $(wildcard /usr/bin/cargo) cargo)
  root   := /usr/lib/rustlib
  MUSL   := $(CURDIR)/target/musl-$(ARCH)
  std    := -Zbuild-std=core,compiler_builtins
  way    := core compiled from source for $(TARGET), Debian's musl for $(debian)
  missing := $(if $(and $(wildcard $(MUSL)/libc.a),$(wildcard /usr/bin/ld.lld),$(wildcard $(root)/src)),,cross)
endif

# lld links for every architecture and comes with rustup's toolchains; GNU ld comes with every compiler.
lld := $(firstword $(if $(wildcard $(root)/$(host)/bin/rust-lld),rust-lld) $(shell command -v ld.lld 2>/dev/null))
# What LLVM does, and leaves, for the sake of size, only where it is told (build.rs); a release that does not know one does without.
LLVM := disable-machine-licm apply-ext-tsp-for-size min-jump-table-entries=8 split-spill-mode=size tail-merge-size=1 inline-call-penalty=40 \
	$(if $(filter x86_64,$(ARCH)),enable-machine-outliner disable-machine-cse)
known = $(if $(shell $(RUSTC) -C llvm-args=-$(1) --print cfg 2>/dev/null),-C llvm-args=-$(1))
# Every armv7 has instructions of 16 bits, by which the program is 100 kB smaller. Crates see whether they are used, and then leave
# r7 alone, only where unstable features may be used, as they are for the compilation of `core`.
comma := ,
RUSTFLAGS = $(if $(lld),-C linker=$(lld) -C linker-flavor=ld.lld,-C linker=ld -C linker-flavor=ld) \
	$(if $(findstring -unknown-linux-musl,$(TARGET)),-C link-self-contained=no) \
	$(if $(lld),-C link-arg=--pack-dyn-relocs=relr) $(foreach option,$(LLVM),$(call known,$(option))) \
	-C target-feature=+crt-static$(if $(and $(std),$(findstring armv7,$(TARGET))),$(comma)+thumb-mode) -C relocation-model=pic -C link-arg=-Map=$(OUT).map \
	--remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo

# FEATURES=up,run: of what Cargo.toml has as features only these, for a small image; FEATURES= for none.
features := $(if $(filter undefined,$(origin FEATURES)),,--no-default-features --features '$(FEATURES)')

# VRF_LAUNCH_CONFIG=FILE, which build.rs bakes in: from where make was called, with -C too.
ifneq ($(VRF_LAUNCH_CONFIG),)
  export VRF_LAUNCH_CONFIG
  ifneq ($(PWD),$(CURDIR))
    override VRF_LAUNCH_CONFIG := $(shell [ -e '$(PWD)/$(VRF_LAUNCH_CONFIG)' ] && echo '$(PWD)/')$(VRF_LAUNCH_CONFIG)
  endif
endif

.PHONY: build get-rust get-musl get-cross packages demo bench sizes test test-kernels test-processors trust fuzz tiny-kernel-demo check install clean help
.DEFAULT_GOAL := build

ifneq ($(missing),)
build: get-$(missing) # what is missing is installed, and make started again to see it
	@test "$(AGAIN)" != $(missing) || { echo "installed, and still no $(missing) that will do" >&2; exit 1; }
	@$(MAKE) --no-print-directory AGAIN=$(missing) build
else
build: ## (the default) target/vrf-launch; ARCH=aarch64|armv7|riscv64|x86_64: target/vrf-launch-ARCH; VRF_LAUNCH_CONFIG=FILE: FILE is in it; FEATURES=up,run: a small one
	@echo "$(OUT): $(way), linked by $(or $(lld),ld)"
	@VRF_LAUNCH_MUSL='$(MUSL)' RUSTFLAGS='$(strip $(RUSTFLAGS))' RUSTC='$(RUSTC)' $(if $(std),RUSTC_BOOTSTRAP=1) \
		$(CARGO) $(std) build --release --locked --bin vrf-launch $(features) --target $(TARGET) --target-dir $(BUILD)
	@install -m 755 $(BUILD)/$(TARGET)/release/vrf-launch $(OUT)
	@$(call cut,$(OUT))
endif

# Cuts off the table of sections, which is for linkers and debuggers, and what is before it behind the last segment: lld can leave the
# table out, others put it behind a gap of up to 4 KiB. In the header, where it is and how much is at 40 and 58 (32 and 46 of 32 bits).
cut = [ -n "$$CARGO_PROFILE_RELEASE_STRIP" ] || { \
	case $$(od -An -tu1 -j4 -N1 $(1)) in *2) set 40 8 58 ;; *) set 32 4 46 ;; esac; \
	zero() { head -c $$2 /dev/zero | dd of=$(1) bs=1 seek=$$1 conv=notrunc 2>/dev/null; }; \
	zero $$1 $$2 && zero $$3 6 && \
	truncate -s $$(($$(readelf -lW $(1) | awk '$$1 == "LOAD" && $$5 !~ /^0x0*$$/ { end = $$2 "+" $$5 } END { print end }'))) $(1); }

# ---- What is done with it ------------------------------------------------------------------------------------------

demo: build packages ## boot a machine in QEMU and show the main job; SHELL_INSIDE=1 ends with a prompt in it
	@$(CARGO) run --quiet --package vrf-launch-tests --bin demo

bench: build sizes packages ## what launches, the data path, set-up, boot and memory cost, by each way there is; also in target/bench.md, .json, .svg
	@$(CARGO) run --quiet --package vrf-launch-tests --bin bench -- $(ONLY)

sizes: # the program with its symbols, so that bytes can be told apart; `make bench ONLY=sizes` prints them
	@mkdir -p target/sizes && CARGO_PROFILE_RELEASE_STRIP=none $(MAKE) --no-print-directory build ARCH=$(ARCH) TREE=target/sizes OUT=target/sizes/vrf-launch >/dev/null

test: build packages ## every test: the library's, the host's, and the scenarios on booted kernels
	$(CARGO) test --lib
	$(CARGO) test --package vrf-launch-tests

test-kernels: build packages ## every scenario on every kernel: Debian's 5.10, 6.1, 6.12 and newest, Alpine's 6.18
	KERNELS=all $(CARGO) test --package vrf-launch-tests --test scenarios

test-processors: build packages ## the program for aarch64, armv7 and riscv64, or for ARCH=one, on Debian's kernels for them; and the sizes of all
	@$(MAKE) --no-print-directory packages PACKAGES='$(MACHINES)'
	@for arch in $(others); do $(MAKE) --no-print-directory build ARCH=$$arch || exit 1; done
	KERNELS=$(if $(others),processors,$(ARCH)) $(cargo) test --package vrf-launch-tests --test scenarios
	@wc -c $(OUT) $(others:%=target/vrf-launch-%)

trust: build packages ## faults, crowds and soaks, none left out, on every kernel: hours; the report is tests/guest/trust.md
	@$(CARGO) run --quiet --package vrf-launch-tests --bin trust $(ONLY)

test-explain: build packages ## a thousand random sets of rules and routes: does explain come to the same end as the kernel?
	APPEND=sets=1000 $(CARGO) test --package vrf-launch-tests --test scenarios -- --exact debian-6.1::explain-random

fuzz: ## hostile bytes for every parser (tests/fuzz), RUNS=10000000 each; needs cargo-fuzz, which cargo installs
	@cd tests/fuzz && for target in $(or $(ONLY),$$(ls corpus)); do mkdir -p target/new/$$target && $(call fuzz,$(or $(ASAN),100000),) && \
		$(call fuzz,$(or $(RUNS),10000000),-s none --no-trace-compares --target-dir target/plain) || exit 1; done

# $(call fuzz,runs,options of cargo-fuzz): AddressSanitizer and traced comparisons find more in a run, and take 15 to 50 times as long.
fuzz = RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir . $(2) $$target target/new/$$target corpus/$$target -- -runs=$(1) -max_len=1024

tiny-kernel-demo: build packages ## builds a kernel without BPF, cgroups and modules (initramfs/kernel.config), and shows it there
	@$(call install,for the kernel,linux-source flex bison bc libelf-dev libssl-dev xz-utils,)
	@mkdir -p target/console && KERNELS=tiny CONSOLE=$(CURDIR)/target/console $(CARGO) test --quiet --package vrf-launch-tests --test scenarios
	@cat target/console/tiny-tiny.log

check: build packages ## formatting, lints, shell scripts, the layer rule, and the size of the binary
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --package vrf-launch-tests --all-targets -- -D warnings
	RUSTFLAGS='--cfg own_start' $(CARGO) clippy --bin vrf-launch --no-default-features --target-dir target/clippy -- -D warnings
	shellcheck $(wildcard tests/guest/*.sh tests/bench/*.sh) initramfs/completions/vrf-launch.bash
	shellcheck --shell=sh --exclude=SC2034,SC2154,SC2086,SC2164 $(shell grep -rlE '^.!(/bin/sh|/sbin/openrc-run)' initramfs) initramfs/alpine/APKBUILD
	mandoc -T lint initramfs/man/*
	$(CARGO) test --package vrf-launch-tests --test layers
	@size=$$(wc -c <$(OUT)); echo "$(OUT): $$size bytes of $(MAX)"; test "$$size" -le $(MAX)

# What is in initramfs, and where it goes below PREFIX, or below /usr where that is empty.
DOCUMENTS := man/vrf-launch.8:man/man8/vrf-launch.8 man/vrf-launch.conf.5:man/man5/vrf-launch.conf.5 \
	completions/vrf-launch.bash:bash-completion/completions/vrf-launch completions/_vrf-launch:zsh/site-functions/_vrf-launch \
	completions/vrf-launch.fish:fish/vendor_completions.d/vrf-launch.fish

# What init systems and images take from there as they like: it goes into share/vrf-launch of the same place.
EXAMPLES := $(filter-out initramfs/man/% initramfs/completions/% initramfs/alpine/%,$(shell find initramfs -type f | LC_ALL=C sort))

install: ## copy target/vrf-launch to DESTDIR/PREFIX/sbin (PREFIX=/usr/local; empty for /sbin), its manual, completions, examples
	install -D -m 755 $(OUT) $(DESTDIR)$(PREFIX)/sbin/vrf-launch
	for file in $(DOCUMENTS); do \
		install -D -m 644 initramfs/$${file%:*} $(DESTDIR)$(or $(PREFIX),/usr)/share/$${file#*:} || exit 1; done
	for file in $(EXAMPLES); do mode=644; [ ! -x $$file ] || mode=755; \
		install -D -m $$mode $$file $(DESTDIR)$(or $(PREFIX),/usr)/share/vrf-launch/$${file#initramfs/} || exit 1; done

clean: ## remove target/
	rm -rf target

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

# ---- What is missing -----------------------------------------------------------------------------------------------

packages: # only what is not there; the tests fetch kernels and tools by apt themselves, which needs its lists
	@for round in 1 2; do \
		missing=$$(for name in $(PACKAGES); do dpkg -s $$name >/dev/null 2>&1 || echo $$name; done); \
		if [ -n "$$missing" ] || ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; then \
			$(call install,for the tests,$$missing,); fi; \
	done # twice: apt removes a package of the list whose release (a backport's) does not go with a new one

get-rust: # rustc-web and its kin are the newer Rust of a Debian release, which its browsers are built with
	@$(call install,no Rust 1.$(msrv) or newer,$$(apt-cache pkgnames | grep -xE '(rustc|cargo|rustfmt|rust)-web(-clippy)?' || \
		echo rustc cargo rustfmt rust-clippy) gcc libc6-dev musl-dev,rust cargo rustfmt rust-clippy gcc musl-dev)

get-musl:
	@$(call install,no musl target and no musl,musl-dev,musl-dev)

get-cross: # musl is that architecture's package, unpacked and not installed; for riscv64 Debian 12 has none, but sid has
	@$(call install,no $(TARGET) target (rustup can add it),rustc-web cargo-web rust-web-src lld,)
	@mkdir -p $(MUSL)/sources $(MUSL)/lists/partial $(MUSL)/cache/archives/partial && cd $(MUSL) && \
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do \
		[ ! -e "$$file" ] || sed '$(if $(filter riscv64,$(ARCH)),s/bookworm[-a-z]*/sid/g)' "$$file" >"sources/$${file##*/}"; \
	done; \
	apt="apt-get -qq -o APT::Architecture=$(debian) -o APT::Architectures=$(debian) -o APT::Sandbox::User=root \
		-o Dir::State=$(MUSL) -o Dir::State::status=/dev/null -o Dir::Cache=$(MUSL)/cache \
		-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$(MUSL)/sources"; \
	$$apt update 2>/dev/null; $$apt download musl-dev && dpkg -x musl-dev_*.deb . && \
	cp usr/lib/*-linux-musl*/libc.a . && rm -r lists cache usr

# $(call install,what is the matter,Debian's packages,Alpine's): by the system's package manager, where that is allowed.
define install
if command -v apk >/dev/null && [ -n "$(3)" ]; then packages="$(3)"; get='apk add --quiet'; \
elif command -v apt-get >/dev/null; then \
	[ "$$(id -u)" != 0 ] || apt-get -qq update; packages=$$(echo $(2)); \
	get='env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install'; \
else echo "$(1): please install it; there is no apt-get here" >&2; exit 1; fi; \
if [ "$$(id -u)" != 0 ]; then echo "$(1): not root, please install $$packages" >&2; exit 1; fi; \
echo "$(1): installing $$packages"; $$get $$packages >/dev/null
endef

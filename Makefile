# SPDX-License-Identifier: GPL-2.0-or-later
#
# make                  build makedumpfile (into O=, "build" by default)
# make demo             panic a real kernel under QEMU and dump it
# make check            test it with what is installed: no network, no guests, 3 minutes
# make check-all        install what the tests need, and test it on real kernels: 20 minutes
# make check-full       everything: hours. Parts of it: check-arch (more kernels of other
#                       architectures), check-crash (what crash makes of the dumps),
#                       check-readers (what crash, drgn and libkdumpfile read of every output),
#                       check-gpu (the extension drop_gpu on kernels with a graphics card),
#                       check-faults (single faults in dumps, and calls that fail: FAULT_CASES,
#                       5000, of each of a miniature and a real dump)
# make mutants        break the program in careless ways, and see the tests notice each
# make fuzz             look for inputs that break it, FUZZ_SECONDS (60) a target
# make bench            time it against the makedumpfile on PATH
# make compile_commands.json  for editors and clang tools
# make extensions       the extensions of extensions/, which "all" makes too where it can
# make install          DESTDIR, PREFIX, SBINDIR, MANDIR, LIBDIR, INCLUDEDIR, DATADIR,
#                       EXTENSIONDIR, PKGCONFIGDIR, COMPLETIONSDIR, ZSHCOMPLETIONSDIR,
#                       FISHCOMPLETIONSDIR
#
# From the command line or the environment:
#   O=DIR               where objects and the program go
#   V=1                 show the commands
#   CROSS_COMPILE=      prefix of the tools; or set CC, AR, OBJCOPY
#   TARGET=             accepted for the packagers' sake: one binary reads all
#   CFLAGS LDFLAGS      yours; what the program itself needs is added
#   LINKTYPE=           dynamic or static
#   DEBUG=on            no optimisation
#   SANITIZE=           e.g. address,undefined
#   WERROR=on           warnings are errors
#   USELZO USESNAPPY USEZSTD USELIBDEFLATE USEDWARF
#                       on, off or auto; "on" without the library is an error
#   EXTENSION=          the same for libbpf: without it no types are read from dumps, and
#                       "all" leaves out the extensions
#   BUILTIN_EXTENSIONS= those of extensions/ that become part of the program: "sample ..."

VERSION := 2.0.0

O ?= build
LINKTYPE ?= dynamic
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
EXTENSIONDIR ?= $(LIBDIR)/makedumpfile/extensions
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
COMPLETIONSDIR ?= $(DATADIR)/bash-completion/completions
ZSHCOMPLETIONSDIR ?= $(DATADIR)/zsh/site-functions
FISHCOMPLETIONSDIR ?= $(DATADIR)/fish/vendor_completions.d
USELZO ?= auto
USESNAPPY ?= auto
USEZSTD ?= auto
USELIBDEFLATE ?= auto
USEDWARF ?= auto
EXTENSION ?= auto

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy

CFLAGS ?= -O2 -g
ifeq ($(DEBUG),on)
CFLAGS := -O0 -g
endif

WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wformat=2
ifeq ($(WERROR),on)
WARNINGS += -Werror
endif
ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -DVERSION='"$(VERSION)"' -DMAKEDUMPFILE_CORE \
	$(FEATURES) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -pthread $(WARNINGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS)
ifeq ($(LINKTYPE),static)
ALL_LDFLAGS += -static
else ifneq ($(LINKTYPE),dynamic)
$(error LINKTYPE is "$(LINKTYPE)": it can be dynamic or static)
endif
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif

# --- what the machine has ---------------------------------------------------

# $(call have,HEADER,LIBRARIES[,FUNCTION]): "yes" if a program with all of them can be linked
have = $(shell printf '\043include <stddef.h>\n\043include <$(1)>\nint main(void) { return %s; }\n' \
	'$(if $(3),(long)&$(3),0)' | $(CC) $(CPPFLAGS) $(CFLAGS) $(ALL_LDFLAGS) -x c - -o /dev/null $(2) \
	2>/dev/null && echo yes)

# $(call feature,VARIABLE,NAME,HEADER,LIBRARIES[,FUNCTION]): look at the variable, set
# FEATURES and LIBS
define feature
ifeq ($$($(1)),on)
ifneq ($$(call have,$(3),$(4),$(5)),yes)
$$(error $(1)=on, but $(3) or its library is missing)
endif
$(2)_FOUND := yes
else ifeq ($$($(1)),auto)
$(2)_FOUND := $$(call have,$(3),$(4),$(5))
else ifneq ($$($(1)),off)
$$(error $(1) is "$$($(1))": it can be on, off or auto)
endif
ifeq ($$($(2)_FOUND),yes)
FEATURES += -DHAVE_$(2)
LIBS += $(4)
endif
endef

# What static libraries need besides: snappy the C++ library, libdw decompressors.
SNAPPY_LIBS := -lsnappy $(if $(filter static,$(LINKTYPE)),-lstdc++ -lm)
DWARF_LIBS := -ldw -lelf $(if $(filter static,$(LINKTYPE)),-lbz2 -llzma -lz)
BPF_LIBS := -lbpf $(if $(filter static,$(LINKTYPE)),-lelf -lz)

ifneq ($(filter-out clean demo check check-all check-full check-arch check-crash check-readers check-gpu check-faults mutants bench fuzz,$(or $(MAKECMDGOALS),all)),)
$(eval $(call feature,USELIBDEFLATE,LIBDEFLATE,libdeflate.h,-ldeflate))
$(eval $(call feature,USEDWARF,DWARF,elfutils/libdwelf.h,$(DWARF_LIBS)))
# A function that came with libbpf 1.0.
$(eval $(call feature,EXTENSION,LIBBPF,bpf/btf.h,$(BPF_LIBS),btf__add_enum64))
$(eval $(call feature,USELZO,LZO,lzo/lzo1x.h,-llzo2))
$(eval $(call feature,USESNAPPY,SNAPPY,snappy-c.h,$(SNAPPY_LIBS)))
$(eval $(call feature,USEZSTD,ZSTD,zstd.h,-lzstd))
ifeq ($(LIBBPF_FOUND),yes)
# Until libbpf 1.4 only its header had this one.
ifeq ($(call have,bpf/btf.h,$(BPF_LIBS),btf__new_split),yes)
FEATURES += -DHAVE_BTF_NEW_SPLIT
endif
endif
endif
LIBS += -lz -ldl

# --- what is built ----------------------------------------------------------

# From the bottom to the top: a folder includes only what is before it, or in it.
LAYERS := lib facts arch vmcore symbols types debuginfo kernel kernel/printk filter erase \
	extension output cli
CORE_SRCS := $(sort $(filter-out makedumpfile.c,$(wildcard *.c)) \
	$(wildcard $(LAYERS:%=%/*.c)))
CORE_OBJS := $(CORE_SRCS:%.c=$(O)/%.o)
OBJS := $(O)/makedumpfile.o $(CORE_OBJS)
EXTENSION_OBJS := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard extensions/*.c)))
EXTENSIONS := $(EXTENSION_OBJS:.o=.so)
BUILTIN_OBJS := $(BUILTIN_EXTENSIONS:%=$(O)/builtin/%.o)
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_TESTS := $(UNIT_SRCS:%.c=$(O)/%)

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2);
endif

# A static program has no way to load one.
ifeq ($(LINKTYPE),dynamic)
ifeq ($(LIBBPF_FOUND),yes)
INSTALLED_EXTENSIONS := $(EXTENSIONS)
endif
# What extensions can call, and nothing else.
EXPORT := -Wl,--dynamic-list=extension.syms
endif

all: $(O)/makedumpfile $(INSTALLED_EXTENSIONS)
extensions: $(EXTENSIONS)

$(O)/makedumpfile: $(OBJS) $(BUILTIN_OBJS) makedumpfile.ld extension.syms $(O)/flags $(O)/places
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(OBJS) $(BUILTIN_OBJS) -Wl,-T,makedumpfile.ld $(EXPORT) $(LIBS)

# Tests link the objects they need, so a declaration that no test needs is not there.
$(O)/core.a: $(CORE_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(CORE_OBJS)

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(DEFINES) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Where extensions are, and which are built in: what only a few objects need to know.
DEFINES :=
PLACES_NOW = -DEXTENSIONDIR='"$(EXTENSIONDIR)"' -DBUILTIN_EXTENSIONS='$(patsubst %,X(%),$(BUILTIN_EXTENSIONS))' \
	$(if $(filter static,$(LINKTYPE)),-DONLY_BUILTIN)
$(filter $(O)/extension%,$(CORE_OBJS)): DEFINES = $(PLACES_NOW)
$(filter $(O)/extension%,$(CORE_OBJS)): $(O)/places

$(O)/extensions/%.o: extensions/%.c $(O)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fvisibility=hidden -fPIC -MMD -MP -c -o $@ $<

$(EXTENSIONS): %.so: %.o makedumpfile.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC $(LDFLAGS) -shared -o $@ $< -Wl,-T,makedumpfile.ld

# What an extension defines becomes its own, and its entry points and sections get names that
# say whose they are; of such sections the linker tells the bounds. Tools differ in whether
# what is kept (-G) has the old or the new name.
BUILTIN_SECTIONS := init_ksyms init_ktypes init_knums init_klens init_kpaths init_array fini_array
BUILTIN_ENTRIES := extension_init extension_callback extension_pages_callback
$(O)/builtin/%.o: extensions/%.c $(O)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fno-lto -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@.whole $<
	$(Q)$(OBJCOPY) $(foreach s,$(BUILTIN_SECTIONS),--rename-section .$(s)=$(s)_$*) \
		$(foreach e,$(BUILTIN_ENTRIES),--redefine-sym $(e)=$*_$(e) -G $(e) -G $*_$(e)) $@.whole $@

$(O)/tests/unit/%: tests/unit/%.c $(O)/core.a makedumpfile.ld $(O)/flags
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< \
		$(O)/core.a -Wl,-T,makedumpfile.ld $(LIBS) -lcmocka

# Objects are made anew when the flags they were made with change.
FLAGS_NOW = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)
$(O)/flags: NOW = $(FLAGS_NOW)
$(O)/places: NOW = $(PLACES_NOW)
$(O)/flags $(O)/places: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(NOW))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(NOW))' > $@

unit-tests: $(UNIT_TESTS)

# Each target of libFuzzer twice: with a main of our own, and (by "make fuzz") with libFuzzer's.
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OBJS := $(FUZZ_SRCS:%.c=$(O)/%.o) $(O)/tests/fuzz/replay.o
REPLAYS := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=$(O)/tests/fuzz/replay_%)
FUZZERS := $(FUZZ_SRCS:%.c=$(O)/%)
FUZZ_SECONDS ?= 60
fuzz-replays: $(REPLAYS)
fuzzers: $(FUZZERS)

$(REPLAYS): $(O)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o \
		$(O)/core.a makedumpfile.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(O)/core.a -Wl,-T,makedumpfile.ld $(LIBS)

$(FUZZERS): $(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/core.a makedumpfile.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(O)/core.a -Wl,-T,makedumpfile.ld $(LIBS)

# The same declarations without and with some of modules.
bench-facts: $(O)/tests/bench_facts $(O)/tests/bench_facts_modules
$(O)/tests/bench_facts_modules: BENCH := -DWITH_MODULES
$(O)/tests/bench_facts $(O)/tests/bench_facts_modules: tests/bench_facts.c $(O)/core.a \
		makedumpfile.ld $(O)/flags
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(BENCH) $(ALL_LDFLAGS) -o $@ $< $(O)/core.a \
		-Wl,-T,makedumpfile.ld $(LIBS)

# --- what is run ------------------------------------------------------------

demo:
	$(Q)scripts/setup demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/demo $(O)/makedumpfile

check:
	$(Q)tests/run O=$(O) check

check-all:
	$(Q)scripts/setup check cross vm arch
	$(Q)tests/run O=$(O) all

check-full:
	$(Q)scripts/setup all
	$(Q)tests/run O=$(O) full
	$(Q)$(MAKE) --no-print-directory check-gpu check-faults mutants

check-arch:
	$(Q)scripts/setup check vm arch
	$(Q)tests/run O=$(O) arch

check-crash:
	$(Q)scripts/setup check vm crash
	$(Q)tests/run O=$(O) crash

check-readers:
	$(Q)scripts/setup check vm
	$(Q)tests/run O=$(O) readers

check-gpu:
	$(Q)scripts/setup check vm
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/vm/check-gpu $(O)/makedumpfile

FAULT_CASES ?= 5000
check-faults:
	$(Q)scripts/setup check vm
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory O=$(O)/asan CC=clang CFLAGS='-O1 -g' \
		SANITIZE=address,undefined all
	$(Q)tests/faults/check --cases $(FAULT_CASES) --sanitized $(O)/asan/makedumpfile \
		$(O)/makedumpfile mini
	$(Q)tests/faults/check --cases $(FAULT_CASES) $(O)/makedumpfile 6.12:kdump

mutants:
	$(Q)scripts/setup check
	$(Q)tests/mutants/run

fuzz:
	$(Q)scripts/setup check
	$(Q)$(MAKE) --no-print-directory O=$(O)/fuzz CC=clang CFLAGS='-O1 -g' \
		SANITIZE=fuzzer-no-link,address,undefined fuzzers
	$(Q)tests/fuzz/run $(O)/fuzz $(FUZZ_SECONDS)

bench:
	$(Q)scripts/setup check vm
	$(Q)$(MAKE) --no-print-directory all bench-facts
	$(Q)tests/bench $(O)/makedumpfile

# For editors and clang tools.
compile_commands.json: FORCE
	@{ for f in makedumpfile.c $(CORE_SRCS) $(UNIT_SRCS); do printf '%s {\n"directory": "%s",\n"file": "%s",\n"command": "' \
		"$${comma-[}" '$(CURDIR)' "$$f"; comma=,; \
		printf '%s' '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(PLACES_NOW) $(ALL_CFLAGS)) -c '"$$f" | \
		sed 's/[\\"]/\\&/g'; printf '"\n}'; done; printf ']\n'; } > $@

# What authors of extensions include.
HEADERS := makedumpfile.h btf_info.h kallsyms.h extension.h erase_info.h
LIB_HEADERS := lib/log.h lib/types.h
INCLUDES := $(INCLUDEDIR)/makedumpfile
SHARED := $(DATADIR)/makedumpfile

# $(call install_completion,FILE,DIRECTORY)
install_completion = sed 's|@EXTENSIONDIR@|$(EXTENSIONDIR)|' completions/$(1) > \
	$(DESTDIR)$(2)/$(1) && chmod 644 $(DESTDIR)$(2)/$(1)

# The empty directory is what "../makedumpfile.h" is found from.
install: all $(O)/makedumpfile-extension.pc
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(EXTENSIONDIR) $(DESTDIR)$(INCLUDES)/facts \
		$(DESTDIR)$(INCLUDES)/lib $(DESTDIR)$(INCLUDES)/extensions $(DESTDIR)$(SHARED)/template \
		$(DESTDIR)$(PKGCONFIGDIR) $(DESTDIR)$(COMPLETIONSDIR) $(DESTDIR)$(ZSHCOMPLETIONSDIR) \
		$(DESTDIR)$(FISHCOMPLETIONSDIR)
	install -m 755 $(O)/makedumpfile $(DESTDIR)$(SBINDIR)/makedumpfile
	install -m 644 man/makedumpfile.8 $(DESTDIR)$(MANDIR)/man8/makedumpfile.8
	install -m 644 man/makedumpfile.conf.5 $(DESTDIR)$(MANDIR)/man5/makedumpfile.conf.5
	install -m 644 man/makedumpfile-extension.7 $(DESTDIR)$(MANDIR)/man7/makedumpfile-extension.7
	$(call install_completion,makedumpfile,$(COMPLETIONSDIR))
	$(call install_completion,_makedumpfile,$(ZSHCOMPLETIONSDIR))
	$(call install_completion,makedumpfile.fish,$(FISHCOMPLETIONSDIR))
	install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDES)
	install -m 644 facts/declare.h $(DESTDIR)$(INCLUDES)/facts
	install -m 644 $(LIB_HEADERS) $(DESTDIR)$(INCLUDES)/lib
	install -m 644 makedumpfile.ld $(DESTDIR)$(SHARED)/makedumpfile.ld
	install -m 644 extensions/template/template.c extensions/template/Makefile \
		$(DESTDIR)$(SHARED)/template
	install -m 755 extensions/template/test $(DESTDIR)$(SHARED)/template/test
	install -m 644 $(O)/makedumpfile-extension.pc \
		$(DESTDIR)$(PKGCONFIGDIR)/makedumpfile-extension.pc
	$(if $(INSTALLED_EXTENSIONS),install -m 755 $(INSTALLED_EXTENSIONS) $(DESTDIR)$(EXTENSIONDIR))

# Directories below PREFIX are written relative to it, so that the tree can be moved.
PC_PLACE = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
define PC
prefix=$(PREFIX)
includedir=$(call PC_PLACE,$(INCLUDES))
extensiondir=$(call PC_PLACE,$(EXTENSIONDIR))
ldscript=$${pc_sysrootdir}$(call PC_PLACE,$(SHARED))/makedumpfile.ld
templatedir=$(call PC_PLACE,$(SHARED))/template
abi=$(ABI)

Name: makedumpfile-extension
Description: Extensions of makedumpfile
Version: $(VERSION)
Cflags: -I$${includedir}/extensions -I$${includedir}
Libs: -Wl,-T,$${ldscript}
endef
ABI = $(shell sed -n 's/^.define EXTENSION_ABI //p' extension.h)
$(O)/makedumpfile-extension.pc: export PC_TEXT = $(PC)
$(O)/makedumpfile-extension.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$PC_TEXT" > $@

clean:
	rm -rf $(O)

FORCE:
.PHONY: all extensions unit-tests bench-facts fuzz-replays fuzzers demo check check-all check-full \
	check-arch check-crash check-readers check-gpu check-faults mutants fuzz bench install clean FORCE
.DELETE_ON_ERROR:

-include $(OBJS:.o=.d) $(EXTENSION_OBJS:.o=.d) $(BUILTIN_OBJS:.o=.d) $(UNIT_TESTS:=.d) $(FUZZ_OBJS:.o=.d)

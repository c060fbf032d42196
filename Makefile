# SPDX-License-Identifier: GPL-2.0-or-later
#
# make                  build makedumpfile (into O=, "build" by default)
# make demo             panic a real kernel under QEMU and dump it
# make check            test it with what is installed: no network, no guests, 3 minutes
# make check-all        install what the tests need, and test it on real kernels: 20 minutes
# make check-full       everything: hours. Parts of it: check-arch (more kernels of other
#                       architectures), check-crash (what crash makes of the dumps),
#                       check-kernels (kernels of other configurations, and other machines),
#                       check-readers (what crash, drgn and libkdumpfile read of every output),
#                       check-gpu (the extension drop_gpu on kernels with a graphics card),
#                       check-faults (single faults in dumps, and calls that fail: FAULT_CASES,
#                       5000, of each of a miniature and a real dump)
# make check-distros    install, build, test and package it in minimal Debian systems: as root
# make mutants        break the program in careless ways, and see the tests notice each
# make fuzz             look for inputs that break it, FUZZ_SECONDS (60) a target
# make bench            time it against the makedumpfile on PATH
# make bench-kdump      the same in a crash kernel, on /proc/vmcore
# make compile_commands.json  for editors and clang tools
# make extensions       the extensions of extensions/, which "all" makes too where it can
# make install          what "make" built: DESTDIR, PREFIX, SBINDIR, MANDIR, LIBDIR, INCLUDEDIR,
#                       DATADIR, EXTENSIONDIR, PKGCONFIGDIR, COMPLETIONSDIR, ZSHCOMPLETIONSDIR,
#                       FISHCOMPLETIONSDIR, DRACUTDIR, INITRAMFSTOOLSDIR
#
# From the command line or the environment:
#   O=DIR               where objects and the program go
#   V=1                 show the commands
#   CROSS_COMPILE=      prefix of the tools; or set CC, AR, OBJCOPY, PKG_CONFIG
#   INSTALL=            the command that installs a file
#   TARGET=             accepted for the packagers' sake: one binary reads all
#   CFLAGS LDFLAGS      yours; what the program itself needs is added
#   LINKTYPE=           dynamic or static
#   DEBUG=on            no optimisation
#   SANITIZE=           e.g. address,undefined
#   WERROR=on           warnings are errors
#   USELZO USESNAPPY USEZSTD USEISAL USELIBDEFLATE USELZMA USEBZIP2 USEDWARF USEXXHASH
#                       on, off or auto; "on" without the library is an error. USEBZIP2, USEDWARF,
#                       USEISAL, USELZMA, USESNAPPY and USEZSTD also dlopen: loaded when it is
#                       needed
#   EXTENSION=          the same for libbpf: without it no types are read from dumps, and
#                       "all" leaves out the extensions
#   BUILTIN_EXTENSIONS= those of extensions/ that become part of the program: "sample ..."

VERSION := 2.0.0

O ?= build

# "make install" takes the options that "make" was given, except for those it is given itself.
OPTIONS := CC AR OBJCOPY PKG_CONFIG CROSS_COMPILE CFLAGS CPPFLAGS LDFLAGS LINKTYPE DEBUG SANITIZE \
	WERROR USELZO USESNAPPY USEZSTD USEISAL USELIBDEFLATE USELZMA USEBZIP2 USEDWARF USEXXHASH EXTENSION \
	BUILTIN_EXTENSIONS \
	PREFIX SBINDIR MANDIR LIBDIR INCLUDEDIR DATADIR EXTENSIONDIR PKGCONFIGDIR COMPLETIONSDIR \
	ZSHCOMPLETIONSDIR FISHCOMPLETIONSDIR DRACUTDIR INITRAMFSTOOLSDIR
ifeq ($(MAKECMDGOALS),install)
-include $(O)/options.mk
endif
# That an option comes from this file means that it was remembered.
GIVEN := $(foreach v,$(OPTIONS),$(if $(filter command environment file,$(firstword \
	$(origin $(v)))),$(v)))
define REMEMBERED
ifeq ($$(filter command environment,$$(firstword $$(origin $(1)))),)
$(1) := $(subst #,\#,$(subst $$,$$$$,$($(1))))
endif

endef

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
DRACUTDIR ?= $(PREFIX)/lib/dracut/modules.d
INITRAMFSTOOLSDIR ?= $(DATADIR)/initramfs-tools/hooks
FISHCOMPLETIONSDIR ?= $(DATADIR)/fish/vendor_completions.d
USELZO ?= auto
USESNAPPY ?= auto
USEZSTD ?= auto
USEISAL ?= auto
USELIBDEFLATE ?= auto
USELZMA ?= auto
USEBZIP2 ?= auto
USEDWARF ?= auto
USEXXHASH ?= auto
EXTENSION ?= auto

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
INSTALL ?= install

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

# $(call probe,HEADER,FUNCTION,LIBRARIES): "yes" if a program that uses the function can be
# linked; else the first complaint of the compiler or the linker.
probe = $(shell out=$$(printf '\043include <stddef.h>\n\043include <%s>\nint main(void) { \
	return (long)&%s; }\n' '$(1)' '$(2)' | LC_ALL=C $(CC) $(CPPFLAGS) $(CFLAGS) $(ALL_LDFLAGS) \
	-x c - $(probe_libelf) -o /dev/null $(3) 2>&1) && echo yes || printf '%s\n' "$$out" | grep -m 1 \
	-e error: -e 'cannot find' -e 'undefined reference' -e 'not found' | sed 's/.*error: //; \
	s/.*ld[.a-z]*: //; s/.*: undefined/undefined/')

# $(call libraries,MODULE,LIBRARIES,MORE): what to link with. Static libraries need others,
# which pkg-config knows; without it, it is all of MORE.
libraries = $(if $(filter static,$(LINKTYPE)),$(or \
	$(shell $(PKG_CONFIG) --static --libs $(1) 2>/dev/null),$(2) $(3)),$(2))

# The libraries that can be loaded when they are needed (lib/library.h); a static program cannot.
DLOPENED := $(if $(filter dynamic,$(LINKTYPE)),BZIP2 DWARF ISAL LZMA SNAPPY ZSTD)
comma := ,

# $(call feature,VARIABLE,NAME,HEADER,FUNCTION,PACKAGES): look at the variable; set NAME_FOUND
# to "yes" or the reason, and FEATURES and LIBS.
define feature
ifneq ($$(filter on auto $(if $(filter $(2),$(DLOPENED)),dlopen),$$($(1))),)
$(2)_FOUND := $$(call probe,$(3),$(4),$$($(2)_LIBS))
else ifeq ($$($(1)),off)
$(2)_FOUND := $(1)=off
else
$$(error $(1) is "$$($(1))": it can be on, off$$(if $$(filter $(2),$$(DLOPENED)),$$(comma) dlopen) or auto)
endif
ifeq ($$($(2)_FOUND),yes)
FEATURES += -DHAVE_$(2)=$$(if $$(filter dlopen,$$($(1))),DLOPENED,LINKED)
LIBS += $$(if $$(filter dlopen,$$($(1))),,$$($(2)_LIBS))
else
$(2)_FOUND := $$(if $$(findstring $(3):,$$($(2)_FOUND)),install $(5),$$($(2)_FOUND))
ifneq ($$(filter on dlopen,$$($(1))),)
$$(error $(1)=$$($(1)): $$($(2)_FOUND))
endif
endif
endef

ifneq ($(filter-out clean demo check check-all check-full check-arch check-crash check-kernels check-readers check-gpu check-faults check-distros mutants bench bench-kdump fuzz,$(or $(MAKECMDGOALS),all)),)
ISAL_LIBS := $(call libraries,libisal,-lisal)
LIBDEFLATE_LIBS := $(call libraries,libdeflate,-ldeflate)
DWARF_LIBS := $(call libraries,libdw,-ldw -lelf,-lbz2 -llzma -lzstd -lz)
LZO_LIBS := -llzo2
# Its C++ library is in no file of pkg-config.
SNAPPY_LIBS := -lsnappy $(if $(filter static,$(LINKTYPE)),-lstdc++ -lm)
ZSTD_LIBS := $(call libraries,libzstd,-lzstd)
# A header is all that is needed of it.
XXHASH_LIBS := -DXXH_INLINE_ALL
LZMA_LIBS := $(call libraries,liblzma,-llzma)
BZIP2_LIBS := -lbz2
$(eval $(call feature,USEISAL,ISAL,isa-l.h,isal_deflate_stateless,libisal-dev or isa-l-devel))
$(eval $(call feature,USELIBDEFLATE,LIBDEFLATE,libdeflate.h,libdeflate_zlib_compress,libdeflate-dev or libdeflate-devel))
$(eval $(call feature,USEDWARF,DWARF,elfutils/libdwelf.h,dwelf_elf_gnu_build_id,libdw-dev or elfutils-devel))
LIBBPF_LIBS := $(call libraries,libbpf,-lbpf,-lelf -lzstd -lz)
ifeq ($(LINKTYPE)$(filter yes,$(DWARF_FOUND)),static)
FEATURES += -DNO_LIBELF
LIBBPF_LIBS := -lbpf -lz
probe_libelf := -DNO_LIBELF types/no_libelf.c
endif
# A function that came with libbpf 1.0.
$(eval $(call feature,EXTENSION,LIBBPF,bpf/btf.h,btf__add_enum64,libbpf-dev or libbpf-devel (1.0 or newer)))
$(eval $(call feature,USELZO,LZO,lzo/lzo1x.h,lzo1x_1_compress,liblzo2-dev or lzo-devel))
$(eval $(call feature,USESNAPPY,SNAPPY,snappy-c.h,snappy_compress,libsnappy-dev or snappy-devel))
$(eval $(call feature,USEZSTD,ZSTD,zstd.h,ZSTD_compressCCtx,libzstd-dev or libzstd-devel))
$(eval $(call feature,USEXXHASH,XXHASH,xxhash.h,XXH3_64bits,libxxhash-dev or xxhash-devel))
$(eval $(call feature,USELZMA,LZMA,lzma.h,lzma_stream_decoder,liblzma-dev or xz-devel))
$(eval $(call feature,USEBZIP2,BZIP2,bzlib.h,BZ2_bzDecompress,libbz2-dev or bzip2-devel))
ifeq ($(LIBBPF_FOUND),yes)
# Until libbpf 1.4 only its header had this one.
ifeq ($(call probe,bpf/btf.h,btf__new_split,$(LIBBPF_LIBS)),yes)
FEATURES += -DHAVE_BTF_NEW_SPLIT
endif
endif
ZLIB_FOUND := $(call probe,zlib.h,deflate,-lz)
ifneq ($(ZLIB_FOUND),yes)
$(error zlib cannot be used, install zlib1g-dev or zlib-devel: $(ZLIB_FOUND))
endif
endif
LIBS += -lz -ldl

STATIC_FOUND := LINKTYPE=static, which has BUILTIN_EXTENSIONS only
# $(call summary,FEATURE,NAME): a line for "make" to end with.
summary = '  $(1)  $(subst ','\'',$(if $(filter yes,$($(2)_FOUND)),$(if $(filter -DHAVE_$(2)=DLOPENED,$(FEATURES)),yes$(comma) loaded when needed,yes),no: $($(2)_FOUND)))'
SUMMARY = 'makedumpfile $(VERSION), $(LINKTYPE):' \
	$(call summary,types in dumps (BTF)   ,LIBBPF) \
	$(call summary,extensions (files)     ,$(if $(filter static,$(LINKTYPE)),STATIC,LIBBPF)) \
	$(call summary,debug information (-x) ,DWARF) \
	$(call summary,fastest zlib by ISA-L  ,ISAL) \
	$(call summary,zlib by libdeflate (-c),LIBDEFLATE) \
	$(call summary,lzo (-l)               ,LZO) \
	$(call summary,snappy (-p)            ,SNAPPY) \
	$(call summary,zstd (-z)              ,ZSTD) \
	$(call summary,equal pages once       ,XXHASH) \
	$(call summary,xz files as input      ,LZMA) \
	$(call summary,bzip2 files as input   ,BZIP2)

# --- what is built ----------------------------------------------------------

# From the bottom to the top: a folder includes only what is before it, or in it.
LAYERS := lib facts arch vmcore symbols types debuginfo kernel kernel/printk kernel/unwind \
	filter erase extension triage output cli
CORE_SRCS := $(sort $(filter-out makedumpfile.c,$(wildcard *.c)) \
	$(wildcard $(LAYERS:%=%/*.c)))
CORE_OBJS := $(CORE_SRCS:%.c=$(O)/%.o)
# A static program loads no library: the linker warns of dlopen().
OBJS := $(O)/makedumpfile.o $(filter-out $(if $(filter static,$(LINKTYPE)),$(O)/lib/library.o),\
	$(CORE_OBJS))
# An extension is a file, or a folder of files.
EXTENSION_FOLDERS := $(patsubst extensions/%/,%,$(filter-out %/template/ %/examples/,\
	$(sort $(wildcard extensions/*/))))
EXTENSION_NAMES := $(patsubst extensions/%.c,%,$(sort $(wildcard extensions/*.c))) $(EXTENSION_FOLDERS)
extension_srcs = $(sort $(wildcard extensions/$(1).c extensions/$(1)/*.c))
EXTENSION_OBJS := $(foreach e,$(EXTENSION_NAMES),$(patsubst %.c,$(O)/%.o,$(call extension_srcs,$(e))))
EXTENSIONS := $(EXTENSION_NAMES:%=$(O)/extensions/%.so)
BUILTIN_PARTS := $(foreach e,$(BUILTIN_EXTENSIONS),$(patsubst extensions/%.c,$(O)/builtin/parts/%.o,\
	$(call extension_srcs,$(e))))
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
# Export the functions that extensions can call, and nothing else.
EXPORT := -Wl,--dynamic-list=extension.syms
endif

all: $(O)/summary remember
extensions: $(EXTENSIONS)

# Print a summary each time that something was built, and link the program for scripts.
$(O)/summary: $(O)/makedumpfile $(INSTALLED_EXTENSIONS)
	@printf '%s\n' $(SUMMARY) | tee $@
	$(if $(filter build,$(O)),@[ ! -w . ] || ln -sfn $(O)/makedumpfile makedumpfile)

remember: export OPTIONS_TEXT = $(foreach v,$(GIVEN),$(call REMEMBERED,$(v)))
remember: $(O)/flags
	@printf '%s' "$$OPTIONS_TEXT" > $(O)/options.mk

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

# The directory of extensions, and the built-in ones: only a few objects depend on them.
DEFINES :=
PLACES_NOW = -DEXTENSIONDIR='"$(EXTENSIONDIR)"' -DBUILTIN_EXTENSIONS='$(patsubst %,X(%),$(BUILTIN_EXTENSIONS))' \
	$(if $(filter static,$(LINKTYPE)),-DONLY_BUILTIN)
$(filter $(O)/extension%,$(CORE_OBJS)): DEFINES = $(PLACES_NOW)
$(filter $(O)/extension%,$(CORE_OBJS)): $(O)/places

$(O)/extensions/%.o: extensions/%.c $(O)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fvisibility=hidden -fPIC -MMD -MP -c -o $@ $<

$(foreach e,$(EXTENSION_NAMES),$(eval $(O)/extensions/$(e).so: \
	$(patsubst %.c,$(O)/%.o,$(call extension_srcs,$(e)))))
$(EXTENSIONS): makedumpfile.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC $(LDFLAGS) -shared -o $@ $(filter %.o,$^) -Wl,-T,makedumpfile.ld

# The symbols of an extension become local, and its entry points and sections get names that
# say whose they are; of such sections the linker tells the bounds. Tools differ in whether
# what is kept (-G) has the old or the new name.
BUILTIN_SECTIONS := init_ksyms init_ktypes init_knums init_klens init_kpaths init_array fini_array
BUILTIN_ENTRIES := extension_init extension_callback extension_pages_callback \
	makedumpfile_extension_help
$(O)/builtin/parts/%.o: extensions/%.c $(O)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fno-lto -MMD -MP -c -o $@ $<

$(foreach e,$(BUILTIN_EXTENSIONS),$(eval $(O)/builtin/$(e).o: \
	$(patsubst extensions/%.c,$(O)/builtin/parts/%.o,$(call extension_srcs,$(e)))))
$(BUILTIN_OBJS): $(O)/builtin/%.o:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -fno-lto -nostdlib -r -o $@.whole $^
	$(Q)$(OBJCOPY) $(foreach s,$(BUILTIN_SECTIONS),--rename-section .$(s)=$(s)_$*) \
		$(foreach e,$(BUILTIN_ENTRIES),--redefine-sym $(e)=$*_$(e) -G $(e) -G $*_$(e)) $@.whole $@

# Tests of debug information look at it by libelf, too.
TEST_LIBS = -lcmocka $(if $(filter yes,$(DWARF_FOUND)),$(DWARF_LIBS))
$(UNIT_TESTS:%=%.o): DEFINES = -Itests/unit/cmocka
$(UNIT_TESTS): %: %.o $(O)/core.a makedumpfile.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(O)/core.a -Wl,-T,makedumpfile.ld $(LIBS) $(TEST_LIBS)

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

BENCH_PROGRAMS := $(addprefix $(O)/tests/bench_,facts facts_modules codec commit)
bench-programs: $(BENCH_PROGRAMS)
# The same declarations without and with some of modules.
$(O)/tests/bench_facts_modules: BENCH := -DWITH_MODULES
$(O)/tests/bench_facts $(O)/tests/bench_facts_modules: tests/bench_facts.c
$(O)/tests/bench_codec: tests/bench_codec.c
$(O)/tests/bench_commit: tests/bench_commit.c
$(BENCH_PROGRAMS): $(O)/core.a makedumpfile.ld $(O)/flags
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(BENCH) $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(O)/core.a \
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
	$(Q)scripts/setup check cross vm arch
	$(Q)tests/run O=$(O) arch

check-crash:
	$(Q)scripts/setup check vm crash
	$(Q)tests/run O=$(O) crash

check-kernels:
	$(Q)scripts/setup check vm kernels
	$(Q)tests/run O=$(O) kernels

check-readers:
	$(Q)scripts/setup check vm
	$(Q)tests/run O=$(O) readers

check-gpu:
	$(Q)scripts/setup check vm
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/vm/check-gpu $(O)/makedumpfile

check-distros:
	$(Q)scripts/setup vm
	$(Q)tests/distros/check

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
	$(Q)$(MAKE) --no-print-directory all bench-programs
	$(Q)tests/bench $(O)/makedumpfile

bench-kdump:
	$(Q)scripts/setup check vm
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/vm/bench-kdump $(O)/makedumpfile

# For editors and clang tools.
compile_commands.json: FORCE
	@{ for f in makedumpfile.c $(CORE_SRCS) $(UNIT_SRCS); do printf '%s {\n"directory": "%s",\n"file": "%s",\n"command": "' \
		"$${comma-[}" '$(CURDIR)' "$$f"; comma=,; \
		printf '%s' '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(PLACES_NOW) $(ALL_CFLAGS)) -c '"$$f" | \
		sed 's/[\\"]/\\&/g'; printf '"\n}'; done; printf ']\n'; } > $@

# Headers for authors of extensions.
HEADERS := makedumpfile.h btf_info.h kallsyms.h extension.h erase_info.h
LIB_HEADERS := lib/log.h
INCLUDES := $(INCLUDEDIR)/makedumpfile
SHARED := $(DATADIR)/makedumpfile

# $(call install_completion,FILE,DIRECTORY)
install_completion = sed 's|@EXTENSIONDIR@|$(EXTENSIONDIR)|' completions/$(1) > \
	$(DESTDIR)$(2)/$(1) && chmod 644 $(DESTDIR)$(2)/$(1)

# $(call install_script,FILE,PATH)
install_script = sed 's|@EXTENSIONDIR@|$(EXTENSIONDIR)|; s|@SHARED@|$(SHARED)|' $(1) > $(DESTDIR)$(2) && \
	chmod 755 $(DESTDIR)$(2)

# The empty directory is what "../makedumpfile.h" is found from.
install: all $(O)/makedumpfile-extension.pc
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(EXTENSIONDIR) $(DESTDIR)$(INCLUDES)/facts \
		$(DESTDIR)$(INCLUDES)/lib $(DESTDIR)$(INCLUDES)/extensions $(DESTDIR)$(SHARED)/template \
		$(DESTDIR)$(PKGCONFIGDIR) $(DESTDIR)$(COMPLETIONSDIR) $(DESTDIR)$(ZSHCOMPLETIONSDIR) \
		$(DESTDIR)$(FISHCOMPLETIONSDIR) $(DESTDIR)$(INITRAMFSTOOLSDIR) \
		$(DESTDIR)$(DRACUTDIR)/99makedumpfile-extensions
	$(INSTALL) -m 755 $(O)/makedumpfile $(DESTDIR)$(SBINDIR)/makedumpfile
	$(INSTALL) -m 755 scripts/makedumpfile-R.pl $(DESTDIR)$(SBINDIR)/makedumpfile-R.pl
	$(call install_script,initramfs/extension-files,$(SHARED)/extension-files)
	$(call install_script,initramfs/module-setup.sh,$(DRACUTDIR)/99makedumpfile-extensions/module-setup.sh)
	$(call install_script,initramfs/makedumpfile-extensions,$(INITRAMFSTOOLSDIR)/makedumpfile-extensions)
	$(INSTALL) -m 644 packaging/makedumpfile.conf.sample $(DESTDIR)$(SHARED)/makedumpfile.conf.sample
	$(INSTALL) -m 644 man/makedumpfile.8 $(DESTDIR)$(MANDIR)/man8/makedumpfile.8
	$(INSTALL) -m 644 man/makedumpfile.conf.5 $(DESTDIR)$(MANDIR)/man5/makedumpfile.conf.5
	$(INSTALL) -m 644 man/makedumpfile-extension.7 $(DESTDIR)$(MANDIR)/man7/makedumpfile-extension.7
	$(call install_completion,makedumpfile,$(COMPLETIONSDIR))
	$(call install_completion,_makedumpfile,$(ZSHCOMPLETIONSDIR))
	$(call install_completion,makedumpfile.fish,$(FISHCOMPLETIONSDIR))
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDES)
	$(INSTALL) -m 644 facts/declare.h $(DESTDIR)$(INCLUDES)/facts
	$(INSTALL) -m 644 $(LIB_HEADERS) $(DESTDIR)$(INCLUDES)/lib
	$(INSTALL) -m 644 makedumpfile.ld $(DESTDIR)$(SHARED)/makedumpfile.ld
	$(INSTALL) -m 644 extensions/template/template.c extensions/template/Makefile \
		$(DESTDIR)$(SHARED)/template
	$(INSTALL) -m 755 extensions/template/test $(DESTDIR)$(SHARED)/template/test
	$(INSTALL) -m 644 $(O)/makedumpfile-extension.pc \
		$(DESTDIR)$(PKGCONFIGDIR)/makedumpfile-extension.pc
	$(if $(INSTALLED_EXTENSIONS),$(INSTALL) -m 755 $(INSTALLED_EXTENSIONS) $(DESTDIR)$(EXTENSIONDIR))

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
	$(if $(filter build,$(O)),rm -f makedumpfile)

FORCE:
.PHONY: all extensions remember unit-tests bench-programs fuzz-replays fuzzers demo check check-all check-full \
	check-arch check-crash check-kernels check-readers check-gpu check-faults check-distros mutants fuzz bench bench-kdump install clean FORCE
.DELETE_ON_ERROR:

-include $(OBJS:.o=.d) $(EXTENSION_OBJS:.o=.d) $(BUILTIN_PARTS:.o=.d) $(UNIT_TESTS:=.d) $(FUZZ_OBJS:.o=.d)

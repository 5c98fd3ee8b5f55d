# quiver: the extension (PGXS) and every target a person runs. `make help` lists them.
PG_CONFIG ?= pg_config
EXTVERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)
have_pgxs := $(shell $(PG_CONFIG) --pgxs >/dev/null 2>&1 && test -e "$$($(PG_CONFIG) --pgxs)" && echo yes)
# PGXS has a target "check" that only says no, so PGXS is left out where ours is asked for.
ifneq ($(filter check,$(MAKECMDGOALS)),)
have_pgxs = no
endif

ifeq ($(have_pgxs),yes)
EXTENSION = extension/quiver
MODULE_big = quiver
DATA_built = build/sql/quiver--$(EXTVERSION).sql build/sql/quiver--adopt.sql build/sql/quiver--adopt--$(EXTVERSION).sql
DATA = $(wildcard sql/upgrades/*.sql)

machine := $(shell uname -m)
kernels_x86_64 = avx2 avx512
kernels_aarch64 = neon
include extension/sources.mk
OBJS = $(addprefix extension/,$(addsuffix .o,$(SOURCES) $(foreach isa,scalar $(kernels_$(machine)),$(KERNELS:%=kernels/%_$(isa)))))

# One portable library: no -march=native; each ISA's kernels carry their own flags.
PG_CPPFLAGS = -Iextension -DQUIVER_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS = -std=c++20 -fno-exceptions -fno-rtti -fvisibility=hidden -fvisibility-inlines-hidden \
	-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wno-register $(QUIVER_CXXFLAGS)
# The link is done by the C compiler; nothing of libstdc++ is used (tests/build/symbols.sh), so
# this line only serves the day something is.
# Our calls stay ours: PostgreSQL loads libraries globally, and pgvector's exports the same names.
# libcrypto hashes and signs the audit log, zlib compresses it.
SHLIB_LINK += -Wl,-Bsymbolic -Wl,--as-needed -lstdc++ -lcrypto -lz
# No bitcode: inlining a kernel compiled for one ISA into JIT code for another is wrong, and the
# bitcode rule does not see PG_CXXFLAGS.
override with_llvm := no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# System headers, so that their warnings are not ours; dependency files, which Debian turns off.
override CPPFLAGS := $(patsubst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS)) -MMD -MP
include extension/kernels/flags.mk
# Loops over elements that are no kernels: vectorised for the baseline ISA.
extension/types/%.o: override CXXFLAGS += -O3
include extension/alias/install.mk
-include $(OBJS:.o=.d)

# PGXS declares all files secondary: a new source that is older than the library would not be compiled.
quiver.so: extension/sources.mk

# Objects are made again when the compiler or its flags change: another server, -Werror.
compile_flags = $(CXX) $(CPPFLAGS) $(CXXFLAGS)
$(OBJS): build/flags
build/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(compile_flags))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(compile_flags))' >$@
FORCE:

build/sql/quiver--$(EXTVERSION).sql: sql/modules.list $(addprefix sql/modules/,$(shell sed 's/\#.*//' sql/modules.list 2>/dev/null)) extension/quiver.control
	@mkdir -p $(@D)
	sh sql/join.sh $(EXTVERSION) > $@.tmp && mv $@.tmp $@

include sql/moving/install.mk

EXTRA_CLEAN = build $(OBJS:.o=.d) $(DATA_built)
endif

include extension/audit/verifier/build.mk
include tests/targets.mk

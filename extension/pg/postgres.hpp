// The one door to PostgreSQL's headers: the first include of every file above kernels/.
//
// Contract: after this header the libc names that PostgreSQL redefines as macros are themselves
// again, so standard headers may follow. Nothing in kernels/ includes it.
#pragma once

// Servers before 16 leave PGDLLEXPORT empty and export everything; with -fvisibility=hidden the
// attribute has to be there before postgres.h asks for it.
#ifndef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

extern "C" {
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/varbit.h"
}

#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r
#undef qsort
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
#undef _
#undef Min
#undef Max
#undef Abs
#undef Trap
#undef foreach_ptr

// QUIVER_FUNCTION(name): declare, export and open a version-1 SQL function with C linkage.
//
// Used inside namespace quiver or outside of it alike; the C symbol is `name`. Before server 16
// PG_FUNCTION_INFO_V1 exports only the info record, so the function itself is declared with the
// export attribute here.
#pragma once

#include "pg/postgres.hpp"

#define QUIVER_FUNCTION(name) \
    extern "C" { \
    extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
    PG_FUNCTION_INFO_V1(name); \
    } \
    extern "C" Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

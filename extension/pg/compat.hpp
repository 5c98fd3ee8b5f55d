// Differences between server versions, and nothing else: the only file that looks at
// PG_VERSION_NUM. Each helper has the newest server's meaning.
#pragma once

#include "pg/postgres.hpp"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "quiver supports PostgreSQL 15 to 18"
#endif

extern "C" {
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#endif
}

// Soft errors (16 and later): an input function that is given an ErrorSaveContext reports through
// it and returns NULL, so that pg_input_is_valid() and COPY ... ON_ERROR work. Older servers have
// no such context and the error is raised.
#if PG_VERSION_NUM >= 160000
#define QUIVER_ERETURN(context, result, ...) ereturn(context, result, __VA_ARGS__)
#else
#define QUIVER_ERETURN(context, result, ...) \
    do \
    { \
        (void) (context); \
        ereport(ERROR, __VA_ARGS__); \
        return result; \
    } while (0)
#endif

// The module block: from 18 it carries name and version, shown by pg_get_loaded_modules().
#if PG_VERSION_NUM >= 180000
#define QUIVER_MODULE_MAGIC(version_text) \
    PG_MODULE_MAGIC_EXT(.name = "quiver", .version = version_text)
#else
#define QUIVER_MODULE_MAGIC(version_text) PG_MODULE_MAGIC
#endif

// From 18: paths count disabled nodes, path keys name a comparison and not a btree strategy, and
// the helpers of EXPLAIN have a header of their own (pg/planner.hpp).
#define QUIVER_PLANNER_OF_18 (PG_VERSION_NUM >= 180000)

// From 16: relations are found by locator (before: by node), and can be extended by many blocks at
// once.
#define QUIVER_RELATION_HAS_LOCATOR (PG_VERSION_NUM >= 160000)
// From 17: an access method says that its builds may be parallel, and has a call when a statement's
// inserts are over.
#define QUIVER_INDEX_OF_17 (PG_VERSION_NUM >= 170000)
// From 18: vacuum's delay knows what asks; an access method has more to say about its order.
#define QUIVER_VACUUM_OF_18 (PG_VERSION_NUM >= 180000)
// From 18 one TOAST snapshot serves all (pg/heap.hpp).
#define QUIVER_TOAST_SNAPSHOT_IS_SHARED (PG_VERSION_NUM >= 180000)

// The planner calls of a subquery: from 16 a scan path says whether it only renames columns, from 17
// the planner is told of a set operation above, and from 16 a Var names the outer joins that may
// have nulled it.
#define QUIVER_PLANNER_OF_16 (PG_VERSION_NUM >= 160000)
#define QUIVER_PLANNER_OF_17 (PG_VERSION_NUM >= 170000)
// From 17 a process is known by its number and not by a field of its PGPROC.
#define QUIVER_PROC_NUMBERS (PG_VERSION_NUM >= 170000)
// From 16 values of settings live in a memory context of their own.
#define QUIVER_GUC_CONTEXT (PG_VERSION_NUM >= 160000)
// From 16 the privileges a plan needs are a list beside its range table.
#define QUIVER_PERMISSION_INFOS (PG_VERSION_NUM >= 160000)
// ExecutorRun's execute_once went with 18.
#if PG_VERSION_NUM >= 180000
#define QUIVER_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define QUIVER_RUN_ARGUMENTS query, direction, count
#else
#define QUIVER_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define QUIVER_RUN_ARGUMENTS query, direction, count, once
#endif
// From 16 one function knows the owners of all kinds of objects.
#define QUIVER_OBJECT_OWNERCHECK (PG_VERSION_NUM >= 160000)

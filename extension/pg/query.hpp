// The door to PostgreSQL's headers for code that reads and runs SQL text: parser, analysis, deparsing,
// SPI, set-returning functions; and what differs there between server versions.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
#include "utils/varlena.h"
}

namespace quiver::pg {

// From here to restore_search_path names mean those of pg_catalog. An error gives the path back too,
// with the transaction or savepoint that it ends.
inline int pin_search_path()
{
    const int nest = NewGUCNestLevel();
    (void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                             GUC_ACTION_SAVE, true, 0, false);
    return nest;
}

inline void restore_search_path(int nest) { AtEOXact_GUC(true, nest); }

// From 18 the columns that a query groups by are a range table entry of their own; these are what
// they stand for. NIL for any other entry.
inline List *grouping_expressions([[maybe_unused]] const RangeTblEntry *entry)
{
#if QUIVER_PLANNER_OF_18
    if (entry->rtekind == RTE_GROUP)
        return entry->groupexprs;
#endif
    return NIL;
}

}  // namespace quiver::pg

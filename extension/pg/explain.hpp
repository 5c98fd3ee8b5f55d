// The door to EXPLAIN: its state, its output, and where an extension may add to it, by server version.
#pragma once

#include "pg/planner.hpp"

extern "C" {
#include "tcop/tcopprot.h"
#if QUIVER_PLANNER_OF_18
#include "commands/explain_state.h"
#endif
}

namespace quiver::pg {

// Plan and explain a query as the server does where nobody hooks in.
inline void explain_query(Query *query, int options, IntoClause *into, ExplainState *es,
                          const char *source, ParamListInfo parameters,
                          QueryEnvironment *environment)
{
#if QUIVER_PLANNER_OF_17
    standard_ExplainOneQuery(query, options, into, es, source, parameters, environment);
#else
    // Before 17 the server's own way cannot be called.
    BufferUsage before = pgBufferUsage, used{};
    instr_time start, duration;
    INSTR_TIME_SET_CURRENT(start);
    PlannedStmt *plan = pg_plan_query(query, source, options, parameters);
    INSTR_TIME_SET_CURRENT(duration);
    INSTR_TIME_SUBTRACT(duration, start);
    BufferUsageAccumDiff(&used, &pgBufferUsage, &before);
    ExplainOnePlan(plan, into, es, source, parameters, environment, &duration,
                   es->buffers ? &used : nullptr);
#endif
}

inline void begin_explain_line(ExplainState *es)
{
    if (es->format == EXPLAIN_FORMAT_TEXT)
        appendStringInfoSpaces(es->str, es->indent * 2);
}

}  // namespace quiver::pg

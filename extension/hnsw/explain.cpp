// What EXPLAIN (ANALYZE) tells of hnsw scans: on 18 with the plan node, before with the query, below its plan.
#include "hnsw/planned_scan.hpp"

#include "pg/explain.hpp"

namespace quiver::hnsw {

namespace {

constinit bool explain_scans = true;

const char *end_text(ScanEnd end)
{
    switch (end)
    {
    case ScanEnd::taken:
        return "rows taken";
    case ScanEnd::width:
        return "ef_search";
    case ScanEnd::bound:
        return "distance bound";
    case ScanEnd::all:
        break;
    }
    return "no more rows";
}

void print_figures(const ScanTotals &totals, ExplainState *es)
{
    ExplainPropertyInteger("Vertices Visited", nullptr, totals.expanded, es);
    ExplainPropertyInteger("Distances Computed", nullptr, totals.distances, es);
    ExplainPropertyInteger("Reranked", nullptr, totals.reranked, es);
    ExplainPropertyInteger("Searches", nullptr, totals.searches, es);
    ExplainPropertyText("Ended By", end_text(totals.end), es);
}

void print_line(const char *title, const ScanTotals &totals, ExplainState *es)
{
    pg::begin_explain_line(es);
    appendStringInfo(es->str,
                     "%s: vertices visited=" INT64_FORMAT " distances computed=" INT64_FORMAT
                     " reranked=" INT64_FORMAT " searches=" INT64_FORMAT " ended by=%s\n",
                     title, totals.expanded, totals.distances, totals.reranked, totals.searches,
                     end_text(totals.end));
}

#if QUIVER_PLANNER_OF_18

constinit explain_per_node_hook_type next_node = nullptr;

void explain_node(PlanState *node, List *ancestors, const char *relationship, const char *name,
                  ExplainState *es)
{
    if (next_node != nullptr)
        next_node(node, ancestors, relationship, name, es);
    if (!es->analyze || !explain_scans || !IsA(node, IndexScanState))
        return;
    const PlannedScan *scan = planned_scan(castNode(IndexScanState, node)->iss_OrderByKeys);
    if (scan == nullptr || scan->totals.scans == 0)
        return;
    if (es->format == EXPLAIN_FORMAT_TEXT)
    {
        print_line("HNSW", scan->totals, es);
        return;
    }
    ExplainOpenGroup("HNSW", "HNSW", true, es);
    print_figures(scan->totals, es);
    ExplainCloseGroup("HNSW", "HNSW", true, es);
}

#else

// A scan of a statement that has ended.
struct Kept
{
    Oid index;
    ScanTotals totals;
};

constinit ExplainOneQuery_hook_type next_query = nullptr;
// Of the query that is being explained, the innermost: where to keep what its scans did.
constinit List **kept = nullptr;
constinit MemoryContext kept_context = nullptr;

void keep(const PlannedScan *scan)
{
    if (scan->totals.scans == 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(kept_context);
    auto *copy = static_cast<Kept *>(palloc(sizeof(Kept)));
    copy->index = castNode(IndexScan, scan->node->ss.ps.plan)->indexid;
    copy->totals = scan->totals;
    *kept = lappend(*kept, copy);
    MemoryContextSwitchTo(caller);
}

void print_kept(const List *scans, ExplainState *es)
{
    ListCell *cell;
    foreach (cell, scans)
    {
        const auto *scan = static_cast<const Kept *>(lfirst(cell));
        const char *index = get_rel_name(scan->index);
        if (index == nullptr)
            continue;
        if (es->format == EXPLAIN_FORMAT_TEXT)
        {
            print_line(psprintf("HNSW using %s", quote_identifier(index)), scan->totals, es);
            continue;
        }
        ExplainOpenGroup("HNSW", nullptr, true, es);
        ExplainPropertyText("Index Name", index, es);
        print_figures(scan->totals, es);
        ExplainCloseGroup("HNSW", nullptr, true, es);
    }
}

void explain_query(Query *query, int options, IntoClause *into, ExplainState *es,
                   const char *source, ParamListInfo parameters, QueryEnvironment *environment)
{
    auto *explain = next_query != nullptr ? next_query : pg::explain_query;
    if (!es->analyze || !explain_scans)
    {
        explain(query, options, into, es, source, parameters, environment);
        return;
    }
    List *scans = NIL;
    List **outer = kept;
    MemoryContext outer_context = kept_context;
    kept = &scans;
    kept_context = CurrentMemoryContext;
    PG_TRY();
    {
        explain(query, options, into, es, source, parameters, environment);
    }
    PG_FINALLY();
    {
        kept = outer;
        kept_context = outer_context;
    }
    PG_END_TRY();
    print_kept(scans, es);
}

#endif

}  // namespace

void end_statement([[maybe_unused]] const PlannedScan *scans, [[maybe_unused]] bool explained)
{
#if !QUIVER_PLANNER_OF_18
    if (kept != nullptr && explained)
        for (const PlannedScan *scan = scans; scan != nullptr; scan = scan->next)
            keep(scan);
#endif
}

void define_explain()
{
    DefineCustomBoolVariable("quiver.hnsw_explain",
                             "EXPLAIN (ANALYZE) tells the work of hnsw scans.", nullptr,
                             &explain_scans, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
#if QUIVER_PLANNER_OF_18
    next_node = explain_per_node_hook;
    explain_per_node_hook = explain_node;
#else
    next_query = ExplainOneQuery_hook;
    ExplainOneQuery_hook = explain_query;
#endif
}

}  // namespace quiver::hnsw

// Finished plans: a distance that nobody reads is not computed.
//
// ORDER BY v <-> q puts the distance into the plan's target list, as a column that is thrown away at the
// top of the query. A Sort would read it; the index has ordered the rows already, and yet the executor
// fetches the vector of every returned row, in pieces from the TOAST table if it is long, and
// computes the distance again. Where the scan is all there is of a query level, or all but a
// LIMIT, the column becomes NULL: EXPLAIN (VERBOSE) shows it.
#include "hnsw/access.hpp"

namespace quiver::hnsw {

namespace {

constinit planner_hook_type next_planner = nullptr;
// Whether the hook has seen a statement: the one that brought the library in, as it was planned, went by it.
constinit bool sees_plans = false;

bool is_hnsw(Oid index)
{
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return false;
    const Oid method = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relam;
    ReleaseSysCache(tuple);
    const IndexAmRoutine *am = GetIndexAmRoutineByAmId(method, true);
    return am != nullptr && am->ambeginscan == begin_scan;
}

// `top` is the root of a query level, a scan or a Limit: nothing reads its junk columns but a row lock, which wants none
// of an ordering. A Limit with junk columns is always one, also where the node between the levels, a
// Subquery Scan that does nothing, was removed.
void drop_distance(Plan *top)
{
    Plan *plan = top;
    if (IsA(top, Limit))
    {
        if (castNode(Limit, top)->limitOption == LIMIT_OPTION_WITH_TIES)
            return;  // compares them
        plan = top->lefttree;
    }
    if (!IsA(plan, IndexScan))
        return;
    const IndexScan *scan = castNode(IndexScan, plan);
    if (scan->indexorderbyorig == NIL || !is_hnsw(scan->indexid))
        return;
    ListCell *cell;
    foreach (cell, top->targetlist)
    {
        auto *entry = lfirst_node(TargetEntry, cell);
        if (!entry->resjunk)
            continue;
        if (top != plan)
        {
            // A Limit's columns are those of its input.
            const Var *below = IsA(entry->expr, Var) ? castNode(Var, entry->expr) : nullptr;
            if (below == nullptr || below->varno != OUTER_VAR)
                continue;
            entry = get_tle_by_resno(plan->targetlist, below->varattno);
        }
        Node *distance = reinterpret_cast<Node *>(entry->expr);
        if (list_member(scan->indexorderbyorig, distance))
            entry->expr = reinterpret_cast<Expr *>(
                makeNullConst(exprType(distance), exprTypmod(distance), exprCollation(distance)));
    }
}

void visit(Plan *plan);

void visit_all(const List *plans)
{
    ListCell *cell;
    foreach (cell, plans)
        visit(static_cast<Plan *>(lfirst(cell)));
}

// A query level, from its root; null where a subplan turned out not to be needed.
void visit_level(Plan *top)
{
    if (top != nullptr && IsA(top, IndexScan))
        drop_distance(top);
    visit(top);
}

// What is below a node, and the node.
void visit(Plan *plan)
{
    if (plan == nullptr)
        return;
    check_stack_depth();
    if (IsA(plan, Limit))
        drop_distance(plan);
    else if (IsA(plan, SubqueryScan))
        visit_level(castNode(SubqueryScan, plan)->subplan);
    else if (IsA(plan, Append))
        visit_all(castNode(Append, plan)->appendplans);
    else if (IsA(plan, MergeAppend))
        visit_all(castNode(MergeAppend, plan)->mergeplans);
    else if (IsA(plan, CustomScan))
        visit_all(castNode(CustomScan, plan)->custom_plans);
    visit(plan->lefttree);
    visit(plan->righttree);
}

void visit_statement(PlannedStmt *statement)
{
    visit_level(statement->planTree);
    ListCell *cell;
    foreach (cell, statement->subplans)
        visit_level(static_cast<Plan *>(lfirst(cell)));
}

PlannedStmt *plan(Query *query, const char *source, int options, ParamListInfo parameters)
{
    sees_plans = true;
    PlannedStmt *statement = next_planner != nullptr
                                 ? next_planner(query, source, options, parameters)
                                 : standard_planner(query, source, options, parameters);
    if (index_is_known)
        visit_statement(statement);
    return statement;
}

}  // namespace

void finish_missed_plan(PlannedStmt *statement)
{
    if (sees_plans || !index_is_known)
        return;
    sees_plans = true;
    // It may be kept for as long as the session lasts, and what is put into it as long.
    MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(statement));
    visit_statement(statement);
    MemoryContextSwitchTo(caller);
}

void install_planner_hook()
{
    next_planner = planner_hook;
    planner_hook = plan;
}

}  // namespace quiver::hnsw

// Finding hnsw scans in plans: a list of those that are being executed, kept by a hook on the executor's start.
#include "hnsw/planned_scan.hpp"

#include "hnsw/access.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quiver::hnsw {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// One `distance < bound` of a filter.
struct ScanBound
{
    ExprState *value;
    bool is_float4;
};

// The scans of one statement, in the memory of its execution.
struct Statement
{
    MemoryContextCallback forget;
    Statement *next;
    PlannedScan *scans;
    bool measured;  // by an EXPLAIN, most likely
};

constinit Statement *statements = nullptr;
constinit ExecutorStart_hook_type next_start = nullptr;
constinit bool use_bounds = true;

void forget(void *argument)
{
    for (Statement **at = &statements; *at != nullptr; at = &(*at)->next)
        if (*at == argument)
        {
            end_statement((*at)->scans, (*at)->measured);
            *at = (*at)->next;
            return;
        }
}

// Whether an expression is the distance that the scan is ordered by, or the same with its sides exchanged.
bool is_distance(Node *expression, OpExpr *order)
{
    if (equal(expression, order))
        return true;
    if (!IsA(expression, OpExpr))
        return false;
    auto *other = castNode(OpExpr, expression);
    return list_length(other->args) == 2 && get_commutator(other->opno) == order->opno &&
           equal(linitial(other->args), lsecond(order->args)) &&
           equal(lsecond(other->args), linitial(order->args));
}

List *bounds_of(IndexScanState *node)
{
    const auto *plan = castNode(IndexScan, node->ss.ps.plan);
    List *bounds = NIL;
    Node *order = static_cast<Node *>(linitial(plan->indexorderbyorig));
    ListCell *cell;
    foreach (cell, plan->scan.plan.qual)
    {
        Expr *bound = bound_in(static_cast<Node *>(lfirst(cell)), order);
        if (bound == nullptr)
            continue;
        auto *made = static_cast<ScanBound *>(palloc(sizeof(ScanBound)));
        made->value = ExecInitExpr(bound, &node->ss.ps);
        made->is_float4 = exprType(reinterpret_cast<Node *>(bound)) == FLOAT4OID;
        bounds = lappend(bounds, made);
    }
    return bounds;
}

bool collect(PlanState *state, void *context)
{
    if (IsA(state, IndexScanState))
    {
        auto *node = castNode(IndexScanState, state);
        // Of a plan that is only explained the index is not open.
        if (node->iss_RelationDesc != nullptr && node->iss_NumOrderByKeys > 0 &&
            node->iss_RelationDesc->rd_indam->amrescan == rescan)
        {
            auto *scan = static_cast<PlannedScan *>(palloc0(sizeof(PlannedScan)));
            scan->node = node;
            scan->bounds = bounds_of(node);
            auto **scans = static_cast<PlannedScan **>(context);
            scan->next = *scans;
            *scans = scan;
        }
    }
    return planstate_tree_walker(state, QUIVER_WALKER(collect), context);
}

void start(QueryDesc *query, int flags)
{
    finish_missed_plan(query->plannedstmt);
    if (next_start != nullptr)
        next_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
    if (!index_is_known || query->planstate == nullptr || (flags & EXEC_FLAG_EXPLAIN_ONLY) != 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(query->estate->es_query_cxt);
    PlannedScan *scans = nullptr;
    (void) collect(query->planstate, &scans);
    if (scans != nullptr)
    {
        auto *statement = static_cast<Statement *>(palloc0(sizeof(Statement)));
        statement->scans = scans;
        statement->measured = query->instrument_options != 0;
        statement->next = statements;
        statement->forget.func = forget;
        statement->forget.arg = statement;
        MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &statement->forget);
        statements = statement;
    }
    MemoryContextSwitchTo(caller);
}

}  // namespace

Expr *bound_in(Node *condition, Node *ordered)
{
    if (!use_bounds || !IsA(condition, OpExpr) || !IsA(ordered, OpExpr) ||
        list_length(castNode(OpExpr, ordered)->args) != 2)
        return nullptr;
    auto *order = castNode(OpExpr, ordered);
    auto *clause = castNode(OpExpr, condition);
    if (list_length(clause->args) != 2)
        return nullptr;
    Node *left = static_cast<Node *>(linitial(clause->args));
    Node *right = static_cast<Node *>(lsecond(clause->args));
    Node *bound = nullptr;
    switch (clause->opfuncid)
    {
    case F_FLOAT8LT:
    case F_FLOAT8LE:
    case F_FLOAT84LT:
    case F_FLOAT84LE:
        bound = is_distance(left, order) ? right : nullptr;
        break;
    case F_FLOAT8GT:
    case F_FLOAT8GE:
    case F_FLOAT48GT:
    case F_FLOAT48GE:
        bound = is_distance(right, order) ? left : nullptr;
        break;
    default:
        break;
    }
    if (bound == nullptr || contain_var_clause(bound) || contain_subplans(bound) ||
        contain_volatile_functions(bound))
        return nullptr;
    return reinterpret_cast<Expr *>(bound);
}

PlannedScan *planned_scan(const ScanKeyData *orderbys)
{
    if (orderbys == nullptr)
        return nullptr;
    for (Statement *statement = statements; statement != nullptr; statement = statement->next)
        for (PlannedScan *scan = statement->scans; scan != nullptr; scan = scan->next)
            if (scan->node->iss_OrderByKeys == orderbys)
                return scan;
    return nullptr;
}

double bound_of(const PlannedScan *scan)
{
    double least = infinity;
    ListCell *cell;
    foreach (cell, scan->bounds)
    {
        const auto *bound = static_cast<const ScanBound *>(lfirst(cell));
        bool is_null;
        const Datum datum =
            ExecEvalExprSwitchContext(bound->value, scan->node->ss.ps.ps_ExprContext, &is_null);
        // No distance is less than what is not known.
        if (is_null)
            return -infinity;
        const double value =
            bound->is_float4 ? static_cast<double>(DatumGetFloat4(datum)) : DatumGetFloat8(datum);
        // NaN sorts behind all numbers.
        if (!std::isnan(value))
            least = std::min(least, value);
    }
    return least;
}

double bound_in_space(const Space &space, const void *query, double bound)
{
    // Sums of up to 16,000 products in single precision differ by less; values of length 1 are also rounded, in
    // half precision to eleven bits. What is let through in excess, the filter takes out.
    constexpr double relative = 2.5e-4, of_unit = 2.5e-4, of_half_unit = 2e-3, of_product = 1e-5;
    if (std::isinf(bound))
        return bound;
    switch (space.metric)
    {
    case Metric::l2:
        return bound < 0 ? -infinity : bound * bound * (1 + relative);
    case Metric::cosine:
        if (space.kind == ValueKind::i8)
            return bound + of_unit;
        return bound - 1 + (space.kind == ValueKind::f16 ? of_half_unit : of_unit);
    case Metric::inner_product:
        // The error grows with the lengths of both; rows are taken to be about as long as the query.
        return bound + relative * std::fabs(bound) +
               of_product * std::fabs(static_cast<double>(space.distance(query, query)));
    default:
        return bound < 0 ? -infinity : bound * (1 + relative);
    }
}

void define_planned_scans()
{
    DefineCustomBoolVariable("quiver.hnsw_distance_bounds",
                             "Ends an hnsw scan where its filter lets no distance through.",
                             "Off, rows are read on as if the filter said nothing of the distance.",
                             &use_bounds, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    next_start = ExecutorStart_hook;
    ExecutorStart_hook = start;
}

}  // namespace quiver::hnsw

// How many rows lie within a distance: statistics of `v <-> q`, made for the query at hand.
//
// The planner estimates `expression < constant` from the statistics of an index on the expression. So it gets, for
// each distance that a query compares, an index that no path can use, and a hook answers for its statistics: a
// histogram of the distances between the query's value and a sample of the column's.
#include "types/distance_estimate.hpp"

#include "types/distance_condition.hpp"
#include "types/sampled_distances.hpp"

#include <algorithm>

namespace quiver::types {

namespace {

// A floor of one in 100,000 rows: a hundredth of a part.
constexpr int histogram_parts = 1000;
constinit bool enabled = true;
constinit get_relation_info_hook_type next_relation_info = nullptr;
constinit get_index_stats_hook_type next_index_stats = nullptr;

// A row of pg_statistic that says nothing but a histogram.
HeapTuple as_statistics(Datum bounds, double null_share)
{
    Datum values[Natts_pg_statistic]{};
    bool nulls[Natts_pg_statistic]{};
    values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(static_cast<float4>(null_share));
    values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(sizeof(double));
    values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(-1);
    values[Anum_pg_statistic_stakind1 - 1] = Int16GetDatum(STATISTIC_KIND_HISTOGRAM);
    values[Anum_pg_statistic_staop1 - 1] =
        ObjectIdGetDatum(lookup_type_cache(FLOAT8OID, TYPECACHE_LT_OPR)->lt_opr);
    for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot)
    {
        nulls[Anum_pg_statistic_stanumbers1 - 1 + slot] = true;
        nulls[Anum_pg_statistic_stavalues1 - 1 + slot] = slot > 0;
    }
    values[Anum_pg_statistic_stavalues1 - 1] = bounds;
    Relation catalog = table_open(StatisticRelationId, AccessShareLock);
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
    table_close(catalog, AccessShareLock);
    return tuple;
}

// Distances of this kind are never negative and begin at zero.
bool begins_at_zero(const SampledDistances &distances)
{
    return std::all_of(distances.items, distances.items + distances.count,
                       [](const kernels::WeightedDistance &item) { return item.distance >= 0; });
}

// Statistics of a distance's expression, in the caller's memory context; null if nothing is known.
HeapTuple estimate(PlannerInfo *root, Node *expression, MemoryContext caller)
{
    ScaledDistance scaled;
    SampledDistances distances;
    if (!find_distance(expression, &scaled) || !sampled_distances(root, scaled.call, &distances) ||
        distances.count < 2)
        return nullptr;
    double bounds[histogram_parts + 1];
    kernels::distance_quantiles({distances.items, static_cast<std::size_t>(distances.count)},
                                begins_at_zero(distances), bounds);
    Datum datums[histogram_parts + 1];
    for (int i = 0; i <= histogram_parts; ++i)
    {
        const int from = scaled.scale < 0 ? histogram_parts - i : i;
        datums[i] = Float8GetDatum(scaled.offset + scaled.scale * bounds[from]);
    }
    ArrayType *histogram = construct_array(datums, histogram_parts + 1, FLOAT8OID, sizeof(float8),
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
    const double null_share =
        distances.null_share + (1 - distances.null_share) * distances.unordered / distances.total;
    MemoryContext inner = MemoryContextSwitchTo(caller);
    HeapTuple tuple = as_statistics(PointerGetDatum(histogram), null_share);
    MemoryContextSwitchTo(inner);
    return tuple;
}

// The index that carries an expression. Its OID is the table's, so that who looks up its name finds one.
IndexOptInfo *carrier(RelOptInfo *rel, Oid table, Node *expression)
{
    auto *index = makeNode(IndexOptInfo);
    index->indexoid = table;
    index->rel = rel;
    index->tuples = rel->tuples;
    index->tree_height = -1;
    index->ncolumns = 1;
    index->nkeycolumns = 1;
    index->indexkeys = static_cast<int *>(palloc0(sizeof(int)));
    index->indexcollations = static_cast<Oid *>(palloc0(sizeof(Oid)));
    // Of no operator family and no access method: no condition and no order matches.
    index->opfamily = static_cast<Oid *>(palloc0(sizeof(Oid)));
    index->opcintype = static_cast<Oid *>(palloc0(sizeof(Oid)));
    index->opcintype[0] = FLOAT8OID;
    index->canreturn = static_cast<bool *>(palloc0(sizeof(bool)));
    index->indexprs = list_make1(expression);
    index->indextlist =
        list_make1(makeTargetEntry(reinterpret_cast<Expr *>(expression), 1, nullptr, false));
    index->hypothetical = true;
    return index;
}

bool forget_nulling(Node *node, void *)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Var))
        pg::forget_nulling(castNode(Var, node));
    return expression_tree_walker(node, QUIVER_WALKER(forget_nulling), nullptr);
}

bool is_carrier(const IndexOptInfo *index, Oid table)
{
    return index->hypothetical && index->indexoid == table;
}

// The distances that the query compares of a child table are those of its parent.
List *inherited(PlannerInfo *root, const RelOptInfo *rel)
{
    AppendRelInfo *appended = root->append_rel_array[rel->relid];
    const RelOptInfo *parent = root->simple_rel_array[appended->parent_relid];
    List *expressions = NIL;
    ListCell *cell;
    if (parent == nullptr || !OidIsValid(appended->parent_reloid))
        return NIL;
    foreach (cell, parent->indexlist)
    {
        const auto *index = lfirst_node(IndexOptInfo, cell);
        if (is_carrier(index, appended->parent_reloid))
            expressions =
                lappend(expressions,
                        adjust_appendrel_attrs(root, static_cast<Node *>(linitial(index->indexprs)),
                                               1, &appended));
    }
    return expressions;
}

void relation_info(PlannerInfo *root, Oid table, bool is_parent, RelOptInfo *rel)
{
    if (next_relation_info != nullptr)
        next_relation_info(root, table, is_parent, rel);
    if (!enabled)
        return;
    const bool is_child = rel->reloptkind == RELOPT_OTHER_MEMBER_REL;
    if (is_child &&
        (root->append_rel_array == nullptr || root->append_rel_array[rel->relid] == nullptr))
        return;
    List *expressions =
        is_child ? inherited(root, rel) : compared_distances(root->parse, rel->relid);
    ListCell *cell;
    foreach (cell, expressions)
    {
        auto *expression = static_cast<Node *>(copyObjectImpl(lfirst(cell)));
        (void) forget_nulling(expression, nullptr);
        rel->indexlist = lappend(rel->indexlist, carrier(rel, table, expression));
    }
}

bool index_stats(PlannerInfo *root, Oid index, AttrNumber column, VariableStatData *variable)
{
    if (next_index_stats != nullptr && next_index_stats(root, index, column, variable))
        return true;
    if (!enabled || variable->rel == nullptr || variable->rel->rtekind != RTE_RELATION ||
        planner_rt_fetch(variable->rel->relid, root)->relid != index)
        return false;
    // A carrier has no statistics in the catalog, so from here on the answer is final.
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "distance estimate", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    variable->statsTuple = estimate(root, variable->var, caller);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    if (HeapTupleIsValid(variable->statsTuple))
    {
        variable->freefunc = heap_freetuple;
        variable->acl_ok = true;
    }
    return true;
}

}  // namespace

void install_distance_estimates()
{
    DefineCustomBoolVariable(
        "quiver.distance_estimates", "Estimates how many rows lie within a distance.",
        "Off, the planner takes every such condition to let a third of them through.", &enabled,
        true, PGC_USERSET, GUC_EXPLAIN, nullptr, nullptr, nullptr);
    next_relation_info = get_relation_info_hook;
    get_relation_info_hook = relation_info;
    next_index_stats = get_index_stats_hook;
    get_index_stats_hook = index_stats;
}

}  // namespace quiver::types

// Recognise aggregates over the rows of a key between two times that come from outside the subquery.
#include "features/window.hpp"

#include "pg/aggregate.hpp"

namespace quiver::features {
namespace {

struct NativeAggregate
{
    Oid function;
    WindowKind kind;
};

constexpr NativeAggregate natives[] = {
    {F_COUNT_, WindowKind::count_rows},
    {F_COUNT_ANY, WindowKind::count_values},
    {F_SUM_INT2, WindowKind::sum},
    {F_SUM_INT4, WindowKind::sum},
    {F_SUM_INT8, WindowKind::sum},
    {F_SUM_FLOAT8, WindowKind::sum},
    {F_AVG_INT2, WindowKind::average},
    {F_AVG_INT4, WindowKind::average},
    {F_AVG_INT8, WindowKind::average},
    {F_AVG_FLOAT8, WindowKind::average},
    {F_MIN_INT2, WindowKind::minimum},
    {F_MIN_INT4, WindowKind::minimum},
    {F_MIN_INT8, WindowKind::minimum},
    {F_MIN_FLOAT8, WindowKind::minimum},
    {F_MIN_DATE, WindowKind::minimum},
    {F_MIN_TIMESTAMP, WindowKind::minimum},
    {F_MIN_TIMESTAMPTZ, WindowKind::minimum},
    {F_MAX_INT2, WindowKind::maximum},
    {F_MAX_INT4, WindowKind::maximum},
    {F_MAX_INT8, WindowKind::maximum},
    {F_MAX_FLOAT8, WindowKind::maximum},
    {F_MAX_DATE, WindowKind::maximum},
    {F_MAX_TIMESTAMP, WindowKind::maximum},
    {F_MAX_TIMESTAMPTZ, WindowKind::maximum},
    {F_VAR_SAMP_FLOAT8, WindowKind::variance},
    {F_VARIANCE_FLOAT8, WindowKind::variance},
    {F_STDDEV_SAMP_FLOAT8, WindowKind::deviation},
    {F_STDDEV_FLOAT8, WindowKind::deviation},
};

bool is_first_element(const SubscriptingRef *reference)
{
    if (reference->refassgnexpr != nullptr || reference->reflowerindexpr != NIL ||
        list_length(reference->refupperindexpr) != 1 || !IsA(reference->refexpr, Aggref))
        return false;
    const auto *index = static_cast<const Node *>(linitial(reference->refupperindexpr));
    return index != nullptr && IsA(index, Const) && !castNode(Const, index)->constisnull &&
           castNode(Const, index)->consttype == INT4OID &&
           DatumGetInt32(castNode(Const, index)->constvalue) == 1;
}

// FILTER (WHERE x IS NOT NULL), of the very argument.
bool skips_nulls(const Aggref *aggregate)
{
    if (aggregate->aggfilter == nullptr || !IsA(aggregate->aggfilter, NullTest))
        return false;
    const auto *test = castNode(NullTest, aggregate->aggfilter);
    return test->nulltesttype == IS_NOT_NULL && !test->argisrow &&
           equal(test->arg, linitial_node(TargetEntry, aggregate->args)->expr);
}

// The first or last value that there is: (array_agg(x ORDER BY time, ...) FILTER (WHERE x IS NOT NULL))[1].
bool classify_ordered(Aggref *aggregate, WindowAggregate *result)
{
    if (aggregate->aggfnoid != F_ARRAY_AGG_ANYNONARRAY || aggregate->aggorder == NIL ||
        aggregate->aggdistinct != NIL || !skips_nulls(aggregate))
        return false;
    Oid family;
    bool ascending;
    if (!pg::ordering_family(linitial_node(SortGroupClause, aggregate->aggorder)->sortop, &family,
                             &ascending))
        return false;
    result->kind = ascending ? WindowKind::first : WindowKind::last;
    return true;
}

bool classify_percentile(Aggref *aggregate, WindowAggregate *result)
{
    if (aggregate->aggfnoid != F_PERCENTILE_CONT_FLOAT8_FLOAT8 || aggregate->aggfilter != nullptr)
        return false;
    Node *fraction =
        eval_const_expressions(nullptr, static_cast<Node *>(linitial(aggregate->aggdirectargs)));
    if (!IsA(fraction, Const) || castNode(Const, fraction)->constisnull)
        return false;
    const auto *order = linitial_node(SortGroupClause, aggregate->aggorder);
    Oid family;
    bool ascending;
    result->fraction = DatumGetFloat8(castNode(Const, fraction)->constvalue);
    result->kind = WindowKind::percentile;
    return result->fraction >= 0 && result->fraction <= 1 &&
           pg::ordering_family(order->sortop, &family, &ascending) && ascending;
}

bool is_countable(Oid type)
{
    const Oid family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
    return ordinal_of(type, type, family) != Ordinal::none;
}

bool classify_plain(Aggref *aggregate, WindowAggregate *result)
{
    if (aggregate->aggorder != NIL)
        return false;
    if (aggregate->aggdistinct != NIL)
    {
        result->kind = WindowKind::distinct;
        return aggregate->aggfnoid == F_COUNT_ANY && aggregate->aggfilter == nullptr &&
               is_countable(linitial_oid(aggregate->aggargtypes));
    }
    result->kind = WindowKind::general;
    for (const NativeAggregate &native : natives)
    {
        if (native.function == aggregate->aggfnoid)
            result->kind = native.kind;
    }
    return true;
}

// Aggregates and first elements, once each.
struct Computed
{
    List *nodes;
    bool strange;
};

bool find_computed(Node *node, void *context)
{
    auto *found = static_cast<Computed *>(context);
    if (node == nullptr)
        return false;
    const bool is_first =
        IsA(node, SubscriptingRef) && is_first_element(reinterpret_cast<SubscriptingRef *>(node));
    if (!IsA(node, Aggref) && !is_first)
        return expression_tree_walker(node, QUIVER_WALKER(find_computed), context);
    WindowAggregate aggregate{};
    auto *expression = reinterpret_cast<Expr *>(node);
    found->strange |= !classify(expression, &aggregate) || aggregate.aggregate->agglevelsup != 0;
    if (!list_member(found->nodes, node))
        found->nodes = lappend(found->nodes, node);
    return false;
}

bool is_one_aggregate_row(const Query *query)
{
    return query->commandType == CMD_SELECT && query->hasAggs && query->limitCount == nullptr &&
           query->limitOffset == nullptr && query->sortClause == NIL && !query->hasWindowFuncs &&
           !query->hasTargetSRFs && !query->hasForUpdate && !query->hasModifyingCTE &&
           query->cteList == NIL && query->groupClause == NIL && query->groupingSets == NIL &&
           query->distinctClause == NIL && query->rowMarks == NIL &&
           query->setOperations == nullptr && query->jointree != nullptr;
}

// The comparison's strategy in the default order of its type; 0 if it has none.
int order_strategy(const Comparison &clause, Oid *family)
{
    const Oid type = exprType(reinterpret_cast<Node *>(clause.history));
    *family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
    return OidIsValid(*family) ? get_op_opfamily_strategy(clause.opno, *family) : 0;
}

// What is bounded from below is the time; else what is bounded first.
bool find_time(Shape *shape, List *comparisons)
{
    ListCell *cell;
    foreach (cell, comparisons)
    {
        const auto *clause = static_cast<Comparison *>(lfirst(cell));
        Oid family;
        const int strategy = order_strategy(*clause, &family);
        if (strategy == 0 || strategy == BTEqualStrategyNumber)
            continue;
        const bool lower =
            strategy == BTGreaterStrategyNumber || strategy == BTGreaterEqualStrategyNumber;
        if (shape->time != nullptr && !lower)
            continue;
        shape->time = clause->history;
        shape->family = family;
        if (lower)
            return true;
    }
    return shape->time != nullptr;
}

// h.created <= s.anything
bool add_known_by(PlannerInfo *root, Shape *shape, const Comparison &clause)
{
    Oid family;
    const int strategy = order_strategy(clause, &family);
    const Oid type = exprType(reinterpret_cast<Node *>(clause.history));
    if (shape->known != nullptr ||
        (strategy != BTLessStrategyNumber && strategy != BTLessEqualStrategyNumber) ||
        exprType(reinterpret_cast<Node *>(clause.spine)) != type ||
        ordinal_of(type, type, family) == Ordinal::none)
        return false;
    shape->known = clause.history;
    shape->known_by = lifted(root, clause.spine);
    shape->known_strict = strategy == BTLessStrategyNumber;
    return true;
}

bool add_clauses(PlannerInfo *root, Shape *shape, List *comparisons)
{
    if (!find_time(shape, comparisons))
        return false;
    ListCell *cell;
    foreach (cell, comparisons)
    {
        const auto *clause = static_cast<Comparison *>(lfirst(cell));
        if (!add_key(root, shape, *clause) && !add_time_clause(root, shape, *clause) &&
            !add_known_by(root, shape, *clause))
            return false;
    }
    const Oid type = exprType(reinterpret_cast<Node *>(shape->time));
    return shape->spine_time != nullptr && shape->history_type == shape->spine_type &&
           ordinal_of(type, type, shape->family) != Ordinal::none;
}

// Orders of first and last have to begin with the time and to go on alike.
bool orders_agree(const Shape *shape)
{
    Aggref *model = nullptr;
    ListCell *cell;
    foreach (cell, shape->computed)
    {
        WindowAggregate aggregate{};
        (void) classify(static_cast<Expr *>(lfirst(cell)), &aggregate);
        if (aggregate.kind != WindowKind::first && aggregate.kind != WindowKind::last)
            continue;
        Aggref *ordered = aggregate.aggregate;
        auto *first = linitial_node(SortGroupClause, ordered->aggorder);
        if (!equal(get_sortgroupclause_tle(first, ordered->args)->expr, shape->time))
            return false;
        if (model == nullptr)
            model = ordered;
        if (list_length(model->aggorder) != list_length(ordered->aggorder))
            return false;
        for (int i = 1; i < list_length(ordered->aggorder); ++i)
        {
            auto *a = list_nth_node(SortGroupClause, model->aggorder, i);
            auto *b = list_nth_node(SortGroupClause, ordered->aggorder, i);
            const WindowTie left = tie_of(model, a), right = tie_of(ordered, b);
            if (!equal(left.value, right.value) || left.sort_operator != right.sort_operator ||
                left.nulls_first != right.nulls_first)
                return false;
        }
    }
    return true;
}

}  // namespace

WindowTie tie_of(Aggref *ordered, const SortGroupClause *clause)
{
    auto *first = linitial_node(SortGroupClause, ordered->aggorder);
    Oid family, type;
    bool ascending = true, first_ascending = true;
    std::int16_t strategy;
    WindowTie tie{
        get_sortgroupclause_tle(const_cast<SortGroupClause *>(clause), ordered->args)->expr,
        clause->sortop, clause->nulls_first};
    (void) pg::ordering_family(first->sortop, &family, &first_ascending);
    if (first_ascending || !pg::ordering_family(clause->sortop, &family, &ascending))
        return tie;
    type = exprType(reinterpret_cast<Node *>(tie.value));
    strategy = ascending ? BTGreaterStrategyNumber : BTLessStrategyNumber;
    tie.sort_operator = get_opfamily_member(family, type, type, strategy);
    if (!OidIsValid(tie.sort_operator))
        tie.sort_operator = get_commutator(clause->sortop);
    tie.nulls_first = !clause->nulls_first;
    return tie;
}

bool classify(Expr *node, WindowAggregate *result)
{
    result->node = node;
    result->filter = -1;
    if (IsA(node, SubscriptingRef))
    {
        result->aggregate = castNode(Aggref, reinterpret_cast<SubscriptingRef *>(node)->refexpr);
        return classify_ordered(result->aggregate, result);
    }
    result->aggregate = castNode(Aggref, node);
    if (result->aggregate->aggkind == AGGKIND_ORDERED_SET)
        return classify_percentile(result->aggregate, result);
    return result->aggregate->aggkind == AGGKIND_NORMAL && !result->aggregate->aggvariadic &&
           classify_plain(result->aggregate, result);
}

Shape *recognise_windows(PlannerInfo *root, const Query *subquery)
{
    if (!is_one_aggregate_row(subquery))
        return nullptr;
    auto *shape = static_cast<Shape *>(palloc0(sizeof(Shape)));
    auto *history = shape->history = static_cast<Query *>(copyObjectImpl(subquery));
    for (Index level = 1; level < root->query_level + 1; ++level)
    {
        if (contain_vars_of_level(reinterpret_cast<Node *>(history->targetList),
                                  static_cast<int>(level)))
            return nullptr;
    }
    // As the planner has HAVING, so that its aggregates are found among the others.
    history->targetList = reinterpret_cast<List *>(
        eval_const_expressions(root, reinterpret_cast<Node *>(history->targetList)));
    history->havingQual = eval_const_expressions(root, history->havingQual);
    Computed computed{};
    (void) find_computed(reinterpret_cast<Node *>(history->targetList), &computed);
    (void) find_computed(history->havingQual, &computed);
    shape->computed = computed.nodes;
    if (computed.strange || checkExprHasSubLink(reinterpret_cast<Node *>(history->targetList)) ||
        checkExprHasSubLink(history->havingQual) ||
        (history->havingQual != nullptr && mentions_outer(history->havingQual)))
        return nullptr;

    List *conjuncts = NIL, *kept = NIL, *comparisons = NIL;
    flatten_ands(history->jointree->quals, &conjuncts);
    ListCell *cell;
    foreach (cell, conjuncts)
    {
        auto *clause = static_cast<Node *>(lfirst(cell));
        if (!mentions_outer(clause))
        {
            kept = lappend(kept, clause);
            continue;
        }
        auto *comparison = static_cast<Comparison *>(palloc0(sizeof(Comparison)));
        if (!as_comparison(clause, comparison))
            return nullptr;
        shape->shown = lappend(shape->shown, clause);
        comparisons = lappend(comparisons, comparison);
    }
    if (!add_clauses(root, shape, comparisons) || !orders_agree(shape))
        return nullptr;
    history->jointree->quals = reinterpret_cast<Node *>(make_ands_explicit(kept));
    history->hasAggs = false;
    history->havingQual = nullptr;
    List *targets = history->targetList;
    history->targetList = NIL;
    const bool moves = !query_mentions_outer(history) &&
                       !contain_volatile_functions(reinterpret_cast<Node *>(history)) &&
                       !contain_volatile_functions(reinterpret_cast<Node *>(targets)) &&
                       !contain_volatile_functions(reinterpret_cast<Node *>(shape->shown));
    history->targetList = targets;
    return moves ? shape : nullptr;
}

}  // namespace quiver::features

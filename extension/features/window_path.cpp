// Offer the node of windows where a LATERAL subquery aggregates over them, if it is cheaper.
#include "features/asof_cost.hpp"
#include "features/window.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::features {
namespace {

// In units of cpu_operator_cost (bench/features): one history row is looked up, kept and put in place;
// one spine row is kept and looked up; one row of a window is added.
constexpr double history_operators = 8.0;
constexpr double spine_operators = 40.0;
constexpr double fold_operators = 0.5;
// And of the ordinary plan: a row of a window is found in the index and the heap and given to the aggregates.
constexpr double fetch_operators = 14.0;
// PostgreSQL takes a range whose ends it does not know for 1/200 of the rows; windows are wider.
constexpr double wider_than_assumed = 10.0;

const IndexPath *index_below(const Path *path)
{
    while (path != nullptr && !IsA(path, IndexPath))
    {
        if (IsA(path, SubqueryScanPath))
            path = reinterpret_cast<const SubqueryScanPath *>(path)->subpath;
        else if (IsA(path, AggPath))
            path = reinterpret_cast<const AggPath *>(path)->subpath;
        else if (IsA(path, SortPath))
            path = reinterpret_cast<const SortPath *>(path)->subpath;
        else if (IsA(path, ProjectionPath))
            path = reinterpret_cast<const ProjectionPath *>(path)->subpath;
        else
            return nullptr;
    }
    return reinterpret_cast<const IndexPath *>(path);
}

// As it was written, before the planner numbered it.
Node *without_numbers(Node *node, void *context)
{
    if (node == nullptr)
        return nullptr;
    Node *copy = expression_tree_mutator(node, QUIVER_MUTATOR(without_numbers), context);
    if (IsA(copy, Aggref))
    {
        castNode(Aggref, copy)->aggno = -1;
        castNode(Aggref, copy)->aggtransno = -1;
    }
    return copy;
}

// Whether something is neither an aggregate of `context`, a History, nor computed from them.
bool is_beyond_windows(Node *node, void *context)
{
    if (node == nullptr || list_member(static_cast<History *>(context)->computed, node))
        return false;
    const bool is_parameter =
        IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind != PARAM_EXTERN;
    if (IsA(node, Aggref) || IsA(node, Var) || IsA(node, SubPlan) || IsA(node, SubLink) ||
        IsA(node, AlternativeSubPlan) || IsA(node, PlaceHolderVar) || is_parameter)
        return true;
    return expression_tree_walker(node, QUIVER_WALKER(is_beyond_windows), context);
}

double cheapest_total(const List *paths)
{
    double cheapest = -1;
    const ListCell *cell;
    foreach (cell, paths)
    {
        const auto *path = static_cast<Path *>(lfirst(cell));
        if (path->param_info == nullptr && (cheapest < 0 || path->total_cost < cheapest))
            cheapest = path->total_cost;
    }
    return cheapest;
}

}  // namespace

// PostgreSQL prices each probe as if no page had ever been read; many probes read the same ones.
double window_probe_cost(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                         const RelOptInfo *inner)
{
    const double ordinary = cheapest_total(joinrel->pathlist);
    const IndexPath *index = nullptr;
    ListCell *cell;
    foreach (cell, inner->pathlist)
    {
        if (index == nullptr)
            index = index_below(static_cast<Path *>(lfirst(cell)));
    }
    if (index == nullptr)
        return ordinary;
    const RelOptInfo *table = index->path.parent;
    const double probes = std::max(1.0, outer->rows);
    const double rows = probes * std::max(1.0, index->path.rows * wider_than_assumed);
    const double heap =
        index->path.pathtype == T_IndexOnlyScan
            ? 0.0
            : index_pages_fetched(rows, table->pages, index->indexinfo->pages, root);
    const double leaves =
        index_pages_fetched(probes, index->indexinfo->pages, index->indexinfo->pages, root);
    const double computed = (50.0 * (index->indexinfo->tree_height + 1) + 40.0) * cpu_operator_cost;
    const double shared =
        outer->cheapest_total_path->total_cost + probes * computed +
        rows * (cpu_index_tuple_cost + cpu_tuple_cost + fetch_operators * cpu_operator_cost) +
        (heap + leaves) * random_page_cost;
    return ordinary < 0 ? shared : std::min(ordinary, shared);
}

AsofCost window_cost(const Shape *shape, const Path *spine, const Path *history, double window_rows)
{
    const double keys = list_length(shape->keys);
    const double aggregates = list_length(shape->computed);
    AsofCost cost{};
    cost.startup = spine->total_cost + history->total_cost +
                   (spine->rows * (spine_operators + keys) +
                    history->rows * (history_operators + keys + aggregates)) *
                       cpu_operator_cost;
    cost.total =
        cost.startup + spine->rows * (cpu_tuple_cost + aggregates * cpu_operator_cost *
                                                           (2 + window_rows * fold_operators));
    return cost;
}

bool may_share_windows(const Shape *shape, const History *history)
{
    if (list_length(shape->keys) != 1 || (history->by_order && history->sequence == 0))
        return false;
    const auto *key = static_cast<KeyClause *>(linitial(shape->keys));
    if (ordinal_of(key->history_type, key->spine_type, key->family) == Ordinal::none ||
        ordinal_of(key->spine_type, key->history_type, key->family) == Ordinal::none)
        return false;
    for (int i = 0; i < list_length(history->rel->reltarget->exprs); ++i)
    {
        auto *column = static_cast<Node *>(list_nth(history->rel->reltarget->exprs, i));
        if (i + 1 != history->sequence && !get_typbyval(exprType(column)))
            return false;
    }
    return true;
}

bool fold_having(const RelOptInfo *inner, Shape *shape, const History *history, List **conditions)
{
    *conditions = NIL;
    if (inner->subroot == nullptr || inner->subroot->parse->havingQual == nullptr)
        return true;
    Query *query = shape->history;
    const int columns = list_length(query->targetList);
    Columns places{query, history->relid};
    Node *having = without_numbers(inner->subroot->parse->havingQual, nullptr);
    having = over_relation(having, &places);
    // A column that only the condition mentions would have to be planned for.
    const bool has_all = list_length(query->targetList) == columns;
    query->targetList = list_truncate(query->targetList, columns);
    *conditions = reinterpret_cast<List *>(having);
    return has_all && !contain_volatile_functions(having) &&
           !is_beyond_windows(having, const_cast<History *>(history));
}

// As WindowStore counts it, with the rows on their way to their places.
double window_memory(const History *history, double spine_rows)
{
    const double columns = list_length(history->rel->reltarget->exprs);
    return history->rel->rows * (28.0 + 9.0 * columns) + spine_rows * 32.0;
}

}  // namespace quiver::features

// Costs of hash, merge and of what they compete with (docs/asof_join.md, "Cost").
#include "features/asof_cost.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::features {
namespace {

// In units of cpu_operator_cost; measured against a sequential scan (bench/features).
constexpr double probe_operators = 6.0;  // hash, look up, search, compare: one history row
constexpr double build_operators = 24.0;  // one spine row: keep, hash, sort, give out
constexpr double borrow_operators = 4.0;  // one spine row of an index that is there: give out
constexpr double merge_operators = 4.0;

// Index scan below the limit, projections and subquery scans of a LATERAL subquery's path.
const IndexPath *index_below(const Path *path)
{
    while (path != nullptr)
    {
        if (IsA(path, IndexPath))
            return reinterpret_cast<const IndexPath *>(path);
        if (IsA(path, SubqueryScanPath))
            path = reinterpret_cast<const SubqueryScanPath *>(path)->subpath;
        else if (IsA(path, LimitPath))
            path = reinterpret_cast<const LimitPath *>(path)->subpath;
        else if (IsA(path, ProjectionPath))
            path = reinterpret_cast<const ProjectionPath *>(path)->subpath;
        else
            return nullptr;
    }
    return nullptr;
}

const Path *cheapest_inner(const RelOptInfo *inner)
{
    const Path *cheapest = nullptr;
    ListCell *cell;
    foreach (cell, inner->pathlist)
    {
        const auto *path = static_cast<Path *>(lfirst(cell));
        if (cheapest == nullptr || path->total_cost < cheapest->total_cost)
            cheapest = path;
    }
    return cheapest;
}

}  // namespace

double probe_cost(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                  const RelOptInfo *inner)
{
    double ordinary = -1;
    ListCell *cell;
    foreach (cell, joinrel->pathlist)
    {
        const auto *path = static_cast<Path *>(lfirst(cell));
        if (path->param_info == nullptr && (ordinary < 0 || path->total_cost < ordinary))
            ordinary = path->total_cost;
    }
    const Path *probe = cheapest_inner(inner);
    const IndexPath *index = index_below(probe);
    if (index == nullptr)
        return ordinary;
    const RelOptInfo *table = index->path.parent;
    const double probes = std::max(1.0, outer->rows);
    const double heap =
        index->path.pathtype == T_IndexOnlyScan
            ? 0.0
            : index_pages_fetched(probes, table->pages, index->indexinfo->pages, root);
    const double leaves =
        index_pages_fetched(probes, index->indexinfo->pages, index->indexinfo->pages, root);
    // What a probe computes: the descent, which PostgreSQL prices per level, and the nodes above.
    const double computed = (50.0 * (index->indexinfo->tree_height + 1) + 20.0) * cpu_operator_cost;
    const double shared = outer->cheapest_total_path->total_cost + probes * computed +
                          (heap + leaves) * random_page_cost;
    return ordinary < 0 ? shared : std::min(ordinary, shared);
}

double least_history_cost(const RelOptInfo *inner)
{
    const PlannerInfo *subroot = inner->subroot;
    double cost = 0;
    for (int i = 1; subroot != nullptr && i < subroot->simple_rel_array_size; ++i)
    {
        const RelOptInfo *rel = subroot->simple_rel_array[i];
        if (rel != nullptr && rel->rtekind == RTE_RELATION && rel->tuples > 0)
            cost += rel->pages * std::min(seq_page_cost, random_page_cost) * 0.5;
    }
    return cost;
}

AsofCost hash_cost(const Choice &choice, const Path *spine, const Path *history, double spine_rows,
                   double processes)
{
    const double keys = list_length(choice.shape->keys);
    const double payloads = list_length(choice.history->outputs);
    const double width = payloads > 0 ? choice.history->rel->reltarget->width : 0.0;
    AsofCost cost{};
    // Building is half one process's work, half everybody's; the history is read in shares already.
    const double build =
        choice.borrows ? borrow_operators : build_operators + keys + std::log2(spine_rows + 2);
    cost.startup = spine->total_cost + history->total_cost +
                   spine_rows * build * cpu_operator_cost * (1 + 1 / processes) / 2 +
                   history->rows * (probe_operators + keys) * cpu_operator_cost;
    cost.total = cost.startup + spine_rows / processes * cpu_tuple_cost;
    // Hash entry, time, place in the output; the winner's state and values.
    cost.memory = spine_rows * (64.0 + 8.0 * payloads + width);
    return cost;
}

double batch_cost(const Path *spine, const Path *history)
{
    double cost = 0;
    for (const Path *side : {spine, history})
    {
        const double pages = side->rows * (side->pathtarget->width + 24.0) / BLCKSZ;
        cost += 2 * pages * seq_page_cost + side->rows * cpu_tuple_cost;
    }
    return cost;
}

AsofCost merge_cost(PlannerInfo *root, const Shape *shape, const Path *spine, const Path *history)
{
    const double comparison = 2.0 * cpu_operator_cost;
    const int memory = static_cast<int>(
        std::min<double>(MAX_KILOBYTES, static_cast<double>(get_hash_memory_limit()) / 2048.0));
    Path sorted[2];
    const Path *inputs[2] = {spine, history};
    for (int i = 0; i < 2; ++i)
        pg::price_sort(&sorted[i], root, inputs[i], comparison, memory);
    AsofCost cost{};
    cost.startup = sorted[0].startup_cost + sorted[1].startup_cost;
    cost.total = sorted[0].total_cost + sorted[1].total_cost +
                 (spine->rows + history->rows) * (merge_operators + list_length(shape->keys)) *
                     cpu_operator_cost +
                 spine->rows * cpu_tuple_cost;
    cost.memory = 0;
    return cost;
}

}  // namespace quiver::features

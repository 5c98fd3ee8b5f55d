// What a scan costs. Formula and constants are pgvector's, because plans that people have tuned by them are
// part of the contract; hypothetical indexes, whose pages cannot be read, are priced as well.
#include "hnsw/access.hpp"

#include "hnsw/conditions.hpp"
#include "hnsw/graph.hpp"
#include "hnsw/options.hpp"
#include "hnsw/planned_scan.hpp"

#include <cmath>

namespace quiver::hnsw {

namespace {

constexpr int assumed_m = 16;

struct Shape
{
    int m = assumed_m;
    double attribute_bytes = 40;
    double pages = 0;  // what is priced; 0: what there is
    double outside = 0;  // of these, what the table has out of line
    bool goes_on = iterative_scan != static_cast<int>(IterativeScan::off);  // beyond ef_search rows
};

// Pages that pgvector would have for as many rows: its element and neighbour tuples, side by side on a page
// where both fit. An index of ours is smaller, but a plan that reads all of it would still be wrong, and
// a small one has a whole chunk of pages from its first row.
double pages_of(const MetaCopy &meta, double rows)
{
    constexpr double element = 72 + 8, item = 4, page = 8160;
    const double links = 6.0 * meta->m * (2 + 1.0 / (meta->m - 1)) + 4;
    const double bytes = MAXALIGN(static_cast<std::size_t>(element) + meta->value_bytes) +
                         MAXALIGN(static_cast<std::size_t>(links)) + 2 * item;
    const double fit = std::floor(page / bytes);
    return 1 + std::ceil(fit >= 1 ? rows / fit : rows * bytes / page);
}

Shape shape_of(const IndexOptInfo *info)
{
    Shape shape;
    if (info->hypothetical)
        return shape;
    Relation index = index_open(info->indexoid, NoLock);
    MetaCopy meta;
    read_meta(index, &meta);
    shape.m = meta->m;
    shape.attribute_bytes = meta->attribute_bytes;
    shape.goes_on |= meta->quantizer != Quantizer::none;
    if (meta->quantizer == Quantizer::none && meta->value_kind != ValueKind::sparse)
    {
        shape.pages = pages_of(meta, info->tuples);
        const double heap_pages = info->rel->pages;
        if (meta->value_bytes * info->rel->tuples > heap_pages * BLCKSZ)
            shape.outside = std::fmax(shape.pages - heap_pages, 0);
    }
    index_close(index, NoLock);
    return shape;
}

// The share of the index that a search of a width reads.
double visited_share(double rows, int m, double ef)
{
    if (!(rows > 0))
        return 1;
    constexpr double revisits = 0.55;
    const double logarithm = std::log(rows);
    const double upper = static_cast<int>(logarithm / std::log(m)) * m;
    const double ground = 2.0 * m * ef * revisits * logarithm / (std::log(m) * (1 + std::log(ef)));
    return std::fmin(1, (upper + ground) / rows);
}

// What the pages of an index cost less than at random. Where the table has the values out of line, a sort fetches them in their
// order and a distance call is charged with that (docs/exact_search.md); the index must not pay more for the same bytes.
double spared(const Shape &shape, double random_page_cost, double seq_page_cost)
{
    return shape.outside * std::fmax(random_page_cost - seq_page_cost, 0);
}

// Whether a path has conditions on attributes.
bool has_filter(const IndexPath *path)
{
    ListCell *cell;
    foreach (cell, path->indexclauses)
        if (lfirst_node(IndexClause, cell)->indexcol > 0)
            return true;
    return false;
}

// With conditions on attributes a scan begins by the cheaper of two ways, a walk that is as much wider as rows
// are rarer or a sweep of the attributes, and then returns only rows that match (docs/hnsw_filters.md).
void price_filter(const IndexPath *path, const Shape &shape, GenericCosts *costs)
{
    const double rows = std::fmax(path->indexinfo->tuples, 1);
    const double pages = shape.pages > 0 ? shape.pages : path->indexinfo->pages;
    const double share = std::fmax(costs->indexSelectivity, 1 / rows);
    double random_page_cost, seq_page_cost;
    get_tablespace_page_costs(path->indexinfo->reltablespace, &random_page_cost, &seq_page_cost);
    const double all = pages * random_page_cost - spared(shape, random_page_cost, seq_page_cost) +
                       rows * cpu_index_tuple_cost;
    const double walk = all * visited_share(rows, shape.m, ef_search / share);
    const double attribute_pages = std::ceil(rows * shape.attribute_bytes / BLCKSZ);
    const double sweep = attribute_pages * seq_page_cost + rows * cpu_operator_cost + all * share;
    costs->indexStartupCost = std::fmin(walk, sweep);
    // What follows is going on with the walk, or taking what the sweep has found.
    costs->indexTotalCost = costs->indexStartupCost + rows * share * cpu_index_tuple_cost;
}

// The share of all rows within the bound on the distance that a scan of this path ends at; 1 without a bound.
double bounded_share(PlannerInfo *root, const IndexPath *path)
{
    List *bounds = NIL;
    ListCell *cell;
    foreach (cell, path->indexinfo->indrestrictinfo)
    {
        auto *restriction = lfirst_node(RestrictInfo, cell);
        if (bound_in(reinterpret_cast<Node *>(restriction->clause),
                     static_cast<Node *>(linitial(path->indexorderbys))) != nullptr)
            bounds = lappend(bounds, restriction);
    }
    return bounds == NIL ? 1 : clauselist_selectivity(root, bounds, 0, JOIN_INNER, nullptr);
}

// A scan that ends at a bound returns the rows within it, and costs that share of going to the end. One that would end
// before, because without iteration it returns no more than ef_search rows, is not made cheaper for it: such a plan would lose
// rows.
void price_bound(PlannerInfo *root, const IndexPath *path, const Shape &shape, GenericCosts *costs)
{
    const double share = bounded_share(root, path);
    const double rows = share * path->indexinfo->tuples;
    const bool goes_on = shape.goes_on || has_filter(path);
    const bool has_limit = root->limit_tuples > 0 && root->limit_tuples <= ef_search &&
                           list_length(path->indexinfo->indrestrictinfo) == 1;
    if (share >= 1 || !(goes_on || has_limit || rows <= ef_search / 2.0))
        return;
    costs->indexTotalCost =
        costs->indexStartupCost + share * (costs->indexTotalCost - costs->indexStartupCost);
    costs->indexSelectivity *= share;
}

}  // namespace

void estimate_cost(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
                   Cost *total_cost, Selectivity *selectivity, double *correlation, double *pages)
{
    // The index answers nothing but an order.
    if (path->indexorderbys == NIL)
    {
        *startup_cost = get_float8_infinity();
        *total_cost = get_float8_infinity();
        *selectivity = 0;
        *correlation = 0;
        *pages = 0;
        pg::forbid_path(path);
        return;
    }

    add_conditions(root, path);
    GenericCosts costs{};
    genericcostestimate(root, path, loop_count, &costs);
    const Shape shape = shape_of(path->indexinfo);
    if (has_filter(path))
    {
        price_filter(path, shape, &costs);
        price_bound(root, path, shape, &costs);
        *startup_cost = costs.indexStartupCost;
        *total_cost = costs.indexTotalCost;
        *selectivity = costs.indexSelectivity;
        *correlation = costs.indexCorrelation;
        *pages = costs.numIndexPages;
        return;
    }
    if (shape.pages > 0)
    {
        costs.indexTotalCost += (shape.pages - costs.numIndexPages) * costs.spc_random_page_cost;
        costs.numIndexPages = shape.pages;
    }
    const double share = visited_share(path->indexinfo->tuples, shape.m, ef_search);
    double seq_page_cost;
    get_tablespace_page_costs(path->indexinfo->reltablespace, nullptr, &seq_page_cost);

    costs.indexStartupCost = costs.indexTotalCost * share;
    // As there, what is read before the first row costs no more than a scan of the table.
    const double startup_pages = costs.numIndexPages * share;
    const double heap_pages = path->indexinfo->rel->pages;
    if (startup_pages > heap_pages && share < 0.5)
    {
        costs.indexStartupCost -= startup_pages * (costs.spc_random_page_cost - seq_page_cost);
        costs.indexStartupCost -= (startup_pages - heap_pages) * seq_page_cost;
    }
    costs.indexTotalCost =
        std::fmax(costs.indexTotalCost - spared(shape, costs.spc_random_page_cost, seq_page_cost),
                  costs.indexStartupCost);
    price_bound(root, path, shape, &costs);
    *startup_cost = costs.indexStartupCost;
    *total_cost = costs.indexTotalCost;
    *selectivity = costs.indexSelectivity;
    *correlation = costs.indexCorrelation;
    *pages = costs.numIndexPages;
}

}  // namespace quiver::hnsw

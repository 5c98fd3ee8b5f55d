// What a scan costs. Formula and constants are pgvector's, because plans that people have tuned by them are
// part of the contract; hypothetical indexes, whose pages cannot be read, are priced as well.
#include "hnsw/access.hpp"

#include "hnsw/graph.hpp"
#include "hnsw/options.hpp"

#include <cmath>

namespace quiver::hnsw {

namespace {

constexpr int assumed_m = 16;

int m_of(const IndexOptInfo *info)
{
    if (info->hypothetical)
        return assumed_m;
    Relation index = index_open(info->indexoid, NoLock);
    MetaCopy meta;
    read_meta(index, &meta);
    const int m = meta->m;
    index_close(index, NoLock);
    return m;
}

// The share of the index that a search reads.
double visited_share(double rows, int m)
{
    if (!(rows > 0))
        return 1;
    constexpr double revisits = 0.55;
    const double logarithm = std::log(rows);
    const double upper = static_cast<int>(logarithm / std::log(m)) * m;
    const double ef = ef_search;
    const double ground = 2.0 * m * ef * revisits * logarithm / (std::log(m) * (1 + std::log(ef)));
    return std::fmin(1, (upper + ground) / rows);
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

    GenericCosts costs{};
    genericcostestimate(root, path, loop_count, &costs);
    const double share = visited_share(path->indexinfo->tuples, m_of(path->indexinfo));
    double seq_page_cost;
    get_tablespace_page_costs(path->indexinfo->reltablespace, nullptr, &seq_page_cost);

    costs.indexStartupCost = costs.indexTotalCost * share;
    // Values out of line are not in the cost of a sequential scan, so they must not be in this.
    const double startup_pages = costs.numIndexPages * share;
    const double heap_pages = path->indexinfo->rel->pages;
    if (startup_pages > heap_pages && share < 0.5)
    {
        costs.indexStartupCost -= startup_pages * (costs.spc_random_page_cost - seq_page_cost);
        costs.indexStartupCost -= (startup_pages - heap_pages) * seq_page_cost;
    }
    *startup_cost = costs.indexStartupCost;
    *total_cost = costs.indexTotalCost;
    *selectivity = costs.indexSelectivity;
    *correlation = costs.indexCorrelation;
    *pages = costs.numIndexPages;
}

}  // namespace quiver::hnsw

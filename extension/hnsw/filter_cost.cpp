// What the two ways of a filtered search cost, and how many vertices pass, from a sample.
#include "hnsw/filter_cost.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace quiver::hnsw {

constinit int filter_way = static_cast<int>(FilterWay::automatic);

namespace {

const config_enum_entry way_options[] = {
    {"auto", static_cast<int>(FilterWay::automatic), false},
    {"walk", static_cast<int>(FilterWay::walk), false},
    {"sweep", static_cast<int>(FilterWay::sweep), false},
    {nullptr, 0, false},
};

// As measured of indexes in memory, by the order of magnitude.
constexpr double per_record = 1.5, per_record_byte = 0.05, per_record_in_columns = 0.7;
constexpr double per_distance = 25, per_value_byte = 0.05;
constexpr double per_list = 250, per_expansion = 150, fresh_share = 0.55;
// A walk becomes wider than was asked for where the nearest come late: by the root of how many pass.
constexpr double per_root = 0.33;

WalkCosts walk_costs(const MetaPage &meta)
{
    const std::uint32_t bytes = meta.code_bytes != 0 ? meta.code_bytes : meta.value_bytes;
    return {per_distance + per_value_byte * bytes, per_list, per_expansion};
}

// Of a walk that expands one that passes for `1 / share`.
double walk_cost(const MetaPage &meta, const WalkCosts &each, double share, double width)
{
    return width / share *
           (each.expansion + each.list + 2.0 * meta.m * fresh_share * each.distance);
}

// Of a walk that looks behind those that do not pass, if all of them together bring m that pass. It reads as many lists
// as bring 2 m, as some of the 3 m it wants were come by before; and the filter is asked about most vertices that these
// lists are near to.
double walk_cost_in_columns(const MetaPage &meta, const WalkCosts &each, double share, double width)
{
    const double links = 2.0 * meta.m, passing = share * meta.vertex_count;
    width = std::min(passing, std::max(width, per_root * patience(static_cast<std::size_t>(width)) *
                                                  std::sqrt(passing)));
    const double of_a_list = links * share;
    if (meta.m - of_a_list > of_a_list * links)
        return walk_cost(meta, each, share, width);
    const double lists = std::clamp(links / of_a_list - 1, 0.0, links);
    const double asked = width * links * (1 + lists) * 16;
    return std::min<double>(meta.vertex_count, asked) * per_record_in_columns +
           width *
               (each.expansion + each.list * (1 + lists) + meta.m * fresh_share * each.distance);
}

// The share of those that pass among some places.
double sample(Graph &graph, Passing &passing)
{
    constexpr std::uint32_t places = 128, at_each = 8;
    const MetaPage &meta = graph.meta();
    const std::uint32_t step = std::max(at_each, meta.vertex_count / places);
    std::int64_t seen = 0, passed = 0;
    std::uint16_t good[at_each];
    const std::uint32_t start = pg_prng_uint32(&pg_global_prng_state) % step;
    for (std::uint64_t at = start; at < meta.vertex_count; at += step)
    {
        const auto first = static_cast<Vertex>(at);
        std::uint32_t count = std::min(at_each, meta.vertex_count - first);
        if (first < passing.kept())
        {
            count = 64;
            passed += std::popcount(passing.word(first / 64));
        }
        else
            passed += passing.select_on_page(first, &count, good);
        seen += count;
    }
    // Nothing in a sample of a thousand is not nothing.
    return (static_cast<double>(passed) + 0.5) / (static_cast<double>(seen) + 1);
}

}  // namespace

FilterCosts estimate_filter(Graph &graph, Passing &passing, std::size_t width)
{
    const MetaPage &meta = graph.meta();
    const double rows = meta.vertex_count;
    const bool in_memory = passing.kept() > 0;
    FilterCosts costs{};
    costs.each = walk_costs(meta);
    const auto price = [&](double share) {
        costs.share = share;
        const double record =
            in_memory ? per_record_in_columns : per_record + per_record_byte * meta.attribute_bytes;
        costs.sweep = rows * (record + share * costs.each.distance);
        const double expanded = std::min(static_cast<double>(width), rows * share);
        costs.walk = in_memory ? walk_cost_in_columns(meta, costs.each, share, expanded)
                               : walk_cost(meta, costs.each, share, expanded);
    };
    price(sample(graph, passing));
    // A sweep tests them all; a walk most, unless the index is large.
    if (in_memory && (!costs.prefers_walk() || rows * per_record_in_columns < costs.walk / 4))
        price((static_cast<double>(passing.count()) + 0.5) /
              (static_cast<double>(passing.kept()) + 1));
    return costs;
}

bool FilterCosts::prefers_walk() const
{
    if (filter_way != static_cast<int>(FilterWay::automatic))
        return filter_way == static_cast<int>(FilterWay::walk);
    return walk < sweep;
}

void define_filter_settings()
{
    DefineCustomEnumVariable("quiver.hnsw_filter_way",
                             "Sets how hnsw scans search with conditions on attributes.",
                             "auto takes the walk where the sweep would cost twice as much.",
                             &filter_way, static_cast<int>(FilterWay::automatic), way_options,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace quiver::hnsw

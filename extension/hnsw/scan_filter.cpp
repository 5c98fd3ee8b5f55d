// Searches of a scan with conditions on attributes: which of the two ways, and the change from one to the other.
#include "hnsw/scan_state.hpp"

namespace quiver::hnsw {

namespace {

// What a sweep has in order is taken a few at a time: that costs little, and a small LIMIT needs no more.
constexpr std::size_t at_a_time = 24;

// Of a filtered scan: sweep the attributes from here on.
void start_sweep(ScanState *state)
{
    state->search->drop_found();
    // As many as are taken for an answer of that many rows, when codes leave some in doubt.
    const auto wanted = static_cast<std::size_t>(ef_search) * 4;
    state->sweep =
        new (palloc(sizeof(Sweep))) Sweep{*state->graph, *state->passing, *state->search, wanted,
                                          static_cast<std::size_t>(state->memory_limit)};
}

// In strict order a row that a walk has missed is lost once a farther one has been returned, and a query that asks for
// all that match would get fewer. Where few match, so that it may, the scan is exact from the start.
bool must_sweep(const FilterCosts &costs)
{
    if (filter_way != static_cast<int>(FilterWay::automatic))
        return false;
    constexpr double affordable = 2e6;  // nanoseconds
    return iteration() == IterativeScan::strict_order && costs.sweep < affordable;
}

}  // namespace

bool more_filtered(ScanState *state)
{
    Search &search = *state->search;
    const auto width = static_cast<std::size_t>(ef_search);
    if (state->sweep == nullptr)
    {
        const bool memory_is_full = static_cast<double>(search.bytes()) > state->memory_limit;
        if (!memory_is_full && !search.given_up() && search.resume(width) && !search.given_up())
        {
            search.hold_back();
            if (!search.found().empty())
                return true;
        }
        // What the walks did not come to, the sweep does.
        start_sweep(state);
    }
    return state->sweep->take(at_a_time, &search.found());
}

void first_filtered_search(ScanState *state, bool has_query)
{
    const auto width = static_cast<std::size_t>(ef_search);
    state->passing = new (palloc(sizeof(Passing))) Passing{*state->graph, *state->filter};
    const FilterCosts costs = estimate_filter(*state->graph, *state->passing, width);
    Search &search = *state->search;
    search.filter(state->passing, costs.each, costs.sweep);
    // Without a query all are equally near, and a walk leads nowhere.
    if (has_query && costs.prefers_walk() && !must_sweep(costs))
    {
        const Candidate from = search.descend(0);
        search.walk(0, width, &from, 1, true);
        search.hold_back();
        if (!search.given_up() && search.found().size() >= width)
            return;
    }
    start_sweep(state);
    (void) state->sweep->take(at_a_time, &search.found());
}

}  // namespace quiver::hnsw

// Searches of a scan with conditions on attributes: which of the two ways, and the change from one to the other.
#include "hnsw/scan_state.hpp"

#include <cmath>

namespace quiver::hnsw {

namespace {

// Of a filtered scan: sweep the attributes from here on.
void start_sweep(ScanState *state)
{
    state->search->drop_found();
    state->sweep = new (palloc(sizeof(Sweep))) Sweep{*state->graph, *state->filter, *state->search,
                                                     static_cast<std::size_t>(state->memory_limit)};
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
    return state->sweep->take(width, &search.found());
}

void first_filtered_search(ScanState *state, bool has_query)
{
    const FilterCosts costs =
        estimate_filter(*state->graph, *state->filter, static_cast<std::size_t>(ef_search));
    Search &search = *state->search;
    search.filter(state->filter,
                  static_cast<std::int64_t>(std::fmin(costs.sweep / costs.expansion, 1e9)));
    // Without a query all are equally near, and a walk leads nowhere.
    if (has_query && costs.walk < costs.sweep)
    {
        const Candidate from = search.descend(0);
        search.walk(0, static_cast<std::size_t>(ef_search), &from, 1, true);
        search.hold_back();
        if (!search.given_up() && !search.found().empty())
            return;
    }
    start_sweep(state);
    (void) state->sweep->take(static_cast<std::size_t>(ef_search), &search.found());
}

}  // namespace quiver::hnsw

// Several histories, one spine: a join uses the index of the join below it.
//
// Where labels are joined to five histories by the same keys and times, the lowest join has the spine's
// keys and times in its index. The joins above keep records of their own beside it and take its rows as
// they are given out, by number: no row is stored again, no key hashed again.
#include "features/asof_state.hpp"

namespace quiver::features {

AsofState *possible_lender(AsofState *state)
{
    PlanState *below = spine_child(state);
    if (!state->plan.borrows || state->plan.strategy != Strategy::hash || !is_asof_state(below))
        return nullptr;
    AsofState *lender = asof_state(reinterpret_cast<CustomScanState *>(below));
    if ((lender->shared != nullptr) != (state->shared != nullptr))
        return nullptr;
    if (!lender->ready)
        read_inputs(lender);
    // Cut into batches or sorted, its rows have no numbers.
    return lender->batches.count == 0 && lender->merge == nullptr && lender->index != nullptr
               ? lender
               : nullptr;
}

bool read_beside_lender(AsofState *state, AsofState *lender)
{
    state->lender = lender;
    state->own_index = IndexHeader{};
    state->spine_rows = lender->spine_rows;
    state->index = make_index(state, Space{state->batch_memory}, &state->own_index);
    if (state->spine_rows == 0)
        return true;
    bool fits = lender->held + state->index->records_size(*lender->index) <= index_budget();
    const bool reads = fits;
    if (fits)
    {
        state->index->make_records(*lender->index);
        state->index->borrow(*lender->index);
        fits = read_history_into_index(state);
    }
    if (!fits)
    {
        state->lender = nullptr;
        state->index = nullptr;
        state->spine_rows = state->history_rows = 0;
        MemoryContextReset(state->batch_memory);
        if (reads)
            ExecReScan(history_child(state));
        return false;
    }
    state->index->finish();
    state->kept = state->own_index.kept;
    state->peak = state->index->memory();
    state->held = lender->held + state->peak;
    return true;
}

}  // namespace quiver::features

// Put spine rows and their winners together: bounds, conditions, projection.
#include "features/asof_state.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

// A winner, from wherever the strategy keeps it.
struct Winner
{
    const Record *record;  // of the index
    TupleTableSlot *row;  // or a history row of the merge
    Datum time;
};

Datum payload_value(const AsofState *state, const Winner &winner, int at, bool *is_null)
{
    if (winner.row != nullptr)
        return slot_getattr(winner.row, state->plan.payloads[at].history, is_null);
    if (state->flat)
    {
        *is_null = winner.record->is_null(at);
        return winner.record->values[at];
    }
    return slot_getattr(state->payload_row, at + 1, is_null);
}

void fill_spine(AsofState *state, TupleTableSlot *scan, TupleTableSlot *spine)
{
    const int columns = state->plan.spine_columns;
    slot_getsomeattrs(spine, columns);
    ExecClearTuple(scan);
    std::copy_n(spine->tts_values, columns, scan->tts_values);
    std::copy_n(spine->tts_isnull, columns, scan->tts_isnull);
    std::fill(scan->tts_isnull + columns, scan->tts_isnull + state->plan.scan_columns, true);
    ExecStoreVirtualTuple(scan);
}

void fill_winner(AsofState *state, TupleTableSlot *scan, const Winner &winner,
                 ExprContext *econtext)
{
    if (winner.row == nullptr && !state->flat)
        ExecStoreMinimalTuple(state->index->tuple(*winner.record), state->payload_row, false);
    for (int i = 0; i < state->plan.payload_count; ++i)
    {
        const Payload &payload = state->plan.payloads[i];
        bool is_null;
        const Datum value = payload_value(state, winner, i, &is_null);
        for (const int place : {payload.scan, payload.copy})
        {
            if (place < 0)
                continue;
            scan->tts_values[place] = value;
            scan->tts_isnull[place] = is_null;
        }
    }
    int at = 0;
    ListCell *cell;
    foreach (cell, state->plan.output_places)
    {
        const int place = lfirst_int(cell);
        scan->tts_values[place] =
            ExecEvalExprSwitchContext(state->outputs[at++], econtext, &scan->tts_isnull[place]);
    }
}

void clear_winner(AsofState *state, TupleTableSlot *scan)
{
    std::fill(scan->tts_isnull + state->plan.spine_columns,
              scan->tts_isnull + state->plan.scan_columns, true);
}

// The scan tuple of one spine row; false if the row has no place in the output.
bool join(AsofState *state, TupleTableSlot *scan, TupleTableSlot *spine, const Winner *winner)
{
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    ResetExprContext(econtext);
    fill_spine(state, scan, spine);
    econtext->ecxt_scantuple = scan;
    MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    bool matched = winner != nullptr && within_bounds(state->values, econtext, winner->time);
    if (matched)
        fill_winner(state, scan, *winner, econtext);
    if (matched && state->join_quals != nullptr && !ExecQual(state->join_quals, econtext))
    {
        matched = false;
        clear_winner(state, scan);
    }
    const bool stays = (matched || !state->plan.inner) &&
                       (state->filters == nullptr || ExecQual(state->filters, econtext));
    MemoryContextSwitchTo(caller);
    return stays;
}

// The next spine row of what is in memory, and its winner; nullptr at the end.
TupleTableSlot *next_pair_at_hand(AsofState *state, Winner *winner)
{
    if (state->merge != nullptr)
        return state->merge->next(&winner->row);
    if (state->lender != nullptr)
    {
        TupleTableSlot *row = ExecProcNode(spine_child(state));
        if (TupIsNull(row))
            return nullptr;
        state->row = state->lender->row;
        winner->record = state->index->winner(state->row);
        return row;
    }
    // Nothing is open where no batch has a spine row.
    if (state->spine == nullptr || state->index == nullptr ||
        !tuplestore_gettupleslot(state->spine, true, false, state->spine_row))
        return nullptr;
    state->row = state->next_row++;
    winner->record = state->index->winner(state->row);
    return state->spine_row;
}

TupleTableSlot *next_pair(AsofState *state, Winner *winner, bool *has_winner)
{
    TupleTableSlot *spine = next_pair_at_hand(state, winner);
    while (spine == nullptr && next_batch(state))
        spine = next_pair_at_hand(state, winner);
    *has_winner = winner->row != nullptr || winner->record != nullptr;
    bool is_null;
    if (winner->row != nullptr)
        winner->time = slot_getattr(winner->row, state->values.time, &is_null);
    else if (winner->record != nullptr)
        winner->time =
            from_ordinal(state->values.history_time, directed(state->values, winner->record->time));
    return spine;
}

}  // namespace

TupleTableSlot *next_output(AsofState *state)
{
    CustomScanState *node = &state->custom;
    TupleTableSlot *scan = node->ss.ss_ScanTupleSlot;
    TupleTableSlot *empty =
        node->ss.ps.ps_ProjInfo != nullptr ? node->ss.ps.ps_ResultTupleSlot : scan;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        Winner winner{};
        bool has_winner;
        TupleTableSlot *spine = next_pair(state, &winner, &has_winner);
        if (spine == nullptr)
            return ExecClearTuple(empty);
        if (!join(state, scan, spine, has_winner ? &winner : nullptr))
            continue;
        if (node->ss.ps.ps_ProjInfo == nullptr)
            return scan;
        return ExecProject(node->ss.ps.ps_ProjInfo);
    }
}

}  // namespace quiver::features

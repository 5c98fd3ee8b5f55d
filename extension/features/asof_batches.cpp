// Cut both sides of an as-of join into parts that fit in memory, and go through them.
#include "features/asof_state.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

constexpr int store_kilobytes = 32;  // of memory for each part of each side; the rest is in files
constexpr int least_batches = 4;
constexpr int most_batches = 256;

// The index was full after `read` rows; the planner has said how many there may be.
int batch_count(const AsofState *state, double read)
{
    const double expected =
        std::max(spine_child(const_cast<AsofState *>(state))->plan->plan_rows, 2 * read);
    const double wanted = 1.3 * expected / std::max(read, 1.0);
    const auto room = static_cast<int>(
        std::min<std::size_t>(index_budget() / (4 * store_kilobytes * 1024), most_batches));
    int count = least_batches;
    while (count < wanted && count * 2 <= room)
        count *= 2;
    return count;
}

std::uint64_t integer_of(Ordinal kind, Datum key)
{
    return static_cast<std::uint64_t>(to_ordinal(kind, key));
}

// The upper bits, as the lower ones choose the place in a part's index.
int part_of(std::uint64_t hash, int count)
{
    return static_cast<int>((hash >> 48) & static_cast<std::uint64_t>(count - 1));
}

int spine_part(AsofState *state, const SpineRow &row)
{
    Values &values = state->values;
    if (!row.present)
        return 0;
    return part_of(values.spine_key != Ordinal::none
                       ? hash_integer(integer_of(values.spine_key, row.keys[0]))
                       : spread(hash_keys(values, row.keys, &KeyFunctions::hash_spine)),
                   state->batches.count);
}

int history_part(AsofState *state, const Datum *keys)
{
    Values &values = state->values;
    return part_of(values.history_key != Ordinal::none
                       ? hash_integer(integer_of(values.history_key, keys[0]))
                       : spread(hash_keys(values, keys, &KeyFunctions::hash_history)),
                   state->batches.count);
}

MemoryContext per_tuple(AsofState *state)
{
    return state->custom.ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
}

void put_spine_row(AsofState *state, TupleTableSlot *slot, Datum *keys)
{
    const SpineRow row = look_at(state, slot, keys);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    const int part = spine_part(state, row);
    MemoryContextSwitchTo(caller);
    tuplestore_puttupleslot(state->batches.spine[part], slot);
}

void put_history_row(AsofState *state, TupleTableSlot *slot, Datum *keys)
{
    if (!history_keys(state, slot, keys))
        return;
    ResetExprContext(state->custom.ss.ps.ps_ExprContext);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    const int part = history_part(state, keys);
    MemoryContextSwitchTo(caller);
    tuplestore_puttupleslot(state->batches.history[part], slot);
}

void make_stores(AsofState *state, int count)
{
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    const std::size_t size = sizeof(Tuplestorestate *) * static_cast<std::size_t>(count);
    Batches &batches = state->batches;
    batches.spine = static_cast<Tuplestorestate **>(palloc(size));
    batches.history = static_cast<Tuplestorestate **>(palloc(size));
    for (int i = 0; i < count; ++i)
    {
        batches.spine[i] = tuplestore_begin_heap(true, false, store_kilobytes);
        batches.history[i] = tuplestore_begin_heap(true, false, store_kilobytes);
    }
    batches.count = count;
    MemoryContextSwitchTo(caller);
}

}  // namespace

// Rows that were read before the memory ran out come first.
void split_into_batches(AsofState *state, Tuplestorestate *read_before)
{
    make_stores(state, batch_count(state, static_cast<double>(state->spine_rows)));
    Datum *keys = key_array(state);
    while (tuplestore_gettupleslot(read_before, true, false, state->spine_row))
        put_spine_row(state, state->spine_row, keys);
    ExecClearTuple(state->spine_row);
    tuplestore_end(read_before);
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(spine_child(state));
        if (TupIsNull(slot))
            break;
        ++state->spine_rows;
        put_spine_row(state, slot, keys);
    }
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(history_child(state));
        if (TupIsNull(slot))
            break;
        ++state->history_rows;
        put_history_row(state, slot, keys);
    }
    pfree(keys);
}

bool next_batch(AsofState *state)
{
    Batches &batches = state->batches;
    while (batches.current + 1 < batches.count)
    {
        if (batches.current >= 0)
        {
            ExecClearTuple(state->spine_row);
            ExecClearTuple(state->history_row);
            ExecClearTuple(state->payload_row);
            if (state->merge != nullptr)
                state->merge->end();
            state->merge = nullptr;
            state->index = nullptr;
            MemoryContextReset(state->batch_memory);
            tuplestore_end(batches.spine[batches.current]);
            tuplestore_end(batches.history[batches.current]);
        }
        ++batches.current;
        state->spine = batches.spine[batches.current];
        if (tuplestore_tuple_count(state->spine) == 0)
            continue;
        read_batch(state);
        return true;
    }
    return false;
}

}  // namespace quiver::features

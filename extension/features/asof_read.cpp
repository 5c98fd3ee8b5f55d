// Read the two sides of an as-of join: the spine into an index, or both into sorts.
#include "features/asof_state.hpp"

#include <algorithm>
#include <new>

namespace quiver::features {
namespace {

std::size_t memory_limit() { return get_hash_memory_limit(); }

// A quarter for the spine's rows, which spill to a file of their own; the rest for the index.
std::size_t index_budget() { return memory_limit() - memory_limit() / 4; }

int kilobytes(std::size_t bytes)
{
    return static_cast<int>(std::clamp<std::size_t>(bytes / 1024, 64, MAX_KILOBYTES));
}

// The spine row at hand, its keys and its time.
struct SpineRow
{
    Datum *keys;
    Datum time;
    bool present;
};

SpineRow look_at(AsofState *state, TupleTableSlot *row, Datum *keys)
{
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    ResetExprContext(econtext);
    slot_getallattrs(row);
    econtext->ecxt_scantuple = row;
    SpineRow result{keys, 0, false};
    result.present = read_spine(state->values, econtext, keys, &result.time);
    return result;
}

Datum *key_array(AsofState *state)
{
    return static_cast<Datum *>(
        palloc(sizeof(Datum) * static_cast<std::size_t>(state->plan.key_count + 1)));
}

// What must be taken from a history row before it is gone.
struct HistoryReader
{
    AsofState *state;
    Datum *keys;
    Datum *values;  // batch_size rows of payload
    Arrival rows[SpineIndex::batch_size];
    int count;
};

// False for a row with a NULL among keys or times: nobody sees it.
bool read_arrival(HistoryReader *reader, TupleTableSlot *slot, Arrival *row, Datum *values)
{
    const AsofState *state = reader->state;
    const Values &compare = state->values;
    slot_getsomeattrs(slot, state->history_columns);
    const Datum *columns = slot->tts_values;
    const bool *nulls = slot->tts_isnull;
    if (nulls[compare.seen - 1] || nulls[compare.time - 1])
        return false;
    for (int i = 0; i < compare.key_count; ++i)
    {
        const int at = compare.keys[i].history - 1;
        if (nulls[at])
            return false;
        reader->keys[i] = columns[at];
    }
    row->key = compare.history_key != Ordinal::none
                   ? static_cast<std::uint64_t>(to_ordinal(compare.history_key, reader->keys[0]))
                   : reinterpret_cast<std::uint64_t>(reader->keys);
    row->seen = directed(compare, to_ordinal(compare.history_time, columns[compare.seen - 1]));
    row->time = directed(compare, to_ordinal(compare.history_time, columns[compare.time - 1]));
    row->nulls = 0;
    row->values = values;
    for (int i = 0; i < state->plan.payload_count; ++i)
    {
        const int at = state->plan.payloads[i].history - 1;
        values[i] = columns[at];
        row->nulls |= static_cast<std::uint64_t>(nulls[at]) << i;
    }
    return true;
}

void send_batch(HistoryReader *reader)
{
    reader->state->index->offer_flat(reader->rows, reader->count);
    reader->count = 0;
}

// One row at a time, in the per-tuple context: hashing may fetch values from elsewhere.
bool offer_single(HistoryReader *reader, TupleTableSlot *slot)
{
    Arrival &row = reader->rows[0];
    if (!read_arrival(reader, slot, &row, reader->values))
        return true;
    if (!reader->state->index->integer_key())
        row.hash = reader->state->index->hash_history(reader->keys);
    return reader->state->index->offer(row);
}

}  // namespace

SpineIndex *make_index(AsofState *state, Space space, IndexHeader *header)
{
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    state->spine = tuplestore_begin_heap(true, false, kilobytes(memory_limit() / 4));
    auto *index = new (palloc(sizeof(SpineIndex))) SpineIndex{
        state->values, state->payload, state->flat, space.is_shared() ? SIZE_MAX : index_budget(),
        space,         header};
    MemoryContextSwitchTo(caller);
    return index;
}

// False if winners took more memory than there is.
bool read_history_into_index(AsofState *state)
{
    const bool batched = state->flat && state->index->integer_key();
    const auto width = static_cast<std::size_t>(std::max(1, state->plan.payload_count));
    auto *reader = static_cast<HistoryReader *>(palloc0(sizeof(HistoryReader)));
    reader->state = state;
    reader->keys = key_array(state);
    reader->values = static_cast<Datum *>(palloc(sizeof(Datum) * width * SpineIndex::batch_size));
    PlanState *child = history_child(state);
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    bool fits = true;
    while (fits)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(child);
        if (TupIsNull(slot))
            break;
        ++state->history_rows;
        if (batched)
        {
            const auto at = static_cast<std::size_t>(reader->count);
            if (read_arrival(reader, slot, &reader->rows[at], reader->values + at * width) &&
                ++reader->count == SpineIndex::batch_size)
                send_batch(reader);
            continue;
        }
        ResetExprContext(econtext);
        MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
        fits = offer_single(reader, slot);
        MemoryContextSwitchTo(caller);
    }
    if (fits && reader->count > 0)
        send_batch(reader);
    pfree(reader->values);
    pfree(reader->keys);
    pfree(reader);
    return fits;
}

// False as soon as the index would outgrow its memory; the row at hand is in the tuplestore.
bool read_spine_into_index(AsofState *state)
{
    PlanState *child = spine_child(state);
    Datum *keys = key_array(state);
    bool fits = true;
    while (fits)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(child);
        if (TupIsNull(slot))
            break;
        ++state->spine_rows;
        tuplestore_puttupleslot(state->spine, slot);
        const SpineRow row = look_at(state, slot, keys);
        MemoryContext caller =
            MemoryContextSwitchTo(state->custom.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
        fits = row.present ? state->index->add(row.keys, row.time) : state->index->add_unmatched();
        MemoryContextSwitchTo(caller);
    }
    pfree(keys);
    return fits;
}

namespace {

void sort_spine_row(AsofState *state, TupleTableSlot *slot, Datum *keys)
{
    const SpineRow row = look_at(state, slot, keys);
    state->merge->add_spine(slot, row.keys, row.time, row.present);
}

// Rows that were read before the memory ran out come first.
void read_into_sorts(AsofState *state, Tuplestorestate *read_before)
{
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    const AsofPlan &plan = state->plan;
    state->merge = new (palloc(sizeof(SortMerge)))
        SortMerge{state->values, plan, ExecGetResultType(spine_child(state)),
                  ExecGetResultType(history_child(state)), kilobytes(index_budget())};
    MemoryContextSwitchTo(caller);
    Datum *keys = key_array(state);
    while (read_before != nullptr &&
           tuplestore_gettupleslot(read_before, true, false, state->spine_row))
        sort_spine_row(state, state->spine_row, keys);
    ExecClearTuple(state->spine_row);
    if (read_before != nullptr)
        tuplestore_end(read_before);
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(spine_child(state));
        if (TupIsNull(slot))
            break;
        ++state->spine_rows;
        sort_spine_row(state, slot, keys);
    }
    while (state->spine_rows > 0)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(history_child(state));
        if (TupIsNull(slot))
            break;
        ++state->history_rows;
        state->merge->add_history(slot);
    }
    state->merge->sort();
    pfree(keys);
}

// The index is given up; what is in the tuplestore goes to the sorts, and the rest of the spine after it.
void go_over_to_sorts(AsofState *state)
{
    Tuplestorestate *read_before = state->spine;
    Space space{state->memory};
    state->spine = nullptr;
    state->index = nullptr;
    SpineIndex::release(space, &state->own_index);
    tuplestore_rescan(read_before);
    read_into_sorts(state, read_before);
}

void read_into_index(AsofState *state)
{
    state->own_index = IndexHeader{};
    state->index = make_index(state, Space{state->memory}, &state->own_index);
    if (!read_spine_into_index(state))
        return go_over_to_sorts(state);
    if (state->spine_rows == 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    state->index->build();
    state->index->open();
    MemoryContextSwitchTo(caller);
    if (!read_history_into_index(state))
    {
        state->history_rows = 0;
        ExecReScan(history_child(state));
        return go_over_to_sorts(state);
    }
    state->index->finish();
    state->kept = state->own_index.kept;
    state->peak = state->index->memory();
}

}  // namespace

void read_inputs(AsofState *state)
{
    state->spine_rows = state->history_rows = state->kept = 0;
    state->peak = 0;
    state->next_row = 0;
    const bool can_hash = state->values.history_time != Ordinal::none &&
                          state->values.spine_ordinal != Ordinal::none &&
                          state->plan.payload_count <= Record::most_values;
    if (state->shared != nullptr)
        read_in_parallel(state);
    else if (state->plan.strategy == Strategy::hash && can_hash)
        read_into_index(state);
    else
        read_into_sorts(state, nullptr);
    state->ready = true;
}

void forget_inputs(AsofState *state)
{
    ExecClearTuple(state->spine_row);
    ExecClearTuple(state->payload_row);
    if (state->spine != nullptr)
        tuplestore_end(state->spine);
    if (state->merge != nullptr)
        state->merge->end();
    state->spine = nullptr;
    state->merge = nullptr;
    state->index = nullptr;
    state->ready = false;
    MemoryContextReset(state->memory);
}

}  // namespace quiver::features

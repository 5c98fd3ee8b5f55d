// Read the two sides of an as-of join: the spine into an index, or both into sorts.
#include "features/asof_state.hpp"

#include <algorithm>
#include <new>

namespace quiver::features {
namespace {

std::size_t memory_limit() { return get_hash_memory_limit(); }

int kilobytes(std::size_t bytes)
{
    return static_cast<int>(std::clamp<std::size_t>(bytes / 1024, 64, MAX_KILOBYTES));
}

}  // namespace

// A quarter of the memory is for the spine's rows, which spill to a file of their own.
std::size_t index_budget() { return memory_limit() - memory_limit() / 4; }

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

Datum *key_array(const AsofState *state)
{
    return static_cast<Datum *>(
        palloc(sizeof(Datum) * static_cast<std::size_t>(state->plan.key_count + 1)));
}

bool history_keys(const AsofState *state, TupleTableSlot *row, Datum *keys)
{
    const Values &compare = state->values;
    slot_getsomeattrs(row, state->history_columns);
    if (row->tts_isnull[compare.seen - 1] || row->tts_isnull[compare.time - 1])
        return false;
    for (int i = 0; i < compare.key_count; ++i)
    {
        const int at = compare.keys[i].history - 1;
        if (row->tts_isnull[at])
            return false;
        keys[i] = row->tts_values[at];
    }
    return true;
}

namespace {

// The next row of a side: of the batch at hand, or of the plan below.
TupleTableSlot *next_spine_row(AsofState *state)
{
    if (state->batches.count == 0)
    {
        TupleTableSlot *slot = ExecProcNode(spine_child(state));
        state->spine_rows += TupIsNull(slot) ? 0 : 1;
        return slot;
    }
    (void) tuplestore_gettupleslot(state->spine, true, false, state->spine_row);
    return state->spine_row;
}

TupleTableSlot *next_history_row(AsofState *state)
{
    if (state->batches.count == 0)
    {
        TupleTableSlot *slot = ExecProcNode(history_child(state));
        state->history_rows += TupIsNull(slot) ? 0 : 1;
        return slot;
    }
    (void) tuplestore_gettupleslot(state->batches.history[state->batches.current], true, false,
                                   state->history_row);
    return state->history_row;
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
    if (!history_keys(state, slot, reader->keys))
        return false;
    const Datum *columns = slot->tts_values;
    const bool *nulls = slot->tts_isnull;
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
    if (state->batches.count == 0 && state->lender == nullptr)
        state->spine = tuplestore_begin_heap(true, false, kilobytes(memory_limit() / 4));
    MemoryContextSwitchTo(state->batch_memory);
    const std::size_t lent = state->lender != nullptr ? state->lender->held : 0;
    auto *index = new (palloc(sizeof(SpineIndex)))
        SpineIndex{state->values,
                   state->payload,
                   state->flat,
                   space.is_shared() ? SIZE_MAX : index_budget() - std::min(lent, index_budget()),
                   space,
                   header};
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
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    bool fits = true;
    while (fits)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = next_history_row(state);
        if (TupIsNull(slot))
            break;
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
    Datum *keys = key_array(state);
    bool fits = true;
    while (fits)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = next_spine_row(state);
        if (TupIsNull(slot))
            break;
        if (state->batches.count == 0)
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

void read_into_sorts(AsofState *state)
{
    MemoryContext caller = MemoryContextSwitchTo(state->batch_memory);
    state->merge = new (palloc(sizeof(SortMerge)))
        SortMerge{state->values, state->plan, ExecGetResultType(spine_child(state)),
                  ExecGetResultType(history_child(state)), kilobytes(index_budget())};
    MemoryContextSwitchTo(caller);
    Datum *keys = key_array(state);
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = next_spine_row(state);
        if (TupIsNull(slot))
            break;
        sort_spine_row(state, slot, keys);
    }
    while (state->spine_rows > 0)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = next_history_row(state);
        if (TupIsNull(slot))
            break;
        state->merge->add_history(slot);
    }
    state->merge->sort();
    pfree(keys);
}

// The index is given up. The whole is cut into batches; a batch is sorted.
void go_over(AsofState *state, bool history_begun)
{
    state->index = nullptr;
    MemoryContextReset(state->batch_memory);
    tuplestore_rescan(state->spine);
    if (state->batches.count > 0)
    {
        tuplestore_rescan(state->batches.history[state->batches.current]);
        return read_into_sorts(state);
    }
    Tuplestorestate *read_before = state->spine;
    state->spine = nullptr;
    if (history_begun)
    {
        state->history_rows = 0;
        ExecReScan(history_child(state));
    }
    split_into_batches(state, read_before);
    state->batches.current = -1;
    (void) next_batch(state);
}

void read_into_index(AsofState *state)
{
    state->own_index = IndexHeader{};
    state->index = make_index(state, Space{state->batch_memory}, &state->own_index);
    if (!read_spine_into_index(state))
        return go_over(state, false);
    if (state->spine_rows == 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(state->batch_memory);
    state->index->build();
    state->index->open();
    MemoryContextSwitchTo(caller);
    if (!read_history_into_index(state))
        return go_over(state, true);
    state->index->finish();
    if (state->batches.count > 0)
        tuplestore_rescan(state->spine);
    state->kept += state->own_index.kept;
    state->held = state->index->memory();
    state->peak = std::max(state->peak, state->held);
}

}  // namespace

void read_batch(AsofState *state)
{
    state->next_row = 0;
    read_into_index(state);
}

void read_inputs(AsofState *state)
{
    state->batch_memory =
        AllocSetContextCreate(state->memory, "quiver as-of batch", ALLOCSET_DEFAULT_SIZES);
    state->batches = Batches{};
    state->spine_rows = state->history_rows = state->kept = 0;
    state->peak = 0;
    state->next_row = 0;
    const bool can_hash = state->values.history_time != Ordinal::none &&
                          state->values.spine_ordinal != Ordinal::none &&
                          state->plan.payload_count <= Record::most_values;
    AsofState *lender = possible_lender(state);
    if (state->shared != nullptr)
        read_in_parallel(state, lender);
    else if (lender != nullptr && read_beside_lender(state, lender))
        ;
    else if (state->plan.strategy == Strategy::hash && can_hash)
        read_into_index(state);
    else
        read_into_sorts(state);
    state->ready = true;
}

void forget_inputs(AsofState *state)
{
    ExecClearTuple(state->spine_row);
    ExecClearTuple(state->history_row);
    ExecClearTuple(state->payload_row);
    const Batches &batches = state->batches;
    for (int i = std::max(batches.current, 0); i < batches.count; ++i)
    {
        tuplestore_end(batches.spine[i]);
        tuplestore_end(batches.history[i]);
    }
    if (state->spine != nullptr && batches.count == 0)
        tuplestore_end(state->spine);
    state->batches = Batches{};
    if (state->merge != nullptr)
        state->merge->end();
    state->spine = nullptr;
    state->merge = nullptr;
    state->index = nullptr;
    state->lender = nullptr;
    state->ready = false;
    MemoryContextReset(state->memory);
}

}  // namespace quiver::features

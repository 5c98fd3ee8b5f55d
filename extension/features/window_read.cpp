// Read the spine and the history of windows; cut both into batches where memory is too small.
#include "features/window_state.hpp"

#include "features/asof_hash.hpp"

#include <algorithm>
#include <new>

namespace quiver::features {
namespace {

constexpr int store_kilobytes = 32;  // of memory for each part of each side; the rest is in files
constexpr int most_batches = 256;

std::size_t memory_limit() { return get_hash_memory_limit(); }

int kilobytes(std::size_t bytes)
{
    return static_cast<int>(std::clamp<std::size_t>(bytes / 1024, 64, MAX_KILOBYTES));
}

std::size_t budget() { return memory_limit() - memory_limit() / 4; }

// Both ends of a window from a bound that may be strict; none if nothing can lie beyond it.
void bound_from_below(Span *span, std::int64_t bound, bool strict)
{
    if (strict && bound == INT64_MAX)
        *span = Span{INT64_MAX, INT64_MIN, INT64_MIN, 0};
    else
        span->first = std::max(span->first, strict ? bound + 1 : bound);
}

std::int64_t upper_end(std::int64_t bound, bool strict, Span *span)
{
    if (strict && bound == INT64_MIN)
        *span = Span{INT64_MAX, INT64_MIN, INT64_MIN, 0};
    return strict && bound != INT64_MIN ? bound - 1 : bound;
}

Datum *key_room(const WindowState *state)
{
    return static_cast<Datum *>(
        palloc(sizeof(Datum) * static_cast<std::size_t>(state->plan.join.key_count + 1)));
}

// A history row's keys; false if one of them or the time is NULL.
bool read_keys(const WindowState *state, TupleTableSlot *row, Datum *keys)
{
    const Values &values = state->values;
    slot_getsomeattrs(row, state->history_columns);
    if (row->tts_isnull[values.time - 1])
        return false;
    for (int i = 0; i < values.key_count; ++i)
    {
        const int at = values.keys[i].history - 1;
        if (row->tts_isnull[at])
            return false;
        keys[i] = row->tts_values[at];
    }
    return true;
}

MemoryContext per_tuple(WindowState *state)
{
    return state->custom.ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
}

}  // namespace

WindowStore *make_window_store(WindowState *state)
{
    MemoryContext caller = MemoryContextSwitchTo(state->batch_memory);
    auto *store = new (palloc(sizeof(WindowStore)))
        WindowStore{state->values, state->plan, ExecGetResultType(history_of(state))};
    MemoryContextSwitchTo(caller);
    return store;
}

namespace {

void take_spine_row(WindowState *state, TupleTableSlot *slot)
{
    const WindowRow row = look_at_window(state, slot);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    if (row.present)
        state->store->add_spine(row.keys, row.span);
    else
        state->store->add_unmatched();
    MemoryContextSwitchTo(caller);
}

void take_history_row(WindowState *state, TupleTableSlot *slot, Datum *keys)
{
    if (!read_keys(state, slot, keys))
        return;
    ResetExprContext(state->custom.ss.ps.ps_ExprContext);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    state->store->add_history(keys, slot);
    MemoryContextSwitchTo(caller);
}

void finish_store(WindowState *state)
{
    state->store->arrange();
    state->peak = std::max(state->peak, state->store->memory());
    state->kept += state->store->rows();
}

// The upper bits, as the lower ones choose the place among the store's keys.
int part_of(WindowState *state, const Datum *keys, bool of_spine)
{
    Values &values = state->values;
    const Ordinal kind = of_spine ? values.spine_key : values.history_key;
    const std::uint64_t hash =
        kind != Ordinal::none
            ? hash_integer(static_cast<std::uint64_t>(to_ordinal(kind, keys[0])))
            : spread(hash_keys(values, keys,
                               of_spine ? &KeyFunctions::hash_spine : &KeyFunctions::hash_history));
    return static_cast<int>((hash >> 48) & static_cast<std::uint64_t>(state->batch_count - 1));
}

void make_batches(WindowState *state, double rows)
{
    const double wanted =
        1.5 * rows * static_cast<double>(state->store->row_bytes()) / static_cast<double>(budget());
    const auto room = static_cast<int>(
        std::clamp<std::size_t>(budget() / (4 * store_kilobytes * 1024), 2, most_batches));
    int count = 2;
    while (count < wanted && count * 2 <= room)
        count *= 2;
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    const std::size_t size = sizeof(Tuplestorestate *) * static_cast<std::size_t>(count);
    state->spines = static_cast<Tuplestorestate **>(palloc(size));
    state->histories = static_cast<Tuplestorestate **>(palloc(size));
    for (int i = 0; i < count; ++i)
    {
        state->spines[i] = tuplestore_begin_heap(true, false, store_kilobytes);
        state->histories[i] = tuplestore_begin_heap(true, false, store_kilobytes);
    }
    state->batch_count = count;
    MemoryContextSwitchTo(caller);
}

// A spine row without a window may be in any part.
void put_spine_row(WindowState *state, TupleTableSlot *slot)
{
    const WindowRow row = look_at_window(state, slot);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    const int part = row.present ? part_of(state, row.keys, true) : 0;
    MemoryContextSwitchTo(caller);
    tuplestore_puttupleslot(state->spines[part], slot);
}

void put_history_row(WindowState *state, TupleTableSlot *slot, Datum *keys)
{
    if (!read_keys(state, slot, keys))
        return;
    ResetExprContext(state->custom.ss.ps.ps_ExprContext);
    MemoryContext caller = MemoryContextSwitchTo(per_tuple(state));
    const int part = part_of(state, keys, false);
    MemoryContextSwitchTo(caller);
    tuplestore_puttupleslot(state->histories[part], slot);
}

void split(WindowState *state, double rows)
{
    make_batches(state, rows);
    Tuplestorestate *all = state->spine;
    state->spine = nullptr;
    tuplestore_rescan(all);
    while (tuplestore_gettupleslot(all, true, false, state->spine_row))
        put_spine_row(state, state->spine_row);
    ExecClearTuple(state->spine_row);
    tuplestore_end(all);
    state->store = nullptr;
    MemoryContextReset(state->batch_memory);
    Datum *keys = key_room(state);
    state->history_rows = 0;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(history_of(state));
        if (TupIsNull(slot))
            break;
        ++state->history_rows;
        put_history_row(state, slot, keys);
    }
    pfree(keys);
    state->batch = -1;
}

void read_batch(WindowState *state)
{
    state->store = make_window_store(state);
    while (tuplestore_gettupleslot(state->spine, true, false, state->spine_row))
        take_spine_row(state, state->spine_row);
    tuplestore_rescan(state->spine);
    Datum *keys = key_room(state);
    Tuplestorestate *history = state->histories[state->batch];
    while (tuplestore_gettupleslot(history, true, false, state->history_row))
    {
        CHECK_FOR_INTERRUPTS();
        take_history_row(state, state->history_row, keys);
    }
    ExecClearTuple(state->history_row);
    tuplestore_end(history);
    state->histories[state->batch] = nullptr;
    pfree(keys);
    finish_store(state);
}

void drop_batch(WindowState *state)
{
    if (state->batch < 0)
        return;
    ExecClearTuple(state->spine_row);
    tuplestore_end(state->spines[state->batch]);
    state->spines[state->batch] = nullptr;
    state->spine = nullptr;
    state->store = nullptr;
    MemoryContextReset(state->batch_memory);
}

// Batches are gone through in turn; one without spine rows has nothing to say.
bool next_batch(WindowState *state)
{
    while (state->batch + 1 < state->batch_count)
    {
        drop_batch(state);
        ++state->batch;
        state->spine = state->spines[state->batch];
        if (tuplestore_tuple_count(state->spine) == 0)
            continue;
        read_batch(state);
        return true;
    }
    return false;
}

}  // namespace

Tuplestorestate *begin_window_spine(WindowState *state)
{
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    Tuplestorestate *spine = tuplestore_begin_heap(true, false, kilobytes(memory_limit() / 4));
    MemoryContextSwitchTo(caller);
    return spine;
}

void read_window_spine(WindowState *state)
{
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(spine_of(state));
        if (TupIsNull(slot))
            return;
        ++state->spine_rows;
        tuplestore_puttupleslot(state->spine, slot);
        take_spine_row(state, slot);
    }
}

// False as soon as the rows outgrow the memory. Without a key there is nothing to cut them by.
bool read_window_history(WindowState *state)
{
    const bool bounded = state->plan.join.key_count > 0 && state->shared == nullptr;
    const std::size_t limit = budget();
    Datum *keys = key_room(state);
    bool fits = true;
    while (fits)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *slot = ExecProcNode(history_of(state));
        if (TupIsNull(slot))
            break;
        ++state->history_rows;
        take_history_row(state, slot, keys);
        fits = !bounded || !state->store->is_settled() || state->store->memory() <= limit;
    }
    pfree(keys);
    return fits;
}

WindowRow look_at_window(WindowState *state, TupleTableSlot *spine)
{
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    ResetExprContext(econtext);
    slot_getallattrs(spine);
    econtext->ecxt_scantuple = spine;
    Values &values = state->values;
    WindowRow row{};
    MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    row.keys = key_room(state);
    MemoryContextSwitchTo(caller);
    row.span = Span{INT64_MIN, INT64_MAX, INT64_MAX, 0};
    Datum time;
    if (!features::read_spine(values, econtext, row.keys, &time))
        return row;
    const std::int64_t last =
        upper_end(to_ordinal(values.spine_ordinal, time), values.strict, &row.span);
    row.span.last = std::min(row.span.last, last);
    for (int i = 0; i < values.bound_count; ++i)
    {
        bool is_null;
        const Datum bound = ExecEvalExprSwitchContext(values.bounds[i], econtext, &is_null);
        if (is_null)
            return row;
        bound_from_below(&row.span, to_ordinal(values.spine_ordinal, bound),
                         state->plan.bounds_strict[i]);
    }
    if (state->known_by != nullptr)
    {
        bool is_null;
        const Datum known = ExecEvalExprSwitchContext(state->known_by, econtext, &is_null);
        if (is_null)
            return row;
        const std::int64_t bound =
            to_ordinal(state->store->column(state->plan.known).ordinal, known);
        row.span.known = upper_end(bound, state->plan.known_strict, &row.span);
    }
    row.present = true;
    return row;
}

void read_window_inputs(WindowState *state)
{
    state->batch_memory =
        AllocSetContextCreate(state->memory, "quiver window batch", ALLOCSET_DEFAULT_SIZES);
    state->spine_rows = state->history_rows = state->kept = 0;
    state->peak = 0;
    state->ready = true;
    if (state->shared != nullptr)
        return read_windows_in_parallel(state);
    state->store = make_window_store(state);
    state->spine = begin_window_spine(state);
    read_window_spine(state);
    tuplestore_rescan(state->spine);
    if (state->spine_rows == 0)
        return;
    const double expected = history_of(state)->plan->plan_rows;
    if (!read_window_history(state))
    {
        const auto read = static_cast<double>(state->history_rows);
        ExecReScan(history_of(state));
        split(state, std::max(expected, 2 * read));
        return;
    }
    finish_store(state);
}

TupleTableSlot *next_window_spine(WindowState *state)
{
    for (;;)
    {
        if (state->spine != nullptr &&
            tuplestore_gettupleslot(state->spine, true, false, state->spine_row))
            return state->spine_row;
        if (!next_batch(state))
            return nullptr;
    }
}

void forget_window_inputs(WindowState *state)
{
    ExecClearTuple(state->spine_row);
    ExecClearTuple(state->history_row);
    for (int i = 0; i < state->batch_count; ++i)
    {
        if (state->spines[i] != nullptr)
            tuplestore_end(state->spines[i]);
        if (state->histories[i] != nullptr)
            tuplestore_end(state->histories[i]);
    }
    if (state->spine != nullptr && state->batch_count == 0)
        tuplestore_end(state->spine);
    state->spine = nullptr;
    state->store = nullptr;
    state->batch_count = 0;
    state->batch = 0;
    state->scratch = nullptr;
    state->scratch_room = 0;
    state->ready = false;
    MemoryContextReset(state->memory);
}

}  // namespace quiver::features

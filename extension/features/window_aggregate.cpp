// One window: find its rows, and compute each aggregate over them.
#include "features/window_state.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

Datum *scratch_for(WindowState *state, std::uint64_t count)
{
    if (state->scratch_room < count)
    {
        state->scratch_room = std::max<std::uint64_t>(count, state->scratch_room * 2);
        const std::size_t size = state->scratch_room * sizeof(Datum);
        state->scratch = static_cast<Datum *>(state->scratch == nullptr
                                                  ? MemoryContextAllocHuge(state->memory, size)
                                                  : repalloc_huge(state->scratch, size));
    }
    return state->scratch;
}

Run whole_run(const WindowColumn &column, const Window &window)
{
    return Run{
        column.values + window.begin, column.null_count > 0 ? column.nulls + window.begin : nullptr,
        column.previous != nullptr ? column.previous + window.begin : nullptr,
        window.key != nullptr ? window.begin - window.key->begin : 0, window.end - window.begin};
}

// Of each column only the rows that were known by then, side by side.
std::uint64_t gather_known(WindowState *state, std::int64_t known_by, std::uint64_t count)
{
    const int columns = state->plan.join.payload_count;
    const Run known = state->runs[state->plan.known];
    const WindowColumn &times = state->store->column(state->plan.known);
    const Ordinal kind = times.ordinal == Ordinal::float8 ? Ordinal::float8 : Ordinal::int8;
    auto *chosen = static_cast<std::uint64_t *>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(std::uint64_t) * (count + 1)));
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < count; ++i)
    {
        if (!known.is_null(i) && to_ordinal(kind, known.values[i]) <= known_by)
            chosen[found++] = i;
    }
    for (int at = 0; at < columns; ++at)
    {
        Run &run = state->runs[at];
        auto *values = static_cast<Datum *>(
            MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (found + 1)));
        std::uint8_t *nulls = nullptr;
        if (run.nulls != nullptr)
            nulls = static_cast<std::uint8_t *>(
                MemoryContextAllocHuge(CurrentMemoryContext, found + 1));
        for (std::uint64_t i = 0; i < found; ++i)
        {
            values[i] = run.values[chosen[i]];
            if (nulls != nullptr)
                nulls[i] = run.nulls[chosen[i]];
        }
        run = Run{values, nulls, nullptr, 0, found};
    }
    return found;
}

std::uint64_t find_runs(WindowState *state)
{
    Span span;
    const Window window = state->store->next_window(&span);
    for (int i = 0; i < state->plan.join.payload_count; ++i)
        state->runs[i] = whole_run(state->store->column(i), window);
    const std::uint64_t count = window.end - window.begin;
    return state->plan.known >= 0 && count > 0 ? gather_known(state, span.known, count) : count;
}

Datum compute(WindowState *state, int at, std::uint64_t rows, bool *is_null)
{
    const WindowAggregate &aggregate = state->plan.aggregates[at];
    if (aggregate.kind == WindowKind::general)
    {
        int count = 0;
        ListCell *cell;
        foreach (cell, aggregate.columns)
            state->arguments[count++] = state->runs[lfirst_int(cell)];
        const Run *filter = aggregate.filter >= 0 ? &state->runs[aggregate.filter] : nullptr;
        return fold_generally(state->general[at], state->arguments, count, filter, rows, is_null);
    }
    if (aggregate.columns == NIL)
    {
        *is_null = false;
        return Int64GetDatum(static_cast<std::int64_t>(rows));
    }
    const int column = linitial_int(aggregate.columns);
    const bool sorts =
        aggregate.kind == WindowKind::percentile || aggregate.kind == WindowKind::distinct;
    return fold(aggregate, state->store->column(column).ordinal, state->runs[column],
                sorts ? scratch_for(state, rows) : nullptr, is_null);
}

}  // namespace

void aggregate_window(WindowState *state, Datum *values, bool *nulls)
{
    const std::uint64_t rows = find_runs(state);
    for (int i = 0; i < state->plan.count; ++i)
        values[i] = compute(state, i, rows, &nulls[i]);
}

}  // namespace quiver::features

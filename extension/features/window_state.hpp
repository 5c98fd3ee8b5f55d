// The executor's state of windows, and the steps that its parts share.
#pragma once

#include "features/asof_space.hpp"
#include "features/window_general.hpp"
#include "pg/aggregate.hpp"

namespace quiver::features {

// What the processes of a parallel join share, in the query's dynamic shared memory.
struct SharedWindows
{
    Barrier barrier;
    std::uint32_t spine_taken;  // a process reads the spine, where it is not read in shares
    std::uint64_t spine_keys;
    Reference spines;  // chain of the keys that each process has seen
    Reference keys;
    std::uint64_t key_room;
    Reference counts;  // chain of rows for each key, by process
    Reference null_counts;  // by column
    Reference rows;  // times, and each column's values, NULLs and links
    std::uint64_t row_count;
    std::uint64_t next_key;  // whose rows nobody has sorted
    std::uint64_t spine_rows;
    std::uint64_t history_rows;
    std::uint64_t memory;
};

// Starts with the node PostgreSQL sees. Lives in the executor's memory context.
struct WindowState
{
    CustomScanState custom;
    WindowPlan plan;
    Values values;
    ExprState *known_by;
    ExprState *join_quals;
    ExprState *filters;
    ExprState **outputs;
    GeneralAggregate **general;  // null for those that are folded here
    Run *runs;  // one for each column, of the window at hand
    Run *arguments;
    int history_columns;  // the last one needed
    TupleTableSlot *spine_row;
    TupleTableSlot *history_row;
    MemoryContext memory;  // all that was read; reset on rescan
    MemoryContext batch_memory;  // below it: of the batch at hand
    bool ready;
    WindowStore *store;
    Tuplestorestate *spine;  // all of it, or of the batch at hand
    SharedWindows *shared;  // null unless the join runs in parallel
    int batch_count;  // 0: all in one piece
    int batch;
    Tuplestorestate **spines;
    Tuplestorestate **histories;
    Datum *scratch;
    std::uint64_t scratch_room;
    // For EXPLAIN
    std::uint64_t spine_rows;
    std::uint64_t history_rows;
    std::uint64_t kept;
    std::size_t peak;
};

inline WindowState *window_state(CustomScanState *node)
{
    return reinterpret_cast<WindowState *>(node);
}
inline PlanState *spine_of(WindowState *state)
{
    return static_cast<PlanState *>(linitial(state->custom.custom_ps));
}
inline PlanState *history_of(WindowState *state)
{
    return static_cast<PlanState *>(lsecond(state->custom.custom_ps));
}

// What a spine row asks for: its keys, its span, and until when rows are known. Not `present` if one
// of them is NULL: nothing is in the window then.
struct WindowRow
{
    bool present;
    Datum *keys;
    Span span;
};

// Valid until the next call; evaluates in the node's per-tuple context.
WindowRow look_at_window(WindowState *state, TupleTableSlot *spine);

// window_read.cpp
void read_window_inputs(WindowState *state);
// The steps of it that a parallel join takes in its own order.
WindowStore *make_window_store(WindowState *state);
Tuplestorestate *begin_window_spine(WindowState *state);
void read_window_spine(WindowState *state);
bool read_window_history(WindowState *state);
TupleTableSlot *next_window_spine(WindowState *state);
void forget_window_inputs(WindowState *state);

// In the company of other processes (window_parallel.cpp).
void read_windows_in_parallel(WindowState *state);
Size estimate_shared_windows(CustomScanState *node, ParallelContext *context);
void begin_shared_windows(CustomScanState *node, ParallelContext *context, void *place);
void begin_shared_windows_again(CustomScanState *node, ParallelContext *context, void *place);
void join_shared_windows(CustomScanState *node, shm_toc *toc, void *place);
void leave_shared_windows(CustomScanState *node);

// window_aggregate.cpp: all aggregates of the next spine row's window, with the per-tuple context current.
void aggregate_window(WindowState *state, Datum *values, bool *nulls);

}  // namespace quiver::features

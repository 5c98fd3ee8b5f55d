// The executor's state of an as-of join, and the steps that its parts share.
#pragma once

#include "features/asof_index.hpp"
#include "features/asof_merge.hpp"

namespace quiver::features {

// What the processes of a parallel join share, in the query's dynamic shared memory.
struct SharedAsof
{
    Barrier barrier;
    IndexHeader index;
    std::uint32_t spine_taken;  // a process reads the spine, where it is not read in shares
    std::uint64_t spine_rows;
    std::uint64_t history_rows;
    std::uint64_t peak;
};

// Both sides cut into parts by a hash of the keys, when the index of the whole spine does not fit: each
// part is joined by itself, in an index of its own or, if that does not fit either, by sorting.
struct Batches
{
    int count;  // 0: the join is done in one piece
    int current;
    Tuplestorestate **spine;
    Tuplestorestate **history;
};

// Starts with the node PostgreSQL sees. Lives in the executor's memory context.
struct AsofState
{
    CustomScanState custom;
    AsofPlan plan;
    Values values;
    ExprState *join_quals;
    ExprState *filters;
    ExprState **outputs;
    TupleDesc payload;
    bool flat;
    int history_columns;  // the last one needed
    TupleTableSlot *payload_row;  // a winner that is kept as a tuple
    TupleTableSlot *spine_row;  // as it comes back from the tuplestore
    TupleTableSlot *history_row;  // likewise, from a batch
    MemoryContext memory;  // index, tuplestores, sorts; reset on rescan
    MemoryContext batch_memory;  // below it: of the batch at hand
    Batches batches;
    bool ready;
    SpineIndex *index;
    IndexHeader own_index;
    SharedAsof *shared;  // null unless the join runs in parallel
    AsofState *lender;  // the join below, if its index and its rows are used as they come
    std::size_t held;  // bytes of this index and of those it borrows from
    Tuplestorestate *spine;
    std::size_t next_row;
    std::size_t row;  // number of the spine row at hand, in the index
    SortMerge *merge;  // when sorting
    // For EXPLAIN, of the last scan
    std::uint64_t spine_rows;
    std::uint64_t history_rows;
    std::uint64_t kept;
    std::size_t peak;
};

inline AsofState *asof_state(CustomScanState *node) { return reinterpret_cast<AsofState *>(node); }
inline PlanState *spine_child(AsofState *state)
{
    return static_cast<PlanState *>(linitial(state->custom.custom_ps));
}
inline PlanState *history_child(AsofState *state)
{
    return static_cast<PlanState *>(lsecond(state->custom.custom_ps));
}

// The spine row at hand, its keys and its time.
struct SpineRow
{
    Datum *keys;
    Datum time;
    bool present;
};

// Room for the keys of one row.
Datum *key_array(const AsofState *state);
SpineRow look_at(AsofState *state, TupleTableSlot *row, Datum *keys);
// A history row's keys; false if one of them or a time is NULL.
bool history_keys(const AsofState *state, TupleTableSlot *row, Datum *keys);
std::size_t index_budget();

// Read both sides (asof_read.cpp).
void read_inputs(AsofState *state);
// The steps of it that a parallel join takes in its own order.
SpineIndex *make_index(AsofState *state, Space space, IndexHeader *header);
bool read_spine_into_index(AsofState *state);
bool read_history_into_index(AsofState *state);
// Use the index of the join below, which has the same keys and times (asof_borrow.cpp). False if it has
// none, or no memory is left: then its rows are a spine like any other.
AsofState *possible_lender(AsofState *state);
bool read_beside_lender(AsofState *state, AsofState *lender);
// In the company of other processes (asof_parallel.cpp).
void read_in_parallel(AsofState *state, AsofState *lender);
// Go on to the next batch that has spine rows; false after the last (asof_batches.cpp).
bool next_batch(AsofState *state);
void split_into_batches(AsofState *state, Tuplestorestate *read_before);
// Join the spine and history of the batch at hand (asof_read.cpp).
void read_batch(AsofState *state);
// Free everything read.
void forget_inputs(AsofState *state);

// The next output row, or an empty slot (asof_emit.cpp).
TupleTableSlot *next_output(AsofState *state);

// Parallel execution (asof_parallel.cpp).
Size estimate_shared(CustomScanState *node, ParallelContext *context);
void begin_shared(CustomScanState *node, ParallelContext *context, void *place);
void begin_shared_again(CustomScanState *node, ParallelContext *context, void *place);
void join_shared(CustomScanState *node, shm_toc *toc, void *place);
void leave_shared(CustomScanState *node);

bool is_asof_state(PlanState *node);
void explain_asof(CustomScanState *node, List *ancestors, ExplainState *es);

}  // namespace quiver::features

// The as-of join in several processes: one index in shared memory, each history row read once.
//
// Steps, by the phase of the barrier: 0 each process reads a share of the spine and keeps its rows for
// itself; 1 one of them builds the index; 2 each reads a share of the history; 3 each carries winners
// forward for some of the keys. Then each gives out its own spine rows. Nobody waits for another after
// giving out its first row, so a process that is stuck on a full queue holds nobody up.
//
// A process that comes late helps with what is left; if that is nothing, it has no rows to give out.
#include "features/asof_state.hpp"

#include <new>

namespace quiver::features {
namespace {

enum Phase
{
    reading_spine,
    building,
    reading_history,
    finishing,
};

bool everybody_done(SharedAsof *shared)
{
    return BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
}

void add_rows(std::uint64_t *total, std::uint64_t rows)
{
    __atomic_fetch_add(total, rows, __ATOMIC_RELAXED);
}

// A spine that cannot be read in shares is read by whoever comes first.
bool has_spine_to_read(AsofState *state)
{
    std::uint32_t taken = 0;
    return state->plan.shared_spine ||
           __atomic_compare_exchange_n(&state->shared->spine_taken, &taken, 1, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void in_own_memory(AsofState *state, void (SpineIndex::*step)())
{
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    (state->index->*step)();
    MemoryContextSwitchTo(caller);
}

// Where another join's index is used, its processes have all been through its phases.
void read_spine(AsofState *state)
{
    SharedAsof *shared = state->shared;
    if (state->lender != nullptr)
    {
        if (everybody_done(shared))
        {
            shared->spine_rows = state->lender->shared->spine_rows;
            state->index->make_records(*state->lender->index);
        }
        return;
    }
    if (has_spine_to_read(state))
        (void) read_spine_into_index(state);
    add_rows(&shared->spine_rows, state->spine_rows);
    if (everybody_done(shared))
        in_own_memory(state, &SpineIndex::build);
}

void open_index(AsofState *state)
{
    if (state->lender != nullptr)
        state->index->borrow(*state->lender->index);
    else
        in_own_memory(state, &SpineIndex::open);
}

void run_phases(AsofState *state, int phase)
{
    SharedAsof *shared = state->shared;
    SpineIndex *index = state->index;
    switch (phase)
    {
    case reading_spine:
        read_spine(state);
        [[fallthrough]];
    case building:
        everybody_done(shared);
        [[fallthrough]];
    case reading_history:
        open_index(state);
        if (shared->spine_rows > 0)
            (void) read_history_into_index(state);
        add_rows(&shared->history_rows, state->history_rows);
        everybody_done(shared);
        [[fallthrough]];
    case finishing:
        if (phase == finishing)
            open_index(state);
        index->finish();
        shared->peak = index->memory();
        everybody_done(shared);
        break;
    default:
        // Only rows of others are left to give out; a join above may want to look up keys.
        open_index(state);
    }
}

}  // namespace

void read_in_parallel(AsofState *state, AsofState *lender)
{
    state->lender = lender;
    Space space{state->custom.ss.ps.state->es_query_dsa};
    state->index = make_index(state, space, &state->shared->index);
    run_phases(state, BarrierAttach(&state->shared->barrier));
    BarrierDetach(&state->shared->barrier);
}

Size estimate_shared(CustomScanState *, ParallelContext *) { return sizeof(SharedAsof); }

void begin_shared(CustomScanState *node, ParallelContext *context, void *place)
{
    // Without a segment there are no workers, and the join runs as if it had never heard of them.
    if (context->seg == nullptr)
        return;
    auto *shared = new (place) SharedAsof{};
    BarrierInit(&shared->barrier, 0);
    asof_state(node)->shared = shared;
}

// Workers are gone; the shared memory stays and is used again.
void begin_shared_again(CustomScanState *node, ParallelContext *, void *)
{
    AsofState *state = asof_state(node);
    if (state->shared == nullptr)
        return;
    Space space{node->ss.ps.state->es_query_dsa};
    if (node->ss.ps.state->es_query_dsa != nullptr)
        SpineIndex::release(space, &state->shared->index);
    *state->shared = SharedAsof{};
    BarrierInit(&state->shared->barrier, 0);
}

void join_shared(CustomScanState *node, shm_toc *, void *place)
{
    asof_state(node)->shared = static_cast<SharedAsof *>(place);
}

// The shared memory is about to go; what EXPLAIN shows of it is kept.
void leave_shared(CustomScanState *node)
{
    AsofState *state = asof_state(node);
    if (state->shared == nullptr)
        return;
    state->spine_rows = state->shared->spine_rows;
    state->history_rows = state->shared->history_rows;
    state->kept = state->shared->index.kept;
    state->peak = state->shared->peak;
    state->shared = nullptr;
}

}  // namespace quiver::features

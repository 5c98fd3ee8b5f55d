// Building an index row by row, through the pages. WAL comes once, at the end.
#include "hnsw/build.hpp"

#include "hnsw/insert.hpp"

namespace quiver::hnsw {

namespace {

struct State
{
    const BuildInput *input;
    MemoryContext row;
    double indexed;
};

void add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool, void *argument)
{
    auto *state = static_cast<State *>(argument);
    if (isnull[0])
        return;
    MemoryContext caller = MemoryContextSwitchTo(state->row);
    Value value;
    if (form_value(*state->input->space, values[0], &value))
    {
        insert_row(index, value, *tid, false);
        ++state->indexed;
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE,
                                     static_cast<std::int64_t>(state->indexed));
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(state->row);
}

}  // namespace

BuildCounts build_index(const BuildInput &input)
{
    GraphWriter writer{input.index, *input.meta};
    writer.finish(no_vertex, 0);
    State state{&input,
                AllocSetContextCreate(CurrentMemoryContext, "hnsw build row", ALLOCSET_DEFAULT_SIZES),
                0};
    const double rows = table_index_build_scan(input.heap, input.index, input.info, true, true,
                                               add_row, &state, nullptr);
    MemoryContextDelete(state.row);
    if (RelationNeedsWAL(input.index))
        log_newpage_range(input.index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(input.index),
                          true);
    return {rows, state.indexed};
}

}  // namespace quiver::hnsw

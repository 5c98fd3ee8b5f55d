// The centre of an index's codes: the mean of some rows, read from blocks spread over the table.
#include "hnsw/build.hpp"

#include "hnsw/code.hpp"

#include <algorithm>

namespace quiver::hnsw {

namespace {

constexpr BlockNumber blocks_sampled = 128;

struct Sums
{
    const BuildInput *input;
    MemoryContext row;
    double *sums;
    double rows;
};

void take_row(Relation, ItemPointer, Datum *values, bool *isnull, bool, void *state)
{
    auto *sums = static_cast<Sums *>(state);
    if (isnull[0])
        return;
    MemoryContext caller = MemoryContextSwitchTo(sums->row);
    Value value;
    if (form_value(*sums->input->space, values[0], &value))
    {
        add_to_sums(*sums->input->meta, value.bytes, sums->sums);
        sums->rows++;
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(sums->row);
}

}  // namespace

void sample_centre(const BuildInput &input, float *centre)
{
    const MetaPage &meta = *input.meta;
    Sums sums{&input,
              AllocSetContextCreate(CurrentMemoryContext, "hnsw centre", ALLOCSET_DEFAULT_SIZES),
              static_cast<double *>(palloc0(meta.dims * sizeof(double))), 0};
    const BlockNumber blocks = RelationGetNumberOfBlocks(input.heap);
    const BlockNumber step = std::max<BlockNumber>(1, blocks / blocks_sampled);
    for (BlockNumber block = 0; block < blocks; block += step)
    {
        CHECK_FOR_INTERRUPTS();
        table_index_build_range_scan(input.heap, input.index, input.info, false, false, false,
                                     block, 1, take_row, &sums, nullptr);
    }
    std::fill_n(centre, centre_room(meta), 0.0F);
    for (std::uint32_t i = 0; i < meta.dims && sums.rows > 0; ++i)
        centre[i] = static_cast<float>(sums.sums[i] / sums.rows);
    MemoryContextDelete(sums.row);
    pfree(sums.sums);
}

}  // namespace quiver::hnsw

// One process's part in a build.
#include "hnsw/build_work.hpp"

#include "hnsw/build_reach.hpp"
#include "hnsw/insert.hpp"
#include "hnsw/vacuum.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace quiver::hnsw {

using build::Added;
using build::Vertex;

namespace {

void back(void *state, std::uint64_t from, std::uint64_t to)
{
    static_cast<storage::MappedMemory *>(state)->back(from, to);
}

void pause(void *, int spins)
{
    if (spins < 100)
        return;
    CHECK_FOR_INTERRUPTS();
    pg_usleep(spins < 1000 ? 10 : 1000);
}

// Memory for what a builder looks up at random: addresses for any number of vertices, of which the
// system backs those that are touched.
void *builder_memory(const build::ArenaLayout &layout, int ef)
{
    const std::size_t bytes = build::Builder::memory_bytes(layout, static_cast<std::uint32_t>(ef));
    if (storage::MappedMemory *memory = storage::MappedMemory::reserve_private(bytes))
        return memory->base();
    return MemoryContextAllocExtended(CurrentMemoryContext, bytes,
                                      MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

}  // namespace

build::Backing BuildWork::backing(storage::MappedMemory *memory) { return {memory, back, pause}; }

BuildWork::BuildWork(const BuildInput &input, BuildControl *control, const float *centre,
                     storage::MappedMemory *memory)
    : input_(&input),
      control_(control),
      centre_(centre),
      attributes_(input.index, control->meta()),
      arena_(control->layout, memory->base(), backing(memory)),
      source_(control->meta(), *input.space, centre, &arena_),
      builder_(&arena_, source_.distances(), control->meta().ef_construction,
               builder_memory(control->layout, control->meta().ef_construction)),
      batch_(*input.space, control->meta().attribute_bytes, control->batch_bytes),
      row_context_(
          AllocSetContextCreate(CurrentMemoryContext, "hnsw build row", ALLOCSET_DEFAULT_SIZES)),
      insert_context_(
          AllocSetContextCreate(CurrentMemoryContext, "hnsw build insert", ALLOCSET_DEFAULT_SIZES))
{
    pg_prng_seed(&random_, pg_prng_uint64(&pg_global_prng_state));
}

void BuildWork::scan(TableScanDesc scan)
{
    const double rows = table_index_build_scan(input_->heap, input_->index, input_->info, true,
                                               true, take_row, this, scan);
    add_batch();
    __atomic_fetch_add(&control_->heap_rows, static_cast<std::uint64_t>(rows), __ATOMIC_RELAXED);
}

void BuildWork::take_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool,
                         void *state)
{
    if (isnull[0])
        return;
    auto *work = static_cast<BuildWork *>(state);
    MemoryContext caller = MemoryContextSwitchTo(work->row_context_);
    Value value;
    if (form_value(*work->input_->space, values[0], &value))
        work->take({value, work->attributes_.form(values, isnull), *tid});
    MemoryContextSwitchTo(caller);
    MemoryContextReset(work->row_context_);
}

void BuildWork::take(const NewRow &row)
{
    if (const BlockNumber block = ItemPointerGetBlockNumber(&row.tid); block != block_)
    {
        block_ = block;
        blocks_++;
    }
    rows_++;
    __atomic_fetch_add(&control_->taken_rows, 1, __ATOMIC_RELAXED);
    // A graph that begins place by place is a worse one, and a small one gains nothing.
    constexpr std::uint64_t beginning = 8192;
    if (__atomic_load_n(&control_->indexed_rows, __ATOMIC_RELAXED) < beginning)
        return add(row);
    if (!batch_.has_room(row.value))
        add_batch();
    if (!batch_.has_room(row.value))
        return add(row);
    batch_.add(row);
    if (batch_.count() >= batch_limit())
        add_batch();
}

// How many rows to read before they are added: not too many for the graph that is there; and where several
// work, few at the end, lest one has a batch left when the others are done.
std::size_t BuildWork::batch_limit() const
{
    constexpr std::uint64_t least = 512;
    std::uint64_t limit = __atomic_load_n(&control_->indexed_rows, __ATOMIC_RELAXED) / 2;
    if (control_->processes > 1)
    {
        const std::uint64_t expected =
            control_->heap_blocks * rows_ / std::max<std::uint64_t>(1, blocks_);
        const std::uint64_t taken = __atomic_load_n(&control_->taken_rows, __ATOMIC_RELAXED);
        limit = std::min(limit, (expected - std::min(expected, taken)) / (4 * control_->processes));
    }
    return std::max(least, limit);
}

void BuildWork::add_batch()
{
    const std::uint32_t *order = batch_.order(pg_prng_uint64(&random_));
    for (std::size_t i = 0; i < batch_.count(); i++)
    {
        CHECK_FOR_INTERRUPTS();
        add(batch_.rows()[order[i]]);
    }
    batch_.clear();
}

void BuildWork::add(const NewRow &row)
{
    if (!add_to_graph(row))
    {
        MemoryContext caller = MemoryContextSwitchTo(insert_context_);
        insert_row(input_->index, row, false);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(insert_context_);
    }
    const std::uint64_t rows = __atomic_add_fetch(&control_->indexed_rows, 1, __ATOMIC_RELAXED);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, static_cast<std::int64_t>(rows));
}

// Adding and stopping exclude each other: whoever adds is counted, and whoever stops waits for them.
bool BuildWork::enter()
{
    __atomic_fetch_add(&control_->adding, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&control_->stopped, __ATOMIC_SEQ_CST))
        return true;
    leave();
    return false;
}

void BuildWork::leave() { __atomic_fetch_sub(&control_->adding, 1, __ATOMIC_SEQ_CST); }

bool BuildWork::add_to_graph(const NewRow &row)
{
    if (enter())
    {
        bool added = arena_.hot_bytes_used() < control_->memory_limit;
        if (added)
        {
            const Value &value = row.value;
            build::NewRow vertex;
            static_assert(sizeof vertex.row == sizeof row.tid);
            std::memcpy(&vertex.row, &row.tid, sizeof row.tid);
            vertex.level = draw_level(&random_, control_->meta().m, control_->meta().max_level);
            vertex.hash = hash_bytes_extended(static_cast<const unsigned char *>(value.bytes),
                                              static_cast<int>(value.size), control_->hash_seed);
            source_.set_new(value, row.attributes);
            added = builder_.add(vertex) != Added::no_room;
        }
        leave();
        if (added)
            return true;
    }
    stop();
    return false;
}

// No more memory: one process writes the graph, the others wait until it is in the index.
void BuildWork::stop()
{
    std::uint32_t running = 0;
    if (__atomic_compare_exchange_n(&control_->stopped, &running, 1, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    {
        for (int spins = 0; __atomic_load_n(&control_->adding, __ATOMIC_SEQ_CST) != 0; spins++)
            pause(nullptr, spins);
        const std::uint64_t rows = __atomic_load_n(&control_->indexed_rows, __ATOMIC_RELAXED);
        ereport(NOTICE,
                errmsg("hnsw graph no longer fits into maintenance_work_mem after %llu tuples",
                       static_cast<unsigned long long>(rows)),
                errdetail("Building will take significantly more time."),
                errhint("Increase maintenance_work_mem to speed up builds."));
        flush();
        return;
    }
    for (int spins = 0; !__atomic_load_n(&control_->flushed, __ATOMIC_ACQUIRE); spins++)
        pause(nullptr, spins);
}

// Nobody adds to the graph any more. By inner products a few great vectors are everybody's nearest: every vertex
// out of reach would take a place in their lists, and searches need these.
void BuildWork::make_reachable()
{
    if (input_->space->metric == Metric::inner_product)
        return;
    void *memory =
        palloc_extended(build::Reach::memory_bytes(arena_), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
    build::Reach reach{&arena_, source_.distances(), memory};
    const std::uint32_t mended = reach.mend();
    ereport(DEBUG2, errmsg_internal("linked %u vertices that nothing led to", mended));
    pfree(memory);
}

void BuildWork::finish()
{
    if (!__atomic_load_n(&control_->flushed, __ATOMIC_ACQUIRE))
        return flush();
    // The rest was inserted: two that prune neighbouring lists at once may each count on the other.
    if (control_->processes == 1)
        return;
    Graph graph{input_->index};
    Writer writer{graph, false};
    mend_reach(graph, writer, nullptr);
}

void BuildWork::flush()
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw flush", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    const std::uint32_t m = control_->meta().m;
    const Vertex *upper[build::highest_layer];
    int upper_counts[build::highest_layer];
    ItemPointerData tids[build::rows_per_vertex];
    static_assert(build::rows_per_vertex == max_heap_tids);
    const auto length = [](const std::uint32_t *list, std::uint32_t room) {
        std::uint32_t count = 0;
        while (count < room && list[count] != build::nobody)
            count++;
        return static_cast<int>(count);
    };

    make_reachable();
    GraphWriter writer{input_->index, control_->meta(), centre_};
    const std::uint32_t count = arena_.count();
    for (Vertex v = 0; v < count; v++)
    {
        CHECK_FOR_INTERRUPTS();
        const build::Head &head = arena_.head(v);
        std::memcpy(tids, &head.row, sizeof head.row);
        for (int i = 1; i < head.row_count; i++)
            std::memcpy(tids + i, arena_.more_rows(v) + (i - 1), sizeof head.row);
        for (int layer = 1; layer <= head.level; layer++)
        {
            upper[layer - 1] = arena_.list(v, layer);
            upper_counts[layer - 1] = length(upper[layer - 1], m);
        }
        const Value value = source_.value(v);
        writer.add({.level = head.level,
                    .tid_count = head.row_count,
                    .tids = tids,
                    .link_count = length(arena_.links(v), 2 * m),
                    .links = arena_.links(v),
                    .upper_links = upper,
                    .upper_counts = upper_counts,
                    .value = value.bytes,
                    .value_size = value.size,
                    .code = source_.code(v),
                    .attributes = source_.attributes(v)});
    }
    const std::uint64_t entry = __atomic_load_n(&arena_.shared().entry, __ATOMIC_ACQUIRE);
    if (entry == build::no_entry)
        writer.finish(no_vertex, 0);
    else
        writer.finish(static_cast<Vertex>(entry >> 32), static_cast<int>(entry & 0xFFFFFFFF));
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    __atomic_store_n(&control_->flushed, 1, __ATOMIC_RELEASE);
}

}  // namespace quiver::hnsw

// Building an index: the graph grows in memory, by this process and background workers, and is then
// written page after page. WAL comes once, at the end.
#include "hnsw/build.hpp"

#include "hnsw/build_work.hpp"

#include "pg/parallel.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

namespace {

// Of maintenance_work_mem, for what a parallel build takes beside the graph.
constexpr std::uint64_t parallel_overhead = std::uint64_t{3} << 20;

constexpr std::uint64_t toc_build = 0x5100000000000001, toc_scan = 0x5100000000000002,
                        toc_centre = 0x5100000000000003;

// What a worker needs to find its way.
struct ParallelBuild
{
    Oid heap, index;
    bool concurrent;
    char path[storage::MappedMemory::path_bytes];
    BuildControl control;
};

// No table has more rows than its pages have room for.
std::uint32_t most_vertices(Relation heap)
{
    const std::uint64_t rows =
        std::uint64_t{RelationGetNumberOfBlocks(heap)} * MaxHeapTuplesPerPage + 1024;
    constexpr std::uint64_t most = 0x7FFFFFFE;
    return static_cast<std::uint32_t>(std::min(rows, most));
}

bool is_coded(const BuildInput &input) { return input.meta->quantizer != Quantizer::none; }

std::size_t centre_bytes(const BuildInput &input)
{
    return is_coded(input) ? centre_room(*input.meta) * sizeof(float) : 0;
}

// Of what the graph may take, each process keeps a part for rows that it has not added yet.
std::uint64_t batch_bytes(std::uint64_t memory, std::uint32_t processes)
{
    constexpr std::uint64_t most = std::uint64_t{64} << 20;
    return std::min(memory / 8 / processes, most);
}

void start_control(const BuildInput &input, std::uint64_t memory, int workers,
                   BuildControl *control)
{
    *control = {};
    control->processes = static_cast<std::uint32_t>(workers) + 1;
    control->heap_blocks = RelationGetNumberOfBlocks(input.heap);
    control->batch_bytes = batch_bytes(memory, control->processes);
    control->layout = Source::layout_for(*input.meta, *input.space, most_vertices(input.heap));
    std::memcpy(control->meta_bytes, input.meta, sizeof control->meta_bytes);
    control->hash_seed = pg_prng_uint64(&pg_global_prng_state);
    // With codes the graph may outgrow memory: the rest lies in a file whose pages the kernel can write out.
    control->memory_limit =
        is_coded(input) ? ~std::uint64_t{0} : memory - control->batch_bytes * control->processes;
}

std::uint64_t build_memory() { return static_cast<std::uint64_t>(maintenance_work_mem) * 1024; }

// Memory for a graph that nobody else maps. With codes, what goes beyond the limit is in a file; an
// eighth of the limit is for the pool, which lies before the blocks of vertices.
storage::MappedMemory *memory_alone(const BuildControl &control, bool coded, std::uint64_t memory)
{
    const build::ArenaLayout &layout = control.layout;
    if (!coded)
    {
        storage::MappedMemory *own = storage::MappedMemory::reserve_private(layout.total_bytes);
        return own != nullptr ? own : storage::MappedMemory::create_file(layout.total_bytes);
    }
    const std::uint64_t blocks = (memory - control.batch_bytes) / 8 * 7 / layout.block_bytes;
    return storage::MappedMemory::create_file(
        layout.total_bytes,
        std::min(layout.total_bytes, layout.blocks_at + blocks * layout.block_bytes));
}

void start_arena(const BuildControl &control, storage::MappedMemory *memory)
{
    memory->back(0, build::ArenaLayout::pool_at);
    build::Arena{control.layout, memory->base(), BuildWork::backing(memory)}.init();
}

BuildCounts build_alone(const BuildInput &input)
{
    auto *control = static_cast<BuildControl *>(palloc(sizeof(BuildControl)));
    start_control(input, build_memory(), 0, control);
    float *centre = nullptr;
    if (is_coded(input))
    {
        centre = static_cast<float *>(palloc(centre_bytes(input)));
        sample_centre(input, centre);
    }
    storage::MappedMemory *memory = memory_alone(*control, is_coded(input), build_memory());
    start_arena(*control, memory);
    auto *work = new (palloc(sizeof(BuildWork))) BuildWork(input, control, centre, memory);
    work->scan(nullptr);
    work->finish();
    return {static_cast<double>(control->heap_rows), static_cast<double>(control->indexed_rows)};
}

// The parallel context with its shared memory, or null if there is none to be had.
ParallelContext *prepare_workers(const BuildInput &input, int workers, Snapshot snapshot)
{
    ParallelContext *context = CreateParallelContext("quiver", "quiver_hnsw_build_worker", workers);
    shm_toc_estimate_chunk(&context->estimator, sizeof(ParallelBuild));
    shm_toc_estimate_chunk(&context->estimator, table_parallelscan_estimate(input.heap, snapshot));
    shm_toc_estimate_chunk(&context->estimator, centre_bytes(input));
    shm_toc_estimate_keys(&context->estimator, 3);
    InitializeParallelDSM(context);
    if (context->seg != nullptr)
        return context;
    DestroyParallelContext(context);
    return nullptr;
}

BuildCounts build_together(const BuildInput &input, int workers)
{
    const bool concurrent = input.info->ii_Concurrent;
    EnterParallelMode();
    Snapshot snapshot = concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    BuildCounts counts{};
    ParallelContext *context = prepare_workers(input, workers, snapshot);
    if (context != nullptr)
    {
        auto *shared =
            static_cast<ParallelBuild *>(shm_toc_allocate(context->toc, sizeof(ParallelBuild)));
        start_control(input, build_memory() - std::min(build_memory(), parallel_overhead), workers,
                      &shared->control);
        BuildControl &control = shared->control;
        storage::MappedMemory *memory =
            storage::MappedMemory::create_file(control.layout.total_bytes);
        start_arena(control, memory);
        shared->heap = RelationGetRelid(input.heap);
        shared->index = RelationGetRelid(input.index);
        shared->concurrent = concurrent;
        strlcpy(shared->path, memory->path(), sizeof shared->path);
        auto *scan = static_cast<ParallelTableScanDesc>(
            shm_toc_allocate(context->toc, table_parallelscan_estimate(input.heap, snapshot)));
        table_parallelscan_initialize(input.heap, scan, snapshot);
        float *centre = nullptr;
        if (is_coded(input))
        {
            centre = static_cast<float *>(shm_toc_allocate(context->toc, centre_bytes(input)));
            sample_centre(input, centre);
            shm_toc_insert(context->toc, toc_centre, centre);
        }
        shm_toc_insert(context->toc, toc_build, shared);
        shm_toc_insert(context->toc, toc_scan, scan);

        LaunchParallelWorkers(context);
        ereport(DEBUG1, errmsg_internal("using %d parallel workers", context->nworkers_launched));
        WaitForParallelWorkersToAttach(context);
        auto *work = new (palloc(sizeof(BuildWork))) BuildWork(input, &control, centre, memory);
        work->scan(table_beginscan_parallel(input.heap, scan));
        WaitForParallelWorkersToFinish(context);
        work->finish();
        counts = {static_cast<double>(control.heap_rows),
                  static_cast<double>(control.indexed_rows)};
        DestroyParallelContext(context);
    }
    if (concurrent)
        UnregisterSnapshot(snapshot);
    ExitParallelMode();
    return context != nullptr ? counts : build_alone(input);
}

}  // namespace

BuildCounts build_index(const BuildInput &input)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw build", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    const int workers = pg::build_workers(input.heap, input.index);
    const BuildCounts counts = workers > 0 ? build_together(input, workers) : build_alone(input);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    if (RelationNeedsWAL(input.index))
        log_newpage_range(input.index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(input.index),
                          true);
    return counts;
}

namespace {

void work_for(ParallelBuild *shared, ParallelTableScanDesc scan, const float *centre)
{
    const LOCKMODE heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    const LOCKMODE index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    Relation heap = table_open(shared->heap, heap_lock);
    Relation index = index_open(shared->index, index_lock);
    IndexInfo *info = BuildIndexInfo(index);
    info->ii_Concurrent = shared->concurrent;
    const MetaPage &meta = shared->control.meta();
    const Space space = make_space(meta.value_kind, meta.metric, meta.dims);
    const BuildInput input{heap, index, info, &space, &meta};
    storage::MappedMemory *memory =
        storage::MappedMemory::attach_file(shared->path, shared->control.layout.total_bytes);
    auto *work = new (palloc(sizeof(BuildWork))) BuildWork(input, &shared->control, centre, memory);
    work->scan(table_beginscan_parallel(heap, scan));
    index_close(index, index_lock);
    table_close(heap, heap_lock);
}

}  // namespace

}  // namespace quiver::hnsw

extern "C" {

PGDLLEXPORT void quiver_hnsw_build_worker(dsm_segment *segment, shm_toc *toc);

// The server calls it by name in each background worker.
void quiver_hnsw_build_worker(dsm_segment *, shm_toc *toc)
{
    using namespace quiver::hnsw;
    work_for(static_cast<ParallelBuild *>(shm_toc_lookup(toc, toc_build, false)),
             static_cast<ParallelTableScanDesc>(shm_toc_lookup(toc, toc_scan, false)),
             static_cast<const float *>(shm_toc_lookup(toc, toc_centre, true)));
}
}

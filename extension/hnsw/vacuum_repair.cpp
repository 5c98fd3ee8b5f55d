// Vacuum's repair of a whole index: page after page, shared out among processes.
#include "hnsw/vacuum.hpp"

#include "pg/parallel.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace quiver::hnsw {

namespace {

constexpr std::uint64_t toc_shared = 0x5200000000000001, toc_dead = 0x5200000000000002;

// Pages that a process takes at a time.
constexpr std::uint64_t pages_at_once = 8;
// Fewer dead vertices are not worth the start of a worker.
constexpr std::size_t dead_per_worker = 500;

struct Shared
{
    Oid index;
    std::uint64_t dead_words;
    std::uint64_t dead_count;
    std::uint64_t next;  // atomic: link pages before it are taken
};

bool needs_repair(const VertexSet &dead, const LinkRecord *record)
{
    if (!record->is_live() || record->tid_count == 0)
        return false;
    if (record->level() > 0)
        return true;  // the upper lists tell
    for (int i = 0; i < record->link_count; ++i)
        if (dead.has(record->links[i]))
            return true;
    return false;
}

class Repair
{
public:
    Repair(Graph &graph, Writer &writer, const VertexSet &dead, BufferAccessStrategy strategy)
        : graph_(graph),
          writer_(writer),
          dead_(dead),
          strategy_(strategy),
          step_(AllocSetContextCreate(CurrentMemoryContext, "hnsw repair", ALLOCSET_DEFAULT_SIZES))
    {
    }

    // The pages that others have not taken.
    void pages(std::uint64_t *next)
    {
        std::uint64_t at = 0, from = 0, to = 0;
        for_link_pages(graph_, [&](const LinkPage &page) {
            if (at == to)
            {
                from = __atomic_fetch_add(next, pages_at_once, __ATOMIC_RELAXED);
                to = from + pages_at_once;
            }
            if (at++ >= from)
                repair(page);
        });
    }

private:
    void repair(const LinkPage &page)
    {
        pg::delay_vacuum();
        Vertex wanted[BLCKSZ / sizeof(LinkRecord)];
        int count = 0;
        {
            pg::Pin pin;
            pin_page(graph_, page, strategy_, BUFFER_LOCK_SHARE, &pin);
            for (int i = 0; i < page.count; ++i)
            {
                const Vertex vertex = page.first + static_cast<Vertex>(i);
                if (needs_repair(dead_, graph_.link_record(pin.page(), vertex)))
                    wanted[count++] = vertex;
            }
        }
        if (count == 0)
            return;
        MemoryContext caller = MemoryContextSwitchTo(step_);
        repair_vertices(graph_, writer_, wanted, count, dead_);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(step_);
    }

    Graph &graph_;
    Writer &writer_;
    const VertexSet &dead_;
    BufferAccessStrategy strategy_;
    MemoryContext step_;
};

// Not where the server vacuums several indexes at once, not for autovacuum, which is to stay out of the way, and not
// for temporary tables, which other processes cannot read.
int workers_for(const Graph &graph, const VertexSet &dead)
{
    if (IsInParallelMode() || MyBackendType == B_AUTOVAC_WORKER ||
        RelationUsesLocalBuffers(graph.index()))
        return 0;
    return static_cast<int>(
        std::min<std::size_t>(static_cast<std::size_t>(max_parallel_maintenance_workers),
                              dead.count() / dead_per_worker));
}

// False if there is no shared memory to be had.
bool repair_together(Graph &graph, Writer &writer, const VertexSet &dead,
                     BufferAccessStrategy strategy, int workers)
{
    EnterParallelMode();
    ParallelContext *context =
        CreateParallelContext("quiver", "quiver_hnsw_repair_worker", workers);
    const Size dead_bytes = dead.words() * sizeof(std::uint64_t);
    shm_toc_estimate_chunk(&context->estimator, sizeof(Shared));
    shm_toc_estimate_chunk(&context->estimator, dead_bytes);
    shm_toc_estimate_keys(&context->estimator, 2);
    InitializeParallelDSM(context);
    const bool have_memory = context->seg != nullptr;
    if (have_memory)
    {
        auto *shared = new (shm_toc_allocate(context->toc, sizeof(Shared)))
            Shared{RelationGetRelid(graph.index()), dead.words(), dead.count(), 0};
        void *bits = shm_toc_allocate(context->toc, dead_bytes);
        std::memcpy(bits, dead.bits(), dead_bytes);
        shm_toc_insert(context->toc, toc_shared, shared);
        shm_toc_insert(context->toc, toc_dead, bits);
        LaunchParallelWorkers(context);
        ereport(DEBUG1,
                errmsg_internal("repairing with %d parallel workers", context->nworkers_launched));
        Repair{graph, writer, dead, strategy}.pages(&shared->next);
        WaitForParallelWorkersToFinish(context);
    }
    DestroyParallelContext(context);
    ExitParallelMode();
    return have_memory;
}

}  // namespace

void pin_page(Graph &graph, const LinkPage &page, BufferAccessStrategy strategy, int mode,
              pg::Pin *pin)
{
    pin->reset(ReadBufferExtended(graph.index(), MAIN_FORKNUM, page.block, RBM_NORMAL, strategy));
    pin->lock(mode);
    storage::check_page(graph.index(), page.block, pin->page(), storage::PageKind::links,
                        graph.layout().place(page.first).chunk);
}

void repair_graph(Graph &graph, Writer &writer, const VertexSet &dead,
                  BufferAccessStrategy strategy)
{
    const int workers = workers_for(graph, dead);
    if (workers > 0 && repair_together(graph, writer, dead, strategy, workers))
        return;
    std::uint64_t next = 0;
    Repair{graph, writer, dead, strategy}.pages(&next);
}

namespace {

void work_for(Shared *shared, std::uint64_t *dead_bits)
{
    Relation index = index_open(shared->index, RowExclusiveLock);
    {
        Graph graph{index};
        Writer writer{graph, true};
        const VertexSet dead{dead_bits, shared->dead_words, shared->dead_count};
        Repair{graph, writer, dead, nullptr}.pages(&shared->next);
    }
    index_close(index, RowExclusiveLock);
}

}  // namespace

}  // namespace quiver::hnsw

extern "C" {

PGDLLEXPORT void quiver_hnsw_repair_worker(dsm_segment *segment, shm_toc *toc);

// The server calls it by name in each background worker.
void quiver_hnsw_repair_worker(dsm_segment *, shm_toc *toc)
{
    using namespace quiver::hnsw;
    work_for(static_cast<Shared *>(shm_toc_lookup(toc, toc_shared, false)),
             static_cast<std::uint64_t *>(shm_toc_lookup(toc, toc_dead, false)));
}
}

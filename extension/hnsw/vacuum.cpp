// Vacuum: rows out, lists repaired, numbers freed.
#include "hnsw/access.hpp"

#include "hnsw/vacuum.hpp"

#include <algorithm>

namespace quiver::hnsw {

using storage::PageKind;

namespace {

struct Vacuum
{
    Relation index;
    BufferAccessStrategy strategy;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback callback;
    void *callback_state;
    Graph graph;
    Writer writer;
    VertexSet dead;  // live vertices without rows
    VertexSet unused;  // numbers given out and not written when the first pass came by
    Vertex highest = no_vertex;  // with rows
    int highest_level = -1;

    Vacuum(IndexVacuumInfo *info, IndexBulkDeleteResult *result, IndexBulkDeleteCallback is_dead,
           void *argument)
        : index(info->index),
          strategy(info->strategy),
          stats(result),
          callback(is_dead),
          callback_state(argument),
          graph(info->index),
          writer(graph, true),
          dead(graph.meta().vertex_count),
          unused(graph.meta().vertex_count)
    {
    }

    bool is_dead(ItemPointerData tid) { return callback(&tid, callback_state); }
};

void pin_page(Vacuum &vacuum, const LinkPage &page, int mode, pg::Pin *pin)
{
    hnsw::pin_page(vacuum.graph, page, vacuum.strategy, mode, pin);
}

ExtraRecord *extra_of(Vacuum &vacuum, Page page, Vertex vertex, RecordPointer at)
{
    storage::check_item_page(vacuum.index, at.block(), page, PageKind::extras);
    auto *extra = reinterpret_cast<ExtraRecord *>(const_cast<char *>(storage::checked_item(
        vacuum.index, at.block(), page, at.offset, extra_record_bytes(vacuum.graph.m(), 0))));
    if (extra->owner != vertex)
        vacuum.graph.damage(at.block(), "has a record of another vertex");
    return extra;
}

// Whether a live record has a dead row; the page is locked.
bool has_dead_row(Vacuum &vacuum, Vertex vertex, const LinkRecord *record)
{
    if (!record->is_live() || record->tid_count == 0)
        return false;
    if (vacuum.is_dead(record->heap_tid))
        return true;
    if (record->tid_count == 1)
        return false;
    pg::Pin pin{vacuum.graph.pin(record->extra.block())};
    pin.lock(BUFFER_LOCK_SHARE);
    const ExtraRecord *extra = extra_of(vacuum, pin.page(), vertex, record->extra);
    for (int i = 1; i < record->tid_count; ++i)
        if (vacuum.is_dead(extra->more_tids[i - 1]))
            return true;
    return false;
}

// Take the dead rows out of a record; its page is locked exclusively.
void remove_rows(Vacuum &vacuum, Buffer buffer, Vertex vertex)
{
    pg::PageChange change{vacuum.index, true};
    LinkRecord *record = vacuum.graph.link_record(change.add(buffer), vertex);
    ExtraRecord *extra = nullptr;
    pg::Pin pin;
    if (record->tid_count > 1)
    {
        pin.reset(vacuum.graph.pin(record->extra.block()));
        pin.lock(BUFFER_LOCK_EXCLUSIVE);
        extra = extra_of(vacuum, change.add(pin.buffer()), vertex, record->extra);
    }
    int kept = 0;
    for (int i = 0; i < record->tid_count; ++i)
    {
        const ItemPointerData tid = i == 0 ? record->heap_tid : extra->more_tids[i - 1];
        if (vacuum.is_dead(tid))
        {
            vacuum.stats->tuples_removed += 1;
            continue;
        }
        (kept == 0 ? record->heap_tid : extra->more_tids[kept - 1]) = tid;
        ++kept;
    }
    record->tid_count = static_cast<std::uint8_t>(kept);
    change.commit();
}

// What is left of a record, for the steps to come.
void note(Vacuum &vacuum, Vertex vertex, const LinkRecord *record)
{
    if (record->state() == VertexState::unused)
        vacuum.unused.add(vertex);
    if (!record->is_live())
        return;
    vacuum.stats->num_index_tuples += record->tid_count;
    if (record->tid_count == 0)
        vacuum.dead.add(vertex);
    else if (record->level() > vacuum.highest_level)
    {
        vacuum.highest = vertex;
        vacuum.highest_level = record->level();
    }
}

void remove_dead_rows(Vacuum &vacuum, const LinkPage &page)
{
    pg::delay_vacuum();
    pg::Pin pin;
    pin_page(vacuum, page, BUFFER_LOCK_SHARE, &pin);
    bool any = false;
    for (int i = 0; i < page.count && !any; ++i)
    {
        const Vertex vertex = page.first + static_cast<Vertex>(i);
        const LinkRecord *record = vacuum.graph.link_record(pin.page(), vertex);
        vacuum.graph.check_record(record, page.block);
        any = has_dead_row(vacuum, vertex, record);
    }
    if (any)
    {
        pin.unlock();
        pin.lock(BUFFER_LOCK_EXCLUSIVE);
    }
    for (int i = 0; i < page.count; ++i)
    {
        const Vertex vertex = page.first + static_cast<Vertex>(i);
        const LinkRecord *record = vacuum.graph.link_record(pin.page(), vertex);
        vacuum.graph.check_record(record, page.block);
        if (any && has_dead_row(vacuum, vertex, record))
            remove_rows(vacuum, pin.buffer(), vertex);
        note(vacuum, vertex, record);
    }
}

// Wait until every insert, or every search, that is under way has ended.
void drain(Relation index, BlockNumber lock)
{
    const pg::PageLock wait{index, lock, ExclusiveLock};
}

// If the entry point is dead, the highest that is not takes its place.
void replace_entry(Vacuum &vacuum)
{
    const pg::PageLock lock{vacuum.index, update_lock, ExclusiveLock};
    vacuum.graph.renew();
    const Vertex entry = vacuum.graph.meta().entry;
    if (entry == no_vertex || !vacuum.dead.has(entry))
        return;
    // Inserts may have brought higher ones meanwhile, or the only ones.
    for_link_pages(vacuum.graph, [&](const LinkPage &page) {
        pg::Pin pin;
        pin_page(vacuum, page, BUFFER_LOCK_SHARE, &pin);
        for (int i = 0; i < page.count; ++i)
        {
            const Vertex vertex = page.first + static_cast<Vertex>(i);
            const LinkRecord *record = vacuum.graph.link_record(pin.page(), vertex);
            if (record->is_live() && record->tid_count > 0 &&
                record->level() > vacuum.highest_level)
            {
                vacuum.highest = vertex;
                vacuum.highest_level = record->level();
            }
        }
    });
    vacuum.writer.set_entry(vacuum.highest, std::max(vacuum.highest_level, 0), true);
}

// Put a page's dead vertices, and numbers that were never written, on the free list.
void free_page(Vacuum &vacuum, const LinkPage &page)
{
    pg::Array<Vertex> freed;
    pg::Pin meta_pin{ReadBuffer(vacuum.index, meta_block)};
    meta_pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::Pin pin;
    pin_page(vacuum, page, BUFFER_LOCK_EXCLUSIVE, &pin);
    pg::PageChange change{vacuum.index, true};
    MetaPage &meta = meta_of(change.add(meta_pin.buffer()));
    Page links = change.add(pin.buffer());
    for (int i = page.count - 1; i >= 0; --i)
    {
        const Vertex vertex = page.first + static_cast<Vertex>(i);
        LinkRecord *record = vacuum.graph.link_record(links, vertex);
        if (!(vacuum.dead.has(vertex) && record->is_live() && record->tid_count == 0) &&
            !(vacuum.unused.has(vertex) && record->state() == VertexState::unused))
            continue;
        record->set(VertexState::free, record->level());
        record->tid_count = 0;
        record->link_count = 0;
        record->links[0] = meta.free_head;
        meta.free_head = vertex;
        ++meta.free_count;
        const storage::Section &section = vacuum.graph.layout().links;
        storage::extend_used(links, section.offset_of(vacuum.graph.layout().place(vertex).index) +
                                        section.record_bytes);
        freed.push_back(vertex);
    }
    if (freed.empty())
        return;
    change.commit();
    pin.release();
    meta_pin.release();
    for (const Vertex vertex : freed)
        vacuum.writer.release_spilled(vertex);
}

bool page_has(const VertexSet &set, const LinkPage &page)
{
    for (int i = 0; i < page.count; ++i)
        if (set.has(page.first + static_cast<Vertex>(i)))
            return true;
    return false;
}

}  // namespace

IndexBulkDeleteResult *bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                   IndexBulkDeleteCallback callback, void *callback_state)
{
    if (stats == nullptr)
        stats = static_cast<IndexBulkDeleteResult *>(palloc0(sizeof(IndexBulkDeleteResult)));
    stats->num_index_tuples = 0;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    auto *vacuum = new (palloc(sizeof(Vacuum))) Vacuum{info, stats, callback, callback_state};

    for_link_pages(vacuum->graph, [&](const LinkPage &page) { remove_dead_rows(*vacuum, page); });
    if (vacuum->dead.count() > 0 || vacuum->unused.count() > 0)
    {
        drain(vacuum->index, update_lock);
        vacuum->graph.renew();
        if (vacuum->dead.count() > 0)
            repair_graph(vacuum->graph, vacuum->writer, vacuum->dead, vacuum->strategy);
        replace_entry(*vacuum);
        drain(vacuum->index, update_lock);
        vacuum->writer.announce_free();
        drain(vacuum->index, scan_lock);
        vacuum->graph.renew();
        for_link_pages(vacuum->graph, [&](const LinkPage &page) {
            CHECK_FOR_INTERRUPTS();
            if (page_has(vacuum->dead, page) || page_has(vacuum->unused, page))
                free_page(*vacuum, page);
        });
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return stats;
}

IndexBulkDeleteResult *vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
    if (info->analyze_only)
        return stats;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    auto *graph = new (palloc(sizeof(Graph))) Graph{info->index};
    Writer writer{*graph, true};
    mend_reach(*graph, writer, info->strategy);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    if (stats == nullptr)
        return nullptr;
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    IndexFreeSpaceMapVacuum(info->index);
    return stats;
}

}  // namespace quiver::hnsw

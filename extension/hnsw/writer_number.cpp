// Giving out numbers, and the chunks they need.
#include "hnsw/writer.hpp"

namespace quiver::hnsw {

using storage::PageKind;

namespace {

// A chunk's blocks are adjacent: nobody else may extend the file between them.
class ExtensionLock
{
public:
    explicit ExtensionLock(Relation relation)
        : relation_(RELATION_IS_LOCAL(relation) ? nullptr : relation)
    {
        if (relation_ != nullptr)
            LockRelationForExtension(relation_, ExclusiveLock);
    }
    ExtensionLock(const ExtensionLock &) = delete;
    ExtensionLock &operator=(const ExtensionLock &) = delete;
    ~ExtensionLock()
    {
        if (relation_ != nullptr)
            UnlockRelationForExtension(relation_, ExclusiveLock);
    }

private:
    Relation relation_;
};

}  // namespace

// A new block becomes an empty page of its kind before anything points to it.
void Writer::make_blank(BlockNumber block, Buffer buffer, PageKind kind, std::uint32_t owner)
{
    const pg::CriticalSection section;
    storage::init_page(BufferGetPage(buffer), kind, owner);
    MarkBufferDirty(buffer);
    if (logged_ && RelationNeedsWAL(graph_.index()))
        log_newpage_buffer(buffer, true);
}

// Whether WAL would be shorter if it had only what differs from zeros.
bool Writer::has_zeros(const Value &value) const
{
    if (!graph_.space().fixed_width())
        return false;
    // What a gap costs, at least, and which share makes up for the page that is logged first.
    constexpr std::uint32_t gap = 8, share = 16;
    const char *bytes = static_cast<const char *>(value.bytes);
    std::uint32_t zeros = 0, run = 0;
    for (std::uint32_t i = 0; i <= value.size; ++i)
        if (i < value.size && bytes[i] == 0)
            ++run;
        else
        {
            zeros += run > gap ? run - gap : 0;
            run = 0;
        }
    return zeros > value.size / share;
}

// The same for the adjacent blocks of a chunk, many in one WAL record; the first of them. Of pages whose records are
// zeros in part all slots count as written: a later record has what differs from them.
BlockNumber Writer::make_blank_chunk(std::uint32_t chunk, const Value &value)
{
    Relation index = graph_.index();
    const Layout &layout = graph_.layout();
    const bool zero_values = has_zeros(value);
    BlockNumber start = InvalidBlockNumber;
    {
        const ExtensionLock lock{index};
        for (std::uint32_t i = 0; i < layout.chunk_pages; ++i)
        {
            pg::Pin pin{pg::extend_relation(index, MAIN_FORKNUM)};
            pin.adopt_lock();
            if (i == 0)
                start = BufferGetBlockNumber(pin.buffer());
            const PageKind kind = layout.kind_of(i);
            storage::init_page(pin.page(), kind, chunk);
            if (kind == PageKind::links)
                storage::extend_used(pin.page(), layout.links.end_of_slots());
            else if (kind == PageKind::values && zero_values)
                storage::extend_used(pin.page(), layout.values.end_of_slots());
            MarkBufferDirty(pin.buffer());
        }
    }
    if (logged_ && RelationNeedsWAL(index))
        pg::log_blank_pages(index, start, start + layout.chunk_pages);
    return start;
}

// The metapage is locked; `directory` gets the page of the new entry, locked and added to the change.
void Writer::add_chunk(Page meta_page, pg::PageChange *change, pg::Pin *directory,
                       const Value &value)
{
    MetaPage &meta = meta_of(meta_page);
    Relation index = graph_.index();
    const std::uint32_t chunk = meta.chunk_count;
    if (chunk % chunks_per_directory_page == 0)
    {
        if (meta.directory_count == max_directory_pages)
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("index \"%s\" is full", RelationGetRelationName(index)));
        directory->reset(pg::extend_relation(index, MAIN_FORKNUM));
        directory->adopt_lock();
        const BlockNumber block = BufferGetBlockNumber(directory->buffer());
        make_blank(block, directory->buffer(), PageKind::directory, meta.directory_count);
        meta.directory[meta.directory_count++] = block;
        storage::extend_used(meta_page, storage::page_start + offsetof(MetaPage, directory) +
                                            meta.directory_count * sizeof(BlockNumber));
    }
    else
    {
        directory->reset(graph_.pin(meta.directory[meta.directory_count - 1]));
        directory->lock(BUFFER_LOCK_EXCLUSIVE);
        storage::check_page(index, meta.directory[meta.directory_count - 1], directory->page(),
                            PageKind::directory, meta.directory_count - 1);
    }

    const BlockNumber start = make_blank_chunk(chunk, value);
    Page page = change->add(directory->buffer());
    const std::uint32_t slot = chunk % chunks_per_directory_page;
    directory_of(page)[slot] = {start, 0};
    storage::extend_used(page, storage::page_start + (slot + 1) * sizeof(DirectoryEntry));
    ++meta.chunk_count;
}

// Take the head of the free list. The metapage is locked.
TakenNumber Writer::reuse_number(pg::Pin *meta_pin)
{
    Relation index = graph_.index();
    graph_.learn(meta_of(meta_pin->page()));
    const Vertex vertex = graph_.meta().free_head;
    if (vertex >= graph_.meta().vertex_count)
        graph_.damage(meta_block, "names a free vertex that does not exist");
    const Place place = graph_.layout().place(vertex);
    const std::uint32_t number = place.chunk / chunks_per_directory_page;
    const BlockNumber directory_block = meta_of(meta_pin->page()).directory[number];
    pg::Pin directory{graph_.pin(directory_block)};
    directory.lock(BUFFER_LOCK_EXCLUSIVE);
    storage::check_page(index, directory_block, directory.page(), PageKind::directory, number);
    pg::Pin links;
    const BlockNumber block = graph_.pin_links(vertex, &links);
    links.lock(BUFFER_LOCK_EXCLUSIVE);

    pg::PageChange change{index, logged_};
    MetaPage &meta = meta_of(change.add(meta_pin->buffer()));
    DirectoryEntry &entry =
        directory_of(change.add(directory.buffer()))[place.chunk % chunks_per_directory_page];
    LinkRecord *record = graph_.link_record(change.add(links.buffer()), vertex);
    graph_.check_record(record, block);
    if (record->state() != VertexState::free)
        graph_.damage(block, "holds a vertex of the free list that is not free");
    const TakenNumber taken{vertex, true, record->level(),
                            static_cast<std::uint8_t>(record->version + 1), record->extra};
    meta.free_head = record->links[0];
    --meta.free_count;
    ++meta.reuse_count;
    ++entry.reuse_count;
    // What a crash leaves of it is found by vacuum.
    record->set(VertexState::unused, record->level());
    record->version = taken.version;
    change.commit();
    return taken;
}

TakenNumber Writer::take_number(const Value &value)
{
    Relation index = graph_.index();
    pg::Pin meta_pin{ReadBuffer(index, meta_block)};
    meta_pin.lock(BUFFER_LOCK_EXCLUSIVE);
    check_meta(index, meta_pin.page());
    if (meta_of(meta_pin.page()).free_head != no_vertex)
        return reuse_number(&meta_pin);

    pg::Pin directory;
    pg::PageChange change{index, logged_};
    Page page = change.add(meta_pin.buffer());
    MetaPage &meta = meta_of(page);
    const Vertex vertex = meta.vertex_count;
    if (vertex >= no_vertex - 1)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("index \"%s\" cannot have more than %u vertices",
                       RelationGetRelationName(index), no_vertex - 1));
    if (graph_.layout().place(vertex).chunk >= meta.chunk_count)
        add_chunk(page, &change, &directory, value);
    ++meta.vertex_count;
    change.commit();
    return {vertex, false, 0, 0, {}};
}

void Writer::announce_free()
{
    pg::Pin pin{ReadBuffer(graph_.index(), meta_block)};
    pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::PageChange change{graph_.index(), logged_};
    ++meta_of(change.add(pin.buffer())).reuse_count;
    change.commit();
}

void Writer::set_entry(Vertex vertex, int level, bool always)
{
    Relation index = graph_.index();
    pg::Pin pin{ReadBuffer(index, meta_block)};
    pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::PageChange change{index, logged_};
    MetaPage &meta = meta_of(change.add(pin.buffer()));
    if (!always && meta.entry != no_vertex && static_cast<int>(meta.entry_level) >= level)
        return;
    meta.entry = vertex;
    meta.entry_level = static_cast<std::uint32_t>(level);
    change.commit();
}

}  // namespace quiver::hnsw

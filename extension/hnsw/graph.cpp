// Opening an index, its cached directory, and pinning by remembered buffers.
#include "hnsw/graph.hpp"

#include "hnsw/attribute.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace quiver::hnsw {

using storage::PageKind;

void check_meta(Relation index, Page page)
{
    storage::check_page(index, meta_block, page, PageKind::meta, 0);
    const MetaPage &meta = meta_of(page);
    if (meta.magic != MetaPage::expected_magic)
        storage::report_damage(index, meta_block, "is not an hnsw metapage");
    if (meta.version == 0 || meta.version > MetaPage::current_version)
        ereport(
            ERROR, errcode(ERRCODE_INDEX_CORRUPTED),
            errmsg("index \"%s\" has format version %u, and this library reads up to version %u",
                   RelationGetRelationName(index), meta.version, MetaPage::current_version),
            errhint("Please REINDEX it."));
    if (meta.m < 2 || meta.m > most_links / 2 || meta.dims == 0 || meta.vertices_per_chunk == 0 ||
        meta.max_level > highest_level || meta.directory_count > max_directory_pages ||
        meta.chunk_count > meta.directory_count * chunks_per_directory_page ||
        meta.vertex_count > std::uint64_t{meta.chunk_count} * meta.vertices_per_chunk ||
        meta.dims > 1'000'000'000 || meta.value_kind < ValueKind::f32 ||
        meta.value_kind > ValueKind::sparse || meta.metric < Metric::l2 ||
        meta.metric > Metric::jaccard || !attributes_are_sane(meta) ||
        (meta.code_bytes == 0 && meta.value_bytes == 0) ||
        (meta.code_bytes != 0 &&
         meta.code_bytes != kernels::code_record_bytes(meta.dims, meta.code_bits)))
        storage::report_damage(index, meta_block, "has a metapage out of range");
}

void read_meta(Relation index, MetaCopy *out)
{
    pg::Pin pin{ReadBuffer(index, meta_block)};
    pin.lock(BUFFER_LOCK_SHARE);
    check_meta(index, pin.page());
    std::memcpy(out->bytes, &meta_of(pin.page()), sizeof out->bytes);
}

void Graph::renew()
{
    cache_ = static_cast<Cache *>(index_->rd_amcache);
    pg::Pin pin{cache_ != nullptr ? this->pin(meta_block) : ReadBuffer(index_, meta_block)};
    pin.lock(BUFFER_LOCK_SHARE);
    check_meta(index_, pin.page());
    learn(meta_of(pin.page()));
}

void Graph::learn(const MetaPage &page)
{
    const bool laid_out = laid_out_ && meta_->identity == page.identity;
    std::memcpy(meta_.bytes, &page, sizeof meta_.bytes);
    if (!laid_out)
    {
        space_ = make_space(meta_->value_kind, meta_->metric, meta_->dims);
        layout_ = Layout{sizes_of(*meta_), meta_->vertices_per_chunk};
        laid_out_ = true;
    }
    cache_ = static_cast<Cache *>(index_->rd_amcache);
    if (cache_ == nullptr || cache_->identity != page.identity ||
        cache_->chunk_count < page.chunk_count)
        make_cache(page);
}

// One allocation, because the relation cache frees one.
void Graph::make_cache(const MetaPage &page)
{
    const std::uint32_t chunks = page.chunk_count;
    Cache *old = static_cast<Cache *>(index_->rd_amcache);
    if (old != nullptr && old->identity != meta_->identity)
    {
        index_->rd_amcache = nullptr;
        pfree(old);
        old = nullptr;
    }
    const std::uint32_t room = chunks + chunks / 4 + 4;
    constexpr std::uint32_t most_hints = 1U << 22;
    const std::uint32_t blocks =
        std::min<std::uint32_t>({RelationGetNumberOfBlocks(index_) + 64,
                                 static_cast<std::uint32_t>(NBuffers) * 2, most_hints});
    const std::uint32_t hints = std::bit_ceil(blocks);
    const Size centre = page.code_bytes != 0 ? centre_room(page) * sizeof(float) : 0;
    const Size size =
        MAXALIGN(sizeof(Cache)) + centre + room * sizeof(BlockNumber) + hints * sizeof(Buffer);
    auto *memory = static_cast<char *>(
        MemoryContextAllocExtended(index_->rd_indexcxt, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
    auto *cache = reinterpret_cast<Cache *>(memory);
    cache->identity = meta_->identity;
    cache->centre = reinterpret_cast<float *>(memory + MAXALIGN(sizeof(Cache)));
    cache->starts = reinterpret_cast<BlockNumber *>(memory + MAXALIGN(sizeof(Cache)) + centre);
    cache->hints = reinterpret_cast<Buffer *>(cache->starts + room);
    cache->hint_mask = hints - 1;
    cache->blocks = RelationGetNumberOfBlocks(index_);
    std::uint32_t known = 0;
    if (old != nullptr)
    {
        known = std::min(old->chunk_count, room);
        std::memcpy(cache->starts, old->starts, known * sizeof(BlockNumber));
        if (hints == old->hint_mask + 1)
            std::memcpy(cache->hints, old->hints, hints * sizeof(Buffer));
    }
    cache->chunk_count = known;
    cache_ = cache;
    read_directory(known, page);
    if (centre != 0 && page.centre_block != 0)
        read_centre(page);
    // Only now, so that a damaged page leaves nothing half read behind.
    index_->rd_amcache = cache;
    if (old != nullptr)
        pfree(old);
}

void Graph::read_centre(const MetaPage &page)
{
    for (std::uint32_t i = 0; i < page.centre_pages; ++i)
    {
        const BlockNumber block = page.centre_block + i;
        if (block >= RelationGetNumberOfBlocks(index_))
            damage(meta_block, "names a centre beyond the end of the file");
        pg::Pin pin{ReadBuffer(index_, block)};
        pin.lock(BUFFER_LOCK_SHARE);
        storage::check_page(index_, block, pin.page(), PageKind::centre, i);
        std::memcpy(reinterpret_cast<char *>(cache_->centre) + i * storage::page_payload,
                    storage::page_contents(pin.page()), storage::page_payload);
    }
    for (std::uint32_t i = 0; i < page.dims; ++i)
        if (!std::isfinite(cache_->centre[i]))
            damage(page.centre_block, "has a centre that is not finite");
}

Coder &Graph::coder()
{
    if (coder_ == nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(context_);
        // The cache may go while the coder stays.
        auto *centre = static_cast<float *>(palloc(meta_->dims * sizeof(float)));
        std::memcpy(centre, cache_->centre, meta_->dims * sizeof(float));
        coder_ = new (palloc(sizeof(Coder))) Coder{*meta_, centre};
        MemoryContextSwitchTo(caller);
    }
    return *coder_;
}

const Space &Graph::code_comparison()
{
    if (code_comparison_.many_ == nullptr)
        code_comparison_ = make_code_comparison(&coder());
    return code_comparison_;
}

Value Graph::links_value(const Value &value)
{
    if (keeps_values())
        return value;
    auto *record = static_cast<std::uint8_t *>(palloc(meta_->code_bytes));
    coder().encode(value.bytes, record);
    return {record, meta_->code_bytes};
}

// Entries from number `from` on. The metapage is locked.
void Graph::read_directory(std::uint32_t from, const MetaPage &page)
{
    const BlockNumber blocks = from < page.chunk_count ? RelationGetNumberOfBlocks(index_) : 0;
    for (std::uint32_t chunk = from; chunk < page.chunk_count;)
    {
        const std::uint32_t number = chunk / chunks_per_directory_page;
        const std::uint32_t first = chunk % chunks_per_directory_page;
        const std::uint32_t count =
            std::min(chunks_per_directory_page - first, page.chunk_count - chunk);
        const BlockNumber block = page.directory[number];
        if (block >= blocks)
            damage(meta_block, "names a directory page beyond the end of the file");
        pg::Pin pin{ReadBuffer(index_, block)};
        pin.lock(BUFFER_LOCK_SHARE);
        storage::check_page(index_, block, pin.page(), PageKind::directory, number);
        for (std::uint32_t i = 0; i < count; ++i)
        {
            const BlockNumber start = directory_of(pin.page())[first + i].start;
            if (start == meta_block || start > blocks - layout().chunk_pages)
                damage(block, "has a chunk out of range");
            cache_->starts[chunk + i] = start;
        }
        chunk += count;
    }
    cache_->chunk_count = std::max(cache_->chunk_count, page.chunk_count);
}

// The entry point and the rest stay as they were when the operation began.
void Graph::grow()
{
    const Vertex entry = meta_->entry;
    const std::uint32_t entry_level = meta_->entry_level;
    const std::uint64_t reuse_count = meta_->reuse_count;
    renew();
    auto *meta = reinterpret_cast<MetaPage *>(meta_.bytes);
    meta->entry = entry;
    meta->entry_level = entry_level;
    meta->reuse_count = reuse_count;
}

bool Graph::exists_by_now(Vertex vertex)
{
    grow();
    return vertex < meta_->vertex_count;
}

BlockNumber Graph::chunk_start_read(std::uint32_t chunk)
{
    grow();
    if (chunk >= cache_->chunk_count)
        damage(meta_block, "lacks a chunk that is pointed to");
    return cache_->starts[chunk];
}

Buffer Graph::pin_slow(BlockNumber block)
{
    if (block >= cache_->blocks && block >= (cache_->blocks = RelationGetNumberOfBlocks(index_)))
        damage(block, "is pointed to and lies beyond the end of the file");
    Buffer buffer = ReadBuffer(index_, block);
    cache_->hints[block & cache_->hint_mask] = buffer;
    return buffer;
}

Buffer Graph::pin(BlockNumber block)
{
    const Buffer hint = cache_->hints[block & cache_->hint_mask];
    // A pin by hint does not tell the clock that the page is in use; one in sixteen goes the long way.
    if (hint != InvalidBuffer && (++pins_ & 15) != 0 && pg::read_recent_buffer(index_, block, hint))
        [[likely]]
        return hint;
    return pin_slow(block);
}

void Graph::prefetch(BlockNumber block, std::uint32_t offset, std::uint32_t bytes) const
{
    const Buffer hint = cache_->hints[block & cache_->hint_mask];
    if (hint <= 0)
        return;
    // The page need not be the right one: a prefetch may point anywhere.
    constexpr std::uint32_t line = 64;
    constexpr std::uint32_t most = 16 * line;  // the processor foresees the rest
    __builtin_prefetch(GetBufferDescriptor(static_cast<std::uint32_t>(hint - 1)));
    const auto *page = static_cast<const char *>(BufferGetBlock(hint));
    __builtin_prefetch(page);
    for (std::uint32_t at = 0; at < bytes && at < most; at += line)
        __builtin_prefetch(page + offset + at);
}

}  // namespace quiver::hnsw

// Flushing a finished graph: pages are put together in private memory and copied into buffers.
#include "hnsw/graph_writer.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace quiver::hnsw {

using storage::page_payload;
using storage::page_start;
using storage::PageKind;

GraphWriter::GraphWriter(Relation index, const MetaPage &meta, const float *centre, ForkNumber fork)
    : index_(index),
      fork_(fork),
      meta_(static_cast<MetaPage *>(palloc0(page_payload))),
      layout_(sizes_of(meta), meta.vertices_per_chunk),
      record_(static_cast<char *>(palloc0(BLCKSZ))),
      extras_{PageKind::extras, static_cast<char *>(palloc0(BLCKSZ)), InvalidBlockNumber},
      spill_{PageKind::spill, static_cast<char *>(palloc0(BLCKSZ)), InvalidBlockNumber}
{
    std::memcpy(meta_, &meta, offsetof(MetaPage, vertex_count));
    meta_->free_head = no_vertex;
    meta_->entry = no_vertex;
    const BlockNumber block = extend();
    if (block != meta_block)
        ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
                errmsg("index \"%s\" is not empty", RelationGetRelationName(index)));
    if (centre != nullptr)
        write_centre(centre);
    if (meta.code_bytes != 0)
    {
        auto *kept = static_cast<float *>(palloc0(meta.dims * sizeof(float)));
        if (centre != nullptr)
            std::copy_n(centre, meta.dims, kept);
        coder_ = new (palloc(sizeof(Coder))) Coder{*meta_, kept};
        code_ = static_cast<std::uint8_t *>(palloc(meta.code_bytes));
    }
}

BlockNumber GraphWriter::extend()
{
    Buffer buffer = pg::extend_relation(index_, fork_);
    const BlockNumber block = BufferGetBlockNumber(buffer);
    // A page that a full disk or a crash leaves unwritten must still be a page.
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
    return block;
}

void GraphWriter::write(BlockNumber block, const char *page)
{
    Buffer buffer = ReadBufferExtended(index_, fork_, block, RBM_ZERO_AND_LOCK, nullptr);
    std::memcpy(BufferGetPage(buffer), page, BLCKSZ);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

void GraphWriter::write_centre(const float *centre)
{
    auto *page = static_cast<char *>(palloc0(BLCKSZ));
    for (std::uint32_t i = 0; i < meta_->centre_pages; ++i)
    {
        const BlockNumber block = extend();
        if (i == 0)
            meta_->centre_block = block;
        storage::init_page(page, PageKind::centre, i);
        std::memcpy(storage::page_contents(page),
                    reinterpret_cast<const char *>(centre) + i * page_payload, page_payload);
        storage::extend_used(page, BLCKSZ);
        write(block, page);
    }
    pfree(page);
}

void GraphWriter::begin_chunk()
{
    const std::size_t pages = layout_.chunk_pages;
    if (chunk_ == nullptr)
        chunk_ = static_cast<char *>(palloc_extended(pages * BLCKSZ, MCXT_ALLOC_HUGE));
    std::memset(chunk_, 0, pages * BLCKSZ);
    const auto number = static_cast<std::uint32_t>(directory_.size());
    for (std::uint32_t i = 0; i < layout_.chunk_pages; ++i)
        storage::init_page(chunk_ + i * std::size_t{BLCKSZ}, layout_.kind_of(i), number);
    BlockNumber start = InvalidBlockNumber;
    for (std::size_t i = 0; i < pages; ++i)
    {
        const BlockNumber block = extend();
        if (i == 0)
            start = block;
        else if (block != start + i)
            elog(ERROR, "blocks of a new index are not adjacent");
    }
    directory_.push_back({start, 0});
}

void GraphWriter::flush_chunk()
{
    if (directory_.empty())
        return;
    const BlockNumber start = directory_.back().start;
    for (std::uint32_t i = 0; i < layout_.chunk_pages; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        write(start + i, chunk_ + i * std::size_t{BLCKSZ});
    }
}

void GraphWriter::put(const storage::Section &section, std::uint32_t index, const void *bytes,
                      std::uint32_t size)
{
    if (!section.exists())
        return;
    char *page = chunk_ + section.page_of(index) * std::size_t{BLCKSZ};
    const char *from = static_cast<const char *>(bytes);
    std::size_t offset = section.offset_of(index);
    for (std::size_t done = 0; done < size; page += BLCKSZ, offset = page_start)
    {
        const std::size_t part = std::min<std::size_t>(BLCKSZ - offset, size - done);
        std::memcpy(page + offset, from + done, part);
        storage::extend_used(page,
                             std::min<std::size_t>(BLCKSZ, offset + section.record_bytes - done));
        done += part;
    }
}

RecordPointer GraphWriter::add_item(OpenPage *open, const void *record, std::size_t size)
{
    if (open->block == InvalidBlockNumber || PageGetFreeSpace(open->page) < MAXALIGN(size))
    {
        if (open->block != InvalidBlockNumber)
            write(open->block, open->page);
        open->block = extend();
        storage::init_item_page(open->page, open->kind);
    }
    const OffsetNumber offset = PageAddItemExtended(
        open->page, static_cast<Item>(const_cast<void *>(record)), size, InvalidOffsetNumber, 0);
    if (offset == InvalidOffsetNumber)
        elog(ERROR, "failed to add a record of %zu bytes to index \"%s\"", size,
             RelationGetRelationName(index_));
    return RecordPointer::at(open->block, offset);
}

RecordPointer GraphWriter::add_extra(const VertexImage &vertex)
{
    const std::uint32_t size = extra_record_bytes(meta_->m, vertex.level);
    std::memset(record_, 0, offsetof(ExtraRecord, links));
    auto *extra = reinterpret_cast<ExtraRecord *>(record_);
    extra->owner = meta_->vertex_count;
    extra->level = static_cast<std::uint8_t>(vertex.level);
    for (int i = 1; i < vertex.tid_count; ++i)
        extra->more_tids[i - 1] = vertex.tids[i];
    for (int layer = 1; layer <= vertex.level; ++layer)
    {
        Vertex *links = extra->layer(meta_->m, layer);
        const int count = vertex.upper_counts[layer - 1];
        std::copy_n(vertex.upper_links[layer - 1], count, links);
        std::fill_n(links + count, meta_->m - count, no_vertex);
    }
    return add_item(&extras_, extra, size);
}

void GraphWriter::add_links(const VertexImage &vertex, std::uint32_t index)
{
    std::memset(record_, 0, offsetof(ExtraRecord, links));
    const RecordPointer extra =
        vertex.level > 0 || vertex.tid_count > 1 ? add_extra(vertex) : RecordPointer{};
    auto *record = reinterpret_cast<LinkRecord *>(record_);
    std::memset(record_, 0, layout_.links.record_bytes);
    record->set(VertexState::live, vertex.level);
    record->tid_count = static_cast<std::uint8_t>(vertex.tid_count);
    record->link_count = static_cast<std::uint8_t>(vertex.link_count);
    record->heap_tid = vertex.tids[0];
    record->extra = extra;
    std::copy_n(vertex.links, vertex.link_count, record->links);
    put(layout_.links, index, record, layout_.links.record_bytes);
}

void GraphWriter::add(const VertexImage &vertex)
{
    Assert(vertex.level <= meta_->max_level && vertex.tid_count >= 1 &&
           vertex.tid_count <= max_heap_tids && vertex.link_count <= meta_->m * 2);
    if (meta_->vertex_count == no_vertex - 1)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("index \"%s\" cannot have more than %u vertices",
                       RelationGetRelationName(index_), no_vertex - 1));
    const Place place = layout_.place(meta_->vertex_count);
    if (place.index == 0)
    {
        flush_chunk();
        begin_chunk();
    }
    add_links(vertex, place.index);
    if (coder_ != nullptr && vertex.code == nullptr)
        coder_->encode(vertex.value, code_);
    put(layout_.codes, place.index, vertex.code != nullptr ? vertex.code : code_,
        meta_->code_bytes);
    put(layout_.attributes, place.index, vertex.attributes, meta_->attribute_bytes);
    if (meta_->value_kind != ValueKind::sparse)
        put(layout_.values, place.index, vertex.value, vertex.value_size);
    else if (layout_.values.exists())
    {
        const SpillPointer pointer{add_item(&spill_, vertex.value, vertex.value_size), 0};
        put(layout_.values, place.index, &pointer, sizeof pointer);
    }
    ++meta_->vertex_count;
}

void GraphWriter::write_directory()
{
    auto *page = static_cast<char *>(palloc0(BLCKSZ));
    const auto chunks = static_cast<std::uint32_t>(directory_.size());
    for (std::uint32_t done = 0; done < chunks; done += chunks_per_directory_page)
    {
        if (meta_->directory_count == max_directory_pages)
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("index \"%s\" is full", RelationGetRelationName(index_)));
        const std::uint32_t count = std::min(chunks_per_directory_page, chunks - done);
        const BlockNumber block = extend();
        storage::init_page(page, PageKind::directory, meta_->directory_count);
        std::memcpy(directory_of(page), directory_.data() + done, count * sizeof(DirectoryEntry));
        storage::extend_used(page, page_start + count * sizeof(DirectoryEntry));
        write(block, page);
        meta_->directory[meta_->directory_count++] = block;
    }
    meta_->chunk_count = chunks;
    pfree(page);
}

void GraphWriter::finish(Vertex entry, int entry_level)
{
    flush_chunk();
    for (const OpenPage *open : {&extras_, &spill_})
        if (open->block != InvalidBlockNumber)
            write(open->block, open->page);
    if (extras_.block != InvalidBlockNumber)
        meta_->extras_block = extras_.block;
    write_directory();
    meta_->entry = entry;
    meta_->entry_level = static_cast<std::uint32_t>(entry_level);

    auto *page = static_cast<char *>(palloc0(BLCKSZ));
    storage::init_page(page, PageKind::meta, 0);
    std::memcpy(storage::page_contents(page), meta_, page_payload);
    storage::extend_used(page, page_start + offsetof(MetaPage, directory) +
                                   meta_->directory_count * sizeof(BlockNumber));
    write(meta_block, page);
    pfree(page);
}

}  // namespace quiver::hnsw

// Writes a finished graph into a new index, page after page: how builds flush.
//
// Nothing is WAL-logged here; the caller logs the whole range once, at the end. Vertices come in the
// order of their numbers. Pages of the chunk at hand are kept in private memory and go into shared buffers
// when it is complete, so the index is warm after a build.
//
//     GraphWriter writer{index, meta};            // meta: everything of "what the index is" is set
//     for (Vertex v = 0; v < count; ++v)
//         writer.add(image_of(v));
//     writer.finish(entry, entry_level);
#pragma once

#include "hnsw/code.hpp"
#include "hnsw/layout.hpp"

#include "pg/array.hpp"

namespace quiver::hnsw {

// One vertex as the writer takes it. Pointers are read during add() only.
struct VertexImage
{
    int level;
    int tid_count;  // 1 to max_heap_tids
    const ItemPointerData *tids;
    int link_count;  // of layer 0, up to 2m
    const Vertex *links;
    const Vertex *const *upper_links;  // of layers 1 to level
    const int *upper_counts;
    const void *value;  // as Space keeps it; ignored if the index keeps no values
    std::uint32_t value_size;
    const void *code;  // meta.code_bytes; null: made from the value
    const void *attributes;  // meta.attribute_bytes
};

class GraphWriter
{
public:
    // Writes the metapage of an empty index and, if there is one, the centre: meta.centre_pages pages of
    // floats, whose block is set here. The fork must be empty.
    GraphWriter(Relation index, const MetaPage &meta, const float *centre = nullptr,
                ForkNumber fork = MAIN_FORKNUM);

    void add(const VertexImage &vertex);
    // The number the next vertex gets.
    Vertex count() const { return meta_->vertex_count; }
    void finish(Vertex entry, int entry_level);

private:
    // The item page being filled, in private memory.
    struct OpenPage
    {
        storage::PageKind kind;
        char *page;
        BlockNumber block;
    };

    BlockNumber extend();
    void write(BlockNumber block, const char *page);
    void write_centre(const float *centre);
    void begin_chunk();
    void flush_chunk();
    void put(const storage::Section &section, std::uint32_t index, const void *bytes,
             std::uint32_t size);
    RecordPointer add_item(OpenPage *open, const void *record, std::size_t size);
    RecordPointer add_extra(const VertexImage &vertex);
    void add_links(const VertexImage &vertex, std::uint32_t index);
    void write_directory();

    Relation index_;
    ForkNumber fork_;
    MetaPage *meta_;  // a page's worth, with the directory's blocks
    Layout layout_;
    pg::Array<DirectoryEntry> directory_;
    char *chunk_ = nullptr;  // pages of the chunk at hand
    Coder *coder_ = nullptr;
    std::uint8_t *code_ = nullptr;
    char *record_;  // where a record is put together
    OpenPage extras_;
    OpenPage spill_;
};

}  // namespace quiver::hnsw

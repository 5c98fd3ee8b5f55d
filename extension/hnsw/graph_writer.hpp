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

#include "hnsw/layout.hpp"

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
    const void *code;  // meta.code_bytes
    const void *attributes;  // meta.attribute_bytes
};

class GraphWriter
{
public:
    // Writes the metapage of an empty index (and `centre`, meta.centre_pages pages of floats, if there is
    // one: meta.centre_block is set here). The relation must be empty.
    GraphWriter(Relation index, const MetaPage &meta, const float *centre = nullptr);

    void add(const VertexImage &vertex);
    // The number the next vertex gets.
    Vertex count() const { return meta_->vertex_count; }
    void finish(Vertex entry, int entry_level);

private:
    void begin_chunk();
    void flush_chunk();
    void put(const storage::Section &section, std::uint32_t index, const void *bytes,
             std::uint32_t size);
    RecordPointer add_item(storage::PageKind kind, const void *record, std::size_t size);
    RecordPointer add_extra(Vertex owner, const VertexImage &vertex);

    Relation index_;
    MetaPage *meta_;  // a page's worth, with the directory's blocks
    Layout layout_;
    DirectoryEntry *directory_;
    std::uint32_t directory_room_;
    char *chunk_;  // pages of the chunk at hand
    BlockNumber chunk_start_;
    struct Open  // the item page being filled, in private memory
    {
        char *page;
        BlockNumber block;
    };
    Open extras_;
    Open spill_;
};

}  // namespace quiver::hnsw

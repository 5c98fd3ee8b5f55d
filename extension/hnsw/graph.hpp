// An open index: its metapage as it was read, the way from a vertex to its records, and reading them.
//
// One object serves one search, insert or step of vacuum. What does not change between them (chunk
// directory, which buffer held a block) is kept with the relation cache (rd_amcache). It may go whenever a
// relation is opened or a value is fetched out of line, and is replaced when the index has grown: keep_up()
// after the one, and never hold a pointer into it over the other. Space and layout are the object's own.
#pragma once

#include "hnsw/attribute.hpp"
#include "hnsw/code.hpp"
#include "hnsw/fill.hpp"
#include "hnsw/layout.hpp"
#include "hnsw/space.hpp"

#include "pg/page_change.hpp"

namespace quiver::hnsw {

// Block numbers of the heavyweight page locks (docs/hnsw.md).
inline constexpr BlockNumber update_lock = 0;
inline constexpr BlockNumber scan_lock = 1;

// The metapage's fixed part, which every operation begins by copying.
struct MetaCopy
{
    alignas(MetaPage) char bytes[offsetof(MetaPage, directory)];

    const MetaPage &operator*() const { return *reinterpret_cast<const MetaPage *>(bytes); }
    const MetaPage *operator->() const { return reinterpret_cast<const MetaPage *>(bytes); }
};

// That a page is a metapage of this format, and makes sense.
void check_meta(Relation index, Page page);
// Read and prove the metapage.
void read_meta(Relation index, MetaCopy *out);

inline constexpr int most_links = 200;  // 2 * the greatest m

// A vertex as a search needs it, copied under the page's lock.
struct VertexCopy
{
    VertexState state;
    std::uint8_t level;
    std::uint8_t tid_count;
    std::uint8_t version;
    int link_count;  // of the layer asked for
    RecordPointer extra;
    ItemPointerData heap_tid;
    Vertex links[most_links];

    bool leads() const { return state == VertexState::live; }
    bool has_rows() const { return leads() && tid_count > 0; }
};

// Codes one after the other, in memory, of the vertices below `count`; an entry that begins with eight zero bytes is
// absent. Attributes by columns. Both may be missing (null); they are right while the metapage says the `reuse_count`
// that the copy is for (docs/hnsw_copy.md).
struct CopyView
{
    const std::uint8_t *codes;
    std::uint32_t stride;
    Vertex count;
    AttributeColumns attributes;
};

class Graph
{
public:
    explicit Graph(Relation index) : index_(index), context_(CurrentMemoryContext) { renew(); }
    Graph(const Graph &) = delete;
    Graph &operator=(const Graph &) = delete;

    // Read the metapage again; also after anything that may have invalidated the relation's cache.
    void renew();
    // The same from a metapage that the caller has locked.
    void learn(const MetaPage &page);
    // After what may have opened a relation, as fetching a value out of line does.
    void keep_up()
    {
        if (index_->rd_amcache != cache_) [[unlikely]]
            renew();
    }

    Relation index() const { return index_; }
    const MetaPage &meta() const { return *meta_; }
    int m() const { return meta_->m; }
    // Greatest length of a list.
    int links_at(int layer) const { return layer == 0 ? meta_->m * 2 : meta_->m; }
    ListRoom room_at(int layer, bool was_full) const
    {
        return list_room(layer, meta_->m, space_.metric == Metric::inner_product, was_full);
    }
    const Space &space() const { return space_; }
    bool is_coded() const { return meta_->code_bytes != 0; }
    bool keeps_values() const { return meta_->value_bytes != 0; }
    // What links are chosen by: exact values, or codes where the index keeps no values. value_of() and
    // distances() are of this space.
    const Space &links_space() { return keeps_values() ? space_ : code_comparison(); }
    // A value in the form that links are chosen by.
    Value links_value(const Value &value);
    // Encoding and estimating.
    Coder &coder();
    const Layout &layout() const { return layout_; }

    // Whether a number has been given out, as far as is known now; the metapage is asked again if not.
    bool exists(Vertex vertex)
    {
        return vertex < meta_->vertex_count || (vertex != no_vertex && exists_by_now(vertex));
    }
    // The first block of a vertex's chunk. A number out of range is reported as damage of `block`.
    BlockNumber chunk_start(std::uint32_t chunk)
    {
        return chunk < cache_->chunk_count ? cache_->starts[chunk] : chunk_start_read(chunk);
    }

    // Pin a block, cheaply if it still is where it was.
    Buffer pin(BlockNumber block);
    // Begin to bring a block's first lines, and those at an offset, into the processor's cache.
    void prefetch(BlockNumber block, std::uint32_t offset, std::uint32_t bytes) const;

    // The same for the link record of a vertex that exists.
    void prefetch_links(Vertex vertex) { prefetch_record(layout().links, vertex); }

    // Where a record of a section lies.
    BlockNumber block_of(const storage::Section &section, Place place)
    {
        return chunk_start(place.chunk) + section.page_of(place.index);
    }
    // Pin the page of a vertex's link record, checked; the record's place in it.
    LinkRecord *link_record(Page page, Vertex vertex) const
    {
        return reinterpret_cast<LinkRecord *>(
            static_cast<char *>(page) + layout().links.offset_of(layout().place(vertex).index));
    }
    BlockNumber pin_links(Vertex vertex, pg::Pin *pin);
    // That a link record makes sense; otherwise damage is reported.
    void check_record(const LinkRecord *record, BlockNumber block) const;

    // Copy a vertex with its list of `layer`.
    void read(Vertex vertex, int layer, VertexCopy *out);
    // All heap pointers of a vertex, consistent with each other: how many, and its state.
    int read_tids(Vertex vertex, ItemPointerData *out);
    // Copy the list of an upper layer from an extra record; -1 if the record is not that vertex's.
    int read_upper(Vertex vertex, RecordPointer extra, int layer, Vertex *out);

    // Estimates of distances from a prepared query, by codes.
    void estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count, float *out);
    // Have estimates() read codes and columns() give attributes from memory, which is right for the metapage
    // as it was read, until leave_copy() or until numbers are given out again. Keeps the metapage pinned.
    void use_copy(const CopyView &view);
    void leave_copy();
    Vertex copy_room() const { return copy_.count; }  // vertices below it may be read from there
    std::int64_t copied() const { return copied_; }  // distances that came from there
    // The attributes in memory as far as they are there; null: pages are to be read.
    const AttributeColumns *columns()
    {
        return copy_.attributes.marks != nullptr && copy_is_right() ? &copy_.attributes : nullptr;
    }
    // A page of the directory: chunks_per_directory_page entries.
    void read_directory_page(std::uint32_t number, DirectoryEntry *out);
    // Distances from a query to vertices, whose numbers have been proven to exist.
    void distances(const void *query, const Vertex *vertices, int count, float *out);
    // A vertex's code: meta().code_bytes.
    void read_code(Vertex vertex, char *out)
    {
        copy_record(layout().codes, storage::PageKind::codes, vertex, out, meta_->code_bytes);
    }
    // A vertex's attributes: meta().attribute_bytes.
    void read_attributes(Vertex vertex, char *out)
    {
        copy_record(layout().attributes, storage::PageKind::attributes, vertex, out,
                    meta_->attribute_bytes);
    }
    // A vertex's value, or code if no values are kept, in the current memory context.
    Value value_of(Vertex vertex);

    [[noreturn, gnu::cold]] void damage(BlockNumber block, const char *what) const
    {
        storage::report_damage(index_, block, what);
    }

private:
    struct Cache
    {
        std::uint64_t identity;
        std::uint32_t chunk_count;
        std::uint32_t hint_mask;
        BlockNumber blocks;  // of the file, as far as is known: it does not become shorter
        float *centre;  // of codes; null without
        BlockNumber *starts;
        Buffer *hints;  // by block, as many as there are buffers at most
    };
    // Values whose pages are pinned at a time. A backend remembers eight pins without hashing.
    static constexpr int batch_size = 6;

    bool exists_by_now(Vertex vertex);
    BlockNumber chunk_start_read(std::uint32_t chunk);
    void grow();
    void make_cache(const MetaPage &page);
    void read_directory(std::uint32_t from, const MetaPage &page);
    Buffer pin_slow(BlockNumber block);
    void prefetch_record(const storage::Section &section, Vertex vertex);
    const Space &code_comparison();
    void read_centre(const MetaPage &page);
    void copy_record(const storage::Section &section, storage::PageKind kind, Vertex vertex,
                     char *out, std::uint32_t size);
    const char *copy_of(const storage::Section &section, storage::PageKind kind, Vertex vertex,
                        int i);
    template <class Compute>
    void batched(const storage::Section &section, storage::PageKind kind, const Vertex *vertices,
                 int count, Compute compute);
    void page_estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count,
                        float *out);
    bool copy_is_right();
    void copy_estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count,
                        float *out);
    float spilled_distance(const void *query, Vertex vertex);
    // The spilled value that a slot points to: its page pinned and share-locked.
    const char *pin_spilled(Vertex vertex, pg::Pin *pin, std::uint32_t *size);

    Relation index_;
    MemoryContext context_;  // of what is made when it is first needed
    MetaCopy meta_;
    Space space_{};
    Layout layout_;
    bool laid_out_ = false;
    Cache *cache_ = nullptr;
    char *pieces_ = nullptr;
    Coder *coder_ = nullptr;
    Space code_comparison_{};
    unsigned pins_ = 0;
    CopyView copy_{};  // without codes or attributes pages are read
    pg::Pin copy_meta_;  // the metapage, while there are
    std::int64_t copied_ = 0;
};

}  // namespace quiver::hnsw

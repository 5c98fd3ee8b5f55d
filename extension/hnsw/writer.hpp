// Changing an index a record at a time: numbers, chunks, extra records, values, links.
//
// Every method is one WAL record or a few, each leaving an index that is right (docs/hnsw.md, Insert).
// Buffer locks are taken in the order metapage, directory, link pages, code and value pages, extras, spill.
#pragma once

#include "hnsw/graph.hpp"

namespace quiver::hnsw {

// A number taken for a new vertex. One that is used again keeps its level and its extra record.
struct TakenNumber
{
    Vertex vertex;
    bool used_before;
    int level;
    std::uint8_t version;
    RecordPointer extra;
};

struct List
{
    int count;
    const Vertex *links;
};

// A row that gets a vertex, or joins one.
struct NewRow
{
    Value value;
    const void *attributes;  // meta().attribute_bytes; null without
    ItemPointerData tid;
};

// A list of layer 0 that is to become another; links that stay keep their places.
struct LinkChange
{
    Vertex vertex;
    int tag;  // the caller's
    List old, changed;
    BlockNumber block;  // set by the writer
    bool done;
};

class Writer
{
public:
    // Unlogged while an index is built: the caller logs everything at the end.
    Writer(Graph &graph, bool logged) : graph_(graph), logged_(logged) {}

    // For a vertex with this value.
    TakenNumber take_number(const Value &value);

    // Write a vertex that nothing leads to yet: what has a page, or a part of one, is one WAL record. lists[0..level];
    // the level is at most that of a number used before.
    void write_vertex(const TakenNumber &number, int level, const List *lists, const NewRow &row);

    // Give a vertex one more row. False if it has no room, or has lost all its rows.
    bool add_row(Vertex vertex, const ItemPointerData &tid);

    // Replace a list by another if it is still what `old` says and the vertex has rows.
    bool replace_links(Vertex vertex, int layer, const List &old, const List &changed);
    // The same for many lists of layer 0, those on four pages in one WAL record. Changes their order; `done`
    // tells of each. Of several changes to one list the first may be done.
    void replace_links(LinkChange *changes, int count);

    // Remove the spilled value of a vertex that nothing leads to, if it has one.
    void release_spilled(Vertex vertex);

    // Tell searches that numbers they hold may be given out again: before vacuum waits for those under way.
    void announce_free();

    // Make a vertex the entry point if it is higher than the present one, or unconditionally.
    void set_entry(Vertex vertex, int level, bool always);

private:
    void add_chunk(Page meta_page, pg::PageChange *change, pg::Pin *directory, const Value &value);
    void make_blank(BlockNumber block, Buffer buffer, storage::PageKind kind, std::uint32_t owner);
    bool has_zeros(const Value &value) const;
    BlockNumber make_blank_chunk(std::uint32_t chunk, const Value &value);
    TakenNumber reuse_number(pg::Pin *meta);
    RecordPointer add_item(storage::PageKind kind, const void *record, std::size_t size);
    RecordPointer add_extra_record(const void *record, std::size_t size);
    RecordPointer add_spilled(const void *record, std::size_t size);
    RecordPointer make_extra(Vertex owner, int level, const List *lists);
    void rewrite_extra(const TakenNumber &number, int level, const List *lists);
    // What a vertex has besides links: a slot of a page, or pages of its own.
    struct Slot
    {
        const storage::Section *section;
        storage::PageKind kind;
        const void *bytes;
        std::uint32_t size;
    };
    static constexpr int most_slots = 3;
    int slots_of(Vertex vertex, const NewRow &row, Slot *out);
    void write_pages(Vertex vertex, const Slot &slot);
    void replace_some(LinkChange *changes, int count);
    bool replace_upper(Vertex vertex, int layer, const List &old, const List &changed);

    Graph &graph_;
    bool logged_;
};

}  // namespace quiver::hnsw

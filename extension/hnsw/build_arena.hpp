// The memory a graph is built in: what lies where, for processes that map it at different addresses.
//
// Blocks of vertices follow one another and are backed with memory as they are needed; before them lies
// a pool of 32-bit words for what few vertices have: links of upper layers, second and later rows.
// Within a block, heads, links, hot records (what distances are computed from) and cold records (what
// only the finished index needs) lie apart, so that a search touches no more than it reads.
//
// Pure: no PostgreSQL here, so that tests/unit can build graphs, and time them, outside a server.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::hnsw::build {

using Vertex = std::uint32_t;
inline constexpr Vertex nobody = 0xFFFFFFFF;
inline constexpr std::uint32_t nothing = 0xFFFFFFFF;
inline constexpr int rows_per_vertex = 10;

// A row's address: an ItemPointerData's bytes.
struct RowPointer
{
    std::uint16_t part[3];
};

struct Head
{
    std::uint64_t hash;  // of the value; tells duplicates apart
    std::uint32_t version;  // odd while links or rows are being written
    std::uint32_t upper;  // in the pool: lists of layers 1 to level, m words each
    std::uint32_t more_rows;  // in the pool: the second row and on
    std::uint8_t level;
    std::uint8_t row_count;
    RowPointer row;
    // Of the links of layer 0, how many in front were chosen together: none of them is nearer to another
    // than the vertex is.
    std::uint32_t proved;
};
static_assert(sizeof(Head) == 32);

// What all processes share, at the start of the memory.
struct Shared
{
    std::uint64_t entry;  // vertex and level of the entry point, see pack_entry
    std::uint64_t pool_used;  // words
    std::uint64_t pool_backed;
    std::uint32_t vertex_count;
    std::uint32_t blocks_backed;
    std::uint32_t promotion;  // 1 while a vertex above the entry point is being added
    std::uint32_t reserved;
};

constexpr std::uint64_t pack_entry(Vertex vertex, int level)
{
    return std::uint64_t{vertex} << 32 | static_cast<std::uint32_t>(level);
}
inline constexpr std::uint64_t no_entry = ~std::uint64_t{0};

// Sizes that follow from the index; the same in every process.
struct ArenaLayout
{
    std::uint32_t m = 0;
    std::uint32_t hot_bytes = 0;  // multiple of 8, of long records of 32
    std::uint32_t cold_bytes = 0;  // multiple of 8
    std::uint32_t max_vertices = 0;
    std::uint32_t shift = 0;  // log2 of the vertices in a block
    std::uint64_t pool_words = 0;  // room for it
    std::uint64_t block_bytes = 0;
    std::uint64_t links_at = 0, hot_at = 0, cold_at = 0;  // within a block
    std::uint64_t blocks_at = 0;
    std::uint64_t total_bytes = 0;  // of address space; backed as needed

    static constexpr std::uint64_t pool_at = 4096;
};

// `pool_words_each`: words of the pool a vertex may take beside its upper layers and rows.
ArenaLayout make_layout(std::uint32_t m, std::uint32_t hot_bytes, std::uint32_t cold_bytes,
                        std::uint32_t max_vertices, std::uint32_t pool_words_each);

// Backing: called before memory is touched that was not needed before. It may fail by not returning.
struct Backing
{
    void *state;
    // Make [from, to) of the memory usable.
    void (*back)(void *state, std::uint64_t from, std::uint64_t to);
    // Wait a little for another process; the place to answer interrupts.
    void (*pause)(void *state, int spins);
};

class Arena
{
public:
    Arena() = default;
    Arena(const ArenaLayout &layout, char *base, const Backing &backing)
        : layout_(layout),
          base_(base),
          backing_(backing)
    {
    }

    // Of zeroed memory whose first page is backed; one process, before the others come.
    void init();

    const ArenaLayout &layout() const { return layout_; }
    Shared &shared() const { return *reinterpret_cast<Shared *>(base_); }
    std::uint32_t count() const
    {
        const std::uint32_t n = __atomic_load_n(&shared().vertex_count, __ATOMIC_ACQUIRE);
        return n < layout_.max_vertices ? n : layout_.max_vertices;
    }
    // Bytes of memory in use, without what is cold.
    std::uint64_t hot_bytes_used() const;

    Head &head(Vertex v) const
    {
        return *reinterpret_cast<Head *>(block(v) + sizeof(Head) * within(v));
    }
    std::uint32_t *links(Vertex v) const
    {
        return reinterpret_cast<std::uint32_t *>(block(v) + layout_.links_at) +
               std::uint64_t{2} * layout_.m * within(v);
    }
    // The lines of a vertex's links that most lists fill.
    void ask_for_links(Vertex v) const
    {
        const std::uint32_t *list = links(v);
        __builtin_prefetch(list);
        __builtin_prefetch(list + 16);
    }
    char *hot(Vertex v) const
    {
        return block(v) + layout_.hot_at + std::uint64_t{layout_.hot_bytes} * within(v);
    }
    char *cold(Vertex v) const
    {
        return block(v) + layout_.cold_at + std::uint64_t{layout_.cold_bytes} * within(v);
    }
    std::uint32_t *pool(std::uint32_t word) const
    {
        return reinterpret_cast<std::uint32_t *>(base_ + ArenaLayout::pool_at) + word;
    }
    std::uint32_t *list(Vertex v, int layer) const
    {
        return layer == 0 ? links(v)
                          : pool(head(v).upper) + static_cast<std::size_t>(layer - 1) * layout_.m;
    }
    std::uint32_t list_room(int layer) const { return layer == 0 ? 2 * layout_.m : layout_.m; }
    RowPointer *more_rows(Vertex v) const
    {
        return reinterpret_cast<RowPointer *>(pool(head(v).more_rows));
    }

    // A new vertex with empty lists, seen by nobody yet; `nobody` if there is no room.
    Vertex add_vertex(int level, const RowPointer &row, std::uint64_t hash);
    // Is there room in the pool for whatever a few processes may take of it for one vertex each?
    bool pool_has_room() const
    {
        return __atomic_load_n(&shared().pool_used, __ATOMIC_RELAXED) + pool_reserve <=
               layout_.pool_words;
    }
    // `words` of the pool, or `nothing`.
    std::uint32_t take_pool(std::uint32_t words);
    // One more row for a vertex; false if it has all it may have.
    bool add_row(Vertex v, const RowPointer &row);

    // Mark a vertex as being written, if it has not changed since `version` was read.
    bool begin_change(Vertex v, std::uint32_t version) const
    {
        return __atomic_compare_exchange_n(&head(v).version, &version, version + 1, false,
                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    }
    void end_change(Vertex v) const { __atomic_fetch_add(&head(v).version, 1, __ATOMIC_RELEASE); }
    // The version of a vertex that nobody is writing.
    std::uint32_t stable_version(Vertex v) const;

    void pause(int spins) const { backing_.pause(backing_.state, spins); }

private:
    char *block(Vertex v) const
    {
        return base_ + layout_.blocks_at + (v >> layout_.shift) * layout_.block_bytes;
    }
    std::uint32_t within(Vertex v) const { return v & ((1U << layout_.shift) - 1); }
    void back_block(std::uint32_t block);

    static constexpr std::uint64_t pool_reserve = std::uint64_t{1} << 18;
    friend ArenaLayout make_layout(std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                                   std::uint32_t);

    ArenaLayout layout_;
    char *base_ = nullptr;
    Backing backing_{};
};

}  // namespace quiver::hnsw::build

// The memory a graph is built in.
#include "hnsw/build_arena.hpp"

namespace quiver::hnsw::build {

namespace {

constexpr std::uint64_t page = 4096;

constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t to)
{
    return (n + to - 1) / to * to;
}

// The pool is backed in steps of this.
constexpr std::uint64_t pool_step = std::uint64_t{256} << 10;

}  // namespace

ArenaLayout make_layout(std::uint32_t m, std::uint32_t hot_bytes, std::uint32_t cold_bytes,
                        std::uint32_t max_vertices, std::uint32_t pool_words_each)
{
    ArenaLayout layout;
    layout.m = m;
    // Long records begin where wide loads do not cross cache lines.
    layout.hot_bytes = static_cast<std::uint32_t>(round_up(hot_bytes, hot_bytes >= 128 ? 32 : 8));
    layout.cold_bytes = static_cast<std::uint32_t>(round_up(cold_bytes, 8));
    layout.max_vertices = max_vertices;

    // Blocks of about a megabyte.
    const std::uint64_t each =
        sizeof(Head) + std::uint64_t{8} * m + layout.hot_bytes + layout.cold_bytes;
    while (layout.shift < 12 && (each << (layout.shift + 1)) <= (std::uint64_t{1} << 20))
        layout.shift++;
    const std::uint64_t vertices = std::uint64_t{1} << layout.shift;
    layout.links_at = round_up(vertices * sizeof(Head), 64);
    layout.hot_at = round_up(layout.links_at + vertices * 8 * m, 64);
    // Cold records on pages of their own, so that memory in short supply gives them up first.
    layout.cold_at =
        round_up(layout.hot_at + vertices * layout.hot_bytes, cold_bytes > 0 ? page : 64);
    layout.block_bytes = round_up(layout.cold_at + vertices * layout.cold_bytes, page);

    // Upper layers take m/(m-1) words a vertex on average, second rows 14: room for either in all.
    const std::uint64_t blocks = (max_vertices + vertices - 1) / vertices;
    layout.pool_words =
        max_vertices * (std::uint64_t{16} + pool_words_each) + 2 * Arena::pool_reserve;
    if (layout.pool_words > nothing)
        layout.pool_words = nothing;
    layout.blocks_at =
        round_up(ArenaLayout::pool_at + layout.pool_words * sizeof(std::uint32_t), pool_step);
    layout.total_bytes = layout.blocks_at + blocks * layout.block_bytes;
    return layout;
}

void Arena::init() { shared().entry = no_entry; }

std::uint64_t Arena::hot_bytes_used() const
{
    const std::uint64_t each = sizeof(Head) + std::uint64_t{8} * layout_.m + layout_.hot_bytes;
    return ArenaLayout::pool_at + count() * each +
           __atomic_load_n(&shared().pool_used, __ATOMIC_RELAXED) * sizeof(std::uint32_t);
}

void Arena::back_block(std::uint32_t block)
{
    // Backing what is backed does no harm, so processes need not wait for one another here.
    for (std::uint32_t backed = __atomic_load_n(&shared().blocks_backed, __ATOMIC_ACQUIRE);
         backed <= block; backed = __atomic_load_n(&shared().blocks_backed, __ATOMIC_ACQUIRE))
    {
        const std::uint64_t from = layout_.blocks_at + backed * layout_.block_bytes;
        backing_.back(backing_.state, from, from + layout_.block_bytes);
        __atomic_compare_exchange_n(&shared().blocks_backed, &backed, backed + 1, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
}

std::uint32_t Arena::take_pool(std::uint32_t words)
{
    const std::uint64_t at = __atomic_fetch_add(&shared().pool_used, words, __ATOMIC_ACQ_REL);
    const std::uint64_t end = at + words;
    if (end > layout_.pool_words)
        return nothing;
    constexpr std::uint64_t step = pool_step / sizeof(std::uint32_t);
    for (std::uint64_t backed = __atomic_load_n(&shared().pool_backed, __ATOMIC_ACQUIRE);
         backed < end; backed = __atomic_load_n(&shared().pool_backed, __ATOMIC_ACQUIRE))
    {
        const std::uint64_t from = ArenaLayout::pool_at + backed * sizeof(std::uint32_t);
        backing_.back(backing_.state, from, from + pool_step);
        __atomic_compare_exchange_n(&shared().pool_backed, &backed, backed + step, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    return static_cast<std::uint32_t>(at);
}

Vertex Arena::add_vertex(int level, const RowPointer &row, std::uint64_t hash)
{
    std::uint32_t upper = nothing;
    if (level > 0)
    {
        const auto words = static_cast<std::uint32_t>(level) * layout_.m;
        upper = take_pool(words);
        if (upper == nothing)
            return nobody;
        for (std::uint32_t i = 0; i < words; i++)
            pool(upper)[i] = nobody;
    }
    Vertex v = __atomic_load_n(&shared().vertex_count, __ATOMIC_RELAXED);
    do
        if (v >= layout_.max_vertices)
            return nobody;
    while (!__atomic_compare_exchange_n(&shared().vertex_count, &v, v + 1, true, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
    back_block(v >> layout_.shift);

    Head &h = head(v);
    h = Head{};
    h.hash = hash;
    h.upper = upper;
    h.more_rows = nothing;
    h.level = static_cast<std::uint8_t>(level);
    h.row_count = 1;
    h.row = row;
    std::uint32_t *list = links(v);
    for (std::uint32_t i = 0; i < 2 * layout_.m; i++)
        list[i] = nobody;
    return v;
}

std::uint32_t Arena::stable_version(Vertex v) const
{
    for (int spins = 0;; spins++)
    {
        const std::uint32_t version = __atomic_load_n(&head(v).version, __ATOMIC_ACQUIRE);
        if ((version & 1) == 0)
            return version;
        pause(spins);
    }
}

bool Arena::add_row(Vertex v, const RowPointer &row)
{
    std::uint32_t spare = nothing;
    for (;;)
    {
        const std::uint32_t version = stable_version(v);
        const std::uint32_t more = __atomic_load_n(&head(v).more_rows, __ATOMIC_RELAXED);
        if (more == nothing && spare == nothing)
        {
            constexpr std::uint32_t words =
                ((rows_per_vertex - 1) * sizeof(RowPointer) + 3) / sizeof(std::uint32_t);
            spare = take_pool(words);
            if (spare == nothing)
                return false;
        }
        if (!begin_change(v, version))
            continue;
        Head &h = head(v);
        const bool fits = h.row_count < rows_per_vertex;
        if (fits)
        {
            if (h.more_rows == nothing)
                h.more_rows = spare;
            more_rows(v)[h.row_count - 1] = row;
            h.row_count++;
        }
        end_change(v);
        return fits;
    }
}

}  // namespace quiver::hnsw::build

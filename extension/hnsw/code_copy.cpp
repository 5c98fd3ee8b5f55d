// Filling a copy of codes and keeping it right.
#include "hnsw/code_copy.hpp"

#include "hnsw/inspect.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

namespace {

constexpr BlockNumber copy_lock = 2;

// Inserts that are under way leave holes; those farther back than this are not looked at again.
constexpr Vertex looked_at_again = 1024;

// Versions have eight bits.
constexpr std::uint32_t too_many_reuses = 256;

constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t to)
{
    return (n + to - 1) / to * to;
}

// The lock under which a copy is changed; an error releases it.
class CopyLock
{
public:
    explicit CopyLock(Relation index)
        : index_(ConditionalLockPage(index, copy_lock, ExclusiveLock) ? index : nullptr)
    {
    }
    CopyLock(const CopyLock &) = delete;
    CopyLock &operator=(const CopyLock &) = delete;
    ~CopyLock()
    {
        if (index_ != nullptr)
            UnlockPage(index_, copy_lock, ExclusiveLock);
    }
    bool is_held() const { return index_ != nullptr; }

private:
    Relation index_;
};

}  // namespace

CopyLayout copy_layout(const MetaPage &meta, std::uint32_t capacity)
{
    CopyLayout layout{};
    layout.capacity = capacity;
    // Codes that span pages are read from there.
    layout.stride = meta.code_bytes <= storage::page_payload ? meta.code_bytes : 0;
    layout.word_bytes = meta.attribute_count == 0
                            ? 0
                            : meta.attribute_bytes - std::uint32_t{sizeof(AttributeHeader)};
    layout.chunks = capacity / meta.vertices_per_chunk + 1;
    layout.tags_at = round_up(sizeof(CopyHeader), 64);
    layout.versions_at = layout.tags_at + layout.chunks * sizeof(std::uint32_t);
    layout.marks_at = round_up(layout.versions_at + capacity, 64);
    layout.words_at = layout.marks_at +
                      (layout.word_bytes == 0 ? 0 : round_up(capacity * sizeof(std::uint32_t), 64));
    layout.codes_at = round_up(layout.words_at + std::uint64_t{capacity} * layout.word_bytes, 4096);
    layout.bytes = round_up(layout.codes_at + std::uint64_t{capacity} * layout.stride, 4096);
    return layout;
}

bool CodeCopy::is_behind(const MetaPage &meta) const
{
    const std::uint64_t reuse = reuse_count();
    if (reuse == no_reuse_count || reuse < meta.reuse_count)
        return true;
    const std::uint32_t loaded = __atomic_load_n(&header().loaded, __ATOMIC_RELAXED);
    return reuse == meta.reuse_count && loaded < std::min(meta.vertex_count, layout_.capacity);
}

CopyView CodeCopy::view(const MetaPage &meta) const
{
    CopyView view{};
    view.count = std::min(layout_.capacity, meta.vertex_count);
    if (layout_.stride != 0)
    {
        view.codes = reinterpret_cast<const std::uint8_t *>(base_ + layout_.codes_at);
        view.stride = layout_.stride;
    }
    if (layout_.word_bytes != 0)
        view.attributes = {
            mark(0), base_ + layout_.words_at, layout_.capacity,
            std::min(view.count, __atomic_load_n(&header().loaded, __ATOMIC_ACQUIRE))};
    return view;
}

bool CodeCopy::has(Vertex vertex) const
{
    return (layout_.stride == 0 || __atomic_load_n(reinterpret_cast<std::uint64_t *>(entry(vertex)),
                                                   __ATOMIC_RELAXED) != 0) &&
           (layout_.word_bytes == 0 || __atomic_load_n(mark(vertex), __ATOMIC_RELAXED) != 0);
}

void CodeCopy::clear(Vertex vertex) const
{
    if (layout_.word_bytes != 0)
        __atomic_store_n(mark(vertex), 0U, __ATOMIC_RELEASE);
    if (layout_.stride != 0)
        __atomic_store_n(reinterpret_cast<std::uint64_t *>(entry(vertex)), std::uint64_t{0},
                         __ATOMIC_RELEASE);
}

// The vertex is live, so its code and attributes are written. To a free one nothing leads, but a sweep comes by.
void CodeCopy::load(Graph &graph, Vertex vertex, const LinkRecord *record) const
{
    *version(vertex) = record->version;
    if (layout_.word_bytes != 0 && record->is_live())
        load_attributes(graph, vertex);
    else if (layout_.word_bytes != 0)
        __atomic_store_n(mark(vertex), AttributeColumns::present | AttributeColumns::free,
                         __ATOMIC_RELEASE);
    if (layout_.stride != 0 && record->is_live())
        load_code(graph, vertex);
}

void CodeCopy::load_attributes(Graph &graph, Vertex vertex) const
{
    alignas(8) char record[most_attribute_bytes];
    graph.read_attributes(vertex, record);
    const MetaPage &meta = graph.meta();
    for (int i = 0; i < meta.attribute_count; ++i)
    {
        const std::uint32_t size = attribute_size(meta.attributes[i].kind);
        const std::uint16_t offset = meta.attributes[i].offset;
        std::memcpy(base_ + layout_.words_at +
                        std::uint64_t{layout_.capacity} * (offset - sizeof(AttributeHeader)) +
                        std::uint64_t{vertex} * size,
                    record + offset, size);
    }
    AttributeHeader header;
    std::memcpy(&header, record, sizeof header);
    __atomic_store_n(mark(vertex), header.nulls | AttributeColumns::present, __ATOMIC_RELEASE);
}

void CodeCopy::load_code(Graph &graph, Vertex vertex) const
{
    constexpr std::size_t factors = sizeof(std::uint64_t);
    char *to = entry(vertex);
    alignas(8) char copy[BLCKSZ];
    graph.read_code(vertex, copy);
    std::memcpy(to + factors, copy + factors, layout_.stride - factors);
    std::uint64_t bits;
    std::memcpy(&bits, copy, sizeof bits);
    __atomic_store_n(reinterpret_cast<std::uint64_t *>(to), bits, __ATOMIC_RELEASE);
}

// Load what is absent of [from, to); the first that still is, or `to`.
Vertex CodeCopy::load_range(Graph &graph, Vertex from, Vertex to) const
{
    Vertex absent = to;
    const Layout &layout = graph.layout();
    const std::uint32_t per_page = layout.links.per_page.divisor();
    while (from < to)
    {
        CHECK_FOR_INTERRUPTS();
        const Place place = layout.place(from);
        const Vertex end =
            std::min<Vertex>({to, from - place.index + layout.chunk.divisor(),
                              from + per_page - layout.links.per_page.remainder(place.index)});
        const LinkPage page{graph.block_of(layout.links, place), from,
                            static_cast<int>(end - from)};
        for_records(graph, page, [&](Vertex vertex, const LinkRecord *record) {
            if (has(vertex))
                return;
            if (record->state() == VertexState::unused)
                absent = std::min(absent, vertex);
            else
                load(graph, vertex, record);
        });
        from = end;
    }
    return absent;
}

// The chunk's count says that some of its numbers were given out again.
void CodeCopy::check_chunk(Graph &graph, std::uint32_t chunk, std::uint32_t count) const
{
    const std::uint32_t per_chunk = graph.layout().chunk.divisor();
    const auto first = static_cast<Vertex>(chunk * per_chunk);
    const Vertex end = std::min(first + per_chunk, header().loaded);
    const bool all = count - *tag(chunk) >= too_many_reuses;
    for (Vertex vertex = first; all && vertex < end; ++vertex)
        clear(vertex);
    const std::uint32_t per_page = graph.layout().links.per_page.divisor();
    for (Vertex from = first; !all && from < end;)
    {
        const Place place = graph.layout().place(from);
        const Vertex to = std::min(end, from + per_page);
        const LinkPage page{graph.block_of(graph.layout().links, place), from,
                            static_cast<int>(to - from)};
        for_records(graph, page, [&](Vertex vertex, const LinkRecord *record) {
            if (record->version != *version(vertex))
                clear(vertex);
        });
        from = to;
    }
    (void) load_range(graph, first, end);
    *tag(chunk) = count;
}

void CodeCopy::check_chunks(Graph &graph)
{
    const MetaPage &meta = graph.meta();
    const std::uint32_t known =
        header().loaded == 0 ? 0 : graph.layout().place(header().loaded - 1).chunk + 1;
    const std::uint32_t chunks = std::min(meta.chunk_count, layout_.chunks);
    for (std::uint32_t chunk = 0; chunk < chunks;)
    {
        const std::uint32_t number = chunk / chunks_per_directory_page;
        const std::uint32_t end = std::min(chunks, (number + 1) * chunks_per_directory_page);
        DirectoryEntry entries[chunks_per_directory_page];
        graph.read_directory_page(number, entries);
        for (; chunk < end; ++chunk)
        {
            const std::uint32_t count = entries[chunk % chunks_per_directory_page].reuse_count;
            if (count == *tag(chunk))
                continue;
            if (chunk < known)
                check_chunk(graph, chunk, count);
            else
                *tag(chunk) = count;
        }
    }
}

void CodeCopy::catch_up(Graph &graph, std::uint64_t most)
{
    const CopyLock lock{graph.index()};
    if (!lock.is_held())
        return;
    // Somebody may have done it meanwhile.
    const MetaPage &meta = graph.meta();
    CopyHeader &head = header();
    if (!is_behind(meta))
        return;
    if (head.reuse_count != meta.reuse_count)
    {
        check_chunks(graph);
        __atomic_store_n(&head.reuse_count, meta.reuse_count, __ATOMIC_RELEASE);
    }
    const Vertex count = std::min(meta.vertex_count, layout_.capacity);
    const Vertex loaded = head.loaded;
    if (loaded >= count)
        return;
    const std::uint32_t entry_bytes = layout_.stride + layout_.word_bytes + 1;
    const auto step =
        static_cast<Vertex>(std::clamp<std::uint64_t>(most / entry_bytes, 1, no_vertex));
    const Vertex from =
        std::min(loaded, std::max(head.absent_from, loaded - std::min(loaded, looked_at_again)));
    const Vertex to = count - loaded > step ? loaded + step : count;
    head.absent_from = load_range(graph, from, to);
    __atomic_store_n(&head.loaded, to, __ATOMIC_RELEASE);
}

}  // namespace quiver::hnsw

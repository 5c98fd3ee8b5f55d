// The values a graph is built from.
#include "hnsw/build_source.hpp"

#include <cstring>

namespace quiver::hnsw {

using build::Vertex;

build::ArenaLayout Source::layout_for(const MetaPage &meta, const Space &space,
                                      std::uint32_t max_vertices)
{
    if (space.fixed_width())
        return build::make_layout(meta.m, space.value_size(), 0, max_vertices, 0);
    constexpr std::uint32_t most_words = 1 + 2 * sparse_max_nonzeros;
    return build::make_layout(meta.m, sizeof(Spilled), 0, max_vertices, most_words);
}

build::Distances Source::distances() { return {this, to_new, between, equals_new, store_new}; }

Value Source::value(Vertex vertex) const
{
    const char *record = arena_->hot(vertex);
    if (space_->fixed_width())
        return {record, space_->value_size()};
    Spilled spilled;
    std::memcpy(&spilled, record, sizeof spilled);
    return {arena_->pool(spilled.word), spilled.size};
}

void Source::many(const void *from, const Vertex *vertices, std::size_t count, float *out) const
{
    constexpr std::size_t most = 32;
    const void *rows[most];
    for (std::size_t done = 0; done < count; done += most)
    {
        const std::size_t part = count - done < most ? count - done : most;
        for (std::size_t i = 0; i < part; ++i)
        {
            rows[i] = value(vertices[done + i]).bytes;
            __builtin_prefetch(rows[i]);
        }
        space_->distances(from, rows, part, out + done);
    }
}

void Source::to_new(void *state, const Vertex *vertices, std::size_t count, float *out)
{
    const auto *source = static_cast<const Source *>(state);
    source->many(source->new_.bytes, vertices, count, out);
}

void Source::between(void *state, Vertex from, const Vertex *vertices, std::size_t count,
                     float *out)
{
    const auto *source = static_cast<const Source *>(state);
    source->many(source->value(from).bytes, vertices, count, out);
}

bool Source::equals_new(void *state, Vertex vertex)
{
    const auto *source = static_cast<const Source *>(state);
    const Value value = source->value(vertex);
    return value.size == source->new_.size &&
           std::memcmp(value.bytes, source->new_.bytes, value.size) == 0;
}

void Source::store_new(void *state, Vertex vertex)
{
    const auto *source = static_cast<const Source *>(state);
    const Value &value = source->new_;
    char *record = source->arena_->hot(vertex);
    if (source->space_->fixed_width())
    {
        std::memcpy(record, value.bytes, value.size);
        return;
    }
    const Spilled spilled{source->arena_->take_pool((value.size + 3) / 4), value.size};
    // The builder has asked whether there is room.
    if (spilled.word == build::nothing)
        elog(ERROR, "no room for a value of %u bytes", value.size);
    std::memcpy(source->arena_->pool(spilled.word), value.bytes, value.size);
    std::memcpy(record, &spilled, sizeof spilled);
}

}  // namespace quiver::hnsw

// Insertion: search, choose, write, and have the neighbours link back (docs/hnsw.md, Insert).
#include "hnsw/insert.hpp"

#include "hnsw/build.hpp"
#include "hnsw/options.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quiver::hnsw {

int draw_level(pg_prng_state *state, int m, int highest)
{
    // 1 - u is never 0.
    const double u = 1 - pg_prng_double(state);
    const double level = -std::log(u) / std::log(m);
    return level < highest ? static_cast<int>(level) : highest;
}

namespace {

// The results of a walk as candidates, with their values.
Choice *choices_of(Graph &graph, const pg::Array<Found> &found)
{
    auto *choices = static_cast<Choice *>(palloc((found.size() + 1) * sizeof(Choice)));
    for (std::size_t i = 0; i < found.size(); ++i)
        choices[i] = {found[i].distance, found[i].vertex, graph.value_of(found[i].vertex).bytes};
    return choices;
}

bool same_value(const Space &space, const void *a, const Value &b)
{
    if (space.kind == ValueKind::sparse)
    {
        std::int32_t count;
        std::memcpy(&count, a, sizeof count);
        if (static_cast<std::uint32_t>(4 + 8 * count) != b.size)
            return false;
    }
    return std::memcmp(a, b.bytes, b.size) == 0;
}

// The level of the number that will be taken, if one is free: it keeps its own.
int next_level(Graph &graph)
{
    const MetaPage &meta = graph.meta();
    if (meta.free_head != no_vertex && graph.exists(meta.free_head))
    {
        VertexCopy copy;
        graph.read(meta.free_head, 0, &copy);
        if (copy.state == VertexState::free)
            return copy.level;
    }
    return draw_level(&pg_global_prng_state, meta.m, meta.max_level);
}

bool same_attributes(Graph &graph, Vertex vertex, const void *attributes)
{
    if (attributes == nullptr)
        return true;
    const std::uint32_t size = graph.meta().attribute_bytes;
    auto *record = static_cast<char *>(palloc(size));
    graph.read_attributes(vertex, record);
    return std::memcmp(record, attributes, size) == 0;
}

bool join_equal(Graph &graph, Writer &writer, const Neighbours &neighbours, const NewRow &row)
{
    for (int i = 0; i < neighbours.equal; ++i)
        if (same_attributes(graph, neighbours.found[i].vertex, row.attributes) &&
            writer.add_row(neighbours.found[i].vertex, row.tid))
            return true;
    return false;
}

}  // namespace

void find_neighbours(Graph &graph, const Value &value, int level, Vertex excluded, Neighbours *out)
{
    const Space &space = graph.links_space();
    const float self = space.distance(value.bytes, value.bytes);
    const std::uint32_t salt = pg_prng_uint32(&pg_global_prng_state);
    const std::size_t width = graph.meta().ef_construction + (excluded != no_vertex ? 1U : 0U);
    *out = {};
    out->level = level;
    if (graph.meta().entry == no_vertex)
        return;
    auto *search = new (palloc(sizeof(Search))) Search{graph, value.bytes};
    const int top = std::min(level, static_cast<int>(graph.meta().entry_level));
    pg::Array<Candidate> from;
    from.push_back(search->descend(top));
    for (int layer = top; layer >= 0; --layer)
    {
        search->walk(layer, width, from.data(), from.size(), false, excluded);
        search->sort_found(width, salt);
        const pg::Array<Found> &found = search->found();
        if (!found.empty())
            from.clear();
        for (const Found &f : found)
            from.push_back({f.distance, f.vertex});
        Choice *choices = choices_of(graph, found);
        if (layer == 0)
        {
            out->found = found.data();
            while (out->equal < static_cast<int>(found.size()) &&
                   same_value(space, choices[out->equal].value, value))
                ++out->equal;
        }
        out->layers[layer] = {choices,
                              select_neighbours(space, choices, static_cast<int>(found.size()),
                                                graph.room_at(layer, false), self)};
    }
}

void insert_row(Relation index, const NewRow &row, bool logged)
{
    pg::PageLock lock{index, update_lock, ShareLock};
    Graph graph{index};
    int level = next_level(graph);
    const auto raises = [&] {
        return graph.meta().entry == no_vertex ||
               level > static_cast<int>(graph.meta().entry_level);
    };
    if (raises())
    {
        lock.exchange(ExclusiveLock);
        graph.renew();
    }

    Neighbours neighbours;
    find_neighbours(graph, graph.links_value(row.value), level, no_vertex, &neighbours);
    Writer writer{graph, logged};
    if (join_equal(graph, writer, neighbours, row))
        return;

    const TakenNumber number = writer.take_number(row.value);
    if (number.used_before)
        level = std::min(level, number.level);
    List lists[highest_level + 1];
    for (int layer = 0; layer <= level; ++layer)
    {
        const Neighbours::Layer &from = neighbours.layers[layer];
        auto *links = static_cast<Vertex *>(palloc((from.count + 1) * sizeof(Vertex)));
        for (int i = 0; i < from.count; ++i)
            links[i] = from.choices[i].vertex;
        lists[layer] = {from.count, links};
    }
    writer.write_vertex(number, level, lists, row);
    link_neighbours_back(graph, writer, number.vertex, neighbours, level);
    if (raises())
        writer.set_entry(number.vertex, level, false);
}

}  // namespace quiver::hnsw

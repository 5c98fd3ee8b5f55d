// Insertion: search, choose, write, link back (docs/hnsw.md, Insert).
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

bool join_equal(Graph &graph, Writer &writer, const Neighbours &neighbours,
                const ItemPointerData &tid)
{
    for (int i = 0; i < neighbours.equal; ++i)
        if (writer.add_row(neighbours.found[i].vertex, tid))
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
        out->layers[layer] = {choices, select_neighbours(space, choices,
                                                         static_cast<int>(found.size()),
                                                         graph.links_at(layer), self)};
    }
}

namespace {

struct Pruned
{
    bool gained;  // the new one is in
    Vertex dropped_equal;
    int count;
    Vertex links[most_links];
};

// What a full list becomes when one more wants in.
void prune(Graph &graph, Vertex vertex, const VertexCopy &copy, const Choice &added, int limit,
           Pruned *out)
{
    const Space &space = graph.links_space();
    const Value own = graph.value_of(vertex);
    const float self = space.distance(own.bytes, own.bytes);
    float distances[most_links];
    graph.distances(own.bytes, copy.links, copy.link_count, distances);
    Choice choices[most_links + 1];
    for (int i = 0; i < copy.link_count; ++i)
        choices[i + 1] = {distances[i], copy.links[i], graph.value_of(copy.links[i]).bytes};
    sort_choices(choices + 1, copy.link_count, vertex);
    // Before those that are as near.
    choices[0] = added;
    const int total = copy.link_count + 1;
    for (int i = 1; i < total && choices[i].distance < added.distance; ++i)
        std::swap(choices[i - 1], choices[i]);
    out->count = select_neighbours(space, choices, total, limit, self);
    out->gained = false;
    for (int i = 0; i < out->count; ++i)
    {
        out->links[i] = choices[i].vertex;
        out->gained = out->gained || choices[i].vertex == added.vertex;
    }
    out->dropped_equal = no_vertex;
    for (int i = out->count; i < total && is_self(added.distance, self); ++i)
        if (is_self(choices[i].distance, self))
            out->dropped_equal = choices[i].vertex;
}

}  // namespace

Vertex link_back(Graph &graph, Writer &writer, Vertex vertex, int layer, Vertex other,
                 float distance)
{
    const int limit = graph.links_at(layer);
    VertexCopy copy;
    Pruned changed;
    // Between reading a list and changing it another may; a few lost races are enough.
    for (int attempt = 0; attempt < 4; ++attempt)
    {
        graph.read(vertex, layer, &copy);
        if (!copy.has_rows() || layer > copy.level ||
            std::find(copy.links, copy.links + copy.link_count, other) !=
                copy.links + copy.link_count)
            return no_vertex;
        for (int i = 0; i < copy.link_count; ++i)
            if (!graph.exists(copy.links[i]))
                graph.damage(meta_block, "knows nothing of a vertex that is linked to");
        if (copy.link_count < limit)
        {
            std::copy_n(copy.links, copy.link_count, changed.links);
            changed.links[copy.link_count] = other;
            changed.count = copy.link_count + 1;
            changed.dropped_equal = no_vertex;
        }
        else
        {
            prune(graph, vertex, copy, {distance, other, graph.value_of(other).bytes}, limit,
                  &changed);
            if (!changed.gained)
                return no_vertex;
        }
        if (writer.replace_links(vertex, layer, {copy.link_count, copy.links},
                                 {changed.count, changed.links}))
            return changed.dropped_equal;
    }
    return no_vertex;
}

namespace {

void link_all_back(Graph &graph, Writer &writer, Vertex vertex, const Neighbours &neighbours,
                   int level)
{
    for (int layer = level; layer >= 0; --layer)
        for (int i = 0; i < neighbours.layers[layer].count; ++i)
        {
            const Choice &choice = neighbours.layers[layer].choices[i];
            const Vertex dropped =
                link_back(graph, writer, choice.vertex, layer, vertex, choice.distance);
            if (dropped != no_vertex)
                link_back(graph, writer, vertex, layer, dropped, choice.distance);
        }
}

}  // namespace

void insert_row(Relation index, const Value &value, const ItemPointerData &tid, bool logged)
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
    find_neighbours(graph, graph.links_value(value), level, no_vertex, &neighbours);
    Writer writer{graph, logged};
    if (join_equal(graph, writer, neighbours, tid))
        return;

    const TakenNumber number = writer.take_number();
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
    writer.write_vertex(number, level, lists, value, tid);
    link_all_back(graph, writer, number.vertex, neighbours, level);
    if (raises())
        writer.set_entry(number.vertex, level, false);
}

}  // namespace quiver::hnsw

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

bool has_link(const VertexCopy &copy, Vertex vertex)
{
    return std::find(copy.links, copy.links + copy.link_count, vertex) !=
           copy.links + copy.link_count;
}

}  // namespace

LinkedBack link_back(Graph &graph, Writer &writer, Vertex vertex, int layer, Vertex other,
                     float distance)
{
    const int limit = graph.links_at(layer);
    VertexCopy copy;
    Pruned changed;
    // Between reading a list and changing it another may, and then the list is chosen anew.
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        graph.read(vertex, layer, &copy);
        if (!copy.has_rows() || layer > copy.level)
            return {false, no_vertex};
        if (has_link(copy, other))
            return {true, no_vertex};
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
                return {false, no_vertex};
        }
        if (writer.replace_links(vertex, layer, {copy.link_count, copy.links},
                                 {changed.count, changed.links}))
            return {true, changed.dropped_equal};
    }
}

namespace {

bool has_rows(Graph &graph, Vertex vertex)
{
    VertexCopy copy;
    graph.read(vertex, -1, &copy);
    return copy.has_rows();
}

// The place in a list of the one nearest to a vertex, among those with rows; if there is none, 0.
int nearest_with_rows(Graph &graph, Vertex vertex, const VertexCopy &list)
{
    float distances[most_links];
    graph.distances(graph.value_of(vertex).bytes, list.links, list.link_count, distances);
    int best = -1;
    for (int i = 0; i < list.link_count; ++i)
        if ((best < 0 || distances[i] < distances[best]) && has_rows(graph, list.links[i]))
            best = i;
    return std::max(best, 0);
}

// Have a new vertex lead to `other`, if need be instead of the last that it leads to.
void lead_to(Graph &graph, Writer &writer, Vertex vertex, Vertex other)
{
    VertexCopy copy;
    Vertex links[most_links];
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        graph.read(vertex, 0, &copy);
        if (!copy.has_rows() || other == vertex || has_link(copy, other))
            return;
        const int count = std::min<int>(copy.link_count + 1, graph.links_at(0));
        std::copy_n(copy.links, copy.link_count, links);
        links[count - 1] = other;
        if (writer.replace_links(vertex, 0, {copy.link_count, copy.links}, {count, links}))
            return;
    }
}

// Take a place in a full list of layer 0. Who had it is led to from the new vertex, so no way is lost;
// unless it has no rows, when vacuum is about to find other ways around it. False if the list's owner
// has lost its rows meanwhile.
bool take_place(Graph &graph, Writer &writer, Vertex vertex, Vertex other)
{
    VertexCopy copy;
    Vertex links[most_links];
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        graph.read(vertex, 0, &copy);
        if (!copy.has_rows())
            return false;
        if (has_link(copy, other))
            return true;
        int count = copy.link_count;
        int at = count;
        if (count == graph.links_at(0))
            at = nearest_with_rows(graph, other, copy);
        else
            ++count;
        std::copy_n(copy.links, copy.link_count, links);
        if (at < copy.link_count && has_rows(graph, links[at]))
            lead_to(graph, writer, other, links[at]);
        links[at] = other;
        if (writer.replace_links(vertex, 0, {copy.link_count, copy.links}, {count, links}))
            return true;
    }
}

void link_all_back(Graph &graph, Writer &writer, Vertex vertex, const Neighbours &neighbours,
                   int level)
{
    bool linked = false;  // on layer 0, which is the last
    for (int layer = level; layer >= 0; --layer)
        for (int i = 0; i < neighbours.layers[layer].count; ++i)
        {
            const Choice &choice = neighbours.layers[layer].choices[i];
            const LinkedBack back =
                link_back(graph, writer, choice.vertex, layer, vertex, choice.distance);
            linked = linked || (layer == 0 && back.linked);
            // Nothing new may lead to what vacuum is about to free.
            if (back.dropped_equal != no_vertex && has_rows(graph, back.dropped_equal))
                link_back(graph, writer, vertex, layer, back.dropped_equal, choice.distance);
        }
    // Every neighbour has nearer ones in its direction; these may know nothing of the new vertex, and
    // while vacuum is under way they may be about to go.
    const Neighbours::Layer &ground = neighbours.layers[0];
    for (int i = 0; i < ground.count && !linked; ++i)
        linked = take_place(graph, writer, ground.choices[i].vertex, vertex);
}

}  // namespace

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
    if (row.attributes != nullptr)
        writer.write_attributes(number.vertex, row.attributes);
    writer.write_vertex(number, level, lists, row.value, row.tid);
    link_all_back(graph, writer, number.vertex, neighbours, level);
    if (raises())
        writer.set_entry(number.vertex, level, false);
}

}  // namespace quiver::hnsw

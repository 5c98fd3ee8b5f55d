// Links back to a vertex: adding them to the lists of others, which may be full.
#include "hnsw/insert.hpp"

#include <algorithm>

namespace quiver::hnsw {

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

enum class Plan
{
    refused,  // all that the list has are better, or its vertex takes no links
    there,
    change
};

// What a list has to become to have one more link.
Plan plan_link(Graph &graph, const BackLink &link, int layer, const VertexCopy &copy, Pruned *out)
{
    if (!copy.has_rows() || layer > copy.level)
        return Plan::refused;
    if (has_link(copy, link.other))
        return Plan::there;
    for (int i = 0; i < copy.link_count; ++i)
        if (!graph.exists(copy.links[i]))
            graph.damage(meta_block, "knows nothing of a vertex that is linked to");
    if (copy.link_count == graph.links_at(layer))
    {
        prune(graph, link.vertex, copy,
              {link.distance, link.other, graph.value_of(link.other).bytes}, graph.links_at(layer),
              out);
        return out->gained ? Plan::change : Plan::refused;
    }
    std::copy_n(copy.links, copy.link_count, out->links);
    out->links[copy.link_count] = link.other;
    out->count = copy.link_count + 1;
    out->dropped_equal = no_vertex;
    return Plan::change;
}

}  // namespace

LinkedBack link_back(Graph &graph, Writer &writer, const BackLink &link, int layer)
{
    VertexCopy copy;
    Pruned changed;
    // Between reading a list and changing it another may, and then the list is chosen anew.
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        graph.read(link.vertex, layer, &copy);
        const Plan plan = plan_link(graph, link, layer, copy, &changed);
        if (plan != Plan::change)
            return {plan == Plan::there, no_vertex};
        if (writer.replace_links(link.vertex, layer, {copy.link_count, copy.links},
                                 {changed.count, changed.links}))
            return {true, changed.dropped_equal};
    }
}

void link_back(Graph &graph, Writer &writer, const BackLink *links, int count, LinkedBack *out)
{
    struct Planned
    {
        VertexCopy copy;
        Pruned changed;
    };
    auto *planned = static_cast<Planned *>(
        palloc_extended(sizeof(Planned) * static_cast<std::size_t>(count + 1), MCXT_ALLOC_HUGE));
    auto *changes =
        static_cast<LinkChange *>(palloc(sizeof(LinkChange) * static_cast<std::size_t>(count + 1)));
    int change_count = 0;
    MemoryContext step =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw links", ALLOCSET_DEFAULT_SIZES);
    for (int i = 0; i < count; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        Planned &one = planned[i];
        graph.read(links[i].vertex, 0, &one.copy);
        MemoryContext caller = MemoryContextSwitchTo(step);
        const Plan plan = plan_link(graph, links[i], 0, one.copy, &one.changed);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(step);
        out[i] = {plan == Plan::there, no_vertex};
        if (plan == Plan::change)
            changes[change_count++] = {links[i].vertex,
                                       i,
                                       {one.copy.link_count, one.copy.links},
                                       {one.changed.count, one.changed.links},
                                       InvalidBlockNumber,
                                       false};
    }
    MemoryContextDelete(step);
    writer.replace_links(changes, change_count);
    for (int i = 0; i < change_count; ++i)
    {
        const int at = changes[i].tag;
        out[at] = changes[i].done ? LinkedBack{true, planned[at].changed.dropped_equal}
                                  : link_back(graph, writer, links[at], 0);
    }
    pfree(changes);
    pfree(planned);
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

}  // namespace

void link_neighbours_back(Graph &graph, Writer &writer, Vertex vertex, const Neighbours &neighbours,
                          int level)
{
    const auto keep_equal = [&](const LinkedBack &back, int layer, float distance) {
        // Nothing new may lead to what vacuum is about to free.
        if (back.dropped_equal != no_vertex && has_rows(graph, back.dropped_equal))
            link_back(graph, writer, BackLink{vertex, back.dropped_equal, distance}, layer);
    };
    for (int layer = level; layer > 0; --layer)
        for (int i = 0; i < neighbours.layers[layer].count; ++i)
        {
            const Choice &choice = neighbours.layers[layer].choices[i];
            keep_equal(link_back(graph, writer, {choice.vertex, vertex, choice.distance}, layer),
                       layer, choice.distance);
        }

    const Neighbours::Layer &ground = neighbours.layers[0];
    BackLink links[most_links];
    LinkedBack backs[most_links];
    for (int i = 0; i < ground.count; ++i)
        links[i] = {ground.choices[i].vertex, vertex, ground.choices[i].distance};
    link_back(graph, writer, links, ground.count, backs);
    bool linked = false;
    for (int i = 0; i < ground.count; ++i)
    {
        keep_equal(backs[i], 0, links[i].distance);
        linked = linked || backs[i].linked;
    }
    // Every neighbour has nearer ones in its direction; these may know nothing of the new vertex, and
    // while vacuum is under way they may be about to go.
    for (int i = 0; i < ground.count && !linked; ++i)
        linked = take_place(graph, writer, ground.choices[i].vertex, vertex);
}

}  // namespace quiver::hnsw

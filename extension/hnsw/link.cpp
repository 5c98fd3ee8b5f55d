// Links back to a vertex: adding them to the lists of others, which may be full.
#include "hnsw/insert.hpp"
#include "hnsw/prune.hpp"

#include <algorithm>

namespace quiver::hnsw {

namespace {

bool has_link(const VertexCopy &copy, Vertex vertex)
{
    return std::find(copy.links, copy.links + copy.link_count, vertex) !=
           copy.links + copy.link_count;
}

bool has_rows(Graph &graph, Vertex vertex)
{
    VertexCopy copy;
    graph.read(vertex, -1, &copy);
    return copy.has_rows();
}

// What becomes of a list that shall have one more link.
enum class Plan
{
    refused,  // all that it has are better or needed, or its vertex takes no links
    there,
    change
};

// Change the list of a vertex with rows to what `choose(copy, &changed)` makes of it, if that says so. Between reading
// a list and changing it another may, and then it is chosen anew.
template <class Choose>
Plan change_list(Graph &graph, Writer &writer, Vertex vertex, int layer, Choose choose)
{
    VertexCopy copy;
    NewList changed;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        graph.read(vertex, layer, &copy);
        if (!copy.has_rows() || layer > copy.level)
            return Plan::refused;
        const Plan plan = choose(copy, &changed);
        if (plan != Plan::change ||
            writer.replace_links(vertex, layer, {copy.link_count, copy.links},
                                 {changed.count, changed.links}))
            return plan;
    }
}

// A list with one more link: behind the others, or in place of the one at `at`.
void put_link(const VertexCopy &copy, int at, Vertex other, NewList *out)
{
    std::copy_n(copy.links, copy.link_count, out->links);
    out->links[at] = other;
    out->count = std::max<int>(copy.link_count, at + 1);
}

// What the list of a vertex with rows has to become to have one more link.
Plan plan_link(Graph &graph, const BackLink &link, int layer, const VertexCopy &copy,
               const PrunedLists &pruned, NewList *out)
{
    if (has_link(copy, link.other))
        return Plan::there;
    for (int i = 0; i < copy.link_count; ++i)
        if (!graph.exists(copy.links[i]))
            graph.damage(meta_block, "knows nothing of a vertex that is linked to");
    if (copy.link_count < graph.links_at(layer))
        put_link(copy, copy.link_count, link.other, out);
    else if (!prune(graph, link.vertex, layer, copy,
                    {link.distance, link.other, graph.value_of(link.other).bytes}, pruned, out))
        return Plan::refused;
    return Plan::change;
}

}  // namespace

bool link_back(Graph &graph, Writer &writer, const BackLink &link, int layer)
{
    const Plan plan = change_list(graph, writer, link.vertex, layer,
                                  [&](const VertexCopy &copy, NewList *changed) {
                                      return plan_link(graph, link, layer, copy, {}, changed);
                                  });
    return plan != Plan::refused;
}

void link_back(Graph &graph, Writer &writer, const BackLink *links, int count, bool *out)
{
    struct Planned
    {
        VertexCopy copy;
        NewList changed;
    };
    auto *planned = static_cast<Planned *>(
        palloc_extended(sizeof(Planned) * static_cast<std::size_t>(count + 1), MCXT_ALLOC_HUGE));
    auto *changes =
        static_cast<LinkChange *>(palloc(sizeof(LinkChange) * static_cast<std::size_t>(count + 1)));
    int change_count = 0;
    PrunedLists pruned;
    MemoryContext step =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw links", ALLOCSET_DEFAULT_SIZES);
    for (int i = 0; i < count; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        auto &[copy, changed] = planned[i];
        graph.read(links[i].vertex, 0, &copy);
        MemoryContext caller = MemoryContextSwitchTo(step);
        const Plan plan =
            copy.has_rows() ? plan_link(graph, links[i], 0, copy, pruned, &changed) : Plan::refused;
        MemoryContextSwitchTo(caller);
        MemoryContextReset(step);
        out[i] = plan == Plan::there;
        if (plan != Plan::change)
            continue;
        if (copy.link_count == graph.links_at(0))
            pruned.add(links[i].vertex, &changed);
        changes[change_count++] = {
            links[i].vertex,    i,    {copy.link_count, copy.links}, {changed.count, changed.links},
            InvalidBlockNumber, false};
    }
    MemoryContextDelete(step);
    writer.replace_links(changes, change_count);
    for (int i = 0; i < change_count; ++i)
    {
        const int at = changes[i].tag;
        out[at] = changes[i].done || link_back(graph, writer, links[at], 0);
    }
    pfree(changes);
    pfree(planned);
}

namespace {

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

// Have a vertex that little leads to lead to `other`, if need be instead of the last that it leads to.
void lead_to(Graph &graph, Writer &writer, Vertex vertex, Vertex other)
{
    (void) change_list(graph, writer, vertex, 0, [&](const VertexCopy &copy, NewList *changed) {
        if (other == vertex || has_link(copy, other))
            return Plan::there;
        put_link(copy, std::min<int>(copy.link_count, graph.links_at(0) - 1), other, changed);
        return Plan::change;
    });
}

// Take a place in a list of layer 0. Who had it, if the list is full, is led to from `other`, so no way is lost;
// unless it has no rows, when vacuum is about to find other ways around it. False if the list's owner has lost its
// rows meanwhile.
bool take_place(Graph &graph, Writer &writer, Vertex vertex, Vertex other)
{
    const auto choose = [&](const VertexCopy &copy, NewList *changed) {
        if (has_link(copy, other))
            return Plan::there;
        int at = copy.link_count;
        if (at == graph.links_at(0))
        {
            at = nearest_with_rows(graph, other, copy);
            if (has_rows(graph, copy.links[at]))
                lead_to(graph, writer, other, copy.links[at]);
        }
        put_link(copy, at, other, changed);
        return Plan::change;
    };
    return change_list(graph, writer, vertex, 0, choose) != Plan::refused;
}

}  // namespace

void link_neighbours_back(Graph &graph, Writer &writer, Vertex vertex, const Neighbours &neighbours,
                          int level)
{
    for (int layer = level; layer > 0; --layer)
        for (int i = 0; i < neighbours.layers[layer].count; ++i)
        {
            const Choice &choice = neighbours.layers[layer].choices[i];
            (void) link_back(graph, writer, {choice.vertex, vertex, choice.distance}, layer);
        }

    const Neighbours::Layer &ground = neighbours.layers[0];
    BackLink links[most_links];
    bool linked[most_links];
    for (int i = 0; i < ground.count; ++i)
        links[i] = {ground.choices[i].vertex, vertex, ground.choices[i].distance};
    link_back(graph, writer, links, ground.count, linked);
    bool any = std::find(linked, linked + ground.count, true) != linked + ground.count;
    // Every neighbour has nearer ones in its direction; these may know nothing of the vertex, and while vacuum
    // is under way they may be about to go.
    for (int i = 0; i < ground.count && !any; ++i)
        any = take_place(graph, writer, ground.choices[i].vertex, vertex);
}

}  // namespace quiver::hnsw

// Pruning a full list.
#include "hnsw/prune.hpp"

#include <algorithm>

namespace quiver::hnsw {

namespace {

// Candidates by where they are: [0, chosen) stay, [chosen, needed) go only if something that stays leads to
// them, and the others go.
struct Choices
{
    Choice all[most_links + 1];
    int total;
    int chosen;
    int needed;
};

// Take those that a list leads to from among the needed.
void strike_out(Choices *choices, const Vertex *links, int count)
{
    for (int i = choices->chosen; i < choices->needed;)
        if (std::find(links, links + count, choices->all[i].vertex) != links + count)
            std::swap(choices->all[i], choices->all[--choices->needed]);
        else
            ++i;
}

// Leave among the needed those that nothing which stays leads to.
void find_needed(Graph &graph, int layer, const PrunedLists &pruned, float self, Choices *choices)
{
    const bool all = graph.space().metric != Metric::inner_product;
    Choice *const end =
        std::partition(choices->all + choices->chosen, choices->all + choices->total,
                       [&](const Choice &choice) { return all || is_self(choice.distance, self); });
    choices->needed = static_cast<int>(end - choices->all);
    VertexCopy copy;
    for (int i = 0; i < choices->chosen && choices->needed > choices->chosen; ++i)
    {
        if (const NewList *list = pruned.of(choices->all[i].vertex))
        {
            strike_out(choices, list->links, list->count);
            continue;
        }
        graph.read(choices->all[i].vertex, layer, &copy);
        if (copy.has_rows())  // otherwise vacuum is about to free it
            strike_out(choices, copy.links, copy.link_count);
    }
    // Nor does anybody need a way to what has no rows.
    for (int i = choices->chosen; i < choices->needed;)
    {
        graph.read(choices->all[i].vertex, -1, &copy);
        if (copy.has_rows())
            ++i;
        else
            std::swap(choices->all[i], choices->all[--choices->needed]);
    }
}

}  // namespace

const NewList *PrunedLists::of(Vertex vertex) const
{
    const Vertex *found = std::find(vertices_.begin(), vertices_.end(), vertex);
    return found != vertices_.end() ? lists_[static_cast<std::size_t>(found - vertices_.begin())]
                                    : nullptr;
}

bool prune(Graph &graph, Vertex vertex, int layer, const VertexCopy &copy, const Choice &added,
           const PrunedLists &pruned, NewList *out)
{
    const Space &space = graph.links_space();
    const Value own = graph.value_of(vertex);
    const float self = space.distance(own.bytes, own.bytes);
    float distances[most_links];
    graph.distances(own.bytes, copy.links, copy.link_count, distances);
    Choices choices;
    Choice *all = choices.all;
    for (int i = 0; i < copy.link_count; ++i)
        all[i + 1] = {distances[i], copy.links[i], graph.value_of(copy.links[i]).bytes};
    sort_choices(all + 1, copy.link_count, vertex);
    // Before those that are as near.
    all[0] = added;
    choices.total = copy.link_count + 1;
    for (int i = 1; i < choices.total && all[i].distance < added.distance; ++i)
        std::swap(all[i - 1], all[i]);
    const int limit = graph.links_at(layer);
    choices.chosen = select_neighbours(space, all, choices.total, graph.room_at(layer, true), self);
    const auto is_added = [&](const Choice &choice) { return choice.vertex == added.vertex; };
    if (std::none_of(all, all + choices.chosen, is_added))
        return false;
    find_needed(graph, layer, pruned, self, &choices);
    if (choices.needed > limit)
        return false;
    out->count = choices.needed;
    for (int i = 0; i < out->count; ++i)
        out->links[i] = all[i].vertex;
    return true;
}

}  // namespace quiver::hnsw

// Repair of lists around dead vertices: the dead one's neighbours stand in for it.
#include "hnsw/vacuum.hpp"

#include <algorithm>

namespace quiver::hnsw {

namespace {

constexpr int most_candidates = 512;
// Dead vertices looked behind for one list; where all are dead around, a search finds more.
constexpr int most_dead = 96;

struct Gathered
{
    Vertex vertices[most_candidates];
    int count = 0;

    void add(Vertex vertex)
    {
        if (count < most_candidates &&
            std::find(vertices, vertices + count, vertex) == vertices + count)
            vertices[count++] = vertex;
    }
};

// The living that the dead of a list lead to, through other dead if need be.
void gather(Graph &graph, Vertex vertex, int layer, const VertexCopy &copy, const VertexSet &dead,
            Gathered *out)
{
    Gathered behind;
    for (int i = 0; i < copy.link_count; ++i)
        (dead.has(copy.links[i]) ? behind : *out).add(copy.links[i]);
    const int enough = graph.links_at(layer) * 2;
    VertexCopy other;
    for (int i = 0; i < behind.count && i < most_dead; ++i)
    {
        // All neighbours of the list's own dead; further only while candidates are few.
        if (i >= copy.link_count && out->count >= enough)
            break;
        graph.read(behind.vertices[i], layer, &other);
        for (int j = 0; j < other.link_count; ++j)
        {
            const Vertex next = other.links[j];
            if (!graph.exists(next))
                graph.damage(meta_block, "knows nothing of a vertex that is linked to");
            if (next != vertex)
                (dead.has(next) ? behind : *out).add(next);
        }
    }
}

// The candidates with distances and values, nearest first; those without rows are left out.
int weigh(Graph &graph, const Value &own, int layer, std::uint32_t salt, const Gathered &gathered,
          Choice *out)
{
    auto *distances = static_cast<float *>(palloc(sizeof(float) * most_candidates));
    graph.distances(own.bytes, gathered.vertices, gathered.count, distances);
    int count = 0;
    VertexCopy copy;
    for (int i = 0; i < gathered.count; ++i)
    {
        graph.read(gathered.vertices[i], -1, &copy);
        if (copy.has_rows() && copy.level >= layer)
            out[count++] = {distances[i], gathered.vertices[i], nullptr};
    }
    sort_choices(out, count, salt);
    // The heuristic rarely looks further.
    count = std::min(count, 3 * graph.links_at(layer));
    for (int i = 0; i < count; ++i)
        out[i].value = graph.value_of(out[i].vertex).bytes;
    return count;
}

bool names_dead(const VertexCopy &copy, const VertexSet &dead)
{
    for (int i = 0; i < copy.link_count; ++i)
        if (dead.has(copy.links[i]))
            return true;
    return false;
}

// True when the list names no dead vertex any more.
bool repair_list(Graph &graph, Writer &writer, Vertex vertex, int layer, const VertexSet &dead)
{
    VertexCopy copy;
    graph.read(vertex, layer, &copy);
    if (!copy.has_rows() || layer > copy.level || !names_dead(copy, dead))
        return true;
    const Value own = graph.value_of(vertex);
    auto *gathered = new (palloc(sizeof(Gathered))) Gathered;
    gather(graph, vertex, layer, copy, dead, gathered);
    if (gathered->count < graph.m() / 2)
    {
        Neighbours found;
        find_neighbours(graph, own, copy.level, vertex, &found);
        for (int i = 0; i < found.layers[layer].count; ++i)
            gathered->add(found.layers[layer].choices[i].vertex);
    }
    auto *choices = static_cast<Choice *>(palloc(sizeof(Choice) * most_candidates));
    const int candidates = weigh(graph, own, layer, vertex, *gathered, choices);
    const int count =
        select_neighbours(graph.links_space(), choices, candidates, graph.links_at(layer),
                          graph.links_space().distance(own.bytes, own.bytes));
    Vertex changed[most_links];
    for (int i = 0; i < count; ++i)
        changed[i] = choices[i].vertex;
    if (!writer.replace_links(vertex, layer, {copy.link_count, copy.links}, {count, changed}))
        return false;
    for (int i = 0; i < count; ++i)
        if (std::find(copy.links, copy.links + copy.link_count, changed[i]) ==
            copy.links + copy.link_count)
            link_back(graph, writer, changed[i], layer, vertex, choices[i].distance);
    return true;
}

}  // namespace

void repair_vertex(Graph &graph, Writer &writer, Vertex vertex, const VertexSet &dead)
{
    VertexCopy copy;
    graph.read(vertex, -1, &copy);
    for (int layer = copy.level; layer >= 0 && copy.has_rows(); --layer)
        // An insert may change a list while it is repaired; it then has to be read again.
        while (!repair_list(graph, writer, vertex, layer, dead))
            CHECK_FOR_INTERRUPTS();
}

}  // namespace quiver::hnsw

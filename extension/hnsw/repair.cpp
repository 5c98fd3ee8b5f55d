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
    const int own = behind.count;
    const int enough = graph.links_at(layer) * 2;
    VertexCopy other;
    for (int i = 0; i < behind.count && i < most_dead; ++i)
    {
        // All neighbours of the list's own dead; further only while candidates are few.
        if (i >= own && out->count >= enough)
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

// The nearest candidates with distances and values, in order; those without rows are left out.
int weigh(Graph &graph, const Value &own, int layer, std::uint32_t salt, const Gathered &gathered,
          Choice *out)
{
    auto *distances = static_cast<float *>(palloc(sizeof(float) * most_candidates));
    graph.distances(own.bytes, gathered.vertices, gathered.count, distances);
    for (int i = 0; i < gathered.count; ++i)
        out[i] = {distances[i], gathered.vertices[i], nullptr};
    sort_choices(out, gathered.count, salt);
    // The heuristic rarely looks further.
    const int most = 2 * graph.links_at(layer);
    int count = 0;
    VertexCopy copy;
    for (int i = 0; i < gathered.count && count < most; ++i)
    {
        graph.read(out[i].vertex, -1, &copy);
        if (!copy.has_rows() || copy.level < layer)
            continue;
        out[count] = out[i];
        out[count].value = graph.value_of(out[i].vertex).bytes;
        ++count;
    }
    return count;
}

bool names_dead(const VertexCopy &copy, const VertexSet &dead)
{
    for (int i = 0; i < copy.link_count; ++i)
        if (dead.has(copy.links[i]))
            return true;
    return false;
}

// A list chosen anew.
struct Chosen
{
    VertexCopy copy;  // as it was
    int count;
    Vertex links[most_links];
    float distances[most_links];

    bool is_new(int i) const
    {
        return std::find(copy.links, copy.links + copy.link_count, links[i]) ==
               copy.links + copy.link_count;
    }
};

// False if the list names no dead vertex, or nobody uses it.
bool choose_list(Graph &graph, Vertex vertex, int layer, const VertexSet &dead, Chosen *out)
{
    const VertexCopy &copy = out->copy;
    graph.read(vertex, layer, &out->copy);
    if (!copy.has_rows() || layer > copy.level || !names_dead(copy, dead))
        return false;
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
    out->count =
        select_neighbours(graph.links_space(), choices, candidates, graph.room_at(layer, false),
                          graph.links_space().distance(own.bytes, own.bytes));
    for (int i = 0; i < out->count; ++i)
    {
        out->links[i] = choices[i].vertex;
        out->distances[i] = choices[i].distance;
    }
    return true;
}

// Repair one list at once. An insert may change it meanwhile; it then has to be read again.
void repair_list(Graph &graph, Writer &writer, Vertex vertex, int layer, const VertexSet &dead)
{
    auto *chosen = static_cast<Chosen *>(palloc(sizeof(Chosen)));
    do
    {
        CHECK_FOR_INTERRUPTS();
        if (!choose_list(graph, vertex, layer, dead, chosen))
            return;
    } while (!writer.replace_links(vertex, layer, {chosen->copy.link_count, chosen->copy.links},
                                   {chosen->count, chosen->links}));
    for (int i = 0; i < chosen->count; ++i)
        if (chosen->is_new(i))
            link_back(graph, writer, {chosen->links[i], vertex, chosen->distances[i]}, layer);
}

// Lists of layer 0 on one page, chosen and not written yet, and what shall link back to their vertices.
struct Batch
{
    pg::Array<LinkChange> changes;
    pg::Array<Chosen *> chosen;  // a change's tag is its place here
    pg::Array<BackLink> back;
};

void write_batch(Graph &graph, Writer &writer, const VertexSet &dead, Batch *batch)
{
    writer.replace_links(batch->changes.data(), static_cast<int>(batch->changes.size()));
    for (const LinkChange &change : batch->changes)
    {
        if (!change.done)
        {
            repair_list(graph, writer, change.vertex, 0, dead);
            continue;
        }
        const Chosen &chosen = *batch->chosen[static_cast<std::size_t>(change.tag)];
        for (int i = 0; i < chosen.count; ++i)
            if (chosen.is_new(i))
                batch->back.push_back({chosen.links[i], change.vertex, chosen.distances[i]});
    }
    auto *linked = static_cast<bool *>(
        palloc_extended((batch->back.size() + 1) * sizeof(bool), MCXT_ALLOC_HUGE));
    link_back(graph, writer, batch->back.data(), static_cast<int>(batch->back.size()), linked);
}

}  // namespace

void repair_vertices(Graph &graph, Writer &writer, const Vertex *vertices, int count,
                     const VertexSet &dead)
{
    Batch batch;
    MemoryContext step =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw repair", ALLOCSET_DEFAULT_SIZES);
    VertexCopy copy;
    for (int i = 0; i < count; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        auto *chosen = static_cast<Chosen *>(palloc(sizeof(Chosen)));
        MemoryContext caller = MemoryContextSwitchTo(step);
        graph.read(vertices[i], -1, &copy);
        for (int layer = copy.level; layer > 0 && copy.has_rows(); --layer)
            repair_list(graph, writer, vertices[i], layer, dead);
        const bool changed = choose_list(graph, vertices[i], 0, dead, chosen);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(step);
        if (!changed)
        {
            pfree(chosen);
            continue;
        }
        batch.changes.push_back({vertices[i],
                                 static_cast<int>(batch.chosen.size()),
                                 {chosen->copy.link_count, chosen->copy.links},
                                 {chosen->count, chosen->links},
                                 InvalidBlockNumber,
                                 false});
        batch.chosen.push_back(chosen);
    }
    MemoryContextDelete(step);
    write_batch(graph, writer, dead, &batch);
}

}  // namespace quiver::hnsw

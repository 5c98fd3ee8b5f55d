// Putting one row into the graph; and what vacuum's repair shares with it: finding neighbours, linking back.
#pragma once

#include "hnsw/search.hpp"
#include "hnsw/select.hpp"
#include "hnsw/writer.hpp"

namespace quiver::hnsw {

// Neighbours of a vertex to be, by layer.
struct Neighbours
{
    int level;  // of the highest layer that has a list
    struct Layer
    {
        Choice *choices;  // the first `count` are chosen; distances from the vertex
        int count;
    } layers[highest_level + 1];
    // What the walk of layer 0 found, nearest first; the values of the first `equal` are the same.
    const Found *found;
    int equal;
};

// Search from the entry point and choose neighbours for `value`, which is in the form that links are chosen
// by (Graph::links_value), on the layers up to `level`. Allocates in the current memory context.
void find_neighbours(Graph &graph, const Value &value, int level, Vertex excluded, Neighbours *out);

// `vertex` shall link to `other`, which is so far from it.
struct BackLink
{
    Vertex vertex;
    Vertex other;
    float distance;
};

// Add a link, pruning the list if it is full; whether the list has the link now.
bool link_back(Graph &graph, Writer &writer, const BackLink &link, int layer);
// Many on layer 0, with few WAL records. Allocates in the current memory context.
void link_back(Graph &graph, Writer &writer, const BackLink *links, int count, bool *out);
// Have the neighbours of a vertex that little leads to link to it, at least one of them on layer 0.
void link_neighbours_back(Graph &graph, Writer &writer, Vertex vertex, const Neighbours &neighbours,
                          int level);

// Insert a row; `logged` is false while the index is built. Allocates in the current memory context.
void insert_row(Relation index, const NewRow &row, bool logged);

}  // namespace quiver::hnsw

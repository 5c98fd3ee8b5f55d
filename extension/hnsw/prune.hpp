// What a full list becomes when one more vertex wants in, so that no way is lost.
//
// The heuristic drops a link because a chosen one ends nearer to where it leads. But the chosen one need not
// lead there, and the link may be the last that does. So a link is dropped only if a vertex that stays in the list
// leads to its end at once; otherwise it stays too. What could be reached from anywhere before can be reached
// after, as long as lists change one after another. By inner product, where a few great vectors are everybody's
// nearest and searches need all the places in their lists, that is so only of copies of the list's own value.
#pragma once

#include "hnsw/graph.hpp"
#include "hnsw/select.hpp"

#include "pg/array.hpp"

namespace quiver::hnsw {

struct NewList
{
    int count;
    Vertex links[most_links];
};

// Lists that were pruned and are not written yet: what counts, of these vertices, is what they become.
class PrunedLists
{
public:
    void add(Vertex vertex, const NewList *list)
    {
        vertices_.push_back(vertex);
        lists_.push_back(list);
    }
    // Null if the vertex's list stays as it is.
    const NewList *of(Vertex vertex) const;

private:
    pg::Array<Vertex> vertices_;
    pg::Array<const NewList *> lists_;
};

// Choose anew among the full list of a vertex and `added`. False if the list stays as it is, because what it has is
// better or is needed. Allocates in the current memory context.
bool prune(Graph &graph, Vertex vertex, int layer, const VertexCopy &copy, const Choice &added,
           const PrunedLists &pruned, NewList *out);

}  // namespace quiver::hnsw

// Building an HNSW graph: rows of a value that is there already.
#include "hnsw/build_graph.hpp"

namespace quiver::hnsw::build {

bool Builder::try_join_ring(Vertex equal, Vertex v)
{
    const std::uint32_t version = arena_->stable_version(equal);
    const std::uint64_t hash = arena_->head(equal).hash;
    const std::uint32_t room = arena_->list_room(0);
    const std::uint32_t count = read_list(equal, 0, batch_);
    // Where the ring's link stands, or goes: behind the others, or in place of the last.
    std::uint32_t at = 0;
    while (at < count && arena_->head(batch_[at]).hash != hash)
        at++;
    Vertex next = equal;
    if (at < count)
        next = batch_[at];
    else if (count == room)
        at = room - 1;
    std::uint32_t *list = arena_->links(v);
    for (std::uint32_t i = 0; i < count; i++)
        __atomic_store_n(list + i, batch_[i], __ATOMIC_RELAXED);
    __atomic_store_n(list + at, next, __ATOMIC_RELAXED);
    if (!arena_->begin_change(equal, version))
        return false;
    __atomic_store_n(arena_->links(equal) + at, v, __ATOMIC_RELEASE);
    arena_->end_change(equal);
    return true;
}

// Another vertex of a value whose vertices take no more rows, or not this one.
Added Builder::add_equal(Vertex equal, const NewRow &row)
{
    const Vertex v = new_vertex(row, 0);
    if (v == nobody)
        return Added::no_room;
    for (int tries = 0; !try_join_ring(equal, v); tries++)
        arena_->pause(tries);
    return Added::vertex;
}

bool Builder::add_row(Vertex v, const NewRow &row)
{
    if (distances_.may_share != nullptr && !distances_.may_share(distances_.state, v))
        return false;
    return arena_->add_row(v, row.row);
}

bool Builder::add_to_equal(const NewRow &row, Added *out)
{
    // Equal values are among the nearest; estimates put them there too.
    Vertex equal = nobody;
    const Candidate *nearest = layers_;
    const std::uint32_t look_at = arena_->layout().m;
    for (std::uint32_t i = 0; i < counts_[0] && (i < look_at || equal != nobody); i++)
    {
        if (arena_->head(nearest[i].vertex).hash != row.hash ||
            !distances_.equals_new(distances_.state, nearest[i].vertex))
        {
            if (i >= look_at)
                break;
            continue;
        }
        if (add_row(nearest[i].vertex, row))
        {
            *out = Added::row_of_vertex;
            return true;
        }
        // Behind the first, where the next search comes by.
        if (equal == nobody)
            equal = nearest[i].vertex;
    }
    if (equal == nobody)
        return false;
    *out = add_equal(equal, row);
    return true;
}

}  // namespace quiver::hnsw::build

// The walk.
#include "hnsw/search.hpp"

#include "hnsw/passing.hpp"
#include "hnsw/select.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

namespace {

struct Farther
{
    bool operator()(const Candidate &a, const Candidate &b) const
    {
        return a.distance > b.distance;
    }
};

}  // namespace

void VisitedSet::reset(Vertex count)
{
    const std::size_t words = count / 64 + 1;
    if (words > words_)
    {
        if (bits_ != nullptr)
            pfree(bits_);
        bits_ = static_cast<std::uint64_t *>(palloc_extended(words * 8, MCXT_ALLOC_HUGE));
        words_ = words;
    }
    std::memset(bits_, 0, words_ * 8);
}

// Vertices arrive while a search goes on.
void VisitedSet::grow(Vertex vertex)
{
    const std::size_t words = std::size_t{vertex} / 64 + 64;
    bits_ = static_cast<std::uint64_t *>(repalloc_huge(bits_, words * 8));
    std::memset(bits_ + words_, 0, (words - words_) * 8);
    words_ = words;
}

std::size_t Search::bytes() const
{
    return near_.bytes() + far_.bytes() + best_.bytes() + found_.bytes() + held_.bytes() +
           visited_.bytes() + passed_.bytes() + (passing_ != nullptr ? passing_->bytes() : 0);
}

float Search::distance_of(Vertex vertex)
{
    float distance;
    measure(&vertex, 1, &distance);
    return distance;
}

void Search::measure(const Vertex *vertices, int count, float *out)
{
    counts_.distances += count;
    if (code_ != nullptr)
        graph_.estimates(*code_, vertices, count, out);
    else
        graph_.distances(query_, vertices, count, out);
}

Candidate Search::descend(int layer)
{
    const MetaPage &meta = graph_.meta();
    if (!graph_.exists(meta.entry))
        graph_.damage(meta_block, "names an entry point that does not exist");
    Candidate best{distance_of(meta.entry), meta.entry};
    float distances[most_links];
    for (int at = static_cast<int>(meta.entry_level); at > layer; --at)
        for (bool moved = true; moved;)
        {
            CHECK_FOR_INTERRUPTS();
            moved = false;
            graph_.read(best.vertex, at, &copy_);
            for (int i = 0; i < copy_.link_count; ++i)
                if (!graph_.exists(copy_.links[i]))
                    graph_.damage(copy_.extra.block(), "has a link out of range");
            measure(copy_.links, copy_.link_count, distances);
            ++counts_.expanded;
            for (int i = 0; i < copy_.link_count; ++i)
                if (distances[i] < best.distance)
                {
                    best = {distances[i], copy_.links[i]};
                    moved = true;
                }
        }
    return best;
}

bool Search::keep_nearest(pg::Array<float> *heap, std::size_t count, float distance)
{
    const std::size_t size = heap->size();
    if (size < count)
    {
        heap->push_back(distance);
        std::push_heap(heap->begin(), heap->end());
        return true;
    }
    float *all = heap->data();
    if (distance >= all[0])
        return false;
    // It takes the place of the farthest, and sinks to its own.
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 2 * at + 1)
    {
        child += child + 1 < size && all[child] < all[child + 1] ? 1 : 0;
        if (distance >= all[child])
            break;
        all[at] = all[child];
        at = child;
    }
    all[at] = distance;
    return true;
}

void Search::consider(const Candidate &candidate)
{
    if (passing_ != nullptr)
    {
        near_.push_back(candidate);
        std::push_heap(near_.begin(), near_.end(), Farther{});
        return;
    }
    if (keep_nearest(&best_, width_, candidate.distance))
    {
        near_.push_back(candidate);
        std::push_heap(near_.begin(), near_.end(), Farther{});
    }
    else if (keep_all_)
    {
        // Most of these are never asked for: no need for order.
        far_.push_back(candidate);
        nearest_far_ = std::min(nearest_far_, candidate.distance);
    }
}

// The distance of the nearest candidate that has not been expanded; infinite if there is none.
float Search::nearest_left() const
{
    return near_.empty() ? nearest_far_ : std::min(near_[0].distance, nearest_far_);
}

// Those that were too far are candidates like the others.
void Search::take_back()
{
    if (far_.empty())
        return;
    for (const Candidate &candidate : far_)
        near_.push_back(candidate);
    std::make_heap(near_.begin(), near_.end(), Farther{});
    far_.clear();
    nearest_far_ = infinitely_far;
}

void Search::check_link(Vertex vertex)
{
    if (!graph_.exists(vertex)) [[unlikely]]
        graph_.damage(meta_block, "knows nothing of a vertex that is linked to");
}

int Search::new_neighbours(const VertexCopy &copy, Vertex *out)
{
    int count = 0;
    for (int i = 0; i < copy.link_count; ++i)
    {
        // As good as random: no branch.
        const Vertex vertex = copy.links[i];
        check_link(vertex);
        out[count] = vertex;
        count += visited_.add(vertex) ? 1 : 0;
    }
    return count;
}

void Search::expand(const Candidate &candidate)
{
    graph_.read(candidate.vertex, layer_, &copy_);
    ++counts_.expanded;
    if (passing_ != nullptr)
    {
        expand_filtered(candidate);
        return;
    }
    if (copy_.has_rows() && candidate.vertex != excluded_)
        found_.push_back(
            {candidate.distance, candidate.vertex, copy_.heap_tid, copy_.tid_count, copy_.level});
    else
        ++width_;  // it took the place of a result
    Vertex fresh[most_links];
    float distances[most_links];
    const int count = new_neighbours(copy_, fresh);
    measure(fresh, count, distances);
    for (int i = 0; i < count; ++i)
        consider({distances[i], fresh[i]});
}

void Search::run()
{
    while (!near_.empty() || !far_.empty())
    {
        CHECK_FOR_INTERRUPTS();
        if (best_.size() >= width_ && nearest_left() > best_.front() &&
            (passing_ == nullptr || is_settled()))
            break;
        // As near as the last result, or the walk has become wider.
        if (near_.empty() || nearest_far_ < near_.front().distance)
            take_back();
        Candidate nearest = near_.front();
        if (passing_ != nullptr && spent() > budget_)
        {
            given_up_ = true;
            break;
        }
        std::pop_heap(near_.begin(), near_.end(), Farther{});
        near_.pop_back();
        // Most likely the one to be expanded after this.
        if (!near_.empty() && layer_ == 0)
            graph_.prefetch_links(near_.front().vertex);
        if (distrusted_)
        {
            graph_.read(nearest.vertex, -1, &copy_);
            if (!copy_.leads())
                continue;  // vacuum has taken it
            nearest.distance = distance_of(nearest.vertex);
        }
        expand(nearest);
    }
}

void Search::walk(int layer, std::size_t width, const Candidate *from, std::size_t count,
                  bool keep_all, Vertex excluded)
{
    layer_ = layer;
    width_ = width_asked_ = width;
    keep_all_ = keep_all;
    excluded_ = excluded;
    near_.clear();
    far_.clear();
    nearest_far_ = infinitely_far;
    best_.clear();
    first_.clear();
    settled_ = 0;
    found_.clear();
    held_.clear();
    visited_.reset(graph_.meta().vertex_count);
    for (std::size_t i = 0; i < count; ++i)
        if (visited_.add(from[i].vertex))
            consider(from[i]);
    run();
}

bool Search::resume(std::size_t width)
{
    take_back();
    if (near_.empty())
        return false;
    width_ = width_asked_ = width;
    best_.clear();
    settled_ = 0;
    found_.clear();
    if (passing_ != nullptr)
    {
        run();
        return true;
    }
    const std::size_t count = std::min(width, near_.size());
    // The nearest that are left count as this walk's first results, as they would have in one walk
    // that was wider.
    for (std::size_t i = 0; i < count; ++i)
    {
        std::pop_heap(near_.begin(), near_.end() - static_cast<std::ptrdiff_t>(i), Farther{});
        best_.push_back(near_[near_.size() - 1 - i].distance);
    }
    for (std::size_t i = count; i-- > 0;)
        std::push_heap(near_.begin(), near_.end() - static_cast<std::ptrdiff_t>(i), Farther{});
    std::make_heap(best_.begin(), best_.end());
    run();
    return true;
}

void Search::sort_found(std::size_t width, std::uint32_t salt)
{
    std::sort(found_.begin(), found_.end(), [salt](const Found &a, const Found &b) {
        return a.distance != b.distance ? a.distance < b.distance
                                        : tie_order(a.vertex, salt) < tie_order(b.vertex, salt);
    });
    if (found_.size() > width)
        found_.resize(width);
}

bool Search::release_held()
{
    const bool any = !held_.empty();
    for (const Found &f : held_)
        found_.push_back(f);
    held_.clear();
    return any;
}

void Search::hold_back()
{
    (void) release_held();
    const float next = nearest_left();
    std::size_t kept = 0;
    for (const Found &f : found_)
        if (f.distance > next)
            held_.push_back(f);
        else
            found_[kept++] = f;
    found_.resize(kept);
}

bool Search::take_left(Candidate *out)
{
    take_back();
    if (near_.empty())
        return false;
    *out = near_.front();
    std::pop_heap(near_.begin(), near_.end(), Farther{});
    near_.pop_back();
    return true;
}

}  // namespace quiver::hnsw

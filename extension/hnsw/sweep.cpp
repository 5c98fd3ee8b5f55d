// Sweeping the attributes.
#include "hnsw/sweep.hpp"

#include <algorithm>
#include <bit>

namespace quiver::hnsw {

namespace {

// A total order, so that a second pass knows where the first ended. What algorithms are given as a closure they inline.
constexpr auto nearer = [](const Candidate &a, const Candidate &b) {
    return a.distance != b.distance ? a.distance < b.distance : a.vertex < b.vertex;
};
constexpr auto farther = [](const Candidate &a, const Candidate &b) { return nearer(b, a); };

// Kept by the first pass, which most queries come by with: the fewer, the less there is to keep in order.
constexpr std::size_t least = 64, most = 512;

// Distances at a time: what is asked for ahead should still be in the nearest cache when its turn comes.
constexpr std::size_t at_once = 128;
static_assert(at_once <= most_links);

}  // namespace

Sweep::Sweep(Graph &graph, Passing &passing, Search &search, std::size_t wanted, std::size_t room)
    : graph_(graph),
      passing_(passing),
      search_(search),
      room_(std::max(room / (2 * sizeof(Candidate)), most)),
      wanted_(std::clamp(wanted, least, most))
{
}

// Too many: the nearest stay, and the others wait for another pass.
void Sweep::keep_nearest()
{
    const auto end = near_.begin() + static_cast<std::ptrdiff_t>(wanted_);
    std::nth_element(near_.begin(), end - 1, near_.end(), nearer);
    last_ = end[-1];
    near_.resize(wanted_);
    dropped_ = true;
}

void Sweep::measure()
{
    float distances[at_once];
    for (std::size_t done = 0; done < batch_.size(); done += at_once)
    {
        const int count = static_cast<int>(std::min(at_once, batch_.size() - done));
        search_.measure(batch_.data() + done, count, distances);
        for (int i = 0; i < count; ++i)
        {
            const Candidate candidate{distances[i], batch_[done + static_cast<std::size_t>(i)]};
            if ((dropped_ && !nearer(candidate, last_)) || (begun_ && !nearer(after_, candidate)))
                continue;
            near_.push_back(candidate);
        }
        if (near_.size() >= 2 * wanted_)
            keep_nearest();
    }
    batch_.clear();
}

void Sweep::add(Vertex vertex)
{
    if (!search_.has_returned(vertex))
        batch_.push_back(vertex);
}

// A piece of the attributes, from memory or from a page; where the next one begins.
Vertex Sweep::sweep_some(Vertex first)
{
    if (first < passing_.kept())
    {
        for (std::uint64_t good = passing_.word(first / 64); good != 0; good &= good - 1)
            add(first + static_cast<Vertex>(std::countr_zero(good)));
        return first + 64;
    }
    std::uint16_t good[Filter::most_records];
    std::uint32_t count =
        std::min<std::uint32_t>(Filter::most_records, graph_.meta().vertex_count - first);
    const int passed = passing_.select_on_page(first, &count, good);
    for (int i = 0; i < passed; ++i)
        add(first + good[i]);
    return first + count;
}

void Sweep::pass()
{
    if (begun_)
        wanted_ = std::min(wanted_ * 16, room_);
    near_.clear();
    dropped_ = false;
    for (Vertex at = 0; at < graph_.meta().vertex_count;)
    {
        CHECK_FOR_INTERRUPTS();
        at = sweep_some(at);
        if (batch_.size() >= at_once)
            measure();
    }
    measure();
    if (near_.size() > wanted_)
        keep_nearest();
    std::make_heap(near_.begin(), near_.end(), farther);
    begun_ = true;
}

// The nearest that is left, by another pass if need be.
bool Sweep::next(Candidate *out)
{
    if (near_.empty())
    {
        if (begun_ && !dropped_)
            return false;
        pass();
        if (near_.empty())
            return false;
    }
    std::pop_heap(near_.begin(), near_.end(), farther);
    *out = after_ = near_.back();
    near_.pop_back();
    return true;
}

bool Sweep::take(std::size_t width, pg::Array<Found> *out)
{
    std::size_t taken = 0;
    VertexCopy copy;
    for (bool more = true; more && taken < width;)
    {
        Candidate some[at_once];
        std::size_t count = 0;
        while (count < std::min(at_once, width - taken) && (more = next(&some[count])))
            graph_.prefetch_links(some[count++].vertex);
        for (std::size_t i = 0; i < count; ++i)
        {
            graph_.read(some[i].vertex, -1, &copy);
            if (!copy.has_rows())
                continue;
            out->push_back(
                {some[i].distance, some[i].vertex, copy.heap_tid, copy.tid_count, copy.level});
            ++taken;
        }
    }
    return taken > 0;
}

}  // namespace quiver::hnsw

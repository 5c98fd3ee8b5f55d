// Cut small pieces from large ones.
#include "features/asof_space.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

constexpr std::size_t smallest = 8 * 1024;
constexpr std::size_t largest = 256 * 1024;

}  // namespace

Reference Pool::take(Space &space, std::size_t size, std::uint64_t *head, std::uint64_t *used)
{
    size = MAXALIGN(size);
    if (size > left_)
    {
        // Small spines take little, large ones few pieces.
        const std::uint64_t so_far = __atomic_load_n(used, __ATOMIC_RELAXED);
        const std::size_t room = std::clamp<std::size_t>(so_far, smallest, largest);
        const std::size_t bytes = std::max(size, room) + MAXALIGN(sizeof(Chunk));
        const Reference chunk = space.allocate(bytes);
        __atomic_fetch_add(used, bytes, __ATOMIC_RELAXED);
        Reference first = __atomic_load_n(head, __ATOMIC_RELAXED);
        do
            space.at<Chunk>(chunk)->next = first;
        while (!__atomic_compare_exchange_n(head, &first, chunk, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED));
        next_ = chunk + MAXALIGN(sizeof(Chunk));
        left_ = bytes - MAXALIGN(sizeof(Chunk));
    }
    const Reference piece = next_;
    next_ += size;
    left_ -= size;
    return piece;
}

void Pool::release(Space &space, std::uint64_t *head)
{
    Reference chunk = *head;
    while (chunk != 0)
    {
        const Reference next = space.at<Chunk>(chunk)->next;
        space.release(chunk);
        chunk = next;
    }
    *head = 0;
}

}  // namespace quiver::features

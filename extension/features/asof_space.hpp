// Where the index of the spine lives: this process's memory, or memory that parallel workers share.
//
// A reference names a piece of it in every process; at() gives its address in this one.
#pragma once

#include "pg/executor.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::features {

using Reference = std::uint64_t;  // 0 is none

class Space
{
public:
    explicit Space(MemoryContext memory) : memory_{memory} {}
    explicit Space(dsa_area *area) : area_{area} {}

    [[nodiscard]] bool is_shared() const { return area_ != nullptr; }

    Reference allocate(std::size_t size)
    {
        if (area_ != nullptr)
            return dsa_allocate_extended(area_, size, DSA_ALLOC_HUGE);
        return reinterpret_cast<Reference>(MemoryContextAllocHuge(memory_, size));
    }

    template <typename T = char> [[nodiscard]] T *at(Reference reference) const
    {
        return static_cast<T *>(area_ != nullptr ? dsa_get_address(area_, reference)
                                                 : reinterpret_cast<void *>(reference));
    }

    void release(Reference reference)
    {
        if (reference == 0)
            return;
        if (area_ != nullptr)
            dsa_free(area_, reference);
        else
            pfree(reinterpret_cast<void *>(reference));
    }

private:
    dsa_area *area_ = nullptr;
    MemoryContext memory_ = nullptr;
};

// Pieces that are freed together, cut from large ones; one for each process.
class Pool
{
public:
    struct Chunk
    {
        Reference next;
    };

    // `head` chains the chunks and may lie in shared memory; `*used` counts their bytes.
    Reference take(Space &space, std::size_t size, std::uint64_t *head, std::uint64_t *used);
    // Free all chunks of a chain.
    static void release(Space &space, std::uint64_t *head);

private:
    Reference next_ = 0;
    std::size_t left_ = 0;
};

}  // namespace quiver::features

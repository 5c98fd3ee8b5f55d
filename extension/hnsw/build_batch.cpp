// Rows on their way into a graph.
#include "hnsw/build_batch.hpp"

#include "hnsw/build_order.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

namespace {

// Values lie where kernels read them fastest.
constexpr std::size_t alignment = 32;

constexpr std::size_t aligned(std::size_t bytes)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

Batch::Batch(const Space &space, std::uint32_t attribute_bytes, std::size_t bytes)
    : space_(&space),
      attribute_bytes_(attribute_bytes),
      bytes_(bytes),
      memory_(static_cast<char *>(palloc_extended(bytes + alignment, MCXT_ALLOC_HUGE))),
      rows_(CurrentMemoryContext),
      order_(CurrentMemoryContext),
      scratch_(CurrentMemoryContext)
{
    memory_ += alignment - reinterpret_cast<std::uintptr_t>(memory_) % alignment;
}

std::size_t Batch::size_of(const Value &value) const
{
    return aligned(value.size) + aligned(attribute_bytes_);
}

void Batch::add(const NewRow &row)
{
    NewRow kept = row;
    char *at = memory_ + used_;
    std::memcpy(at, row.value.bytes, row.value.size);
    kept.value.bytes = at;
    if (row.attributes != nullptr)
    {
        char *attributes = at + aligned(row.value.size);
        std::memcpy(attributes, row.attributes, attribute_bytes_);
        kept.attributes = attributes;
    }
    used_ += size_of(row.value);
    rows_.push_back(kept);
}

void Batch::distances(void *state, std::uint32_t row, const std::uint32_t *rows, std::size_t count,
                      float *out)
{
    const auto *batch = static_cast<const Batch *>(state);
    constexpr std::size_t at_once = 64;
    const void *values[at_once];
    for (std::size_t done = 0; done < count; done += at_once)
    {
        const std::size_t part = std::min(at_once, count - done);
        for (std::size_t i = 0; i < part; ++i)
            values[i] = batch->rows_[rows[done + i]].value.bytes;
        batch->space_->distances(batch->rows_[row].value.bytes, values, part, out + done);
    }
}

const std::uint32_t *Batch::order(std::uint64_t seed)
{
    order_.resize(rows_.size());
    scratch_.resize(2 * rows_.size());
    for (std::uint32_t i = 0; i < rows_.size(); ++i)
        order_[i] = i;
    build::order_batch({this, distances}, order_.data(), order_.size(), scratch_.data(), seed);
    return order_.data();
}

void Batch::clear()
{
    rows_.clear();
    used_ = 0;
}

}  // namespace quiver::hnsw

// Rows that a build has read from the table and not added to the graph yet, to be taken in another order.
#pragma once

#include "hnsw/insert.hpp"

#include "pg/array.hpp"

namespace quiver::hnsw {

class Batch
{
public:
    // Beside the bytes that the rows take, it has an array of at most `most_rows`.
    static constexpr std::size_t most_rows = 32768;

    // Of at most `bytes`, in the current memory context.
    Batch(const Space &space, std::uint32_t attribute_bytes, std::size_t bytes);

    // Whether a row can be kept beside those that are there; one may be too large for an empty batch.
    bool has_room(const Value &value) const
    {
        return rows_.size() < most_rows && used_ + size_of(value) <= bytes_;
    }
    // Copy a row.
    void add(const NewRow &row);
    std::size_t count() const { return rows_.size(); }

    // Near rows one after another: rows()[order()[i]].
    const std::uint32_t *order(std::uint64_t seed);
    const NewRow *rows() const { return rows_.data(); }

    void clear();

private:
    std::size_t size_of(const Value &value) const;
    static void distances(void *state, std::uint32_t row, const std::uint32_t *rows,
                          std::size_t count, float *out);

    const Space *space_;
    std::uint32_t attribute_bytes_;
    std::size_t bytes_, used_ = 0;
    char *memory_;
    pg::Array<NewRow> rows_;
    pg::Array<std::uint32_t> order_;
    pg::Array<float> scratch_;
};

}  // namespace quiver::hnsw

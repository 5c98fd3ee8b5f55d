// The sum of many sparse vectors: transition state of sum(sparsevec) and avg(sparsevec).
//
// The sum may have far more non-zero dimensions on the way than a sparsevec may in the end, so it is
// kept as a sorted run of (index, total), in double, plus the elements not yet folded in. Those are
// sorted and merged when they outnumber the run: an element costs O(log n), and memory is at most
// about three times the distinct indices seen. All of it lives in one memory context.
#pragma once

#include "types/sparsevec.hpp"

namespace quiver::types {

class SparseSum
{
public:
    // An empty sum for vectors of `dim` dimensions, in `context`.
    static SparseSum *create(MemoryContext context, std::int32_t dim);

    // A vector of other dimensions is an error.
    void add(const SparseVector *vector);
    // Take another worker's sum in.
    void add(const SparseSum &other);

    std::int32_t dim() const { return dim_; }
    std::int64_t rows() const { return rows_; }

    // The sum of all rows divided by `divisor`. Overflow and too many elements are errors.
    SparseVector *result(double divisor);

    // Between parallel workers: rows, dim, count, then count times index and total.
    bytea *serialize();
    static SparseSum *deserialize(MemoryContext context, const bytea *bytes);

private:
    struct Element
    {
        std::int32_t index;
        double total;
    };

    void reserve(std::size_t more);
    void fold();

    MemoryContext context_;
    std::int64_t rows_;
    std::int32_t dim_;
    Element *elements_;  // first the sorted run, then the pending ones
    std::size_t run_;  // length of the run
    std::size_t count_;  // run and pending
    std::size_t capacity_;
};

}  // namespace quiver::types

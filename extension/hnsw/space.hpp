// The space an index searches: the kind of its values, how they are kept, and how far apart two are.
//
// A value is kept without its varlena header: dense elements or bits as they are, a sparse value as
// count, indices, values. Kernels are called directly; what a distance is worth matters only in
// comparison, so L2 stays squared and the inner product negative. Smaller is nearer.
#pragma once

#include "hnsw/format.hpp"

#include "kernels/distance.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::hnsw {

// A value in the form the index keeps.
struct Value
{
    const void *bytes;
    std::uint32_t size;
};

inline constexpr int sparse_max_nonzeros = 1000;

struct Space
{
    ValueKind kind;
    Metric metric;
    std::uint32_t dims;

    float distance(const void *a, const void *b) const { return one_(*this, a, b); }
    // One query against `count` values.
    void distances(const void *query, const void *const *rows, std::size_t count, float *out) const
    {
        many_(*this, query, rows, count, out);
    }

    bool fixed_width() const { return kind != ValueKind::sparse; }
    // Of a value of fixed width.
    std::uint32_t value_size() const;
    // Bytes of a slot in the value pages: the value, or a pointer to it.
    std::uint32_t slot_bytes() const;

    using One = float (*)(const Space &, const void *, const void *);
    using Many = void (*)(const Space &, const void *, const void *const *, std::size_t, float *);
    One one_ = nullptr;
    Many many_ = nullptr;
    void *context = nullptr;  // of spaces that are not made by make_space()
};

Space make_space(ValueKind kind, Metric metric, std::uint32_t dims);

// The kind and metric of an index's first column, from its operator class. Anything but quiver's classes
// is an error: "type not supported for hnsw index".
void space_of_index(Relation index, ValueKind *kind, Metric *metric);

// Bring a column's value into the form the index keeps, in the current memory context. False if it is
// not to be indexed: a zero vector under cosine. Wrong dimensions are an error.
[[nodiscard]] bool form_value(const Space &space, Datum datum, Value *out);

}  // namespace quiver::hnsw

// sparsevec: its stored form, its limits, and the checks that every maker of one passes through.
//
// A check that is given an error context (16 and later, input functions only) reports through it
// and returns false; without one it raises the error. Message, SQLSTATE and order are pgvector's.
#pragma once

#include "pg/compat.hpp"

#include "kernels/distance.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::types {

inline constexpr std::int32_t sparsevec_max_dim = 1'000'000'000;
inline constexpr std::int32_t sparsevec_max_nonzeros = 16'000;

// Persisted, and shared with pgvector. Indices count from 0 and ascend strictly; no value is zero,
// NaN or infinite. The values follow the indices.
struct SparseVector
{
    std::int32_t vl_len_;
    std::int32_t dim;
    std::int32_t nnz;
    std::int32_t unused;
    std::int32_t indices[FLEXIBLE_ARRAY_MEMBER];

    float *values() { return reinterpret_cast<float *>(indices + nnz); }
    const float *values() const { return reinterpret_cast<const float *>(indices + nnz); }
    kernels::SparseView view() const { return {indices, values(), static_cast<std::size_t>(nnz)}; }
};
static_assert(offsetof(SparseVector, indices) == 16);

constexpr std::size_t sparsevec_size(std::size_t nnz)
{
    return offsetof(SparseVector, indices) + nnz * (sizeof(std::int32_t) + sizeof(float));
}

[[noreturn, gnu::cold]] void report_damaged_sparsevec(const SparseVector *vector);

// The whole value, aligned; a copy only if it is stored short, compressed or out of line.
inline const SparseVector *sparsevec_from_datum(Datum datum)
{
    const auto *vector = reinterpret_cast<const SparseVector *>(PG_DETOAST_DATUM(datum));
    // A damaged page must not make a kernel read past the value.
    if (VARSIZE(vector) < sparsevec_size(0) ||
        VARSIZE(vector) != sparsevec_size(static_cast<std::uint32_t>(vector->nnz))) [[unlikely]]
        report_damaged_sparsevec(vector);
    return vector;
}

#define QUIVER_ARG_SPARSEVEC(n) quiver::types::sparsevec_from_datum(PG_GETARG_DATUM(n))

bool check_sparsevec_dim(std::int32_t dim, Node *escontext = nullptr);
bool check_sparsevec_nonzeros(std::int32_t nnz, std::int32_t dim, Node *escontext = nullptr);
// The index at `position` against the dimensions and the index before it.
bool check_sparsevec_index(const std::int32_t *indices, std::int32_t position, std::int32_t dim,
                           Node *escontext = nullptr);
bool check_sparsevec_element(float value, Node *escontext = nullptr);
void check_same_dims(const SparseVector *a, const SparseVector *b);

// Euclidean norm, added up in double.
double sparsevec_norm(const SparseVector *vector);

// Makes a sparsevec by appending elements in index order; zeros are left out. The one allocation
// has room for `capacity` elements: indices in place, values behind the room for all indices until
// finish() moves them up.
class SparseBuilder
{
public:
    SparseBuilder(std::int32_t dim, std::size_t capacity);

    void append(std::int32_t index, float value)
    {
        if (value == 0)
            return;
        Assert(count_ < capacity_);
        result_->indices[count_] = index;
        values_[count_] = value;
        ++count_;
    }

    std::size_t count() const { return count_; }
    std::int32_t *indices() { return result_->indices; }
    float *values() { return values_; }

    // More than sparsevec_max_nonzeros elements is an error.
    SparseVector *finish();

private:
    SparseVector *result_;
    float *values_;
    [[maybe_unused]] std::size_t capacity_;  // for assertions
    std::size_t count_ = 0;
};

}  // namespace quiver::types

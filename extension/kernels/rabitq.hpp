// Short codes of vectors and distances estimated from them: RaBitQ (arXiv 2405.12497, 2409.09913).
//
// A code is what is left of a vector x when it is moved to the centre c, rotated at random and each
// coordinate rounded to one of 2^bits values on a grid chosen for that vector (docs/quantizer.md).
//
// A record is 8 bytes of factors, two floats a and b, then the code, padded to a multiple of 8 bytes.
// Byte j of a code of n bytes holds 8/bits fields; field f, from the low bits up, belongs to rotated
// coordinate f*n + j, so the layout asks for no register width. With g the grid point (field minus
// half the largest field) and s the rotated, centred query,
//
//     distance(q, x)  is estimated by  base(q) + a(x) - b(x) * <g(x), s>
//
// which is unbiased over rotations. The distance is the squared Euclidean one or the negative inner product;
// for cosine, normalise first and take the Euclidean one. Records are the same at every level, bit for bit.
// The sums of a query's bytes with a code's fields are exact integers; only the last few operations
// round, and levels differ by at most `level_error` of the magnitudes added.
//
// Vectors are finite. Nothing here allocates, throws, or knows PostgreSQL.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {

enum class CodeMetric : std::uint8_t
{
    l2_squared,
    negative_inner_product
};

// What all codes of one index share. `centre` has `dims` elements.
struct CodeSpace
{
    std::uint32_t dims;
    std::uint32_t bits;  // 1, 2, 4 or 8
    CodeMetric metric;
    std::uint64_t seed;  // of the rotation
    const float *centre;
};

struct CodeFactors
{
    float a, b;
};

constexpr std::size_t code_bytes(std::size_t dims, std::size_t bits)
{
    return (dims * bits + 63) / 64 * 8;
}
constexpr std::size_t code_record_bytes(std::size_t dims, std::size_t bits)
{
    return sizeof(CodeFactors) + code_bytes(dims, bits);
}

// A query prepared for one space: `lanes` holds, for each field, one signed byte per code byte.
struct CodeQuery
{
    std::int8_t *lanes;
    std::uint32_t bytes;  // of a code
    std::uint32_t bits;
    std::uint32_t dims;
    float base;
    float scale;  // <g, s> = scale * <fields, lanes> + shift
    float shift;
    float norm;  // |s|
};

// Bytes before `lanes` that kernels may read, and must be able to.
constexpr std::size_t code_query_lead = 32;

// The memory a CodeQuery needs: code_query_lead bytes, then the lanes.
constexpr std::size_t code_query_bytes(std::size_t dims, std::size_t bits)
{
    return code_query_lead + code_bytes(dims, bits) * (8 / bits);
}

// Rotate `n` elements in place: an orthogonal map that depends on `seed` and `n` alone.
void rotate(float *x, std::size_t n, std::uint64_t seed) noexcept;

// The record of `vector`. `scratch` has space.dims elements and is overwritten.
void encode(const CodeSpace &space, const float *vector, float *scratch,
            std::uint8_t *record) noexcept;

// Prepare `vector` as a query. `memory` has code_query_bytes, which the query then points into.
CodeQuery prepare_query(const CodeSpace &space, const float *vector, float *scratch,
                        std::int8_t *memory) noexcept;

// Prepare a coded vector as a query: distances between two codes, without the vectors.
// `centre_norm` is the sum of squares of the centre, and counts for inner products only.
CodeQuery prepare_record(const CodeSpace &space, const std::uint8_t *record, float centre_norm,
                         std::int8_t *memory) noexcept;

// One standard deviation of the estimate's error, over rotations. Errors are close to normal: 3 of
// them are passed by about one estimate in 400, 5 by none that was ever seen (tests/unit).
double estimate_deviation(const CodeQuery &query, const std::uint8_t *record) noexcept;

// Rounding in base + a - b * (scale * sum + shift), relative to the magnitudes added.
constexpr double level_error = 6 * 0x1p-24;

struct CodeKernels
{
    // The estimates for `count` records anywhere in memory; asks for their cache lines ahead.
    // Indexed by code_width().
    void (*estimate_many[4])(const CodeQuery &query, const std::uint8_t *const *records,
                             std::size_t count, float *out) noexcept;
};

// 1, 2, 4, 8 bits: 0, 1, 2, 3.
constexpr unsigned code_width(std::uint32_t bits) { return bits == 8 ? 3 : bits / 2; }

}  // namespace quiver::kernels

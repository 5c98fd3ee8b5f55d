// Distances of 8-bit integers over `Int8Lanes`, `Int8ProductLanes` and `Int8Products` (int8_lanes_256.inl,
// int8_lanes_512.inl). Included once by a file compiled for its ISA.
#pragma once

#include "kernels/byte_loops.inl"
#include "kernels/distance.hpp"

namespace quiver::kernels {
namespace {

using Int8s = Int8Lanes::Vec;

struct SquaredDifferences
{
    using Result = std::int32_t;
    Int8s sum = Int8Lanes::zero();

    void add(Int8s a, Int8s b) { sum = Int8ProductLanes::add_squared_differences(sum, a, b); }
    void merge(const SquaredDifferences &other) { sum = Int8Lanes::add(sum, other.sum); }
    Result result() const { return Int8Lanes::total(sum); }
};

struct Products
{
    using Result = std::int32_t;
    Int8Products sum;

    void add(Int8s a, Int8s b) { sum.add(a, b); }
    void merge(const Products &other) { sum.merge(other.sum); }
    Result result() const { return sum.result(); }
};

struct Differences
{
    using Result = std::int32_t;
    Int8s sum = Int8Lanes::zero();

    void add(Int8s a, Int8s b) { sum = Int8Lanes::add_differences(sum, a, b); }
    void merge(const Differences &other) { sum = Int8Lanes::add(sum, other.sum); }
    Result result() const { return Int8Lanes::total(sum); }
};

struct Cosine
{
    using Result = CosineParts<std::int32_t>;
    Int8Products dot, norm_a, norm_b;

    void add(Int8s a, Int8s b)
    {
        dot.add(a, b);
        norm_a.add(a, a);
        norm_b.add(b, b);
    }
    void merge(const Cosine &other)
    {
        dot.merge(other.dot);
        norm_a.merge(other.norm_a);
        norm_b.merge(other.norm_b);
    }
    Result result() const { return {dot.result(), norm_a.result(), norm_b.result()}; }
};

constexpr DenseKernels<std::int8_t> int8_kernels = {
    fold_bytes<Int8ProductLanes, SquaredDifferences>,
    fold_bytes<Int8ProductLanes, Products>,
    fold_bytes<Int8ProductLanes, Cosine>,
    fold_bytes<Int8Lanes, Differences>,
    fold_bytes_many<Int8ProductLanes, SquaredDifferences>,
    fold_bytes_many<Int8ProductLanes, Products>,
    fold_bytes_many<Int8ProductLanes, Cosine>,
    fold_bytes_many<Int8Lanes, Differences>,
};

}  // namespace
}  // namespace quiver::kernels

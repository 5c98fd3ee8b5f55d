// Hamming and Jaccard counts over `BitLanes` (bit_lanes_256.inl, bit_lanes_512.inl). Included once
// by a file compiled for its ISA.
#pragma once

#include "kernels/byte_loops.inl"
#include "kernels/distance.hpp"

namespace quiver::kernels {
namespace {

using Bits = BitLanes::Vec;

struct Hamming
{
    using Result = std::uint64_t;
    Bits sum = BitLanes::zero();

    void add(Bits a, Bits b) { sum = BitLanes::add_count(sum, BitLanes::differing(a, b)); }
    void merge(const Hamming &other) { sum = BitLanes::add(sum, other.sum); }
    Result result() const { return BitLanes::total(sum); }
};

struct Jaccard
{
    using Result = JaccardParts;
    Bits both = BitLanes::zero();
    Bits in_a = BitLanes::zero();
    Bits in_b = BitLanes::zero();

    void add(Bits a, Bits b)
    {
        both = BitLanes::add_count(both, BitLanes::common(a, b));
        in_a = BitLanes::add_count(in_a, a);
        in_b = BitLanes::add_count(in_b, b);
    }
    void merge(const Jaccard &other)
    {
        both = BitLanes::add(both, other.both);
        in_a = BitLanes::add(in_a, other.in_a);
        in_b = BitLanes::add(in_b, other.in_b);
    }
    Result result() const
    {
        return {BitLanes::total(both), BitLanes::total(in_a), BitLanes::total(in_b)};
    }
};

constexpr BitKernels bit_kernels = {
    fold_bytes<BitLanes, Hamming>,
    fold_bytes<BitLanes, Jaccard>,
    fold_bytes_many<BitLanes, Hamming>,
    fold_bytes_many<BitLanes, Jaccard>,
};

}  // namespace
}  // namespace quiver::kernels

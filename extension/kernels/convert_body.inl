// Bulk half conversion over `Lanes` (lanes_256.inl, lanes_512.inl). Included once by a file
// compiled for its ISA.
#pragma once

#include "kernels/distance.hpp"

namespace quiver::kernels {
namespace {

template <class From, class To> void convert_all(const From *in, To *out, std::size_t n) noexcept
{
    constexpr std::size_t w = Lanes::width;
    std::size_t i = 0;
    for (; i + w <= n; i += w)
        Lanes::store(out + i, Lanes::load(in + i));
    if (i < n)
        Lanes::convert_tail(in, out, n);
}

constexpr ConvertKernels convert_kernels = {convert_all<Half, float>, convert_all<float, Half>};

}  // namespace
}  // namespace quiver::kernels

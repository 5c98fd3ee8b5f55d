// Bulk half conversion in portable C++.
#include "kernels/half_bits.inl"
#include "kernels/levels.hpp"
#include "kernels/unaligned.inl"

namespace quiver::kernels::scalar {
namespace {

void half_to_float(const Half *in, float *out, std::size_t n) noexcept
{
    for (std::size_t i = 0; i < n; i++)
        put(out, i, half_bits_to_float(at(in, i).bits));
}

void float_to_half(const float *in, Half *out, std::size_t n) noexcept
{
    for (std::size_t i = 0; i < n; i++)
        put(out, i, Half{float_to_half_bits(at(in, i))});
}

}  // namespace

constinit const ConvertKernels convert = {half_to_float, float_to_half};

}  // namespace quiver::kernels::scalar

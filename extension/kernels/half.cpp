// Scalar half conversions, the same on every CPU.
#include "kernels/half.hpp"

#include "kernels/half_bits.inl"

namespace quiver::kernels {

float half_to_float(Half value) noexcept { return half_bits_to_float(value.bits); }

Half float_to_half(float value) noexcept { return Half{float_to_half_bits(value)}; }

}  // namespace quiver::kernels

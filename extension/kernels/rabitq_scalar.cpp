// Distances estimated from codes in portable C++. Integer sums, which the compiler may reorder.
#include "kernels/levels.hpp"

namespace quiver::kernels::scalar {
namespace {

template <unsigned bits>
void estimate_many(const CodeQuery &query, const std::uint8_t *const *records, std::size_t count,
                   float *out) noexcept
{
    constexpr int last = (1 << bits) - 1;
    const std::size_t bytes = query.bytes;
    for (std::size_t r = 0; r < count; r++)
    {
        CodeFactors factors;
        __builtin_memcpy(&factors, records[r], sizeof factors);
        const std::uint8_t *code = records[r] + sizeof factors;
        std::int32_t sum = 0;
        for (unsigned f = 0; f < 8 / bits; f++)
        {
            const std::int8_t *lanes = query.lanes + f * bytes;
            for (std::size_t j = 0; j < bytes; j++)
                sum += (code[j] >> f * bits & last) * lanes[j];
        }
        out[r] = query.base + factors.a -
                 factors.b * (query.scale * static_cast<float>(sum) + query.shift);
    }
}

}  // namespace

constinit const CodeKernels code = {
    {estimate_many<1>, estimate_many<2>, estimate_many<4>, estimate_many<8>}};

}  // namespace quiver::kernels::scalar

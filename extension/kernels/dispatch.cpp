// Which kernels run: the table of levels, and the only question ever put to the CPU.
#include "kernels/levels.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace quiver::kernels {

namespace {

constinit const Kernels scalar_set{Level::scalar,   scalar::f32,  scalar::f16,
                                   scalar::i8,      scalar::bit,  scalar::sparse,
                                   scalar::convert, scalar::code, scalar::filter};

#if defined(__x86_64__)

constinit const Kernels avx2_set{Level::avx2,  avx2::f32,     avx2::f16,  avx2::i8,    avx2::bit,
                                 avx2::sparse, avx2::convert, avx2::code, avx2::filter};
constinit const Kernels avx512_set{Level::avx512,   avx512::f32,  avx512::f16,
                                   avx512::i8,      avx512::bit,  avx512::sparse,
                                   avx512::convert, avx512::code, avx512::filter};

constexpr bool has_all(std::uint32_t word, std::uint32_t wanted)
{
    return (word & wanted) == wanted;
}

// The register state the operating system saves on a context switch. An instruction set that the
// CPU has but the system does not save must not be used.
std::uint32_t saved_state() noexcept
{
    std::uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

Level detect() noexcept
{
    std::uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) ||
        !has_all(c, bit_FMA | bit_POPCNT | bit_OSXSAVE | bit_AVX | bit_F16C))
        return Level::scalar;

    constexpr std::uint32_t ymm_state = 0x06;  // SSE and AVX
    constexpr std::uint32_t zmm_state = 0xE6;  // and mask registers, upper halves, zmm16-31
    const std::uint32_t state = saved_state();
    if (!has_all(state, ymm_state) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) ||
        !has_all(b, bit_AVX2 | bit_BMI | bit_BMI2))
        return Level::scalar;

    if (has_all(state, zmm_state) &&
        has_all(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) &&
        has_all(c, bit_AVX512VNNI | bit_AVX512VPOPCNTDQ))
        return Level::avx512;
    return Level::avx2;
}

#elif defined(__aarch64__)

constinit const Kernels neon_set{Level::neon,  neon::f32,     neon::f16,  neon::i8,    neon::bit,
                                 neon::sparse, neon::convert, neon::code, neon::filter};

// Advanced SIMD is part of the base architecture.
Level detect() noexcept { return Level::neon; }

#else

Level detect() noexcept { return Level::scalar; }

#endif

}  // namespace

constinit const Kernels *active = &scalar_set;

Level best_level() noexcept { return detect(); }

const Kernels *kernels_for(Level level) noexcept
{
    switch (level)
    {
    case Level::scalar:
        return &scalar_set;
#if defined(__x86_64__)
    case Level::avx2:
        return detect() >= Level::avx2 ? &avx2_set : nullptr;
    case Level::avx512:
        return detect() >= Level::avx512 ? &avx512_set : nullptr;
#elif defined(__aarch64__)
    case Level::neon:
        return &neon_set;
#endif
    default:
        return nullptr;
    }
}

bool select(Level level) noexcept
{
    const Kernels *set = kernels_for(level);
    if (set == nullptr)
        return false;
    active = set;
    return true;
}

const char *level_name(Level level) noexcept
{
    switch (level)
    {
    case Level::scalar:
        return "scalar";
    case Level::avx2:
        return "avx2";
    case Level::avx512:
        return "avx512";
    case Level::neon:
        return "neon";
    }
    return "unknown";
}

}  // namespace quiver::kernels

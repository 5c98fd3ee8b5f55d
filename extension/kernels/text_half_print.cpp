// The text of a half, from a table of the texts already made.
//
// There are 31,744 finite magnitudes, and a table of embeddings uses a few thousand of them, so a text
// is made once in each process and copied afterwards. The table is zero-initialised memory: a
// page of it is there only after the first half of its 256 has been printed; all of it is 508 KB.
#include "kernels/text_float.hpp"

#include <cstring>

namespace quiver::kernels {
namespace {

// The longest text of a magnitude is 13 bytes, "5.9604645e-08".
struct KnownText
{
    char text[15];
    std::uint8_t length;  // 0: not made yet
};
static_assert(sizeof(KnownText) == 16);

constexpr unsigned sign_bit = 0x8000;
constexpr unsigned first_not_finite = 0x7C00;

constinit KnownText known_texts[first_not_finite] = {};

[[gnu::cold, gnu::noinline]] void make_text(Half magnitude, KnownText &known) noexcept
{
    char text[float_text_size];
    const auto length =
        static_cast<std::size_t>(print_float(half_to_float(magnitude), text) - text);
    std::memcpy(known.text, text, length);
    known.length = static_cast<std::uint8_t>(length);
}

}  // namespace

char *print_half(Half value, char *out) noexcept
{
    const unsigned magnitude = value.bits & ~sign_bit;
    if (magnitude >= first_not_finite) [[unlikely]]
        return print_float(half_to_float(value), out);
    KnownText &known = known_texts[magnitude];
    if (known.length == 0) [[unlikely]]
        make_text(Half{static_cast<std::uint16_t>(magnitude)}, known);
    *out = '-';
    out += value.bits >> 15;
    std::memcpy(out, &known, sizeof known);
    return out + known.length;
}

}  // namespace quiver::kernels

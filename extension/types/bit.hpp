// A view of a bit or varbit argument that needs no copy.
//
// Bit strings up to 976 bits are stored with a one-byte length word, so they are not aligned; the
// kernels do not mind, and copying every row of a table of short codes would cost more than
// comparing it. The view is valid as long as the argument.
#pragma once

#include "pg/compat.hpp"

#include <cstdint>
#include <cstring>

namespace quiver::types {

struct BitView
{
    std::int32_t length;  // bits
    const std::uint8_t *bytes;  // pad bits of the last one are zero

    std::size_t byte_count() const { return (static_cast<std::size_t>(length) + 7) / 8; }
};

[[noreturn, gnu::cold]] void report_damaged_bits(std::size_t size, std::int32_t length);

inline BitView bits_from_datum(Datum datum)
{
    const struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
    const char *data = VARDATA_ANY(stored);
    BitView view{0, reinterpret_cast<const std::uint8_t *>(data + sizeof(std::int32_t))};
    std::memcpy(&view.length, data, sizeof(view.length));
    // A damaged page must not make a kernel read past the value.
    if (VARSIZE_ANY_EXHDR(stored) != sizeof(std::int32_t) + view.byte_count()) [[unlikely]]
        report_damaged_bits(VARSIZE_ANY_EXHDR(stored), view.length);
    return view;
}

}  // namespace quiver::types

// Bit strings from and to vectors.
#include "types/dense_shape.hpp"

#include "pg/function.hpp"
#include "types/bit.hpp"

namespace quiver::types {

VarBit *make_bits(int length)
{
    const std::size_t size = VARBITTOTALLEN(static_cast<std::size_t>(length));
    auto *result = static_cast<VarBit *>(palloc0(size));
    SET_VARSIZE(result, size);
    VARBITLEN(result) = length;
    return result;
}

}  // namespace quiver::types

using namespace quiver::types;

// The corner of the unit cube that binary_quantize made the bits of: 1 for a one, -1 for a zero.
QUIVER_FUNCTION(binary_dequantize)
{
    const BitView bits = bits_from_datum(PG_GETARG_DATUM(0));
    check_dim<float>(bits.length);
    Vector *result = make_dense<float>(bits.length);
    for (int i = 0; i < bits.length; ++i)
        result->x[i] = (bits.bytes[i / 8] & (0x80 >> (i % 8))) != 0 ? 1.0F : -1.0F;
    PG_RETURN_POINTER(result);
}

// Hamming and Jaccard distance of bit strings (bit and varbit).
#include "types/bit.hpp"

#include "kernels/distance.hpp"
#include "pg/function.hpp"
#include "pg/repeated_argument.hpp"

namespace quiver::types {

void report_damaged_bits(std::size_t size, std::int32_t length)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("damaged bit string"),
            errdetail("It takes %zu bytes and its length is %d bits.", size, length));
    pg_unreachable();
}

}  // namespace quiver::types

using namespace quiver::types;

namespace {

// Two bit strings of the same length from a call's arguments.
struct Arguments
{
    BitView a;
    BitView b;

    explicit Arguments(FunctionCallInfo fcinfo)
        : a(bits_from_datum(quiver::pg::repeated_argument(fcinfo, 0))),
          b(bits_from_datum(quiver::pg::repeated_argument(fcinfo, 1)))
    {
        if (a.length != b.length)
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("different bit lengths %u and %u", static_cast<unsigned>(a.length),
                           static_cast<unsigned>(b.length)));
    }
};

}  // namespace

QUIVER_FUNCTION(hamming_distance)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(static_cast<double>(
        quiver::kernels::active->bit.hamming(args.a.bytes, args.b.bytes, args.a.byte_count())));
}

// One minus shared bits over bits set in either. Nothing shared is 1, also for two empty sets.
QUIVER_FUNCTION(jaccard_distance)
{
    const Arguments args{fcinfo};
    const auto parts =
        quiver::kernels::active->bit.jaccard(args.a.bytes, args.b.bytes, args.a.byte_count());
    if (parts.both == 0)
        PG_RETURN_FLOAT8(1);
    const std::uint64_t either = parts.either_a + parts.either_b - parts.both;
    PG_RETURN_FLOAT8(1 - static_cast<double>(parts.both) / static_cast<double>(either));
}

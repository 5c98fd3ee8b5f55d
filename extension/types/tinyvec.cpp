// tinyvec: 8-bit signed integers, as embedding providers ship them. Distances are exact.
#include "types/dense_array.hpp"
#include "types/dense_compare.hpp"
#include "types/dense_distance.hpp"
#include "types/dense_shape.hpp"
#include "types/dense_sum.hpp"
#include "types/dense_text.hpp"
#include "types/dense_wire.hpp"

#include "pg/function.hpp"

using namespace quiver::types;

// clang-format off
QUIVER_FUNCTION(tinyvec_in) { return dense_in<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_out) { return dense_out<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_typmod_in) { return dense_typmod_in<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_recv) { return dense_recv<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_send) { return dense_send<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(tinyvec_l2_distance) { return dense_l2_distance<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_l2_squared_distance) { return dense_l2_squared_distance<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_inner_product) { return dense_inner_product<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_negative_inner_product) { return dense_negative_inner_product<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_cosine_distance) { return dense_cosine_distance<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_l1_distance) { return dense_l1_distance<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_vector_dims) { return dense_dims<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_l2_norm) { return dense_norm<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(tinyvec_concat) { return dense_concat<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_subvector) { return dense_subvector<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_binary_quantize) { return dense_binary_quantize<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(tinyvec_lt) { PG_RETURN_BOOL(dense_compare<std::int8_t>(fcinfo) < 0); }
QUIVER_FUNCTION(tinyvec_le) { PG_RETURN_BOOL(dense_compare<std::int8_t>(fcinfo) <= 0); }
QUIVER_FUNCTION(tinyvec_eq) { PG_RETURN_BOOL(dense_equal<std::int8_t>(fcinfo)); }
QUIVER_FUNCTION(tinyvec_ne) { PG_RETURN_BOOL(!dense_equal<std::int8_t>(fcinfo)); }
QUIVER_FUNCTION(tinyvec_ge) { PG_RETURN_BOOL(dense_compare<std::int8_t>(fcinfo) >= 0); }
QUIVER_FUNCTION(tinyvec_gt) { PG_RETURN_BOOL(dense_compare<std::int8_t>(fcinfo) > 0); }
QUIVER_FUNCTION(tinyvec_cmp) { PG_RETURN_INT32(dense_compare<std::int8_t>(fcinfo)); }
QUIVER_FUNCTION(tinyvec_hash) { return dense_hash<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_hash_extended) { return dense_hash_extended<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(tinyvec_accum) { return dense_accumulate<std::int8_t>(fcinfo, "tinyvec_accum"); }

QUIVER_FUNCTION(tinyvec) { return dense_check_typmod<std::int8_t>(fcinfo); }
QUIVER_FUNCTION(tinyvec_to_float4) { return dense_to_real_array<std::int8_t>(fcinfo); }
// clang-format on

namespace {

// Element by element in int; a result that does not fit is an overflow.
template <class Operation> Datum tiny_elementwise(FunctionCallInfo fcinfo, Operation operation)
{
    const Pair<std::int8_t> pair{fcinfo};
    TinyVector *result = make_dense<std::int8_t>(pair.a.dim());
    int lost = 0;
    for (int i = 0; i < pair.a.dim(); ++i)
    {
        const int value = operation(static_cast<int>(pair.a[i]), static_cast<int>(pair.b[i]));
        result->x[i] = static_cast<std::int8_t>(value);
        lost |= value ^ result->x[i];
    }
    if (lost != 0) [[unlikely]]
        float_overflow_error();
    PG_RETURN_POINTER(result);
}

// The sums of a state over `divisor`, as a vector; NULL if there was no row.
Datum tiny_finish(FunctionCallInfo fcinfo, const SumState &state, double divisor)
{
    if (state.rows() == 0)
        PG_RETURN_NULL();
    check_dim<float>(state.dim());
    Vector *result = make_dense<float>(state.dim());
    quotients(state, divisor, result->x);
    check_elements(result->x, state.dim());
    PG_RETURN_POINTER(result);
}

}  // namespace

QUIVER_FUNCTION(tinyvec_add)
{
    return tiny_elementwise(fcinfo, [](int a, int b) { return a + b; });
}

QUIVER_FUNCTION(tinyvec_sub)
{
    return tiny_elementwise(fcinfo, [](int a, int b) { return a - b; });
}

QUIVER_FUNCTION(tinyvec_mul)
{
    return tiny_elementwise(fcinfo, [](int a, int b) { return a * b; });
}

QUIVER_FUNCTION(tinyvec_avg)
{
    const SumState state{PG_GETARG_ARRAYTYPE_P(0), "tinyvec_avg"};
    return tiny_finish(fcinfo, state, state.rows());
}

QUIVER_FUNCTION(tinyvec_sum)
{
    const SumState state{PG_GETARG_ARRAYTYPE_P(0), "tinyvec_sum"};
    return tiny_finish(fcinfo, state, 1);
}

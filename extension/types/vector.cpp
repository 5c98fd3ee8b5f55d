// vector: single precision. The SQL functions, bound to the templates over float.
#include "types/dense_arithmetic.hpp"
#include "types/dense_array.hpp"
#include "types/dense_compare.hpp"
#include "types/dense_shape.hpp"
#include "types/dense_sum.hpp"
#include "types/dense_text.hpp"
#include "types/dense_wire.hpp"

#include "pg/function.hpp"

using namespace quiver::types;

// clang-format off
QUIVER_FUNCTION(vector_in) { return dense_in<float>(fcinfo); }
QUIVER_FUNCTION(vector_out) { return dense_out<float>(fcinfo); }
QUIVER_FUNCTION(vector_typmod_in) { return dense_typmod_in<float>(fcinfo); }
QUIVER_FUNCTION(vector_recv) { return dense_recv<float>(fcinfo); }
QUIVER_FUNCTION(vector_send) { return dense_send<float>(fcinfo); }

QUIVER_FUNCTION(l2_distance) { return dense_l2_distance<float>(fcinfo); }
QUIVER_FUNCTION(vector_l2_squared_distance) { return dense_l2_squared_distance<float>(fcinfo); }
QUIVER_FUNCTION(inner_product) { return dense_inner_product<float>(fcinfo); }
QUIVER_FUNCTION(vector_negative_inner_product) { return dense_negative_inner_product<float>(fcinfo); }
QUIVER_FUNCTION(cosine_distance) { return dense_cosine_distance<float>(fcinfo); }
QUIVER_FUNCTION(vector_spherical_distance) { return dense_spherical_distance<float>(fcinfo); }
QUIVER_FUNCTION(l1_distance) { return dense_l1_distance<float>(fcinfo); }
QUIVER_FUNCTION(vector_dims) { return dense_dims<float>(fcinfo); }
QUIVER_FUNCTION(vector_norm) { return dense_norm<float>(fcinfo); }
QUIVER_FUNCTION(l2_normalize) { return dense_l2_normalize<float>(fcinfo); }

QUIVER_FUNCTION(vector_add) { return dense_add<float>(fcinfo); }
QUIVER_FUNCTION(vector_sub) { return dense_elementwise<float, Subtract>(fcinfo); }
QUIVER_FUNCTION(vector_mul) { return dense_elementwise<float, Multiply>(fcinfo); }
QUIVER_FUNCTION(vector_scale) { return dense_scale<float>(fcinfo); }
QUIVER_FUNCTION(vector_scale_reversed) { return dense_scale_reversed<float>(fcinfo); }
QUIVER_FUNCTION(vector_concat) { return dense_concat<float>(fcinfo); }
QUIVER_FUNCTION(subvector) { return dense_subvector<float>(fcinfo); }
QUIVER_FUNCTION(binary_quantize) { return dense_binary_quantize<float>(fcinfo); }

QUIVER_FUNCTION(vector_lt) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) < 0); }
QUIVER_FUNCTION(vector_le) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) <= 0); }
QUIVER_FUNCTION(vector_eq) { PG_RETURN_BOOL(dense_equal<float>(fcinfo)); }
QUIVER_FUNCTION(vector_ne) { PG_RETURN_BOOL(!dense_equal<float>(fcinfo)); }
QUIVER_FUNCTION(vector_ge) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) >= 0); }
QUIVER_FUNCTION(vector_gt) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) > 0); }
QUIVER_FUNCTION(vector_cmp) { PG_RETURN_INT32(dense_compare<float>(fcinfo)); }
QUIVER_FUNCTION(vector_hash) { return dense_hash<float>(fcinfo); }
QUIVER_FUNCTION(vector_hash_extended) { return dense_hash_extended<float>(fcinfo); }

QUIVER_FUNCTION(vector_accum) { return dense_accumulate<float>(fcinfo, "vector_accum"); }

QUIVER_FUNCTION(vector) { return dense_check_typmod<float>(fcinfo); }
QUIVER_FUNCTION(vector_to_float4) { return dense_to_real_array<float>(fcinfo); }
// clang-format on

// NULL if there was no row.
QUIVER_FUNCTION(vector_avg)
{
    const SumState state{PG_GETARG_ARRAYTYPE_P(0), "vector_avg"};
    if (state.rows() == 0)
        PG_RETURN_NULL();
    check_dim<float>(state.dim());
    Vector *result = make_dense<float>(state.dim());
    quotients(state, state.rows(), result->x);
    check_elements(result->x, state.dim());
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(array_to_vector)
{
    const NumberArray numbers{PG_GETARG_ARRAYTYPE_P(0)};
    check_dim<float>(numbers.count());
    check_typmod(PG_GETARG_INT32(1), numbers.count());
    Vector *result = make_dense<float>(numbers.count());
    numbers.for_each<float>(
        [x = result->x](int i, auto number) { x[i] = static_cast<float>(number); });
    check_elements(result->x, numbers.count());
    PG_RETURN_POINTER(result);
}

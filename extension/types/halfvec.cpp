// halfvec: half precision. The SQL functions, bound to the templates over Half.
#include "types/dense_arithmetic.hpp"
#include "types/dense_array.hpp"
#include "types/dense_compare.hpp"
#include "types/dense_narrow.hpp"
#include "types/dense_shape.hpp"
#include "types/dense_sum.hpp"
#include "types/dense_text.hpp"
#include "types/dense_wire.hpp"

#include "pg/function.hpp"

using namespace quiver::types;

// clang-format off
QUIVER_FUNCTION(halfvec_in) { return dense_in<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_out) { return dense_out<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_typmod_in) { return dense_typmod_in<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_recv) { return dense_recv<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_send) { return dense_send<Half>(fcinfo); }

QUIVER_FUNCTION(halfvec_l2_distance) { return dense_l2_distance<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_l2_squared_distance) { return dense_l2_squared_distance<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_inner_product) { return dense_inner_product<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_negative_inner_product) { return dense_negative_inner_product<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_cosine_distance) { return dense_cosine_distance<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_spherical_distance) { return dense_spherical_distance<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_l1_distance) { return dense_l1_distance<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_vector_dims) { return dense_dims<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_l2_norm) { return dense_norm<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_l2_normalize) { return dense_l2_normalize<Half>(fcinfo); }

QUIVER_FUNCTION(halfvec_add) { return dense_add<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_sub) { return dense_elementwise<Half, Subtract>(fcinfo); }
QUIVER_FUNCTION(halfvec_mul) { return dense_elementwise<Half, Multiply>(fcinfo); }
QUIVER_FUNCTION(halfvec_scale) { return dense_scale<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_scale_reversed) { return dense_scale_reversed<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_concat) { return dense_concat<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_subvector) { return dense_subvector<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_binary_quantize) { return dense_binary_quantize<Half>(fcinfo); }

QUIVER_FUNCTION(halfvec_lt) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) < 0); }
QUIVER_FUNCTION(halfvec_le) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) <= 0); }
QUIVER_FUNCTION(halfvec_eq) { PG_RETURN_BOOL(dense_equal<Half>(fcinfo)); }
QUIVER_FUNCTION(halfvec_ne) { PG_RETURN_BOOL(!dense_equal<Half>(fcinfo)); }
QUIVER_FUNCTION(halfvec_ge) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) >= 0); }
QUIVER_FUNCTION(halfvec_gt) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) > 0); }
QUIVER_FUNCTION(halfvec_cmp) { PG_RETURN_INT32(dense_compare<Half>(fcinfo)); }
QUIVER_FUNCTION(halfvec_hash) { return dense_hash<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_hash_extended) { return dense_hash_extended<Half>(fcinfo); }

QUIVER_FUNCTION(halfvec_accum) { return dense_accumulate<Half>(fcinfo, "halfvec_accum"); }

QUIVER_FUNCTION(halfvec) { return dense_check_typmod<Half>(fcinfo); }
QUIVER_FUNCTION(halfvec_to_float4) { return dense_to_real_array<Half>(fcinfo); }
// clang-format on

// NULL if there was no row.
QUIVER_FUNCTION(halfvec_avg)
{
    const SumState state{PG_GETARG_ARRAYTYPE_P(0), "halfvec_avg"};
    if (state.rows() == 0)
        PG_RETURN_NULL();
    const int dim = state.dim();
    check_dim<Half>(dim);
    HalfVector *result = make_dense<Half>(dim);
    const double *sums = state.sums();
    for (int i = 0; i < dim; ++i)
    {
        result->x[i] = half_from_float(static_cast<float>(sums[i] / state.rows()));
        check_element(result->x[i]);
    }
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(array_to_halfvec)
{
    const NumberArray numbers{PG_GETARG_ARRAYTYPE_P(0)};
    check_dim<Half>(numbers.count());
    check_typmod(PG_GETARG_INT32(1), numbers.count());
    HalfVector *result = make_dense<Half>(numbers.count());
    numbers.for_each<float>([x = result->x](int i, auto number) {
        x[i] = half_from_float(static_cast<float>(number));
    });
    check_elements(result->x, numbers.count());
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(halfvec_to_vector)
{
    const View<Half> half{PG_GETARG_DATUM(0)};
    check_typmod(PG_GETARG_INT32(1), half.dim());
    Vector *result = make_dense<float>(half.dim());
    (void) Element<Half>::widen(half.elements(), half.dim(), result->x);
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(vector_to_halfvec)
{
    const View<float> vector{PG_GETARG_DATUM(0)};
    check_typmod(PG_GETARG_INT32(1), vector.dim());
    HalfVector *result = make_dense<Half>(vector.dim());
    Element<Half>::narrow(vector.elements(), result->x, vector.dim());
    for (int i = 0; i < vector.dim(); ++i)
        if (is_infinite(result->x[i])) [[unlikely]]
            report_not_half(vector[i]);
    PG_RETURN_POINTER(result);
}

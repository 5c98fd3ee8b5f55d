// What becomes a tinyvec, and what a tinyvec becomes: other vectors, arrays, scaled vectors.
#include "types/dense_arithmetic.hpp"
#include "types/dense_array.hpp"
#include "types/dense_narrow.hpp"

#include "pg/function.hpp"

using namespace quiver::types;

namespace {

// Vector or halfvec to tinyvec, rounded.
template <class T> Datum to_tiny(FunctionCallInfo fcinfo)
{
    const View<T> vector{PG_GETARG_DATUM(0)};
    check_typmod(PG_GETARG_INT32(1), vector.dim());
    TinyVector *result = make_dense<std::int8_t>(vector.dim());
    for (int i = 0; i < vector.dim(); ++i)
        result->x[i] = tiny_from_number(Element<T>::to_float(vector[i]));
    PG_RETURN_POINTER(result);
}

// The line between `lo` and `hi` in 255 equal steps: -128 is lo, 127 is hi.
struct Scale
{
    double lo;
    double step;

    Scale(double low, double high) : lo(low), step((high - low) / 255)
    {
        if (!std::isfinite(low) || !std::isfinite(high) || !(low < high) || !std::isfinite(step) ||
            step == 0)
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("lower bound must be less than upper bound, and both must be finite"),
                    errdetail("The bounds are %g and %g.", low, high));
    }
};

template <class T> Datum quantize(FunctionCallInfo fcinfo)
{
    const View<T> vector{PG_GETARG_DATUM(0)};
    const Scale scale{PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)};
    TinyVector *result = make_dense<std::int8_t>(vector.dim());
    for (int i = 0; i < vector.dim(); ++i)
    {
        const double steps = (Element<T>::to_float(vector[i]) - scale.lo) / scale.step - 128;
        result->x[i] = static_cast<std::int8_t>(round_to_even(std::clamp(steps, -128.0, 127.0)));
    }
    PG_RETURN_POINTER(result);
}

// A tinyvec as a vector, by way of which it is scaled.
Vector *widen(const View<std::int8_t> &tiny)
{
    Vector *result = make_dense<float>(tiny.dim());
    (void) Element<std::int8_t>::widen(tiny.elements(), tiny.dim(), result->x);
    return result;
}

Datum scale_tiny(Datum tiny, double factor)
{
    Vector *wide = widen(View<std::int8_t>{tiny});
    return PointerGetDatum(scale(View<float>{PointerGetDatum(wide)}, factor));
}

}  // namespace

QUIVER_FUNCTION(tinyvec_to_vector)
{
    const View<std::int8_t> tiny{PG_GETARG_DATUM(0)};
    check_typmod(PG_GETARG_INT32(1), tiny.dim());
    PG_RETURN_POINTER(widen(tiny));
}

QUIVER_FUNCTION(tinyvec_to_halfvec)
{
    const View<std::int8_t> tiny{PG_GETARG_DATUM(0)};
    check_typmod(PG_GETARG_INT32(1), tiny.dim());
    HalfVector *result = make_dense<Half>(tiny.dim());
    for (int i = 0; i < tiny.dim(); ++i)
        result->x[i] = quiver::kernels::float_to_half(tiny[i]);
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(vector_to_tinyvec) { return to_tiny<float>(fcinfo); }

QUIVER_FUNCTION(halfvec_to_tinyvec) { return to_tiny<Half>(fcinfo); }

QUIVER_FUNCTION(array_to_tinyvec)
{
    const NumberArray numbers{PG_GETARG_ARRAYTYPE_P(0)};
    check_dim<std::int8_t>(numbers.count());
    check_typmod(PG_GETARG_INT32(1), numbers.count());
    TinyVector *result = make_dense<std::int8_t>(numbers.count());
    numbers.for_each<double>([x = result->x](int i, auto number) {
        x[i] = tiny_from_number(static_cast<double>(number));
    });
    PG_RETURN_POINTER(result);
}

QUIVER_FUNCTION(tinyvec_to_int4)
{
    const View<std::int8_t> tiny{PG_GETARG_DATUM(0)};
    std::int32_t *out = nullptr;
    ArrayType *result = make_array(tiny.dim(), INT4OID, out);
    for (int i = 0; i < tiny.dim(); ++i)
        out[i] = tiny[i];
    PG_RETURN_ARRAYTYPE_P(result);
}

QUIVER_FUNCTION(tinyvec_scale) { return scale_tiny(PG_GETARG_DATUM(0), PG_GETARG_FLOAT8(1)); }

QUIVER_FUNCTION(tinyvec_scale_reversed)
{
    return scale_tiny(PG_GETARG_DATUM(1), PG_GETARG_FLOAT8(0));
}

QUIVER_FUNCTION(tinyvec_l2_normalize)
{
    const View<std::int8_t> tiny{PG_GETARG_DATUM(0)};
    PG_RETURN_POINTER(normalize(View<float>{PointerGetDatum(widen(tiny))}));
}

QUIVER_FUNCTION(vector_scalar_quantize) { return quantize<float>(fcinfo); }

QUIVER_FUNCTION(halfvec_scalar_quantize) { return quantize<Half>(fcinfo); }

QUIVER_FUNCTION(scalar_dequantize)
{
    const View<std::int8_t> tiny{PG_GETARG_DATUM(0)};
    const Scale scale{PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)};
    Vector *result = make_dense<float>(tiny.dim());
    for (int i = 0; i < tiny.dim(); ++i)
        result->x[i] = static_cast<float>(scale.lo + (tiny[i] + 128) * scale.step);
    check_elements(result->x, tiny.dim());
    PG_RETURN_POINTER(result);
}

// The running sum behind avg() of all dense types and sum(tinyvec): float8[] {rows, sum, sum, ...}.
//
// The state is pgvector's, {0} before the first row, so partial states combine with the same
// results. As an aggregate's transition the sums are added to in place; the array is the
// aggregate's own from the second row on.
#pragma once

#include "types/dense.hpp"

#include <algorithm>

namespace quiver::types {

class SumState
{
public:
    // Takes a state from SQL; `caller` is named in the error if it is no such array.
    SumState(ArrayType *array, const char *caller);

    // A state of `dim` sums that are not set.
    SumState(int dim, double rows);

    ArrayType *array() const { return array_; }
    int dim() const { return ARR_DIMS(array_)[0] - 1; }
    double &rows() const { return *reinterpret_cast<double *>(ARR_DATA_PTR(array_)); }
    double *sums() const { return &rows() + 1; }

private:
    ArrayType *array_;
};

// Whether the call is an aggregate's and the state datum may be changed in place.
bool is_own_state(FunctionCallInfo fcinfo, Datum state);

// Raise the overflow error if a sum is infinite.
void check_sums(const SumState &state);

template <class T> Datum dense_accumulate(FunctionCallInfo fcinfo, const char *caller)
{
    const SumState state{PG_GETARG_ARRAYTYPE_P(0), caller};
    const View<T> vector{PG_GETARG_DATUM(1)};
    const bool first = state.dim() == 0;
    const int dim = first ? vector.dim() : state.dim();
    check_typmod(dim, vector.dim());

    const bool in_place = !first && is_own_state(fcinfo, PG_GETARG_DATUM(0));
    const SumState result = in_place ? state : SumState{dim, state.rows()};
    result.rows() += 1;
    double *sums = result.sums();
    if (first)
        std::fill_n(sums, dim, -0.0);  // the sum that keeps a negative zero
    else if (!in_place)
        std::copy_n(state.sums(), dim, sums);

    float buffer[block_size];
    for (int start = 0; start < dim; start += block_size)
    {
        const int n = std::min(block_size, dim - start);
        const UnalignedFloat *x = Element<T>::widen(vector.elements() + start, n, buffer);
        double *out = sums + start;
        for (int i = 0; i < n; ++i)
            out[i] += static_cast<double>(x[i]);
    }
    check_sums(result);
    PG_RETURN_ARRAYTYPE_P(result.array());
}

// Sums over `divisor` as floats, in `out`.
void quotients(const SumState &state, double divisor, float *out);

}  // namespace quiver::types

// Drift metrics for SQL: counts in bins and samples as float8 arrays.
#include "pg/query.hpp"

#include "kernels/drift.hpp"
#include "pg/function.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace quiver::features {
namespace {

std::span<double> numbers(FunctionCallInfo fcinfo, int argument)
{
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), FLOAT8OID, sizeof(double), FLOAT8PASSBYVAL,
                      TYPALIGN_DOUBLE, &values, &nulls, &count);
    auto *list =
        static_cast<double *>(palloc(sizeof(double) * static_cast<std::size_t>(count + 1)));
    std::size_t kept = 0;
    for (int i = 0; i < count; i++)
        if (!nulls[i] && !std::isnan(DatumGetFloat8(values[i])))
            list[kept++] = DatumGetFloat8(values[i]);
    return {list, kept};
}

struct Bins
{
    std::span<double> reference;
    std::span<double> current;
    bool empty;  // on either side: nothing can be said
};

Bins bins_of(FunctionCallInfo fcinfo)
{
    Bins bins{numbers(fcinfo, 0), numbers(fcinfo, 1), false};
    if (bins.reference.size() != bins.current.size())
        ereport(
            ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("the samples have %zu and %zu bins", bins.reference.size(), bins.current.size()),
            errhint("Count both samples in the same bins; a bin without rows counts 0."));
    double totals[2] = {0, 0};
    for (std::size_t i = 0; i < bins.reference.size(); i++)
    {
        if (!(bins.reference[i] >= 0) || !(bins.current[i] >= 0) ||
            std::isinf(bins.reference[i] + bins.current[i]))
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a bin must count 0 or more rows"));
        totals[0] += bins.reference[i];
        totals[1] += bins.current[i];
    }
    bins.empty = totals[0] == 0 || totals[1] == 0;
    return bins;
}

std::span<double> sample(FunctionCallInfo fcinfo, int argument)
{
    const std::span<double> values = numbers(fcinfo, argument);
    std::sort(values.begin(), values.end());
    return values;
}

Datum row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
    TupleDesc shape;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "a drift test must return a row");
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls));
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;
namespace kernels = quiver::kernels;

QUIVER_FUNCTION(drift_psi)
{
    const Bins bins = bins_of(fcinfo);
    const double smoothing = PG_GETARG_FLOAT8(2);
    if (!(smoothing > 0) || std::isinf(smoothing))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("smoothing must be positive, not %g", smoothing));
    if (bins.empty)
        PG_RETURN_NULL();
    PG_RETURN_FLOAT8(kernels::drift_psi(bins.reference, bins.current, smoothing));
}

QUIVER_FUNCTION(drift_js)
{
    const Bins bins = bins_of(fcinfo);
    if (bins.empty)
        PG_RETURN_NULL();
    PG_RETURN_FLOAT8(kernels::drift_js(bins.reference, bins.current));
}

QUIVER_FUNCTION(drift_chi2)
{
    const Bins bins = bins_of(fcinfo);
    if (bins.empty)
        PG_RETURN_NULL();
    const kernels::ChiSquare test = kernels::drift_chi2(bins.reference, bins.current);
    Datum values[] = {Float8GetDatum(test.statistic), Int32GetDatum(test.freedom),
                      Float8GetDatum(test.probability)};
    bool nulls[] = {false, false, test.freedom == 0};
    PG_RETURN_DATUM(row(fcinfo, values, nulls));
}

QUIVER_FUNCTION(drift_ks)
{
    const std::span<double> reference = sample(fcinfo, 0), current = sample(fcinfo, 1);
    if (reference.empty() || current.empty())
        PG_RETURN_NULL();
    const double statistic = kernels::drift_ks(reference, current);
    Datum values[] = {Float8GetDatum(statistic),
                      Float8GetDatum(kernels::drift_ks_probability(
                          statistic, static_cast<double>(reference.size()),
                          static_cast<double>(current.size())))};
    bool nulls[] = {false, false};
    PG_RETURN_DATUM(row(fcinfo, values, nulls));
}

QUIVER_FUNCTION(drift_wasserstein)
{
    const std::span<double> reference = sample(fcinfo, 0), current = sample(fcinfo, 1);
    if (reference.empty() || current.empty() || std::isinf(reference.front()) ||
        std::isinf(reference.back()) || std::isinf(current.front()) || std::isinf(current.back()))
        PG_RETURN_NULL();
    PG_RETURN_FLOAT8(kernels::drift_wasserstein(reference, current));
}

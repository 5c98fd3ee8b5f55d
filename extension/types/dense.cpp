// The checks of the dense vector types, out of the way of the code that passes them.
#include "types/dense.hpp"

namespace quiver::types {

void report_damaged_dense(const char *type, std::size_t size, int dim)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("damaged value of type %s", type),
            errdetail("Its length is %zu bytes and its dimension count is %d.", size, dim));
    pg_unreachable();
}

void report_different_dims(const char *type, int a, int b)
{
    ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
            errmsg("different %s dimensions %d and %d", type, a, b));
    pg_unreachable();
}

void report_too_few_dims(const char *type)
{
    ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
            errmsg("%s must have at least 1 dimension", type));
    pg_unreachable();
}

int dense_dim(Datum datum)
{
    std::int16_t dim = 0;
    const pg::Varlena value{datum, sizeof dim};
    std::memcpy(&dim, value.bytes(), sizeof dim);
    return dim;
}

bool check_dim(const char *type, int dim, Node *escontext)
{
    if (dim < 1)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("%s must have at least 1 dimension", type));
    if (dim > dense_max_dim)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                       errmsg("%s cannot have more than %d dimensions", type, dense_max_dim));
    return true;
}

bool check_typmod(std::int32_t typmod, int dim, Node *escontext)
{
    if (typmod != -1 && typmod != dim)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("expected %d dimensions, not %d", typmod, dim));
    return true;
}

bool report_not_finite(const char *type, bool nan, Node *escontext)
{
    if (nan)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("NaN not allowed in %s", type));
    QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                   errmsg("infinite value not allowed in %s", type));
}

}  // namespace quiver::types

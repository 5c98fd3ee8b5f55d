// The checks and the builder of sparsevec.
#include "types/sparsevec.hpp"

#include "types/dense.hpp"

#include <cmath>
#include <cstring>

namespace quiver::types {

bool check_sparsevec_dim(std::int32_t dim, Node *escontext)
{
    if (dim < 1)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("sparsevec must have at least 1 dimension"));
    if (dim > sparsevec_max_dim)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                       errmsg("sparsevec cannot have more than %d dimensions", sparsevec_max_dim));
    return true;
}

bool check_sparsevec_nonzeros(std::int32_t nnz, std::int32_t dim, Node *escontext)
{
    if (nnz < 0)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("sparsevec cannot have negative number of elements"));
    if (nnz > sparsevec_max_nonzeros)
        QUIVER_ERETURN(
            escontext, false, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("sparsevec cannot have more than %d non-zero elements", sparsevec_max_nonzeros));
    if (nnz > dim)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                       errmsg("sparsevec cannot have more elements than dimensions"));
    return true;
}

bool check_sparsevec_index(const std::int32_t *indices, std::int32_t position, std::int32_t dim,
                           Node *escontext)
{
    const std::int32_t index = indices[position];
    if (index < 0 || index >= dim)
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("sparsevec index out of bounds"));
    if (position > 0 && index < indices[position - 1])
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("sparsevec indices must be in ascending order"));
    if (position > 0 && index == indices[position - 1])
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("sparsevec indices must not contain duplicates"));
    return true;
}

bool check_sparsevec_element(float value, Node *escontext)
{
    if (std::isnan(value))
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("NaN not allowed in sparsevec"));
    if (std::isinf(value))
        QUIVER_ERETURN(escontext, false, errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("infinite value not allowed in sparsevec"));
    return true;
}

void check_same_dims(const SparseVector *a, const SparseVector *b)
{
    if (a->dim != b->dim)
        report_different_dims("sparsevec", a->dim, b->dim);
}

void report_damaged_sparsevec(const SparseVector *vector)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("damaged value of type sparsevec"),
            errdetail("Its length is %u bytes and its element count is %d.", VARSIZE(vector),
                      VARSIZE(vector) < sparsevec_size(0) ? 0 : vector->nnz));
    pg_unreachable();
}

double sparsevec_norm(const SparseVector *vector)
{
    const float *values = vector->values();
    double sum = 0;
    for (std::int32_t i = 0; i < vector->nnz; ++i)
        sum += static_cast<double>(values[i]) * values[i];
    return std::sqrt(sum);
}

SparseBuilder::SparseBuilder(std::int32_t dim, std::size_t capacity)
    : result_(static_cast<SparseVector *>(palloc(sparsevec_size(capacity)))),
      values_(reinterpret_cast<float *>(result_->indices + capacity)),
      capacity_(capacity)
{
    result_->dim = dim;
    result_->unused = 0;
}

SparseVector *SparseBuilder::finish()
{
    if (count_ > static_cast<std::size_t>(sparsevec_max_nonzeros))
        ereport(
            ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("sparsevec cannot have more than %d non-zero elements", sparsevec_max_nonzeros));
    result_->nnz = static_cast<std::int32_t>(count_);
    std::memmove(result_->values(), values_, count_ * sizeof(float));
    SET_VARSIZE(result_, sparsevec_size(count_));
    return result_;
}

}  // namespace quiver::types

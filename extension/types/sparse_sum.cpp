// How SparseSum grows, folds, and travels.
#include "types/sparse_sum.hpp"

#include "types/dense.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::types {
namespace {

// Below this many pending elements a fold is not worth its pass over the run.
constexpr std::size_t least_pending = 4096;

}  // namespace

SparseSum *SparseSum::create(MemoryContext context, std::int32_t dim)
{
    auto *sum = static_cast<SparseSum *>(MemoryContextAllocZero(context, sizeof(SparseSum)));
    sum->context_ = context;
    sum->dim_ = dim;
    return sum;
}

void SparseSum::reserve(std::size_t more)
{
    if (count_ - run_ + more > std::max(run_, least_pending))
        fold();
    if (count_ + more <= capacity_)
        return;
    const std::size_t capacity = std::max(2 * capacity_, count_ + std::max(more, least_pending));
    const Size bytes = capacity * sizeof(Element);
    elements_ =
        static_cast<Element *>(elements_ == nullptr ? MemoryContextAllocHuge(context_, bytes)
                                                    : repalloc_huge(elements_, bytes));
    capacity_ = capacity;
}

// Sort the pending elements, merge them with the run, add up those of one index.
void SparseSum::fold()
{
    if (count_ == run_)
        return;
    CHECK_FOR_INTERRUPTS();
    const auto by_index = [](const Element &a, const Element &b) { return a.index < b.index; };
    std::sort(elements_ + run_, elements_ + count_, by_index);

    auto *merged = static_cast<Element *>(
        MemoryContextAllocHuge(context_, std::max<Size>(count_, 1) * sizeof(Element)));
    std::merge(elements_, elements_ + run_, elements_ + run_, elements_ + count_, merged, by_index);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < count_; ++i)
    {
        if (merged[i].index == merged[kept].index)
            merged[kept].total += merged[i].total;
        else
            merged[++kept] = merged[i];
    }
    pfree(elements_);
    elements_ = merged;
    capacity_ = count_;
    run_ = count_ = kept + 1;
}

void SparseSum::add(const SparseVector *vector)
{
    if (vector->dim != dim_)
        report_different_dims("sparsevec", dim_, vector->dim);
    const auto more = static_cast<std::size_t>(vector->nnz);
    const float *values = vector->values();
    reserve(more);
    for (std::size_t i = 0; i < more; ++i)
        elements_[count_ + i] = {vector->indices[i], values[i]};
    count_ += more;
    ++rows_;
}

void SparseSum::add(const SparseSum &other)
{
    if (other.dim_ != dim_)
        report_different_dims("sparsevec", dim_, other.dim_);
    reserve(other.count_);
    std::copy(other.elements_, other.elements_ + other.count_, elements_ + count_);
    count_ += other.count_;
    rows_ += other.rows_;
}

SparseVector *SparseSum::result(double divisor)
{
    fold();
    // Totals may cancel to zero, so only what is left after rounding counts against the limit.
    const auto is_kept = [divisor](const Element &element) {
        return static_cast<float>(element.total / divisor) != 0;
    };
    const auto kept = std::count_if(elements_, elements_ + count_, is_kept);
    if (kept > sparsevec_max_nonzeros)
        ereport(
            ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("sparsevec cannot have more than %d non-zero elements", sparsevec_max_nonzeros));
    SparseBuilder builder{dim_, static_cast<std::size_t>(kept)};
    for (std::size_t i = 0; i < count_; ++i)
    {
        const auto value = static_cast<float>(elements_[i].total / divisor);
        if (std::isinf(value))
            float_overflow_error();
        builder.append(elements_[i].index, value);
    }
    return builder.finish();
}

bytea *SparseSum::serialize()
{
    fold();
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint64(&message, static_cast<std::uint64_t>(rows_));
    pq_sendint32(&message, static_cast<std::uint32_t>(dim_));
    pq_sendint64(&message, count_);
    for (std::size_t i = 0; i < count_; ++i)
    {
        pq_sendint32(&message, static_cast<std::uint32_t>(elements_[i].index));
        pq_sendfloat8(&message, elements_[i].total);
    }
    return pq_endtypsend(&message);
}

SparseSum *SparseSum::deserialize(MemoryContext context, const bytea *bytes)
{
    StringInfoData message;
    initStringInfo(&message);
    appendBinaryStringInfo(&message, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));

    const std::int64_t rows = pq_getmsgint64(&message);
    const auto dim = static_cast<std::int32_t>(pq_getmsgint(&message, sizeof(std::int32_t)));
    const auto count = static_cast<std::size_t>(pq_getmsgint64(&message));
    SparseSum *sum = create(context, dim);
    sum->rows_ = rows;
    sum->reserve(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto index = static_cast<std::int32_t>(pq_getmsgint(&message, sizeof(std::int32_t)));
        sum->elements_[i] = {index, pq_getmsgfloat8(&message)};
    }
    pq_getmsgend(&message);
    sum->run_ = sum->count_ = count;
    pfree(message.data);
    return sum;
}

}  // namespace quiver::types

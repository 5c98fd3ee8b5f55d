// The dense vector types as stored, as read from an argument, and the checks on the way in.
//
// Stored, after the length word: int16 dim, int16 unused (0), dim elements. Readers see a View,
// which does not copy what lies in the row; makers fill a Dense from make_dense().
// A check that is given an error context (16 and later, input functions only) reports through it
// and returns false; without one it raises the error. Texts, SQLSTATEs and order are pgvector's.
#pragma once

#include "pg/compat.hpp"
#include "pg/prefetch.hpp"
#include "pg/repeated_argument.hpp"
#include "pg/varlena.hpp"
#include "types/dense_element.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace quiver::types {

inline constexpr int dense_max_dim = 16000;

// Persisted, and for float and Half shared with pgvector.
template <class T> struct Dense
{
    std::int32_t vl_len_;
    std::int16_t dim;
    std::int16_t unused;
    T x[FLEXIBLE_ARRAY_MEMBER];
};
static_assert(offsetof(Dense<float>, x) == 8 && offsetof(Dense<Half>, x) == 8 &&
              offsetof(Dense<std::int8_t>, x) == 8);

using Vector = Dense<float>;
using HalfVector = Dense<Half>;
using TinyVector = Dense<std::int8_t>;

// Bytes between the length word and the elements.
inline constexpr std::size_t dense_prefix = 4;

template <class T> constexpr std::size_t dense_size(int dim)
{
    return offsetof(Dense<T>, x) + static_cast<std::size_t>(dim) * sizeof(T);
}

// A new vector in the current context; its elements are not set.
template <class T> Dense<T> *make_dense(int dim)
{
    const std::size_t size = dense_size<T>(dim);
    auto *result = static_cast<Dense<T> *>(palloc(size));
    SET_VARSIZE(result, size);
    result->dim = static_cast<std::int16_t>(dim);
    result->unused = 0;
    return result;
}

[[noreturn, gnu::cold]] void report_damaged_dense(const char *type, std::size_t size, int dim);
[[noreturn, gnu::cold]] void report_different_dims(const char *type, int a, int b);
[[noreturn, gnu::cold]] void report_too_few_dims(const char *type);

// A dense argument. Elements may be unaligned: read them by operator[], or hand elements() to
// kernels and to Element<T>::widen().
template <class T> class View
{
public:
    explicit View(Datum datum) : View(pg::Varlena{datum}, dense_max_dim) {}

    // Only the first `limit` elements, for which an out-of-line value is not fetched as a whole.
    // dim() is that of the whole.
    View(Datum datum, int limit)
        : View(pg::Varlena{datum, dense_prefix + static_cast<std::size_t>(limit) * sizeof(T)},
               limit)
    {
    }

    int dim() const { return dim_; }
    std::size_t count() const { return static_cast<std::size_t>(dim_); }
    const T *elements() const { return reinterpret_cast<const T *>(value_.bytes() + dense_prefix); }
    T operator[](int i) const
    {
        T value;
        std::memcpy(&value, elements() + i, sizeof value);
        return value;
    }
    void release() { value_.release(); }

private:
    View(pg::Varlena value, int limit) : value_(value)
    {
        std::int16_t dim = 0;
        if (value_.size() >= dense_prefix) [[likely]]
            std::memcpy(&dim, value_.bytes(), sizeof dim);
        dim_ = dim;
        // A damaged page must not make a kernel read past the value.
        const int needed = value_.is_part() && limit < dim_ ? limit : dim_;
        if (dense_prefix + static_cast<std::size_t>(needed) * sizeof(T) != value_.size())
            [[unlikely]]
            report_damaged_dense(Element<T>::type_name, value_.size(), dim_);
    }

    pg::Varlena value_;
    int dim_;
};

// Two vectors of the same dimensions from a call's first two arguments.
template <class T> struct Pair
{
    View<T> a;
    View<T> b;

    explicit Pair(FunctionCallInfo fcinfo)
        : a(pg::repeated_argument(fcinfo, 0)),
          b(pg::repeated_argument(fcinfo, 1))
    {
        pg::prefetch_row_below(PG_GETARG_DATUM(0), a.elements(), a.count() * sizeof(T));
        pg::prefetch_row_below(PG_GETARG_DATUM(1), b.elements(), b.count() * sizeof(T));
        if (a.dim() != b.dim()) [[unlikely]]
            report_different_dims(Element<T>::type_name, a.dim(), b.dim());
    }
};

// The dimensions alone. A value out of line costs its first chunk only.
int dense_dim(Datum datum);

bool check_dim(const char *type, int dim, Node *escontext = nullptr);
bool check_typmod(std::int32_t typmod, int dim, Node *escontext = nullptr);

// Raise the error of a NaN or infinite element.
bool report_not_finite(const char *type, bool nan, Node *escontext);

template <class T> bool check_dim(int dim, Node *escontext = nullptr)
{
    return check_dim(Element<T>::type_name, dim, escontext);
}

template <class T> bool check_element(T value, Node *escontext = nullptr)
{
    if constexpr (Element<T>::is_floating)
        if ((Element<T>::bits(value) & Element<T>::magnitude_mask) >= Element<T>::infinity)
            [[unlikely]]
            return report_not_finite(Element<T>::type_name, is_nan(value), escontext);
    return true;
}

// The same of many; the first that is not finite is reported.
template <class T> void check_elements(const T *x, int n)
{
    if constexpr (Element<T>::is_floating)
    {
        using E = Element<T>;
        unsigned bad = 0;
        for (int i = 0; i < n; ++i)
            bad |= (E::bits(x[i]) & E::magnitude_mask) >= E::infinity ? 1U : 0U;
        for (int i = 0; bad != 0 && i < n; ++i)
            check_element(x[i]);
    }
}

}  // namespace quiver::types

// The distances of each kind of value and metric, bound to the kernels in force at each call.
#include "hnsw/space.hpp"

#include "types/dense_element.hpp"

#include <cmath>
#include <limits>

namespace quiver::hnsw {

namespace {

using kernels::Half;
using types::Element;

// Values are finite, but sums may leave the range: what is not a number is as far as can be, so that
// heaps stay ordered.
float comparable(float distance)
{
    return std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance;
}

template <class T, Metric metric> struct Dense
{
    using A = kernels::Acc<T>;

    static float one(const Space &space, const void *a, const void *b)
    {
        const auto *x = static_cast<const T *>(a);
        const auto *y = static_cast<const T *>(b);
        const auto &k = Element<T>::kernels();
        if constexpr (metric == Metric::l2)
            return comparable(static_cast<float>(k.l2_squared(x, y, space.dims)));
        else if constexpr (metric == Metric::l1)
            return comparable(static_cast<float>(k.l1(x, y, space.dims)));
        else
            return comparable(-static_cast<float>(k.inner_product(x, y, space.dims)));
    }

    static void many(const Space &space, const void *query, const void *const *rows,
                     std::size_t count, float *out)
    {
        const auto *x = static_cast<const T *>(query);
        const auto *y = reinterpret_cast<const T *const *>(rows);
        const auto &k = Element<T>::kernels();
        constexpr std::size_t most = 16;
        A sums[most];
        for (std::size_t done = 0; done < count; done += most)
        {
            const std::size_t n = count - done < most ? count - done : most;
            if constexpr (metric == Metric::l2)
                k.l2_squared_many(x, y + done, n, space.dims, sums);
            else if constexpr (metric == Metric::l1)
                k.l1_many(x, y + done, n, space.dims, sums);
            else
                k.inner_product_many(x, y + done, n, space.dims, sums);
            constexpr bool negate = metric == Metric::inner_product || metric == Metric::cosine;
            for (std::size_t i = 0; i < n; ++i)
                out[done + i] =
                    comparable(negate ? -static_cast<float>(sums[i]) : static_cast<float>(sums[i]));
        }
    }
};

// Whole numbers of eight bits cannot be scaled to length 1; a cosine is computed each time.
struct TinyCosine
{
    static float one(const Space &space, const void *a, const void *b)
    {
        const auto parts = kernels::active->i8.cosine(
            static_cast<const std::int8_t *>(a), static_cast<const std::int8_t *>(b), space.dims);
        const double product = static_cast<double>(parts.norm_a) * parts.norm_b;
        return product > 0 ? static_cast<float>(1 - parts.dot / std::sqrt(product)) : 1;
    }
};

struct Hamming
{
    static float one(const Space &space, const void *a, const void *b)
    {
        return static_cast<float>(kernels::active->bit.hamming(static_cast<const std::uint8_t *>(a),
                                                               static_cast<const std::uint8_t *>(b),
                                                               (space.dims + 7) / 8));
    }
};

struct Jaccard
{
    static float one(const Space &space, const void *a, const void *b)
    {
        const auto parts = kernels::active->bit.jaccard(static_cast<const std::uint8_t *>(a),
                                                        static_cast<const std::uint8_t *>(b),
                                                        (space.dims + 7) / 8);
        if (parts.both == 0)
            return 1;
        const auto either = parts.either_a + parts.either_b - parts.both;
        return static_cast<float>(1 -
                                  static_cast<double>(parts.both) / static_cast<double>(either));
    }
};

kernels::SparseView sparse_view(const void *value)
{
    const auto *words = static_cast<const std::int32_t *>(value);
    const auto count = static_cast<std::size_t>(words[0]);
    return {words + 1, reinterpret_cast<const float *>(words + 1 + count), count};
}

template <Metric metric> struct Sparse
{
    static float one(const Space &, const void *a, const void *b)
    {
        const auto x = sparse_view(a);
        const auto y = sparse_view(b);
        const auto &k = kernels::active->sparse;
        if constexpr (metric == Metric::l2)
            return comparable(k.l2_squared(x, y));
        else if constexpr (metric == Metric::l1)
            return comparable(k.l1(x, y));
        else
            return comparable(-k.inner_product(x, y));
    }
};

// Kernels that exist for one pair at a time.
template <class T>
void each(const Space &space, const void *query, const void *const *rows, std::size_t count,
          float *out)
{
    for (std::size_t i = 0; i < count; ++i)
        out[i] = T::one(space, query, rows[i]);
}

template <class T, Metric metric> void bind_dense(Space *space)
{
    space->one_ = Dense<T, metric>::one;
    space->many_ = Dense<T, metric>::many;
}

template <class T> void bind_each(Space *space)
{
    space->one_ = T::one;
    space->many_ = each<T>;
}

template <class T> void bind_dense(Space *space)
{
    if (space->metric == Metric::l2)
        bind_dense<T, Metric::l2>(space);
    else if (space->metric == Metric::l1)
        bind_dense<T, Metric::l1>(space);
    else
        bind_dense<T, Metric::inner_product>(space);
}

}  // namespace

Space make_space(ValueKind kind, Metric metric, std::uint32_t dims)
{
    Space space{kind, metric, dims};
    switch (kind)
    {
    case ValueKind::f32:
        bind_dense<float>(&space);
        break;
    case ValueKind::f16:
        bind_dense<Half>(&space);
        break;
    case ValueKind::i8:
        if (metric == Metric::cosine)
            bind_each<TinyCosine>(&space);
        else
            bind_dense<std::int8_t>(&space);
        break;
    case ValueKind::bits:
        if (metric == Metric::jaccard)
            bind_each<Jaccard>(&space);
        else
            bind_each<Hamming>(&space);
        break;
    case ValueKind::sparse:
        if (metric == Metric::l2)
            bind_each<Sparse<Metric::l2>>(&space);
        else if (metric == Metric::l1)
            bind_each<Sparse<Metric::l1>>(&space);
        else
            bind_each<Sparse<Metric::inner_product>>(&space);
        break;
    }
    return space;
}

std::uint32_t Space::value_size() const
{
    switch (kind)
    {
    case ValueKind::f32:
        return dims * 4;
    case ValueKind::f16:
        return dims * 2;
    case ValueKind::i8:
        return dims;
    case ValueKind::bits:
        return (dims + 7) / 8;
    case ValueKind::sparse:
        break;
    }
    return 0;
}

std::uint32_t Space::slot_bytes() const
{
    // Slots of eight bytes or more keep to multiples of four, so that floats are aligned.
    constexpr std::uint32_t pointer = 8;
    return fixed_width() ? (value_size() + 3) / 4 * 4 : pointer;
}

}  // namespace quiver::hnsw

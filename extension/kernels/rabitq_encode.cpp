// From a vector to its code: centre, rotate, round to the grid that keeps its direction best.
#include "kernels/rabitq.hpp"

namespace quiver::kernels {

namespace {

// Partial sums in a fixed order, so that a code is the same whatever registers did the work.
constexpr std::size_t width = 8;

struct Sum
{
    float lane[width] = {};

    double total() const
    {
        double sum = 0;
        for (float value : lane)
            sum += static_cast<double>(value);
        return sum;
    }
};

struct Grid
{
    float inverse_step;
    float middle;  // the field of a coordinate just above zero: half the number of fields
    float last;  // the largest field

    // The field of one coordinate, still as a float.
    float field(float x) const
    {
        const float place = x * inverse_step + middle;
        const float above = place < 0 ? 0 : place;
        const float below = above > last ? last : above;
        return static_cast<float>(static_cast<std::int32_t>(below));
    }
};

struct Fit
{
    double product;  // <g, r>
    double norm;  // |g|^2
    double quality() const { return norm > 0 ? product * product / norm : 0; }
};

inline void fit_one(const Grid &grid, float half_last, float x, float &product, float &norm)
{
    const float g = grid.field(x) - half_last;
    product += g * x;
    norm += g * g;
}

Fit fit(const Grid &grid, const float *r, std::size_t n)
{
    const float half_last = grid.last / 2;
    Sum product, norm;
    std::size_t i = 0;
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            fit_one(grid, half_last, r[i + j], product.lane[j], norm.lane[j]);
    for (std::size_t j = 0; i < n; i++, j++)
        fit_one(grid, half_last, r[i], product.lane[j], norm.lane[j]);
    return {product.total(), norm.total()};
}

// Steps tried, as shares of the step whose grid just reaches the largest coordinate: few coordinates
// are so large, and a finer grid that cuts them off may keep the direction better. The best share
// of Gaussian coordinates is near 0.6 at 2 bits and 0.8 at 4 (Max 1960), higher at few dimensions.
struct Shares
{
    float first, step;
    int count;
};
constexpr Shares shares[4] = {{1, 0, 1}, {0.46F, 0.06F, 10}, {0.64F, 0.04F, 11}, {0.88F, 0.02F, 7}};

float largest(const float *x, std::size_t n)
{
    float lane[width] = {};
    std::size_t i = 0;
    const auto larger = [](float a, float b) { return a < b ? b : a; };
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            lane[j] = larger(lane[j], __builtin_fabsf(x[i + j]));
    for (; i < n; i++)
        lane[0] = larger(lane[0], __builtin_fabsf(x[i]));
    for (float value : lane)
        lane[0] = larger(lane[0], value);
    return lane[0];
}

double sum_of_squares(const float *x, std::size_t n)
{
    Sum sum;
    std::size_t i = 0;
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            sum.lane[j] += x[i + j] * x[i + j];
    for (std::size_t j = 0; i < n; i++, j++)
        sum.lane[j] += x[i] * x[i];
    return sum.total();
}

double dot(const float *x, const float *y, std::size_t n)
{
    double sum = 0;
    for (std::size_t i = 0; i < n; i++)
        sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return sum;
}

// A factor past the range of float stays comparable, and the sum of two of them a number.
float to_float(double value)
{
    constexpr double limit = 1e38;
    return static_cast<float>(value > limit ? limit : value < -limit ? -limit : value);
}

// A vector so long that products of two of them are no floats is estimated by its norm alone.
constexpr double longest = 5e18;

// What centring leaves of a vector, rotated and divided by a power of two such that nothing
// overflows: the elements of `out` are below 1 before the rotation.
struct Residual
{
    double unit;  // the power of two; 0 if the vector is the centre
};

Residual residual(const CodeSpace &space, const float *vector, float *out)
{
    const std::size_t n = space.dims;
    // Halved first: the difference of two floats of opposite signs may be no float.
    for (std::size_t i = 0; i < n; i++)
        out[i] = vector[i] * 0.5F - space.centre[i] * 0.5F;
    const float top = largest(out, n);
    if (!(top > 0))
        return {0};
    int exponent;
    (void) __builtin_frexpf(top, &exponent);
    // Multiplied in two steps, either of which is a float.
    const float down = __builtin_ldexpf(1, -exponent / 2);
    const float down_rest = __builtin_ldexpf(1, -exponent - -exponent / 2);
    for (std::size_t i = 0; i < n; i++)
        out[i] = out[i] * down * down_rest;
    rotate(out, n, space.seed);
    return {__builtin_ldexp(1, exponent + 1)};
}

void pack(const Grid &grid, const float *r, const CodeSpace &space, std::uint8_t *code)
{
    const std::size_t bytes = code_bytes(space.dims, space.bits);
    const unsigned fields = 8 / space.bits;
    __builtin_memset(code, 0, bytes);
    for (unsigned f = 0; f < fields; f++)
    {
        const std::size_t from = f * bytes;
        if (from >= space.dims)
            break;
        const std::size_t left = space.dims - from, count = left < bytes ? left : bytes;
        for (std::size_t j = 0; j < count; j++)
            code[j] = static_cast<std::uint8_t>(
                code[j] | static_cast<std::uint32_t>(grid.field(r[from + j])) << f * space.bits);
    }
}

}  // namespace

void encode(const CodeSpace &space, const float *vector, float *scratch,
            std::uint8_t *record) noexcept
{
    const std::size_t n = space.dims;
    std::uint8_t *code = record + sizeof(CodeFactors);
    const Residual left = residual(space, vector, scratch);
    const double norm = left.unit > 0 ? sum_of_squares(scratch, n) : 0;
    if (!(norm > 0))
    {
        __builtin_memset(record, 0, code_record_bytes(n, space.bits));
        return;
    }

    const float top = largest(scratch, n);
    const float field_count = static_cast<float>(1U << space.bits);
    const Shares &tried = shares[code_width(space.bits)];
    Grid best{0, field_count / 2, field_count - 1};
    Fit best_fit{0, 0};
    const auto improves = [&](int t) {
        const float share = tried.first + tried.step * static_cast<float>(t);
        const Grid grid{field_count / (2 * top * share), best.middle, best.last};
        const Fit found = fit(grid, scratch, n);
        if (found.quality() <= best_fit.quality())
            return false;
        best = grid;
        best_fit = found;
        return true;
    };
    // From the middle up while that helps; or else down.
    const int middle = tried.count / 2;
    (void) improves(middle);
    int t = middle + 1;
    while (t < tried.count && improves(t))
        t++;
    if (t == middle + 1)
        for (t = middle - 1; t >= 0 && improves(t);)
            t--;
    pack(best, scratch, space, code);

    const double length = __builtin_sqrt(norm) * left.unit;
    CodeFactors factors;
    factors.b = length > longest ? 0 : to_float(norm / best_fit.product * left.unit);
    if (space.metric == CodeMetric::l2_squared)
    {
        factors.a = to_float(length * length);
        factors.b *= 2;
    }
    else
        // <r, c>, by <x, c> - <c, c>: the residual lies rotated.
        factors.a = to_float(dot(space.centre, space.centre, n) - dot(vector, space.centre, n));
    __builtin_memcpy(record, &factors, sizeof factors);
}

CodeQuery prepare_query(const CodeSpace &space, const float *vector, float *scratch,
                        std::int8_t *memory) noexcept
{
    const std::size_t n = space.dims;
    __builtin_memset(memory, 0, code_query_bytes(n, space.bits));
    CodeQuery query{};
    query.lanes = memory + code_query_lead;
    query.bytes = static_cast<std::uint32_t>(code_bytes(n, space.bits));
    query.bits = space.bits;
    query.dims = space.dims;
    const bool euclidean = space.metric == CodeMetric::l2_squared;
    query.base = euclidean ? 0 : to_float(-dot(space.centre, vector, n));

    const Residual left = residual(space, vector, scratch);
    if (!(left.unit > 0))
        return query;
    const double length = __builtin_sqrt(sum_of_squares(scratch, n)) * left.unit;
    query.norm = to_float(length);
    if (euclidean)
        query.base = to_float(length * length);

    // Rounded to the nearest of 255 values; shifted up, because truncation rounds to zero.
    const float top = largest(scratch, n);
    if (!(top > 0) || length > longest)
        return query;
    const float inverse = 127 / top;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; i++)
    {
        const std::int32_t lane = static_cast<std::int32_t>(scratch[i] * inverse + 128.5F) - 128;
        query.lanes[i] = static_cast<std::int8_t>(lane);
        sum += lane;
    }
    const double step = static_cast<double>(top) / 127 * left.unit;
    const double half_last = ((1U << space.bits) - 1) / 2.0;
    query.scale = to_float(step);
    query.shift = to_float(-half_last * step * sum);
    return query;
}

}  // namespace quiver::kernels

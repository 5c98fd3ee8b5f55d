// The plain readers of reference.hpp.
#include "reference.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>

namespace quiver::fuzz {

void TextReader::space() { at += std::strspn(at, " \t\n\v\f\r"); }

bool TextReader::mark(char wanted)
{
    space();
    if (*at != wanted)
        return false;
    at++;
    space();
    return true;
}

bool TextReader::end()
{
    space();
    return *at == '\0';
}

bool TextReader::whole(long &value)
{
    char *stop = nullptr;
    value = std::strtol(at, &stop, 10);
    const bool any = stop != at;
    at = stop;
    return any;
}

bool TextReader::real(float &value)
{
    char *stop = nullptr;
    value = std::strtof(at, &stop);
    const bool any = stop != at;
    at = stop;
    return any && std::isfinite(value);
}

float rounded_to_half(float value)
{
    if (value == 0 || !std::isfinite(value))
        return value;
    // Eleven significant bits, fewer below 2^-14.
    const float unit = std::ldexp(1.0F, std::max(std::ilogb(value), -14) - 10);
    const float rounded = std::nearbyint(value / unit) * unit;
    return std::fabs(rounded) > 65504.0F ? std::copysign(INFINITY, value) : rounded;
}

bool read_sparse(const char *text, SparseText &sparse)
{
    // The limit is on what is written, zeros included.
    if (std::count(text, text + std::strlen(text), ',') >= most_dims)
        return false;
    TextReader reader{text};
    bool distinct = true;
    if (!reader.mark('{'))
        return false;
    if (!reader.mark('}'))
    {
        do
        {
            long index = 0;
            float value = 0;
            if (!reader.whole(index) || !reader.mark(':'))
                return false;
            // Unlike the dense types, a value that vanishes is refused.
            errno = 0;
            if (!reader.real(value) || (errno == ERANGE && value == 0))
                return false;
            if (value != 0)
                distinct = sparse.x.emplace(index, value).second && distinct;
        } while (reader.mark(','));
        if (!reader.mark('}'))
            return false;
    }
    if (!reader.mark('/') || !reader.whole(sparse.dim) || !reader.end())
        return false;
    const bool in_bounds = sparse.x.empty() ||
                           (sparse.x.begin()->first >= 1 && sparse.x.rbegin()->first <= sparse.dim);
    return distinct && in_bounds && sparse.dim >= 1 && sparse.dim <= 1000000000;
}

namespace {

bool read_float(TextReader &reader, float &value) { return reader.real(value); }

bool read_half(TextReader &reader, float &value)
{
    if (!reader.real(value))
        return false;
    value = rounded_to_half(value);
    return std::isfinite(value);
}

bool read_tiny(TextReader &reader, float &value)
{
    long whole = 0;
    if (!reader.whole(whole) || whole < -128 || whole > 127)
        return false;
    value = static_cast<float>(whole);
    return true;
}

// Of the stored form of a finite half.
float half_value(std::uint16_t bits)
{
    const int exponent = bits >> 10 & 31;
    const int fraction = bits & 1023;
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(fraction), -24)
                                : std::ldexp(static_cast<float>(fraction | 1024), exponent - 25);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

bool same_bits(float a, float b)
{
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

// Element `get(i)` of the value against the text's.
template <class Read, class Get>
bool dense_says(const char *text, const void *value, Read read, Get get)
{
    std::vector<float> x;
    if (!read_dense(text, x, read) || field<std::int16_t>(value, 4) != static_cast<int>(x.size()))
        return false;
    for (std::size_t i = 0; i < x.size(); i++)
        if (!same_bits(get(i), x[i]))
            return false;
    return true;
}

}  // namespace

template <> bool accepts<VectorType>(const char *text)
{
    std::vector<float> x;
    return read_dense(text, x, read_float);
}
template <> bool says<VectorType>(const char *text, const void *value)
{
    return dense_says(text, value, read_float,
                      [value](std::size_t i) { return field<float>(value, 8 + 4 * i); });
}

template <> bool accepts<HalfvecType>(const char *text)
{
    std::vector<float> x;
    return read_dense(text, x, read_half);
}
template <> bool says<HalfvecType>(const char *text, const void *value)
{
    return dense_says(text, value, read_half, [value](std::size_t i) {
        return half_value(field<std::uint16_t>(value, 8 + 2 * i));
    });
}

template <> bool accepts<TinyvecType>(const char *text)
{
    std::vector<float> x;
    return read_dense(text, x, read_tiny);
}
template <> bool says<TinyvecType>(const char *text, const void *value)
{
    return dense_says(text, value, read_tiny, [value](std::size_t i) {
        return static_cast<float>(field<std::int8_t>(value, 8 + i));
    });
}

template <> bool accepts<SparsevecType>(const char *text)
{
    SparseText sparse{};
    return read_sparse(text, sparse);
}
template <> bool says<SparsevecType>(const char *text, const void *value)
{
    SparseText sparse{};
    if (!read_sparse(text, sparse) || field<std::int32_t>(value, 4) != sparse.dim)
        return false;
    const auto count = static_cast<std::size_t>(field<std::int32_t>(value, 8));
    if (count != sparse.x.size())
        return false;
    std::size_t i = 0;
    for (const auto &[index, element] : sparse.x)
    {
        if (field<std::int32_t>(value, 16 + 4 * i) != index - 1 ||
            !same_bits(field<float>(value, 16 + 4 * count + 4 * i), element))
            return false;
        i++;
    }
    return true;
}

}  // namespace quiver::fuzz

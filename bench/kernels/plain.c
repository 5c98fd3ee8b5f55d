/*
 * The plain C loops that the kernels are measured against, as somebody writes them who leaves the
 * vectors to the compiler; for halves also the loop over F16C's eight lanes with a single sum.
 */
#include "plain.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

float plain_l2_squared(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
    {
        float d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

float plain_inner_product(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

struct plain_parts plain_cosine(const float *a, const float *b, size_t n)
{
    float dot = 0, norm_a = 0, norm_b = 0;
    for (size_t i = 0; i < n; i++)
    {
        dot += a[i] * b[i];
        norm_a += a[i] * a[i];
        norm_b += b[i] * b[i];
    }
    return (struct plain_parts){dot, norm_a, norm_b};
}

float plain_l1(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabsf(a[i] - b[i]);
    return sum;
}

static __m256 widen(const uint16_t *from)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) from));
}

static float total(__m256 sums)
{
    float part[8], sum = 0;
    _mm256_storeu_ps(part, sums);
    for (int i = 0; i < 8; i++)
        sum += part[i];
    return sum;
}

float f16c_l2_squared(const uint16_t *a, const uint16_t *b, size_t n)
{
    __m256 sums = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
    {
        __m256 d = _mm256_sub_ps(widen(a + i), widen(b + i));
        sums = _mm256_fmadd_ps(d, d, sums);
    }
    float sum = total(sums);
    for (; i < n; i++)
    {
        float d = _cvtsh_ss(a[i]) - _cvtsh_ss(b[i]);
        sum += d * d;
    }
    return sum;
}

float f16c_inner_product(const uint16_t *a, const uint16_t *b, size_t n)
{
    __m256 sums = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        sums = _mm256_fmadd_ps(widen(a + i), widen(b + i), sums);
    float sum = total(sums);
    for (; i < n; i++)
        sum += _cvtsh_ss(a[i]) * _cvtsh_ss(b[i]);
    return sum;
}

struct plain_parts f16c_cosine(const uint16_t *a, const uint16_t *b, size_t n)
{
    __m256 dots = _mm256_setzero_ps(), norms_a = dots, norms_b = dots;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
    {
        __m256 x = widen(a + i), y = widen(b + i);
        dots = _mm256_fmadd_ps(x, y, dots);
        norms_a = _mm256_fmadd_ps(x, x, norms_a);
        norms_b = _mm256_fmadd_ps(y, y, norms_b);
    }
    struct plain_parts parts = {total(dots), total(norms_a), total(norms_b)};
    for (; i < n; i++)
    {
        float x = _cvtsh_ss(a[i]), y = _cvtsh_ss(b[i]);
        parts.dot += x * y;
        parts.norm_a += x * x;
        parts.norm_b += y * y;
    }
    return parts;
}

float f16c_l1(const uint16_t *a, const uint16_t *b, size_t n)
{
    const __m256 sign = _mm256_set1_ps(-0.0F);
    __m256 sums = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        sums = _mm256_add_ps(sums, _mm256_andnot_ps(sign, _mm256_sub_ps(widen(a + i), widen(b + i))));
    float sum = total(sums);
    for (; i < n; i++)
        sum += fabsf(_cvtsh_ss(a[i]) - _cvtsh_ss(b[i]));
    return sum;
}

float typed_l2_squared(const uint16_t *a, const uint16_t *b, size_t n)
{
    const _Float16 *x = (const _Float16 *) a, *y = (const _Float16 *) b;
    float sum = 0;
    for (size_t i = 0; i < n; i++)
    {
        float d = (float) x[i] - (float) y[i];
        sum += d * d;
    }
    return sum;
}

float typed_inner_product(const uint16_t *a, const uint16_t *b, size_t n)
{
    const _Float16 *x = (const _Float16 *) a, *y = (const _Float16 *) b;
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (float) x[i] * (float) y[i];
    return sum;
}

struct plain_parts typed_cosine(const uint16_t *a, const uint16_t *b, size_t n)
{
    const _Float16 *x = (const _Float16 *) a, *y = (const _Float16 *) b;
    struct plain_parts parts = {0, 0, 0};
    for (size_t i = 0; i < n; i++)
    {
        parts.dot += (float) x[i] * (float) y[i];
        parts.norm_a += (float) x[i] * (float) x[i];
        parts.norm_b += (float) y[i] * (float) y[i];
    }
    return parts;
}

float typed_l1(const uint16_t *a, const uint16_t *b, size_t n)
{
    const _Float16 *x = (const _Float16 *) a, *y = (const _Float16 *) b;
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabsf((float) x[i] - (float) y[i]);
    return sum;
}

int32_t plain_int8_l2_squared(const int8_t *a, const int8_t *b, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

int32_t plain_int8_inner_product(const int8_t *a, const int8_t *b, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

int32_t plain_int8_l1(const int8_t *a, const int8_t *b, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
    return sum;
}

static uint64_t word(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

uint64_t plain_hamming(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8)
        count += __builtin_popcountll(word(a + i) ^ word(b + i));
    for (; i < bytes; i++)
        count += __builtin_popcount(a[i] ^ b[i]);
    return count;
}

uint64_t plain_jaccard(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    uint64_t both = 0, in_a = 0, in_b = 0;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8)
    {
        both += __builtin_popcountll(word(a + i) & word(b + i));
        in_a += __builtin_popcountll(word(a + i));
        in_b += __builtin_popcountll(word(b + i));
    }
    for (; i < bytes; i++)
    {
        both += __builtin_popcount(a[i] & b[i]);
        in_a += __builtin_popcount(a[i]);
        in_b += __builtin_popcount(b[i]);
    }
    return both + in_a + in_b;
}

float plain_sparse_l2_squared(const int32_t *ai, const float *av, size_t an, const int32_t *bi, const float *bv,
                              size_t bn)
{
    float sum = 0;
    size_t i = 0, j = 0;
    while (i < an && j < bn)
    {
        float d;
        if (ai[i] == bi[j])
            d = av[i++] - bv[j++];
        else if (ai[i] < bi[j])
            d = av[i++];
        else
            d = bv[j++];
        sum += d * d;
    }
    for (; i < an; i++)
        sum += av[i] * av[i];
    for (; j < bn; j++)
        sum += bv[j] * bv[j];
    return sum;
}

float plain_sparse_inner_product(const int32_t *ai, const float *av, size_t an, const int32_t *bi,
                                 const float *bv, size_t bn)
{
    float sum = 0;
    size_t i = 0, j = 0;
    while (i < an && j < bn)
    {
        if (ai[i] == bi[j])
            sum += av[i++] * bv[j++];
        else if (ai[i] < bi[j])
            i++;
        else
            j++;
    }
    return sum;
}

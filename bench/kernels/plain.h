/* The plain C loops that the kernels are measured against. */
#ifndef QUIVER_BENCH_PLAIN_H
#define QUIVER_BENCH_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct plain_parts
{
    float dot, norm_a, norm_b;
};

float plain_l2_squared(const float *a, const float *b, size_t n);
float plain_inner_product(const float *a, const float *b, size_t n);
struct plain_parts plain_cosine(const float *a, const float *b, size_t n);
float plain_l1(const float *a, const float *b, size_t n);

/* Halves, eight at a time with F16C and one sum. */
float f16c_l2_squared(const uint16_t *a, const uint16_t *b, size_t n);
float f16c_inner_product(const uint16_t *a, const uint16_t *b, size_t n);
struct plain_parts f16c_cosine(const uint16_t *a, const uint16_t *b, size_t n);
float f16c_l1(const uint16_t *a, const uint16_t *b, size_t n);

/* Halves as the compiler's own type. */
float typed_l2_squared(const uint16_t *a, const uint16_t *b, size_t n);
float typed_inner_product(const uint16_t *a, const uint16_t *b, size_t n);
struct plain_parts typed_cosine(const uint16_t *a, const uint16_t *b, size_t n);
float typed_l1(const uint16_t *a, const uint16_t *b, size_t n);

int32_t plain_int8_l2_squared(const int8_t *a, const int8_t *b, size_t n);
int32_t plain_int8_inner_product(const int8_t *a, const int8_t *b, size_t n);
int32_t plain_int8_l1(const int8_t *a, const int8_t *b, size_t n);

uint64_t plain_hamming(const uint8_t *a, const uint8_t *b, size_t bytes);
uint64_t plain_jaccard(const uint8_t *a, const uint8_t *b, size_t bytes);

float plain_sparse_l2_squared(const int32_t *ai, const float *av, size_t an, const int32_t *bi,
                              const float *bv, size_t bn);
float plain_sparse_inner_product(const int32_t *ai, const float *av, size_t an, const int32_t *bi,
                                 const float *bv, size_t bn);

#ifdef __cplusplus
}
#endif
#endif

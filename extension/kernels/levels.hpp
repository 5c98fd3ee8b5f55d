// The kernel tables each level defines; dispatch.cpp alone reads them.
//
// A table lives in a file compiled for its level: nothing in it may run before the CPU was asked.
#pragma once

#include "kernels/distance.hpp"

// clang-format off
namespace quiver::kernels::scalar {
extern const DenseKernels<float> f32;
extern const DenseKernels<Half> f16;
extern const DenseKernels<std::int8_t> i8;
extern const BitKernels bit;
extern const SparseKernels sparse;
extern const ConvertKernels convert;
extern const CodeKernels code;
extern const FilterKernels filter;
}
namespace quiver::kernels::avx2 {
extern const DenseKernels<float> f32;
extern const DenseKernels<Half> f16;
extern const DenseKernels<std::int8_t> i8;
extern const BitKernels bit;
extern const SparseKernels sparse;
extern const ConvertKernels convert;
extern const CodeKernels code;
extern const FilterKernels filter;
}
namespace quiver::kernels::avx512 {
extern const DenseKernels<float> f32;
extern const DenseKernels<Half> f16;
extern const DenseKernels<std::int8_t> i8;
extern const BitKernels bit;
extern const SparseKernels sparse;
extern const ConvertKernels convert;
extern const CodeKernels code;
extern const FilterKernels filter;
}
namespace quiver::kernels::neon {
extern const DenseKernels<float> f32;
extern const DenseKernels<Half> f16;
extern const DenseKernels<std::int8_t> i8;
extern const BitKernels bit;
extern const SparseKernels sparse;
extern const ConvertKernels convert;
extern const CodeKernels code;
extern const FilterKernels filter;
}
// clang-format on

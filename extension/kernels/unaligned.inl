// Reading and writing single elements at any address: a vector taken from a packed table row starts
// at an odd one. Internal linkage, for files compiled for one ISA.
#pragma once

#include <cstddef>

namespace quiver::kernels {
namespace {

template <class T> [[maybe_unused]] inline T at(const T *from, std::size_t i) noexcept
{
    T value;
    __builtin_memcpy(&value, reinterpret_cast<const char *>(from) + i * sizeof(T), sizeof(T));
    return value;
}

template <class T> [[maybe_unused]] inline void put(T *to, std::size_t i, T value) noexcept
{
    __builtin_memcpy(reinterpret_cast<char *>(to) + i * sizeof(T), &value, sizeof(T));
}

}  // namespace
}  // namespace quiver::kernels

// Running a test once for each level of kernels that this CPU has.
#pragma once

#include "kernels/distance.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace unit {

using quiver::kernels::Kernels;
using quiver::kernels::Level;

inline std::vector<Level> available_levels()
{
    std::vector<Level> found;
    for (Level level : {Level::scalar, Level::avx2, Level::avx512, Level::neon})
        if (quiver::kernels::kernels_for(level) != nullptr)
            found.push_back(level);
    return found;
}

class PerLevel : public testing::TestWithParam<Level>
{
protected:
    const Kernels &kernels = *quiver::kernels::kernels_for(GetParam());
};

inline std::string level_suffix(const testing::TestParamInfo<Level> &info)
{
    return quiver::kernels::level_name(info.param);
}

#define RUN_PER_LEVEL(suite)                                                                        \
    INSTANTIATE_TEST_SUITE_P(levels, suite, testing::ValuesIn(unit::available_levels()),            \
                             unit::level_suffix)

// The lengths to test: all of them from 1 to 4100. Under an emulator (UNIT_SPARSE_LENGTHS set) all
// up to 300, where every loop and tail has been entered in every combination, then each 37th.
inline std::vector<std::size_t> lengths()
{
    const bool thin = std::getenv("UNIT_SPARSE_LENGTHS") != nullptr;
    std::vector<std::size_t> chosen;
    for (std::size_t n = 1; n <= 4100; n += thin && n >= 300 ? 37 : 1)
        chosen.push_back(n);
    return chosen;
}

}  // namespace unit

// Running a test once for each level of kernels that this CPU has.
#pragma once

#include "kernels/distance.hpp"

#include <gtest/gtest.h>
#include <numeric>
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

#define RUN_PER_LEVEL(suite) \
    INSTANTIATE_TEST_SUITE_P(levels, suite, testing::ValuesIn(unit::available_levels()), \
                             unit::level_suffix)

// The lengths to test: each from 1 to 4100.
inline std::vector<std::size_t> lengths()
{
    std::vector<std::size_t> all(4100);
    std::iota(all.begin(), all.end(), 1);
    return all;
}

}  // namespace unit

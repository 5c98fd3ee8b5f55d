// Which set of kernels is in force.
#include "kernels/distance.hpp"
#include "levels.hpp"

namespace {

using namespace quiver::kernels;

// Names by which the setting quiver.simd knows the levels.
TEST(DispatchTest, names)
{
    EXPECT_STREQ(level_name(Level::scalar), "scalar");
    EXPECT_STREQ(level_name(Level::avx2), "avx2");
    EXPECT_STREQ(level_name(Level::avx512), "avx512");
    EXPECT_STREQ(level_name(Level::neon), "neon");
}

TEST(DispatchTest, the_best_level_is_available) { ASSERT_NE(kernels_for(best_level()), nullptr); }

TEST(DispatchTest, select_puts_a_level_in_force)
{
    const Kernels *before = active;
    for (Level level : unit::available_levels())
    {
        ASSERT_TRUE(select(level));
        EXPECT_EQ(active->level, level);
        EXPECT_EQ(active, kernels_for(level));
    }
    ASSERT_TRUE(select(before->level));
}

TEST(DispatchTest, an_unavailable_level_changes_nothing)
{
    ASSERT_TRUE(select(Level::scalar));
    for (Level level : {Level::avx2, Level::avx512, Level::neon})
        if (kernels_for(level) == nullptr)
        {
            EXPECT_FALSE(select(level));
            EXPECT_EQ(active->level, Level::scalar);
        }
}

}  // namespace

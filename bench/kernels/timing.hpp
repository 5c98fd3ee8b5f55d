// Timing two ways to do the same work against each other on a machine that does other things too:
// rounds alternate between the two, and medians are taken.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

inline volatile double sink;  // results go here, so that no work can be left out

struct Comparison
{
    double theirs, ours;  // nanoseconds for one piece of work, medians
    double ratio;  // median of ours / theirs within each round
};

inline double median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

// Nanoseconds for one call of `work`, over `calls` of them.
template <class Work> double time_once(Work &work, std::size_t calls)
{
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < calls; i++)
        sink = work();
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    return spent.count() / static_cast<double>(calls);
}

template <class Theirs, class Ours> Comparison compare(Theirs theirs, Ours ours, int rounds)
{
    constexpr double slice = 300e3;  // nanoseconds per measurement
    const double guess = std::min(time_once(theirs, 3), time_once(ours, 3));
    const auto calls = static_cast<std::size_t>(std::max(1.0, slice / std::max(guess, 1.0)));
    std::vector<double> their_times, our_times, ratios;
    for (int round = 0; round < rounds; round++)
    {
        their_times.push_back(time_once(theirs, calls));
        our_times.push_back(time_once(ours, calls));
        ratios.push_back(our_times.back() / their_times.back());
    }
    return {median(their_times), median(our_times), median(ratios)};
}

}  // namespace bench

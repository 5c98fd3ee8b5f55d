// Timing two ways to do the same work against each other on a machine that does other things too:
// rounds alternate between the two, and medians are taken.
//
// A core's two hardware threads share its units. What waits for results, as a plain loop's sum does,
// hardly feels a busy neighbour there; what keeps all units busy loses a third. So a round counts
// only if a piece of work that is known to fill the units took its usual time before and after it.
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
    bool calm;  // the rounds were, all that count
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

// Nanoseconds for work that the units that multiply and add are never idle in.
inline double time_of_full_units()
{
    using Four = float __attribute__((vector_size(16)));
    constexpr int turns = 2000;
    const Four one{1, 1, 1, 1};
    Four products[6], sums[6];
    for (int i = 0; i < 6; i++)
        products[i] = sums[i] = one;
    const auto start = std::chrono::steady_clock::now();
    for (int turn = 0; turn < turns; turn++)
    {
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++)
        {
            products[i] *= one;
            sums[i] += one;
            __asm__ volatile("" : "+x"(products[i]), "+x"(sums[i]));
        }
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    return spent.count() / turns;
}

inline std::size_t rounds_timed, rounds_calm;

// Whether this core's units are ours alone now: within a tenth of the best time ever seen, which two
// hundred tries make known. The neighbour costs a fifth and more.
inline bool calm_now()
{
    static double best = 0;
    if (best == 0)
    {
        best = time_of_full_units();
        for (int i = 0; i < 200; i++)
            best = std::min(best, time_of_full_units());
    }
    const double now = time_of_full_units();
    best = std::min(best, now);
    return now < 1.1 * best;
}

template <class Theirs, class Ours> Comparison compare(Theirs theirs, Ours ours, int rounds)
{
    constexpr double slice = 300e3;  // nanoseconds per measurement
    const double guess = std::min(time_once(theirs, 3), time_once(ours, 3));
    const auto calls = static_cast<std::size_t>(std::max(1.0, slice / std::max(guess, 1.0)));
    struct Times
    {
        std::vector<double> theirs, ours, ratios;
        void add(double a, double b)
        {
            theirs.push_back(a);
            ours.push_back(b);
            ratios.push_back(b / a);
        }
        Comparison result(bool calm) const
        {
            return {median(theirs), median(ours), median(ratios), calm};
        }
    } all, calm;
    const auto wanted = static_cast<std::size_t>(rounds);
    bool was_calm = calm_now();
    for (int round = 0; round < 2 * rounds && calm.ratios.size() < wanted; round++)
    {
        const double a = time_once(theirs, calls);
        const double b = time_once(ours, calls);
        const bool is_calm = calm_now();
        all.add(a, b);
        if (was_calm && is_calm)
            calm.add(a, b);
        rounds_timed++;
        rounds_calm += was_calm && is_calm ? 1 : 0;
        was_calm = is_calm;
    }
    const bool enough = calm.ratios.size() * 3 >= wanted;
    return enough ? calm.result(true) : all.result(false);
}

}  // namespace bench

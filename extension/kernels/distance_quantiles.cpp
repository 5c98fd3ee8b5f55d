// How distances are distributed, told from a sample of them.
#include "kernels/distance_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace quiver::kernels {

namespace {

// What lies below the least distance of the sample.
struct Tail
{
    double least;
    double share;  // of all that is below `least`
    double scale;  // of the law; 0: nothing is said
    bool is_power;

    double at(double quantile) const
    {
        if (scale <= 0)
            return least;
        return is_power ? least * std::pow(quantile / share, scale)
                        : least + scale * std::log(quantile / share);
    }
};

// The scale by maximum likelihood from the nearest tenth: 1 / dimension (Levina and Bickel 2004) of a power, the mean
// excess of an exponential.
Tail tail_of(std::span<const WeightedDistance> sample, double share, bool from_zero)
{
    constexpr std::size_t fewest = 4, most = 50;
    Tail tail{sample[0].distance, share, 0, from_zero};
    const std::size_t count =
        std::min(sample.size() - 1, std::clamp(sample.size() / 10, fewest, most));
    if (count < fewest || (from_zero && tail.least <= 0))
        return tail;
    const double edge = sample[count].distance;
    for (std::size_t i = 0; i < count; ++i)
        tail.scale += from_zero ? std::log(edge / sample[i].distance) : edge - sample[i].distance;
    tail.scale /= static_cast<double>(count);
    return tail;
}

}  // namespace

void distance_quantiles(std::span<WeightedDistance> sample, bool from_zero,
                        std::span<double> bounds) noexcept
{
    std::sort(sample.begin(), sample.end(),
              [](const WeightedDistance &a, const WeightedDistance &b) {
                  return a.distance < b.distance;
              });
    double total = 0;
    for (const WeightedDistance &item : sample)
        total += item.weight;
    const auto parts = static_cast<double>(bounds.size() - 1);
    // Each distance stands at the middle of its weight.
    std::size_t item = 0;
    double before = 0, here = sample[0].weight / 2 / total;
    const Tail tail = tail_of(sample, here, from_zero);
    for (std::size_t i = 0; i < bounds.size(); ++i)
    {
        const double quantile = static_cast<double>(i) / parts;
        while (here < quantile && item + 1 < sample.size())
        {
            before = here;
            here += (sample[item].weight + sample[item + 1].weight) / 2 / total;
            ++item;
        }
        if (here <= quantile)
            bounds[i] = sample[item].distance;
        else if (item == 0)
            bounds[i] = tail.at(std::max(quantile, 0.1 / parts));
        else
        {
            const double way = (quantile - before) / (here - before);
            bounds[i] = sample[item - 1].distance +
                        way * (sample[item].distance - sample[item - 1].distance);
        }
    }
}

}  // namespace quiver::kernels

// How distances are distributed, told from a sample of them.
#pragma once

#include <span>

namespace quiver::kernels {

struct WeightedDistance
{
    double distance;
    double weight;
};

// Fills `bounds` with the quantiles 0, 1/n, 2/n .. 1 of n = bounds.size() - 1 parts, ascending. Sorts `sample`, which must
// not be empty; distances are finite, and so is what lies between two of them.
//
// Between two distances of the sample it is linear. Below the least one, where thresholds of a search for
// nearest neighbours lie, it goes on as the near end of the sample does: distances that begin at zero
// (`from_zero`) as a power, the usual law of neighbours in a space of some dimension; others exponentially.
void distance_quantiles(std::span<WeightedDistance> sample, bool from_zero,
                        std::span<double> bounds) noexcept;

}  // namespace quiver::kernels

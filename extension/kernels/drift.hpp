// Measures of how far one sample is from another: of counts in bins, and of sorted samples.
//
// Counts are absolute; a bin that is empty on one side is smoothed by adding `smoothing` to every bin, so that no
// logarithm is of 0. Callers see to it that samples are not empty.
#pragma once

#include <span>

namespace quiver::kernels {

// Population stability index: sum of (p - q) ln(p / q); symmetric.
double drift_psi(std::span<const double> reference, std::span<const double> current,
                 double smoothing);
// Jensen-Shannon divergence in nats, from 0 to ln 2; no smoothing is needed.
double drift_js(std::span<const double> reference, std::span<const double> current);

struct ChiSquare
{
    double statistic;
    int freedom;
    double probability;  // of a statistic at least this large without drift
};
// Pearson's test of homogeneity of two samples. Bins that are empty on both sides do not count.
ChiSquare drift_chi2(std::span<const double> reference, std::span<const double> current);

// The two-sample Kolmogorov-Smirnov statistic of sorted samples, and its asymptotic probability.
double drift_ks(std::span<const double> reference, std::span<const double> current);
double drift_ks_probability(double statistic, double reference_size, double current_size);
// Wasserstein-1 distance of sorted samples: the area between their distribution functions.
double drift_wasserstein(std::span<const double> reference, std::span<const double> current);

}  // namespace quiver::kernels

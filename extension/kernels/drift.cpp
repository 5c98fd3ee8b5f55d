// Drift metrics in double precision.
#include "kernels/drift.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::kernels {
namespace {

double sum(std::span<const double> counts)
{
    double total = 0;
    for (const double count : counts)
        total += count;
    return total;
}

// Regularised upper incomplete gamma function Q(a, x): a series below a + 1, a continued fraction above
// (Lentz's method), as in Abramowitz and Stegun 6.5.29 and 6.5.31.
double upper_gamma(double a, double x)
{
    if (x <= 0)
        return 1;
    const double scale = std::exp(a * std::log(x) - x - std::lgamma(a));
    constexpr double tiny = 1e-300, enough = 1e-15;
    if (x < a + 1)
    {
        double term = 1 / a, series = term;
        for (double n = a + 1; term > series * enough; n++)
            series += term *= x / n;
        return 1 - scale * series;
    }
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, fraction = d;
    for (int n = 1; n < 10000; n++)
    {
        const double step = -n * (n - a);
        b += 2;
        d = step * d + b;
        d = 1 / (std::abs(d) < tiny ? tiny : d);
        c = b + step / c;
        c = std::abs(c) < tiny ? tiny : c;
        fraction *= d * c;
        if (std::abs(d * c - 1) < enough)
            break;
    }
    return scale * fraction;
}

// Walk both sorted samples at once: visit(value, next value, distribution functions between them).
template <typename Visit>
void walk(std::span<const double> reference, std::span<const double> current, Visit visit)
{
    std::size_t i = 0, j = 0;
    while (i < reference.size() || j < current.size())
    {
        const double value =
            j >= current.size() || (i < reference.size() && reference[i] <= current[j])
                ? reference[i]
                : current[j];
        while (i < reference.size() && reference[i] == value)
            i++;
        while (j < current.size() && current[j] == value)
            j++;
        double next = value;
        if (i < reference.size() || j < current.size())
            next = j >= current.size() || (i < reference.size() && reference[i] <= current[j])
                       ? reference[i]
                       : current[j];
        visit(value, next, static_cast<double>(i) / static_cast<double>(reference.size()),
              static_cast<double>(j) / static_cast<double>(current.size()));
    }
}

}  // namespace

double drift_psi(std::span<const double> reference, std::span<const double> current,
                 double smoothing)
{
    const double more = smoothing * static_cast<double>(reference.size());
    const double all_reference = sum(reference) + more, all_current = sum(current) + more;
    double psi = 0;
    for (std::size_t i = 0; i < reference.size(); i++)
    {
        const double p = (reference[i] + smoothing) / all_reference,
                     q = (current[i] + smoothing) / all_current;
        if (p != q)
            psi += (p - q) * std::log(p / q);
    }
    return psi;
}

double drift_js(std::span<const double> reference, std::span<const double> current)
{
    const double all_reference = sum(reference), all_current = sum(current);
    double divergence = 0;
    for (std::size_t i = 0; i < reference.size(); i++)
    {
        const double p = reference[i] / all_reference, q = current[i] / all_current,
                     middle = (p + q) / 2;
        if (p > 0)
            divergence += p / 2 * std::log(p / middle);
        if (q > 0)
            divergence += q / 2 * std::log(q / middle);
    }
    return std::max(divergence, 0.0);
}

ChiSquare drift_chi2(std::span<const double> reference, std::span<const double> current)
{
    const double all_reference = sum(reference), all_current = sum(current),
                 all = all_reference + all_current;
    ChiSquare result{0, -1, 1};
    for (std::size_t i = 0; i < reference.size(); i++)
    {
        const double both = reference[i] + current[i];
        if (both == 0)
            continue;
        const double r = both * all_reference / all, c = both * all_current / all;
        result.statistic +=
            (reference[i] - r) * (reference[i] - r) / r + (current[i] - c) * (current[i] - c) / c;
        result.freedom++;
    }
    result.freedom = std::max(result.freedom, 0);
    if (result.freedom > 0)
        result.probability = upper_gamma(result.freedom / 2.0, result.statistic / 2);
    return result;
}

double drift_ks(std::span<const double> reference, std::span<const double> current)
{
    double most = 0;
    walk(reference, current,
         [&](double, double, double f, double g) { most = std::max(most, std::abs(f - g)); });
    return most;
}

// Kolmogorov's distribution with the correction for finite samples of Stephens (1970).
double drift_ks_probability(double statistic, double reference_size, double current_size)
{
    const double root = std::sqrt(reference_size * current_size / (reference_size + current_size));
    const double lambda = (root + 0.12 + 0.11 / root) * statistic;
    if (lambda < 0.2)
        return 1;
    double probability = 0;
    for (int n = 1; n <= 100; n++)
    {
        const double term = std::exp(-2 * n * n * lambda * lambda);
        probability += n % 2 == 1 ? 2 * term : -2 * term;
        if (term < 1e-17)
            break;
    }
    return std::clamp(probability, 0.0, 1.0);
}

double drift_wasserstein(std::span<const double> reference, std::span<const double> current)
{
    double area = 0;
    walk(reference, current, [&](double value, double next, double f, double g) {
        area += std::abs(f - g) * (next - value);
    });
    return area;
}

}  // namespace quiver::kernels

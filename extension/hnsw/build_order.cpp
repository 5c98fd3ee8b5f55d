// Ordering a batch of rows by halving it.
#include "hnsw/build_order.hpp"

#include <utility>

namespace quiver::hnsw::build {

namespace {

// Parts this small are not halved any more.
constexpr std::size_t small_part = 8;
// Nor are parts that halving does not make smaller: outliers, copies of one value.
constexpr int most_halvings = 32;

struct Ordering
{
    const BatchDistances *distances;
    float *to_first, *to_second;
    std::uint64_t random;

    std::size_t draw(std::size_t below)
    {
        random = random * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::size_t>((random >> 33) % below);
    }

    // Those nearer to the first of two rows come to the front; how many.
    std::size_t halve(std::uint32_t *rows, std::size_t count)
    {
        const std::uint32_t first = rows[draw(count)], second = rows[draw(count)];
        distances->from(distances->state, first, rows, count, to_first);
        distances->from(distances->state, second, rows, count, to_second);
        std::size_t front = 0;
        for (std::size_t back = count; front < back;)
            if (to_first[front] < to_second[front])
                front++;
            else
            {
                back--;
                std::swap(rows[front], rows[back]);
                std::swap(to_first[front], to_first[back]);
                std::swap(to_second[front], to_second[back]);
            }
        return front;
    }

    void order(std::uint32_t *rows, std::size_t count, int halvings)
    {
        while (count > small_part && halvings-- > 0)
        {
            const std::size_t front = halve(rows, count);
            // The larger part in this call, so that calls nest no deeper than the logarithm of the count.
            if (front <= count - front)
            {
                order(rows, front, halvings);
                rows += front;
                count -= front;
            }
            else
            {
                order(rows + front, count - front, halvings);
                count = front;
            }
        }
    }
};

}  // namespace

void order_batch(const BatchDistances &distances, std::uint32_t *rows, std::size_t count,
                 float *scratch, std::uint64_t seed)
{
    Ordering{&distances, scratch, scratch + count, seed}.order(rows, count, most_halvings);
}

}  // namespace quiver::hnsw::build

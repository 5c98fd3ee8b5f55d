// Finding out which vertices pass.
#include "hnsw/passing.hpp"

#include <algorithm>

namespace quiver::hnsw {

Passing::Passing(Graph &graph, const Filter &filter) : graph_(graph), filter_(filter)
{
    const AttributeColumns *columns = graph.columns();
    if (columns == nullptr || columns->count < 64)
        return;
    kept_ = columns->count / 64 * 64;
    words_ = static_cast<std::uint64_t *>(palloc_extended(kept_ / 8, MCXT_ALLOC_HUGE));
    const std::size_t blocks = kept_ / (64 * block_words) + 1;
    known_ = static_cast<std::uint64_t *>(palloc0((blocks / 64 + 1) * 8));
}

std::uint64_t Passing::test(Vertex first)
{
    std::uint64_t good = 0, absent = ~std::uint64_t{0};
    if (const AttributeColumns *columns = graph_.columns(); columns != nullptr)
        good = filter_.test(*columns, first, &absent);
    for (; absent != 0; absent &= absent - 1)
    {
        const auto i = static_cast<Vertex>(std::countr_zero(absent));
        good |= std::uint64_t{filter_.passes_on_page(graph_, first + i)} << i;
    }
    return good;
}

void Passing::find_out(Vertex block)
{
    const Vertex end = std::min(kept_ / 64, (block + 1) * block_words);
    for (Vertex number = block * block_words; number < end; ++number)
        words_[number] = test(number * 64);
    known_[block / 64] |= std::uint64_t{1} << (block % 64);
}

}  // namespace quiver::hnsw

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

void Passing::find_out(Vertex block)
{
    const Vertex begin = block * block_words;
    const std::size_t count = std::min(kept_ / 64 - begin, block_words);
    std::uint64_t *good = words_ + begin;
    std::uint64_t absent[block_words];
    if (const AttributeColumns *columns = graph_.columns(); columns != nullptr)
        filter_.test(*columns, begin * 64, count, good, absent);
    else
    {
        std::fill_n(good, count, std::uint64_t{0});
        std::fill_n(absent, count, ~std::uint64_t{0});
    }
    for (std::size_t i = 0; i < count; ++i)
        for (; absent[i] != 0; absent[i] &= absent[i] - 1)
        {
            const auto at = static_cast<Vertex>(std::countr_zero(absent[i]));
            const Vertex vertex = (begin + static_cast<Vertex>(i)) * 64 + at;
            good[i] |= std::uint64_t{filter_.passes_on_page(graph_, vertex)} << at;
        }
    known_[block / 64] |= std::uint64_t{1} << (block % 64);
}

int Passing::select_on_page(Vertex first, std::uint32_t *count, std::uint16_t *good)
{
    const Layout &layout = graph_.layout();
    const storage::Section &section = layout.attributes;
    const Place place = layout.place(first);
    *count = std::min({*count, section.per_page.divisor() - section.per_page.remainder(place.index),
                       layout.chunk.divisor() - place.index});
    const BlockNumber block = graph_.block_of(section, place);
    pg::Pin pin{graph_.pin(block)};
    storage::check_page(graph_.index(), block, pin.page(), storage::PageKind::attributes,
                        place.chunk);
    return filter_.select(static_cast<char *>(pin.page()) + section.offset_of(place.index),
                          static_cast<int>(*count), good);
}

std::uint64_t Passing::count()
{
    std::uint64_t found = 0;
    for (Vertex number = 0; number < kept_ / 64; ++number)
    {
        if (number % 1024 == 0)
            CHECK_FOR_INTERRUPTS();
        found += static_cast<std::uint64_t>(std::popcount(word(number)));
    }
    return found;
}

}  // namespace quiver::hnsw

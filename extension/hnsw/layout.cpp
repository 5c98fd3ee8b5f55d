// The choice of a chunk's size.
#include "hnsw/layout.hpp"

#include <initializer_list>

namespace quiver::hnsw {

namespace {

std::uint32_t per_page(std::uint32_t bytes)
{
    return static_cast<std::uint32_t>(storage::page_payload / bytes);
}

}  // namespace

Layout::Layout(const RecordSizes &sizes, std::uint32_t vertices_per_chunk)
    : chunk(vertices_per_chunk)
{
    const auto add = [&](storage::Section &section, std::uint32_t bytes,
                         bool may_be_dense = false) {
        section = storage::make_section(bytes, vertices_per_chunk, chunk_pages, may_be_dense);
        chunk_pages += section.pages;
    };
    add(links, link_record_bytes(sizes.m));
    add(codes, sizes.code_bytes);
    add(attributes, sizes.attribute_bytes);
    add(values, sizes.value_bytes, sizes.dense_values);
}

storage::PageKind Layout::kind_of(std::uint32_t page) const
{
    const auto within = [page](const storage::Section &section) {
        return section.exists() && page - section.first_page < section.pages;
    };
    if (within(links))
        return storage::PageKind::links;
    if (within(codes))
        return storage::PageKind::codes;
    return within(attributes) ? storage::PageKind::attributes : storage::PageKind::values;
}

std::uint32_t choose_vertices_per_chunk(const RecordSizes &sizes)
{
    constexpr std::uint32_t most_pages = 64;
    const std::uint32_t links_per_page = per_page(link_record_bytes(sizes.m));
    std::uint32_t best = links_per_page;
    double best_cost = 1e300;
    // Any section may be the one that decides where no page is left half empty.
    for (const std::uint32_t bytes :
         {link_record_bytes(sizes.m), sizes.value_bytes, sizes.code_bytes, sizes.attribute_bytes})
    {
        const std::uint32_t step = bytes == 0 ? 0 : per_page(bytes);
        for (std::uint32_t count = step; step != 0; count += step)
        {
            const Layout layout{sizes, count};
            if (layout.chunk_pages > most_pages)
                break;
            const double cost = static_cast<double>(layout.chunk_pages) / count;
            // A larger chunk must be worth it: small indexes have one of them.
            if (cost < best_cost * 0.995)
            {
                best = count;
                best_cost = cost;
            }
        }
    }
    return best;
}

}  // namespace quiver::hnsw

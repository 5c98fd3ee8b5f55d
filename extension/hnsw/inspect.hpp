// Opening an index for the functions that look inside, and walking it.
#pragma once

#include "hnsw/vacuum.hpp"

namespace quiver::hnsw {

// Open an hnsw index that the caller may read: its owner, or who may select from its table. Anything else is
// an error that says so.
Relation open_for_inspection(Oid index);

// A row of the function's OUT parameters.
Datum make_result(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

// Copies of a link page's records, made under its share lock: `each(vertex, record)`.
template <class Each> void for_records(Graph &graph, const LinkPage &page, Each each)
{
    const std::uint32_t bytes = graph.layout().links.record_bytes;
    alignas(8) char copy[BLCKSZ];
    {
        pg::Pin pin;
        (void) graph.pin_links(page.first, &pin);
        pin.lock(BUFFER_LOCK_SHARE);
        const auto *from =
            reinterpret_cast<const char *>(graph.link_record(pin.page(), page.first));
        std::copy_n(from, bytes * static_cast<std::size_t>(page.count), copy);
    }
    for (int i = 0; i < page.count; ++i)
    {
        const auto *record =
            reinterpret_cast<const LinkRecord *>(copy + bytes * static_cast<std::size_t>(i));
        graph.check_record(record, page.block);
        each(page.first + static_cast<Vertex>(i), record);
    }
}

}  // namespace quiver::hnsw

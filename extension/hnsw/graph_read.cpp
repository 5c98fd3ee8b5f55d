// Reading a vertex: links under the page's share lock, values under a pin alone.
#include "hnsw/graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace quiver::hnsw {

using storage::PageKind;

BlockNumber Graph::pin_links(Vertex vertex, pg::Pin *pin)
{
    const Place place = layout().place(vertex);
    const BlockNumber block = block_of(layout().links, place);
    pin->reset(this->pin(block));
    storage::check_page(index_, block, pin->page(), PageKind::links, place.chunk);
    return block;
}

void Graph::check_record(const LinkRecord *record, BlockNumber block) const
{
    if (record->state_level >> 6 > static_cast<int>(VertexState::free) ||
        record->level() > meta_->max_level || record->tid_count > max_heap_tids ||
        record->link_count > meta_->m * 2) [[unlikely]]
        damage(block, "has a link record out of range");
}

void Graph::read(Vertex vertex, int layer, VertexCopy *out)
{
    pg::Pin pin;
    const BlockNumber block = pin_links(vertex, &pin);
    pin.lock(BUFFER_LOCK_SHARE);
    const LinkRecord *record = link_record(pin.page(), vertex);
    check_record(record, block);
    out->state = record->state();
    out->level = static_cast<std::uint8_t>(record->level());
    out->tid_count = record->tid_count;
    out->version = record->version;
    out->extra = record->extra;
    out->heap_tid = record->heap_tid;
    out->link_count = 0;
    if (layer == 0 && out->leads())
    {
        out->link_count = record->link_count;
        std::memcpy(out->links, record->links, record->link_count * sizeof(Vertex));
    }
    pin.release();
    if (layer > 0 && out->leads() && layer <= out->level && out->extra.exists())
        out->link_count = std::max(0, read_upper(vertex, out->extra, layer, out->links));
}

int Graph::read_upper(Vertex vertex, RecordPointer extra, int layer, Vertex *out)
{
    pg::Pin pin{this->pin(extra.block())};
    pin.lock(BUFFER_LOCK_SHARE);
    storage::check_item_page(index_, extra.block(), pin.page(), PageKind::extras);
    const auto *record = reinterpret_cast<const ExtraRecord *>(storage::checked_item(
        index_, extra.block(), pin.page(), extra.offset, extra_record_bytes(m(), layer)));
    if (record->owner != vertex)
        damage(extra.block(), "has a record of another vertex");
    const Vertex *links = record->layer(m(), layer);
    int count = 0;
    while (count < m() && links[count] != no_vertex)
    {
        out[count] = links[count];
        ++count;
    }
    return count;
}

int Graph::read_tids(Vertex vertex, ItemPointerData *out)
{
    pg::Pin pin;
    const BlockNumber block = pin_links(vertex, &pin);
    pin.lock(BUFFER_LOCK_SHARE);
    const LinkRecord *record = link_record(pin.page(), vertex);
    check_record(record, block);
    if (!record->is_live() || record->tid_count == 0)
        return 0;
    out[0] = record->heap_tid;
    const int count = record->tid_count;
    if (count == 1)
        return 1;
    // While the link page is locked the two agree.
    const RecordPointer extra = record->extra;
    if (!extra.exists())
        damage(block, "has a link record without its extra record");
    pg::Pin more{this->pin(extra.block())};
    more.lock(BUFFER_LOCK_SHARE);
    storage::check_item_page(index_, extra.block(), more.page(), PageKind::extras);
    const auto *item = reinterpret_cast<const ExtraRecord *>(storage::checked_item(
        index_, extra.block(), more.page(), extra.offset, extra_record_bytes(m(), 0)));
    if (item->owner != vertex)
        damage(extra.block(), "has a record of another vertex");
    std::memcpy(out + 1, item->more_tids, (count - 1) * sizeof(ItemPointerData));
    return count;
}

void Graph::prefetch_record(const storage::Section &section, Vertex vertex)
{
    const Place place = layout().place(vertex);
    prefetch(block_of(section, place), section.offset_of(place.index), section.record_bytes);
}

// Pin the pages of a few records at a time, and the lines of the next few on their way meanwhile:
// `compute(rows, count, done)`.
template <class Compute>
void Graph::batched(const storage::Section &section, PageKind kind, const Vertex *vertices,
                    int count, Compute compute)
{
    for (int i = 0; i < count && i < batch_size; ++i)
        prefetch_record(section, vertices[i]);
    for (int done = 0; done < count; done += batch_size)
    {
        const int n = std::min(batch_size, count - done);
        for (int i = done + n; i < count && i < done + n + batch_size; ++i)
            prefetch_record(section, vertices[i]);
        Buffer pins[batch_size];
        const void *rows[batch_size] = {};
        for (int i = 0; i < n; ++i)
        {
            const Place place = layout().place(vertices[done + i]);
            pins[i] = InvalidBuffer;
            if (section.is_in_pieces(place.index))
            {
                rows[i] = copy_of(section, kind, vertices[done + i], i);
                continue;
            }
            const BlockNumber block = block_of(section, place);
            pins[i] = pin(block);
            Page page = BufferGetPage(pins[i]);
            storage::check_page(index_, block, page, kind, place.chunk);
            rows[i] = static_cast<char *>(page) + section.offset_of(place.index);
        }
        compute(rows, n, done);
        for (int i = 0; i < n; ++i)
            if (BufferIsValid(pins[i]))
                ReleaseBuffer(pins[i]);
    }
}

// The i-th record of a batch, put together from its pieces.
const char *Graph::copy_of(const storage::Section &section, PageKind kind, Vertex vertex, int i)
{
    const std::size_t size =
        MAXALIGN(std::max(layout().values.record_bytes, layout().codes.record_bytes));
    if (pieces_ == nullptr)
        pieces_ = static_cast<char *>(MemoryContextAlloc(context_, batch_size * size));
    char *out = pieces_ + static_cast<std::size_t>(i) * size;
    copy_record(section, kind, vertex, out, section.record_bytes);
    return out;
}

void Graph::page_estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count,
                           float *out)
{
    const auto estimate = coder().estimate_many();
    batched(layout().codes, PageKind::codes, vertices, count,
            [&](const void *const *rows, int n, int done) {
                estimate(query, reinterpret_cast<const std::uint8_t *const *>(rows),
                         static_cast<std::size_t>(n), out + done);
            });
}

void Graph::estimates(const kernels::CodeQuery &query, const Vertex *vertices, int count,
                      float *out)
{
    if (copy_.codes != nullptr && copy_is_right())
        copy_estimates(query, vertices, count, out);
    else
        page_estimates(query, vertices, count, out);
    for (int i = 0; i < count; ++i)
        if (std::isnan(out[i]))
            out[i] = std::numeric_limits<float>::infinity();
}

void Graph::distances(const void *query, const Vertex *vertices, int count, float *out)
{
    if (query == nullptr)  // NULL: all are equally near
        std::fill_n(out, count, 0.0F);
    else if (!keeps_values())
        estimates(*coder().prepare_record(static_cast<const std::uint8_t *>(query)), vertices,
                  count, out);
    else if (!space().fixed_width())
        for (int i = 0; i < count; ++i)
            out[i] = spilled_distance(query, vertices[i]);
    else
        batched(layout().values, PageKind::values, vertices, count,
                [&](const void *const *rows, int n, int done) {
                    space().distances(query, rows, static_cast<std::size_t>(n), out + done);
                });
}

const char *Graph::pin_spilled(Vertex vertex, pg::Pin *pin, std::uint32_t *size)
{
    const storage::Section &values = layout().values;
    const Place place = layout().place(vertex);
    const BlockNumber slot_block = block_of(values, place);
    pin->reset(this->pin(slot_block));
    storage::check_page(index_, slot_block, pin->page(), PageKind::values, place.chunk);
    SpillPointer pointer;
    std::memcpy(&pointer, static_cast<char *>(pin->page()) + values.offset_of(place.index),
                sizeof pointer);
    const BlockNumber block = pointer.record.block();
    if (!pointer.record.exists())
        damage(slot_block, "has no pointer to a value");
    // Spill pages are compacted when values go, so the lock is needed.
    pin->reset(this->pin(block));
    pin->lock(BUFFER_LOCK_SHARE);
    storage::check_item_page(index_, block, pin->page(), PageKind::spill);
    const char *item = storage::checked_item(index_, block, pin->page(), pointer.record.offset, 4);
    std::int32_t count;
    std::memcpy(&count, item, sizeof count);
    const auto bytes = static_cast<std::uint32_t>(4 + 8 * static_cast<std::int64_t>(count));
    if (count < 0 || count > sparse_max_nonzeros ||
        bytes > ItemIdGetLength(PageGetItemId(pin->page(), pointer.record.offset)))
        damage(block, "has a value out of range");
    *size = bytes;
    return item;
}

float Graph::spilled_distance(const void *query, Vertex vertex)
{
    pg::Pin pin;
    std::uint32_t size;
    return space().distance(query, pin_spilled(vertex, &pin, &size));
}

void Graph::copy_record(const storage::Section &section, PageKind kind, Vertex vertex, char *out,
                        std::uint32_t size)
{
    const Place place = layout().place(vertex);
    BlockNumber block = block_of(section, place);
    auto offset = static_cast<std::size_t>(section.offset_of(place.index));
    for (std::size_t done = 0; done < size; ++block, offset = storage::page_start)
    {
        pg::Pin pin{this->pin(block)};
        storage::check_page(index_, block, pin.page(), kind, place.chunk);
        const std::size_t part = std::min<std::size_t>(BLCKSZ - offset, size - done);
        std::memcpy(out + done, static_cast<char *>(pin.page()) + offset, part);
        done += part;
    }
}

Value Graph::value_of(Vertex vertex)
{
    if (!keeps_values())
    {
        auto *record = static_cast<char *>(palloc(meta_->code_bytes));
        copy_record(layout().codes, PageKind::codes, vertex, record, meta_->code_bytes);
        return {record, meta_->code_bytes};
    }
    if (!space().fixed_width())
    {
        pg::Pin pin;
        std::uint32_t size;
        const char *item = pin_spilled(vertex, &pin, &size);
        void *copy = palloc(size);
        std::memcpy(copy, item, size);
        return {copy, size};
    }
    const std::uint32_t size = space().value_size();
    auto *copy = static_cast<char *>(palloc(size));
    copy_record(layout().values, PageKind::values, vertex, copy, size);
    return {copy, size};
}

}  // namespace quiver::hnsw

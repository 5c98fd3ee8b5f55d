// Writing a vertex's records, and changing its rows.
#include "hnsw/writer.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

using storage::PageKind;

RecordPointer Writer::add_extra_record(const void *record, std::size_t size)
{
    Relation index = graph_.index();
    BlockNumber block = graph_.meta().extras_block;
    for (;;)
    {
        if (block != InvalidBlockNumber && block != 0)
        {
            pg::Pin pin{graph_.pin(block)};
            pin.lock(BUFFER_LOCK_EXCLUSIVE);
            storage::check_item_page(index, block, pin.page(), PageKind::extras);
            if (PageGetFreeSpace(pin.page()) >= MAXALIGN(size))
            {
                pg::PageChange change{index, logged_};
                const OffsetNumber offset = PageAddItemExtended(
                    change.add(pin.buffer()), static_cast<Item>(const_cast<void *>(record)), size,
                    InvalidOffsetNumber, 0);
                change.commit();
                return RecordPointer::at(block, offset);
            }
        }
        pg::Pin meta_pin{ReadBuffer(index, meta_block)};
        meta_pin.lock(BUFFER_LOCK_EXCLUSIVE);
        const BlockNumber now = meta_of(meta_pin.page()).extras_block;
        if (now != block)
        {
            block = now;  // somebody else has begun a new page
            continue;
        }
        pg::Pin pin{pg::extend_relation(index, MAIN_FORKNUM)};
        pin.adopt_lock();
        pg::PageChange change{index, logged_};
        MetaPage &meta = meta_of(change.add(meta_pin.buffer()));
        Page page = change.add(pin.buffer(), true);
        storage::init_item_page(page, PageKind::extras);
        const OffsetNumber offset = PageAddItemExtended(
            page, static_cast<Item>(const_cast<void *>(record)), size, InvalidOffsetNumber, 0);
        block = BufferGetBlockNumber(pin.buffer());
        meta.extras_block = block;
        change.commit();
        return RecordPointer::at(block, offset);
    }
}

namespace {

void fill_lists(ExtraRecord *record, int m, int level, const List *lists)
{
    for (int layer = 1; layer <= record->level; ++layer)
    {
        Vertex *links = record->layer(m, layer);
        const int count = layer <= level ? lists[layer].count : 0;
        std::copy_n(lists[layer <= level ? layer : 0].links, count, links);
        std::fill_n(links + count, m - count, no_vertex);
    }
}

}  // namespace

RecordPointer Writer::make_extra(Vertex owner, int level, const List *lists)
{
    const std::uint32_t size = extra_record_bytes(graph_.m(), level);
    auto *record = static_cast<ExtraRecord *>(palloc0(size));
    record->owner = owner;
    record->level = static_cast<std::uint8_t>(level);
    fill_lists(record, graph_.m(), level, lists);
    const RecordPointer result = add_extra_record(record, size);
    pfree(record);
    return result;
}

void Writer::rewrite_extra(const TakenNumber &number, int level, const List *lists)
{
    const BlockNumber block = number.extra.block();
    pg::Pin pin{graph_.pin(block)};
    pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::PageChange change{graph_.index(), logged_};
    Page page = change.add(pin.buffer());
    storage::check_item_page(graph_.index(), block, page, PageKind::extras);
    auto *record = reinterpret_cast<ExtraRecord *>(
        const_cast<char *>(storage::checked_item(graph_.index(), block, page, number.extra.offset,
                                                 extra_record_bytes(graph_.m(), number.level))));
    if (record->owner != number.vertex || record->level > highest_level)
        graph_.damage(block, "has a record of another vertex");
    fill_lists(record, graph_.m(), level, lists);
    change.commit();
}

void Writer::write_vertex(const TakenNumber &number, int level, const List *lists,
                          const NewRow &row)
{
    const Vertex vertex = number.vertex;
    Slot slots[most_slots];
    const int count = slots_of(vertex, row, slots);
    RecordPointer extra = number.extra;
    if (extra.exists())
        rewrite_extra(number, level, lists);
    else if (level > 0)
        extra = make_extra(vertex, level, lists);

    const Place place = graph_.layout().place(vertex);
    // All are pinned before the first is locked, as pinning may have to read the metapage.
    pg::Pin link_pin, slot_pins[most_slots];
    const BlockNumber block = graph_.pin_links(vertex, &link_pin);
    for (int i = 0; i < count; ++i)
    {
        const BlockNumber slot_block = graph_.block_of(*slots[i].section, place);
        slot_pins[i].reset(graph_.pin(slot_block));
        storage::check_page(graph_.index(), slot_block, slot_pins[i].page(), slots[i].kind,
                            place.chunk);
    }
    link_pin.lock(BUFFER_LOCK_EXCLUSIVE);
    for (int i = 0; i < count; ++i)
        slot_pins[i].lock(BUFFER_LOCK_EXCLUSIVE);

    pg::PageChange change{graph_.index(), logged_};
    for (int i = 0; i < count; ++i)
    {
        Page page = change.add(slot_pins[i].buffer());
        const std::uint32_t offset = slots[i].section->offset_of(place.index);
        std::memcpy(static_cast<char *>(page) + offset, slots[i].bytes, slots[i].size);
        storage::extend_used(page, offset + slots[i].size);
    }
    Page page = change.add(link_pin.buffer());
    LinkRecord *record = graph_.link_record(page, vertex);
    graph_.check_record(record, block);
    if (record->state() != VertexState::unused)
        graph_.damage(block, "holds a vertex already that is new");
    record->set(VertexState::live, number.used_before ? number.level : level);
    record->tid_count = 1;
    record->link_count = static_cast<std::uint8_t>(lists[0].count);
    record->version = number.version;
    record->heap_tid = row.tid;
    record->extra = extra;
    std::copy_n(lists[0].links, lists[0].count, record->links);
    const storage::Section &links = graph_.layout().links;
    storage::extend_used(page, links.offset_of(place.index) + links.record_bytes);
    change.commit();
}

bool Writer::add_row(Vertex vertex, const ItemPointerData &tid)
{
    Relation index = graph_.index();
    VertexCopy copy;
    graph_.read(vertex, 0, &copy);
    if (!copy.has_rows() || copy.tid_count >= max_heap_tids)
        return false;
    RecordPointer made{};
    if (!copy.extra.exists())
        made = make_extra(vertex, 0, nullptr);

    pg::Pin pin;
    const BlockNumber block = graph_.pin_links(vertex, &pin);
    pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::PageChange change{index, logged_};
    LinkRecord *record = graph_.link_record(change.add(pin.buffer()), vertex);
    graph_.check_record(record, block);
    if (!record->is_live() || record->tid_count == 0 || record->tid_count >= max_heap_tids)
        return false;
    if (!record->extra.exists())
    {
        if (!made.exists())
            graph_.damage(block, "has lost an extra record");
        record->extra = made;  // unless somebody was faster; then ours stays unused
    }
    const BlockNumber extra_block = record->extra.block();
    pg::Pin more{graph_.pin(extra_block)};
    more.lock(BUFFER_LOCK_EXCLUSIVE);
    Page page = change.add(more.buffer());
    storage::check_item_page(index, extra_block, page, PageKind::extras);
    auto *extra = reinterpret_cast<ExtraRecord *>(const_cast<char *>(storage::checked_item(
        index, extra_block, page, record->extra.offset, extra_record_bytes(graph_.m(), 0))));
    if (extra->owner != vertex)
        graph_.damage(extra_block, "has a record of another vertex");
    extra->more_tids[record->tid_count - 1] = tid;
    ++record->tid_count;
    change.commit();
    return true;
}

}  // namespace quiver::hnsw

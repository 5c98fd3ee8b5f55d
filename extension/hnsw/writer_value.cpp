// Writing values: fixed slots, several pages, or spilled.
#include "hnsw/writer.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

using storage::page_payload;
using storage::page_start;
using storage::PageKind;

RecordPointer Writer::add_spilled(const void *record, std::size_t size)
{
    Relation index = graph_.index();
    BlockNumber block = RelationGetTargetBlock(index);
    if (block == InvalidBlockNumber)
        block = GetPageWithFreeSpace(index, MAXALIGN(size) + sizeof(ItemIdData));
    while (block != InvalidBlockNumber)
    {
        pg::Pin pin{ReadBuffer(index, block)};
        pin.lock(BUFFER_LOCK_EXCLUSIVE);
        Size free = 0;
        // What the free space map says may be wrong after a crash.
        if (!PageIsNew(pin.page()) && PageGetSpecialSize(pin.page()) == sizeof(storage::PageMark) &&
            storage::item_page_mark(pin.page()).kind == PageKind::spill)
            free = PageGetFreeSpace(pin.page());
        if (free >= MAXALIGN(size))
        {
            pg::PageChange change{index, logged_};
            const OffsetNumber offset = PageAddItemExtended(
                change.add(pin.buffer()), static_cast<Item>(const_cast<void *>(record)), size,
                InvalidOffsetNumber, 0);
            change.commit();
            RelationSetTargetBlock(index, block);
            return RecordPointer::at(block, offset);
        }
        pin.release();
        block =
            RecordAndGetPageWithFreeSpace(index, block, free, MAXALIGN(size) + sizeof(ItemIdData));
    }
    pg::Pin pin{pg::extend_relation(index, MAIN_FORKNUM)};
    pin.adopt_lock();
    block = BufferGetBlockNumber(pin.buffer());
    pg::PageChange change{index, logged_};
    Page page = change.add(pin.buffer(), true);
    storage::init_item_page(page, PageKind::spill);
    const OffsetNumber offset = PageAddItemExtended(
        page, static_cast<Item>(const_cast<void *>(record)), size, InvalidOffsetNumber, 0);
    change.commit();
    RelationSetTargetBlock(index, block);
    return RecordPointer::at(block, offset);
}

void Writer::write_slot(const storage::Section &section, PageKind kind, Vertex vertex,
                        const void *bytes, std::uint32_t size)
{
    const Place place = graph_.layout().place(vertex);
    const char *from = static_cast<const char *>(bytes);
    BlockNumber block = graph_.block_of(section, place);
    const std::uint32_t offset = section.offset_of(place.index);
    for (std::uint32_t done = 0; done < size; ++block)
    {
        const std::uint32_t part = std::min<std::uint32_t>(
            size - done, static_cast<std::uint32_t>(page_payload + page_start) - offset);
        pg::Pin pin{graph_.pin(block)};
        pin.lock(BUFFER_LOCK_EXCLUSIVE);
        storage::check_page(graph_.index(), block, pin.page(), kind, place.chunk);
        pg::PageChange change{graph_.index(), logged_};
        Page page = change.add(pin.buffer());
        std::memcpy(static_cast<char *>(page) + offset, from + done, part);
        storage::extend_used(page, offset + part);
        change.commit();
        done += part;
    }
}

void Writer::write_value(Vertex vertex, const Value &value)
{
    if (graph_.is_coded())
    {
        const std::uint32_t size = graph_.meta().code_bytes;
        auto *record = static_cast<std::uint8_t *>(palloc(size));
        graph_.coder().encode(value.bytes, record);
        write_slot(graph_.layout().codes, PageKind::codes, vertex, record, size);
        pfree(record);
    }
    const storage::Section &values = graph_.layout().values;
    if (!values.exists())
        return;
    if (graph_.space().fixed_width())
    {
        write_slot(values, PageKind::values, vertex, value.bytes, value.size);
        return;
    }
    release_spilled(vertex);  // a crash may have left the last one
    const SpillPointer pointer{add_spilled(value.bytes, value.size), 0};
    write_slot(values, PageKind::values, vertex, &pointer, sizeof pointer);
}

void Writer::release_spilled(Vertex vertex)
{
    const storage::Section &values = graph_.layout().values;
    if (graph_.space().fixed_width() || !values.exists())
        return;
    Relation index = graph_.index();
    const Place place = graph_.layout().place(vertex);
    const BlockNumber slot_block = graph_.block_of(values, place);
    pg::Pin slot{graph_.pin(slot_block)};
    slot.lock(BUFFER_LOCK_EXCLUSIVE);
    storage::check_page(index, slot_block, slot.page(), PageKind::values, place.chunk);
    SpillPointer pointer;
    std::memcpy(&pointer, static_cast<char *>(slot.page()) + values.offset_of(place.index),
                sizeof pointer);
    if (!pointer.record.exists())
        return;
    const BlockNumber block = pointer.record.block();
    pg::Pin spill{graph_.pin(block)};
    spill.lock(BUFFER_LOCK_EXCLUSIVE);
    storage::check_item_page(index, block, spill.page(), PageKind::spill);
    (void) storage::checked_item(index, block, spill.page(), pointer.record.offset, 4);

    pg::PageChange change{index, logged_};
    Page slot_page = change.add(slot.buffer());
    Page page = change.add(spill.buffer());
    std::memset(static_cast<char *>(slot_page) + values.offset_of(place.index), 0, sizeof pointer);
    PageIndexTupleDeleteNoCompact(page, pointer.record.offset);
    const Size free = PageGetFreeSpace(page);
    change.commit();
    spill.release();
    slot.release();
    RecordPageWithFreeSpace(index, block, free);
}

}  // namespace quiver::hnsw

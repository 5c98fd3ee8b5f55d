// Writing values: fixed slots, several pages, or spilled.
#include "hnsw/writer.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

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

// A record that goes on in other pages.
void Writer::write_pages(Vertex vertex, const Slot &slot)
{
    const Place place = graph_.layout().place(vertex);
    const char *from = static_cast<const char *>(slot.bytes);
    BlockNumber block = graph_.block_of(*slot.section, place);
    std::size_t offset = slot.section->offset_of(place.index);
    for (std::size_t done = 0; done < slot.size; ++block, offset = page_start)
    {
        const std::size_t part = std::min<std::size_t>(BLCKSZ - offset, slot.size - done);
        pg::Pin pin{graph_.pin(block)};
        pin.lock(BUFFER_LOCK_EXCLUSIVE);
        storage::check_page(graph_.index(), block, pin.page(), slot.kind, place.chunk);
        pg::PageChange change{graph_.index(), logged_};
        Page page = change.add(pin.buffer());
        std::memcpy(static_cast<char *>(page) + offset, from + done, part);
        storage::extend_used(page, offset + part);
        change.commit();
        done += part;
    }
}

// What is to be written into slots; what goes on in other pages, or lies in the spill pages, is written at once.
int Writer::slots_of(Vertex vertex, const NewRow &row, Slot *out)
{
    const Layout &layout = graph_.layout();
    int count = 0;
    const auto add = [&](const storage::Section &section, PageKind kind, const void *bytes,
                         std::uint32_t size) {
        const Slot slot{&section, kind, bytes, size};
        if (section.is_in_pieces(layout.place(vertex).index))
            write_pages(vertex, slot);
        else
            out[count++] = slot;
    };
    if (row.attributes != nullptr)
        add(layout.attributes, PageKind::attributes, row.attributes, graph_.meta().attribute_bytes);
    if (graph_.is_coded())
    {
        auto *record = static_cast<std::uint8_t *>(palloc(graph_.meta().code_bytes));
        graph_.coder().encode(row.value.bytes, record);
        add(layout.codes, PageKind::codes, record, graph_.meta().code_bytes);
    }
    if (layout.values.exists() && graph_.space().fixed_width())
        add(layout.values, PageKind::values, row.value.bytes, row.value.size);
    else if (layout.values.exists())
    {
        release_spilled(vertex);  // a crash may have left the last one
        auto *pointer = static_cast<SpillPointer *>(palloc(sizeof(SpillPointer)));
        *pointer = {add_spilled(row.value.bytes, row.value.size), 0};
        add(layout.values, PageKind::values, pointer, sizeof *pointer);
    }
    return count;
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

// Changing the links of vertices that are there.
#include "hnsw/writer.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::hnsw {

using storage::PageKind;

namespace {

// Put a list in place of another: what stays keeps its place, as WAL has the bytes that differ.
void put_list(const List &old, const List &changed, Vertex *links)
{
    Vertex result[most_links];
    bool stays[most_links] = {}, filled[most_links] = {};
    for (int at = 0; at < std::min(old.count, changed.count); ++at)
    {
        const Vertex *found =
            std::find(changed.links, changed.links + changed.count, old.links[at]);
        if (found == changed.links + changed.count)
            continue;
        result[at] = old.links[at];
        filled[at] = stays[found - changed.links] = true;
    }
    for (int i = 0, at = 0; i < changed.count; ++i)
    {
        if (stays[i])
            continue;
        at = static_cast<int>(std::find(filled + at, filled + changed.count, false) - filled);
        result[at++] = changed.links[i];
    }
    std::copy_n(result, changed.count, links);
}

}  // namespace

bool Writer::replace_links(Vertex vertex, int layer, const List &old, const List &changed)
{
    if (layer > 0)
        return replace_upper(vertex, layer, old, changed);
    LinkChange change{vertex, 0, old, changed, InvalidBlockNumber, false};
    replace_links(&change, 1);
    return change.done;
}

void Writer::replace_links(LinkChange *changes, int count)
{
    const storage::Section &links = graph_.layout().links;
    for (int i = 0; i < count; ++i)
    {
        changes[i].block = graph_.block_of(links, graph_.layout().place(changes[i].vertex));
        changes[i].done = false;
    }
    std::sort(changes, changes + count, [](const LinkChange &a, const LinkChange &b) {
        return a.block != b.block ? a.block < b.block : a.vertex < b.vertex;
    });
    for (int from = 0; from < count;)
    {
        CHECK_FOR_INTERRUPTS();
        int to = from + 1;
        for (int pages = 1; to < count; ++to)
            if (changes[to].block != changes[to - 1].block && pages++ == MAX_GENERIC_XLOG_PAGES)
                break;
        replace_some(changes + from, to - from);
        from = to;
    }
}

// Changes on at most MAX_GENERIC_XLOG_PAGES pages, in the order of their blocks.
void Writer::replace_some(LinkChange *changes, int count)
{
    pg::Pin pins[MAX_GENERIC_XLOG_PAGES];
    int pages = 0;
    const auto begins_page = [changes](int i) {
        return i == 0 || changes[i].block != changes[i - 1].block;
    };
    // All are pinned before the first is locked: pinning may have to read the metapage.
    for (int i = 0; i < count; ++i)
        if (begins_page(i))
        {
            (void) graph_.pin_links(changes[i].vertex, &pins[pages]);
            ++pages;
        }
    for (int page = 0; page < pages; ++page)
        pins[page].lock(BUFFER_LOCK_EXCLUSIVE);

    bool any = false;
    for (int i = 0, page = -1; i < count; ++i)
    {
        page += begins_page(i) ? 1 : 0;
        const LinkChange &change = changes[i];
        const LinkRecord *record = graph_.link_record(pins[page].page(), change.vertex);
        graph_.check_record(record, change.block);
        changes[i].done =
            record->is_live() && record->tid_count > 0 && record->link_count == change.old.count &&
            std::memcmp(record->links, change.old.links, change.old.count * sizeof(Vertex)) == 0 &&
            (i == 0 || changes[i - 1].vertex != change.vertex);
        any = any || changes[i].done;
    }
    if (!any)
        return;

    pg::PageChange change{graph_.index(), logged_};
    Page target = nullptr;
    for (int i = 0, page = -1; i < count; ++i)
    {
        if (begins_page(i))
        {
            ++page;
            target = nullptr;
        }
        if (!changes[i].done)
            continue;
        if (target == nullptr)
            target = change.add(pins[page].buffer());
        LinkRecord *record = graph_.link_record(target, changes[i].vertex);
        record->link_count = static_cast<std::uint8_t>(changes[i].changed.count);
        put_list(changes[i].old, changes[i].changed, record->links);
    }
    change.commit();
}

bool Writer::replace_upper(Vertex vertex, int layer, const List &old, const List &changed)
{
    VertexCopy copy;
    graph_.read(vertex, 0, &copy);
    if (!copy.has_rows() || layer > copy.level || !copy.extra.exists())
        return false;
    const BlockNumber block = copy.extra.block();
    pg::Pin pin{graph_.pin(block)};
    pin.lock(BUFFER_LOCK_EXCLUSIVE);
    pg::PageChange change{graph_.index(), logged_};
    Page page = change.add(pin.buffer());
    storage::check_item_page(graph_.index(), block, page, PageKind::extras);
    auto *record = reinterpret_cast<ExtraRecord *>(const_cast<char *>(storage::checked_item(
        graph_.index(), block, page, copy.extra.offset, extra_record_bytes(graph_.m(), layer))));
    if (record->owner != vertex)
        graph_.damage(block, "has a record of another vertex");
    Vertex *links = record->layer(graph_.m(), layer);
    if (!std::equal(old.links, old.links + old.count, links) ||
        (old.count < graph_.m() && links[old.count] != no_vertex))
        return false;
    put_list(old, changed, links);
    std::fill_n(links + changed.count, graph_.m() - changed.count, no_vertex);
    change.commit();
    return true;
}

}  // namespace quiver::hnsw

// Down a B-tree, a level at a time.
//
// Where the key is one integer, its place on a page is guessed from the keys that bound the page, and sought from there
// outwards: ids mostly lie evenly, so that one or two lines of the page are read and not ten, and these are known
// before the page is. No answer depends on the guess.
#include "features/online_lookup.hpp"

#include "features/asof_values.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

Buffer *hint_of(const OnlineService *service, Relation relation, BlockNumber block)
{
    const std::uint32_t mixed = (block ^ RelationGetRelid(relation) * 0x85EBCA6Bu) * 0x9E3779B1u;
    return &service->hints[mixed >> (32 - service->hint_bits)];
}

// What share of the keys between `low` and `high` is before the one that is asked for.
double share_before(const Lookup &lookup)
{
    const auto all = static_cast<double>(lookup.high) - static_cast<double>(lookup.low);
    const auto before = static_cast<double>(lookup.asked) - static_cast<double>(lookup.low);
    return all > 0 ? std::clamp(before / all, 0.0, 1.0) : 0.0;
}

// Ask for what the search of a child will read.
void expect_child(const OnlineService *service, const Lookup &lookup)
{
    const Buffer hint = *hint_of(service, lookup.index, lookup.block);
    if (hint == InvalidBuffer)
        return;
    constexpr std::size_t first = SizeOfPageHeaderData, last = BLCKSZ - sizeof(ItemIdData);
    const auto items = static_cast<double>(lookup.online->page_items);
    if (!lookup.is_bounded || items == 0)
        return pg::prefetch_buffer(hint, first, 512, 768, 1024, last);
    // Items of pages that were filled in order of their keys lie from the end on.
    constexpr std::size_t item_size = MAXALIGN(sizeof(IndexTupleData) + sizeof(std::int64_t));
    const auto place = static_cast<std::size_t>(share_before(lookup) * items);
    const std::size_t item = last - std::min(last, place * item_size);
    pg::prefetch_buffer(hint, first, first + place * sizeof(ItemIdData), item,
                        item - std::min<std::size_t>(item, 64),
                        last - std::min(last, lookup.online->page_items * item_size), last);
}

void expect_row(const OnlineService *service, const Lookup &lookup)
{
    const ItemPointerData *row = &lookup.matches[0];
    const Buffer hint = *hint_of(service, lookup.table, ItemPointerGetBlockNumber(row));
    if (hint != InvalidBuffer)
        pg::prefetch_buffer(hint, SizeOfPageHeaderData +
                                      ItemPointerGetOffsetNumber(row) * sizeof(ItemIdData));
}

IndexTuple item_at(Page page, OffsetNumber place)
{
    return reinterpret_cast<IndexTuple>(PageGetItem(page, PageGetItemId(page, place)));
}

// The integer key of an item; false if it stands for all that is smaller.
bool read_key(const Lookup &lookup, Page page, OffsetNumber place, std::int64_t *key)
{
    IndexTuple item = item_at(page, place);
    if (BTreeTupleGetNAtts(item, lookup.index) == 0)
        return false;
    bool is_null;
    const Datum value = index_getattr(item, 1, RelationGetDescr(lookup.index), &is_null);
    *key = is_null ? 0 : to_ordinal(lookup.online->stored_kind, value);
    return !is_null;
}

// A root knows of no bounds: its first and last keys have to do.
void bound_root(Lookup *lookup, Page page, OffsetNumber first, OffsetNumber last)
{
    lookup->is_bounded = first < last &&
                         (read_key(*lookup, page, first, &lookup->low) ||
                          read_key(*lookup, page, OffsetNumberNext(first), &lookup->low)) &&
                         read_key(*lookup, page, last, &lookup->high);
}

// The bounds of the child at `place`; those of this page where it is the first or last.
void bound_child(Lookup *lookup, Page page, OffsetNumber place)
{
    if (!lookup->is_bounded)
        return;
    std::int64_t key;
    if (read_key(*lookup, page, place, &key))
        lookup->low = key;
    if (place < PageGetMaxOffsetNumber(page) &&
        read_key(*lookup, page, OffsetNumberNext(place), &key))
        lookup->high = key;
}

bool is_before(const Lookup &lookup, Page page, OffsetNumber place)
{
    return _bt_compare(lookup.index, lookup.key, page, place) > 0;
}

// Narrow [low, end) around the key by steps from a guess that double.
void narrow(const Lookup &lookup, Page page, OffsetNumber *low, OffsetNumber *end)
{
    const int first = *low, count = *end - first;
    int at = first + std::min(static_cast<int>(share_before(lookup) * count), count - 1);
    const bool goes_up = is_before(lookup, page, static_cast<OffsetNumber>(at));
    for (int step = 1;; step *= 2)
    {
        const bool is_less =
            step == 1 ? goes_up : is_before(lookup, page, static_cast<OffsetNumber>(at));
        if (is_less)
            *low = static_cast<OffsetNumber>(at + 1);
        else
            *end = static_cast<OffsetNumber>(at);
        if (is_less != goes_up || *low >= *end)
            return;
        at = goes_up ? std::min(at + step, *end - 1) : std::max(at - step, static_cast<int>(*low));
    }
}

// The first item of the page that is not before the key.
OffsetNumber first_not_before(const Lookup &lookup, Page page, BTPageOpaque opaque)
{
    OffsetNumber low = P_FIRSTDATAKEY(opaque);
    OffsetNumber end = OffsetNumberNext(PageGetMaxOffsetNumber(page));
    if (lookup.is_bounded && low < end)
        narrow(lookup, page, &low, &end);
    while (low < end)
    {
        const auto middle = static_cast<OffsetNumber>(low + (end - low) / 2);
        if (is_before(lookup, page, middle))
            low = OffsetNumberNext(middle);
        else
            end = middle;
    }
    return low;
}

// Pages split while nobody holds them: the key may have moved to the right.
Buffer move_right(const Lookup &lookup, Buffer buffer, Snapshot snapshot)
{
    for (;;)
    {
        const Page page = BufferGetPage(buffer);
        BTPageOpaque opaque = BTPageGetOpaque(page);
        pg::check_snapshot_age(snapshot, lookup.index, page);
        if (P_RIGHTMOST(opaque))
        {
            if (P_IGNORE(opaque))
                elog(ERROR, "fell off the end of index \"%s\"",
                     RelationGetRelationName(lookup.index));
            return buffer;
        }
        if (!P_IGNORE(opaque) && _bt_compare(lookup.index, lookup.key, page, P_HIKEY) <= 0)
            return buffer;
        buffer = _bt_relandgetbuf(lookup.index, buffer, opaque->btpo_next, BT_READ);
    }
}

// False if there are too many.
bool note(Lookup *lookup, IndexTuple item)
{
    const bool is_list = BTreeTupleIsPosting(item);
    const int count = is_list ? BTreeTupleGetNPosting(item) : 1;
    if (lookup->match_count + count > most_matches)
        return false;
    const ItemPointerData *rows = is_list ? BTreeTupleGetPosting(item) : &item->t_tid;
    std::copy(rows, rows + count, lookup->matches + lookup->match_count);
    lookup->match_count += count;
    return true;
}

void note_matches(Lookup *lookup, Page page, BTPageOpaque opaque)
{
    // A standby may see rows that are dead on its primary.
    const bool skip_dead = !TransactionStartedDuringRecovery();
    const OffsetNumber last = PageGetMaxOffsetNumber(page);
    for (OffsetNumber place = first_not_before(*lookup, page, opaque); place <= last;
         place = OffsetNumberNext(place))
    {
        ItemId item = PageGetItemId(page, place);
        if (skip_dead && ItemIdIsDead(item))
            continue;
        if (_bt_compare(lookup->index, lookup->key, page, place) != 0)
            return;
        if (!note(lookup, reinterpret_cast<IndexTuple>(PageGetItem(page, item))))
        {
            lookup->needs_scan = true;
            return;
        }
    }
    // Do its versions go on in the next leaf?
    lookup->needs_scan =
        !P_RIGHTMOST(opaque) && _bt_compare(lookup->index, lookup->key, page, P_HIKEY) == 0;
}

}  // namespace

Buffer pin(OnlineService *service, Relation relation, BlockNumber block)
{
    Buffer *hint = hint_of(service, relation, block);
    // A pin by hint does not tell the clock that the page is in use; one in sixteen goes the long way.
    if (*hint != InvalidBuffer && (++service->pins & 15) != 0 &&
        pg::read_recent_buffer(relation, block, *hint)) [[likely]]
    {
        pgstat_count_buffer_read(relation);
        pgstat_count_buffer_hit(relation);
        return *hint;
    }
    const Buffer buffer = ReadBuffer(relation, block);
    *hint = BufferIsLocal(buffer) ? InvalidBuffer : buffer;
    return buffer;
}

Buffer lock_root(OnlineService *service, const Lookup &lookup)
{
    const auto *meta = static_cast<const BTMetaPageData *>(lookup.index->rd_amcache);
    if (meta == nullptr || meta->btm_fastroot == P_NONE)
        return pg::lock_root(lookup.table, lookup.index);
    const Buffer buffer = pin(service, lookup.index, meta->btm_fastroot);
    LockBuffer(buffer, BT_READ);
    _bt_checkpage(lookup.index, buffer);
    // What was kept of it may be long ago.
    BTPageOpaque opaque = BTPageGetOpaque(BufferGetPage(buffer));
    if (!P_IGNORE(opaque) && opaque->btpo_level == meta->btm_fastlevel && P_LEFTMOST(opaque) &&
        P_RIGHTMOST(opaque))
        return buffer;
    _bt_relbuf(lookup.index, buffer);
    return pg::lock_root(lookup.table, lookup.index);
}

void descend(OnlineReader *reader, Lookup *lookup, Buffer buffer)
{
    const bool is_integer = lookup->online->stored_kind != Ordinal::none;
    const bool is_root = !lookup->is_open;
    buffer = move_right(*lookup, buffer, reader->snapshot);
    const Page page = BufferGetPage(buffer);
    BTPageOpaque opaque = BTPageGetOpaque(page);
    const OffsetNumber last = PageGetMaxOffsetNumber(page);
    if (is_integer && is_root)
        bound_root(lookup, page, P_FIRSTDATAKEY(opaque), last);
    lookup->is_open = !P_ISLEAF(opaque);
    if (lookup->is_open)
    {
        const OffsetNumber place = OffsetNumberPrev(first_not_before(*lookup, page, opaque));
        lookup->block = BTreeTupleGetDownLink(item_at(page, place));
        bound_child(lookup, page, place);
        expect_child(reader->service, *lookup);
    }
    else
    {
        PredicateLockPage(lookup->index, BufferGetBlockNumber(buffer), reader->snapshot);
        note_matches(lookup, page, opaque);
        lookup->online->page_items = last;
        if (lookup->match_count > 0)
            expect_row(reader->service, *lookup);
    }
    _bt_relbuf(lookup->index, buffer);
}

}  // namespace quiver::features

// One row by its primary key, straight from the B-tree.
//
// An index scan would do it too, but prepares much that one row does not need: 27 kB of room for matches, the
// meaning of its conditions, marks to return to. Here the tree is searched, the matching entries of the leaf are
// noted, and their rows are looked at until one is visible. What keeps an index scan right holds here as well:
// entries are noted under the leaf's lock; rows that VACUUM put in place of older ones are invisible to
// our snapshot, so the pin may go; serializable transactions lock the leaf that they read.
#include "features/online.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

struct Matches
{
    int count;
    BlockNumber next;  // the leaf where more may be, or P_NONE
    ItemPointerData rows[MaxTIDsPerBTreePage];
};

// The first item that is not before the key.
OffsetNumber first_match(Relation index, BTScanInsert key, Page page, OffsetNumber low,
                         OffsetNumber last)
{
    OffsetNumber end = OffsetNumberNext(last);
    while (low < end)
    {
        const auto middle = static_cast<OffsetNumber>(low + (end - low) / 2);
        if (_bt_compare(index, key, page, middle) > 0)
            low = OffsetNumberNext(middle);
        else
            end = middle;
    }
    return low;
}

void note(Matches *matches, IndexTuple item)
{
    if (!BTreeTupleIsPosting(item))
    {
        matches->rows[matches->count++] = item->t_tid;
        return;
    }
    const int rows = BTreeTupleGetNPosting(item);
    std::copy(BTreeTupleGetPosting(item), BTreeTupleGetPosting(item) + rows,
              matches->rows + matches->count);
    matches->count += rows;
}

void note_matches(Relation index, BTScanInsert key, Buffer leaf, Matches *matches)
{
    const Page page = BufferGetPage(leaf);
    const BTPageOpaque opaque = BTPageGetOpaque(page);
    matches->count = 0;
    matches->next = P_RIGHTMOST(opaque) ? P_NONE : opaque->btpo_next;
    if (P_IGNORE(opaque))
        return;
    // A standby may see rows that are dead on its primary.
    const bool skip_dead = !TransactionStartedDuringRecovery();
    const OffsetNumber last = PageGetMaxOffsetNumber(page);
    for (OffsetNumber place = first_match(index, key, page, P_FIRSTDATAKEY(opaque), last);
         place <= last; place = OffsetNumberNext(place))
    {
        const ItemId item = PageGetItemId(page, place);
        if (skip_dead && ItemIdIsDead(item))
            continue;
        if (_bt_compare(index, key, page, place) != 0)
        {
            matches->next = P_NONE;
            return;
        }
        note(matches, reinterpret_cast<IndexTuple>(PageGetItem(page, item)));
    }
}

bool fetch(Relation table, Relation index, Matches *matches, Snapshot snapshot,
           TupleTableSlot *slot)
{
    bool found = false;
    IndexFetchTableData *reads = table_index_fetch_begin(table);
    for (int i = 0; i < matches->count && !found; i++)
    {
        bool call_again = false;
        found =
            table_index_fetch_tuple(reads, &matches->rows[i], snapshot, slot, &call_again, nullptr);
    }
    table_index_fetch_end(reads);
    pgstat_count_index_tuples(index, matches->count);
    if (found)
        pgstat_count_heap_fetch(index);
    return found;
}

}  // namespace

bool find_row(Relation table, Relation index, const ScanKeyData *keys, int key_count,
              const Datum *values, TupleTableSlot *slot)
{
    BTScanInsertData key;
    _bt_metaversion(index, &key.heapkeyspace, &key.allequalimage);
    key.anynullkeys = false;
    key.nextkey = false;
    pg::search_forward(&key);
    key.scantid = nullptr;
    key.keysz = key_count;
    for (int i = 0; i < key_count; i++)
    {
        key.scankeys[i] = keys[i];
        key.scankeys[i].sk_argument = values[i];
        key.scankeys[i].sk_func.fn_mcxt =
            CurrentMemoryContext;  // what a comparison keeps goes with the call
    }
    const Snapshot snapshot = GetActiveSnapshot();
    pgstat_count_index_scan(index);
    Buffer leaf = pg::search_leaf(table, index, &key);
    if (!BufferIsValid(leaf))
    {
        PredicateLockRelation(index, snapshot);
        if (!IsolationIsSerializable())
            return false;
        leaf = pg::search_leaf(table, index, &key);  // filled before we locked it?
        if (!BufferIsValid(leaf))
            return false;
    }
    for (;;)
    {
        Matches matches;
        PredicateLockPage(index, BufferGetBlockNumber(leaf), snapshot);
        note_matches(index, &key, leaf, &matches);
        _bt_relbuf(index, leaf);
        if (matches.count > 0 && fetch(table, index, &matches, snapshot, slot))
            return true;
        if (matches.next == P_NONE)
            return false;
        CHECK_FOR_INTERRUPTS();
        leaf = _bt_getbuf(index, matches.next, BT_READ);
    }
}

}  // namespace quiver::features

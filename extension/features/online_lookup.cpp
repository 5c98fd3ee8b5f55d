// The rows of one entity in all online tables of a service, by their primary keys.
//
// One look-up after the other would wait for memory most of the time: nothing of a random row is in the processor's
// caches. So the B-trees are descended side by side, a level of each in turn, and while one tree's page is
// searched those that the others need next are on their way; the rows follow in the same manner. A leaf is
// read under its lock and its matches are noted, as an index scan does; rows that VACUUM put in place of older ones are
// invisible to our snapshot, so the pin may go. What is rare is left to an index scan: many versions of a row, an
// empty index, another kind of table.
#include "features/online_lookup.hpp"

#include "features/asof_values.hpp"

#include <algorithm>

namespace quiver::features {

namespace {

void begin_descent(OnlineReader *reader, Lookup *lookup, const OnlineArguments &arguments)
{
    const OnlineTable *online = lookup->online;
    lookup->row.is_found = false;
    lookup->match_count = 0;
    lookup->is_open = false;
    lookup->needs_scan = false;
    for (int i = 0; i < online->place_count; i++)
    {
        if (arguments.nulls[online->places[i]])
            return;
        lookup->key->scankeys[i].sk_argument = arguments.values[online->places[i]];
    }
    lookup->is_bounded = false;
    if (online->stored_kind != Ordinal::none)
        lookup->asked = to_ordinal(online->asked_kind, arguments.values[online->places[0]]);
    pgstat_count_index_scan(lookup->index);
    const Buffer root = lock_root(reader->service, *lookup);
    if (BufferIsValid(root))
        descend(reader, lookup, root);
    else
        lookup->needs_scan = true;
}

void release(Lookup *lookup)
{
    if (BufferIsValid(lookup->buffer))
        ReleaseBuffer(lookup->buffer);
    lookup->buffer = InvalidBuffer;
}

void take(Lookup *lookup, HeapTuple row)
{
    heap_deform_tuple(row, RelationGetDescr(lookup->table), lookup->row.values, lookup->row.nulls);
    lookup->row.is_found = true;
    pgstat_count_heap_fetch(lookup->index);
}

// The version that the snapshot sees, among the matches. Its page stays pinned.
void fetch(OnlineReader *reader, Lookup *lookup)
{
    pgstat_count_index_tuples(lookup->index, lookup->match_count);
    for (int i = 0; i < lookup->match_count && !lookup->row.is_found; i++)
    {
        ItemPointerData place = lookup->matches[i];
        release(lookup);
        lookup->buffer = pin(reader->service, lookup->table, ItemPointerGetBlockNumber(&place));
        heap_page_prune_opt(lookup->table, lookup->buffer);
        HeapTupleData row;
        LockBuffer(lookup->buffer, BUFFER_LOCK_SHARE);
        const bool is_visible = heap_hot_search_buffer(&place, lookup->table, lookup->buffer,
                                                       reader->snapshot, &row, nullptr, true);
        LockBuffer(lookup->buffer, BUFFER_LOCK_UNLOCK);
        if (is_visible)
            take(lookup, &row);
    }
}

void scan(Lookup *lookup)
{
    const OnlineTable *online = lookup->online;
    ScanKeyData keys[INDEX_MAX_KEYS];
    std::copy(online->equalities, online->equalities + online->key_count, keys);
    for (int i = 0; i < online->key_count; i++)
    {
        keys[i].sk_func.fn_mcxt = CurrentMemoryContext;
        keys[i].sk_argument = lookup->key->scankeys[i].sk_argument;
    }
    IndexScanDesc descent = pg::begin_index_scan(lookup->table, lookup->index, online->key_count);
    index_rescan(descent, keys, online->key_count, nullptr, 0);
    TupleTableSlot *slot = table_slot_create(lookup->table, nullptr);
    if (index_getnext_slot(descent, ForwardScanDirection, slot))
        take(lookup, ExecCopySlotHeapTuple(slot));
    ExecDropSingleTupleTableSlot(slot);
    index_endscan(descent);
}

// False if the caller may not read the whole table, or it is not any more what the service knows.
bool open(const OnlineService *service, Lookup *lookup)
{
    const OnlineTable *online = lookup->online;
    Relation table = try_table_open(online->table, AccessShareLock);
    if (table == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
                errmsg("an online table of feature service \"%s\" was dropped", service->name),
                errhint("CALL quiver.feature_materialize makes it again."));
    if (!table->rd_indexvalid)
        list_free(RelationGetIndexList(table));
    if (!table->rd_rel->relrowsecurity && table->rd_pkindex == online->index &&
        pg_class_aclcheck(online->table, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
        // REINDEX takes the index's files away from who locks but the table.
        lookup->index = index_open(online->index, AccessShareLock);
    if (lookup->index == nullptr)
    {
        table_close(table, NoLock);
        return false;
    }
    lookup->table = table;
    return true;
}

void close(Lookup *lookup)
{
    if (lookup->table == nullptr)
        return;
    release(lookup);
    // Given back at once: a process has fast places for sixteen locks, and ten tables keep theirs.
    index_close(lookup->index, AccessShareLock);
    table_close(lookup->table, NoLock);
    lookup->table = nullptr;
}

void prepare(Lookup *lookup)
{
    const OnlineTable *online = lookup->online;
    const auto keys = static_cast<std::size_t>(online->key_count);
    lookup->key = static_cast<BTScanInsertData *>(
        palloc(offsetof(BTScanInsertData, scankeys) + keys * sizeof(ScanKeyData)));
    pg::prepare_search(lookup->index, lookup->key);
    lookup->key->keysz = online->key_count;
    std::copy(online->orders, online->orders + keys, lookup->key->scankeys);
    for (std::size_t i = 0; i < keys; i++)  // what a comparison keeps goes with the call
        lookup->key->scankeys[i].sk_func.fn_mcxt = CurrentMemoryContext;
    const auto columns = static_cast<std::size_t>(RelationGetDescr(lookup->table)->natts);
    lookup->row.values = static_cast<Datum *>(palloc(columns * sizeof(Datum)));
    lookup->row.nulls = static_cast<bool *>(palloc(columns));
}

}  // namespace

OnlineReader begin_online(OnlineService *service)
{
    OnlineReader reader{service, GetActiveSnapshot(), nullptr};
    const auto count = static_cast<std::size_t>(service->table_count);
    reader.lookups = static_cast<Lookup *>(palloc0(sizeof(Lookup) * (count + 1)));
    for (std::size_t i = 0; i < count; i++)
    {
        Lookup *lookup = &reader.lookups[i];
        lookup->online = &service->tables[i];
        if (open(service, lookup))
            prepare(lookup);
    }
    // Something changed while we waited for a lock: what is known of the tables need not be right.
    if (service->stale) [[unlikely]]
        end_online(&reader);
    return reader;
}

void end_online(OnlineReader *reader)
{
    for (int i = 0; i < reader->service->table_count; i++)
        close(&reader->lookups[i]);
}

void look_up(OnlineReader *reader, const OnlineArguments &arguments)
{
    Lookup *const first = reader->lookups;
    Lookup *const end = first + reader->service->table_count;
    bool is_under_way = false;
    for (Lookup *lookup = first; lookup < end; lookup++)
        if (lookup->table != nullptr)
        {
            release(lookup);
            begin_descent(reader, lookup, arguments);
            is_under_way |= lookup->is_open;
        }
    while (is_under_way)
    {
        is_under_way = false;
        for (Lookup *lookup = first; lookup < end; lookup++)
            if (lookup->table != nullptr && lookup->is_open)
            {
                const Buffer buffer = pin(reader->service, lookup->index, lookup->block);
                LockBuffer(buffer, BT_READ);
                _bt_checkpage(lookup->index, buffer);
                descend(reader, lookup, buffer);
                is_under_way |= lookup->is_open;
            }
    }
    for (Lookup *lookup = first; lookup < end; lookup++)
        if (lookup->table != nullptr)
        {
            if (lookup->needs_scan) [[unlikely]]
                scan(lookup);
            else
                fetch(reader, lookup);
        }
}

const OnlineRow *found_row(const OnlineReader &reader, int table)
{
    const Lookup *lookup = &reader.lookups[table];
    return lookup->table != nullptr ? &lookup->row : nullptr;
}

}  // namespace quiver::features

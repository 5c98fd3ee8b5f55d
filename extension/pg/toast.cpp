// Chunks read in the order they lie, and through the index where they do not.
#include "pg/toast.hpp"

#include "pg/heap.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace quiver::pg {
namespace {

// Where a value's last chunk was found. Only a hint: what is read by it is checked.
struct Place
{
    BlockNumber block;
    OffsetNumber offset;
    Buffer buffer;  // the block was there
};

// What is remembered of one TOAST table, for as long as the process lives.
struct Memory
{
    Oid table;
    Place last;
    bool has_last;
    std::uint8_t misses;  // in a row
    std::uint8_t rest;  // values still to be left to the server
    std::uint32_t used;
};

// As many tables as one query is likely to take vectors from in turns.
constexpr std::size_t tables_remembered = 4;
// Values in no order: after so many misses in a row, so many values are fetched the server's way.
constexpr std::uint8_t misses_allowed = 4;
constexpr std::uint8_t rest_length = 100;

constinit Memory memories[tables_remembered] = {};
constinit std::uint32_t fetches = 0;

Memory &memory_of(Oid table)
{
    Memory *oldest = &memories[0];
    for (Memory &memory : memories)
    {
        if (memory.table == table)
        {
            memory.used = ++fetches;
            return memory;
        }
        if (fetches - memory.used > fetches - oldest->used)
            oldest = &memory;
    }
    *oldest = Memory{};
    oldest->table = table;
    oldest->used = ++fetches;
    return *oldest;
}

// A value being put together. Chunks come in order, and each but the last is full.
class Assembly
{
public:
    Assembly(const varatt_external &pointer, char *out)
        : id_(pointer.va_valueid),
          size_(static_cast<std::size_t>(VARATT_EXTERNAL_GET_EXTSIZE(pointer))),
          out_(out)
    {
    }
    Oid id() const { return id_; }
    bool is_complete() const { return done_ == size_; }
    bool has_begun() const { return done_ > 0; }

    // Whether the tuple is the value's next chunk; then its bytes are copied.
    bool take(HeapTuple tuple, TupleDesc columns)
    {
        bool is_null = false;
        if (DatumGetObjectId(heap_getattr(tuple, 1, columns, &is_null)) != id_ || is_null ||
            is_complete())
            return false;
        if (DatumGetInt32(heap_getattr(tuple, 2, columns, &is_null)) != next_ || is_null)
            return false;
        auto *chunk =
            reinterpret_cast<varlena *>(DatumGetPointer(heap_getattr(tuple, 3, columns, &is_null)));
        if (is_null || VARATT_IS_EXTERNAL(chunk) || VARATT_IS_COMPRESSED(chunk))
            return false;
        const std::size_t left = size_ - done_;
        const std::size_t expected = left < TOAST_MAX_CHUNK_SIZE ? left : TOAST_MAX_CHUNK_SIZE;
        if (VARSIZE_ANY_EXHDR(chunk) != expected)
            return false;
        std::memcpy(out_ + done_, VARDATA_ANY(chunk), expected);
        done_ += expected;
        ++next_;
        return true;
    }

private:
    Oid id_;
    std::size_t size_;
    char *out_;
    std::size_t done_ = 0;
    std::int32_t next_ = 0;
};

// An insertion that was undone may leave a chunk that no index knows; the index path cannot meet it.
bool is_committed_or_own(HeapTupleHeader header)
{
    if (HeapTupleHeaderXminCommitted(header))
        return true;
    const TransactionId writer = HeapTupleHeaderGetXmin(header);
    return TransactionIdIsCurrentTransactionId(writer) || TransactionIdDidCommit(writer);
}

// Take what belongs to the value from a page that is pinned and locked, from `offset` on; whether
// anything did. `found` is moved to the last chunk taken.
bool take_from_page(Relation toast, Snapshot snapshot, OffsetNumber offset, Assembly &assembly,
                    Place &found)
{
    Page page = BufferGetPage(found.buffer);
    const OffsetNumber end = PageGetMaxOffsetNumber(page);
    bool any = false;
    for (; offset <= end && !assembly.is_complete(); ++offset)
    {
        ItemId item = PageGetItemId(page, offset);
        if (!ItemIdIsNormal(item))
            continue;
        HeapTupleData tuple;
        tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
        tuple.t_len = ItemIdGetLength(item);
        tuple.t_tableOid = RelationGetRelid(toast);
        ItemPointerSet(&tuple.t_self, found.block, offset);
        if (HeapTupleSatisfiesVisibility(&tuple, snapshot, found.buffer) &&
            is_committed_or_own(tuple.t_data) && assembly.take(&tuple, RelationGetDescr(toast)))
        {
            found.offset = offset;
            any = true;
        }
        else if (assembly.has_begun())
            break;
    }
    return any;
}

// Pin `place`'s block; false if the table no longer reaches that far.
bool pin(Relation toast, Place &place)
{
    if (BufferIsValid(place.buffer) && read_recent_buffer(toast, place.block, place.buffer))
        return true;
    if (place.block >= RelationGetNumberOfBlocks(toast))
        return false;
    place.buffer = ReadBuffer(toast, place.block);
    return true;
}

// Read on from `place`: the rest of its page, the page after it, and more while chunks of the value
// come. If the value was all there, `place` is where it ended.
bool read_in_order(Relation toast, Snapshot snapshot, Assembly &assembly, Place &place)
{
    Place found = place;
    OffsetNumber offset = OffsetNumberNext(place.offset);
    for (bool is_first = true;; is_first = false)
    {
        if (!pin(toast, found))
            return false;
        LockBuffer(found.buffer, BUFFER_LOCK_SHARE);
        const bool any = take_from_page(toast, snapshot, offset, assembly, found);
        UnlockReleaseBuffer(found.buffer);
        if (assembly.is_complete())
            break;
        if (!any && !is_first)
            return false;
        ++found.block;
        found.buffer = InvalidBuffer;
        offset = FirstOffsetNumber;
    }
    place = found;
    return true;
}

// The server's way, but the place is learnt.
bool read_through_index(Relation toast, Snapshot snapshot, Assembly &assembly, Place &place)
{
    Relation *indexes = nullptr;
    int index_count = 0;
    const int valid = toast_open_indexes(toast, AccessShareLock, &indexes, &index_count);
    ScanKeyData key;
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(assembly.id()));
    SysScanDesc scan = systable_beginscan_ordered(toast, indexes[valid], snapshot, 1, &key);
    bool in_order = true;
    while (in_order)
    {
        HeapTuple tuple = systable_getnext_ordered(scan, ForwardScanDirection);
        if (tuple == nullptr)
            break;
        in_order = assembly.take(tuple, RelationGetDescr(toast));
        place = {ItemPointerGetBlockNumber(&tuple->t_self),
                 ItemPointerGetOffsetNumber(&tuple->t_self), InvalidBuffer};
    }
    systable_endscan_ordered(scan);
    toast_close_indexes(indexes, index_count, AccessShareLock);
    return in_order && assembly.is_complete();
}

bool read_value(const varatt_external &pointer, Memory &memory, char *out)
{
    Relation toast = table_open(pointer.va_toastrelid, AccessShareLock);
    bool complete = false;
    if (toast->rd_tableam == GetHeapamTableAmRoutine())
    {
        SnapshotData snapshot = toast_snapshot();
        if (memory.has_last)
        {
            Assembly assembly(pointer, out);
            complete = read_in_order(toast, &snapshot, assembly, memory.last);
            memory.misses = complete ? 0 : memory.misses + 1;
        }
        if (!complete)
        {
            Assembly assembly(pointer, out);
            complete = read_through_index(toast, &snapshot, assembly, memory.last);
            memory.has_last = complete;
        }
    }
    table_close(toast, AccessShareLock);
    if (memory.misses == misses_allowed)
    {
        memory.misses = 0;
        memory.has_last = false;
        memory.rest = rest_length;
    }
    return complete;
}

}  // namespace

varlena *fetch_out_of_line(varlena *stored)
{
    varatt_external pointer;
    VARATT_EXTERNAL_GET_POINTER(pointer, stored);
    const auto size = static_cast<std::size_t>(VARATT_EXTERNAL_GET_EXTSIZE(pointer));
    if (size + VARHDRSZ < static_cast<std::size_t>(pointer.va_rawsize))  // compressed
        return detoast_attr(stored);
    Memory &memory = memory_of(pointer.va_toastrelid);
    if (memory.rest > 0)
    {
        --memory.rest;
        return detoast_attr(stored);
    }
    auto *value = static_cast<varlena *>(palloc(size + VARHDRSZ));
    SET_VARSIZE(value, size + VARHDRSZ);
    if (read_value(pointer, memory, VARDATA(value)))
        return value;
    // Not all there: the server says what is wrong with it.
    pfree(value);
    return detoast_attr(stored);
}

}  // namespace quiver::pg
